package page

import (
	"context"
	"net/http"
	"strings"

	"github.com/google/uuid"

	"github.com/instead-support/instead/api/needs"
	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/portal/internal/component"
	"github.com/instead-support/instead/services/portal/internal/form"
	"github.com/instead-support/instead/services/portal/internal/web"
)

// Welcome is a jobseeker's first visit: the code from their work coach shows
// which record is theirs.
type Welcome struct{ Deps }

// Register implements web.Page.
func (w Welcome) Register(g *web.Group) {
	g.Get("/welcome", w.ask, identity.Jobseeker)
	g.Post("/welcome", w.link, identity.Jobseeker)
}

// linked is which jobseeker's record is the caller's, if any is yet.
func (d Deps) linked(ctx context.Context) (uuid.UUID, error) {
	resp, err := d.Needs.ReadMeWithResponse(ctx)
	if err != nil {
		return uuid.Nil, err
	}
	return resp.JSON200.JobseekerId, nil
}

func (w Welcome) ask(r *http.Request) (web.Answer, error) {
	me, err := w.linked(r.Context())
	if err != nil {
		return nil, err
	}
	if me != uuid.Nil {
		return web.Go("/support"), nil
	}
	return showWelcome(form.New(nil)), nil
}

func showWelcome(f *form.Form) web.Answer {
	return web.Show(component.LayoutProps{Title: "Welcome", Errors: f.Errors()}, welcome(f))
}

func (w Welcome) link(r *http.Request) (web.Answer, error) {
	f := form.New(r.PostForm)
	code := f.Required("code", "Enter the code that your work coach gave you.")
	f.Want(len(code) <= 40, "code", "That is longer than a code. A code has 10 letters and numbers.")
	if f.OK() {
		_, err := w.Needs.AcceptInvitationWithResponse(r.Context(), &needs.AcceptInvitationParams{}, needs.AcceptInvitationJSONRequestBody{Code: code})
		switch problem := fault.As(err); {
		case err == nil:
			return web.Go("/support").Saying("You are in. This is your support."), nil
		case problem.Kind == fault.Conflict, problem.Kind == fault.Forbidden: // used, run out, or tried too often
			f.Want(false, "code", problem.Message)
		}
		if err := f.Fail(err, form.Names{"/code": "code"}); err != nil && f.OK() {
			return nil, err
		}
	}
	return showWelcome(f), nil
}

// first is what somebody is called by people who know them.
func first(name string) string {
	name, _, _ = strings.Cut(name, " ")
	return name
}
