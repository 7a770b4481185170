// Package workday counts working days as England and Wales keep them: Monday to
// Friday, but for bank holidays and the days in lieu of those that fall on a
// weekend.
//
// A day here is a calendar day in London, held at 00:00 UTC, and so is always
// twenty-four hours: that London puts its clocks forward and back comes in only
// where a moment becomes a day, in On, and a day a moment, in End. It knows no
// deadline and no rule of anybody's; those say how many days and from when.
//
// A bank holiday that is proclaimed for one year alone is known from the version
// of the calendar library on that came after it.
package workday

import (
	"time"
	_ "time/tzdata" // a small container has no time zones of its own

	"github.com/rickar/cal/v2"
	"github.com/rickar/cal/v2/gb"
)

var (
	london = func() *time.Location {
		l, err := time.LoadLocation("Europe/London")
		if err != nil {
			panic(err) // tzdata is linked in, so this is a broken build
		}
		return l
	}()

	england = func() *cal.BusinessCalendar {
		c := cal.NewBusinessCalendar()
		c.AddHoliday(gb.Holidays...)
		return c
	}()
)

// On is the day in London at that moment.
func On(at time.Time) time.Time {
	y, m, d := at.In(london).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// End is the moment at which day ends in London, which is no longer part of it.
func End(day time.Time) time.Time {
	y, m, d := day.Date()
	return time.Date(y, m, d+1, 0, 0, 0, 0, london).UTC()
}

// Is reports whether day is a working day.
func Is(day time.Time) bool { return england.IsWorkday(day) }

// After is the n-th working day after day, which itself does not count: a
// decision on Maundy Thursday has its first working day on the Tuesday after
// Easter. With n of 0 it is day itself.
func After(day time.Time, n int) time.Time {
	for n > 0 {
		if day = day.AddDate(0, 0, 1); Is(day) {
			n--
		}
	}
	return day
}

// Between is how many working days there are after from, up to to and with it.
// It is 0 if to is not later than from.
func Between(from, to time.Time) int {
	n := 0
	for d := from.AddDate(0, 0, 1); !d.After(to); d = d.AddDate(0, 0, 1) {
		if Is(d) {
			n++
		}
	}
	return n
}
