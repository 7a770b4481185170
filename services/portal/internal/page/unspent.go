package page

import (
	"net/http"
	"net/url"

	"github.com/instead-support/instead/api/reporting"
	"github.com/instead-support/instead/services/portal/internal/component"
	"github.com/instead-support/instead/services/portal/internal/web"
)

// Unspent is what is left of budgets, and what was offered and never asked for.
type Unspent struct{ Deps }

// Register implements web.Page.
func (p Unspent) Register(g *web.Group) { g.Get(unspentView.path, p.show, bookReaders...) }

var unaskedBys = []reporting.By{reporting.ByArea, reporting.ByCoach, reporting.ByCourse, reporting.ByMonth}

type left struct {
	scope
	by      reporting.By
	budgets *reporting.BudgetPage
	unasked *reporting.UnaskedPage
	names   map[string]string // of what the unasked is broken down by
}

func (p Unspent) show(r *http.Request) (web.Answer, error) {
	s, err := p.scopeOf(r)
	if err != nil {
		return nil, err
	}
	l := left{scope: s, by: one(r.URL.Query().Get("by"), unaskedBys)}
	budgets, err := p.Reporting.ListUnderspendWithResponse(r.Context(), &reporting.ListUnderspendParams{
		Area: s.inAreas(), Fund: s.ofFund(), From: s.first(), To: s.last(), Size: new(mostMonths),
	})
	if err != nil {
		return nil, err
	}
	unasked, err := p.Reporting.ListUnaskedWithResponse(r.Context(), &reporting.ListUnaskedParams{
		By: l.by, Area: s.inAreas(), From: s.first(), To: s.last(), Page: new(pageOf(r)), Size: new(rowsAPage),
	})
	if err != nil {
		return nil, err
	}
	l.budgets, l.unasked = budgets.JSON200, unasked.JSON200
	keys := make([]string, len(l.unasked.Items))
	for i, u := range l.unasked.Items {
		keys[i] = u.Key
	}
	if l.names, err = p.namesOf(r.Context(), l.by, keys); err != nil {
		return nil, err
	}
	title := titled(unspentView.title, l.unasked.Page, l.unasked.Size, l.unasked.Total)
	return web.Show(component.LayoutProps{Title: title, Before: component.BackLink(overviewView.title, s.at(overviewView.path)), Wide: true}, unspent(l)), nil
}

func (l left) query() url.Values {
	q := l.scope.query()
	q.Set("by", string(l.by))
	return q
}
