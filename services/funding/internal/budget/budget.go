// Package budget says what money there is and what it may be spent on.
//
// It owns funds, their dated terms and what each pays for, their budgets for an
// area in a financial year, and the money that goes into those, out of them and
// between them. Any change to one of these takes two people and a reason. It holds that no budget is left with less than is
// promised and paid out of it.
//
// It does not commit or pay: award and payment do, against a budget. It knows
// neither SQL nor HTTP; a Store keeps what it decides.
package budget

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/pkg/money"
	"github.com/instead-support/instead/services/funding/internal/policy"
)

// Deps is what Budgets are made of.
type Deps struct {
	Store Store
	Now   func() time.Time
	Today func(now time.Time) time.Time // the calendar day in London
}

// Budgets are the use cases. Every method acts for the person in its context and
// returns Unauthenticated if there is none, Forbidden for what that person may
// see but not do, and NotFound for what they may not see.
type Budgets struct{ d Deps }

// New returns the use cases on top of d.
func New(d Deps) *Budgets { return &Budgets{d} }

// OpenFund adds a fund, with no money in it yet. It returns Invalid naming every
// field that is wrong, and Conflict if the code or the name is another fund's.
func (s *Budgets) OpenFund(ctx context.Context, f Fund) (Fund, error) {
	who, err := s.actor(ctx, policy.OpenFund)
	if err != nil {
		return Fund{}, err
	}
	act := Act{who, policy.OpenFund, f}
	if f, err = f.open(); err != nil {
		return Fund{}, err
	}
	return s.d.Store.OpenFund(ctx, act, f)
}

// Funds is one page of the funds, by name, and how many there are.
func (s *Budgets) Funds(ctx context.Context, p Page) ([]Fund, int, error) {
	if _, err := s.actor(ctx, policy.ListFunds); err != nil {
		return nil, 0, err
	}
	return s.d.Store.Funds(ctx, p)
}

// Fund is one fund.
func (s *Budgets) Fund(ctx context.Context, id uuid.UUID) (Fund, error) {
	if _, err := s.actor(ctx, policy.ReadFund); err != nil {
		return Fund{}, err
	}
	return s.d.Store.Fund(ctx, id)
}

// Standing is a budget as it stands for whoever looks at it.
type Standing struct {
	Budget
	AsAt   time.Time   // the day at whose end its totals are
	State  State       // of its year, that day
	AtRisk money.Pence // see Totals.AtRisk
	Can    []Verb
}

// Verb is something that a person does with a budget or a proposal.
type Verb string

// The verbs, as the contract names them.
const (
	VerbMove    Verb = "move" // propose a movement
	VerbConfirm Verb = "confirm"
	VerbRefuse  Verb = "refuse"
)

// Open opens a budget with nothing in it. It returns Invalid if the fund has no
// day in that year, and Conflict if it has this budget already.
func (s *Budgets) Open(ctx context.Context, fund uuid.UUID, area string, year Year) (Standing, error) {
	who, err := s.actor(ctx, policy.OpenBudget)
	if err != nil {
		return Standing{}, err
	}
	b, err := s.d.Store.Open(ctx, Act{who, policy.OpenBudget, []any{fund, area, year}}, fund, func(f Fund) (*Budget, error) {
		b, err := open(f, area, year)
		if err != nil {
			return nil, err
		}
		if !policy.Reaches(who, policy.OpenBudget, policy.Record{Area: b.Area}) {
			return nil, fault.New(fault.Forbidden, "You can open a budget for your own areas only.")
		}
		return b, nil
	})
	return s.standing(who, b, time.Time{}, err)
}

// List is one page of the budgets within reach, the latest year first, and how
// many there are, as at the end of a day, or now if it is zero. It returns
// Invalid for a day that has not come.
func (s *Budgets) List(ctx context.Context, f Filter, p Page, asAt time.Time) ([]Standing, int, error) {
	who, err := s.actor(ctx, policy.ListBudgets)
	if err != nil {
		return nil, 0, err
	}
	if err := s.past(asAt); err != nil {
		return nil, 0, err
	}
	found, total, err := s.d.Store.Budgets(ctx, Act{Who: who, Operation: policy.ListBudgets}, f, p, asAt)
	if err != nil {
		return nil, 0, err
	}
	all := make([]Standing, len(found))
	for i := range found {
		all[i], _ = s.standing(who, &found[i], asAt, nil)
	}
	return all, total, nil
}

// Get is one budget, as at the end of a day, or now if it is zero. It returns
// Invalid for a day that has not come.
func (s *Budgets) Get(ctx context.Context, id uuid.UUID, asAt time.Time) (Standing, error) {
	who, err := s.actor(ctx, policy.ReadBudget)
	if err != nil {
		return Standing{}, err
	}
	if err := s.past(asAt); err != nil {
		return Standing{}, err
	}
	b, err := s.d.Store.Budget(ctx, Act{Who: who, Operation: policy.ReadBudget}, id, asAt)
	return s.standing(who, b, asAt, err)
}

