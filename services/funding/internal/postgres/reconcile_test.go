package postgres_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/instead-support/instead/pkg/db/dbtest"
	"github.com/instead-support/instead/services/funding/internal/postgres"
	"github.com/instead-support/instead/services/funding/internal/reconcile"
)

func checkedOf(r reconcile.Report, what string) int64 {
	i := slices.IndexFunc(r.Checked, func(c reconcile.Count) bool { return c.What == what })
	if i < 0 {
		return -1
	}
	return r.Checked[i].N
}

func TestReconcilingSaysWhatItCheckedAndThatItAgrees(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1000)
	d.submitted(100)
	must(d.Approve(d.as(d.Priya), d.submitted(200).ID, 3, because))(t)
	books := postgres.NewBooks(d.db)
	for name, areas := range map[string][]string{"everywhere": nil, "Oldham": {"Oldham"}} {
		r := must(books.Reconcile(t.Context(), areas))(t)
		if r.Wrong != 0 || len(r.Examples) != 0 || checkedOf(r, "allowances") != 1 || checkedOf(r, "requests") != 2 || checkedOf(r, "ledger entries") != 3 || checkedOf(r, "steps of requests") != 5 {
			t.Errorf("%s: %+v", name, r)
		}
	}
	if r := must(books.Reconcile(t.Context(), []string{}))(t); checkedOf(r, "allowances") != 0 {
		t.Errorf("nowhere is not everywhere: %+v", r)
	}
	if r := must(books.Reconcile(t.Context(), []string{"Rochdale"}))(t); checkedOf(r, "requests") != 0 {
		t.Errorf("another area: %+v", r)
	}
}

// Each of these is done as the owner, with every trigger off: by
// a mistake in a migration, say, or somebody with the wrong password.
func TestWhatDoesNotAgreeIsNamedWhereItIs(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ sql, want string }{
		"an allowance's total":     {"UPDATE allowance SET held = held + 1", "the totals of an allowance are not the sums of its entries"},
		"a request's total":        {"UPDATE request SET committed = committed + 1 WHERE state = 'approved'", "the totals of a request are not the sums of its entries"},
		"an entry that is gone":    {"DELETE FROM entry WHERE kind = 'commit'", "the totals of an allowance are not the sums of its entries"},
		"an entry that was raised": {"UPDATE entry SET pence = pence + 1 WHERE kind = 'commit'", "the totals of a request are not the sums of its entries"},
		"a state":                  {"UPDATE request SET state = 'declined' WHERE state = 'approved'", "a request does not stand where its history ends"},
		"a step that is gone":      {"DELETE FROM history WHERE step = 1", "a history skips"},
		"a decider":                {"UPDATE history h SET by_id = s.by_id FROM history s WHERE h.request_id = s.request_id AND s.to_state = 'submitted' AND h.to_state = 'approved'", "somebody decided what they had submitted"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, 1000)
			must(d.Approve(d.as(d.Priya), d.submitted(200).ID, 3, because))(t)
			owner := dbtest.Owner(t, d.db)
			err := owner.Gorm.Transaction(func(tx *gorm.DB) error {
				for _, table := range []string{"allowance", "request", "line", "history", "entry", "budget"} {
					if err := tx.Exec("ALTER TABLE " + table + " DISABLE TRIGGER USER").Error; err != nil {
						return err
					}
				}
				return tx.Exec(c.sql).Error
			})
			if err != nil {
				t.Fatal(err)
			}
			r := must(postgres.NewBooks(d.db).Reconcile(t.Context(), []string{"Oldham"}))(t)
			i := slices.IndexFunc(r.Examples, func(found reconcile.Disagreement) bool { return strings.HasPrefix(found.What, c.want) })
			if i < 0 {
				t.Fatalf("%d found, and not %q: %+v", r.Wrong, c.want, r.Examples)
			}
			if r.Wrong < 1 || r.Examples[i].ID == uuid.Nil || r.Examples[i].Area != "Oldham" {
				t.Errorf("%+v", r.Examples[i])
			}
		})
	}
}
