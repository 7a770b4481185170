package journey_test

import (
	"testing"
	"time"
)

// The critics look at every page that a person opens, and the main job opens
// about half of them. These open the rest.

func TestACoachFindsTheirWayAround(t *testing.T) {
	p := signIn(t, true, "Priya Shah")
	for _, path := range []string{"/jobseekers", "/jobseekers?show=area", "/jobseekers?unassessed=yes", "/requests", "/requests?state=approved", "/courses", "/courses?q=nothing+is+called+this"} {
		p.open(path)
	}
	p.open("/jobseekers")
	p.fill("Find somebody", "Nowak")
	p.click("Show")
	p.sees("Ewa Nowak")
	p.seesNot("Leanne Hargreaves")
	p.click("Ewa Nowak")
	p.picture("jobseeker")
	p.click("Correct these details")
	p.fill("Postcode (optional)", "nowhere")
	p.click("Save")
	p.sees("There is a problem")
	p.click("Cancel")
	p.seesNot("Take down more of what they say") // she writes for herself
	p.open("/jobseekers")
	p.click("Kwame Boateng")
	p.click("Take down more of what they say")

	p.open("/work")
	p.click("Tanisha Campbell")
	p.sees("Helen Barlow asks:", "Is the nursery's deposit given back")
	p.picture("request-returned")
	p.click("Change")
	p.open("/requests?state=submitted")
	p.click("Ewa Nowak")
	p.click("Withdraw this request")
	p.click("Keep it")

	p.open("/requests")
	p.click("Dmytro Kovalenko")
	p.clickNth("Change", 1)
	p.sees("What does somebody else pay?")
	p.click("Cancel")
	p.click("Remove")
	p.click("Keep it")
}

func TestNobodyIsLeftInADeadEnd(t *testing.T) {
	p := newPerson(t, true)
	for _, path := range []string{"/accessibility", "/cookies", "/privacy", "/no-such-page", "/work"} {
		p.open(path)
	}
	p.click("Sign in as Priya Shah")
	if got := p.address(); got != "/work" {
		t.Errorf("came back to %s, want /work", got)
	}
	p.open("/decisions")
	p.sees("This page is for managers.")
	p.open("/jobseekers/0199a3e0-51f5-7c61-9f43-0f0c4a1f6b11")
	p.open("/jobseekers/not-an-id")
	p.open("/work")
	p.click("Sign out")
}

func TestAManagerDecidesInEveryWay(t *testing.T) {
	p := signIn(t, true, "Marcus Reid")
	for _, path := range []string{"/all-requests", "/all-requests?state=declined&area=Oldham", "/all-requests?q=FR-0000", "/courses/prices", "/courses/imports"} {
		p.open(path)
	}
	p.open("/decisions")
	p.click("Connor Schofield")
	p.click("Send back with a question")
	p.choose("A quote is needed")
	p.fill("Your question", "Does the price include the test?")
	p.click("Continue")
	p.click("Send back with a question")
	p.sees("Request sent back")
	p.open("/decisions")
	p.click("Bronagh Doherty")
	p.click("Decline")
	p.choose("Somebody else pays for this")
	p.fill("Tell the jobseeker why", "The job centre lends suits. Ask them by Friday.")
	p.click("Continue")
	p.picture("decline-check")
	p.click("Decline")
	p.sees("Request declined")
}

func TestNobodyDecidesTheirOwnRequestOnAPage(t *testing.T) {
	p := signIn(t, true, "Dan Kershaw")
	p.open("/all-requests?state=submitted")
	p.click("Mohammed Iqbal")
	p.sees("You sent this request in yourself, so somebody else has to decide it.")
	p.picture("own-request")
	p.seesNot("Your decision")
}

func TestAMessyListIsImportedOnAPage(t *testing.T) {
	p := signIn(t, true, "Marcus Reid")
	p.open("/courses/imports/new")
	p.click("Import")
	p.sees("There is a problem")
	p.upload("Choose a CSV file", "testdata/prices.csv")
	p.click("Import")
	p.sees("Which column is which?", "Fee incl. exam (£)")
	p.picture("import-mapping")
	p.fill("Course code", "A: Reference")
	p.fill("Name of the course", "B: What it is")
	p.fill("Price", "C: Fee incl. exam (£)")
	p.fill("First day of the price", "D: Runs from")
	p.click("Import")
	for i := 0; i < 20 && !p.says("not taken"); i++ {
		time.Sleep(500 * time.Millisecond)
		p.open(p.address())
	}
	p.sees("OLL-0103", "OLL-0104")
	p.picture("import-result")
	p.open("/courses?q=patisserie")
	p.seesNot("Pâtisserie for beginners") // its price was negative
	p.open("/courses?q=cafe")
	p.open("/courses?q=barista")
	p.click("Barista, two days")
	p.sees("£95.00")
	p.picture("course")
}

func TestAJobseekerReadsWhatWasNotAgreed(t *testing.T) {
	p := newPerson(t, true)
	p.open("/")
	p.click("See my support")
	p.click("Sign in as Gary Ogden")
	p.sees("Not agreed", "would like to say yes to those")
	p.picture("support-declined")
	p.open("/support/words")
	p.click("Continue")
	p.sees("There is a problem")
}
