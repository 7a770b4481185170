package journey_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/api/needs"
	"github.com/instead-support/instead/pkg/money"
)

// signIn is somebody of the staff at a browser of their own.
func signIn(t *testing.T, script bool, name string) *person {
	t.Helper()
	p := newPerson(t, script)
	p.open("/")
	p.picture("start")
	p.click("Staff sign-in")
	p.click("Sign in as " + name)
	return p
}

// The main job, from a jobseeker who is nobody's yet to one who reads what was
// agreed, with pages that may run scripts and with pages that may not.
func TestTheMainJob(t *testing.T) {
	for _, with := range []struct {
		name, jobseeker, postcode string
		script                    bool
	}{
		{"with scripts", "Maryam Aziz", "OL4 2AB", true},
		{"without scripts", "Stephen Whelan", "OL7 0QT", false},
	} {
		t.Run(with.name, func(t *testing.T) {
			coach := signIn(t, with.script, "Priya Shah")
			addJobseeker(coach, with.jobseeker, with.postcode)
			takeNeeds(coach, strings.Fields(with.jobseeker)[0])
			reference := askFor(coach)
			code := invite(coach)

			approve(signIn(t, with.script, "Helen Barlow"), with.jobseeker, reference)
			follow(newPerson(t, with.script), with.jobseeker, code)
			seeToPay(signIn(t, with.script, "Grace Oduya"), reference)
			happenedOnce(t, with.jobseeker, reference)
		})
	}
	theWhole.collector.traceOf(t, "POST /requests/:id/check", "POST /requests/:id/submission", "GET /jobseekers/:id/needs", "SELECT", "INSERT",
		"publish funding.request-changed", "consume funding.request-changed")
}

func addJobseeker(p *person, name, postcode string) {
	p.t.Helper()
	p.sees("Your work")
	p.picture("coach-home")
	p.click("Add a jobseeker")
	p.fill("Phone (optional)", "12")
	p.click("Continue")
	p.sees("There is a problem", "Enter")
	if kept := ask[string](p, `document.querySelector('input[name=phone]').value`); kept != "12" {
		p.t.Errorf("what was typed is gone: the phone is %q", kept)
	}
	p.fill("Full name", name)
	p.fill("Phone (optional)", "07700 900199")
	p.fill("Postcode (optional)", postcode)
	p.fill("E-mail (optional)", strings.ToLower(strings.Fields(name)[0])+"@example.org")
	p.click("Continue")
	p.sees("Check before you add them", name)
	p.clickTwice("Add them")
	p.sees(name, "You added")
}

func takeNeeds(p *person, calledFirst string) {
	p.t.Helper()
	p.click("Take down what they say")
	p.fill("In their own words", "I can fit kitchens. I lost my tools with the van. The firm in Shaw starts me Monday if I bring my own.")
	p.click("Continue")
	p.picture("statement-read-back")
	p.clickTwice("That is what they said")
	p.click("Assess what stands in the way")
	// Getting there is the first question, clothes the second, and so on: what
	// stands in the way is asked for as soon as something does.
	p.choose("In the way")
	p.click("Save the assessment")
	p.sees("There is a problem")
	p.fill("What stands in the way?", "The first bus comes after the shift begins.")
	p.fill("What would remove it?", "A bicycle, lights and a lock.")
	p.chooseNth("In the way", 2)
	p.fillNth("What stands in the way?", 1, "The tools went with the van.")
	p.fillNth("What would remove it?", 1, "A kitchen fitter's tool kit.")
	p.chooseNth("A strength", 4)
	p.picture("assessment")
	p.clickTwice("Save the assessment")
	p.sees("The tools went with the van.")
}

// askFor names the course, asks for more than its price, brings it down to what is
// left and sends it. It returns the reference.
func askFor(p *person) string {
	p.t.Helper()
	p.picture("jobseeker-ready")
	p.click("Name the course")
	p.fill("Find a course", "van driver")
	p.click("Search")
	p.sees("Van Driver", "£1,500.00")
	p.picture("course-search")
	p.click("Driving Goods Vehicles - Van Driver")
	p.sees("The most that can be spent", "£1,500.00")
	p.picture("course-check")
	p.clickTwice("Use this course")
	p.click("Add the first thing")
	p.sees("Can be spent instead of the course", "£1,500.00")
	addLine(p, "Kitchen fitter's tool kit", "Tools and equipment", "1,420.00", "Tools")
	p.click("Add something else")
	addLine(p, "Bicycle, lights and lock", "Getting there", "£180", "Travel")
	p.sees("This asks for £100.00 more than can be spent.")
	p.picture("request-over")
	p.click("See what you can do")
	p.sees("This is more than can be spent", "£100.00")
	p.picture("over")
	p.click("Ask for what is left")
	p.click("Change the request like this")
	p.sees("The request now fits what can be spent.", "£1,500.00")
	p.picture("request")
	p.click("Check and send")
	p.picture("request-check")
	p.clickTwice("Send for a decision")
	p.sees("Sent for a decision")
	p.picture("request-sent")
	reference := regexp.MustCompile(`FR-[0-9A-Z]{4}-[0-9A-Z]{4}`).FindString(p.reads())
	if reference == "" {
		p.t.Fatalf("no reference\n%s", p.where())
	}
	return reference
}

