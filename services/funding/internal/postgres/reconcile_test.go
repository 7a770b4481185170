package postgres_test

import (
	"cmp"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/db/dbtest"
	"github.com/instead-support/instead/services/funding/internal/award"
	"github.com/instead-support/instead/services/funding/internal/payment"
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
		"a budget's year":          {"UPDATE budget SET year = year - 1", "money was promised out of a budget outside its year, or for another fund or area"},
		"an award":                 {"UPDATE request SET awarded = awarded - 1", "what is promised for a request is not what its state says"},
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

// after lists what does not agree, by this view, once sql was done as the owner
// with every trigger off. All of it is undone.
func after(t testing.TB, d *db.DB, view, sql string, values ...any) (found []string) {
	t.Helper()
	undo := errors.New("undo")
	err := dbtest.Owner(t, d).Gorm.Transaction(func(tx *gorm.DB) error {
		for _, table := range []string{"request", "line", "payment", "recovery", "automatic", "fund_term"} {
			if err := tx.Exec("ALTER TABLE " + table + " DISABLE TRIGGER USER").Error; err != nil {
				return err
			}
		}
		if err := tx.Exec(sql, values...).Error; err != nil {
			return err
		}
		return cmp.Or(tx.Raw("SELECT what FROM "+view).Scan(&found).Error, undo)
	})
	if !errors.Is(err, undo) {
		t.Errorf("%s: %v", sql, err)
	}
	return found
}

func TestPaymentsThatDoNotAgreeWithTheLedgerAreFound(t *testing.T) {
	t.Parallel()
	o := newTill(t, 1000_00)
	r := o.approved(100_00)
	p := o.planned(r, 60_00)
	o.sent()
	o.result(p.Reference + ",paid,60.00,,")
	must(o.Recover(o.fin(), p.ID, o.now(p).Version, payment.Recovery{Kind: payment.CreditNote, Pence: 10_00, Document: "CN-1", Words: "Taken back."}))(t)
	o.planned(r, 20_00)
	const decider = "somebody paid what they had decided"
	for _, c := range []struct {
		sql    string
		values []any
		want   string
	}{
		{"UPDATE payment SET paid = paid - 1 WHERE state = 'paid'", nil, "what a payment says was paid is not what its entries say"},
		{"UPDATE payment SET recovered = recovered - 1 WHERE state = 'paid'", nil, "what a payment says was paid is not what its entries say"},
		{"UPDATE payment SET amount = 4001 WHERE state = 'planned'", nil, "more is on its way for a request than is promised"},
		{"UPDATE request SET paid = paid + 1", nil, "what payments of a request come to is not what it says was paid"},
		{"UPDATE recovery SET pence = pence + 1", nil, "what came back of a payment is not what its recoveries say"},
		{"UPDATE payment SET planned_by = ? WHERE state = 'planned'", []any{o.Priya.ID}, decider},
		{"UPDATE payment SET sent_by = ? WHERE state = 'paid'", []any{o.Priya.ID}, decider},
		{"UPDATE payment SET settled_by = ? WHERE state = 'paid'", []any{o.Priya.ID}, decider},
	} {
		if found := after(t, o.db, "payment_disagreement", c.sql, c.values...); !slices.Contains(found, c.want) {
			t.Errorf("%s: found %q, want %q", c.sql, found, c.want)
		}
	}
	balances(t, o.db)
}

func TestAutomaticApprovalsThatDoNotAgreeWithTheTermsAreFound(t *testing.T) {
	t.Parallel()
	d := ruledDesk(t, 10_000, 500)
	if r := d.submitted(100); r.State() != award.Approved {
		t.Fatalf("the rule left it %s", r.State())
	}
	const mark, terms = "whether a rule approved a request is not what its history says", "a rule approved what its terms do not allow"
	for sql, want := range map[string]string{
		"UPDATE request SET automatic = false":           mark,
		"DELETE FROM automatic":                          mark,
		"UPDATE fund_term SET auto_up_to = 99":           terms,
		"UPDATE fund_term SET first_day = '2027-01-01'":  terms,
		"UPDATE line SET category = 'tools'":             terms,
		"UPDATE fund_term SET auto_categories = '{fun}'": terms,
	} {
		if found := after(t, d.db, "automatic_disagreement", sql); !slices.Contains(found, want) {
			t.Errorf("%s: found %q, want %q", sql, found, want)
		}
	}
	d.books()
}
