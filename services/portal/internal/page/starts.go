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

// Starts is who got into work and stayed, what it cost, and how the two routes
// stand to each other.
type Starts struct{ Deps }

// Register implements web.Page.
func (p Starts) Register(g *web.Group) { g.Get(startsView.path, p.show, bookReaders...) }

var startBys = []reporting.By{reporting.ByMonth, reporting.ByArea, reporting.ByKind, reporting.ByRoute, reporting.ByOccupation}

type began struct {
	scope
	by     reporting.By
	found  *reporting.OutcomePage
	was    *reporting.Came
	routes *reporting.Routes
	names  map[string]string
	chart  drawn
}

func (p Starts) show(r *http.Request) (web.Answer, error) {
	s, err := p.scopeOf(r)
	if err != nil {
		return nil, err
	}
	b := began{scope: s, by: one(r.URL.Query().Get("by"), startBys)}
	if b.found, err = p.starts(r, s, b.by); err != nil {
		return nil, err
	}
	var was []reporting.Outcome
	if other, ok := s.other(); ok {
		o, err := p.starts(r, other, b.by)
		if err != nil {
			return nil, err
		}
		b.was, was = &o.Sum, o.Items
	}
	routes, err := p.Reporting.CompareRoutesWithResponse(r.Context(), &reporting.CompareRoutesParams{Area: s.inAreas(), From: s.first(), To: s.last()})
	if err != nil {
		return nil, err
	}
	b.routes = routes.JSON200
	keys := make([]string, len(b.found.Items))
	for i, one := range b.found.Items {
		keys[i] = one.Key
	}
	if b.names, err = p.namesOf(r.Context(), b.by, keys); err != nil {
		return nil, err
	}
	if b.by == reporting.ByMonth {
		b.chart = b.months(was)
	} else {
		b.chart = b.bars()
	}
	title := titled(startsView.title, b.found.Page, b.found.Size, b.found.Total)
	return web.Show(component.LayoutProps{Title: title, Before: component.BackLink(overviewView.title, s.at(overviewView.path)), Wide: true}, starts(b)), nil
}

func (p Starts) starts(r *http.Request, s scope, by reporting.By) (*reporting.OutcomePage, error) {
	params := &reporting.ListOutcomesParams{By: by, Area: s.inAreas(), From: s.first(), To: s.last(), Page: new(pageOf(r)), Size: new(rowsAPage)}
	if by == reporting.ByMonth {
		params.Page, params.Size = new(1), new(mostMonths)
	}
	resp, err := p.Reporting.ListOutcomesWithResponse(r.Context(), params)
	if err != nil {
		return nil, err
	}
	return resp.JSON200, nil
}

func startsIn(c *reporting.Came) *int64 {
	if c == nil {
		return nil
	}
	return &c.Starts
}

const startsSubject = "The number who got into work"

func (b began) months(was []reporting.Outcome) chart.Months {
	c := chart.Months{ID: "starts", Title: "Got into work, by month", Subject: startsSubject, Unit: chart.Count, With: b.withWords(), NotOver: b.notOver()}
	for i, one := range b.found.Items {
		m, _ := time.Parse(monthForm, one.Key)
		p := chart.Point{Month: m, Value: startsIn(one.Outcomes)}
		if i < len(was) {
			p.Other = startsIn(was[i].Outcomes)
		}
		c.Points = append(c.Points, p)
	}
	return c
}

func (b began) bars() chart.Bars {
	c := chart.Bars{ID: "starts", Title: "Got into work, by " + lowered(wordsFor(byWords, b.by)), Subject: startsSubject, Unit: chart.Count, Total: &b.found.Sum.Starts}
	for i, one := range b.found.Items {
		if i == barsAChart {
			break
		}
		c.Rows = append(c.Rows, chart.Bar{Name: b.names[one.Key], Value: startsIn(one.Outcomes)})
	}
	c.More = b.found.Total - len(c.Rows)
	return c
}

// intervals sets the two routes beside each other, by starts or by those that lasted.
func (b began) intervals(id, title, of string, n func(reporting.RouteSide) (int64, *reporting.Interval), difference *reporting.Interval) chart.Intervals {
	c := chart.Intervals{ID: id, Title: title, Of: of, Difference: rangeOf(difference)}
	for _, side := range []struct {
		name string
		reporting.RouteSide
	}{{"With something else than a course", b.routes.Instead}, {"On the standard course", b.routes.Course}} {
		did, share := n(side.RouteSide)
		c.Rows = append(c.Rows, chart.Interval{Name: side.name, N: int(did), People: int(side.Allowances), Share: rangeOf(share)})
	}
	return c
}

func rangeOf(i *reporting.Interval) *chart.Range {
	if i == nil {
		return nil
	}
	return &chart.Range{Is: i.Share, Low: i.Low, High: i.High}
}

func (b began) started() chart.Intervals {
	return b.intervals("started", "The two routes: who got into work", "got into work",
		func(s reporting.RouteSide) (int64, *reporting.Interval) { return s.Started, s.StartedShare }, b.routes.StartedDifference)
}

func (b began) stayed() chart.Intervals {
	return b.intervals("stayed", "The two routes: who stayed in work", "stayed in work",
		func(s reporting.RouteSide) (int64, *reporting.Interval) { return s.Sustained, s.SustainedShare }, b.routes.SustainedDifference)
}

func (b began) query() url.Values {
	q := b.scope.query()
	q.Set("by", string(b.by))
	return q
}
