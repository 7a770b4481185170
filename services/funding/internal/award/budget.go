package award

import (
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/money"
	"github.com/instead-support/instead/services/funding/internal/budget"
)

// Fund is where the money of a request comes from.
type Fund struct {
	ID   uuid.UUID
	Code string // as finance writes it, such as INSTEAD
	Name string
}

// Budget is a fund's money for one area in one financial year, as an award needs
// to know it. What is allocated is decided elsewhere.
type Budget struct {
	ID        uuid.UUID
	Fund      Fund
	Area      string
	Year      budget.Year
	Allocated money.Pence
	Committed money.Pence
	Paid      money.Pence
}

// Left is what can still be committed.
func (b *Budget) Left() money.Pence { return b.Allocated - b.Committed - b.Paid }

// Label names the budget to people, such as "General fund for Oldham, 2026 to
// 2027".
func (b *Budget) Label() string { return fmt.Sprintf("%s for %s, %v", b.Fund.Name, b.Area, b.Year) }

// afford returns OverBudget unless b is the budget of r's fund and area for the
// year of that moment, and has this much left. A nil budget has nothing left.
func (b *Budget) afford(r *Request, pence money.Pence, at time.Time) error {
	if b == nil {
		return overBudget(pence, 0, "There is no budget of %s for %s this year. Ask finance to open one.", r.Fund.Name, r.Area)
	}
	if b.Year != YearOf(at) {
		return fault.New(fault.Conflict, "This budget's financial year is not the one of today. Try again.")
	}
	if b.Fund.ID != r.Fund.ID || b.Area != r.Area {
		return fault.Newf(fault.Internal, "The ledger would not add up: a promise for %s out of %s.", r.Area, b.Label())
	}
	if left := b.Left(); pence > left {
		return overBudget(pence, left, "This would promise %v, but %v is left of %s. Approve less, or ask finance for more money in this budget.",
			pence, left, b.Label())
	}
	return nil
}

// overBudget says by how much a decision promises too much, with the figures for
// a page to show.
func overBudget(asked, left money.Pence, format string, args ...any) error {
	return fault.Newf(fault.OverBudget, format, args...).With("budget", map[string]any{
		"asked_pence": int64(asked),
		"left_pence":  int64(left),
		"over_pence":  int64(asked - left),
	})
}

// YearOf is the financial year of that moment in London.
func YearOf(at time.Time) budget.Year { return budget.YearOf(Today(at)) }

// choose is the fund that a new request asks, out of those that are open to its
// area: the one that was chosen, or the only one. It returns Invalid, naming the
// field, if that leaves any doubt.
func choose(open []Fund, chosen uuid.UUID, area string) (Fund, error) {
	var c fault.Check
	switch i := slices.IndexFunc(open, func(f Fund) bool { return f.ID == chosen }); {
	case i >= 0:
		return open[i], nil
	case len(open) == 0:
		c.Want(false, "/fund_id", fmt.Sprintf("No fund has a budget for %s this year. Ask finance to open one.", area))
	case chosen != uuid.Nil:
		c.Want(false, "/fund_id", fmt.Sprintf("This fund has no budget for %s this year. Choose another.", area))
	case len(open) > 1:
		c.Want(false, "/fund_id", "Choose the fund that this request asks.")
	default:
		return open[0], nil
	}
	return Fund{}, c.Err()
}
