package award

import (
	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/money"
)

// Kind is what an entry does to an allowance and, where it promises or pays
// anything, to a budget.
type Kind string

// The kinds of entry.
const (
	Hold     Kind = "hold"     // set aside while a request waits for a decision
	Release  Kind = "release"  // what was held is available again
	Commit   Kind = "commit"   // what was held is promised
	Uncommit Kind = "uncommit" // what was promised is available again
	Pay      Kind = "pay"      // what was promised has left
	Recover  Kind = "recover"  // what left has come back
)

// Kinds lists every kind of entry.
var Kinds = []Kind{Hold, Release, Commit, Uncommit, Pay, Recover}

// Effect is what one penny of an entry adds to each running total.
type Effect struct{ Held, Committed, Paid money.Pence }

// effects is the arithmetic of the ledger, all of it. The database holds the
// same table and keeps the totals by it; a test keeps the two alike.
var effects = map[Kind]Effect{
	Hold:     {Held: +1},
	Release:  {Held: -1},
	Commit:   {Held: -1, Committed: +1},
	Uncommit: {Committed: -1},
	Pay:      {Committed: -1, Paid: +1},
	Recover:  {Paid: -1},
}

// Effect is what one penny of an entry of this kind adds to each total.
func (k Kind) Effect() Effect { return effects[k] }

// budgeted reports whether an entry of this kind moves a budget as well as an
// allowance. What is merely held is nobody's promise yet.
func (k Kind) budgeted() bool { return k.Effect().Committed != 0 || k.Effect().Paid != 0 }

// Entry is one line of the ledger. It is never changed and never deleted: what
// turns out wrong is put right by a further entry.
type Entry struct {
	ID          uuid.UUID
	AllowanceID uuid.UUID
	RequestID   uuid.UUID
	BudgetID    uuid.UUID // uuid.Nil where no budget is moved
	Step        int       // the step of the request's history that caused it, from 1
	Kind        Kind
	Pence       money.Pence // always above zero; the kind gives the sign
}

// Totals are the running sums of some entries, in pence.
type Totals struct{ Held, Committed, Paid money.Pence }

// plus is the totals once n pence of an entry of this kind are added.
func (t Totals) plus(k Kind, n money.Pence) Totals {
	e := effects[k]
	return Totals{t.Held + e.Held*n, t.Committed + e.Committed*n, t.Paid + e.Paid*n}
}

// Sum adds entries up from nothing, which is what any totals must equal.
func Sum(entries []Entry) Totals {
	var t Totals
	for _, e := range entries {
		t = t.plus(e.Kind, e.Pence)
	}
	return t
}

// enter writes an entry for the step that r is taking, and moves by it the totals
// of the allowance, of the request and, for what promises or pays anything, of
// the budget. The verbs ask for nothing that it refuses; it is the last wall in
// Go, as the CHECKs are in the database.
func (a *Allowance) enter(r *Request, b *Budget, k Kind, pence money.Pence) error {
	all, own := a.plus(k, pence), r.plus(k, pence)
	most := a.Cap + a.Over // hold has seen to it that nobody uses the exception of another
	if pence < 1 || !all.fit(most) || !own.fit(most) || k.budgeted() && !b.moves(r, k, pence) {
		return fault.Newf(fault.Internal, "The ledger would not add up: %s of %d pence refused.", k, pence)
	}
	e := Entry{ID: newID(), AllowanceID: a.ID, RequestID: r.ID, Step: len(r.History), Kind: k, Pence: pence}
	if k.budgeted() {
		e.BudgetID, r.BudgetID = b.ID, b.ID
	}
	a.Totals, r.Totals = all, own
	a.Entered = append(a.Entered, e)
	return nil
}

// moves adds n pence of an entry of r to the totals of b, if they can be added.
// Everything of a request goes through the one budget that it was promised out
// of.
func (b *Budget) moves(r *Request, k Kind, n money.Pence) bool {
	if b == nil || r.BudgetID != uuid.Nil && r.BudgetID != b.ID {
		return false
	}
	t := Totals{Committed: b.Committed, Paid: b.Paid}.plus(k, n)
	t.Held = 0
	if !t.fit(b.Allocated) {
		return false
	}
	b.Committed, b.Paid = t.Committed, t.Paid
	return true
}

// fit reports whether no total is below zero and together they are within most.
func (t Totals) fit(most money.Pence) bool {
	return t.Held >= 0 && t.Committed >= 0 && t.Paid >= 0 && t.Held+t.Committed+t.Paid <= most
}
