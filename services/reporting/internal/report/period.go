package report

import (
	"time"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/workday"
)

// Month is a month of London, held as its first day at 00:00 UTC.
type Month struct{ day time.Time }

// MonthOf is the month that a moment is in.
func MonthOf(at time.Time) Month {
	y, m, _ := workday.On(at).Date()
	return Month{time.Date(y, m, 1, 0, 0, 0, 0, time.UTC)}
}

// ParseMonth reads a month such as 2026-04.
func ParseMonth(s string) (Month, error) {
	day, err := time.Parse("2006-01", s)
	if err != nil {
		return Month{}, fault.New(fault.Invalid, "A month is a year and a month, such as 2026-04.")
	}
	return Month{day}, nil
}

// String is the month as 2026-04.
func (m Month) String() string { return m.day.Format("2006-01") }

// Day is its first day.
func (m Month) Day() time.Time { return m.day }

// Add is the month n months later.
func (m Month) Add(n int) Month { return Month{m.day.AddDate(0, n, 0)} }

// Before reports whether m is before o.
func (m Month) Before(o Month) bool { return m.day.Before(o.day) }

// IsZero reports whether m is no month at all.
func (m Month) IsZero() bool { return m.day.IsZero() }

// Year is the financial year that the month is in, by the year in which that begins.
func (m Month) Year() int { return m.day.AddDate(0, -3, 0).Year() }

// Opening is the first month of the financial year that begins in year.
func Opening(year int) Month { return Month{time.Date(year, time.April, 1, 0, 0, 0, 0, time.UTC)} }

// Period is whole months, the first and the last included.
type Period struct{ From, To Month }

// longest is how many months a period has at most.
const longest = 120

// NewPeriod is the period that somebody asked for, as two months or nothing. It is
// this financial year so far where nothing else is said.
func NewPeriod(from, to string, now time.Time) (Period, error) {
	p := Period{To: MonthOf(now)}
	var c fault.Check
	read := func(s, pointer string, into *Month) {
		if s == "" {
			return
		}
		m, err := ParseMonth(s)
		c.Want(err == nil, pointer, "Give a month such as 2026-04.")
		*into = m
	}
	read(to, "/to", &p.To)
	p.From = Opening(p.To.Year())
	read(from, "/from", &p.From)
	if err := c.Err(); err != nil {
		return Period{}, err
	}
	c.Want(!p.To.Before(p.From), "/to", "The last month is before the first. Choose a later one.")
	c.Want(p.To.Before(p.From.Add(longest)), "/from", "That is more than ten years. Choose a shorter period.")
	return p, c.Err()
}

// Months are its months, in order.
func (p Period) Months() []Month {
	var all []Month
	for m := p.From; !p.To.Before(m); m = m.Add(1) {
		all = append(all, m)
	}
	return all
}

// Years are the financial years that it touches.
func (p Period) Years() []int {
	var all []int
	for y := p.From.Year(); y <= p.To.Year(); y++ {
		all = append(all, y)
	}
	return all
}

// Parts cuts the period into whole financial years and the months besides, so that
// few rows are read whatever its length. A year that has come no further than now
// is whole if it begins and all that is over of it is in the period.
func (p Period) Parts(now time.Time) (years, months []time.Time) {
	for m := p.From; !p.To.Before(m); {
		opening := Opening(m.Year())
		last := opening.Add(11)
		if this := MonthOf(now); this.Before(last) {
			last = this
		}
		if m == opening && !p.To.Before(last) {
			years = append(years, opening.day)
			m = opening.Add(12)
			continue
		}
		months = append(months, m.day)
		m = m.Add(1)
	}
	return years, months
}
