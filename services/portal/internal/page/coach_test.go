package page_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"golang.org/x/net/html/atom"

	"github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/api/needs"
	"github.com/instead-support/instead/pkg/identity"
)

var tom = identity.Person{Name: "Tom Whitworth", Roles: []identity.Role{identity.Coach}, Areas: []string{"Oldham"}}

// sealed is a search as an address carries it. What chance puts into it says
// nothing, not even where it spells the half of a postcode.
var sealed = regexp.MustCompile(`search=[\w-]{40,}`)

// nothingPersonal fails the test if an address on the page, or its own, gives a
// name away.
func (s seen) nothingPersonal() seen {
	s.b.t.Helper()
	addresses := []string{s.url}
	for n := range s.tree.Descendants() {
		if n.DataAtom == atom.A || n.DataAtom == atom.Form {
			addresses = append(addresses, attr(n, "href"), attr(n, "action"))
		}
	}
	for _, a := range addresses {
		a = sealed.ReplaceAllString(a, "search=")
		for _, word := range []string{"leanne", "hargreaves", "ol1", "%40", "@"} {
			if strings.Contains(strings.ToLower(a), word) {
				s.b.t.Errorf("%s has the address %s, which gives %q away", s.url, a, word)
			}
		}
	}
	return s
}

// supports adds a jobseeker of this coach who is assessed: no knives, no boots.
func (p *portal) supports(name string, coach identity.Person) *needs.Jobseeker {
	j := needs.Jobseeker{Id: uuid.New(), Name: name, Area: "Oldham", CoachId: p.idOf(coach), CoachName: coach.Name, Version: 1}
	p.needs.jobseekers = append(p.needs.jobseekers, j)
	a := p.needs.assessment(j.Id)
	a.Version, a.At, a.ByName = 1, now, coach.Name
	save := needs.AssessmentVersion{Version: 1, At: now, ByName: coach.Name}
	for i, n := range a.Needs {
		switch n.Category {
		case needs.ToolsAndEquipment:
			a.Needs[i].Standing, a.Needs[i].InTheWay, a.Needs[i].WouldRemove = needs.InTheWay, "No knives of her own.", "A set of knives."
		case needs.Clothes:
			a.Needs[i].Standing, a.Needs[i].InTheWay, a.Needs[i].WouldRemove = needs.InTheWay, "No whites.", "Two sets of whites."
		default:
			continue
		}
		save.Changed = append(save.Changed, needs.Answer{Category: n.Category, Standing: needs.InTheWay, InTheWay: a.Needs[i].InTheWay, WouldRemove: a.Needs[i].WouldRemove})
	}
	p.needs.saves = []needs.AssessmentVersion{save}
	return &p.needs.jobseekers[len(p.needs.jobseekers)-1]
}

// drafts begins a request for a jobseeker, with as much as this to spend.
func (p *portal) drafts(j *needs.Jobseeker, coach identity.Person, pence int64) *funding.Request {
	a := &funding.Allowance{
		Id: uuid.New(), JobseekerId: j.Id, CourseName: "Food production, level 2", CapPence: pence, AvailablePence: pence, PricedOn: today,
		PriceSource: "courses.csv", Area: "Oldham", CoachId: p.idOf(coach), CoachName: coach.Name, Version: 1,
	}
	p.funding.allowances = append(p.funding.allowances, a)
	r := &funding.Request{
		Id: uuid.New(), Reference: "FR-7K3M-92QX", JobseekerId: j.Id, Allowance: *a, Area: "Oldham", State: funding.Draft, Lines: []funding.Line{}, Version: 1,
		History: []funding.Happening{{To: funding.Draft, At: now, ById: p.idOf(coach), ByName: coach.Name}},
	}
	p.funding.requests = append(p.funding.requests, r)
	return r
}

// asksFor puts a line into a draft.
func (p *portal) asksFor(r *funding.Request, what string, pence int64) {
	need := p.needs.assessment(r.JobseekerId).Needs[2]
	r.Lines = append(r.Lines, funding.Line{Id: uuid.New(), What: what, Why: "She starts on Monday.", NeedId: need.Id, Category: "tools", AmountPence: pence})
	r.AskedPence += pence
}

func at(r *funding.Request) string { return "/requests/" + r.Id.String() }

