package award

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/funding/internal/policy"
)

// Promise is an approval of which nothing was paid and nothing is on its way. It
// runs out after a while, so that the money can help somebody else, but never
// before somebody was warned. Days are calendar days in London, at 00:00 UTC.
type Promise struct {
	Expires int       // days that it stands, by the fund's terms of the day of its approval
	Warn    int       // days before its end by which its coach is told
	Ends    time.Time // the day on which it ends, by those terms or as it was kept on
	Kept    bool      // whether it was kept on

	Warned  time.Time // when; zero if nobody was, since it was approved or kept on
	RunsOut time.Time // the day that the warning said
}

// RunsOutOn is the day on which it runs out if nobody does anything, as far as is
// known: a warning that comes late moves it.
func (p *Promise) RunsOutOn() time.Time {
	if !p.Warned.IsZero() {
		return p.RunsOut
	}
	return p.Ends
}

// Warning says on which day a promise runs out.
type Warning struct {
	At      time.Time
	RunsOut time.Time
}

// Kept says that a promise was kept on though it had not been used.
type Kept struct {
	At     time.Time
	By     uuid.UUID
	ByName string
	Words  string
	Until  time.Time // the day on which it runs out after all
}

var errUsed = fault.New(fault.Conflict, "This does not run out: something of it is paid or on its way, or its fund has no terms for that.")

// warn is the warning that is due, and leaves as many days as the terms say,
// however late it comes. It returns Conflict if there is none to give,
// or if it was given.
func (p *Promise) warn(at time.Time) (Warning, error) {
	today := Today(at)
	switch {
	case p == nil:
		return Warning{}, errUsed
	case !p.Warned.IsZero() || today.Before(p.Ends.AddDate(0, 0, -p.Warn)):
		return Warning{}, fault.New(fault.Conflict, "No warning is due.")
	}
	w := Warning{At: at, RunsOut: today.AddDate(0, 0, p.Warn)}
	if p.Ends.After(w.RunsOut) {
		w.RunsOut = p.Ends
	}
	return w, nil
}

// keepable returns Conflict unless a warning waits for an answer.
func (p *Promise) keepable() error {
	switch {
	case p == nil:
		return errUsed
	case p.Kept:
		return fault.New(fault.Conflict, "This was kept on once. Use it before it runs out, or ask again later.")
	case p.Warned.IsZero():
		return fault.New(fault.Conflict, "There is no need to keep this on yet: nobody has been told that it runs out.")
	}
	return nil
}

// keep answers a warning: the promise stands as long again, from today. It
// returns Conflict if there is no warning to answer or it was kept on before,
// and Invalid without words.
func (p *Promise) keep(words string, by identity.Person, at time.Time) (Kept, error) {
	if err := p.keepable(); err != nil {
		return Kept{}, err
	}
	words = tidy(words)
	var c fault.Check
	checkText(&c, "/words", words, 2000, "Say why it is still needed.")
	if err := c.Err(); err != nil {
		return Kept{}, err
	}
	return Kept{At: at, By: by.ID, ByName: by.Name, Words: words, Until: Today(at).AddDate(0, 0, p.Expires)}, nil
}

// Expire is Cancel for a promise that was not used by the day that its warning
// said. It returns Conflict before that day, and without a warning always.
func (r *Request) Expire(a *Allowance, b *Budget, p *Promise, at time.Time) error {
	if p == nil {
		return errUsed
	}
	if p.Warned.IsZero() || Today(at).Before(p.RunsOut) {
		return fault.New(fault.Conflict, "This has not run out yet.")
	}
	words := fmt.Sprintf("Nothing of it was used by %s, so it ran out.", p.RunsOut.Format("2 January 2006"))
	return r.giveUp(a, b, Expired, words, System, at)
}