func addLine(p *person, what, need, amount, kind string) {
	p.t.Helper()
	p.fill("What is needed", what)
	p.choose(need)
	p.fill("Why it gets", "The firm starts them on Monday with it, and not without.")
	p.fill("Amount", amount)
	p.choose(kind)
	p.picture("line")
	p.clickTwice("Save")
	p.sees(what)
}

// invite makes the code with which the jobseeker gets to their own record.
func invite(p *person) string {
	p.t.Helper()
	p.click("Back to")
	p.click("Invite")
	p.click("Make a code")
	p.picture("invitation")
	code := regexp.MustCompile(`\b[0-9A-Z]{5}-[0-9A-Z]{5}\b`).FindString(p.reads())
	if code == "" {
		p.t.Fatalf("no code\n%s", p.where())
	}
	return code
}

func approve(p *person, jobseeker, reference string) {
	p.t.Helper()
	p.sees("To decide", "Waiting for your decision", jobseeker)
	p.picture("manager-home")
	p.click(jobseeker)
	p.sees(reference, "I can fit kitchens.", "The tools went with the van.", "£1,500.00")
	p.picture("decision")
	p.click("Approve")
	p.click("Continue")
	p.sees("There is a problem")
	p.choose("A job is on offer, and this makes it possible")
	p.sees("How much of each")
	p.fill("Other funding you considered", "None: the employer does not lend tools.")
	p.fill("Why this is a good use of public money", "It costs less than the course and a job starts on Monday.")
	p.choose("I have none")
	p.fill("Anything to add (optional)", "Good luck on Monday.")
	p.click("Continue")
	p.picture("decision-check")
	p.clickTwice("Approve")
	p.sees("Request approved", reference)
	p.picture("decision-done")
}

// follow is the jobseeker, new to the sign-in provider, on a telephone.
func follow(p *person, name, code string) {
	p.t.Helper()
	p.open("/")
	p.click("See my support")
	p.fill("Any name", name)
	p.click("Sign in as someone new")
	p.sees("Your work coach has a code for you")
	p.picture("welcome")
	p.fill("Your code", "ABCDE-12345")
	p.click("Open my page")
	p.sees("There is a problem")
	p.fill("Your code", strings.ToLower(code))
	p.clickTwice("Open my page")
	p.sees("Agreed for you", "£1,500.00", "I can fit kitchens.")
	p.picture("support")
	p.click("Kitchen fitter's tool kit")
	p.sees("We agreed to pay £1,500.00 for this.", "Good luck on Monday.")
	p.picture("support-request")
	p.open("/support/words")
	p.fill("Your words", "Thank you. I start on Monday.")
	p.click("Continue")
	p.picture("support-words")
}

func seeToPay(p *person, reference string) {
	p.t.Helper()
	p.sees("To pay", reference)
	p.picture("finance-home")
	p.seesNot("I can fit kitchens.")
}

// happenedOnce asks the services: however often buttons were pressed, there is
// one of everything.
func happenedOnce(t *testing.T, name, reference string) {
	t.Helper()
	n, f := theWhole.clients(t)
	coach := theWhole.as(t, "priya-shah")
	found, err := n.ListJobseekersWithResponse(coach, &needs.ListJobseekersParams{Q: &name})
	if err != nil || found.JSON200.Total != 1 {
		t.Fatalf("%d people are called %s: %v", found.JSON200.Total, name, err)
	}
	id := found.JSON200.Items[0].Id
	said, err := n.ListStatementsWithResponse(coach, id)
	if err != nil || len(said.JSON200.Items) != 1 {
		t.Errorf("they said %d things: %v", len(said.JSON200.Items), err)
	}
	allowances, err := f.ListAllowancesWithResponse(coach, &funding.ListAllowancesParams{JobseekerId: id})
	if err != nil || len(allowances.JSON200.Items) != 1 {
		t.Fatalf("they have %d allowances: %v", len(allowances.JSON200.Items), err)
	}
	requests, err := f.ListRequestsWithResponse(coach, &funding.ListRequestsParams{JobseekerId: &id})
	if err != nil || requests.JSON200.Total != 1 || requests.JSON200.Items[0].Reference != reference || requests.JSON200.Items[0].Lines != 2 {
		t.Errorf("they have the requests %+v: %v", requests.JSON200, err)
	}
	ledger, err := f.ReadAllowanceWithResponse(coach, allowances.JSON200.Items[0].Id)
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for _, e := range ledger.JSON200.Entries {
		kinds = append(kinds, fmt.Sprintf("%s %v", e.Kind, money.Pence(e.Pence)))
	}
	if got := strings.Join(kinds, ", "); got != "hold £1,500.00, commit £1,500.00" {
		t.Errorf("the ledger says %s", got)
	}
}
