package page

import (
	"net/http"

	"github.com/instead-support/instead/api/needs"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/portal/internal/component"
	"github.com/instead-support/instead/services/portal/internal/form"
	"github.com/instead-support/instead/services/portal/internal/web"
)

// Statement is where a coach takes down what a jobseeker says. Nobody can edit
// a statement, so it is read back to them before it is kept.
type Statement struct{ Deps }

// Register implements web.Page.
func (s Statement) Register(g *web.Group) {
	g.Get("/jobseekers/:id/statement", s.ask, identity.Coach)
	g.Post("/jobseekers/:id/statement", s.keep, identity.Coach)
}

const longestStatement = 4000

func (s Statement) ask(r *http.Request) (web.Answer, error) {
	return s.show(r, form.New(nil))
}

// show asks for the words or, with nothing wrong and words there, shows them to
// be read back.
func (s Statement) show(r *http.Request, f *form.Form) (web.Answer, error) {
	j, mine, err := s.jobseeker(r)
	if err != nil {
		return nil, err
	}
	if !mine {
		return web.Go(jobseekerPath(j.Id)), nil
	}
	layout := component.LayoutProps{
		Title: "What would get " + called(j) + " into work?", Errors: f.Errors(), Before: component.BackLink("Back to "+called(j), jobseekerPath(j.Id)),
	}
	if f.OK() && f.Value("step") == "read-back" {
		layout.Title = "Read this back to " + called(j)
		return web.Show(layout, readBack(f, j)), nil
	}
	return web.Show(layout, takeDown(f, j)), nil
}

func (s Statement) keep(r *http.Request) (web.Answer, error) {
	f := form.New(r.PostForm)
	words := f.Required("words", "Enter what they say would get them into work.")
	f.AtMost("words", longestStatement, "What they say")
	if !f.OK() || f.Value("step") != "keep" {
		return s.show(r, f)
	}
	id, err := idIn(r, "id")
	if err != nil {
		return nil, err
	}
	_, err = s.Needs.AddStatementWithResponse(r.Context(), id, &needs.AddStatementParams{}, needs.AddStatementJSONRequestBody{Words: words})
	if err := f.Fail(err, form.Names{"/words": "words"}); err != nil {
		return nil, err
	}
	if !f.OK() {
		return s.show(r, f)
	}
	return web.Go(jobseekerPath(id)).Saying("Their words are kept."), nil
}
