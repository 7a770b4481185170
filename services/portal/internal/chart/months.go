package chart

import (
	"time"

	"github.com/a-h/templ"

	"github.com/instead-support/instead/services/portal/internal/component"
)

// Months is one measure over months, as columns; and, as a line over them, the
// same measure of another time or area.
type Months struct {
	ID      string // of the heading; it must be the only one of its name on a page
	Title   string
	Subject string // what is measured, as a sentence begins: "What was paid"
	Unit    Unit
	Points  []Point
	With    string // what Other is: "the year before"; nothing if there is no other
	Level   bool   // sums of months mean nothing, as with an average
	NotOver bool   // the last month still goes on
}

// Point is one month.
type Point struct {
	Month time.Time
	Value *int64
	Other *int64
	Href  string // what is behind Value, if anything is
}

// heights of a chart over time: of what is drawn, and of the months under it.
const plotHeight, monthsHeight = 220, 44

func (c Months) scale() scale {
	figures := make([]*int64, 0, 2*len(c.Points))
	for _, p := range c.Points {
		figures = append(figures, p.Value, p.Other)
	}
	return newScale(plotHeight, figures...)
}

// column is one month as it is drawn.
type column struct {
	class, x, width, y, height string
	middle                     string
	missing                    bool
}

// columns stand side by side and fill the width. What is nothing is a thin line,
// and what is not known is no column at all.
func (c Months) columns() []column {
	s, n := c.scale(), float64(len(c.Points))
	all := make([]column, len(c.Points))
	for i, p := range c.Points {
		left := float64(i) / n
		all[i] = column{class: "instead-chart__column", x: percent(left + 0.15/n), width: percent(0.7 / n), middle: percent(left + 0.5/n), missing: p.Value == nil}
		if p.Value == nil {
			continue
		}
		if c.NotOver && i == len(c.Points)-1 {
			all[i].class += " instead-chart__column--not-over"
		}
		top, bottom := s.up(max(*p.Value, 0)), s.up(min(*p.Value, 0))
		if bottom-top < 2 {
			top, bottom = s.up(0)-2, s.up(0)
		}
		all[i].y, all[i].height = px(top), px(bottom-top)
	}
	return all
}

// segment is a straight piece of a line over time.
type segment struct{ x1, y1, x2, y2 string }

// others is the line of the comparison: it is broken where nothing is known.
func (c Months) others() (line []segment, dots []segment) {
	s, n := c.scale(), float64(len(c.Points))
	for i, p := range c.Points {
		if p.Other == nil {
			continue
		}
		x, y := percent((float64(i)+0.5)/n), px(s.up(*p.Other))
		dots = append(dots, segment{x1: x, y1: y})
		if i > 0 && c.Points[i-1].Other != nil {
			line = append(line, segment{percent((float64(i) - 0.5) / n), px(s.up(*c.Points[i-1].Other)), x, y})
		}
	}
	return line, dots
}

// label is the name of one month under its column, or of its year under that.
type label struct {
	x, class, words string
	year            bool
}

// monthLabels name as many months as there is room for, on a telephone fewer. The
// year is under the first month of it that is named, which on a telephone may be a
// later one.
func monthLabels(months []time.Time) []label {
	const always, ifRoom, ifCramped = "instead-chart__month", "instead-chart__month instead-chart__month--if-room", "instead-chart__month instead-chart__month--if-cramped"
	n := len(months)
	every := (n + 11) / 12
	on := 1
	if n/max(every, 1) > 6 {
		on = 3
	}
	var all []label
	said := map[string]map[int]bool{always: {}, ifRoom: {}}
	for i := 0; i < n; i += every {
		x, class, year := percent((float64(i)+0.5)/float64(n)), always, months[i].Year()
		if (i/every)%on != 0 {
			class = ifRoom
		}
		all = append(all, label{x: x, class: class, words: months[i].UTC().Format("Jan")})
		yearClass := class
		if said[ifRoom][year] {
			yearClass = ifCramped // it is there already where there is room
		}
		if !said[always][year] && (class == always || !said[ifRoom][year]) {
			all = append(all, label{x: x, class: yearClass, words: months[i].UTC().Format("2006"), year: true})
			said[class][year] = true
		}
	}
	return all
}

func (c Months) months() []time.Time {
	all := make([]time.Time, len(c.Points))
	for i, p := range c.Points {
		all[i] = p.Month
	}
	return all
}

// key says what is what, where there is more than one thing to tell apart.
func (c Months) key() []entry {
	var all []entry
	missing, known := false, false
	for _, p := range c.Points {
		missing, known = missing || p.Value == nil, known || p.Value != nil
	}
	if c.With != "" {
		all = append(all, entry{"column", c.Subject}, entry{"other", upper(c.With)})
	}
	if last := len(c.Points) - 1; c.NotOver && last >= 0 && c.Points[last].Value != nil {
		all = append(all, entry{"not-over", Month(c.Points[last].Month) + ", which is not over"})
	}
	if missing && known {
		all = append(all, entry{"missing", "No data"})
	}
	return all
}

// table is the same figures in rows.
func (c Months) table() component.TableProps {
	t := component.TableProps{Caption: c.Title, CaptionSize: component.Small, FirstCellIsHeader: true, Scroll: true,
		Head: []component.Cell{{Text: "Month"}, {Text: c.Subject, Numeric: true}}}
	if c.With != "" {
		t.Head = append(t.Head, component.Cell{Text: upper(c.With), Numeric: true})
	}
	for i, p := range c.Points {
		name := Month(p.Month)
		if c.NotOver && i == len(c.Points)-1 {
			name += ", so far"
		}
		row := []component.Cell{{Text: name}, {Content: linked(c.Unit.cell(p.Value), p.Href, "in "+name), Numeric: true}}
		if c.With != "" {
			row = append(row, component.Cell{Text: c.Unit.cell(p.Other), Numeric: true})
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// linked is a figure that leads to what is behind it. What it is of is said to
// those who hear the link alone.
func linked(words, href, of string) templ.Component {
	if href == "" {
		return nothing(words)
	}
	return figureLink(words, href, of)
}
