package page

import (
	"context"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"

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

// Outcomes is how it went for somebody, as their coach records it: what began, what
// was put right about it since, and whether it lasted.
type Outcomes struct{ Deps }

// Register implements web.Page.
func (o Outcomes) Register(g *web.Group) {
	g.Get("/jobseekers/:id/outcomes/new", o.ask, identity.Coach)
	g.Post("/jobseekers/:id/outcomes/new", o.record, identity.Coach)
	g.Get("/outcomes/:id", o.read, identity.Coach)
	g.Get("/outcomes/:id/correct", o.askCorrection, identity.Coach)
	g.Post("/outcomes/:id/correct", o.correct, identity.Coach)
	g.Get("/outcomes/:id/strike", o.askStrike, identity.Coach)
	g.Post("/outcomes/:id/strike", o.strike, identity.Coach)
}

func outcomePath(id uuid.UUID) string { return "/outcomes/" + id.String() }

// wentFor are a jobseeker's outcomes, the latest start first.
func (d Deps) wentFor(ctx context.Context, jobseeker uuid.UUID) ([]outcomes.Outcome, error) {
	resp, err := d.Outcomes.ListOutcomesWithResponse(ctx, jobseeker)
	if err != nil {
		return nil, err
	}
	return resp.JSON200.Items, nil
}

// went is an outcome with whose it is.
type went struct {
	*outcomes.Outcome
	jobseeker  *needs.Jobseeker
	allowances []funding.Allowance // theirs
}

func (w went) may(v outcomes.Verb) bool { return slices.Contains(w.Can, v) }

// courses names the courses of the allowances with which it belongs.
func (w went) courses() string {
	var names []string
	for _, a := range w.allowances {
		if slices.Contains(w.AllowanceIds, a.Id) {
			names = append(names, a.CourseName)
		}
	}
	return listed(names)
}

// went is the outcome that the address names.
func (d Deps) went(r *http.Request) (went, error) {
	id, err := idIn(r, "id")
	if err != nil {
		return went{}, err
	}
	return d.wentIs(r.Context(), id)
}

func (d Deps) wentIs(ctx context.Context, id uuid.UUID) (went, error) {
	resp, err := d.Outcomes.ReadOutcomeWithResponse(ctx, id)
	if err != nil {
		return went{}, err
	}
	jobseeker, err := d.Needs.ReadJobseekerWithResponse(ctx, resp.JSON200.JobseekerId)
	if err != nil {
		return went{}, err
	}
	allowances, err := d.Funding.ListAllowancesWithResponse(ctx, &funding.ListAllowancesParams{JobseekerId: resp.JSON200.JobseekerId})
	if err != nil {
		return went{}, err
	}
	return went{resp.JSON200, jobseeker.JSON200, allowances.JSON200.Items}, nil
}

func (o Outcomes) ask(r *http.Request) (web.Answer, error) { return o.showNew(r, form.New(nil), nil) }

func (o Outcomes) showNew(r *http.Request, f *form.Form, found []outcomes.Occupation) (web.Answer, error) {
	j, mine, err := o.jobseeker(r)
	if err != nil {
		return nil, err
	}
	if !mine {
		return web.Go(jobseekerPath(j.Id)), nil // which says who can
	}
	allowances, err := o.Funding.ListAllowancesWithResponse(r.Context(), &funding.ListAllowancesParams{JobseekerId: j.Id})
	if err != nil {
		return nil, err
	}
	return web.Show(component.LayoutProps{
		Title: "Record a start", Errors: f.Errors(), Before: component.BackLink(j.Name, jobseekerPath(j.Id)),
	}, askStart(f, went{jobseeker: j, allowances: allowances.JSON200.Items}, found)), nil
}

// startFields are the fields of a start, as the contract calls them.
var startFields = form.Names{
	"/kind": "kind", "/route": "route", "/started_on": "started", "/employer": "employer", "/occupation": "occupation",
	"/weekly_minutes": "hours", "/pay_pence": "pay", "/pay_per": "per", "/allowance_ids": "allowances", "/why": "why",
}

func (o Outcomes) record(r *http.Request) (web.Answer, error) {
	id, err := idIn(r, "id")
	if err != nil {
		return nil, err
	}
	f := form.New(r.PostForm)
	start, found, err := o.startIn(r.Context(), f)
	if err != nil {
		return nil, err
	}
	if f.OK() {
		resp, err := o.Outcomes.RecordOutcomeWithResponse(r.Context(), id, &outcomes.RecordOutcomeParams{}, start)
		if err := f.Fail(err, startFields); err != nil {
			return nil, err
		}
		if f.OK() {
			return web.Go(outcomePath(resp.JSON201.Id)).Saying("It is recorded." + remindedOn(*resp.JSON201)), nil
		}
	}
	return o.showNew(r, f, found)
}

// remindedOn says on which days to come somebody is asked how it goes, of work.
func remindedOn(o outcomes.Outcome) string {
	var days []string
	for _, c := range o.Checks {
		if c.State == outcomes.Upcoming {
			days = append(days, component.Day(c.DueOn.Time))
		}
	}
	if len(days) == 0 {
		return ""
	}
	return " You will be reminded to ask how it goes on " + listed(days) + "."
}

// startIn reads a start. What is typed as an occupation may be a code or words: if
// several are meant, they are what is found, to choose from.
func (o Outcomes) startIn(ctx context.Context, f *form.Form) (start outcomes.Start, found []outcomes.Occupation, err error) {
	start.Kind = outcomes.Kind(f.Choice("kind", "Choose what began.", string(outcomes.Job), string(outcomes.SelfEmployment), string(outcomes.Training)))
	start.Route = outcomes.Route(f.Choice("route", "Choose whether they went on the standard course.", string(outcomes.Instead), string(outcomes.Course)))
	for _, v := range f.Values("allowances") {
		id, err := uuid.Parse(v)
		if err != nil {
			return start, nil, errUnreadable
		}
		start.AllowanceIds = append(start.AllowanceIds, id)
	}
	start.StartedOn = openapi.Date{Time: f.Day("started", "The first day")}
	start.Employer = f.Text("employer")
	f.Want(start.Kind != outcomes.Job || start.Employer != "", "employer", "Enter who employs them.")
	f.AtMost("employer", 200, "The name")
	if start.Kind != outcomes.Training {
		if start.Occupation, found, err = o.occupationIn(ctx, f); err != nil {
			return start, nil, err
		}
		start.WeeklyMinutes = hoursIn(f)
		start.PayPence, start.PayPer = payIn(f)
	}
	if start.Kind == outcomes.Job {
		f.Want(start.WeeklyMinutes > 0, "hours", "Enter how many hours a week they work.")
		f.Want(start.PayPence > 0, "pay", "Enter what they are paid, before tax.")
	}
	return start, found, nil
}

// mostOffered is of how many occupations one is chosen from; of more, somebody had
// better say a little more.
const mostOffered = 12

func (o Outcomes) occupationIn(ctx context.Context, f *form.Form) (string, []outcomes.Occupation, error) {
	words := f.Required("occupation", "Enter what work it is, such as chef or van driver.")
	if words == "" {
		return "", nil, nil
	}
	if code := f.Text("code"); code != "" && f.Value("code-for") == words {
		return code, nil, nil
	}
	code, _, _ := strings.Cut(words, " ")
	if _, err := strconv.Atoi(code); err == nil && len(code) == 4 {
		words = code
	}
	resp, err := o.Outcomes.SearchOccupationsWithResponse(ctx, &outcomes.SearchOccupationsParams{Q: &words, Size: new(mostOffered)})
	if err != nil {
		return "", nil, err
	}
	found := resp.JSON200
	switch {
	case found.Total == 1:
		return found.Items[0].Code, nil, nil
	case found.Total == 0:
		f.Want(false, "occupation", "No occupation is called that. Try one word, such as “chef”, “driver” or “care”.")
	case found.Total > mostOffered:
		f.Want(false, "occupation", "More than "+strconv.Itoa(mostOffered)+" occupations match. Add another word, or choose from the first of them.")
	default:
		f.Want(false, "occupation", "Choose which of these it is.")
	}
	return "", found.Items, nil
}

// hoursIn reads hours a week, such as 37.5, as minutes. Nothing is 0.
func hoursIn(f *form.Form) int {
	typed := f.Text("hours")
	if typed == "" {
		return 0
	}
	hours, err := strconv.ParseFloat(typed, 64)
	f.Want(err == nil && hours > 0 && hours <= 100, "hours", "The hours must be a number between 0 and 100, like 16 or 37.5.")
	if !f.OK() && f.Error("hours") != "" {
		return 0
	}
	return int(math.Round(hours * 60))
}

// payIn reads what somebody is paid, and for what. Nothing is nothing.
func payIn(f *form.Form) (int64, outcomes.PayPer) {
	per := f.Text("per")
	if f.Text("pay") == "" {
		return 0, ""
	}
	pence := f.Money("pay")
	f.Want(slices.ContainsFunc(pers, func(o component.Option) bool { return o.Value == per }), "per", "Choose what the pay is for.")
	return int64(pence), outcomes.PayPer(per)
}

func (o Outcomes) read(r *http.Request) (web.Answer, error) {
	w, err := o.went(r)
	if err != nil {
		return nil, err
	}
	rules, err := o.Outcomes.ListDefinitionsWithResponse(r.Context())
	if err != nil {
		return nil, err
	}
	layout := component.LayoutProps{Title: begun(*w.Outcome), Before: component.BackLink(w.jobseeker.Name, jobseekerPath(w.JobseekerId))}
	return web.Show(layout, showOutcome(w, rules.JSON200)), nil
}

func (o Outcomes) askCorrection(r *http.Request) (web.Answer, error) {
	w, err := o.went(r)
	if err != nil {
		return nil, err
	}
	f := form.New(nil)
	readAt(f, w.Version)
	f.Set("kind", string(w.Kind))
	f.Set("route", string(w.Route))
	setDay(f, "started", w.StartedOn.Time)
	f.Set("employer", w.Employer)
	f.Set("occupation", strings.TrimSpace(w.Occupation.Code+" "+w.Occupation.Title))
	f.Set("hours", hours(w.WeeklyMinutes))
	if w.PayPence > 0 {
		f.Set("pay", plain(w.PayPence))
		f.Set("per", string(w.PayPer))
	}
	return o.showCorrection(f, w, w.AllowanceIds, nil), nil
}

func (o Outcomes) showCorrection(f *form.Form, w went, belongs []uuid.UUID, found []outcomes.Occupation) web.Answer {
	if !w.may(outcomes.VerbCorrect) && f.OK() {
		return web.Go(outcomePath(w.Id)) // which says how it stands
	}
	return web.Show(component.LayoutProps{
		Title: "Correct this", Errors: f.Errors(), Before: component.BackLink("Back", outcomePath(w.Id)),
	}, correctStart(f, w, belongs, found))
}

func (o Outcomes) correct(r *http.Request) (web.Answer, error) {
	id, f, version, err := editIn(r)
	if err != nil {
		return nil, err
	}
	start, found, err := o.startIn(r.Context(), f)
	if err != nil {
		return nil, err
	}
	why := f.Required("why", "Say why it is put right.")
	f.AtMost("why", 1000, "The reason")
	if f.OK() {
		_, err := o.Outcomes.CorrectOutcomeWithResponse(r.Context(), id, &outcomes.CorrectOutcomeParams{IfMatch: etag.Version(version)}, outcomes.StartCorrection{
			Kind: start.Kind, Route: start.Route, StartedOn: start.StartedOn, WeeklyMinutes: start.WeeklyMinutes, PayPence: start.PayPence, PayPer: start.PayPer,
			Employer: start.Employer, Occupation: start.Occupation, AllowanceIds: start.AllowanceIds, Why: why,
		})
		if err := f.Fail(err, startFields); err != nil {
			return nil, err
		}
		if f.OK() {
			return web.Go(outcomePath(id)).Saying("It is put right. What it said before is kept in the history."), nil
		}
	}
	w, err := o.went(r)
	if err != nil {
		return nil, err
	}
	readAt(f, w.Version)
	return o.showCorrection(f, w, start.AllowanceIds, found), nil
}

func (o Outcomes) askStrike(r *http.Request) (web.Answer, error) {
	w, err := o.went(r)
	if err != nil {
		return nil, err
	}
	f := form.New(nil)
	readAt(f, w.Version)
	return o.showStrike(f, w), nil
}

func (o Outcomes) showStrike(f *form.Form, w went) web.Answer {
	if !w.may(outcomes.VerbStrike) && f.OK() {
		return web.Go(outcomePath(w.Id))
	}
	return web.Show(component.LayoutProps{
		Title: "Say that this never happened?", Errors: f.Errors(), Before: component.BackLink("Back", outcomePath(w.Id)),
	}, strikeOutcome(f, w))
}

func (o Outcomes) strike(r *http.Request) (web.Answer, error) {
	id, f, version, err := editIn(r)
	if err != nil {
		return nil, err
	}
	why := f.Required("why", "Say why it was recorded though it never happened.")
	f.AtMost("why", 1000, "The reason")
	if f.OK() {
		_, err := o.Outcomes.StrikeOutcomeWithResponse(r.Context(), id, &outcomes.StrikeOutcomeParams{IfMatch: etag.Version(version)}, outcomes.StrikeOutcomeJSONRequestBody{Why: why})
		if fault.Is(err, fault.Conflict) {
			return web.Go(outcomePath(id)), nil // which says how it stands
		}
		if err := f.Fail(err, startFields); err != nil {
			return nil, err
		}
		if f.OK() {
			return web.Go(outcomePath(id)).Saying("It counts for nothing any more."), nil
		}
	}
	w, err := o.went(r)
	if err != nil {
		return nil, err
	}
	readAt(f, w.Version)
	return o.showStrike(f, w), nil
}

// readAt puts into a form which version of a thing its page shows.
func readAt(f *form.Form, version int64) { f.Set("version", strconv.FormatInt(version, 10)) }

// begun is an outcome in a few words.
func begun(o outcomes.Outcome) string {
	switch o.Kind {
	case outcomes.Training:
		if o.Route == outcomes.Course {
			return "Went on the standard course"
		}
		return joined(" at ", "Training", o.Employer)
	case outcomes.SelfEmployment:
		return joined(": ", "Self-employed", o.Occupation.Title)
	}
	return "Work at " + o.Employer
}

// hours is minutes a week as hours: "37.5".
func hours(minutes int) string {
	if minutes == 0 {
		return ""
	}
	return strconv.FormatFloat(math.Round(float64(minutes)/60*100)/100, 'f', -1, 64)
}

// plain is pence as somebody types them.
func plain(pence int64) string { return strings.NewReplacer("£", "", ",", "").Replace(pounds(pence)) }

// dueNow is the first check of somebody that waits for its answer today.
func dueNow(all []outcomes.Outcome) (outcomes.Outcome, outcomes.Check, bool) {
	for _, o := range all {
		for _, c := range o.Checks {
			if c.State == outcomes.Due || c.State == outcomes.Overdue {
				return o, c, true
			}
		}
	}
	return outcomes.Outcome{}, outcomes.Check{}, false
}
