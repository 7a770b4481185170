package page

import (
	"net/http"
	"net/url"
	"time"

	"github.com/instead-support/instead/api/reporting"
	"github.com/instead-support/instead/services/portal/internal/chart"
	"github.com/instead-support/instead/services/portal/internal/component"
	"github.com/instead-support/instead/services/portal/internal/web"
)

// Savings is what was saved against the courses replaced: as decided, and as it
// came out once all was paid.
type Savings struct{ Deps }

// Register implements web.Page.
func (p Savings) Register(g *web.Group) { g.Get(savingsView.path, p.show, bookReaders...) }

var savingBys = []reporting.By{reporting.ByMonth, reporting.ByArea, reporting.ByCoach, reporting.ByCourse}

type saved struct {
	scope
	by    reporting.By
	found *reporting.SavingPage
	was   *reporting.Saved
	names map[string]string
	chart drawn
}

func (p Savings) show(r *http.Request) (web.Answer, error) {
	s, err := p.scopeOf(r)
	if err != nil {
		return nil, err
	}
	v := saved{scope: s, by: one(r.URL.Query().Get("by"), savingBys)}
	if v.found, err = p.savings(r, s, v.by); err != nil {
		return nil, err
	}
	var was []reporting.Saving
	if other, ok := s.other(); ok {
		o, err := p.savings(r, other, v.by)
		if err != nil {
			return nil, err
		}
		v.was, was = &o.Sum, o.Items
	}
	keys := make([]string, len(v.found.Items))
	for i, one := range v.found.Items {
		keys[i] = one.Key
	}
	if v.names, err = p.namesOf(r.Context(), v.by, keys); err != nil {
		return nil, err
	}
	if v.by == reporting.ByMonth {
		v.chart = v.months(was)
	} else {
		v.chart = v.bars()
	}
	title := titled(savingsView.title, v.found.Page, v.found.Size, v.found.Total)
	return web.Show(component.LayoutProps{Title: title, Before: component.BackLink(overviewView.title, s.at(overviewView.path)), Wide: true}, savings(v)), nil
}

func (p Savings) savings(r *http.Request, s scope, by reporting.By) (*reporting.SavingPage, error) {
	params := &reporting.ListSavingsParams{By: by, Area: s.inAreas(), From: s.first(), To: s.last(), Page: new(pageOf(r)), Size: new(rowsAPage)}
	if by == reporting.ByMonth {
		params.Page, params.Size = new(1), new(mostMonths)
	}
	resp, err := p.Reporting.ListSavingsWithResponse(r.Context(), params)
	if err != nil {
		return nil, err
	}
	return resp.JSON200, nil
}

func savedPence(s *reporting.Saved) *int64 {
	if s == nil {
		return nil
	}
	return &s.SavedPence
}

const savedSubject = "What was saved, as decided,"

func (v saved) months(was []reporting.Saving) chart.Months {
	c := chart.Months{ID: "saved", Title: "Saved, by month", Subject: savedSubject, With: v.withWords(), NotOver: v.notOver()}
	for i, one := range v.found.Items {
		m, _ := time.Parse(monthForm, one.Key)
		p := chart.Point{Month: m, Value: savedPence(one.Saving)}
		if i < len(was) {
			p.Other = savedPence(was[i].Saving)
		}
		c.Points = append(c.Points, p)
	}
	return c
}

func (v saved) bars() chart.Bars {
	c := chart.Bars{ID: "saved", Title: "Saved, by " + lowered(wordsFor(byWords, v.by)), Subject: savedSubject, Total: &v.found.Sum.SavedPence}
	for i, one := range v.found.Items {
		if i == barsAChart {
			break
		}
		c.Rows = append(c.Rows, chart.Bar{Name: v.names[one.Key], Value: savedPence(one.Saving)})
	}
	c.More = v.found.Total - len(c.Rows)
	if v.found.Page > 1 {
		c.Total = nil
	}
	return c
}

func (v saved) query() url.Values {
	q := v.scope.query()
	q.Set("by", string(v.by))
	return q
}