// cancel is Request.Cancel, and returns Conflict as well while a payment is on its
// way: what has left may not be somebody else's meanwhile.
func (c Case) cancel(words string, by identity.Person, at time.Time) error {
	if c.InFlight > 0 {
		return fault.Newf(fault.Conflict,
			"%v of this is on its way to be paid. Ask finance to cancel that payment first. If it is sent already, what is left can be given back once it is paid.", c.InFlight)
	}
	return c.Request.Cancel(c.Allowance, c.Budget, words, by, at)
}

// Promises is what a store knows besides of promises that nobody uses. Its
// methods keep to what Store says of all of them.
type Promises interface {
	// Unwarned lists the requests whose warning is due on this day.
	Unwarned(ctx context.Context, day time.Time) ([]uuid.UUID, error)
	// Overdue lists the requests whose warning said this day, or one before.
	Overdue(ctx context.Context, day time.Time) ([]uuid.UUID, error)
	// Warn saves the warning that warn returns.
	Warn(ctx context.Context, act Act, request uuid.UUID, warn func(Case) (Warning, error)) error
	// Reminders is one page of what waits for whoever acts, and how much there is.
	Reminders(ctx context.Context, act Act, late Lateness, p Page) ([]Reminder, int, error)
	// Keep saves that the request was kept on, as keep returns it.
	Keep(ctx context.Context, act Act, request uuid.UUID, keep func(Case) (Kept, error)) (Case, error)
}

// Keep answers the warning that a request runs out: it is still needed, and so
// stands as long again from today, once. It returns Conflict where there is
// nothing to answer.
func (s *Awards) Keep(ctx context.Context, id uuid.UUID, version int64, words string) (Standing, error) {
	const op = policy.KeepRequest
	who, err := s.actor(ctx, op)
	if err != nil {
		return Standing{}, err
	}
	taken, err := s.takenOver(ctx, who, op, id)
	if err != nil {
		return Standing{}, err
	}
	c, err := s.d.Promises.Keep(ctx, Act{who, op, []any{id, version, words}}, id, func(c Case) (Kept, error) {
		if err := c.admit(who, op, taken, version); err != nil {
			return Kept{}, err
		}
		return c.Promise.keep(words, who.Person, s.now())
	})
	if fault.Is(err, fault.Stale) {
		err = s.overtaken(ctx, who, id, version)
	}
	return standing(who, c, err)
}

// RunOut gives every warning that is due, and ends every promise whose day has
// come: each in a transaction of its own, as the system. What is due follows from
// what is kept and from the day alone, so it comes to no harm if this is run
// twice, late or by many at once. It returns what failed, once it has done the rest.
func (s *Awards) RunOut(ctx context.Context) error {
	ctx = identity.With(ctx, System)
	for _, one := range []struct {
		due func(context.Context, time.Time) ([]uuid.UUID, error)
		do  func(context.Context, uuid.UUID) error
	}{{s.d.Promises.Unwarned, s.warn}, {s.d.Promises.Overdue, s.expire}} {
		ids, err := one.due(ctx, Today(s.now()))
		if err != nil {
			return err
		}
		var failed error
		for _, id := range ids {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			err := one.do(ctx, id)
			if !fault.Is(err, fault.Conflict) { // somebody used it, or another did this
				failed = errors.Join(failed, err)
			}
		}
		if failed != nil {
			return failed
		}
	}
	return nil
}

func (s *Awards) warn(ctx context.Context, id uuid.UUID) error {
	act := Act{Who: policy.Actor{Person: System}, Operation: policy.WarnRequest}
	return s.d.Promises.Warn(ctx, act, id, func(c Case) (Warning, error) { return c.Promise.warn(s.now()) })
}

func (s *Awards) expire(ctx context.Context, id uuid.UUID) error {
	act := Act{Who: policy.Actor{Person: System}, Operation: policy.ExpireRequest}
	_, err := s.d.Store.Change(ctx, act, id, Also{Budget: true, Promise: true, At: s.now()}, func(c Case) error {
		return c.Request.Expire(c.Allowance, c.Budget, c.Promise, s.now())
	})
	return err
}
