package page

import (
	"net/http"
	"net/url"
	"slices"

	"github.com/instead-support/instead/api/reporting"
	"github.com/instead-support/instead/services/portal/internal/chart"
	"github.com/instead-support/instead/services/portal/internal/component"
	"github.com/instead-support/instead/services/portal/internal/web"
)

// Spend is what the money was spent on, broken down.
type Spend struct{ Deps }

// Register implements web.Page.
func (p Spend) Register(g *web.Group) { g.Get(spendView.path, p.show, bookReaders...) }

// spendBys are what spend can be broken down by.
var spendBys = []reporting.By{
	reporting.ByMonth, reporting.ByArea, reporting.ByFund, reporting.ByCategory, reporting.ByNeed, reporting.ByCoach, reporting.BySupplier, reporting.ByCourse,
}

// rowsAPage is how many rows a breakdown shows at once, and barsAChart how many of
// them are drawn.
const rowsAPage, barsAChart = 25, 10

// one is what an address chose of a few, or the first.
func one[T ~string](chosen string, of []T) T {
	if i := slices.Index(of, T(chosen)); i >= 0 {
		return of[i]
	}
	return of[0]
}

// breakdown is a page of rows with what they are called.
type breakdown struct {
	scope
	by    reporting.By
	sort  reporting.Measure
	found *reporting.TotalPage
	was   *reporting.Measures // what it all comes to in what it stands beside
	names map[string]string
	chart drawn
}

func (p Spend) show(r *http.Request) (web.Answer, error) {
	s, err := p.scopeOf(r)
	if err != nil {
		return nil, err
	}
	b := breakdown{scope: s, by: one(r.URL.Query().Get("by"), spendBys)}
	b.sort = one(r.URL.Query().Get("sort"), measuresBy(b.by))
	if b.found, err = p.totals(r, s, b.by, b.sort, pageOf(r), rowsAPage); err != nil {
		return nil, err
	}
	if other, ok := s.other(); ok {
		was, err := p.totals(r, other, b.by, b.sort, 1, 1)
		if err != nil {
			return nil, err
		}
		b.was = &was.Sum
	}
	keys := make([]string, len(b.found.Items))
	for i, t := range b.found.Items {
		keys[i] = t.Key
	}
	if b.names, err = p.namesOf(r.Context(), b.by, keys); err != nil {
		return nil, err
	}
	if b.by == reporting.ByMonth {
		c, err := p.byMonth(r, s, b.sort)
		if err != nil {
			return nil, err
		}
		b.chart = c
	} else {
		b.chart = b.bars()
	}
	title := titled(spendView.title, b.found.Page, b.found.Size, b.found.Total)
	return web.Show(component.LayoutProps{Title: title, Before: component.BackLink(overviewView.title, s.at(overviewView.path)), Wide: true}, spend(b)), nil
}

func (d Deps) totals(r *http.Request, s scope, by reporting.By, sort reporting.Measure, page, size int) (*reporting.TotalPage, error) {
	params := &reporting.ListTotalsParams{By: by, Area: s.inAreas(), Fund: s.ofFund(), From: s.first(), To: s.last(), Page: &page, Size: &size}
	if by != reporting.ByMonth {
		params.Sort = &sort
	}
	resp, err := d.Reporting.ListTotalsWithResponse(r.Context(), params)
	if err != nil {
		return nil, err
	}
	return resp.JSON200, nil
}

// bars are the largest rows of the page.
func (b breakdown) bars() chart.Bars {
	m := measures[b.sort]
	c := chart.Bars{ID: "by", Title: m.title + ", by " + lowered(wordsFor(byWords, b.by)), Subject: m.subject, Unit: m.unit, Total: new(m.of(b.found.Sum))}
	for i, t := range b.found.Items {
		if i == barsAChart {
			break
		}
		bar := chart.Bar{Name: b.names[t.Key]}
		if t.Measures != nil {
			bar.Value, bar.Href = new(m.of(*t.Measures)), b.drill(b.by, t.Key, b.sort)
		}
		c.Rows = append(c.Rows, bar)
	}
	c.More = b.found.Total - len(c.Rows)
	if b.found.Page > 1 {
		c.Total = nil // the largest are on another page, and a share would mislead
	}
	return c
}

