package reportingtest

import (
	"context"
	"testing"

	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/services/reporting/internal/report"
)

// Agree wants every total to be what the world's ledger comes to.
func Agree(t testing.TB, d *db.DB, w *World) {
	t.Helper()
	compare(t, totals(t, d), w.Totals())
	compare(t, offers(t, d), w.Offers())
	compare(t, came(t, d), w.Came())
	compare(t, budgets(t, d), w.Budgets())
}

func compare[K, V comparable](t testing.TB, got, want map[K]V) {
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

func all[K, V comparable](t testing.TB, d *db.DB, keys, table, where string, figures ...string) map[K]V {
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

func totals(t testing.TB, d *db.DB) map[Key]report.Sums {
	return all[Key, report.Sums](t, d, "cut, area, fund_id AS fund, to_char(period, 'YYYY-MM') AS month, key", "total", "WHERE grain = 'month'", sumColumns...)
}

var sumColumns = []string{
	"requests", "asked_pence", "approved_pence", "given_back_pence", "committed_pence", "paid_pence", "recovered_pence", "released_pence", "supplier_pence", "local_pence",
	"decided", "approved", "declined", "automatic", "timed", "days", "late", "took0", "took1", "took2", "took5", "took10", "took20", "equity_timed", "equity_days",
}

func offers(t testing.TB, d *db.DB) map[OfferKey]report.Offers {
	return all[OfferKey, report.Offers](t, d, "cut, area, grain, period::text AS period, key", "offer_total", "",
		"opened", "unasked", "unasked_cap_pence", "allowances", "cap_pence", "approved_pence", "settled", "settled_cap_pence", "settled_spent_pence",
		"instead", "instead_started", "instead_sustained", "course", "course_started", "course_sustained")
}

func came(t testing.TB, d *db.DB) map[CameKey]report.Came {
	return all[CameKey, report.Came](t, d, "area, day::text AS day, kind, route, occupation", "outcome_total", "",
		"starts", "sustained", "not_sustained", "open", "not_counted", "training", "cost_pence", "costed_starts", "costed_sustained")
}

func budgets(t testing.TB, d *db.DB) map[uuid.UUID][2]int64 {
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
