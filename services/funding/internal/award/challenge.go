package award

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/funding/internal/budget"
	"github.com/instead-support/instead/services/funding/internal/policy"
	"github.com/instead-support/instead/services/funding/internal/workday"
)

// Terms knows what was agreed for a fund, every version of it.
type Terms interface {
	Terms(ctx context.Context, fund uuid.UUID) ([]budget.Terms, error)
}

// usualChallengeDays is in how many working days a decline can be challenged
// where a fund has agreed no terms: about a month, as for other decisions of a
// council. That terms are missing takes no right from anybody.
const usualChallengeDays = 20

// TheJobseeker is what is kept for the name of somebody whose name is not
// funding's to keep.
const TheJobseeker = "The jobseeker"

// Challenge asks for another look at a request that was declined, by the
// jobseeker or by their coach for them; see Request.Challenge. It goes on at
// once to somebody else's decision if what is asked still fits, and if every
// line still meets a need and is what the fund pays for. Otherwise, and while that cannot be checked, it stays
// challenged until the coach has put it right and submits it: being late with
// that costs nobody their challenge.
func (s *Awards) Challenge(ctx context.Context, id uuid.UUID, version int64, words string) (Standing, error) {
	who, err := s.actor(ctx, policy.ChallengeRequest)
	if err != nil {
		return Standing{}, err
	}
	rec, err := s.d.Store.Record(ctx, who, id)
	if err != nil {
		return Standing{}, err
	}
	taken, err := s.takenOver(ctx, who, policy.ChallengeRequest, id)
	if err != nil {
		return Standing{}, err
	}
	inTheWay, err := s.d.Needs.InTheWay(ctx, rec.Jobseeker)
	if err != nil {
		inTheWay = nil
	}
	rulings, err := s.d.Funds.Rulings(ctx, id, Today(s.now()))
	if err != nil {
		return Standing{}, err
	}
	until, err := s.challengeUntil(ctx, id, who)
	if err != nil {
		return Standing{}, err
	}
	by := who.Person
	if who.Jobseeker != uuid.Nil {
		by.Name = TheJobseeker
	}
	return s.changeFor(ctx, who, policy.ChallengeRequest, taken, id, version, words, func(c Case) error {
		return c.Request.Challenge(c.Allowance, until, words, inTheWay, rulings, by, s.now())
	})
}

// ChallengeUntil is the last day on which this request, as it stands, can be
// challenged. It is the zero day if it was not declined.
func (s *Awards) ChallengeUntil(ctx context.Context, r *Request) (time.Time, error) {
	declined, ok := r.Decision()
	if !ok || r.State() != Declined {
		return time.Time{}, nil
	}
	agreed, err := s.d.Terms.Terms(ctx, r.Fund.ID)
	if err != nil {
		return time.Time{}, err
	}
	days := usualChallengeDays
	if terms, ok := budget.On(agreed, workday.On(declined.At)); ok {
		days = terms.ChallengeDays
	}
	return workday.After(workday.On(declined.At), days), nil
}

func (s *Awards) challengeUntil(ctx context.Context, id uuid.UUID, who policy.Actor) (time.Time, error) {
	c, err := s.d.Store.Request(ctx, Act{Who: who, Operation: policy.ReadRequest}, id, Also{})
	if err != nil {
		return time.Time{}, err
	}
	return s.ChallengeUntil(ctx, c.Request)
}

// Challenge asks for another look, in words, up to the end of the day until. If
// what is asked fits what is available, and every line meets one of inTheWay and
// is what the fund pays for by rulings, it asks for the decision as well, which is then never one of those who decided
// before. It returns Conflict if the request was not declined or the time is
// over, and Invalid without words.
func (r *Request) Challenge(a *Allowance, until time.Time, words string, inTheWay []uuid.UUID, rulings []Ruling, by identity.Person, at time.Time) error {
	if err := r.canMove(Challenged); err != nil {
		return err
	}
	if !at.Before(workday.End(until)) {
		return fault.Newf(fault.Conflict, "Another look could be asked for up to %s, which has passed. If things have changed, a new request can be made.", until.Format("2 January 2006"))
	}
	words = tidy(words)
	var c fault.Check
	checkText(&c, "/words", words, 2000, "Say why somebody should look at this again.")
	if err := c.Err(); err != nil {
		return err
	}
	if err := r.move(Challenged, by, at, Reason{Words: words}); err != nil {
		return err
	}
	if r.ready(inTheWay) != nil || r.paidFor(rulings) != nil || r.Asked() > a.Available() {
		return nil
	}
	return r.Submit(a, inTheWay, by, at)
}

// decidedBeforeChallenge reports whether this person took part in a decision
// that was challenged: another look is another person's.
func (r *Request) decidedBeforeChallenge(by uuid.UUID) bool {
	for i, s := range r.History {
		if s.By == by && (s.decides() || s.Act == Endorsing) &&
			slices.ContainsFunc(r.History[i:], func(later Step) bool { return later.To == Challenged }) {
			return true
		}
	}
	return false
}
