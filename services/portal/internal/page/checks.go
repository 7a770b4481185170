package page

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/google/uuid"
	openapi "github.com/oapi-codegen/runtime/types"

	"github.com/instead-support/instead/api/etag"
	"github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/api/needs"
	"github.com/instead-support/instead/api/outcomes"
	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/portal/internal/component"
	"github.com/instead-support/instead/services/portal/internal/form"
	"github.com/instead-support/instead/services/portal/internal/web"
)

// Checks is whether people are still in work after 13 and 26 weeks: the list of
// those whom a coach has to ask, the longest overdue first, and the answers.
type Checks struct{ Deps }

// Register implements web.Page.
func (c Checks) Register(g *web.Group) {
	g.Menu(identity.Coach, "Checks due", "/checks")
	g.Get("/checks", c.list, identity.Coach)
	g.Post("/checks", c.search, identity.Coach)
	g.Get("/outcomes/:id/checks/:check", c.ask, identity.Coach)
	g.Post("/outcomes/:id/checks/:check", c.record, identity.Coach)
}

func checkPath(w outcomes.Waiting) string {
	return outcomePath(w.OutcomeId) + "/checks/" + w.Check.Id.String()
}

// checksToCome, as what to show, is also what is not due yet.
const checksToCome = "upcoming"

// toCheck is which checks are listed, as an address carries it.
func toCheck(f *form.Form, sealed string) url.Values {
	q := url.Values{}
	if f.Text("show") == everyone {
		q.Set("show", everyone)
	}
	if f.Text("due") == checksToCome {
		q.Set("due", checksToCome)
	}
	if sealed != "" {
		q.Set("search", sealed)
	}
	return q
}

func (c Checks) search(r *http.Request) (web.Answer, error) {
	f := form.New(r.PostForm)
	f.AtMost("q", 100, "What you look for")
	if !f.OK() {
		return c.show(r, f, "")
	}
	address := "/checks"
	if q := toCheck(f, web.Seal(r.Context(), f.Text("q"))); len(q) > 0 {
		address += "?" + q.Encode()
	}
	return web.Go(address), nil
}

func (c Checks) list(r *http.Request) (web.Answer, error) {
	f, sealed := searched(r, "show", "due")
	return c.show(r, f, sealed)
}

// mostCalled is of how many people at once the checks are looked for: as many as one
// page of the contract gives.
const mostCalled = 200

// show asks needs whose name it is that is looked for, because outcomes knows none.
func (c Checks) show(r *http.Request, f *form.Form, sealed string) (web.Answer, error) {
	me, err := identity.From(r.Context())
	if err != nil {
		return nil, err
	}
	found := &outcomes.WaitingPage{Page: 1, Size: jobseekersAPage}
	if f.OK() {
		params := &outcomes.ListChecksParams{
			Mine: new(f.Text("show") != everyone), Upcoming: new(f.Text("due") == checksToCome), Page: new(pageOf(r)), Size: new(jobseekersAPage),
		}
		called := []uuid.UUID{}
		if q := f.Text("q"); q != "" {
			people, err := c.Needs.ListJobseekersWithResponse(r.Context(), &needs.ListJobseekersParams{Q: &q, Mine: params.Mine, Size: new(mostCalled)})
			if err != nil {
				return nil, err
			}
			f.Want(people.JSON200.Total <= mostCalled, "q", "Too many people match that to look through them all. Add more of the name, or a postcode.")
			for _, j := range people.JSON200.Items {
				called = append(called, j.Id)
			}
			params.JobseekerIds = &called
		}
		if f.OK() && (f.Text("q") == "" || len(called) > 0) {
			resp, err := c.Outcomes.ListChecksWithResponse(r.Context(), params)
			if err != nil {
				return nil, err
			}
			found = resp.JSON200
		}
	}
	names, err := c.namesOfChecked(r.Context(), found)
	if err != nil {
		return nil, err
	}
	layout := component.LayoutProps{Title: titled("Checks due", found.Page, found.Size, found.Total), Errors: f.Errors(), Wide: true}
	return web.Show(layout, checksDue(f, me, found, names, toCheck(f, sealed))), nil
}

// checksNow is a few of the checks that are due on the coach's own caseload.
func (d Deps) checksNow(ctx context.Context) (*outcomes.WaitingPage, error) {
	resp, err := d.Outcomes.ListChecksWithResponse(ctx, &outcomes.ListChecksParams{Mine: new(true), Size: new(aFew)})
	if err != nil {
		return nil, err
	}
	return resp.JSON200, nil
}

// namesOfChecked puts names beside the ids of those whom checks are about.
func (d Deps) namesOfChecked(ctx context.Context, page *outcomes.WaitingPage) (map[uuid.UUID]string, error) {
	var about []funding.RequestSummary
	for _, w := range page.Items {
		about = append(about, funding.RequestSummary{JobseekerId: w.JobseekerId})
	}
	return d.names(ctx, about)
}

// look is a check of an outcome.
type look struct {
	went
	check outcomes.Check
}

func (l look) answered() bool { return l.check.State == outcomes.Recorded }

