package page

import (
	"context"
	"net/http"
	"slices"

	"github.com/google/uuid"

	"github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/api/needs"
	"github.com/instead-support/instead/api/outcomes"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/portal/internal/component"
	"github.com/instead-support/instead/services/portal/internal/web"
)

// Jobseeker is one person at a look: what they said, what stands in the way,
// the course replaced, what was asked for, and the one thing to do next.
type Jobseeker struct{ Deps }

// Register implements web.Page.
func (j Jobseeker) Register(g *web.Group) {
	g.Get("/jobseekers/:id", j.show, identity.Coach)
	g.Post("/jobseekers/:id/requests", j.begin, identity.Coach)
}

// record is all that a coach sees of a jobseeker.
type record struct {
	*needs.Jobseeker
	mine       bool                 // the coach who looks supports them
	statements []needs.Statement    // newest first
	assessment *needs.Assessment    // version 0 before the first
	allowances []funding.Allowance  // newest first
	requests   *funding.RequestPage // latest changed first
	outcomes   []outcomes.Outcome   // latest start first
	ratings    []outcomes.Rating    // of what was paid for them, and of the course
}

// called is what the jobseeker likes to be called.
func called(j *needs.Jobseeker) string {
	if j.KnownAs != "" {
		return j.KnownAs
	}
	return j.Name
}

// jobseeker is the one that the address names, and whether they are on the
// caseload of whoever looks.
func (d Deps) jobseeker(r *http.Request) (j *needs.Jobseeker, mine bool, err error) {
	me, err := identity.From(r.Context())
	if err != nil {
		return nil, false, err
	}
	id, err := idIn(r, "id")
	if err != nil {
		return nil, false, err
	}
	resp, err := d.Needs.ReadJobseekerWithResponse(r.Context(), id)
	if err != nil {
		return nil, false, err
	}
	return resp.JSON200, resp.JSON200.CoachId == me.ID, nil
}

func (j Jobseeker) show(r *http.Request) (web.Answer, error) {
	person, mine, err := j.jobseeker(r)
	if err != nil {
		return nil, err
	}
	c, err := j.record(r.Context(), person, mine)
	if err != nil {
		return nil, err
	}
	layout := component.LayoutProps{Title: c.Name, Before: component.BackLink("Jobseekers", "/jobseekers")}
	return web.Show(layout, jobseeker(c)), nil
}

func (j Jobseeker) record(ctx context.Context, person *needs.Jobseeker, mine bool) (record, error) {
	statements, err := j.Needs.ListStatementsWithResponse(ctx, person.Id)
	if err != nil {
		return record{}, err
	}
	assessment, err := j.Needs.ReadAssessmentWithResponse(ctx, person.Id)
	if err != nil {
		return record{}, err
	}
	allowances, err := j.Funding.ListAllowancesWithResponse(ctx, &funding.ListAllowancesParams{JobseekerId: person.Id})
	if err != nil {
		return record{}, err
	}
	requests, err := j.Funding.ListRequestsWithResponse(ctx, &funding.ListRequestsParams{JobseekerId: &person.Id, Size: new(100)})
	if err != nil {
		return record{}, err
	}
	c := record{
		Jobseeker: person, mine: mine, statements: statements.JSON200.Items, assessment: assessment.JSON200,
		allowances: allowances.JSON200.Items, requests: requests.JSON200,
	}
	if c.outcomes, err = j.wentFor(ctx, person.Id); err != nil {
		return record{}, err
	}
	c.ratings, err = j.toRate(ctx, person.Id)
	return c, err
}

// begin begins a request against an allowance that is there already.
func (j Jobseeker) begin(r *http.Request) (web.Answer, error) {
	id, err := uuid.Parse(r.PostForm.Get("allowance"))
	if err != nil {
		return nil, errUnreadable
	}
	resp, err := j.Funding.DraftRequestWithResponse(r.Context(), &funding.DraftRequestParams{}, funding.DraftRequestJSONRequestBody{AllowanceId: id})
	if err != nil {
		return nil, err
	}
	return web.Go(requestPath(resp.JSON201.Id)), nil
}

