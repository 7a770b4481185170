package payment

import "slices"

// State is where a payment stands.
type State string

// The states.
const (
	Unplanned State = "" // before it is planned; no saved payment is in this state
	Planned   State = "planned"
	Batched   State = "batched"   // gathered with others, to leave in one file
	Sent      State = "sent"      // its file was made, so it may have left
	Paid      State = "paid"      // all or part of it left, and the ledger says so
	Failed    State = "failed"    // it came back, or was never taken
	Cancelled State = "cancelled" // before it was sent
)

// States lists every state a saved payment can be in, in the order in which it
// meets them.
var States = []State{Planned, Batched, Sent, Paid, Failed, Cancelled}

// next is the whole state machine. The database holds the same table and
// refuses any other arrow; a test keeps the two alike.
//
// Once sent a payment waits for what the bank says: it can be neither cancelled
// nor planned again until then, because it may have left. One that failed stays
// so. Another with a reference of its own stands in for it, so that a result
// which comes late can never settle the second attempt.
var next = map[State][]State{
	Unplanned: {Planned},
	Planned:   {Batched, Paid, Cancelled},
	Batched:   {Sent, Planned},
	Sent:      {Paid, Failed},
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

// inFlight reports whether a payment in this state still claims its part of
// what is promised.
func (s State) inFlight() bool { return s == Planned || s == Batched || s == Sent }

// InFlight lists the states in which a payment claims its part of what is
// promised.
var InFlight = []State{Planned, Batched, Sent}

// BatchState is where a batch stands.
type BatchState string

// The states of a batch.
const (
	Open     BatchState = "open"     // payments join and leave it
	Exported BatchState = "exported" // its file is made, and stays as it is
	Finished BatchState = "settled"  // what became of each of its payments is known
)

// BatchStates lists every state of a batch, in order.
var BatchStates = []BatchState{Open, Exported, Finished}