// Ledger is one page of what happened to a budget up to the end of a day, or now
// if it is zero, the latest first, and how much of it there is.
func (s *Budgets) Ledger(ctx context.Context, id uuid.UUID, asAt time.Time, p Page) ([]Posting, int, error) {
	who, err := s.actor(ctx, policy.ListBudgetLedger)
	if err != nil {
		return nil, 0, err
	}
	if err := s.past(asAt); err != nil {
		return nil, 0, err
	}
	return s.d.Store.Ledger(ctx, Act{Who: who, Operation: policy.ListBudgetLedger}, id, asAt, p)
}

// past returns Invalid for a day that has not come: how money will stand then,
// nobody knows.
func (s *Budgets) past(day time.Time) error {
	var c fault.Check
	c.Want(!day.After(s.d.Today(s.now())), "/as_at", "The date must be today or in the past.")
	return c.Err()
}

// Pending is a proposal as it stands for whoever looks at it.
type Pending struct {
	*Proposal
	Can []Verb
}

// Move proposes that pence go from one budget to another, or into or out of one
// where the other is uuid.Nil; see Proposal.
func (s *Budgets) Move(ctx context.Context, from, to uuid.UUID, pence money.Pence, reason string) (Pending, error) {
	who, err := s.actor(ctx, policy.ProposeMovement)
	if err != nil {
		return Pending{}, err
	}
	act := Act{who, policy.ProposeMovement, []any{from, to, pence, reason}}
	p, err := s.d.Store.Propose(ctx, act, [2]uuid.UUID{from, to}, func(from, to *Budget) (*Proposal, error) {
		for _, b := range []*Budget{from, to} {
			if b == nil {
				continue
			}
			if err := policy.Check(who, policy.ProposeMovement, policy.ReadBudget, b.record()); err != nil {
				return nil, err
			}
		}
		now := s.now()
		return move(from, to, pence, reason, who.Person, now, s.d.Today(now))
	})
	return pending(who, p, err)
}

// Agree proposes a fund's terms from a day on. Confirmed, they are in force from
// that day, but never from before they were confirmed.
func (s *Budgets) Agree(ctx context.Context, fund uuid.UUID, t Terms, reason string) (Pending, error) {
	return s.proposeFor(ctx, policy.ProposeTerms, fund, []any{fund, t, reason}, func(f Fund, by identity.Person, now time.Time) (*Proposal, error) {
		return agree(f, t, reason, by, now, s.d.Today(now))
	})
}

// Pay proposes what a fund pays for and what it does not, each from a day on.
func (s *Budgets) Pay(ctx context.Context, fund uuid.UUID, all []Category, reason string) (Pending, error) {
	return s.proposeFor(ctx, policy.ProposeCategories, fund, []any{fund, all, reason}, func(f Fund, by identity.Person, now time.Time) (*Proposal, error) {
		return list(f, all, reason, by, now, s.d.Today(now))
	})
}

func (s *Budgets) proposeFor(ctx context.Context, op policy.Operation, fund uuid.UUID, body any,
	propose func(Fund, identity.Person, time.Time) (*Proposal, error)) (Pending, error) {
	who, err := s.actor(ctx, op)
	if err != nil {
		return Pending{}, err
	}
	p, err := s.d.Store.ProposeFor(ctx, Act{who, op, body}, fund, func(f Fund) (*Proposal, error) {
		return propose(f, who.Person, s.now())
	})
	return pending(who, p, err)
}

// Terms are all that were ever confirmed for a fund, the latest to begin first,
// and the version that is in force today, or 0.
func (s *Budgets) Terms(ctx context.Context, fund uuid.UUID) ([]Terms, int, error) {
	if _, err := s.actor(ctx, policy.ListTerms); err != nil {
		return nil, 0, err
	}
	if _, err := s.d.Store.Fund(ctx, fund); err != nil {
		return nil, 0, err
	}
	all, err := s.d.Store.Terms(ctx, fund)
	if err != nil {
		return nil, 0, err
	}
	now, _ := On(all, s.d.Today(s.now()))
	slices.SortStableFunc(all, func(a, b Terms) int {
		return cmp.Or(b.First.Compare(a.First), cmp.Compare(b.Version, a.Version))
	})
	return all, now.Version, nil
}

