package journey_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/instead-support/instead/pkg/workday"
)

// fillDay types a day into the boxes of the only DateInput of a page.
func (p *person) fillDay(day time.Time) {
	p.t.Helper()
	p.fill("Day", strconv.Itoa(day.Day()))
	p.fill("Month", strconv.Itoa(int(day.Month())))
	p.fill("Year", strconv.Itoa(day.Year()))
}

func TestACoachRecordsAStartAndPutsItRight(t *testing.T) {
	for name, c := range map[string]struct {
		coach  string
		script bool
	}{"Fatima Begum": {"Priya Shah", true}, "Gary Ogden": {"Tom Whitworth", false}} {
		t.Run(name, func(t *testing.T) {
			p := signIn(t, c.script, c.coach)
			p.open("/jobseekers")
			p.click(name)
			p.sees("Outcomes", "Nothing has begun yet.")
			p.click("Record a start")
			p.picture("outcome-new")
			p.click("Record it")
			p.sees("There is a problem", "Choose what began.", "Choose whether they went on the standard course.", "The first day is missing.")
			p.choose("A job")
			p.choose("Instead of the standard course")
			p.fillDay(workday.On(time.Now()))
			p.fill("Who employs them", "Union Street Works")
			p.fill("What work is it?", "tailors")
			p.fill("Hours a week", "lots")
			p.fill("Pay before tax", "12.90")
			p.fill("That is for", "an hour")
			p.click("Record it")
			p.sees("There is a problem", "The hours must be a number between 0 and 100")
			p.fill("What work is it?", "metal")
			p.fill("Hours a week", "37.5")
			p.click("Record it")
			p.sees("Which of these?")
			p.picture("outcome-occupation")
			p.chooseNth("Metal", 1)
			p.clickTwice("Record it")
			p.sees("Work at Union Street Works", "Too early to say", "37.5", "£12.90 an hour before tax", "After 13 weeks", "To be asked on", "£5,287.36 earned makes it sustained")
			p.picture("outcome")
			p.click("Correct this")
			p.fill("Hours a week", "20")
			p.click("Put it right")
			p.sees("There is a problem", "Say why it is put right.")
			p.fill("Why is it put right?", "The contract says 20.")
			p.picture("outcome-correct")
			p.clickTwice("Put it right")
			p.sees("Put right: a job", "20 hours a week", "37.5 hours a week", "The contract says 20.")
			if n := strings.Count(p.reads(), "Put right: a job"); n != 1 {
				t.Errorf("it was put right %d times", n)
			}
			p.picture("outcome-corrected")
			p.open(p.hrefOf(name))
			p.sees("Work at Union Street Works")
		})
	}
}

