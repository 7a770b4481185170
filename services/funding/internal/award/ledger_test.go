package award_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/services/funding/internal/award"
)

// Whoever calls these verbs has looked before whether it adds up. Here nobody has,
// and the ledger itself is the last to say no.
func TestTheLedgerTakesNoEntryThatWouldNotAddUp(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 6, 4, 9, 0, 0, 0, time.UTC)
	type books struct {
		r *award.Request
		a *award.Allowance
		b *award.Budget
	}
	d := newDesk(t, 1000)
	for name, c := range map[string]struct {
		change func(*books)
		do     func(books) error
		fits   bool
	}{
		"as much as was promised": {nil, func(k books) error { return k.r.Pay(k.a, k.b, uuid.New(), 100, d.Finn, at) }, true},
		"nothing":                 {nil, func(k books) error { return k.r.Pay(k.a, k.b, uuid.New(), 0, d.Finn, at) }, false},
		"less than nothing":       {nil, func(k books) error { return k.r.Pay(k.a, k.b, uuid.New(), -1, d.Finn, at) }, false},
		// Another request of the same allowance has as much promised again.
		"more than was promised of this request":      {nil, func(k books) error { return k.r.Pay(k.a, k.b, uuid.New(), 101, d.Finn, at) }, false},
		"more back than was paid of this request":     {func(k *books) { k.a.Paid, k.b.Paid = 50, 50 }, func(k books) error { return k.r.Recover(k.a, k.b, uuid.New(), 1, "x", d.Finn, at) }, false},
		"more than was promised of the allowance":     {func(k *books) { k.a.Committed = 99 }, func(k books) error { return k.r.Pay(k.a, k.b, uuid.New(), 100, d.Finn, at) }, false},
		"more than was promised out of the budget":    {func(k *books) { k.b.Committed = 99 }, func(k books) error { return k.r.Pay(k.a, k.b, uuid.New(), 100, d.Finn, at) }, false},
		"out of a budget that it was not promised of": {func(k *books) { k.b.ID = uuid.New() }, func(k books) error { return k.r.Pay(k.a, k.b, uuid.New(), 100, d.Finn, at) }, false},
		"out of no budget":                            {func(k *books) { k.b = nil }, func(k books) error { return k.r.Pay(k.a, k.b, uuid.New(), 100, d.Finn, at) }, false},
		"beside an allowance that is over its cap":    {func(k *books) { k.a.Cap = 199 }, func(k books) error { return k.r.Pay(k.a, k.b, uuid.New(), 100, d.Finn, at) }, false},
	} {
		r, b := d.in(award.Approved), d.Oldham
		b.Committed = 200
		k := books{r, &award.Allowance{ID: r.AllowanceID, Cap: 1000, Totals: award.Totals{Committed: 200}}, &b}
		if c.change != nil {
			c.change(&k)
		}
		own, all, out := r.Totals, k.a.Totals, b
		err := c.do(k)
		if c.fits != (err == nil) || err != nil && !fault.Is(err, fault.Internal) {
			t.Errorf("%s: %v, want taken: %v", name, err, c.fits)
		}
		if changed := r.Totals != own || k.a.Totals != all || b != out || len(k.a.Entered) > 0; changed != c.fits {
			t.Errorf("%s: request %+v, allowance %+v, budget %+v", name, r.Totals, k.a.Totals, b)
		}
	}
}
