package component

import (
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // an image has no table of time zones of its own
)

// london is where times are read. Times are UTC everywhere but on a page.
var london = func() *time.Location {
	l, err := time.LoadLocation("Europe/London")
	if err != nil {
		panic("component: " + err.Error()) // the table is linked in
	}
	return l
}()

// Moment is a time as a page shows it: "9 February 2026 at 4:05pm".
func Moment(t time.Time) string {
	t = t.In(london)
	return t.Format("2 January 2006") + " at " + clock(t)
}

func clock(t time.Time) string {
	switch {
	case t.Hour() == 0 && t.Minute() == 0:
		return "midnight"
	case t.Hour() == 12 && t.Minute() == 0:
		return "midday"
	}
	return strings.Replace(t.Format("3:04pm"), ":00", "", 1)
}

// Day is a calendar day as a page shows it: "9 February 2026". A day is kept as
// 00:00 UTC, so it is not moved to London's clock; the zero day is nothing.
func Day(day time.Time) string {
	if day.IsZero() {
		return ""
	}
	return day.UTC().Format("2 January 2006")
}

// Today is the calendar day that now is in London.
func Today(now time.Time) time.Time {
	y, m, d := now.In(london).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// Waited is how long something has waited, as people count it, by the days
// that have begun: "less than a day", "1 day", "12 days".
func Waited(since, now time.Time) string {
	switch days := int(Today(now).Sub(Today(since)).Hours() / 24); {
	case days < 1:
		return "less than a day"
	case days == 1:
		return "1 day"
	default:
		return strconv.Itoa(days) + " days"
	}
}
