package postgres_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/db/dbtest"
	"github.com/instead-support/instead/services/portal/internal/postgres"
)

var _ scs.CtxStore = (*postgres.Sessions)(nil)

// clock is a time that a test moves.
type clock struct{ time.Time }

func (c *clock) now() time.Time { return c.Time }

func open(t *testing.T) (*db.DB, *clock) {
	t.Helper()
	t.Parallel()
	return dbtest.Open(t, postgres.Migrations, "portal"), &clock{time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
}

func count(t *testing.T, d *db.DB, table string) (n int) {
	t.Helper()
	if err := d.Pool.QueryRow(t.Context(), "SELECT count(*) FROM "+table).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestASessionIsKeptReplacedAndForgotten(t *testing.T) {
	d, clock := open(t)
	s, ctx := postgres.NewSessions(d, clock.now), t.Context()
	for _, data := range []string{"one", "two"} {
		if err := s.CommitCtx(ctx, "token", []byte(data), clock.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		if got, found, err := s.FindCtx(ctx, "token"); string(got) != data || !found || err != nil {
			t.Errorf("Find() = %q, %v, %v, want %q", got, found, err, data)
		}
	}
	if err := s.DeleteCtx(ctx, "token"); err != nil {
		t.Fatal(err)
	}
	if err := s.DeleteCtx(ctx, "token"); err != nil {
		t.Errorf("deleting what is not there: %v", err)
	}
	if _, found, err := s.FindCtx(ctx, "token"); found || err != nil {
		t.Errorf("a deleted session was found (%v)", err)
	}
}

func TestASessionEnds(t *testing.T) {
	d, clock := open(t)
	s := postgres.NewSessions(d, clock.now)
	if err := s.Commit("token", []byte("x"), clock.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	clock.Time = clock.Add(time.Hour)
	if _, found, err := s.Find("token"); found || err != nil {
		t.Errorf("an ended session was found (%v)", err)
	}
}

func TestASignInEndsWhenUnusedAndInAnyCase(t *testing.T) {
	for _, c := range []struct {
		name  string
		steps []time.Duration
		found bool
	}{
		{"used at once", []time.Duration{0}, true},
		{"used every half hour", []time.Duration{30 * time.Minute, 30 * time.Minute, 30 * time.Minute}, true},
		{"used every few seconds", []time.Duration{50 * time.Second, 50 * time.Second, 59 * time.Minute}, true},
		{"left for an hour", []time.Duration{time.Hour}, false},
		{"used, then left for an hour", []time.Duration{30 * time.Minute, time.Hour}, false},
		{"used until its end", []time.Duration{50 * time.Minute, 50 * time.Minute, 20 * time.Minute}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, clock := open(t)
			s, id := postgres.NewSignIns(d, clock.now, time.Hour), uuid.New()
			if err := s.Begin(t.Context(), id, []byte("x"), clock.Add(2*time.Hour)); err != nil {
				t.Fatal(err)
			}
			var found bool
			for _, step := range c.steps {
				clock.Time = clock.Add(step)
				var err error
				if _, found, err = s.Find(t.Context(), id); err != nil {
					t.Fatal(err)
				}
			}
			if found != c.found {
				t.Errorf("found = %v, want %v", found, c.found)
			}
		})
	}
}

func TestASignInChangesOneAtATime(t *testing.T) {
	d, clock := open(t)
	s, id := postgres.NewSignIns(d, clock.now, time.Hour), uuid.New()
	if err := s.Begin(t.Context(), id, []byte{}, clock.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			_, err := s.Change(t.Context(), id, func(sealed []byte) ([]byte, error) { return append(sealed, 'x'), nil })
			if err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	if sealed, _, err := s.Find(t.Context(), id); string(sealed) != "xxxxxxxx" || err != nil {
		t.Errorf("after 8 changes: %q, %v", sealed, err)
	}
}

func TestAFailedChangeChangesNothing(t *testing.T) {
	d, clock := open(t)
	s, id, broken := postgres.NewSignIns(d, clock.now, time.Hour), uuid.New(), errors.New("broken")
	if err := s.Begin(t.Context(), id, []byte("was"), clock.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	found, err := s.Change(t.Context(), id, func([]byte) ([]byte, error) { return []byte("is"), broken })
	if !found || !errors.Is(err, broken) {
		t.Errorf("Change() = %v, %v", found, err)
	}
	if sealed, _, _ := s.Find(t.Context(), id); string(sealed) != "was" {
		t.Errorf("it is now %q", sealed)
	}
}

func TestASignInThatEndedStaysEnded(t *testing.T) {
	d, clock := open(t)
	s, id := postgres.NewSignIns(d, clock.now, time.Hour), uuid.New()
	if err := s.Begin(t.Context(), id, []byte("x"), clock.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if err := s.End(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	found, err := s.Change(t.Context(), id, func([]byte) ([]byte, error) {
		t.Error("an ended sign-in was changed")
		return nil, nil
	})
	if found || err != nil {
		t.Errorf("Change() = %v, %v", found, err)
	}
	if _, found, err := s.Find(t.Context(), id); found || err != nil {
		t.Errorf("Find() = %v, %v", found, err)
	}
}

func TestWhatHasEndedIsClearedAwayByTheNextSignIn(t *testing.T) {
	d, clock := open(t)
	sessions, signIns := postgres.NewSessions(d, clock.now), postgres.NewSignIns(d, clock.now, time.Hour)
	begin := func() {
		t.Helper()
		id := uuid.New()
		if err := errors.Join(
			sessions.CommitCtx(context.Background(), id.String(), []byte{}, clock.Add(time.Hour)),
			signIns.Begin(t.Context(), id, []byte{}, clock.Add(time.Hour)),
		); err != nil {
			t.Fatal(err)
		}
	}
	begin()
	clock.Time = clock.Add(30 * time.Minute)
	begin()
	clock.Time = clock.Add(30 * time.Minute)
	begin()
	if a, b := count(t, d, "session"), count(t, d, "sign_in"); a != 2 || b != 2 {
		t.Errorf("%d sessions and %d sign-ins are left, want 2 of each", a, b)
	}
}
