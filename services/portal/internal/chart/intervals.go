package chart

import (
	"math"
	"strconv"

	"github.com/instead-support/instead/services/portal/internal/component"
)

// Intervals sets shares of groups beside each other, each with the range that the
// share is likely to be in given how few people it was seen in.
type Intervals struct {
	ID    string
	Title string
	Of    string // what the share is of: "got into work"
	Rows  []Interval
	// Difference is how much larger the first share is than the second, and
	// the range that this is likely to be in; nil while it can't be told.
	Difference *Range
}

// Interval is one group.
type Interval struct {
	Name   string // "With something else than a course"
	N      int    // who did
	People int    // of how many
	Share  *Range // nil for a group of nobody, or one too small to show
	Few    bool   // it is too small to show
}

// Range is a share and the ends of its 95% interval, from 0 to 1.
type Range struct{ Is, Low, High float64 }

// points is a share in whole percent.
func points(share float64) string { return strconv.Itoa(int(math.Round(share*100))) + "%" }

func (i Interval) words() string {
	switch {
	case i.Few:
		return "Not shown"
	case i.Share == nil:
		return "No data"
	}
	return points(i.Share.Is) + " (" + points(i.Share.Low) + " to " + points(i.Share.High) + ")"
}

func (c Intervals) table() component.TableProps {
	t := component.TableProps{Caption: c.Title, CaptionSize: component.Small, FirstCellIsHeader: true, Scroll: true, Head: []component.Cell{
		{Text: "Who"}, {Text: "People", Numeric: true}, {Text: "Of them " + c.Of, Numeric: true}, {Text: "Share", Numeric: true}, {Text: "Likely between", Numeric: true},
	}}
	for _, r := range c.Rows {
		row := []component.Cell{{Text: r.Name}}
		switch {
		case r.Few:
			row = append(row, component.Cell{Text: "Not shown: too few people", Colspan: 4})
		case r.Share == nil:
			row = append(row, component.Cell{Text: "No data", Colspan: 4})
		default:
			row = append(row, component.Cell{Text: thousands(int64(r.People)), Numeric: true}, component.Cell{Text: thousands(int64(r.N)), Numeric: true},
				component.Cell{Text: points(r.Share.Is), Numeric: true}, component.Cell{Text: points(r.Share.Low) + " and " + points(r.Share.High), Numeric: true})
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}
