package page_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	openapi "github.com/oapi-codegen/runtime/types"

	"github.com/instead-support/instead/api/outcomes"
	"github.com/instead-support/instead/pkg/fault"
)

// asked is Leanne before a check of her work that waits.
func asked(t *testing.T) (*portal, seen) {
	t.Helper()
	p := start(t)
	p.links(p.asks("Leanne Hargreaves", "A set of chef’s knives", priya, 24*time.Hour))
	check := outcomes.Check{Id: uuid.New(), Weeks: 13, DueOn: openapi.Date{Time: time.Date(2026, 1, 26, 0, 0, 0, 0, time.UTC)}, State: outcomes.Overdue}
	p.outcomes.waiting = []outcomes.Waiting{{
		Check: check, OutcomeId: uuid.New(), JobseekerId: p.needs.me.JobseekerId, Kind: outcomes.Job, Employer: "The Tommyfield",
		StartedOn: openapi.Date{Time: time.Date(2025, 10, 27, 0, 0, 0, 0, time.UTC)}, Version: 1,
	}}
	return p, p.as(leanne).get("/support/checks/" + check.Id.String()).sound()
}

func TestWhoeverIsAskedLateReadsWhenTheyStarted(t *testing.T) {
	_, ask := asked(t)
	ask.wants("You started your work at The Tommyfield on 27 October 2025.").lacks("13 weeks ago")
}

func TestWhoeverAnswersReadsWhoCanReadIt(t *testing.T) {
	_, ask := asked(t)
	ask.press("Continue", fill{"in-work": "yes"}).sound().wants("Your coach and staff of your area can read it.")
}

func TestWhatWasTypedOfWorkIsStillThereAfterGoingBack(t *testing.T) {
	p, ask := asked(t)
	ask.press("Continue", fill{"in-work": "yes"}).
		press("Back", fill{"hours": "18", "pay": "12.90", "per": "hour", "words": "Two more hours."}).sound().wants("Are you still doing this work?").
		press("Continue", nil).sound().wants("Two more hours.").
		press("Send", nil).is(200, "/support").wants("Thank you. Your answer is kept.")
	if a := p.outcomes.answers; len(a) != 1 || a[0].WeeklyMinutes != 18*60 || a[0].PayPence != 1290 || a[0].Words != "Two more hours." {
		t.Errorf("sent: %+v", a)
	}
}

func TestALastDayThatWasTypedIsStillThereAfterGoingBack(t *testing.T) {
	_, ask := asked(t)
	ask.press("Continue", fill{"in-work": "no"}).
		press("Back", fill{"left-day": "2", "left-month": "2", "left-year": "2026"}).press("Continue", nil).
		press("Send", nil).is(200, "/support").wants("Thank you. Your answer is kept.")
}

func TestWhoeverIsTooLateIsNotThankedForAnAnswerThatIsNotKept(t *testing.T) {
	p, ask := asked(t)
	more := ask.press("Continue", fill{"in-work": "yes"})
	p.outcomes.waiting, p.outcomes.fails = nil, fault.Overtaken(fault.Change{By: "Priya Shah", What: "answered the check after 13 weeks"})
	more.press("Send", fill{"words": "Two more hours."}).sound().
		wants("what you sent is not kept", "tell your work coach", "Two more hours.").lacks("Your answer is kept")
	ask.press("Continue", fill{"in-work": "yes"}).is(200, "/support").wants("nothing of what you chose is kept")
}

func TestAnAnswerThatIsSentTwiceIsThankedForTwice(t *testing.T) {
	_, ask := asked(t)
	more := ask.press("Continue", fill{"in-work": "yes"})
	more.press("Send", nil).is(200, "/support").wants("Thank you. Your answer is kept.")
	more.press("Send", nil).is(200, "/support").wants("Thank you. Your answer is kept.")
}
