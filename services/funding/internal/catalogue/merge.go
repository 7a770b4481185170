package catalogue

import (
	"fmt"
	"slices"
	"time"
)

// Merged is what becomes of one course when rows of a file meet what is stored
// of it.
type Merged struct {
	Course   Course  // as it is then; a price without an ID is new
	New      bool    // the course was not there before
	Changed  bool    // its details are not what they were
	Moved    []Price // stored prices whose last day changed
	Problems []Problem

	Added, Updated, Unchanged int // rows; with Problems they are all of them
}

// Merge says what rows of one course change in what is stored of it; a course
// that is not there yet is the zero Course. The rows must have been judged
// against each other, as Read does.
//
// An amount once published is never overwritten: a row that gives another one
// from the same day is a problem. A price without an end holds until the next
// begins, whether that is in the file or was stored before. Merging the same
// rows again changes nothing and finds the same problems; to make that so, what
// is there already is looked at before anything is added, and additions go by
// their first day, whatever the order of the lines.
func Merge(stored Course, rows []Row, l Layout) Merged {
	m := Merged{Course: stored, New: stored.Code == ""}
	m.Course.Prices = slices.Clone(stored.Prices)
	if m.New {
		m.Course.Code = rows[0].Code
	}
	rows = slices.SortedStableFunc(slices.Values(rows), func(a, b Row) int { return a.From.Compare(b.From) })

	was := m.Course.Details
	newest := time.Time{}
	if n := len(stored.Prices); n > 0 {
		newest = stored.Prices[n-1].From
	}
	var same, others []Row
	for _, r := range rows {
		if _, there := m.find(r.From); there {
			same = append(same, r)
		} else {
			others = append(others, r)
		}
	}
	for _, r := range same {
		switch reason, field, moved := m.again(r); {
		case reason != "":
			m.refuse(r, l.heading(field), reason)
			continue
		case moved:
			m.Updated++
		default:
			m.Unchanged++
		}
		m.describe(r, newest)
	}
	for _, r := range others {
		if reason := m.add(r); reason != "" {
			m.refuse(r, l.heading(From), reason)
			continue
		}
		m.Added++
		m.describe(r, newest)
	}
	for _, p := range stored.Prices {
		if i, _ := m.find(p.From); !m.Course.Prices[i].To.Equal(p.To) {
			m.Moved = append(m.Moved, m.Course.Prices[i])
		}
	}
	m.Changed = !m.New && m.Course.Details != was
	if m.Changed && m.Unchanged > 0 {
		m.Unchanged, m.Updated = m.Unchanged-1, m.Updated+1 // the row that says the new details
	}
	return m
}

// describe takes a row's details for the course. The list with the latest price
// knows best; an older one only adds what nobody had said.
func (m *Merged) describe(r Row, newest time.Time) {
	if r.From.Before(newest) {
		m.Course.Details = m.Course.or(r.Details)
	} else {
		m.Course.Details = r.or(m.Course.Details)
	}
}

func (m *Merged) refuse(r Row, column, reason string) {
	m.Problems = append(m.Problems, Problem{Line: r.Line, Code: r.Code, Column: column, Kind: Bad, Reason: reason})
}

// find is where a price from this day is, or would go.
func (m *Merged) find(from time.Time) (int, bool) {
	return slices.BinarySearchFunc(m.Course.Prices, from, func(p Price, day time.Time) int { return p.From.Compare(day) })
}

// again takes a row whose first day has a price already.
func (m *Merged) again(r Row) (reason string, field Field, moved bool) {
	i, _ := m.find(r.From)
	p := &m.Course.Prices[i]
	if p.Pence != r.Pence {
		return fmt.Sprintf("The course already has a price of %v from %s. A published price is not overwritten.", p.Pence, Written(r.From)), Amount, false
	}
	to := m.until(r, i+1)
	if next := i + 1; next < len(m.Course.Prices) && m.Course.Prices[next].span().overlaps(span{r.From, to}) {
		return m.overlap(next), To, false
	}
	if p.To.Equal(to) {
		return "", "", false
	}
	p.To = to
	return "", "", true
}

// add takes a row whose first day has no price yet.
func (m *Merged) add(r Row) (reason string) {
	i, _ := m.find(r.From)
	to := m.until(r, i)
	if i < len(m.Course.Prices) && m.Course.Prices[i].span().overlaps(span{r.From, to}) {
		return m.overlap(i)
	}
	if i > 0 {
		switch last := &m.Course.Prices[i-1]; {
		case last.Open():
			last.To = dayBefore(r.From)
		case last.On(r.From):
			return m.overlap(i - 1)
		}
	}
	m.Course.Prices = slices.Insert(m.Course.Prices, i, Price{CourseID: m.Course.ID, Pence: r.Pence, From: r.From, To: to})
	return ""
}

// until is the last day of a row's price, given the index of the price after it.
func (m *Merged) until(r Row, next int) time.Time {
	if r.To.IsZero() && next < len(m.Course.Prices) {
		return dayBefore(m.Course.Prices[next].From)
	}
	return r.To
}

func (m *Merged) overlap(i int) string {
	p := m.Course.Prices[i]
	return fmt.Sprintf("Its dates overlap a price the course already has, %v for %v.", p.Pence, p.span())
}