func TestAJobseekerSaysOnAPhoneWhetherTheyAreStillInWork(t *testing.T) {
	coach := signIn(t, true, "Priya Shah")
	coach.sees("Ask whether they are still in work")
	coach.click("Checks due")
	coach.sees("Rosa Fernandes", "At Bright Morning Cleaning", "13 weeks", "overdue")
	coach.picture("checks-due")
	coach.fill("Find somebody", "Nobody Atall")
	coach.click("Show")
	coach.sees("Nobody who matches that has to be asked.")
	coach.click("See all checks that are due")
	coach.fill("Find somebody", "fernandes")
	coach.fill("Show", "Also what is to come")
	coach.click("Show")
	coach.sees("Rosa Fernandes", "2 checks", "To come")
	for name, script := range map[string]bool{"Rosa Fernandes": true, "Nasreen Ali": false} {
		t.Run(name, func(t *testing.T) {
			p := signInOnAPhone(t, script, name)
			p.sees("Are you still in work?")
			p.click("Tell us how it goes")
			p.click("Continue")
			p.sees("There is a problem", "Choose yes or no.")
			p.picture("still-in-work")
			if script {
				p.choose("Yes")
				p.click("Continue")
				p.sees("Has anything changed?")
				p.fill("Hours a week", "18")
				p.fill("Anything you want to say", "They gave me two more hours.")
			} else {
				p.choose("No, I have left")
				p.click("Continue")
				p.click("Send")
				p.sees("There is a problem", "The last day is missing.")
				p.fillDay(workday.On(time.Now()).AddDate(0, 0, -1))
			}
			p.picture("still-in-work-more")
			p.clickTwice("Send")
			p.sees("Thank you. Your answer is kept.")
			p.seesNot("Tell us how it goes")
		})
	}
	coach.open("/jobseekers")
	coach.click("Rosa Fernandes")
	coach.click("Work at Bright Morning Cleaning")
	coach.sees("Still there", "They said so", "They gave me two more hours.", "Recorded by Rosa Fernandes")
	coach.click("Correct the answer")
	coach.choose("A payslip")
	coach.fill("Why is the answer put right?", "I have seen her payslip.")
	coach.picture("check-correct")
	coach.clickTwice("Record it")
	coach.sees("The answer is recorded.", "A payslip", "I have seen her payslip.")
	coach.picture("check-corrected")

	tom := signIn(t, false, "Tom Whitworth")
	tom.open("/jobseekers")
	tom.click("Nasreen Ali")
	tom.sees("Sustained", "left on", "I had worked on tills for six years.")
	tom.picture("jobseeker-outcomes")
	tom.click("Work at Chadderton Mart")
	began := workday.On(time.Now().AddDate(0, 0, -90))
	tom.click("Correct this")
	tom.fillDay(began)
	tom.fill("Why is it put right?", "The contract names another day.")
	tom.click("Put it right")
	tom.sees("There is a problem", "The check after 13 weeks was answered for a day before that. Correct that answer first.")
	tom.click("Cancel")
	tom.click("Correct the answer")
	tom.fillDay(began.AddDate(0, 0, -1))
	tom.fill("Why is the answer put right?", "It is of another day.")
	tom.picture("check-as-of")
	tom.fillDay(workday.On(time.Now()).AddDate(0, 0, 1))
	tom.click("Record it")
	tom.sees("There is a problem", "The day must be today or before.")
	tom.fillDay(began)
	tom.click("Record it")
	tom.sees("The answer is recorded.")
	tom.click("Correct this")
	tom.fillDay(began)
	tom.fill("Why is it put right?", "The contract names another day.")
	tom.click("Put it right")
	tom.sees("It is put right.", "The contract names another day.")
}

func TestAJobseekerSaysOnAPhoneWhatHelped(t *testing.T) {
	for name, c := range map[string]struct {
		what   string
		script bool
	}{"Kwame Boateng": {"Periodic training, 35 hours", true}, "Shabnam Akhtar": {"Refurbished bicycle", false}} {
		t.Run(name, func(t *testing.T) {
			p := signInOnAPhone(t, c.script, name)
			p.sees("Did this help?")
			p.click("Say what helped")
			p.sees(c.what, "Not said yet")
			p.picture("helped-list")
			p.click(c.what)
			p.click("Send")
			p.sees("There is a problem", "Choose how much it helped.", "Choose whether the course would have helped more.")
			p.choose("It made it harder")
			p.choose("Not sure")
			p.fill("In your own words", "It came too late to be of use.")
			p.picture("helped")
			p.clickTwice("Send")
			p.sees("You said: it made it harder")
			p.click(c.what)
			p.choose("Yes, a lot")
			p.click("Send")
			p.sees("Thank you. What you say is kept.", "You said: yes, a lot")
		})
	}
	coach := signIn(t, true, "Priya Shah")
	coach.open("/jobseekers")
	coach.click("Kwame Boateng")
	coach.sees("Did it help?", "Yes, a lot", "It came too late to be of use.", "I was back in a cab in two weeks.")
}

func TestAManagerSeesWhichCoursesPeopleFindPointless(t *testing.T) {
	p := signIn(t, true, "Helen Barlow")
	p.click("Which courses people find pointless")
	p.sees("What helped", "4 of 5 people who went on it say that it was no help or made it harder.", "nothing is shown")
	p.seesNot("I could have taught it.")
	p.picture("usefulness")
	p.fill("Find a course", "cobbling")
	p.click("Search")
	p.sees("Nobody has said anything yet of a course called “cobbling”.")
	p.onAPhone().click("See all courses that people spoke of")
	signIn(t, false, "Nadia Rahman").open("/usefulness")
}

func TestEmptyPagesOfOutcomesSayWhatComesNext(t *testing.T) {
	p := signInOnAPhone(t, true, "Joseph Mensah")
	p.open("/support/helped")
	p.sees("Nothing has been paid for you yet.")
	p.seesNot("Are you still in work?")
	ayesha := signIn(t, true, "Ayesha Malik")
	ayesha.open("/checks")
	ayesha.sees("Nobody has to be asked how it goes today.")
	ayesha.click("See what is to come")
	ayesha.sees("No check is to come.")
	ayesha.picture("checks-empty")
}
