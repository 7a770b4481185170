package authority

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/pkg/money"
)

// Question asks what a person may decide about a request.
type Question struct {
	Person identity.Person
	Kind   Kind
	Fund   uuid.UUID // the request's
	Area   string    // the request's
	Day    time.Time // today, at 00:00 UTC

	// LineManager is, that day, the line manager of the coach who submitted the
	// request. It is uuid.Nil where none is known, and so nobody.
	LineManager uuid.UUID
}

// Authority is the answer. The zero Authority is none at all.
type Authority struct {
	Limit money.Pence // the most that the person may approve
	Alone money.Pence // the most without a second person; never above Limit
}

// Of is what the grants let the person of q decide.
//
// Each grant is an answer of its own and takes nothing away from another: where
// several fit, the widest counts, for Limit and for Alone each. So a narrow
// grant never narrows a wide one, which must be ended instead; and to end one
// never widens anything.
//
// A grant counts if it was confirmed by somebody who had neither proposed nor
// holds it, the day is one of its days, and all that it says can be read. Any
// other grant counts for nothing, and so does every grant if the question itself
// can't be read.
func Of(grants []Grant, q Question) Authority {
	var a Authority
	for _, g := range grants {
		if g.sound() && g.fits(q) {
			a.Limit, a.Alone = max(a.Limit, g.Limit), max(a.Alone, g.Alone)
		}
	}
	return a
}

// sound reports whether the grant can be read, and was made by two people.
func (g Grant) sound() bool {
	two := g.Proposed.By != uuid.Nil && g.Confirmed.By != uuid.Nil && g.Proposed.By != g.Confirmed.By &&
		g.Proposed.By != g.Holder.Person && g.Confirmed.By != g.Holder.Person
	one := (g.Holder.Role == "") != (g.Holder.Person == uuid.Nil)
	placed := g.Area != "" || g.Holder.Role == ""
	read := slices.Contains(Kinds, g.Kind) && slices.Contains(Band, g.Whose)
	amounts := g.Limit > 0 && g.Limit <= money.Most && g.Alone >= 0 && g.Alone <= g.Limit
	days := !g.FirstDay.IsZero() && (g.LastDay.IsZero() || !g.LastDay.Before(g.FirstDay))
	return two && one && placed && read && amounts && days
}

// fits reports whether the grant, if it is sound, is an answer to q.
func (g Grant) fits(q Question) bool {
	if q.Person.ID == uuid.Nil || q.Fund == uuid.Nil || q.Area == "" || q.Day.IsZero() {
		return false
	}
	return g.Kind == q.Kind && g.Holder.Is(q.Person) && q.Person.Covers(q.Area) &&
		(g.Fund == uuid.Nil || g.Fund == q.Fund) && (g.Area == "" || g.Area == q.Area) &&
		(g.Whose == Any || q.LineManager == q.Person.ID) &&
		g.State(q.Day) == Current
}

// Check returns nil if the holder of the authority may approve this much, alone
// or, where seconded says so, after another with authority for it has endorsed
// it. Otherwise it returns Forbidden, with the figures and the way out.
func (a Authority) Check(amount money.Pence, seconded bool) error {
	switch {
	case a.Limit < 1:
		return fault.New(fault.Forbidden, "You have no authority to decide this. Ask finance who has, or to give it to you.")
	case amount < 1 || amount > a.Limit:
		return fault.Newf(fault.Forbidden, "You may decide up to %v here, and this is %v. Somebody with authority for that much must decide it.", a.Limit, amount)
	case amount > a.Alone && !seconded:
		return fault.Newf(fault.Forbidden, "Above %v this takes two people. Endorse it first, so that a second person can decide it.", a.Alone)
	}
	return nil
}