func TestACoachTakesSomebodyAllTheWayFromTheirWordsToARequest(t *testing.T) {
	p := start(t)
	p.funding.courses = catalogue()
	b := p.as(priya)

	home := b.get("/work").sound().wants("You support nobody here yet.")
	check := home.follow("Add a jobseeker").sound().
		press("Continue", fill{"name": "Leanne Hargreaves", "known-as": "Leanne", "postcode": "OL1 3LG"}).sound().
		wants("Check before you add them", "Leanne Hargreaves", "OL1 3LG")
	page := check.press("Add them", nil).sound().nothingPersonal().wants("You added Leanne.", "Begin with what Leanne says")
	check.press("Add them", nil).is(200, page.url)
	if n := len(p.needs.jobseekers); n != 1 {
		t.Fatalf("two clicks added %d jobseekers", n)
	}

	read := page.follow("Take down what they say").sound().press("Continue", fill{"words": "I can cook.\nI need knives."}).sound().
		wants("Read this back to Leanne", "I can cook.")
	page = read.press("That is what they said", nil).sound().wants("Their words are kept.", "I can cook.", "taken down by Priya Shah", "Find out together what stands in the way")
	read.press("That is what they said", nil)
	if n := len(p.needs.statements); n != 1 {
		t.Errorf("two clicks kept %d statements", n)
	}

	assess := page.follow("Assess what stands in the way").sound().wants("I can cook.", "Getting there", "Money", "Not explored yet")
	assess = assess.press("Save the assessment", fill{"tools-and-equipment": "in-the-way", "skills": "strength"}).sound().
		wants("Tools and equipment: enter what stands in the way.", "Tools and equipment: enter what would remove it.")
	page = assess.press("Save the assessment", fill{"tools-and-equipment-in-the-way": "No knives of her own.", "tools-and-equipment-would-remove": "A set of knives."}).sound().
		wants("The assessment is saved.", "No knives of her own.", "A set of knives.", "Strengths: skills.", "Assessed by Priya Shah", "Name the course Leanne would be sent on.")

	pick := page.follow("Name the course").sound().nothingPersonal()
	pick.press("Search", fill{"q": "plumbing"}).sound().wants("No course matches “plumbing”.")
	course := pick.press("Search", fill{"q": "health"}).sound().wants("1 course for “health”", "£195.00").
		follow("Health and safety in construction").sound().
		wants("The most that can be spent on Leanne instead of this course is £195.00.", "Price on 10 March 2026", "courses.csv", "Oldham College")
	request := course.press("Use this course", nil).sound().wants("What Leanne needs", "£195.00 of £195.00 left", "Add each thing that is needed")
	course.press("Use this course", nil).is(200, request.url)
	if len(p.funding.requests) != 1 || len(p.funding.allowances) != 1 {
		t.Errorf("two clicks began %d requests against %d allowances", len(p.funding.requests), len(p.funding.allowances))
	}

	line := request.follow("Add the first thing").sound().wants("Can be spent instead of the course £195.00", "Asked for so far £0.00", "No knives of her own.")
	line = line.press("Save", fill{"what": "Knife roll", "amount": "lots"}).sound().
		wants("Choose the need that it meets.", "Enter why it gets them into work.", "The amount must be in pounds and pence", "Choose what kind of thing it is.")
	line = line.press("Save", fill{
		"need": p.needs.assessment(p.needs.jobseekers[0].Id).Needs[2].Id.String(), "why": "The chef starts her when she has them.",
		"amount": "119.99", "quote": "Shop price", "category": "tools",
	})
	line.sound().is(200, request.url).wants("Knife roll", "£119.99", "No knives of her own.", "Then left to spend £75.01")

	confirm := line.follow("Check and send").sound().wants("£119.99 for Leanne Hargreaves, instead of Health and safety in construction. £195.00 can be spent.", "Shop price")
	sent := confirm.press("Send for a decision", nil).sound().nothingPersonal().wants("Sent for a decision", "FR-7K3M-0001", "What happens next", "£119.99 is set aside for Leanne")
	confirm.press("Send for a decision", nil).is(200, sent.url)
	if got := p.funding.allowances[0].HeldPence; got != 11999 {
		t.Errorf("two clicks set aside %d pence", got)
	}
	sent.follow("Go to your work").sound().nothingPersonal().wants("People you support 1", "Waiting for a decision 1 £119.99 asked for", "Nothing needs you right now.")
	sent.follow("Back to Leanne").sound().wants("Request FR-7K3M-0001 waits for a decision.", "Held £119.99")
}

