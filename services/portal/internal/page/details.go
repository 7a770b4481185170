package page

import (
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/google/uuid"

	"github.com/instead-support/instead/api/etag"
	"github.com/instead-support/instead/api/needs"
	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/portal/internal/component"
	"github.com/instead-support/instead/services/portal/internal/form"
	"github.com/instead-support/instead/services/portal/internal/web"
)

// Details is who a jobseeker is and how to reach them: added once, corrected
// whenever something was wrong.
type Details struct{ Deps }

// Register implements web.Page.
func (d Details) Register(g *web.Group) {
	g.Get("/jobseekers/new", d.blank, identity.Coach)
	g.Post("/jobseekers/new", d.add, identity.Coach)
	g.Get("/jobseekers/:id/details", d.ask, identity.Coach)
	g.Post("/jobseekers/:id/details", d.correct, identity.Coach)
}

// errUnreadable is for a form that only a program could have sent.
var errUnreadable = fault.New(fault.Invalid, "We could not read what your browser sent.")

// detailNames are the fields of a jobseeker, in the order of the page.
var detailNames = form.Names{
	"/name": "name", "/known_as": "known-as", "/area": "area", "/postcode": "postcode", "/phone": "phone", "/email": "email",
}

func (d Details) blank(r *http.Request) (web.Answer, error) {
	me, err := identity.From(r.Context())
	if err != nil {
		return nil, err
	}
	return showAdd(form.New(nil), me), nil
}

func showAdd(f *form.Form, me identity.Person) web.Answer {
	return web.Show(component.LayoutProps{
		Title: "Add a jobseeker", Errors: f.Errors(), Before: component.BackLink("Jobseekers", "/jobseekers"),
	}, addJobseeker(f, me.Areas))
}

// add shows what was typed to be checked, and adds them once that is confirmed.
// When they may be here already, it shows who they may be first.
func (d Details) add(r *http.Request) (web.Answer, error) {
	me, err := identity.From(r.Context())
	if err != nil {
		return nil, err
	}
	f := form.New(r.PostForm)
	step := f.Value("step")
	f.Required("name", "Enter the jobseeker’s name.")
	body := needs.NewJobseeker{
		Name: f.Text("name"), KnownAs: f.Text("known-as"), Area: area(f, me), Postcode: f.Text("postcode"), Phone: f.Text("phone"), Email: f.Text("email"),
		DifferentPerson: step == "different",
	}
	if !f.OK() || step == "change" {
		return showAdd(f, me), nil
	}
	if step == "" {
		return showCheckDetails(f), nil
	}
	added, err := d.Needs.AddJobseekerWithResponse(r.Context(), &needs.AddJobseekerParams{}, body)
	if who := candidates(err); len(who) > 0 {
		return web.Show(component.LayoutProps{Title: "They may be here already"}, mayBeHere(f, who)), nil
	}
	if err := f.Fail(err, detailNames); err != nil {
		return nil, err
	}
	if !f.OK() {
		return showAdd(f, me), nil
	}
	return web.Go(jobseekerPath(added.JSON201.Id)).Saying("You added " + called(added.JSON201) + "."), nil
}

// area is the area chosen, or the only one there is to choose.
func area(f *form.Form, me identity.Person) string {
	if len(me.Areas) == 1 {
		return me.Areas[0]
	}
	return f.Choice("area", "Choose the area they live in.", me.Areas...)
}

func showCheckDetails(f *form.Form) web.Answer {
	return web.Show(component.LayoutProps{Title: "Check before you add them", Errors: f.Errors()}, checkDetails(f))
}

// candidates is who somebody may already be, if that is why they were not added.
func candidates(err error) []needs.JobseekerSummary {
	if !fault.Is(err, fault.Conflict) {
		return nil
	}
	// The fault carries the problem document's own member, as JSON left it.
	raw, err := json.Marshal(fault.As(err).Extra["candidates"])
	if err != nil {
		return nil
	}
	var who []needs.JobseekerSummary
	if json.Unmarshal(raw, &who) != nil {
		return nil
	}
	return who
}

func (d Details) ask(r *http.Request) (web.Answer, error) {
	j, mine, err := d.jobseeker(r)
	if err != nil {
		return nil, err
	}
	if !mine {
		return web.Go(jobseekerPath(j.Id)), nil
	}
	f := form.New(nil)
	for name, value := range map[string]string{
		"name": j.Name, "known-as": j.KnownAs, "email": j.Email, "phone": j.Phone, "postcode": j.Postcode, "version": strconv.FormatInt(j.Version, 10),
	} {
		f.Set(name, value)
	}
	return showCorrect(f, j), nil
}

func showCorrect(f *form.Form, j *needs.Jobseeker) web.Answer {
	return web.Show(component.LayoutProps{
		Title: "Correct " + whose(called(j)) + " details", Errors: f.Errors(), Before: component.BackLink("Back to "+called(j), jobseekerPath(j.Id)),
	}, correctDetails(f, j))
}

func (d Details) correct(r *http.Request) (web.Answer, error) {
	id, f, version, err := editIn(r)
	if err != nil {
		return nil, err
	}
	f.Required("name", "Enter the jobseeker’s name.")
	change := needs.JobseekerChange{
		Name: f.Text("name"), KnownAs: f.Text("known-as"), Postcode: f.Text("postcode"), Phone: f.Text("phone"), Email: f.Text("email"),
	}
	if f.OK() {
		_, err := d.Needs.ChangeJobseekerWithResponse(r.Context(), id, &needs.ChangeJobseekerParams{IfMatch: etag.Version(version)}, change)
		if err := f.Fail(err, detailNames); err != nil {
			return nil, err
		}
		if f.OK() {
			return web.Go(jobseekerPath(id)).Saying("Their details are saved."), nil
		}
	}
	j, _, err := d.jobseeker(r)
	if err != nil {
		return nil, err
	}
	if j.Version != version { // then saving again is about what they can now see
		f.Set("version", strconv.FormatInt(j.Version, 10))
		f.Set(theirs, "yes")
	}
	return showCorrect(f, j), nil
}

// editIn is what every form that changes something sends: of which thing, what was
// typed, and which version of it was shown.
func editIn(r *http.Request) (id uuid.UUID, f *form.Form, version int64, err error) {
	if id, err = idIn(r, "id"); err != nil {
		return id, nil, 0, err
	}
	f = form.New(r.PostForm)
	version, err = versionIn(f)
	return id, f, version, err
}

// versionIn is the version of what the form's page showed.
func versionIn(f *form.Form) (int64, error) {
	version, err := strconv.ParseInt(f.Value("version"), 10, 64)
	if err != nil || version < 0 {
		return 0, errUnreadable
	}
	return version, nil
}