// may reports whether whoever looks can answer the check, or correct the answer.
func (l look) may() bool {
	if l.answered() {
		return l.went.may(outcomes.VerbCorrectAnswer)
	}
	return l.went.may(outcomes.VerbAnswer) && l.check.State != outcomes.NotAsked
}

// checkIn is the check that the address names.
func (c Checks) checkIn(r *http.Request) (look, error) {
	w, err := c.went(r)
	if err != nil {
		return look{}, err
	}
	id, err := idIn(r, "check")
	if err != nil {
		return look{}, err
	}
	i := slices.IndexFunc(w.Checks, func(c outcomes.Check) bool { return c.Id == id })
	if i < 0 {
		return look{}, fault.New(fault.NotFound, "If you typed the address, check it. If you followed a link, what it led to may have been removed.")
	}
	return look{w, w.Checks[i]}, nil
}

func (c Checks) ask(r *http.Request) (web.Answer, error) {
	l, err := c.checkIn(r)
	if err != nil {
		return nil, err
	}
	f := form.New(nil)
	readAt(f, l.Version)
	if l.answered() {
		a := l.check.Answer
		f.Set("in-work", "yes")
		setDay(f, "as-of", a.AsOf.Time)
		if !a.InWork {
			f.Set("in-work", "no")
			setDay(f, "left", a.LeftOn.Time)
		}
		f.Set("hours", hours(a.WeeklyMinutes))
		if a.PayPence > 0 {
			f.Set("pay", plain(a.PayPence))
			f.Set("per", string(a.PayPer))
		}
		f.Set("evidence", string(a.Evidence))
		f.Set("words", a.Words)
	}
	return c.showAsk(f, l), nil
}

func (c Checks) showAsk(f *form.Form, l look) web.Answer {
	if !l.may() && f.OK() {
		return web.Go(outcomePath(l.Id)) // which says how it stands
	}
	return web.Show(component.LayoutProps{
		Title: "Still in work after " + strconv.Itoa(l.check.Weeks) + " weeks?", Errors: f.Errors(), Before: component.BackLink("Back", outcomePath(l.Id)),
	}, answerCheck(f, l))
}

// answerFields are the fields of an answer, as the contract calls them. The day of
// which it is known is asked of a coach alone: a jobseeker answers for the day.
func answerFields(asOf string) form.Names {
	return form.Names{
		"/in_work": "in-work", "/as_of": asOf, "/left_on": "left", "/weekly_minutes": "hours", "/pay_pence": "pay", "/pay_per": "per",
		"/evidence": "evidence", "/words": "words", "/why": "why",
	}
}

// answerIn reads whether somebody is still in work. Of the two days the last one
// counts of who left, and the other of who did not.
func answerIn(f *form.Form, question string) outcomes.Answer {
	a := outcomes.Answer{InWork: f.Choice("in-work", question, "yes", "no") == "yes"}
	switch {
	case f.Error("in-work") != "":
	case !a.InWork:
		a.LeftOn = openapi.Date{Time: f.Day("left", "The last day")}
	case f.Value("as-of-day")+f.Value("as-of-month")+f.Value("as-of-year") != "":
		a.AsOf = openapi.Date{Time: f.Day("as-of", "The day on which they were still there")}
	}
	a.WeeklyMinutes = hoursIn(f)
	a.PayPence, a.PayPer = payIn(f)
	a.Words = f.Text("words")
	f.AtMost("words", 2000, "The note")
	return a
}

func (c Checks) record(r *http.Request) (web.Answer, error) {
	outcome, f, version, err := editIn(r)
	if err != nil {
		return nil, err
	}
	id, err := idIn(r, "check")
	if err != nil {
		return nil, err
	}
	a := answerIn(f, "Choose whether they are still in this work.")
	a.Evidence = outcomes.Evidence(f.Choice("evidence", "Choose how this is known.", string(outcomes.EvidenceSaid), string(outcomes.EvidenceEmployerMessage), string(outcomes.EvidencePayslip), string(outcomes.EvidenceHmrc)))
	correction := f.Value("correction") != ""
	if correction {
		f.Required("why", "Say why the answer is put right.")
		f.AtMost("why", 1000, "The reason")
	}
	if f.OK() {
		if correction {
			_, err = c.Outcomes.CorrectCheckWithResponse(r.Context(), id, &outcomes.CorrectCheckParams{IfMatch: etag.Version(version)}, outcomes.AnswerCorrection{
				InWork: a.InWork, AsOf: a.AsOf, LeftOn: a.LeftOn, WeeklyMinutes: a.WeeklyMinutes, PayPence: a.PayPence, PayPer: a.PayPer, Evidence: a.Evidence, Words: a.Words, Why: f.Text("why"),
			})
		} else {
			_, err = c.Outcomes.RecordCheckWithResponse(r.Context(), id, &outcomes.RecordCheckParams{IfMatch: etag.Version(version)}, a)
		}
		if err := f.Fail(err, answerFields("as-of")); err != nil {
			return nil, err
		}
		if f.OK() {
			return web.Go(outcomePath(outcome)).Saying("The answer is recorded."), nil
		}
	}
	l, err := c.checkIn(r)
	if err != nil {
		return nil, err
	}
	readAt(f, l.Version)
	return c.showAsk(f, l), nil
}
