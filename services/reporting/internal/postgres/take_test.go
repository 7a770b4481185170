package postgres_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/db/dbtest"
	"github.com/instead-support/instead/pkg/events"
	"github.com/instead-support/instead/services/reporting/internal/postgres"
	"github.com/instead-support/instead/services/reporting/internal/postgres/reportingtest"
)

var begin = time.Date(2025, 1, 3, 9, 0, 0, 0, time.UTC)

func open(t *testing.T) (*db.DB, postgres.Store) {
	t.Helper()
	d := dbtest.Open(t, postgres.Migrations, "reporting")
	s := postgres.NewStore(d, time.Now)
	if err := s.Keep(t.Context()); err != nil {
		t.Fatal(err)
	}
	return d, s
}

// take takes events in batches of any size, each in a transaction.
func take(t *testing.T, d *db.DB, r *rand.Rand, all []events.Envelope, most int) {
	t.Helper()
	for len(all) > 0 {
		n := min(1+r.IntN(most), len(all))
		err := db.Tx(t.Context(), d.Gorm, func(tx *gorm.DB) error { return postgres.Take(t.Context(), tx, all[:n]) })
		if err != nil {
			t.Fatal(err)
		}
		all = all[n:]
	}
}

// history is a world in which so many people were offered something.
func history(seed uint64, n int) *reportingtest.World {
	w := reportingtest.New(seed, begin, 22)
	for range n {
		w.Live()
	}
	return w
}

func TestEveryTotalIsWhatTheLedgerComesToInWhateverOrderAndHoweverOftenItIsTold(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3) {
		w := history(seed, 150)
		d, _ := open(t)
		r := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // chance, no secret
		take(t, d, r, w.Shuffle(), 300)
		reportingtest.Agree(t, d, w)
		take(t, d, r, w.Retell(), 300)
		reportingtest.Agree(t, d, w)
	}
}
