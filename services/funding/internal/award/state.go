package award

import "slices"

// State is where a request stands.
type State string

// The states. Payment, challenge and expiry will add theirs.
const (
	Unbegun   State = "" // before it is begun; no saved request is in this state
	Draft     State = "draft"
	Submitted State = "submitted"
	Approved  State = "approved"
	Declined  State = "declined"
	Returned  State = "returned"
	Withdrawn State = "withdrawn"
)

// States lists every state a saved request can be in, in the order in which
// people meet them.
var States = []State{Draft, Submitted, Approved, Declined, Returned, Withdrawn}

// next is the whole state machine. The database holds the same table and
// refuses any other arrow; a test keeps the two alike.
var next = map[State][]State{
	Unbegun:   {Draft},
	Draft:     {Submitted, Withdrawn},
	Submitted: {Approved, Declined, Returned, Withdrawn},
	Returned:  {Submitted, Withdrawn},
}

// Arrow is one allowed change of state.
type Arrow struct{ From, To State }

// Arrows lists every allowed change of state.
func Arrows() []Arrow {
	var all []Arrow
	for from, tos := range next {
		for _, to := range tos {
			all = append(all, Arrow{from, to})
		}
	}
	return all
}

// leadsTo reports whether the machine has an arrow from s to the other state.
func (s State) leadsTo(to State) bool { return slices.Contains(next[s], to) }

// editable reports whether the lines of a request in this state may change.
// Once submitted they are what somebody is asked to decide, word for word.
func (s State) editable() bool { return s == Draft || s == Returned }

// decision reports whether coming into this state is a decision, which takes
// authority and is never the submitter's to make.
func (s State) decision() bool { return s == Approved || s == Declined || s == Returned }

// Code is the reason for a decision, from a short list, so that reasons can be
// counted.
type Code string

// codes lists the reasons that each decision may give.
var codes = map[State][]Code{
	Approved: {"removes-need", "leads-to-job-offer", "better-than-course", "other"},
	Declined: {"not-linked-to-need", "other-funding-available", "not-value-for-money", "not-allowed",
		"insufficient-information", "other"},
	Returned: {"more-information", "quote-needed", "price-check", "need-unclear", "other"},
}

// Codes lists the reasons for deciding that a request comes into this state.
func Codes(decision State) []Code { return slices.Clone(codes[decision]) }
