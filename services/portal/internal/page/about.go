package page

import (
	"net/http"

	"github.com/a-h/templ"

	"github.com/instead-support/instead/services/portal/internal/component"
	"github.com/instead-support/instead/services/portal/internal/web"
)

// About is what the footer leads to: accessibility, cookies and privacy.
type About struct{}

// Register implements web.Page.
func (About) Register(g *web.Group) {
	for _, p := range []struct {
		path, title string
		body        templ.Component
	}{
		{"/accessibility", "Accessibility", accessibility()},
		{"/cookies", "Cookies", cookies()},
		{"/privacy", "Privacy", privacy()},
	} {
		g.Open(p.path, func(*http.Request) (web.Answer, error) {
			return web.Show(component.LayoutProps{Title: p.title}, p.body), nil
		})
	}
}
