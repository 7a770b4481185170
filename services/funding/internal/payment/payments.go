package payment

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/pkg/money"
	"github.com/instead-support/instead/services/funding/internal/award"
	"github.com/instead-support/instead/services/funding/internal/policy"
)

// Deps is what Payments are made of.
type Deps struct {
	Store Store
	From  Originator // zero where no bank file can be made
	Now   func() time.Time
}

// Payments are the use cases. Every method acts for the person in its context
// and returns Unauthenticated if there is none, Forbidden for what that person
// may see but not do, and NotFound for what they may not see.
type Payments struct{ d Deps }

// New returns the use cases on top of d.
func New(d Deps) *Payments { return &Payments{d} }

// MostPlans is how many payments may be planned at once.
const MostPlans = 30

// Plan sets payments of a request on their way: all of them, or none.
func (s *Payments) Plan(ctx context.Context, request uuid.UUID, plans []Plan) ([]*Payment, error) {
	who, err := s.actor(ctx, policy.PlanPayments)
	if err != nil {
		return nil, err
	}
	if len(plans) == 0 || len(plans) > MostPlans {
		return nil, fault.Newf(fault.Invalid, "Plan between 1 and %d payments at once.", MostPlans)
	}
	b, err := s.d.Store.Plan(ctx, award.Act{Who: who, Operation: policy.PlanPayments, Body: []any{request, plans}}, request, func(b *Books) error {
		at := s.now()
		for i, p := range plans {
			if _, err := b.Plan(p, who.Person, at); err != nil {
				return under(fmt.Sprintf("/payments/%d", i), err)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return b.Payments, nil
}

// Complete records what a card or a voucher paid; see Books.Complete.
func (s *Payments) Complete(ctx context.Context, id uuid.UUID, version int64, actual money.Pence, words string) (*Payment, error) {
	return s.change(ctx, policy.CompletePayment, id, version, []any{actual, words}, func(b *Books, p *Payment, by identity.Person) error {
		return b.Complete(p, actual, words, by, s.now())
	})
}

// Cancel takes a planned payment back; see Books.Cancel.
func (s *Payments) Cancel(ctx context.Context, id uuid.UUID, version int64, words string) (*Payment, error) {
	return s.change(ctx, policy.CancelPayment, id, version, words, func(b *Books, p *Payment, by identity.Person) error {
		return b.Cancel(p, words, by, s.now())
	})
}

// Recover records that some of a payment came back; see Books.Recover.
func (s *Payments) Recover(ctx context.Context, id uuid.UUID, version int64, r Recovery) (*Payment, error) {
	return s.change(ctx, policy.RecoverPayment, id, version, r, func(b *Books, p *Payment, by identity.Person) error {
		return b.Recover(p, r, by, s.now())
	})
}

// Release gives back what is left of a request's promise; see Books.Release. It
// returns Stale unless version is the request's.
func (s *Payments) Release(ctx context.Context, request uuid.UUID, version int64, words string) (*Books, error) {
	who, err := s.actor(ctx, policy.ReleaseRest)
	if err != nil {
		return nil, err
	}
	act := award.Act{Who: who, Operation: policy.ReleaseRest, Body: []any{request, version, words}}
	return s.d.Store.Plan(ctx, act, request, func(b *Books) error {
		if b.Request.Version != version {
			return stale("request")
		}
		return b.Release(words, who.Person, s.now())
	})
}

// Close says that all is paid that will be for a request; see Books.Close. It
// returns Stale unless version is the request's.
func (s *Payments) Close(ctx context.Context, request uuid.UUID, version int64) (*Books, error) {
	who, err := s.actor(ctx, policy.CloseRequest)
	if err != nil {
		return nil, err
	}
	act := award.Act{Who: who, Operation: policy.CloseRequest, Body: []any{request, version}}
	return s.d.Store.Plan(ctx, act, request, func(b *Books) error {
		if b.Request.Version != version {
			return stale("request")
		}
		return b.Close(who.Person, s.now())
	})
}

// Get is a payment, with what of it came back.
func (s *Payments) Get(ctx context.Context, id uuid.UUID) (*Payment, []Recovery, error) {
	who, err := s.actor(ctx, policy.ReadPayment)
	if err != nil {
		return nil, nil, err
	}
	return s.d.Store.Payment(ctx, award.Act{Who: who, Operation: policy.ReadPayment}, id)
}

// List is one page of the payments within reach, and how many there are in all.
func (s *Payments) List(ctx context.Context, f Filter, p award.Page) ([]*Payment, int, error) {
	who, err := s.actor(ctx, policy.ListPayments)
	if err != nil {
		return nil, 0, err
	}
	return s.d.Store.Payments(ctx, award.Act{Who: who, Operation: policy.ListPayments}, f, p)
}

// Due is one page of the requests that wait to be paid, the longest approved
// first, and how many there are in all.
func (s *Payments) Due(ctx context.Context, f Filter, p award.Page) ([]Due, int, error) {
	who, err := s.actor(ctx, policy.ListDue)
	if err != nil {
		return nil, 0, err
	}
	return s.d.Store.Due(ctx, award.Act{Who: who, Operation: policy.ListDue}, f, p)
}

// Summary is what there is to pay within reach, and where payments stand.
func (s *Payments) Summary(ctx context.Context, area string) (Summary, error) {
	who, err := s.actor(ctx, policy.SummarisePayments)
	if err != nil {
		return Summary{}, err
	}
	return s.d.Store.Summary(ctx, award.Act{Who: who, Operation: policy.SummarisePayments}, area)
}

// change runs a verb on the payment that was read at this version, if the person
// acting may do that to it.
func (s *Payments) change(ctx context.Context, op policy.Operation, id uuid.UUID, version int64, body any,
	verb func(*Books, *Payment, identity.Person) error) (*Payment, error) {
	who, err := s.actor(ctx, op)
	if err != nil {
		return nil, err
	}
	act := award.Act{Who: who, Operation: op, Body: []any{id, version, body}}
	return s.d.Store.Change(ctx, act, id, func(b *Books, p *Payment) error {
		if p.Version != version {
			return stale("payment")
		}
		return verb(b, p, who.Person)
	})
}

func (s *Payments) actor(ctx context.Context, op policy.Operation) (policy.Actor, error) {
	p, err := identity.From(ctx)
	if err != nil {
		return policy.Actor{}, err
	}
	return policy.Actor{Person: p}, policy.Gate(p, op)
}

// now is the time as it is kept, so that what was written equals what is read.
func (s *Payments) now() time.Time { return s.d.Now().UTC().Truncate(time.Microsecond) }

func stale(what string) error {
	return fault.Newf(fault.Stale, "Somebody changed this %s since you opened it. Look at it again before you go on.", what)
}

// under puts the fields of a fault below where they stand in what was sent.
func under(pointer string, err error) error {
	f := fault.As(err)
	if f.Kind != fault.Invalid {
		return err
	}
	all := fault.New(f.Kind, f.Message)
	for _, field := range f.Fields {
		all.Fields = append(all.Fields, fault.Field{Pointer: pointer + field.Pointer, Message: field.Message})
	}
	return all
}
