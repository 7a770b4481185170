package budget

import (
	"time"

	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/pkg/money"
)

// Proposal is something that takes two people: one proposes it and gives a
// reason, another confirms it, and only then does it count. Neither the proposal
// nor the answer is ever changed.
type Proposal struct {
	ID     uuid.UUID
	Fund   Fund
	Reason string
	By     uuid.UUID
	ByName string
	At     time.Time
	Answer *Answer // nil while it waits

	// One of these is what is proposed.
	Movement   *Movement
	Terms      *Terms
	Categories []Category
}

// Movement is money that goes into a budget, out of it, or from one to another
// of the same fund.
type Movement struct {
	From, To *Budget // either may be nil, but not both
	Pence    money.Pence
}

// Answer is what a second person said to a proposal.
type Answer struct {
	Confirmed bool
	By        uuid.UUID
	ByName    string
	At        time.Time
	Words     string // why not
}

// Budgets lists the budgets that the proposal is about.
func (p *Proposal) Budgets() []*Budget {
	var all []*Budget
	if m := p.Movement; m != nil {
		for _, b := range []*Budget{m.From, m.To} {
			if b != nil {
				all = append(all, b)
			}
		}
	}
	return all
}

// propose is a proposal by by, of nothing yet.
func propose(reason string, by identity.Person, at time.Time) *Proposal {
	return &Proposal{ID: newID(), Reason: tidy(reason), By: by.ID, ByName: by.Name, At: at}
}

// move proposes that pence go from one budget to another, or into or out of one
// where the other is nil. It returns Invalid without a reason, for another
// fund's budget, and for a year that is over, and OverBudget if so much is not
// left.
func move(from, to *Budget, pence money.Pence, reason string, by identity.Person, at, today time.Time) (*Proposal, error) {
	p := propose(reason, by, at)
	p.Movement = &Movement{from, to, pence}
	var c fault.Check
	c.Want(from != nil || to != nil, "/to_budget_id", "Choose the budget that the money goes to.")
	c.Want(pence >= 1, "/pence", "Enter an amount of 1p or more.")
	c.Want(pence <= money.Most, "/pence", "Enter an amount of "+money.Most.String()+" or less.")
	wantText(&c, "/reason", p.Reason, 1000, "Say why.")
	if from != nil && to != nil {
		c.Want(from.ID != to.ID, "/to_budget_id", "Choose another budget than the one the money comes from.")
		c.Want(from.Fund.ID == to.Fund.ID, "/to_budget_id", "Money of one fund can't go to another. Choose a budget of the same fund.")
	}
	c.Want(to == nil || to.Year.On(today) != Ended, "/to_budget_id", "That year is over, so its budget can be given no more.")
	if err := c.Err(); err != nil {
		return nil, err
	}
	p.Fund = p.Budgets()[0].Fund
	return p, p.Movement.fits()
}

// fits returns OverBudget, with the figures, if the movement would take what is
// promised or paid.
func (m *Movement) fits() error {
	if m.From == nil || m.Pence <= m.From.Left() {
		return nil
	}
	return OverBudget(m.Pence, m.From.Left())
}

// OverBudget says by how much something asks for more than is left of a budget.
func OverBudget(asked, left money.Pence) error {
	return fault.Newf(fault.OverBudget, "This takes %v, but %v is left of the budget. That is %v too much.", asked, left, asked-left).
		With("budget", map[string]any{
			"asked_pence": int64(asked),
			"left_pence":  int64(left),
			"over_pence":  int64(asked - left),
		})
}

// Confirm makes the proposal count. It returns Conflict if it was answered
// already, Forbidden to the one who proposed it, and OverBudget if the money has
// been promised meanwhile.
func (p *Proposal) Confirm(by identity.Person, at time.Time) error {
	if err := p.waits(); err != nil {
		return err
	}
	if by.ID == uuid.Nil || by.ID == p.By {
		return fault.New(fault.Forbidden, "You proposed this, so somebody else must confirm it.")
	}
	if p.Movement != nil {
		if err := p.Movement.fits(); err != nil {
			return err
		}
		p.Movement.apply()
	}
	p.Answer = &Answer{Confirmed: true, By: by.ID, ByName: by.Name, At: at}
	return nil
}

// apply moves the totals as the database will.
func (m *Movement) apply() {
	if m.From != nil {
		m.From.Allocated -= m.Pence
	}
	if m.To != nil {
		m.To.Allocated += m.Pence
	}
}

// Refuse ends the proposal, which then never counts; the one who proposed it
// takes it back this way. It returns Conflict if it was answered already, and
// Invalid without words.
func (p *Proposal) Refuse(words string, by identity.Person, at time.Time) error {
	if err := p.waits(); err != nil {
		return err
	}
	words = tidy(words)
	var c fault.Check
	wantText(&c, "/words", words, 1000, "Say why not.")
	if err := c.Err(); err != nil {
		return err
	}
	p.Answer = &Answer{By: by.ID, ByName: by.Name, At: at, Words: words}
	return nil
}

func (p *Proposal) waits() error {
	switch {
	case p.Answer == nil:
		return nil
	case p.Answer.Confirmed:
		return fault.Newf(fault.Conflict, "%s has confirmed this already.", p.Answer.ByName)
	}
	return fault.Newf(fault.Conflict, "%s has refused this already.", p.Answer.ByName)
}
