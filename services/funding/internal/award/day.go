package award

import (
	"time"
	_ "time/tzdata" // a small container has no time zones of its own
)

var london = func() *time.Location {
	l, err := time.LoadLocation("Europe/London")
	if err != nil {
		panic(err) // tzdata is linked in, so this is a broken build
	}
	return l
}()

// Today is the calendar day in London at that moment, as days are kept here: at
// 00:00 UTC.
func Today(now time.Time) time.Time {
	y, m, d := now.In(london).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}