func TestAtHomeWhatSomebodyElseWaitsForComesFirst(t *testing.T) {
	p := start(t)
	r := p.drafts(p.supports("Leanne Hargreaves", priya), priya, 50000)
	p.asksFor(r, "Knife roll", 12000)
	kwame := p.drafts(p.supports("Kwame Boateng", priya), priya, 50000)
	p.asksFor(kwame, "Driver card", 5000)
	p.needs.jobseekers = append(p.needs.jobseekers, needs.Jobseeker{Id: uuid.New(), Name: "Ewa Nowak", Area: "Oldham", CoachId: p.idOf(priya), CoachName: priya.Name, Version: 1})
	b := p.as(priya)
	b.get("/work").sound().wants("You began a request for Leanne Hargreaves and have not sent it.", "Not sent yet", "Not assessed yet Ewa Nowak")

	b.get(at(r)).follow("Check and send").press("Send for a decision", nil)
	p.as(helen).get("/decisions/"+r.Id.String()+"/return").press("Continue", fill{"reason": "quote-needed", "words": "Which shop is this from?"}).press("Send back with a question", nil)

	home := b.get("/work").sound().wants(
		"Helen Barlow needs to know more before Leanne Hargreaves’ request can be decided.",
		"Sent back to you with a question Leanne Hargreaves Helen Barlow asks: “Which shop is this from?”",
	)
	back := home.follow("Answer the question").sound().wants("Helen Barlow asks:", "Which shop is this from?", "A quote is needed.", "Sent back with a question")
	back.follow("Check and send").press("Send for a decision", nil).sound().wants("Sent for a decision")
	b.get(at(r)).sound().wants("Answered, and sent again for a decision")

	p.as(helen).get("/decisions/"+r.Id.String()+"/approve").press("Continue", yes).press("Approve", nil)
	b.get("/work").sound().wants("Decided in the last two weeks Leanne Hargreaves Knife roll", "Approved")
	b.get(at(r)).sound().wants("£120.00 was approved by Helen Barlow", "It removes what stands in the way.", "Committed £120.00").lacks("Withdraw this request")
}

func TestASearchForANameLeavesNoNameInAnAddressAndCanBeGoneBackTo(t *testing.T) {
	p := start(t)
	for range 30 {
		p.supports("Leanne Hargreaves", priya)
	}
	p.supports("Kwame Boateng", priya)
	p.supports("Leanne Hargreaves", tom)
	b := p.as(priya)

	first := b.get("/jobseekers").sound().wants("31 jobseekers").press("Show", fill{"q": "hargreaves"}).sound().nothingPersonal().wants("30 jobseekers")
	second := first.follow("2").sound().nothingPersonal().lacks("Kwame")
	if last := p.needs.searched[len(p.needs.searched)-1]; last != "hargreaves" {
		t.Errorf("the second page looked for %q", last)
	}
	if got := strings.Count(second.source, "instead-queue__row"); got != 5 {
		t.Errorf("the second page has %d people, want 5", got)
	}
	second.press("Show", fill{"q": "kwame"}).sound().wants("1 jobseeker", "Kwame Boateng")
	b.get(first.url).wants("30 jobseekers") // which is what going back asks for
	b.get("/work").press("Search", fill{"q": "kwame"}).sound().nothingPersonal().wants("1 jobseeker", "Kwame Boateng")

	b.get("/jobseekers").press("Show", fill{"q": "nobody"}).sound().wants("Nobody you support matches that.").
		follow("Search everyone in your area").sound().wants("Nobody in your area matches that.")
	b.get("/jobseekers").press("Show", fill{"q": "hargreaves", "show": "area"}).sound().wants("31 jobseekers", "supported by you").
		follow("2").sound().nothingPersonal().wants("supported by Tom Whitworth")

	other := p.as(priya).get(first.url).sound().wants("This search was made before you last signed in.")
	if other.status != http.StatusUnprocessableEntity || strings.Contains(other.source, "hargreaves") {
		t.Errorf("another browser reads the search: %d %s", other.status, other.text())
	}
}

