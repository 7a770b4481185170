// Package catalogue is the standard courses that a jobseeker would otherwise be
// sent on, and what each costs on which days. It reads course lists as councils
// and funding agencies really send them, and says what an imported list changes.
//
// It says what a course's price is on a day and whether a person must confirm
// that price before it can be a cap. It opens no allowance and spends nothing
// (that is award), and it knows neither SQL nor HTTP: a Store keeps the courses.
package catalogue

import (
	"cmp"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/pkg/money"
)

// Course is a standard course.
type Course struct {
	ID   uuid.UUID
	Code string // unique whatever its case, see Key
	Details
	Prices []Price // by From, never overlapping
}

// Details is what a list says about a course. Name is always there; of the rest
// "" and 0 mean that nobody has said.
type Details struct {
	Name     string
	Provider string
	Subject  string
	Level    string
	Place    string
	Hours    int
	Months   int
}

// or returns d with what it does not say taken from older.
func (d Details) or(older Details) Details {
	return Details{
		Name:     cmp.Or(d.Name, older.Name),
		Provider: cmp.Or(d.Provider, older.Provider),
		Subject:  cmp.Or(d.Subject, older.Subject),
		Level:    cmp.Or(d.Level, older.Level),
		Place:    cmp.Or(d.Place, older.Place),
		Hours:    cmp.Or(d.Hours, older.Hours),
		Months:   cmp.Or(d.Months, older.Months),
	}
}

// Price is what a course costs from one day to another. Once published its
// amount and first day never change; its last day may.
type Price struct {
	ID       uuid.UUID
	CourseID uuid.UUID
	Pence    money.Pence
	From     time.Time // first day, at midnight UTC
	To       time.Time // last day, inclusive; zero while no end is known
	ImportID uuid.UUID // the import that brought it
	Source   string    // the name of that import's file

	Flag          string    // why a person must confirm it, in a sentence; "" if nobody need
	Distance      float64   // how far outside its subject's range, to list the worst first
	ConfirmedBy   uuid.UUID // who confirmed a flagged price
	ConfirmedName string
	ConfirmedAt   time.Time
}

// On reports whether p is the price on this day.
func (p Price) On(day time.Time) bool {
	return !day.Before(p.From) && (p.Open() || !day.After(p.To))
}

func (p Price) span() span { return span{p.From, p.To} }

// Open reports whether p has no known end.
func (p Price) Open() bool { return p.To.IsZero() }

// Confirmed reports whether p may be a cap: it was never flagged, or a person
// has confirmed it.
func (p Price) Confirmed() bool { return p.Flag == "" || p.ConfirmedBy != uuid.Nil }

// confirm records that by looked at a flagged price and found it right. The
// first confirmation stands: confirming again changes nothing.
func (p *Price) confirm(by identity.Person, at time.Time) {
	if !p.Confirmed() {
		p.ConfirmedBy, p.ConfirmedName, p.ConfirmedAt = by.ID, by.Name, at
	}
}

// PriceOn returns the course's price on this day, if it has one.
func (c Course) PriceOn(day time.Time) (Price, bool) {
	for _, p := range c.Prices {
		if p.On(day) {
			return p, true
		}
	}
	return Price{}, false
}

// Key is a code as codes are compared: two codes that differ in case only are
// the same course.
func Key(code string) string { return strings.ToUpper(code) }

// Day is the calendar day on which t falls in UTC, as this package writes days.
func Day(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }

// Written is a day as people read it: "1 May 2017".
func Written(day time.Time) string { return day.Format("2 January 2006") }

// span is a run of days, both ends inclusive; a zero to has no end.
type span struct{ from, to time.Time }

// overlaps reports whether a and b share a day.
func (a span) overlaps(b span) bool {
	return (b.to.IsZero() || !a.from.After(b.to)) && (a.to.IsZero() || !b.from.After(a.to))
}

// String is the span as people read it: "1 May 2017 to 31 July 2018".
func (a span) String() string {
	if a.to.IsZero() {
		return Written(a.from) + " on"
	}
	return Written(a.from) + " to " + Written(a.to)
}

// dayBefore is the last day of a price that another follows on this day.
func dayBefore(day time.Time) time.Time { return day.AddDate(0, 0, -1) }
