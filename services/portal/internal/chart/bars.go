package chart

import (
	"github.com/instead-support/instead/services/portal/internal/component"
)

// Bars compares one measure between things, one bar a thing, in the order given.
type Bars struct {
	ID      string
	Title   string
	Subject string // what is measured, as a sentence begins: "What was paid"
	Unit    Unit
	Rows    []Bar
	Total   *int64 // of all there is, drawn or not; nil where a sum means nothing
	More    int    // how many there are that are not drawn
}

// Bar is one thing.
type Bar struct {
	Name       string
	Value      *int64
	Suppressed bool // it is about so few people that it would tell who they are
	Href       string
}

func (b Bar) words(u Unit) string {
	if b.Suppressed {
		return "Not shown"
	}
	return u.cell(b.Value)
}

// drawn is a bar as it is drawn: from zero, to the right of it or to the left.
type drawn struct {
	Bar
	words, class, x, width string
}

func (c Bars) drawn() []drawn {
	figures := make([]*int64, len(c.Rows))
	for i, r := range c.Rows {
		figures[i] = r.Value
	}
	s := newScale(1, figures...)
	at := func(n int64) float64 { return 1 - s.up(n) }
	all := make([]drawn, len(c.Rows))
	for i, r := range c.Rows {
		all[i] = drawn{Bar: r, words: r.words(c.Unit), class: "instead-chart__bar"}
		if r.Value == nil {
			continue
		}
		left, right := at(min(*r.Value, 0)), at(max(*r.Value, 0))
		if *r.Value < 0 {
			all[i].class += " instead-chart__bar--below"
		}
		all[i].x, all[i].width = percent(left), percent(right-left)
	}
	return all
}

func (c Bars) table() component.TableProps {
	t := component.TableProps{Caption: c.Title, CaptionSize: component.Small, FirstCellIsHeader: true, Scroll: true,
		Head: []component.Cell{{Text: "Which"}, {Text: c.Subject, Numeric: true}}}
	for _, r := range c.Rows {
		t.Rows = append(t.Rows, []component.Cell{{Text: r.Name}, {Content: linked(r.words(c.Unit), r.Href, "of "+r.Name), Numeric: true}})
	}
	if c.Total != nil && len(c.Rows) > 1 {
		t.Rows = append(t.Rows, []component.Cell{{Text: "All"}, {Text: c.Unit.Exact(*c.Total), Numeric: true}})
	}
	return t
}
