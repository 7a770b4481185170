package journey_test

import (
	"strings"
	"testing"
)

// A coach asks for something small, and is told at once that it is approved; a
// manager looks at it after, and the jobseeker reads it in plain words.
func TestASmallThingIsApprovedAtOnceAndLookedAtAfter(t *testing.T) {
	for name, with := range map[string]struct {
		jobseeker, postcode, agrees string
		script                      bool
	}{
		"with scripts":    {"Salma Rashid", "OL4 5BD", "No, I would not have", true},
		"without scripts": {"Peter Lomax", "OL8 1EF", "Yes, I would have approved it too", false},
	} {
		t.Run(name, func(t *testing.T) {
			coach := signIn(t, with.script, "Priya Shah")
			addJobseeker(coach, with.jobseeker, with.postcode)
			takeNeeds(coach, strings.Fields(with.jobseeker)[0])
			coach.click("Name the course")
			coach.fill("Find a course", "van driver")
			coach.click("Search")
			coach.click("Driving Goods Vehicles - Van Driver")
			coach.clickTwice("Use this course")
			coach.click("Add the first thing")
			addLine(coach, "Phone credit", "Getting there", "20", "Phone, computer or internet")
			coach.click("Check and send")
			coach.sees("unless the fund’s own rule approves it at once")
			coach.clickTwice("Send for a decision")
			coach.sees("Approved automatically", "£20.00 is promised for "+with.jobseeker, "under terms 1 of Instead of a course", "A manager may look at it later.")
			coach.picture("sent-approved")
			coach.click("terms 1 of Instead of a course")
			coach.sees("Terms in force", "Up to £25.00")
			coach.seesNot("How it came to be so")

			manager := signIn(t, with.script, "Helen Barlow")
			manager.sees("to look at")
			manager.open("/reviews")
			manager.picture("reviews")
			manager.click(with.jobseeker)
			manager.sees("Would you have approved this?", "£20.00", "terms 1 of Instead of a course")
			manager.click("Save your review")
			manager.sees("There is a problem", "Say whether you would have approved it.")
			manager.choose(with.agrees)
			if strings.HasPrefix(with.agrees, "No") {
				manager.click("Save your review")
				manager.sees("There is a problem", "Say why you would not have approved it.")
				manager.picture("review")
				manager.fill("Why not", "The shop next door has it for half.")
			}
			manager.clickTwice("Save your review")
			manager.sees("Your review is kept.")
			if strings.HasPrefix(with.agrees, "No") {
				manager.sees("Helen Barlow would not have approved this", "Nothing of it is paid yet, so it can be cancelled.")
				manager.picture("reviewed")
			}
			manager.open("/all-requests?by=rule")
			manager.sees(with.jobseeker, "Fatima Begum")
			manager.click(with.jobseeker)
			manager.sees("The fund’s own rule approved this, so nobody had to decide it.", "Approved automatically")
			manager.picture("decision-automatic")
		})
	}
	p := signInOnAPhone(t, true, "Fatima Begum")
	p.click("Data for a month")
	p.sees("It was agreed at once: for something small like this, nobody has to decide.", "Agreed at once")
	p.picture("support-automatic")
}

// Above what a manager may approve alone, the first of two endorses, and can't
// approve; the second approves.
func TestTwoManagersDecideWhatOneMayNotDecideAlone(t *testing.T) {
	const jobseeker = "Noreen Haslam"
	coach := signIn(t, true, "Priya Shah")
	addJobseeker(coach, jobseeker, "OL2 6GH")
	takeNeeds(coach, "Noreen")
	coach.click("Name the course")
	coach.fill("Find a course", "textile care")
	coach.click("Search")
	coach.click("Fashion and Textiles - Textile Care")
	coach.clickTwice("Use this course")
	coach.click("Add the first thing")
	addLine(coach, "Embroidery machine", "Tools and equipment", "2,100", "Tools")
	coach.click("Check and send")
	coach.clickTwice("Send for a decision")
	coach.sees("Sent for a decision")

	first := signIn(t, true, "Helen Barlow")
	first.open("/all-requests?state=submitted")
	first.click(jobseeker)
	first.seesNot("Approve\n")
	first.click("Endorse for a second person")
	first.click("Continue")
	first.sees("There is a problem", "Choose a reason.")
	first.choose("It removes what stands in the way")
	first.fill("Anything to add (optional)", "Three shops have orders for her.")
	first.click("Continue")
	first.picture("endorse-check")
	first.clickTwice("Endorse for a second person")
	first.sees("Request endorsed")
	first.picture("endorsed")
	first.open("/all-requests?state=submitted")
	first.click(jobseeker)
	first.sees("You have endorsed this request. A second manager with authority for this much decides it now.")
	first.seesNot("Your decision")

	second := signIn(t, true, "Marcus Reid")
	second.open("/all-requests?state=submitted")
	second.click(jobseeker)
	second.sees("Endorsed, for a second person to decide", "Three shops have orders for her.")
	second.seesNot("Endorse for a second person")
	second.picture("decision-second")
	second.click("Approve")
	second.choose("It removes what stands in the way")
	second.fill("Other funding you considered", "None.")
	second.fill("Why this is a good use of public money", "It costs less than the course.")
	second.choose("I have none")
	second.click("Continue")
	second.clickTwice("Approve")
	second.sees("Request approved")
	coach.open("/requests?state=approved")
	coach.click(jobseeker)
	coach.sees("£2,100.00 was approved", "Marcus Reid", "Endorsed, for a second person to decide")
}