func TestSomebodyWhoMayBeHereAlreadyIsShownBeforeTheyAreAddedTwice(t *testing.T) {
	p := start(t)
	j := p.supports("Leanne Hargreaves", tom)
	j.Email = "leanne@example.org"
	b := p.as(priya)
	typed := fill{"name": "Leanne Hargreaves", "email": "leanne@example.org"}

	who := b.get("/jobseekers/new").press("Continue", typed).press("Add them", nil).sound().
		wants("They may be here already", "Tom Whitworth", "Nobody has been added yet.")
	who.follow("This is the same person: open their record").sound().is(200, "/jobseekers/"+j.Id.String()).
		wants("Tom Whitworth supports Leanne Hargreaves. You can read this record")
	if len(p.needs.jobseekers) != 1 {
		t.Fatal("they were added all the same")
	}
	who.press("This is a different person: add them", nil).sound().wants("You added Leanne Hargreaves.")
	if len(p.needs.jobseekers) != 2 {
		t.Errorf("there are %d jobseekers, want 2", len(p.needs.jobseekers))
	}
}

func TestWhatIsWrongWithSomebodysDetailsIsBesideTheFieldWithAllThatWasTyped(t *testing.T) {
	p := start(t)
	b := p.as(priya)
	none := b.get("/jobseekers/new").press("Continue", nil).sound().wants("Enter the jobseeker’s name.")
	if none.status != http.StatusUnprocessableEntity {
		t.Errorf("status %d, want 422", none.status)
	}
	wrong := none.press("Continue", fill{"name": "Leanne Hargreaves", "email": "nonsense", "phone": "07700 900101"}).press("Add them", nil).sound().
		wants("Enter an e-mail address like name@example.com")
	wrong.press("Continue", fill{"email": ""}).sound().wants("Check before you add them", "07700 900101")
}

func TestDetailsThatSomebodyElseChangedAreShownBesideWhatWasTyped(t *testing.T) {
	p := start(t)
	j := p.supports("Leanne Hargreaves", priya)
	b := p.as(priya)
	mine := b.get("/jobseekers/" + j.Id.String()).follow("Correct these details").sound()
	b.get(mine.url).press("Save", fill{"phone": "07700 900999"}).wants("Their details are saved.")

	again := mine.press("Save", fill{"postcode": "OL1 3LG"}).sound().wants("Dev Patel changed it on 10 March 2026", "Their details are now as follows.", "07700 900999")
	again.press("Save", nil).sound().wants("Their details are saved.", "OL1 3LG")
}

func TestACoachOnlyReadsWhatIsAnotherCoachs(t *testing.T) {
	p := start(t)
	j := p.supports("Leanne Hargreaves", tom)
	r := p.drafts(j, tom, 50000)
	b, record := p.as(priya), "/jobseekers/"+j.Id.String()
	b.get(record).sound().wants("Tom Whitworth supports Leanne Hargreaves.", "No knives of her own.").
		lacks("Correct these details", "Change the assessment", "Name another course", "Invite them", "Ask for what they need")
	for _, path := range []string{"/details", "/invitation", "/statement", "/assessment", "/course"} {
		b.get(record+path).is(200, record)
	}
	b.get(at(r)).sound().lacks("Add the first thing", "Withdraw this request")
	for _, path := range []string{"/lines/new", "/elsewhere", "/reduction", "/over", "/check", "/withdraw"} {
		b.get(at(r)+path).is(200, at(r))
	}
}

func TestAnInvitationIsShownAgainWithoutMakingAnotherAndOnlyToThatBrowser(t *testing.T) {
	p := start(t)
	j := p.supports("Leanne Hargreaves", priya)
	b := p.as(priya)
	code := b.get("/jobseekers/"+j.Id.String()).follow("Invite them").sound().press("Make a code", nil).sound().nothingPersonal().
		wants("7K3M9-00001", "It works once, until 24 March 2026 at 9:30am.", "See my support")
	if strings.Contains(code.url, "7K3M9") {
		t.Errorf("the code is in the address %s", code.url)
	}
	b.get(code.url).wants("7K3M9-00001")
	if p.needs.invited != 1 {
		t.Errorf("showing the code again made %d codes", p.needs.invited)
	}
	p.as(priya).get(code.url).lacks("7K3M9").wants("They have a code already", "Make a code")
	b.get("/jobseekers/" + j.Id.String()).sound().wants("Invited. The code works until 24 March 2026").follow("Make a new code").sound()
}

