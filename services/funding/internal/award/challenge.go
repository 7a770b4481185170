package award

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/pkg/workday"
	"github.com/instead-support/instead/services/funding/internal/budget"
	"github.com/instead-support/instead/services/funding/internal/policy"
)

// usualChallengeDays is in how many working days a decline can be challenged
// where a fund has agreed no terms: about a month, as for other decisions of a
// council. That terms are missing takes no right from anybody.
const usualChallengeDays = 20

// TheJobseeker is what is kept for the name of somebody whose name is not
// funding's to keep.
const TheJobseeker = "The jobseeker"

// Challenge asks for another look at a request that was declined, by the
// jobseeker or by their coach for them; see Request.Challenge. It goes on at
// once to somebody else's decision if what is asked still fits, and if every line
// still meets a need and is what the fund pays for. Otherwise, and while that
// cannot be checked, it stays challenged until the coach has put it right and
// submits it: being late with that costs nobody their challenge.
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
	agreed, err := s.d.Funds.TermsOf(ctx, id)
	if err != nil {
		return Standing{}, err
	}
	by := who.Person
	if who.Jobseeker != uuid.Nil {
		by.Name = TheJobseeker
	}
	return s.changeFor(ctx, who, policy.ChallengeRequest, taken, id, version, words, func(c Case) error {
		return c.Request.Challenge(c.Allowance, agreed, words, inTheWay, rulings, by, s.now())
	})
}

// challengeUntil is the last day on which the request, which was declined, can be
// challenged: so many working days after the decision as the fund's terms said
// that day.
func (r *Request) challengeUntil(agreed []budget.Terms) time.Time {
	declined, ok := r.Decision()
	if !ok || r.State() != Declined {
		return time.Time{}
	}
	day, days := workday.On(declined.At), usualChallengeDays
	if terms, ok := budget.On(agreed, day); ok {
		days = terms.ChallengeDays
	}
	return workday.After(day, days)
}

// Challenge asks for another look, in words, within the days that were agreed. If
// what is asked fits what is available, and every line meets one of inTheWay and
// is what the fund pays for by rulings, it asks for the decision as well. It
// returns Conflict if the request was not declined or the time is over, and
// Invalid without words.
func (r *Request) Challenge(a *Allowance, agreed []budget.Terms, words string, inTheWay []uuid.UUID, rulings []Ruling, by identity.Person, at time.Time) error {
	if err := r.canMove(Challenged); err != nil {
		return err
	}
	if until := r.challengeUntil(agreed); !at.Before(workday.End(until)) {
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
	if r.ready(inTheWay) != nil || r.paidFor(rulings) != nil || r.Asked() > a.availableTo(r) {
		return nil
	}
	return r.Submit(a, inTheWay, by, at)
}
