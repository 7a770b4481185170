package journey_test

import (
	"testing"
)

// A coach asks to spend more than the course costs; a senior manager allows it, for
// one person, and refuses it for another; and only then is it sent and decided.
func TestMoreThanACourseCostsTakesASeniorManagersOwnDecision(t *testing.T) {
	const jobseeker = "Ronan Walsh"
	coach := signIn(t, true, "Priya Shah")
	addJobseeker(coach, jobseeker, "OL1 4DQ")
	takeNeeds(coach, "Ronan")
	coach.click("Name the course")
	coach.fill("Find a course", "caravan")
	coach.click("Search")
	coach.click("Vehicle Maintenance and Repair - Caravan and Motorhome")
	coach.clickTwice("Use this course")
	coach.click("Add the first thing")
	addLine(coach, "Tool kit with torque tools", "Tools and equipment", "3,620", "Tools")
	coach.sees("This asks for £120.00 more than can be spent.")
	coach.click("See what you can do")
	coach.picture("over")
	coach.click("Ask to spend more than the course costs")
	coach.sees("Above the course’s price by", "£120.00")
	coach.click("Ask a manager")
	coach.sees("There is a problem", "Say why it takes this much")
	coach.picture("exception-ask")
	coach.fill("Why does it take this much?", "Three quotes, and this is the lowest.")
	coach.clickTwice("Ask a manager")
	coach.sees("It now waits for a manager with authority for this.", "This asks to spend £120.00 more than the course costs.")
	coach.picture("exception-asked")
	at := coach.address()

	other := signIn(t, true, "Helen Barlow") // who may decide, and allow no exception
	other.seesNot("more than a course costs")
	other.open("/exceptions")
	other.click(jobseeker)
	other.sees("This is not yours to answer.")
	other.seesNot("Allow it")

	senior := signIn(t, true, "Marcus Reid")
	senior.open("/decisions")
	senior.click("2 coaches ask to spend more than a course costs")
	senior.sees("£120.00 above", "Gary Ogden", "£180.00 above")
	senior.picture("exceptions")
	senior.click(jobseeker)
	senior.sees("Above the course’s price by", "£120.00", "Three quotes, and this is the lowest.")
	senior.picture("exception")
	senior.click("Allow it")
	senior.click("Allow it")
	senior.sees("There is a problem", "Choose a reason.")
	senior.choose("There is a job offer that depends on it")
	senior.fill("In your words", "The workshop has a place for him on Monday.")
	senior.picture("exception-allow")
	senior.clickTwice("Allow it")
	senior.sees("You have allowed it.")
	senior.seesNot(jobseeker)

	coach.open(at)
	coach.sees("Marcus Reid lets this go up to £120.00 above the course’s price.", "The workshop has a place for him on Monday.")
	coach.picture("exception-allowed")
	coach.click("Check and send")
	coach.clickTwice("Send for a decision")
	coach.sees("Sent for a decision")

	// With nothing left there is still a way to ask for more.
	coach.open("/jobseekers")
	coach.click(jobseeker)
	coach.sees("Nothing of it is left. You can still ask for more, where the fund lets a manager allow it.")
	coach.picture("nothing-left")
	coach.click("Begin another request")
	coach.click("Add the first thing")
	addLine(coach, "Socket set", "Tools and equipment", "60", "Tools")
	coach.sees("This asks for £60.00 more than can be spent.")

	other.open("/all-requests?state=submitted")
	other.click(jobseeker)
	other.sees("Marcus Reid lets this go up to £120.00 above the course’s price.", "£120.00 of this is above the price of the course, by an exception.")
	other.picture("decision-excepted")

	// Refused, it stays what it was, and the coach is told why.
	senior.open("/exceptions")
	senior.click("Gary Ogden")
	senior.click("Refuse it")
	senior.choose("It can be had for less")
	senior.fill("In your words", "The agency lends torque tools to its fitters.")
	senior.clickTwice("Refuse it")
	senior.sees("You have refused it.", "Nobody asks to spend more than a course costs.")
	tom := signIn(t, true, "Tom Whitworth")
	tom.open("/requests?state=draft")
	tom.click("Gary Ogden")
	tom.sees("Marcus Reid does not let this go above the course’s price: it can be had for less.", "The agency lends torque tools to its fitters.")
	tom.picture("exception-refused")
	tom.click("See what you can do")
	tom.seesNot("Ask to spend more than the course costs")
}
