package page

import (
	"net/http"
	"net/url"

	"github.com/instead-support/instead/api/reporting"
	"github.com/instead-support/instead/services/portal/internal/chart"
	"github.com/instead-support/instead/services/portal/internal/component"
	"github.com/instead-support/instead/services/portal/internal/web"
)

// Fairness is whether people fare alike, whatever they need, wherever they live
// and whoever their coach is.
type Fairness struct{ Deps }

// Register implements web.Page.
func (p Fairness) Register(g *web.Group) { g.Get(fairnessView.path, p.show, bookReaders...) }

var fairnessBys = []reporting.By{reporting.ByNeed, reporting.ByArea, reporting.ByCoach}

type fares struct {
	scope
	by    reporting.By
	found *reporting.EquityPage
	names map[string]string
}

func (p Fairness) show(r *http.Request) (web.Answer, error) {
	s, err := p.scopeOf(r)
	if err != nil {
		return nil, err
	}
	f := fares{scope: s, by: one(r.URL.Query().Get("by"), fairnessBys)}
	params := &reporting.ListEquityParams{By: f.by, Area: s.inAreas(), Fund: s.ofFund(), From: s.first(), To: s.last(), Page: new(pageOf(r)), Size: new(rowsAPage)}
	if f.by == reporting.ByArea {
		params.Elsewhere = new(true)
	}
	resp, err := p.Reporting.ListEquityWithResponse(r.Context(), params)
	if err != nil {
		return nil, err
	}
	f.found = resp.JSON200
	keys := make([]string, len(f.found.Items))
	for i, e := range f.found.Items {
		keys[i] = e.Key
	}
	if f.names, err = p.namesOf(r.Context(), f.by, keys); err != nil {
		return nil, err
	}
	title := titled(fairnessView.title, f.found.Page, f.found.Size, f.found.Total)
	return web.Show(component.LayoutProps{Title: title, Before: component.BackLink(overviewView.title, s.at(overviewView.path)), Wide: true}, fairness(f)), nil
}

// bars are the shares that were approved, in whole percent.
func (f fares) bars() chart.Bars {
	c := chart.Bars{ID: "approved", Title: "Approved, of every hundred decided, by " + lowered(wordsFor(byWords, f.by)), Subject: "The share approved, in percent,", Unit: chart.Count}
	for i, e := range f.found.Items {
		if i == barsAChart {
			break
		}
		bar := chart.Bar{Name: f.names[e.Key], Suppressed: e.Suppressed}
		if e.Approved != nil && e.Decided != nil && *e.Decided > 0 {
			bar.Value = new((*e.Approved*200 + *e.Decided) / (2 * *e.Decided))
		}
		c.Rows = append(c.Rows, bar)
	}
	c.More = f.found.Total - len(c.Rows)
	return c
}

func (f fares) query() url.Values {
	q := f.scope.query()
	q.Set("by", string(f.by))
	return q
}
