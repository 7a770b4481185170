package postgres_test

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/db/dbtest"
	"github.com/instead-support/instead/pkg/events"
	"github.com/instead-support/instead/services/reporting/internal/postgres"
	"github.com/instead-support/instead/services/reporting/internal/report"
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

// agree wants every total to be what the world's ledger comes to.
func agree(t *testing.T, d *db.DB, w *reportingtest.World) {
	t.Helper()
	compare(t, totals(t, d), w.Totals())
	compare(t, offers(t, d), w.Offers())
	compare(t, came(t, d), w.Came())
	compare(t, budgets(t, d), w.Budgets())
}

func compare[K, V comparable](t *testing.T, got, want map[K]V) {
	t.Helper()
	wrong := 0
	for k, v := range want {
		if got[k] != v {
			if wrong++; wrong < 4 {
				t.Errorf("%+v\n is  %+v\nnot %+v", k, got[k], v)
			}
		}
	}
	for k, v := range got {
		if _, ok := want[k]; !ok {
			if wrong++; wrong < 4 {
				t.Errorf("%+v is %+v, and should not be", k, v)
			}
		}
	}
	if wrong > 0 {
		t.Errorf("%d totals of %d are wrong", wrong, len(want))
	}
	if len(want) < 3 {
		t.Errorf("only %d totals were compared", len(want))
	}
}

type found[K, V any] struct {
	Key     K `gorm:"embedded"`
	Figures V `gorm:"embedded;embeddedPrefix:f_"`
}

func all[K, V comparable](t *testing.T, d *db.DB, keys, table, where string, figures ...string) map[K]V {
	t.Helper()
	columns := ""
	for _, f := range figures {
		columns += ", " + f + " AS f_" + f
	}
	rows, err := db.Find[found[K, V]](context.Background(), d.Gorm, "SELECT "+keys+columns+" FROM "+table+" "+where)
	if err != nil {
		t.Fatal(err)
	}
	m := map[K]V{}
	var zero V
	for _, r := range rows {
		if r.Figures != zero {
			m[r.Key] = r.Figures
		}
	}
	return m
}

func totals(t *testing.T, d *db.DB) map[reportingtest.Key]report.Sums {
	return all[reportingtest.Key, report.Sums](t, d, "cut, area, fund_id AS fund, to_char(period, 'YYYY-MM') AS month, key", "total", "WHERE grain = 'month'", sumColumns...)
}

var sumColumns = []string{
	"requests", "asked_pence", "approved_pence", "given_back_pence", "committed_pence", "paid_pence", "recovered_pence", "released_pence", "supplier_pence", "local_pence",
	"decided", "approved", "declined", "automatic", "timed", "days", "late", "took0", "took1", "took2", "took5", "took10", "took20", "equity_timed", "equity_days",
}

func offers(t *testing.T, d *db.DB) map[reportingtest.OfferKey]report.Offers {
	return all[reportingtest.OfferKey, report.Offers](t, d, "cut, area, grain, period::text AS period, key", "offer_total", "",
		"opened", "unasked", "unasked_cap_pence", "allowances", "cap_pence", "approved_pence", "settled", "settled_cap_pence", "settled_spent_pence",
		"instead", "instead_started", "instead_sustained", "course", "course_started", "course_sustained")
}

func came(t *testing.T, d *db.DB) map[reportingtest.CameKey]report.Came {
	return all[reportingtest.CameKey, report.Came](t, d, "area, day::text AS day, kind, route, occupation", "outcome_total", "",
		"starts", "sustained", "not_sustained", "open", "not_counted", "training", "cost_pence", "costed_starts", "costed_sustained")
}

func budgets(t *testing.T, d *db.DB) map[uuid.UUID][2]int64 {
	t.Helper()
	rows, err := db.Find[struct {
		BudgetID                   uuid.UUID
		CommittedPence, SpentPence int64
	}](context.Background(), d.Gorm, "SELECT * FROM budget_total")
	if err != nil {
		t.Fatal(err)
	}
	m := map[uuid.UUID][2]int64{}
	for _, r := range rows {
		m[r.BudgetID] = [2]int64{r.CommittedPence, r.SpentPence}
	}
	return m
}

func TestEveryTotalIsWhatTheLedgerComesToInWhateverOrderAndHoweverOftenItIsTold(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3) {
		w := history(seed, 150)
		d, _ := open(t)
		r := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // chance, no secret
		take(t, d, r, w.Shuffle(), 300)
		agree(t, d, w)
		take(t, d, r, w.Retell(), 300)
		agree(t, d, w)
	}
}