func TestAStatementOfTheJobseekersOwnIsNotFollowedByACoachs(t *testing.T) {
	p := start(t)
	j := p.supports("Leanne Hargreaves", priya)
	b := p.as(priya)
	p.needs.statements = []needs.Statement{{Id: uuid.New(), Words: "I can cook.", TakenDownByCoach: true, CoachName: "Priya Shah", At: now}}
	b.get("/jobseekers/" + j.Id.String()).sound().wants("Take down more of what they say")
	p.needs.statements = append([]needs.Statement{{Id: uuid.New(), Words: "I found a job.", At: now}}, p.needs.statements...)
	b.get("/jobseekers/"+j.Id.String()).sound().wants("I found a job.", "What they said before", "I can cook.").lacks("Take down more of what they say")
}

func TestAnAssessmentSavedByTwoKeepsTheWorkOfBoth(t *testing.T) {
	p := start(t)
	j := p.supports("Leanne Hargreaves", priya)
	b, path := p.as(priya), "/jobseekers/"+j.Id.String()+"/assessment"
	mine := b.get(path).sound()
	b.get(path).press("Save the assessment", fill{
		"clothes-in-the-way": "No whites, and no shoes.", "health": "strength", "skills": "strength",
	}).wants("The assessment is saved.")

	again := mine.press("Save the assessment", fill{"clothes-in-the-way": "No whites that fit.", "money": "strength", "skills": "strength"}).sound().wants(
		"Dev Patel changed it on 10 March 2026", "What you wrote is still here",
		"You and Priya Shah both changed this. Yours is below. Priya Shah saved: In the way No whites, and no shoes.",
		"Priya Shah changed this meanwhile. It is now: A strength",
	)
	again.press("Save the assessment", nil).wants("The assessment is saved.")
	want := map[needs.Category]string{needs.Clothes: "No whites that fit.", needs.ToolsAndEquipment: "No knives of her own."}
	for _, n := range p.needs.assessment(j.Id).Needs {
		if w, ok := want[n.Category]; ok && n.InTheWay != w {
			t.Errorf("%s is %q, want %q", n.Category, n.InTheWay, w)
		}
		if strength := n.Category == needs.Money || n.Category == needs.Health || n.Category == needs.Skills; strength && n.Standing != needs.Strength {
			t.Errorf("%s is %s: somebody’s answer was lost", n.Category, n.Standing)
		}
	}
}

func TestACoursesPriceOnAnotherDayIsShownBeforeItIsUsed(t *testing.T) {
	p := start(t)
	p.funding.courses = catalogue()
	j := p.supports("Leanne Hargreaves", priya)
	b := p.as(priya)
	path := "/jobseekers/" + j.Id.String() + "/course/"
	good, flagged := path+p.funding.courses[0].Id.String(), path+p.funding.courses[1].Id.String()

	b.get(good).press("Show the price on that day", fill{"on-day": "1", "on-month": "9", "on-year": "2025"}).sound().
		wants("£195.00", "Price on 1 September 2025").press("Use this course", nil).sound().wants("What Leanne Hargreaves needs")
	if got := p.funding.allowances[0].PricedOn.Format(time.DateOnly); got != "2025-09-01" {
		t.Errorf("priced on %s", got)
	}
	b.get(good).sound().wants("This course has been named for Leanne Hargreaves already.").lacks("Use this course")

	p.funding.allowances = nil
	b.get(good).press("Show the price on that day", fill{"on-day": "1", "on-month": "1", "on-year": "2020"}).sound().
		wants("This course had no price on 1 January 2020").lacks("Use this course")
	b.get(good).press("Show the price on that day", fill{"on-day": "1", "on-month": "1", "on-year": "2030"}).sound().
		wants("The day of the price must be today or in the past.")
	b.get(flagged).sound().wants("has to be confirmed by a manager", "far above what courses in Warehousing cost").lacks("Use this course")
}