func (c record) needs(standing needs.Standing) []needs.Need {
	return slices.DeleteFunc(slices.Clone(c.assessment.Needs), func(n needs.Need) bool { return n.Standing != standing })
}

// spoken reports whether they have written a statement themself, after which
// nobody else takes one down.
func (c record) spoken() bool {
	return slices.ContainsFunc(c.statements, func(s needs.Statement) bool { return !s.TakenDownByCoach })
}

// in is the latest changed request in this state, if there is one.
func (c record) in(state funding.State) (funding.RequestSummary, bool) {
	i := slices.IndexFunc(c.requests.Items, func(r funding.RequestSummary) bool { return r.State == state })
	if i < 0 {
		return funding.RequestSummary{}, false
	}
	return c.requests.Items[i], true
}

// open is the newest allowance that something is left of, if there is one.
func (c record) open() (funding.Allowance, bool) {
	i := slices.IndexFunc(c.allowances, func(a funding.Allowance) bool { return a.AvailablePence > 0 })
	if i < 0 {
		return funding.Allowance{}, false
	}
	return c.allowances[i], true
}

// mayAskMore reports whether to offer another request against a, besides the
// next step: not while one is begun and not sent, which can take another line. It
// may though nothing is left of a, since a manager can allow an exception.
func (c record) mayAskMore(a funding.Allowance) bool {
	unsent := slices.ContainsFunc(c.requests.Items, func(r funding.RequestSummary) bool {
		return r.AllowanceId == a.Id && (r.State == funding.Draft || r.State == funding.Returned)
	})
	return c.mine && !unsent && c.next().allowance != a.Id && len(c.needs(needs.InTheWay)) > 0
}

// next is the one thing to do now: the first part of the way that is missing.
func (c record) next() nextStep {
	who, at := called(c.Jobseeker), jobseekerPath(c.Id)
	if !c.mine {
		return nextStep{why: c.CoachName + " supports " + who + ". You can read this record, and " + c.CoachName + " can add to it."}
	}
	if r, ok := c.in(funding.Returned); ok {
		return nextStep{why: "Request " + r.Reference + " was sent back with a question.", does: "Answer the question", href: requestPath(r.Id)}
	}
	if o, check, ok := dueNow(c.outcomes); ok {
		return checkStep(o, check, who)
	}
	switch {
	case len(c.statements) == 0:
		return nextStep{why: "Begin with what " + who + " says would get them into work.", does: "Take down what they say", href: at + "/statement"}
	case c.assessment.Version == 0:
		return nextStep{why: "Find out together what stands in the way of work.", does: "Assess what stands in the way", href: at + "/assessment"}
	case len(c.needs(needs.InTheWay)) == 0:
		return nextStep{why: "The assessment found nothing in the way. A request needs something that it removes.", does: "Look at the assessment again", href: at + "/assessment"}
	case len(c.allowances) == 0:
		return nextStep{why: "Name the course " + who + " would be sent on. Its price is the most that can be spent on them instead.", does: "Name the course", href: at + "/course"}
	}
	if r, ok := c.in(funding.Draft); ok {
		return nextStep{why: "Request " + r.Reference + " is not sent yet.", does: "Finish the request", href: requestPath(r.Id)}
	}
	if r, ok := c.in(funding.Submitted); ok {
		return nextStep{why: "Request " + r.Reference + " waits for a decision. There is nothing to do until then."}
	}
	if a, ok := c.open(); ok {
		return nextStep{
			why:  pounds(a.AvailablePence) + " can be spent on " + who + " instead of " + a.CourseName + ".",
			does: "Ask for what they need", href: at + "/requests", allowance: a.Id,
		}
	}
	spent := "All that could be spent on " + who + " has been."
	if len(c.outcomes) == 0 {
		return nextStep{why: spent + " Once they start work or training, record it.", does: "Record a start", href: at + "/outcomes/new"}
	}
	return nextStep{why: spent}
}
