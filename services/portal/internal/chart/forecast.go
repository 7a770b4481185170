package chart

import (
	"strings"
	"time"

	"github.com/instead-support/instead/services/portal/internal/component"
)

// Forecast is how a sum grew through a year so far, how it is expected to go on,
// and the band that it is likely to stay in.
type Forecast struct {
	ID      string
	Title   string
	Subject string // "What was promised and paid"
	Unit    Unit
	Points  []Expected
	Limit   *int64 // what there is to spend
	Ends    string // the day on which the year ends: "31 March 2027"
}

// Expected is how the sum stands at the end of one month: as it was, or as it is
// expected to be. A forecast begins in the month of the last sum that is known, and
// is drawn straight to the next month of which anything is expected.
type Expected struct {
	Month           time.Time
	Known           *int64
	Value, Low, Top *int64
}

func (c Forecast) scale() scale {
	figures := []*int64{c.Limit}
	for _, p := range c.Points {
		figures = append(figures, p.Known, p.Value, p.Low, p.Top)
	}
	return newScale(plotHeight, figures...)
}

// line goes straight from each month of which there is a figure to the next.
func (c Forecast) line(of func(Expected) *int64) []segment {
	s, n := c.scale(), float64(len(c.Points))
	var all []segment
	from := -1
	for i, p := range c.Points {
		is := of(p)
		if is == nil {
			continue
		}
		if from >= 0 {
			was := of(c.Points[from])
			all = append(all, segment{percent((float64(from) + 0.5) / n), px(s.up(*was)), percent((float64(i) + 0.5) / n), px(s.up(*is))})
		}
		from = i
	}
	return all
}

// band is the outline of what is likely, in a box as many units wide as there are
// months, which is then stretched to the width there is.
func (c Forecast) band() string {
	s := c.scale()
	var over, under []string
	for i, p := range c.Points {
		if p.Low == nil || p.Top == nil {
			continue
		}
		x := px(float64(i) + 0.5)
		over = append(over, x+" "+px(s.up(*p.Top)))
		under = append([]string{x + " " + px(s.up(*p.Low))}, under...)
	}
	if len(over) < 2 {
		return ""
	}
	return "M" + strings.Join(append(over, under...), "L") + "Z"
}

func (c Forecast) months() []time.Time {
	all := make([]time.Time, len(c.Points))
	for i, p := range c.Points {
		all[i] = p.Month
	}
	return all
}

func (c Forecast) key() []entry {
	all := []entry{{"known", c.Subject}}
	if c.band() != "" {
		all = append(all, entry{"expected", "Expected"}, entry{"band", "Likely to be within"})
	}
	if c.Limit != nil {
		all = append(all, entry{"limit", "What there is to spend"})
	}
	return all
}

func (c Forecast) table() component.TableProps {
	t := component.TableProps{Caption: c.Title, CaptionSize: component.Small, FirstCellIsHeader: true, Scroll: true, Head: []component.Cell{
		{Text: "By the end of"}, {Text: c.Subject, Numeric: true}, {Text: "Expected", Numeric: true}, {Text: "At least", Numeric: true}, {Text: "At most", Numeric: true},
	}}
	for _, p := range c.Points {
		row := []component.Cell{{Text: Month(p.Month)}}
		for _, n := range []*int64{p.Known, p.Value, p.Low, p.Top} {
			words := ""
			if n != nil {
				words = c.Unit.Exact(*n)
			}
			row = append(row, component.Cell{Text: words, Numeric: true})
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}