func TestOverTheCapACoachSeesByHowMuchAndThreeWaysOut(t *testing.T) {
	p := start(t)
	r := p.drafts(p.supports("Leanne Hargreaves", priya), priya, 20000)
	p.asksFor(r, "Knife roll", 12000)
	p.asksFor(r, "Whites", 10500)
	b := p.as(priya)
	b.get(at(r)).sound().wants("This asks for £25.00 more than can be spent.").lacks("Check and send")
	over := b.get(at(r)+"/check").sound().is(200, at(r)+"/over").
		wants("You ask for £225.00", "Can be spent £200.00", "Too much by £25.00", "Nothing was sent, and nothing was lost.")

	rest := over.follow("Say that somebody else pays the rest").sound()
	if !strings.Contains(rest.source, `value="25.00"`) {
		t.Error("the difference is not filled in")
	}
	rest.press("Save", nil).sound().wants("Enter who pays it.")
	rest.press("Save", fill{"amount": "300", "from": "The hotel"}).sound().wants("must be less than the lines come to")
	paid := rest.press("Save", fill{"from": "The hotel"}).sound().is(200, at(r)).wants("Paid by The hotel £25.00", "Asked for £200.00", "Check and send")
	rest.press("Save", fill{"from": "The hotel"}).is(200, at(r))
	paid.follow("Change what somebody else pays").sound().press("Nobody else pays", nil).sound().wants("This asks for £25.00 more")

	proposal := b.get(at(r)+"/over").follow("Ask for what is left").sound().wants("Nothing has been changed yet.", "Whites £80.00 instead of £105.00", "Asked for £200.00 instead of £225.00")
	if r.AskedPence != 22500 {
		t.Fatal("looking at the proposal changed the request")
	}
	proposal.press("Change the request like this", nil).sound().is(200, at(r)).wants("The request now fits what can be spent.", "£80.00", "Check and send")
	proposal.press("Change the request like this", nil).is(200, at(r))
	b.get(at(r)+"/over").is(200, at(r))
}

func TestAProposalThatIsOutOfDateIsShownAgainBeforeItIsTaken(t *testing.T) {
	p := start(t)
	r := p.drafts(p.supports("Leanne Hargreaves", priya), priya, 20000)
	p.asksFor(r, "Knife roll", 22500)
	proposal := p.as(priya).get(at(r) + "/reduction")
	p.funding.allowances[0].AvailablePence, p.funding.allowances[0].HeldPence = 15000, 5000
	proposal.press("Change the request like this", nil).sound().wants("What can be spent has changed", "£150.00").
		press("Change the request like this", nil).wants("The request now fits what can be spent.")
	if r.AskedPence != 15000 {
		t.Errorf("asks for %d", r.AskedPence)
	}
}

func TestALineSavedTwiceIsThereOnceAndOneTypedMeanwhileIsKept(t *testing.T) {
	p := start(t)
	j := p.supports("Leanne Hargreaves", priya)
	r := p.drafts(j, priya, 50000)
	need := p.needs.assessment(j.Id).Needs[2].Id.String()
	line := func(what string) fill {
		return fill{"what": what, "need": need, "why": "She starts on Monday.", "amount": "20", "category": "tools"}
	}
	b := p.as(priya)
	blank := b.get(at(r) + "/lines/new").sound()
	other := b.get(at(r) + "/lines/new")
	blank.press("Save", line("Knife roll")).is(200, at(r))
	blank.press("Save", line("Knife roll")).is(200, at(r))
	if len(r.Lines) != 1 || p.funding.edits != 1 {
		t.Fatalf("two clicks made %d lines in %d edits", len(r.Lines), p.funding.edits)
	}
	again := other.press("Save", line("Steel")).sound().wants("Dev Patel changed it on 10 March 2026", "The request is now like this", "Asked for so far £20.00")
	if again.status != http.StatusUnprocessableEntity || len(r.Lines) != 1 {
		t.Errorf("status %d with %d lines", again.status, len(r.Lines))
	}
	again.press("Save", nil).sound().is(200, at(r)).wants("Knife roll", "Steel", "Asked for £40.00")

	change := b.get(at(r)).follow("Change (Knife roll)").sound()
	change.press("Save", fill{"what": "forbidden"}).sound().wants("That can’t be bought.")
	change.press("Save", fill{"amount": "25"}).sound().is(200, at(r)).wants("Asked for £45.00")
	remove := b.get(at(r)).follow("Remove (Steel)").sound().wants("Remove this from the request?", "Steel")
	remove.press("Remove it", nil).sound().is(200, at(r)).wants("You removed Steel.", "Asked for £25.00")
	remove.press("Remove it", nil).is(200, at(r))
	if len(r.Lines) != 1 {
		t.Errorf("%d lines are left, want 1", len(r.Lines))
	}
}

func TestWithoutANeedInTheWayThereIsNothingToAskFor(t *testing.T) {
	p := start(t)
	j := needs.Jobseeker{Id: uuid.New(), Name: "Leanne Hargreaves", Area: "Oldham", CoachId: p.idOf(priya), CoachName: priya.Name, Version: 1}
	p.needs.jobseekers = append(p.needs.jobseekers, j)
	r := p.drafts(&j, priya, 50000)
	p.as(priya).get(at(r) + "/lines/new").sound().wants("None is assessed yet.").follow("Assess what stands in the way").sound()
	p.as(priya).get(at(r)+"/check").is(200, at(r))
}

