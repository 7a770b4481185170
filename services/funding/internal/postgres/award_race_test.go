package postgres_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/db/dbtest"
	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/pkg/money"
	"github.com/instead-support/instead/services/funding/internal/award"
	"github.com/instead-support/instead/services/funding/internal/policy"
	"github.com/instead-support/instead/services/funding/internal/postgres"
)

// wide opens a database with so many connections that people do meet.
func wide(t testing.TB) *db.DB {
	t.Helper()
	return connect(t, dbtest.URLs(t, postgres.Migrations, "funding").Serve)
}

// connect opens forty connections before anything begins. To open one takes
// longer than a whole transaction: the first to be ready would do all the work,
// and nobody would meet anybody.
func connect(t testing.TB, url string) *db.DB {
	t.Helper()
	d, err := db.Open(t.Context(), url+"&pool_max_conns=40")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	var wg sync.WaitGroup
	conns := make([]*pgxpool.Conn, 40)
	for i := range conns {
		wg.Go(func() {
			var err error
			if conns[i], err = d.Pool.Acquire(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, c := range conns {
		if c != nil {
			c.Release()
		}
	}
	return d
}

// coachOf is one of the many coaches of an area.
func coachOf(area string, i int) identity.Person {
	return identity.Person{ID: uuid.New(), Name: fmt.Sprint("Coach ", i), Roles: []identity.Role{identity.Coach}, Areas: []string{area}}
}

func TestSixtyFourCoachesAtOnceNeverPassTheCap(t *testing.T) {
	t.Parallel()
	const coaches = 64
	for name, amount := range map[string]func(int) money.Pence{
		"all of them asking the same": func(int) money.Pence { return 130 }, // 1000 holds seven
		"each asking something else":  func(i int) money.Pence { return money.Pence(1 + rand.Int64N(300)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := deskOn(t, wide(t), 1000)
			var requests []*award.Request
			for i := range coaches {
				requests = append(requests, d.draft(amount(i)))
			}

			// Whose caseload Sam is on is not what is tried here, so the verb is
			// called as the use case would, past the policy.
			errs := make([]error, coaches)
			start := make(chan struct{})
			var wg sync.WaitGroup
			for i, r := range requests {
				wg.Go(func() {
					by := coachOf("Oldham", i)
					act := award.Act{Who: policy.Actor{Person: by}, Operation: policy.SubmitRequest}
					<-start
					_, errs[i] = d.store.Change(d.as(by), act, r.ID, award.Also{}, func(c award.Case) error {
						return c.Request.Submit(c.Allowance, d.Needs.Ways[d.SamsRecord], by, time.Now().UTC().Truncate(time.Microsecond))
					})
				})
			}
			close(start)
			wg.Wait()

			a, postings, err := d.Allowance(d.as(d.Amina), d.allowance.ID)
			if err != nil {
				t.Fatal(err)
			}
			var won, winners money.Pence
			for i, r := range requests {
				switch err := errs[i]; {
				case err == nil:
					won += r.Asked()
					winners++
				case !fault.Is(err, fault.OverCap):
					t.Errorf("coach %d: %v, want over-cap", i, err)
				case r.Asked() <= a.Available():
					t.Errorf("coach %d was refused %d, and %d is left", i, r.Asked(), a.Available())
				}
			}
			if a.Held != won || won > 1000 || len(postings) != int(winners) {
				t.Errorf("%d held in %d entries for winners who asked %d", a.Held, len(postings), won)
			}
			if name == "all of them asking the same" && winners != 7 {
				t.Errorf("%d of them got 130 of 1000, want 7", winners)
			}
			agrees(t, d.db)
		})
	}
}

func TestTheSameMessageManyTimesAtOnceDoesItsWorkOnce(t *testing.T) {
	t.Parallel()
	d := deskOn(t, wide(t), 1000)
	course := d.Catalogue.Add(500).CourseID
	draft, waiting := d.draft(100), d.submitted(200)
	count := func(table string) (n int) {
		if err := d.db.Gorm.Raw("SELECT count(*) FROM " + table).Scan(&n).Error; err != nil {
			t.Fatal(err)
		}
		return n
	}
	for name, c := range map[string]struct {
		by    identity.Person
		do    func(context.Context) (uuid.UUID, error)
		table string
	}{
		"open": {d.Amina, func(ctx context.Context) (uuid.UUID, error) {
			a, err := d.Open(ctx, award.Opening{JobseekerID: d.SamsRecord, CourseID: course})
			if err != nil {
				return uuid.Nil, err
			}
			return a.ID, nil
		}, "allowance"},
		"draft": {d.Amina, func(ctx context.Context) (uuid.UUID, error) { return id(d.Draft(ctx, d.allowance.ID, d.Fund.ID)) }, "request"},
		"submit": {d.Amina, func(ctx context.Context) (uuid.UUID, error) { return id(d.Submit(ctx, draft.ID, draft.Version)) },
			"entry"},
		"approve": {d.Priya, func(ctx context.Context) (uuid.UUID, error) {
			return id(d.Approve(ctx, waiting.ID, waiting.Version, because))
		}, "entry"},
	} {
		before := count(c.table)
		ctx := db.WithKey(d.as(c.by), name)
		ids := make([]uuid.UUID, 16)
		var wg sync.WaitGroup
		for i := range ids {
			wg.Go(func() {
				var err error
				if ids[i], err = c.do(ctx); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			})
		}
		wg.Wait()
		for _, id := range ids {
			if id != ids[0] {
				t.Errorf("%s: two of them answered with another thing", name)
			}
		}
		if did := count(c.table) - before; did != 1 {
			t.Errorf("%s: %d rows more in %s, want 1", name, did, c.table)
		}
	}
	agrees(t, d.db)
}

func id(s award.Standing, err error) (uuid.UUID, error) {
	if err != nil {
		return uuid.Nil, err
	}
	return s.Request.ID, nil
}

func TestOfTwoManagersAtOnceOneDecides(t *testing.T) {
	t.Parallel()
	d := deskOn(t, wide(t), 100000)
	for range 20 {
		r := d.submitted(100)
		var wg sync.WaitGroup
		errs := make([]error, 2)
		wg.Go(func() { _, errs[0] = d.Approve(d.as(d.Priya), r.ID, r.Version, because) })
		wg.Go(func() { _, errs[1] = d.Decline(d.as(d.Bilal), r.ID, r.Version, because) })
		wg.Wait()
		if (errs[0] == nil) == (errs[1] == nil) {
			t.Fatalf("approve: %v; decline: %v; want one of them", errs[0], errs[1])
		}
		for _, err := range errs {
			if err != nil && !fault.Is(err, fault.Stale) {
				t.Errorf("the other: %v, want stale", err)
			}
		}
	}
	agrees(t, d.db)
}
