package budget

import (
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/money"
)

// Fund is where money comes from, such as a council's own programme or a grant.
type Fund struct {
	ID    uuid.UUID
	Code  string // as finance writes it, such as INSTEAD
	Name  string
	First time.Time // a calendar day, at 00:00 UTC
	Last  time.Time // zero while no end is known
}

var codeShape = regexp.MustCompile(`^[A-Z0-9-]{2,12}$`)

// open is the fund as it is kept. It returns Invalid naming every field that is
// wrong.
func (f Fund) open() (Fund, error) {
	f.ID, f.Code, f.Name = newID(), strings.ToUpper(tidy(f.Code)), tidy(f.Name)
	var c fault.Check
	c.Want(codeShape.MatchString(f.Code), "/code", "Enter a code of 2 to 12 capital letters, numbers and hyphens, such as INSTEAD-26.")
	wantText(&c, "/name", f.Name, 100, "Enter what the fund is called.")
	c.Want(!f.First.IsZero(), "/first_day", "Enter the fund's first day.")
	c.Want(f.Last.IsZero() || !f.Last.Before(f.First), "/last_day", "The last day must not be before the first.")
	return f, c.Err()
}

// Covers reports whether some day of the year is one of the fund's.
func (f Fund) Covers(y Year) bool {
	return !f.First.After(y.Last()) && (f.Last.IsZero() || !f.Last.Before(y.First()))
}

// Budget is a fund's money for one area in one financial year. Its totals are
// sums, kept by the database: nobody types one in.
type Budget struct {
	ID   uuid.UUID
	Fund Fund
	Area string
	Year Year
	Totals
}

// Totals are the running sums of a budget's movements and entries, in pence.
type Totals struct {
	Allocated money.Pence // by confirmed movements
	Committed money.Pence // promised and not paid yet: what is still owed
	Paid      money.Pence
}

// Left is what can still be committed.
func (t Totals) Left() money.Pence { return t.Allocated - t.Committed - t.Paid }

// AtRisk is what of a budget would go unspent if money went on being promised as
// it was from the year's first day to this one: all that is left, once the year
// is over; nothing, before it begins.
func (t Totals) AtRisk(y Year, day time.Time) money.Pence {
	switch y.On(day) {
	case ToCome:
		return 0
	case Ended:
		return t.Left()
	}
	days := func(from, to time.Time) money.Pence { return money.Pence(to.Sub(from)/(24*time.Hour)) + 1 }
	used := (t.Committed + t.Paid) * days(y.First(), y.Last()) / days(y.First(), day)
	return min(max(t.Allocated-used, 0), max(t.Left(), 0))
}

// open is a budget of f with nothing in it yet. It returns Invalid if the fund
// has no day in that year.
func open(f Fund, area string, y Year) (*Budget, error) {
	area = tidy(area)
	var c fault.Check
	wantText(&c, "/area", area, 60, "Choose an area.")
	c.Want(f.Covers(y), "/year", fmt.Sprintf("%s has no day in the year %v. Choose another year.", f.Name, y))
	return &Budget{ID: newID(), Fund: f, Area: area, Year: y}, c.Err()
}

func wantText(c *fault.Check, pointer, text string, most int, missing string) {
	c.Want(text != "" || missing == "", pointer, missing)
	c.Want(utf8.RuneCountInString(text) <= most, pointer, fmt.Sprintf("Use %d characters or fewer.", most))
}

// tidy is text without spaces around it and without control characters.
func tidy(text string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, text))
}

// newID is a UUIDv7: ids made later sort later, which keeps indexes compact.
func newID() uuid.UUID { return uuid.Must(uuid.NewV7()) }
