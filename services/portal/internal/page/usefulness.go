package page

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/instead-support/instead/api/outcomes"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/portal/internal/component"
	"github.com/instead-support/instead/services/portal/internal/form"
	"github.com/instead-support/instead/services/portal/internal/web"
)

// Usefulness is what people say of courses, counted, those that most find pointless
// first. What somebody said in their own words is not on it, nor anything that would
// tell of one person.
type Usefulness struct{ Deps }

// Register implements web.Page.
func (u Usefulness) Register(g *web.Group) {
	for _, role := range []identity.Role{identity.Manager, identity.Auditor} {
		g.Menu(role, "What helped", "/usefulness")
	}
	g.Get("/usefulness", u.list, identity.Manager, identity.Auditor)
}

// ratedAPage is how many courses a page shows, each with up to three tables.
const ratedAPage = 10

func (u Usefulness) list(r *http.Request) (web.Answer, error) {
	me, err := identity.From(r.Context())
	if err != nil {
		return nil, err
	}
	words := strings.TrimSpace(r.URL.Query().Get("q"))
	f := form.New(url.Values{"q": {words}})
	f.AtMost("q", 100, "What you look for")
	found := &outcomes.UsefulnessPage{Page: 1, Size: ratedAPage}
	if f.OK() {
		resp, err := u.Outcomes.ListUsefulnessWithResponse(r.Context(), &outcomes.ListUsefulnessParams{Q: &words, Page: new(pageOf(r)), Size: new(ratedAPage)})
		if err != nil {
			return nil, err
		}
		found = resp.JSON200
	}
	layout := component.LayoutProps{Title: titled("What helped", found.Page, found.Size, found.Total), Errors: f.Errors()}
	return web.Show(layout, usefulness(f, me.Areas, found)), nil
}
