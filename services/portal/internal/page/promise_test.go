package page_test

import (
	"context"
	"strings"
	"testing"
	"time"

	openapi "github.com/oapi-codegen/runtime/types"

	"github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/pkg/fault"
)

func (m *memoryFunding) ListReminders(_ context.Context, in funding.ListRemindersRequestObject) (funding.ListRemindersResponseObject, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	page, size := *in.Params.Page, *in.Params.Size
	from := min((page-1)*size, len(m.reminders))
	return funding.ListReminders200JSONResponse{Items: m.reminders[from:min(from+size, len(m.reminders))], Total: len(m.reminders), Page: page, Size: size}, nil
}

func (m *memoryFunding) CancelRequest(ctx context.Context, in funding.CancelRequestRequestObject) (funding.CancelRequestResponseObject, error) {
	r, err := m.change(ctx, in.Id, int64(in.Params.IfMatch), *in.Body, func(r *funding.Request) error {
		if r.InFlightPence > 0 {
			return fault.New(fault.Conflict, "£190.00 of this is on its way to be paid.")
		}
		r.History = append(r.History, funding.Happening{From: string(r.State), To: funding.Cancelled, At: now, ByName: "Somebody", Words: in.Body.Words})
		r.State = funding.Cancelled
		return nil
	})
	return funding.CancelRequest200JSONResponse{Body: r}, err
}

func (m *memoryFunding) KeepRequest(ctx context.Context, in funding.KeepRequestRequestObject) (funding.KeepRequestResponseObject, error) {
	r, err := m.change(ctx, in.Id, int64(in.Params.IfMatch), *in.Body, func(r *funding.Request) error {
		r.KeptOn = funding.KeptOn{At: now, ByName: "Priya Shah", Words: in.Body.Words, Until: day(90)}
		r.RunsOutOn, r.WarnedAt = day(90), time.Time{}
		return nil
	})
	return funding.KeepRequest200JSONResponse{Body: r}, err
}

// day is so many days from the day of every test.
func day(days int) openapi.Date { return openapi.Date{Time: today.AddDate(0, 0, days)} }

// promised is a request of Leanne's that Helen approved and nobody has used.
func (p *portal) promised() *funding.Request {
	r := p.drafts(p.supports("Leanne Hargreaves", priya), priya, 50000)
	p.asksFor(r, "Knife roll", 19000)
	r.SubmittedAt, r.SubmittedByName = now.Add(-time.Hour), priya.Name
	p.approves(r)
	r.RunsOutOn = day(30)
	return r
}

func TestACoachIsWarnedThatAnApprovalRunsOutAndKeepsItOn(t *testing.T) {
	p := start(t)
	r := p.promised()
	p.as(priya).get(at(r)).sound().wants("Nothing of it is used yet. It runs out on 9 April 2026").lacks("Keep it on")
	r.WarnedAt = now
	page := p.as(priya).get(at(r)).sound().wants("This runs out on 9 April 2026 if nothing of it is used.")
	ask := page.follow("Keep it on").sound().wants("Keep this approval on?", "£190.00 was approved for Leanne Hargreaves", "This can be done once.")
	ask.press("Keep it on", nil).sound().wants("There is a problem", "Say why it is still needed.")
	for range 2 {
		ask.press("Keep it on", fill{"words": "She starts in May."}).sound().is(200, at(r)).
			wants("It runs out on 8 June 2026", "Kept on until 8 June 2026", "She starts in May.").lacks("This runs out on 9 April")
	}
	r.WarnedAt = now
	p.as(priya).get(at(r)).sound().wants("It was kept on once, so it can’t be again.")
	p.as(priya).get(at(r)+"/keep").is(200, at(r))
}

func TestAnApprovalIsCancelledWithWordsByItsCoachOrAManager(t *testing.T) {
	p := start(t)
	r := p.promised()
	ask := p.as(priya).get(at(r)).follow("Cancel this approval").sound().wants("Cancel this approval?", "promised to somebody else out of the budget")
	ask.press("Cancel the approval", fill{"words": " "}).sound().wants("Say why it is not needed any more.")
	r.Version++
	late := ask.press("Cancel the approval", fill{"words": "She found work."}).sound().wants("Dev Patel changed it", "The request is now like this").wants("She found work.")
	late.press("Cancel the approval", nil).sound().is(200, at(r)).wants("The approval is cancelled.", "Nothing is promised for it any more", "She found work.")

	other := p.promised()
	to := "/decisions/" + other.Id.String()
	p.as(helen).get(to).follow("Cancel this approval").sound().press("Cancel the approval", fill{"words": "It was booked twice."}).
		sound().is(200, to).wants("This request was approved and then cancelled.")
}

func TestWhileAPaymentIsOnItsWayThePageSaysWhatToDoInsteadOfCancelling(t *testing.T) {
	p := start(t)
	r := p.promised()
	ask := p.as(priya).get(at(r) + "/cancel").sound()
	r.InFlightPence = 19000
	p.as(priya).get(at(r)).sound().wants("£190.00 of this is on its way to be paid. To cancel it, ask finance").lacks("Cancel this approval")
	ask.press("Cancel the approval", fill{"words": "She found work."}).sound().wants("There is a problem", "on its way to be paid").wants("She found work.")
}

func TestRemindersLeadFromTheStartPageToWhatTheyAreAbout(t *testing.T) {
	p := start(t)
	r := p.promised()
	p.as(priya).get("/work").lacks("reminder")
	p.as(priya).get("/reminders").sound().wants("Nothing has waited for you for too long.")
	for range 30 {
		p.funding.reminders = append(p.funding.reminders, funding.Reminder{
			Kind: funding.RunningOut, Since: now, DueOn: day(10), Reference: r.Reference, RequestId: r.Id, JobseekerId: r.JobseekerId, Pence: 19000,
		})
	}
	home := p.as(priya).get("/work").sound().wants("30 reminders", "Leanne Hargreaves Runs out on 20 March 2026 if nothing of it is used "+r.Reference)
	all := home.follow("See all reminders").sound().wants("30 things have waited for you")
	if n := strings.Count(all.text(), "Runs out on"); n != 25 {
		t.Errorf("%d reminders on the first page, want 25", n)
	}
	home.follow("Leanne Hargreaves").is(200, at(r))

	p.funding.reminders = []funding.Reminder{
		{Kind: funding.DecisionDue, Since: now, DueOn: day(-1), Reference: r.Reference, RequestId: r.Id, JobseekerId: r.JobseekerId, Pence: 19000},
		{Kind: funding.PaymentUnsent, Since: now, Reference: "PY-7K3M-92QX", PaymentId: r.Id, Pence: 19000},
		{Kind: funding.ResultAwaited, Since: now, Reference: "PB-7K3M-92QX", BatchId: r.Id, Pence: 19000},
	}
	p.as(helen).get("/decisions").sound().wants("3 reminders", "Was to be decided by 9 March 2026.").follow("Leanne Hargreaves").is(200, "/decisions/"+r.Id.String())
	p.funding.reminders = p.funding.reminders[1:]
	p.as(grace).get("/to-pay").sound().wants("2 reminders", "PY-7K3M-92QX Planned, ", "and not sent yet", "no result has come in").lacks("Leanne")
}
