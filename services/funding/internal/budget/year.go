package budget

import (
	"fmt"
	"time"
)

// Year is a financial year, called by the calendar year it begins in: 2026 is
// 1 April 2026 to 31 March 2027.
type Year int

// YearOf is the financial year in which a calendar day lies.
func YearOf(day time.Time) Year {
	if day.Month() < time.April {
		return Year(day.Year() - 1)
	}
	return Year(day.Year())
}

// First is the year's first day.
func (y Year) First() time.Time { return time.Date(int(y), time.April, 1, 0, 0, 0, 0, time.UTC) }

// Last is the year's last day.
func (y Year) Last() time.Time { return (y + 1).First().AddDate(0, 0, -1) }

// String is the year as people say it: "2026 to 2027".
func (y Year) String() string { return fmt.Sprintf("%d to %d", int(y), int(y)+1) }

// State is how a budget's year lies to a day.
type State string

// The states. Money is committed in an open year only.
const (
	ToCome State = "to-come"
	Open   State = "open"
	Ended  State = "ended"
)

// On is the state of the year on a day.
func (y Year) On(day time.Time) State {
	switch {
	case day.Before(y.First()):
		return ToCome
	case day.After(y.Last()):
		return Ended
	}
	return Open
}
