// Package authority says who may decide how much.
//
// It owns grants, each of which lets somebody decide requests up to a limit, and
// who a coach's line manager is. It holds two rules whoever calls it: without a
// grant that can be read nobody may decide anything, and no grant counts that
// one person alone has made, or that somebody has made for themselves.
//
// It decides no request and knows no request's state: that is award's, which
// asks it. Which areas a person works in, and with which role, comes with them
// when they sign in; no grant makes that wider.
package authority

import (
	"time"

	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/pkg/money"
)

// Kind is what a grant lets its holder do.
type Kind string

// The kinds of grant.
const (
	Decide Kind = "decide" // requests, within the allowance
	Except Kind = "except" // allow more than an allowance's cap, where the fund has exceptions
)

// Kinds lists every kind of grant.
var Kinds = []Kind{Decide, Except}

// Whose is whose requests a grant is about.
type Whose string

// Whose requests.
const (
	Any  Whose = "any"  // whoever submitted them
	Line Whose = "line" // only of coaches whose line manager the holder is
)

// Band lists every kind of whose.
var Band = []Whose{Any, Line}

// Holder is who holds a grant: one person, or everybody with a role. It is
// never both.
type Holder struct {
	Role   identity.Role // "" for one person
	Person uuid.UUID     // uuid.Nil for a role
	Name   string        // of the person, as they were known when it was proposed
}

// Is reports whether p is, or is among, whoever holds the grant.
func (h Holder) Is(p identity.Person) bool {
	switch {
	case h.Role != "" && h.Person == uuid.Nil:
		return p.Is(h.Role)
	case h.Role == "" && h.Person != uuid.Nil:
		return p.ID == h.Person
	}
	return false
}

// Grant lets somebody decide. Once proposed it is confirmed once and ended once,
// and nothing else of it ever changes: so it needs no version, since there is
// nothing that somebody could not have seen. The zero Grant lets nobody do anything, and every
// field that is missing lets them do less.
type Grant struct {
	ID     uuid.UUID
	Holder Holder
	Kind   Kind
	Whose  Whose
	Fund   uuid.UUID // uuid.Nil for any
	Called string    // the fund, as a page shows it; no rule asks
	Area   string    // "" for every area that the holder works in; never for a role
	Limit  money.Pence
	Alone  money.Pence // above it an approval takes a second person; Limit where none does

	FirstDay time.Time // calendar days, at 00:00 UTC; both count
	LastDay  time.Time // zero while no end is known
	Why      string

	Proposed  Hand
	Confirmed Hand // zero while it waits for somebody
	Ended     Hand // zero while nobody has ended it
	EndedWhy  string
}

// Hand is who did something to a grant, and when.
type Hand struct {
	By   uuid.UUID
	Name string
	At   time.Time
}

// State is where a grant stands on a day.
type State string

// The states of a grant.
const (
	Waiting State = "waiting" // for somebody to confirm it
	Coming  State = "coming"  // confirmed, and not begun
	Current State = "current"
	Over    State = "over"    // its last day has passed
	Refused State = "refused" // ended before anybody had confirmed it
)

// States lists every state of a grant.
var States = []State{Waiting, Current, Coming, Over, Refused}

// State is where the grant stands that day.
func (g Grant) State(day time.Time) State {
	switch {
	case g.Confirmed.By == uuid.Nil && g.Ended.By != uuid.Nil:
		return Refused
	case !g.LastDay.IsZero() && day.After(g.LastDay):
		return Over
	case g.Confirmed.By == uuid.Nil:
		return Waiting
	case day.Before(g.FirstDay):
		return Coming
	}
	return Current
}
