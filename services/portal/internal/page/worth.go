package page

import (
	"net/http"

	"github.com/instead-support/instead/api/reporting"
	"github.com/instead-support/instead/services/portal/internal/component"
	"github.com/instead-support/instead/services/portal/internal/web"
)

// Worth is what stayed in the local economy, and what outcomes are held to be
// worth, with everything that this rests on.
type Worth struct{ Deps }

// Register implements web.Page.
func (p Worth) Register(g *web.Group) { g.Get(worthView.path, p.show, bookReaders...) }

func (p Worth) show(r *http.Request) (web.Answer, error) {
	s, err := p.scopeOf(r)
	if err != nil {
		return nil, err
	}
	value, err := p.Reporting.ReadValueWithResponse(r.Context(), &reporting.ReadValueParams{Area: s.inAreas(), From: s.first(), To: s.last()})
	if err != nil {
		return nil, err
	}
	proxies, err := p.Reporting.ListProxiesWithResponse(r.Context())
	if err != nil {
		return nil, err
	}
	layout := component.LayoutProps{Title: worthView.title, Before: component.BackLink(overviewView.title, s.at(overviewView.path)), Wide: true}
	return web.Show(layout, worth(s, value.JSON200, proxies.JSON200.Items)), nil
}
