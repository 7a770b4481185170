package page

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/api/needs"
	"github.com/instead-support/instead/api/outcomes"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/portal/internal/component"
	"github.com/instead-support/instead/services/portal/internal/web"
)

// Work is a work coach's home: what needs them now, the most urgent first.
type Work struct{ Deps }

// Register implements web.Page.
func (w Work) Register(g *web.Group) {
	g.Home(identity.Coach, "Your work", "/work", w.home)
}

const (
	aFew   = 5                   // of a list at home
	lately = 14 * 24 * time.Hour // for how long a decision is news
)

// workday is what a coach begins the day with.
type workday struct {
	now        time.Time
	people     int                // on the caseload
	waiting    funding.StateTotal // for a decision
	returned   *funding.RequestPage
	questions  map[uuid.UUID]question // by request, of those returned
	asked      *funding.QuestionPage  // of what waits for a decision
	drafts     *funding.RequestPage
	decided    []funding.RequestSummary // lately
	names      map[uuid.UUID]string
	unassessed *needs.JobseekerPage
	reminders  reminded
	checks     *outcomes.WaitingPage // that are due
}

// question is what a manager wants to know before they decide.
type question struct{ by, words string }

func (w Work) home(r *http.Request) (web.Answer, error) {
	ctx := r.Context()
	day := workday{now: w.Now(), questions: map[uuid.UUID]question{}}
	people, err := w.Needs.ListJobseekersWithResponse(ctx, &needs.ListJobseekersParams{Mine: new(true), Size: new(1)})
	if err != nil {
		return nil, err
	}
	if day.people = people.JSON200.Total; day.people == 0 {
		return web.Show(component.LayoutProps{Title: "Your work"}, firstDay()), nil
	}
	unassessed, err := w.Needs.ListJobseekersWithResponse(ctx, &needs.ListJobseekersParams{Mine: new(true), Unassessed: new(true), Size: new(aFew)})
	if err != nil {
		return nil, err
	}
	day.unassessed = unassessed.JSON200
	totals, err := w.Funding.SummariseRequestsWithResponse(ctx, &funding.SummariseRequestsParams{Mine: new(true)})
	if err != nil {
		return nil, err
	}
	day.waiting = totalOf(totals.JSON200.Items, funding.Submitted)
	if day.returned, err = w.mine(ctx, funding.Returned); err != nil {
		return nil, err
	}
	if day.drafts, err = w.mine(ctx, funding.Draft); err != nil {
		return nil, err
	}
	decided, err := w.mine(ctx, funding.Approved, funding.Declined)
	if err != nil {
		return nil, err
	}
	day.decided = slices.DeleteFunc(decided.Items, func(r funding.RequestSummary) bool { return r.DecidedAt.Before(day.now.Add(-lately)) })
	if day.reminders, err = w.reminders(ctx, 1, aFew); err != nil {
		return nil, err
	}
	for _, back := range day.returned.Items {
		request, err := w.Funding.ReadRequestWithResponse(ctx, back.Id)
		if err != nil {
			return nil, err
		}
		day.questions[back.Id] = question{request.JSON200.DecidedByName, request.JSON200.DecisionWords}
	}
	if day.checks, err = w.checksNow(ctx); err != nil {
		return nil, err
	}
	if day.asked, err = w.waiting(ctx, funding.QuestionsForMe); err != nil {
		return nil, err
	}
	about := slices.Concat(day.returned.Items, day.drafts.Items, day.decided)
	for _, q := range day.asked.Items {
		about = append(about, funding.RequestSummary{JobseekerId: q.JobseekerId})
	}
	for _, c := range day.checks.Items {
		about = append(about, funding.RequestSummary{JobseekerId: c.JobseekerId})
	}
	day.names, err = w.names(ctx, about)
	if err != nil {
		return nil, err
	}
	return web.Show(component.LayoutProps{Title: "Your work", Wide: true}, work(day)), nil
}

// mine is a few requests of the coach's own caseload in these states.
func (w Work) mine(ctx context.Context, states ...funding.State) (*funding.RequestPage, error) {
	resp, err := w.Funding.ListRequestsWithResponse(ctx, &funding.ListRequestsParams{State: &states, Mine: new(true), Size: new(aFew)})
	if err != nil {
		return nil, err
	}
	return resp.JSON200, nil
}
