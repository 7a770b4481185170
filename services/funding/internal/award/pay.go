package award

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/pkg/money"
)

// DecidedBy reports whether this person has ever decided the request, was the
// first of two to say yes to it, or let it pass the cap. Where nobody has, since the fund's rule did, it is
// whoever submitted it or has reviewed it. Such a person never pays it.
func (r *Request) DecidedBy(person uuid.UUID) bool {
	ruled := r.ByRule()
	reviewed := r.Automatic != nil && r.Automatic.Review != nil && r.Automatic.Review.By == person
	return reviewed || slices.ContainsFunc(r.History, func(s Step) bool {
		return s.By == person && (s.decides() || s.Act == Endorsing || s.Act == AllowingException || ruled && s.submits())
	})
}

// Pay enters that so much of what was promised has left, with this payment. The
// request is paid once nothing of the promise is left. It returns Conflict
// unless the request is approved.
func (r *Request) Pay(a *Allowance, b *Budget, payment uuid.UUID, pence money.Pence, by identity.Person, at time.Time) error {
	to := r.State()
	if pence == r.Committed {
		to = Paid
	}
	if err := r.take(Step{Act: Paying, To: to, At: at, By: by.ID, ByName: by.Name, Payment: payment}); err != nil {
		return err
	}
	return a.enter(r, b, Pay, pence)
}

// Recover enters that so much of this payment has come back. It is available
// again at once, to the allowance and in the budget that it came out of, whatever
// year that was, and though the request is closed by then. It returns Conflict unless
// the request was approved and still is, or is paid or closed.
func (r *Request) Recover(a *Allowance, b *Budget, payment uuid.UUID, pence money.Pence, words string, by identity.Person, at time.Time) error {
	s := Step{Act: Recovering, To: r.State(), At: at, By: by.ID, ByName: by.Name, Words: words, Payment: payment}
	if err := r.take(s); err != nil {
		return err
	}
	return a.enter(r, b, Recover, pence)
}

// ReleaseRest gives back what will not be paid of the promise, and what is given
// back is available again at once. It returns Conflict if nothing was ever paid:
// a request that is not needed at all is cancelled.
func (r *Request) ReleaseRest(a *Allowance, b *Budget, pence money.Pence, words string, by identity.Person, at time.Time) error {
	if !slices.ContainsFunc(r.History, func(s Step) bool { return s.Act == Paying }) {
		return fault.New(fault.Conflict, "Nothing of this request was paid, so there is no rest to give back. It can be cancelled instead.")
	}
	to := r.State()
	if pence == r.Committed {
		to = Paid
	}
	s := Step{Act: ReleasingRest, To: to, At: at, By: by.ID, ByName: by.Name, Words: words}
	if err := r.take(s); err != nil {
		return err
	}
	return a.enter(r, b, Uncommit, pence)
}

// Close says that all is paid that will be: the saving against the course is known
// from here on, and only grows if something comes back. It returns Conflict unless the request is paid.
func (r *Request) Close(by identity.Person, at time.Time) error {
	return r.move(Closed, by, at, Reason{})
}
