package page

import (
	"net/http"
	"net/url"

	"github.com/google/uuid"

	"github.com/instead-support/instead/api/needs"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/portal/internal/component"
	"github.com/instead-support/instead/services/portal/internal/form"
	"github.com/instead-support/instead/services/portal/internal/web"
)

// Caseload is the list of the people a coach supports, and of everyone else in
// their areas. A search is sent with POST and answered with an address in which
// the words are sealed: no name is ever part of an address.
type Caseload struct{ Deps }

// Register implements web.Page.
func (c Caseload) Register(g *web.Group) {
	g.Menu(identity.Coach, "Jobseekers", "/jobseekers")
	g.Get("/jobseekers", c.list, identity.Coach)
	g.Post("/jobseekers", c.search, identity.Coach)
}

const jobseekersAPage = 25

// everyone, as what to show, is all whom the coach may see.
const everyone = "area"

// filter is which jobseekers are listed, as an address carries it.
func filter(f *form.Form, sealed string) url.Values {
	q := url.Values{}
	if f.Text("show") == everyone {
		q.Set("show", everyone)
	}
	if f.Text("unassessed") != "" {
		q.Set("unassessed", "yes")
	}
	if sealed != "" {
		q.Set("search", sealed)
	}
	return q
}

func (c Caseload) search(r *http.Request) (web.Answer, error) {
	f := form.New(r.PostForm)
	f.AtMost("q", 100, "What you look for")
	if !f.OK() {
		return c.show(r, f, "")
	}
	address := "/jobseekers"
	if q := filter(f, web.Seal(r.Context(), f.Text("q"))); len(q) > 0 {
		address += "?" + q.Encode()
	}
	return web.Go(address), nil
}

// searched is the form of a search as an address carries it: these fields in plain
// words, and what is looked for under seal, which it returns as well.
func searched(r *http.Request, fields ...string) (f *form.Form, sealed string) {
	sent, plain := r.URL.Query(), url.Values{}
	for _, name := range fields {
		plain[name] = sent[name]
	}
	f, sealed = form.New(plain), sent.Get("search")
	if sealed != "" {
		q, ok := web.Unseal(r.Context(), sealed)
		f.WantWhole(ok, "This search was made before you last signed in. Search again.")
		f.Set("q", q)
	}
	return f, sealed
}

func (c Caseload) list(r *http.Request) (web.Answer, error) {
	f, sealed := searched(r, "show", "unassessed")
	return c.show(r, f, sealed)
}

func (c Caseload) show(r *http.Request, f *form.Form, sealed string) (web.Answer, error) {
	me, err := identity.From(r.Context())
	if err != nil {
		return nil, err
	}
	found := &needs.JobseekerPage{Page: 1, Size: jobseekersAPage}
	if f.OK() {
		params := &needs.ListJobseekersParams{
			Mine: new(f.Text("show") != everyone), Unassessed: new(f.Text("unassessed") != ""),
			Page: new(pageOf(r)), Size: new(jobseekersAPage),
		}
		if q := f.Text("q"); q != "" {
			params.Q = &q
		}
		resp, err := c.Needs.ListJobseekersWithResponse(r.Context(), params)
		if err != nil {
			return nil, err
		}
		found = resp.JSON200
	}
	layout := component.LayoutProps{Title: titled("Jobseekers", found.Page, found.Size, found.Total), Errors: f.Errors(), Wide: true}
	return web.Show(layout, caseload(f, me, found, filter(f, sealed))), nil
}

func jobseekerPath(id uuid.UUID) string { return "/jobseekers/" + id.String() }
