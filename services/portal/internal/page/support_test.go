package page_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/api/needs"
	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
)

var leanne = identity.Person{Name: "Leanne Hargreaves", Roles: []identity.Role{identity.Jobseeker}}

// links makes leanne the jobseeker of this request, as her code did.
func (p *portal) links(r *funding.Request) {
	p.needs.me.JobseekerId, p.funding.linked = r.JobseekerId, r.JobseekerId
}

func TestOnTheFirstVisitTheCodeFromTheCoachOpensTheirPage(t *testing.T) {
	p := start(t)
	r := p.asks("Leanne Hargreaves", "A set of chef’s knives", priya, 24*time.Hour)
	p.needs.code = "7K3M9-2QX4D"
	p.funding.linked = r.JobseekerId
	b := p.as(leanne)
	welcome := b.get("/support").sound().is(200, "/welcome").wants("Your work coach has a code for you.", "I have no code, or it does not work")

	welcome.press("Open my page", nil).sound().wants("Enter the code that your work coach gave you.")
	welcome.press("Open my page", fill{"code": strings.Repeat("7", 41)}).sound().wants("longer than a code")
	wrong := welcome.press("Open my page", fill{"code": "7k3m9-2qx4e"}).sound().wants("That code is not one of ours.")
	if wrong.status != 422 || !strings.Contains(wrong.source, `value="7k3m9-2qx4e"`) || !strings.Contains(wrong.source, `href="#code"`) {
		t.Errorf("what was typed is not kept beside its error: status %d", wrong.status)
	}
	wrong.press("Open my page", fill{"code": "7K3M9-2QX4D"}).sound().is(200, "/support").wants("You are in. This is your support.")
	b.get("/welcome").is(200, "/support")
}

func TestSomebodyWhoTriedTooOftenIsToldBesideTheirCode(t *testing.T) {
	p := start(t)
	p.needs.refused = fault.New(fault.Forbidden, "You have tried too many codes that are not ours. Wait an hour and try again, or ask your work coach for a new code.")
	p.as(leanne).get("/welcome").press("Open my page", fill{"code": "7K3M9-2QX4D"}).sound().wants("Welcome", "Wait an hour and try again")
}

func TestAJobseekerSeesFirstWhatWasAgreedForThem(t *testing.T) {
	p := start(t)
	r := p.asks("Leanne Hargreaves", "A set of chef’s knives", priya, 24*time.Hour)
	p.approves(r)
	p.links(r)
	p.needs.assessments[0].Needs[0].Supports = []needs.Support{{RequestId: r.Id, Reference: r.Reference, State: "approved"}}
	home := p.as(leanne).get("/support").sound().wants(
		"Agreed for you £190.00", "Priya Shah is your work coach.",
		"Tools and equipment", "No knives of her own.", "What would help A set of knives.", "What is asked for A set of chef’s knives Approved",
	)
	home.follow("A set of chef’s knives").sound().is(200, "/support/requests/"+r.Id.String()).wants(
		"We agreed to pay £190.00 for this.", "She starts on Monday.", "This is instead of a course: Food production, level 2.",
		"Asked for Priya Shah", "Agreed Helen Barlow", "say the number "+r.Reference,
	).lacks("removes-need", "Request begun", "draft")
}

func TestAJobseekerSeesWhatWaitsSinceWhen(t *testing.T) {
	p := start(t)
	r := p.asks("Leanne Hargreaves", "A set of chef’s knives", priya, 3*24*time.Hour)
	p.links(r)
	p.as(leanne).get("/support").sound().
		wants("Nothing has been agreed for you yet. Something is waiting for an answer.", "Sent on 7 March 2026 at 9:30am. It has waited 3 days.").
		follow("A set of chef’s knives").sound().wants("Priya Shah asked for £190.00. A manager now looks at it. You need not do anything.")
}

func TestAJobseekerReadsWhyInTheWordsWrittenForThem(t *testing.T) {
	p := start(t)
	r := p.asks("Leanne Hargreaves", "A set of chef’s knives", priya, 3*24*time.Hour)
	p.links(r)
	p.as(helen).get("/decisions/"+r.Id.String()+"/decline").
		press("Continue", fill{"reason": "other-funding-available", "words": "The hotel gives its chefs knives."}).press("Decline", nil)
	p.as(leanne).get("/support").sound().
		wants("Not agreed", "The hotel gives its chefs knives.", "talk to Priya Shah").lacks("other-funding-available", "Somebody else pays for this").
		follow("A set of chef’s knives").sound().wants("We can’t pay for this.", "Helen Barlow, who decided, wrote this to you")
}

