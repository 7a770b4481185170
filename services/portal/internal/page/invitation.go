package page

import (
	"net/http"
	"strings"
	"time"

	"github.com/instead-support/instead/api/needs"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/portal/internal/component"
	"github.com/instead-support/instead/services/portal/internal/form"
	"github.com/instead-support/instead/services/portal/internal/web"
)

// Invitation gives a coach a code with which a jobseeker sees their own record
// online. The code is known to nobody once the page that shows it is closed.
type Invitation struct{ Deps }

// Register implements web.Page.
func (i Invitation) Register(g *web.Group) {
	g.Get("/jobseekers/:id/invitation", i.ask, identity.Coach)
	g.Post("/jobseekers/:id/invitation", i.invite, identity.Coach)
	g.Get("/jobseekers/:id/invitation/code", i.show, identity.Coach)
}

func (i Invitation) ask(r *http.Request) (web.Answer, error) {
	return i.showAsk(r, form.New(nil))
}

func (i Invitation) showAsk(r *http.Request, f *form.Form) (web.Answer, error) {
	j, mine, err := i.jobseeker(r)
	if err != nil {
		return nil, err
	}
	if !mine {
		return web.Go(jobseekerPath(j.Id)), nil
	}
	return web.Show(component.LayoutProps{
		Title: "Invite " + called(j) + " to see their support online", Errors: f.Errors(),
		Before: component.BackLink("Back to "+called(j), jobseekerPath(j.Id)),
	}, askInvitation(f, j)), nil
}

// invite makes a code and leads to a page that shows it, so that loading that
// page again does not make another code and void the one just written down.
func (i Invitation) invite(r *http.Request) (web.Answer, error) {
	id, err := idIn(r, "id")
	if err != nil {
		return nil, err
	}
	f := form.New(r.PostForm)
	resp, err := i.Needs.InviteJobseekerWithResponse(r.Context(), id, &needs.InviteJobseekerParams{})
	if err := f.Fail(err, nil); err != nil {
		return nil, err
	}
	if !f.OK() {
		return i.showAsk(r, f)
	}
	made := resp.JSON201
	sealed := web.Seal(r.Context(), made.Code+" "+made.ExpiresAt.Format(time.RFC3339))
	return web.Go(jobseekerPath(id) + "/invitation/code?code=" + sealed), nil
}

func (i Invitation) show(r *http.Request) (web.Answer, error) {
	j, _, err := i.jobseeker(r)
	if err != nil {
		return nil, err
	}
	made, ok := invitationIn(r)
	if !ok {
		return web.Go(jobseekerPath(j.Id) + "/invitation"), nil
	}
	return web.Show(component.LayoutProps{
		Title: "A code for " + called(j), Before: component.BackLink("Back to "+called(j), jobseekerPath(j.Id)),
	}, showInvitation(j, made, r.Host)), nil
}

// invitationIn is the code that the address carries for this browser alone.
func invitationIn(r *http.Request) (needs.Invitation, bool) {
	plain, ok := web.Unseal(r.Context(), r.URL.Query().Get("code"))
	code, until, found := strings.Cut(plain, " ")
	expires, err := time.Parse(time.RFC3339, until)
	return needs.Invitation{Code: code, ExpiresAt: expires}, ok && found && err == nil
}