func TestWhileTheNeedsCannotBeCheckedNothingIsLostAndTryingAgainSendsOnce(t *testing.T) {
	p := start(t)
	r := p.drafts(p.supports("Leanne Hargreaves", priya), priya, 50000)
	p.asksFor(r, "Knife roll", 12000)
	check := p.as(priya).get(at(r) + "/check").sound()
	p.funding.needsDown = true
	down := check.press("Send for a decision", nil).sound().wants("It could not be sent just now", "Nothing was lost")
	if r.State != funding.Draft {
		t.Fatalf("it is %s", r.State)
	}
	p.funding.needsDown = false
	down.press("Try again", nil).sound().wants("Sent for a decision")
	down.press("Try again", nil).sound().is(200, at(r)+"/sent")
	if got := p.funding.allowances[0].HeldPence; got != 12000 {
		t.Errorf("%d pence are set aside, want 12000", got)
	}
}

func TestARequestThatChangedAfterItWasCheckedIsCheckedAgain(t *testing.T) {
	p := start(t)
	r := p.drafts(p.supports("Leanne Hargreaves", priya), priya, 50000)
	p.asksFor(r, "Knife roll", 12000)
	check := p.as(priya).get(at(r) + "/check")
	p.asksFor(r, "Whites", 5000)
	r.Version++
	check.press("Send for a decision", nil).sound().wants("There is a problem", "£170.00 for Leanne Hargreaves").
		press("Send for a decision", nil).wants("Sent for a decision")

	other := p.drafts(p.supports("Kwame Boateng", priya), priya, 50000)
	p.asksFor(other, "Driver card", 12000)
	check = p.as(priya).get(at(other) + "/check")
	p.funding.allowances[1].AvailablePence = 100 // taken by another request
	check.press("Send for a decision", nil).sound().is(200, at(other)+"/over").wants("Too much by £119.00")
}

func TestARequestIsWithdrawnOnlyAfterAskingAndSaysWhy(t *testing.T) {
	p := start(t)
	r := p.drafts(p.supports("Leanne Hargreaves", priya), priya, 50000)
	p.asksFor(r, "Knife roll", 12000)
	b := p.as(priya)
	ask := b.get(at(r)).follow("Withdraw this request").sound().wants("Withdraw this request?", "£120.00 for Leanne Hargreaves")
	ask.press("Withdraw the request", fill{"words": "The job fell through."}).sound().is(200, at(r)).
		wants("The request is withdrawn.", "Withdrawn", "The job fell through.").lacks("Check and send")
	b.get(at(r)+"/withdraw").is(200, at(r))
}

func TestACoachsRequestsCanBeNarrowedDown(t *testing.T) {
	p := start(t)
	p.as(priya).get("/requests").sound().wants("You have asked for nothing yet.")
	r := p.drafts(p.supports("Leanne Hargreaves", priya), priya, 50000)
	p.asksFor(r, "Knife roll", 12000)
	all := p.as(priya).get("/requests").sound().nothingPersonal().wants("1 request", "Leanne Hargreaves Knife roll, instead of Food production, level 2 FR-7K3M-92QX", "Draft")
	all.press("Show", fill{"state": "approved"}).sound().wants("No request is like that.").follow("See all your requests").wants("1 request")
}

func TestSomebodyWithMoneyLeftCanBeAskedForAgain(t *testing.T) {
	p := start(t)
	j := p.supports("Leanne Hargreaves", priya)
	p.needs.statements = []needs.Statement{{Id: uuid.New(), Words: "I can cook.", TakenDownByCoach: true, CoachName: "Priya Shah", At: now}}
	p.drafts(j, priya, 50000)
	p.funding.requests = nil
	page := p.as(priya).get("/jobseekers/" + j.Id.String()).sound().wants("£500.00 can be spent on Leanne Hargreaves instead of Food production, level 2.")
	began := page.press("Ask for what they need", nil).sound().wants("What Leanne Hargreaves needs")
	page.press("Ask for what they need", nil).is(200, began.url)
	if len(p.funding.requests) != 1 {
		t.Errorf("two clicks began %d requests", len(p.funding.requests))
	}
}