func TestAJobseekerAddsTheirOwnWordsOnce(t *testing.T) {
	p := start(t)
	r := p.asks("Leanne Hargreaves", "A set of chef’s knives", priya, time.Hour)
	p.links(r)
	ask := p.as(leanne).get("/support").wants("You know best.").follow("Tell us").sound().wants("Nobody can change it.")
	ask.press("Continue", nil).sound().wants("Write what would get you into work.")
	ask.press("Continue", fill{"words": strings.Repeat("x", 4001)}).sound().wants("What you write must be 4000 characters or fewer.")
	check := ask.press("Continue", fill{"words": "A chef’s job.\nAnd knives."}).sound().wants("Is this what you want to say?", "A chef’s job. And knives.")
	if len(p.needs.statements) != 0 {
		t.Fatal("the words were kept before they were confirmed")
	}
	check.press("Change it", nil).sound().wants("A chef’s job. And knives.")

	check.press("Yes, send it", nil).sound().is(200, "/support").wants("Thank you. Your words are kept.", "You wrote this, 10 March 2026", "Add to this")
	check.press("Yes, send it", nil).is(200, "/support")
	if len(p.needs.statements) != 1 || p.needs.statements[0].Words != "A chef’s job.\nAnd knives." {
		t.Errorf("kept %+v", p.needs.statements)
	}
}

func TestAJobseekerDoesNotSeeSomebodyElsesRequest(t *testing.T) {
	p := start(t)
	own := p.asks("Leanne Hargreaves", "A set of chef’s knives", priya, time.Hour)
	other := p.asks("Kwame Boateng", "Driver card", priya, time.Hour)
	p.links(own)
	b := p.as(leanne)
	b.get("/support").lacks("Driver card")
	if at := b.get("/support/requests/" + other.Id.String()).sound().lacks("Driver card"); at.status != 404 {
		t.Errorf("status %d, want 404", at.status)
	}
}

func (m *memoryNeeds) ReadMe(ctx context.Context, _ needs.ReadMeRequestObject) (needs.ReadMeResponseObject, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	who, err := identity.From(ctx)
	if err != nil {
		return nil, err
	}
	return needs.ReadMe200JSONResponse{PersonId: who.ID, Name: who.Name, Roles: []needs.Role{}, Areas: []string{}, JobseekerId: m.me.JobseekerId}, nil
}

func (m *memoryNeeds) AcceptInvitation(_ context.Context, in needs.AcceptInvitationRequestObject) (needs.AcceptInvitationResponseObject, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.refused != nil {
		return nil, m.refused
	}
	var c fault.Check
	c.Want(in.Body.Code == m.code, "/code", "That code is not one of ours. Check each letter and number, or ask your work coach for a new code.")
	if err := c.Err(); err != nil {
		return nil, err
	}
	m.me.JobseekerId = m.jobseekers[0].Id
	return needs.AcceptInvitation200JSONResponse{Roles: []needs.Role{}, Areas: []string{}, JobseekerId: m.me.JobseekerId}, nil
}

func (m *memoryNeeds) AddStatement(ctx context.Context, in needs.AddStatementRequestObject) (needs.AddStatementResponseObject, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.keys == nil {
		m.keys = map[string]bool{}
	}
	s := needs.Statement{Id: uuid.New(), Words: in.Body.Words, At: now}
	if who, _ := identity.From(ctx); who.Is(identity.Coach) {
		s.TakenDownByCoach, s.CoachName = true, who.Name
	}
	if key := db.Key(ctx); key == "" || !m.keys[key] {
		m.keys[key] = true
		m.statements = append([]needs.Statement{s}, m.statements...)
	}
	return needs.AddStatement201JSONResponse(s), nil
}

func TestOnlyThePlaceWhereSomebodyIsStandsOutInTheMenu(t *testing.T) {
	p := start(t)
	p.links(p.asks("Leanne Hargreaves", "A set of chef’s knives", priya, time.Hour))
	at := p.as(leanne).get("/support/words").sound()
	if n := strings.Count(at.source, "govuk-service-navigation__item--active"); n != 1 {
		t.Errorf("%d items of the menu stand out, want 1", n)
	}
}

// What was asked for is of no use to anybody once less was granted: what is shown
// beside "Approved", to whoever looks, is what was approved.
func TestWhatIsShownAsApprovedIsWhatWasApprovedAndNotWhatWasAskedFor(t *testing.T) {
	p := start(t)
	r := p.asks("Leanne Hargreaves", "A set of chef’s knives", priya, 24*time.Hour)
	p.approves(r)
	p.links(r)
	r.AwardedPence = 15000 // of the 190 that were asked for
	for _, c := range []struct {
		who  identity.Person
		at   string
		want string
	}{
		{priya, "/requests", "£150.00 Approved"},
		{priya, "/jobseekers/" + r.JobseekerId.String(), "£150.00 Approved"},
		{priya, at(r), "£150.00 was approved by Helen Barlow"},
		{helen, "/all-requests", "£150.00 Approved"},
		{helen, "/decisions", "Approved £150.00, 1 request"},
		{helen, "/decisions/" + r.Id.String(), "£150.00 approved of £190.00"},
		{grace, "/to-pay", "Approved, to be paid £150.00"},
		{grace, "/to-pay/" + r.Id.String(), "Left to pay £150.00"},
		{leanne, "/support", "Agreed for you £150.00"},
		{leanne, "/support/requests/" + r.Id.String(), "We agreed to pay £150.00 for this."},
	} {
		t.Run(c.who.Name+" "+c.at, func(t *testing.T) { p.as(c.who).get(c.at).wants(c.want) })
	}
}
