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

// Speed is how fast requests are decided.
type Speed struct{ Deps }

// Register implements web.Page.
func (p Speed) Register(g *web.Group) { g.Get(speedView.path, p.show, bookReaders...) }

var speedBys = []reporting.By{reporting.ByMonth, reporting.ByArea, reporting.ByCoach}

// turnaround is how fast requests were decided, with what each row is called.
type turnaround struct {
	scope
	by     reporting.By
	found  *reporting.DecisionPage
	was    *reporting.Decided
	names  map[string]string
	months chart.Months // by month only
}

func (p Speed) show(r *http.Request) (web.Answer, error) {
	s, err := p.scopeOf(r)
	if err != nil {
		return nil, err
	}
	d := turnaround{scope: s, by: one(r.URL.Query().Get("by"), speedBys)}
	if d.found, err = p.decisions(r, s, d.by); err != nil {
		return nil, err
	}
	var was []reporting.Decision
	if other, ok := s.other(); ok {
		o, err := p.decisions(r, other, d.by)
		if err != nil {
			return nil, err
		}
		d.was, was = &o.Sum, o.Items
	}
	keys := make([]string, len(d.found.Items))
	for i, one := range d.found.Items {
		keys[i] = one.Key
	}
	if d.names, err = p.namesOf(r.Context(), d.by, keys); err != nil {
		return nil, err
	}
	d.months = chart.Months{ID: "speed", Title: "Time to decide, by month", Subject: "The average time to decide", Unit: chart.Days, With: s.withWords(), Level: true, NotOver: s.notOver()}
	for i, one := range d.found.Items {
		m, err := time.Parse(monthForm, one.Key)
		if err != nil {
			break // by something else than months
		}
		point := chart.Point{Month: m, Value: meanDays(one.Decisions), Href: s.drill(reporting.ByMonth, one.Key, reporting.MeasureDecided)}
		if i < len(was) {
			point.Other = meanDays(was[i].Decisions)
		}
		d.months.Points = append(d.months.Points, point)
	}
	title := titled(speedView.title, d.found.Page, d.found.Size, d.found.Total)
	return web.Show(component.LayoutProps{Title: title, Before: component.BackLink(overviewView.title, s.at(overviewView.path)), Wide: true}, speed(d)), nil
}

func (p Speed) decisions(r *http.Request, s scope, by reporting.By) (*reporting.DecisionPage, error) {
	params := &reporting.ListDecisionsParams{By: by, Area: s.inAreas(), Fund: s.ofFund(), From: s.first(), To: s.last(), Page: new(pageOf(r)), Size: new(rowsAPage)}
	if by == reporting.ByMonth {
		params.Page, params.Size = new(1), new(mostMonths)
	}
	resp, err := p.Reporting.ListDecisionsWithResponse(r.Context(), params)
	if err != nil {
		return nil, err
	}
	return resp.JSON200, nil
}

// meanDays is the average time of some decisions, in tenths of a day.
func meanDays(d *reporting.Decided) *int64 {
	if d == nil {
		return nil
	}
	return mean(d.Days, d.Timed)
}

// bucketNames are how long decisions took, as reporting counts them.
var bucketNames = []string{"The same day", "1 working day", "2 working days", "3 to 5", "6 to 10", "11 to 20", "More than 20"}

// taken is how long decisions took, as bars.
func (d turnaround) taken() chart.Bars {
	c := chart.Bars{ID: "taken", Title: "How long decisions took", Subject: "The number decided", Unit: chart.Count, Total: &d.found.Sum.Timed}
	for i, n := range d.found.Sum.Buckets {
		if i < len(bucketNames) {
			c.Rows = append(c.Rows, chart.Bar{Name: bucketNames[i], Value: new(n)})
		}
	}
	return c
}

func (d turnaround) query() url.Values {
	q := d.scope.query()
	q.Set("by", string(d.by))
	return q
}