// query is the address of the page without which of its pages it is.
func (b breakdown) query() url.Values {
	q := b.scope.query()
	q.Set("by", string(b.by))
	if b.by != reporting.ByMonth {
		q.Set("sort", string(b.sort))
	}
	return q
}

// cell is one figure of the table.
func (b breakdown) cell(t reporting.Total, m reporting.Measure) component.Cell {
	if t.Measures == nil {
		return component.Cell{Text: "No data", Numeric: true}
	}
	n := measures[m].of(*t.Measures)
	href := ""
	if n != 0 {
		href = b.drill(b.by, t.Key, m)
	}
	return component.Cell{Content: drilled(measures[m].unit.Exact(n), href, b.names[t.Key]), Numeric: true}
}

// behindPath is where the requests behind a figure are listed.
const behindPath = "/figures/requests"

// Behind is the requests behind a figure.
type Behind struct{ Deps }

// Register implements web.Page.
func (p Behind) Register(g *web.Group) { g.Get(behindPath, p.list, bookReaders...) }

// requestsBehind are a page of the requests behind a figure.
type requestsBehind struct {
	scope
	by            reporting.By
	key, called   string
	measure       reporting.Measure
	found         *reporting.RequestPage
	funds, people map[string]string
	read          func(reporting.Share) string // where a request can be read, or ""
}

func (p Behind) list(r *http.Request) (web.Answer, error) {
	ctx, q := r.Context(), r.URL.Query()
	s, err := p.scopeOf(r)
	if err != nil {
		return nil, err
	}
	b := requestsBehind{scope: s, measure: one(q.Get("measure"), allMeasures)}
	params := &reporting.ListRequestsParams{Measure: b.measure, Area: s.inAreas(), Fund: s.ofFund(), From: s.first(), To: s.last(), Size: new(rowsAPage)}
	if by := reporting.By(q.Get("by")); slices.Contains(spendBys, by) {
		b.by, b.key = by, q.Get("key")
		params.By, params.Key = &b.by, &b.key
		names, err := p.namesOf(ctx, by, []string{b.key})
		if err != nil {
			return nil, err
		}
		b.called = names[b.key]
	}
	if after := q.Get("after"); after != "" {
		params.After = &after
	}
	resp, err := p.Reporting.ListRequestsWithResponse(ctx, params)
	if err != nil {
		return nil, err
	}
	b.found = resp.JSON200
	var funds, people []string
	for _, i := range b.found.Items {
		funds, people = append(funds, i.FundId.String()), append(people, i.CoachId.String())
	}
	if b.funds, err = p.namesOf(ctx, reporting.ByFund, unique(funds)); err != nil {
		return nil, err
	}
	if b.people, err = p.namesOf(ctx, reporting.ByCoach, unique(people)); err != nil {
		return nil, err
	}
	if b.read, err = whereRead(r); err != nil {
		return nil, err
	}
	return web.Show(component.LayoutProps{Title: b.title(), Before: component.BackLink(spendView.title, b.back()), Wide: true}, behind(b)), nil
}

func unique(all []string) []string { return slices.Compact(slices.Sorted(slices.Values(all))) }

func (b requestsBehind) title() string {
	return joined(", ", measures[b.measure].title, b.called)
}

// back is the breakdown that the figure is of.
func (b requestsBehind) back() string {
	if b.by == "" {
		return b.at(spendView.path)
	}
	return b.at(spendView.path, "by", string(b.by))
}

// query is the figure as an address carries it.
func (b requestsBehind) query() url.Values {
	q := b.scope.query()
	q.Set("measure", string(b.measure))
	if b.by != "" {
		q.Set("by", string(b.by))
		q.Set("key", b.key)
	}
	return q
}

// exportQuery is the same figure, to save its requests.
func (b requestsBehind) exportQuery() url.Values {
	q := b.query()
	q.Set("of", string(reporting.ExportRequests))
	return q
}

func (b requestsBehind) next() string {
	q := b.query()
	q.Set("after", b.found.Next)
	return behindPath + "?" + q.Encode()
}

// total is what the shares of all pages come to.
func (b requestsBehind) total() string { return measures[b.measure].unit.Exact(b.found.Sum) }
