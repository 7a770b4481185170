package page

import (
	"net/http"
	"strconv"
	"time"

	"github.com/instead-support/instead/api/reporting"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/portal/internal/chart"
	"github.com/instead-support/instead/services/portal/internal/component"
	"github.com/instead-support/instead/services/portal/internal/web"
)

// Overview is what the money did, on one page: each figure leads to what is
// behind it.
type Overview struct{ Deps }

// Register implements web.Page.
func (o Overview) Register(g *web.Group) {
	for _, role := range bookReaders {
		g.Menu(role, overviewView.title, overviewView.path)
	}
	g.Get(overviewView.path, o.show, bookReaders...)
}

func (o Overview) show(r *http.Request) (web.Answer, error) {
	me, err := identity.From(r.Context())
	if err != nil {
		return nil, err
	}
	s, err := o.scopeOf(r)
	if err != nil {
		return nil, err
	}
	is, err := o.overview(r, s)
	if err != nil {
		return nil, err
	}
	var was *reporting.Overview
	other, compared := s.other()
	if compared {
		if was, err = o.overview(r, other); err != nil {
			return nil, err
		}
	}
	spent, err := o.byMonth(r, s, reporting.MeasureSpent)
	if err != nil {
		return nil, err
	}
	return web.Show(component.LayoutProps{Title: overviewView.title, Wide: true}, overview(s, is, was, spent, me)), nil
}

func (d Deps) overview(r *http.Request, s scope) (*reporting.Overview, error) {
	resp, err := d.Reporting.ReadOverviewWithResponse(r.Context(), &reporting.ReadOverviewParams{Area: s.inAreas(), Fund: s.ofFund(), From: s.first(), To: s.last()})
	if err != nil {
		return nil, err
	}
	return resp.JSON200, nil
}

// byMonth is one measure over the months, beside the other scope's if there is one.
func (d Deps) byMonth(r *http.Request, s scope, m reporting.Measure) (chart.Months, error) {
	c := chart.Months{ID: "by-month", Title: measures[m].title + ", by month", Subject: measures[m].subject, Unit: measures[m].unit, With: s.withWords(), NotOver: s.notOver()}
	is, err := d.monthTotals(r, s)
	if err != nil {
		return c, err
	}
	var was []reporting.Total
	if other, ok := s.other(); ok {
		if was, err = d.monthTotals(r, other); err != nil {
			return c, err
		}
	}
	for i := range s.months() {
		p := chart.Point{Month: s.from.AddDate(0, i, 0)}
		p.Value = measureOf(is, i, m)
		p.Other = measureOf(was, i, m)
		if p.Value != nil {
			key := p.Month.Format(monthForm)
			p.Href = s.drill(reporting.ByMonth, key, m)
		}
		c.Points = append(c.Points, p)
	}
	return c, nil
}

// measureOf is a measure of the ith month, or nil if nothing is known of it.
func measureOf(months []reporting.Total, i int, m reporting.Measure) *int64 {
	if i >= len(months) || months[i].Measures == nil {
		return nil
	}
	return new(measures[m].of(*months[i].Measures))
}

// mostMonths is how many months come at once: all that can be asked for.
const mostMonths = 200

func (d Deps) monthTotals(r *http.Request, s scope) ([]reporting.Total, error) {
	resp, err := d.Reporting.ListTotalsWithResponse(r.Context(), &reporting.ListTotalsParams{
		By: reporting.ByMonth, Area: s.inAreas(), Fund: s.ofFund(), From: s.first(), To: s.last(), Size: new(mostMonths),
	})
	if err != nil {
		return nil, err
	}
	return resp.JSON200.Items, nil
}

// drill is the address of the requests behind a figure.
func (s scope) drill(by reporting.By, key string, m reporting.Measure) string {
	s.with = ""
	if by == "" {
		return s.at(behindPath, "measure", string(m))
	}
	return s.at(behindPath, "by", string(by), "key", key, "measure", string(m))
}

// known reports whether anything is known of the time of an overview.
func known(o *reporting.Overview) bool { return o.Measures != nil }

// mean is an average in tenths, or nil of nothing.
func mean(sum, of int64) *int64 {
	if of == 0 {
		return nil
	}
	return new((sum*20 + of) / (2 * of))
}

// meanWords is an average number of working days.
func meanWords(days, timed int64) string {
	m := mean(days, timed)
	if m == nil {
		return "No data"
	}
	return chart.Days.Exact(*m)
}

// part is a share in whole percent, or words for none.
func part(of, whole int64) string {
	if whole <= 0 {
		return "No data"
	}
	switch percent := (of*200 + whole) / (2 * whole); {
	case percent == 0 && of > 0:
		return "Less than 1%"
	case percent == 100 && of < whole:
		return "More than 99%"
	default:
		return strconv.FormatInt(percent, 10) + "%"
	}
}

// poundsOrNone is an amount of which nothing may be known.
func poundsOrNone(pence *int64) string {
	if pence == nil {
		return "No data"
	}
	return pounds(*pence)
}

// yearsOf are the financial years that months lie in, in words.
func yearsOf(from, to time.Time) string {
	first, last := yearBegan(from).Year(), yearBegan(to).Year()
	if first == last {
		return yearWords(first)
	}
	return yearWords(first) + ", up to " + yearWords(last)
}
