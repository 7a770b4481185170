package award

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/workday"
)

// Clock is by when a request that waits is to be decided. The zero Clock is no
// day at all: its fund had agreed none when it was submitted.
type Clock struct {
	By     time.Time // the last day
	Stands bool      // while a question waits for its answer; By is then as if that came today
}

// Pace is what a request's clock hangs on.
type Pace struct {
	Sent  time.Time // when it was submitted last
	Days  int       // working days to decide, by the terms of that day; 0 for none
	Waits []Wait    // of every question about it
}

// Wait is how long a question waited.
type Wait struct{ Asked, Answered time.Time } // Answered is zero while it waits

// Clock is how the clock stands at this moment. The day on which the request was
// submitted does not count, and no more do those on which it waited for an answer:
// from the day after a question to that of its answer, on which it comes back to
// whoever decides. Where several wait at once, a day is left out once.
func (p Pace) Clock(now time.Time) Clock {
	if p.Days < 1 {
		return Clock{}
	}
	day := workday.On(p.Sent)
	for left := p.Days; left > 0; {
		if day = day.AddDate(0, 0, 1); workday.Is(day) && !p.waits(day, now) {
			left--
		}
	}
	return Clock{By: day, Stands: slices.ContainsFunc(p.Waits, func(w Wait) bool { return w.Answered.IsZero() })}
}

// waits reports whether that day is left out for a question.
func (p Pace) waits(day, now time.Time) bool {
	return slices.ContainsFunc(p.Waits, func(w Wait) bool {
		until := w.Answered
		if until.IsZero() {
			until = now
		}
		return day.After(workday.On(w.Asked)) && !day.After(workday.On(until))
	})
}

// clock puts beside each request that waits by when it is to be decided.
func (s *Awards) clock(ctx context.Context, found []Summary) error {
	var waiting []uuid.UUID
	for _, r := range found {
		if r.State == Submitted {
			waiting = append(waiting, r.ID)
		}
	}
	if len(waiting) == 0 {
		return nil
	}
	paces, err := s.d.Store.Paces(ctx, waiting)
	for i, r := range found {
		found[i].Clock = paces[r.ID].Clock(s.now())
	}
	return err
}

// timed puts beside a request by when it is to be decided or, once it was
// declined, until when it can be challenged.
func (s *Awards) timed(ctx context.Context, st Standing) (Standing, error) {
	r := st.Request
	switch r.State() {
	case Submitted:
		paces, err := s.d.Store.Paces(ctx, []uuid.UUID{r.ID})
		st.Clock = paces[r.ID].Clock(s.now())
		return st, err
	case Declined:
		agreed, err := s.d.Funds.TermsOf(ctx, r.ID)
		st.ChallengeUntil = r.challengeUntil(agreed)
		return st, err
	}
	return st, nil
}