// Categories is what a fund says on a day, or today if it is zero, of each kind
// of thing.
func (s *Budgets) Categories(ctx context.Context, fund uuid.UUID, day time.Time) ([]Category, error) {
	if _, err := s.actor(ctx, policy.ListCategories); err != nil {
		return nil, err
	}
	if _, err := s.d.Store.Fund(ctx, fund); err != nil {
		return nil, err
	}
	if day.IsZero() {
		day = s.d.Today(s.now())
	}
	all, err := s.d.Store.Categories(ctx, fund)
	return CategoriesOn(all, day), err
}

// Confirm makes a proposal count; see Proposal.Confirm.
func (s *Budgets) Confirm(ctx context.Context, id uuid.UUID) (Pending, error) {
	return s.answer(ctx, policy.ConfirmProposal, id, nil, func(p *Proposal, by identity.Person) error {
		return p.Confirm(by, s.now())
	})
}

// Refuse ends a proposal; see Proposal.Refuse.
func (s *Budgets) Refuse(ctx context.Context, id uuid.UUID, words string) (Pending, error) {
	return s.answer(ctx, policy.RefuseProposal, id, words, func(p *Proposal, by identity.Person) error {
		return p.Refuse(words, by, s.now())
	})
}

func (s *Budgets) answer(ctx context.Context, op policy.Operation, id uuid.UUID, body any, verb func(*Proposal, identity.Person) error) (Pending, error) {
	who, err := s.actor(ctx, op)
	if err != nil {
		return Pending{}, err
	}
	p, err := s.d.Store.Answer(ctx, Act{who, op, []any{id, body}}, id, func(p *Proposal) error {
		if !p.within(who, op) {
			return fault.New(fault.Forbidden, "This moves money of an area that is not yours. Ask somebody who works in both.")
		}
		return verb(p, who.Person)
	})
	return pending(who, p, err)
}

// Proposals is one page of the proposals within reach, those that wait first,
// and how many there are.
func (s *Budgets) Proposals(ctx context.Context, f ProposalFilter, p Page) ([]Pending, int, error) {
	who, err := s.actor(ctx, policy.ListProposals)
	if err != nil {
		return nil, 0, err
	}
	found, total, err := s.d.Store.Proposals(ctx, Act{Who: who, Operation: policy.ListProposals}, f, p)
	if err != nil {
		return nil, 0, err
	}
	all := make([]Pending, len(found))
	for i := range found {
		all[i], _ = pending(who, &found[i], nil)
	}
	return all, total, nil
}

// Proposal is one proposal.
func (s *Budgets) Proposal(ctx context.Context, id uuid.UUID) (Pending, error) {
	who, err := s.actor(ctx, policy.ReadProposal)
	if err != nil {
		return Pending{}, err
	}
	p, err := s.d.Store.Proposal(ctx, Act{Who: who, Operation: policy.ReadProposal}, id)
	return pending(who, p, err)
}

// within reports whether every budget of the proposal is within reach of who for
// op. A proposal about none is for anyone with the role.
func (p *Proposal) within(who policy.Actor, op policy.Operation) bool {
	for _, b := range p.Budgets() {
		if !policy.Reaches(who, op, b.record()) {
			return false
		}
	}
	return policy.Gate(who.Person, op) == nil
}

// pending is p as it stands for who, or else err.
func pending(who policy.Actor, p *Proposal, err error) (Pending, error) {
	if err != nil {
		return Pending{}, err
	}
	can := []Verb{}
	if p.Answer == nil && p.By != who.ID && p.within(who, policy.ConfirmProposal) {
		can = append(can, VerbConfirm)
	}
	if p.Answer == nil && p.within(who, policy.RefuseProposal) {
		can = append(can, VerbRefuse)
	}
	return Pending{p, can}, nil
}

// standing is b as it stands for who, with its totals as at a day, or else err.
func (s *Budgets) standing(who policy.Actor, b *Budget, asAt time.Time, err error) (Standing, error) {
	if err != nil {
		return Standing{}, err
	}
	if asAt.IsZero() {
		asAt = s.d.Today(s.now())
	}
	can := []Verb{}
	if policy.Reaches(who, policy.ProposeMovement, b.record()) {
		can = append(can, VerbMove)
	}
	return Standing{Budget: *b, AsAt: asAt, State: b.Year.On(asAt), AtRisk: b.AtRisk(b.Year, asAt), Can: can}, nil
}

// actor is who acts, if some role of theirs may do the operation at all.
func (s *Budgets) actor(ctx context.Context, op policy.Operation) (policy.Actor, error) {
	p, err := identity.From(ctx)
	if err != nil {
		return policy.Actor{}, err
	}
	return policy.Actor{Person: p}, policy.Gate(p, op)
}

// now is the time as it is kept, so that what was written equals what is read.
func (s *Budgets) now() time.Time { return s.d.Now().UTC().Truncate(time.Microsecond) }

func (b *Budget) record() policy.Record { return policy.Record{Area: b.Area} }
