package award_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/services/funding/internal/award"
)

// promised is a store that knows of one promise, and keeps what is said of it.
type promised struct {
	award.Promises
	award.Case
	warning award.Warning
	err     error
}

func (p *promised) Unwarned(context.Context, time.Time) ([]uuid.UUID, error) {
	return []uuid.UUID{uuid.New()}, nil
}

func (p *promised) Overdue(context.Context, time.Time) ([]uuid.UUID, error) { return nil, nil }

func (p *promised) Warn(_ context.Context, _ award.Act, _ uuid.UUID, warn func(award.Case) (award.Warning, error)) error {
	p.warning, p.err = warn(p.Case)
	return nil
}

func (p *promised) Keep(_ context.Context, _ award.Act, _ uuid.UUID, keep func(award.Case) (award.Kept, error)) (award.Case, error) {
	k, err := keep(p.Case)
	p.Kept = &k
	return p.Case, err
}

func on(month time.Month, day int) time.Time {
	return time.Date(2026, month, day, 0, 0, 0, 0, time.UTC)
}

// standing is a promise of 1 June for ninety days, of which its coach is told a
// fortnight before.
func standing() *award.Promise { return &award.Promise{Expires: 90, Warn: 14, Ends: on(8, 30)} }

func warned() *award.Promise {
	p := standing()
	p.Warned, p.RunsOut = on(8, 16), on(8, 30)
	return p
}

func TestAWarningComesOnceNotTooSoonAndLeavesItsDays(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		promise *award.Promise
		day     time.Time
		want    time.Time // that it runs out; zero where no warning is due
	}{
		"the day before":     {standing(), on(8, 15), time.Time{}},
		"the day":            {standing(), on(8, 16), on(8, 30)},
		"later":              {standing(), on(8, 20), on(9, 3)},
		"long after its end": {standing(), on(12, 1), on(12, 15)},
		"warned already":     {warned(), on(8, 20), time.Time{}},
		"without any terms":  {nil, on(8, 20), time.Time{}},
	} {
		store := &promised{Case: award.Case{Promise: c.promise}}
		awards := award.New(award.Deps{Promises: store, Now: func() time.Time { return c.day.Add(12 * time.Hour) }})
		if err := awards.RunOut(t.Context()); err != nil {
			t.Fatal(err)
		}
		if !store.warning.RunsOut.Equal(c.want) || c.want.IsZero() != fault.Is(store.err, fault.Conflict) {
			t.Errorf("%s: warned that it runs out on %v, %v; want %v", name, store.warning.RunsOut, store.err, c.want)
		}
	}
}

func TestWhatWasWarnedOfIsKeptOnOnceInWords(t *testing.T) {
	t.Parallel()
	again := warned()
	again.Kept = true
	for name, c := range map[string]struct {
		promise *award.Promise
		words   string
		want    fault.Kind
	}{
		"in words":            {warned(), "She starts in autumn.", ""},
		"in silence":          {warned(), " ", fault.Invalid},
		"a second time":       {again, "And in winter.", fault.Conflict},
		"before it is warned": {standing(), "She starts in autumn.", fault.Conflict},
		"what is used":        {nil, "She starts in autumn.", fault.Conflict},
	} {
		d := newDesk(t, 1000)
		r := d.in(award.Approved)
		store := &promised{Case: award.Case{Request: r, Allowance: d.allowance, Promise: c.promise}}
		awards := award.New(award.Deps{Store: d.store, Needs: d.Needs, Promises: store, Now: func() time.Time { return on(8, 20) }})
		_, err := awards.Keep(as(d.Amina), r.ID, r.Version, c.words)
		if c.want != "" && !fault.Is(err, c.want) || c.want == "" && err != nil {
			t.Errorf("%s: Keep() = %v, want %q", name, err, c.want)
		}
		if until := on(11, 18); c.want == "" && !store.Kept.Until.Equal(until) {
			t.Errorf("%s: kept on until %v, want %v", name, store.Kept.Until, until)
		}
	}
}

func TestNothingRunsOutBeforeTheDayThatItsWarningSaid(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1000)
	for name, c := range map[string]struct {
		promise *award.Promise
		day     time.Time
		want    award.State
	}{
		"the day before":     {warned(), on(8, 29), award.Approved},
		"the day":            {warned(), on(8, 30), award.Expired},
		"without a warning":  {standing(), on(12, 1), award.Approved},
		"what somebody uses": {nil, on(12, 1), award.Approved},
	} {
		r, b := d.in(award.Approved), d.Oldham
		b.Committed = 100
		a := &award.Allowance{ID: r.AllowanceID, Cap: 1000, Totals: award.Totals{Committed: 100}}
		err := r.Expire(a, &b, c.promise, c.day.Add(12*time.Hour))
		if r.State() != c.want || (err == nil) != (c.want == award.Expired) || err != nil && !fault.Is(err, fault.Conflict) {
			t.Errorf("%s: it is %s, %v; want %s", name, r.State(), err, c.want)
		}
		if diff := cmp.Diff(c.want == award.Expired, a.Committed == 0 && b.Committed == 0 && r.Committed == 0); diff != "" {
			t.Errorf("%s: given back:\n%s", name, diff)
		}
	}
}
