package page

import (
	"net/http"

	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/portal/internal/component"
	"github.com/instead-support/instead/services/portal/internal/web"
)

// Start is the first page: two ways in, or for somebody who is in, their home.
type Start struct{}

// Register implements web.Page.
func (Start) Register(g *web.Group) {
	g.Open("/", func(r *http.Request) (web.Answer, error) {
		p, err := identity.From(r.Context())
		if err != nil {
			return web.Show(component.LayoutProps{Title: "Get what you need to get into work"}, start()), nil
		}
		if home := g.HomeOf(p); home != "" {
			return web.Go(home), nil
		}
		return web.Show(component.LayoutProps{Title: "Nothing here for you yet"}, nothingYet(p)), nil
	})
}
