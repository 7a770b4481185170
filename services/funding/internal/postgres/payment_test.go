package postgres_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/db/dbtest"
	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/pkg/money"
	"github.com/instead-support/instead/services/funding/internal/award"
	"github.com/instead-support/instead/services/funding/internal/payment"
	"github.com/instead-support/instead/services/funding/internal/postgres"
)

// till is a desk with somebody who pays.
type till struct {
	*desk
	*payment.Payments
	kept  postgres.Payments
	banks map[uuid.UUID]payment.Account // by supplier
}

var council = payment.Originator{ServiceUser: "123456", Account: payment.Account{Name: "Oldham Council", SortCode: "200000", Number: "55779911"}}

// thursday is when the till is open: 4 June 2026.
var thursday = time.Date(2026, 6, 4, 10, 0, 0, 0, time.UTC)

func newTill(t testing.TB, limit money.Pence) *till {
	t.Helper()
	return tillOn(t, dbtest.Open(t, postgres.Migrations, "funding"), limit)
}

func tillOn(t testing.TB, d *db.DB, limit money.Pence) *till {
	t.Helper()
	o := &till{desk: deskOn(t, d, limit), banks: map[uuid.UUID]payment.Account{}}
	accounts := func(_ context.Context, _ *gorm.DB, p *payment.Payment) (payment.Account, error) {
		return o.banks[p.Payee.SupplierID], nil
	}
	kept, err := postgres.NewPayments(o.store, accounts, upsideDown{})
	if err != nil {
		t.Fatal(err)
	}
	o.kept, o.Payments = kept, payment.New(payment.Deps{Store: kept, From: council, Now: func() time.Time { return thursday }})
	return o
}

// upsideDown seals well enough to tell what is sealed from what is not.
type upsideDown struct{}

func (upsideDown) Encrypt(plain, of []byte) ([]byte, error) {
	out := append([]byte("sealed:"), of...)
	for _, b := range plain {
		out = append(out, ^b)
	}
	return out, nil
}

func (upsideDown) Decrypt(sealed, of []byte) ([]byte, error) {
	rest, ok := bytes.CutPrefix(sealed, append([]byte("sealed:"), of...))
	if !ok {
		return nil, errors.New("sealed for something else")
	}
	out := make([]byte, len(rest))
	for i, b := range rest {
		out[i] = ^b
	}
	return out, nil
}

// approved is a request of Amina's that Priya has approved.
func (o *till) approved(amounts ...money.Pence) *award.Request {
	o.t.Helper()
	r := o.submitted(amounts...)
	return must(o.Approve(o.as(o.Priya), r.ID, r.Version, because))(o.t).Request
}

// supplier is one whose bank details two people have confirmed.
func (o *till) supplier(name string) payment.Payee {
	id := uuid.New()
	err := o.db.Gorm.Exec(`INSERT INTO supplier (id, name, folded, postcode, company_number, charity_number, local_to, closed, changed_at, changed_by, changed_by_name, version)
		VALUES (?, ?, 'x', 'OL1 1AA', '', '', '{}', false, now(), ?, '', 1)`, id, name, o.Finn.ID).Error
	if err != nil {
		o.t.Fatal(err)
	}
	o.banks[id] = payment.Account{Name: name, SortCode: "089999", Number: "66374958"}
	return payment.Payee{Kind: payment.Supplier, SupplierID: id, Name: name}
}

func (o *till) fin() context.Context { return o.as(o.Finn) }

// planned is a bank payment of Finn's for a request.
func (o *till) planned(r *award.Request, amount money.Pence) *payment.Payment {
	o.t.Helper()
	all := must(o.Plan(o.fin(), r.ID, []payment.Plan{{Payee: o.supplier("Tools Ltd"), Method: payment.BACS, Amount: amount}}))(o.t)
	return all[len(all)-1]
}

// sent is a batch of all that is planned, whose file is made.
func (o *till) sent() *payment.Batch {
	o.t.Helper()
	b := must(o.Gather(o.fin(), "Oldham", payment.BACS, nil))(o.t)
	return must(o.Export(o.fin(), b.ID, b.Version, payment.BACSFormat, time.Time{}))(o.t)
}

// result imports a file with these lines.
func (o *till) result(lines ...string) *payment.Result {
	o.t.Helper()
	return must(o.Upload(o.fin(), "Oldham", "result.csv", []byte("reference,outcome,amount,code,reason\n"+strings.Join(lines, "\n")+"\n")))(o.t)
}

// now is a payment as it stands.
func (o *till) now(p *payment.Payment) *payment.Payment {
	o.t.Helper()
	again, _, err := o.Payments.Get(o.fin(), p.ID)
	if err != nil {
		o.t.Fatal(err)
	}
	return again
}

// request is a request as it stands.
func (o *till) request(r *award.Request) *award.Request {
	o.t.Helper()
	return must(o.Awards.Get(o.as(o.Priya), r.ID))(o.t).Request
}

// balances fails the test unless payments agree with the ledger, and the ledger
// with itself.
func balances(t testing.TB, d *db.DB) {
	t.Helper()
	agrees(t, d)
	var found []struct {
		What string
		ID   uuid.UUID
	}
	if err := d.Gorm.Raw("SELECT what, id FROM payment_disagreement").Scan(&found).Error; err != nil {
		t.Fatal(err)
	}
	for _, f := range found {
		t.Errorf("%s: %s", f.What, f.ID)
	}
}

func TestWhatIsOnItsWayIsNotCancelled(t *testing.T) {
	t.Parallel()
	o := newTill(t, 1000_00)
	r := o.approved(25_00)
	o.planned(r, 10_00)
	if _, err := o.Awards.Cancel(o.as(o.Priya), r.ID, r.Version, "Not needed."); !fault.Is(err, fault.Conflict) {
		t.Errorf("Cancel() = %v", err)
	}
	if err := o.cancelPast(r, 25_00); refused(err) != "payments_within_promise" {
		t.Errorf("past the domain: %v", err)
	}
	balances(t, o.db)
}

// cancelPast cancels a request past the domain, and gives so much back.
func (o *till) cancelPast(r *award.Request, pence money.Pence) error {
	return db.Tx(o.t.Context(), o.db.Gorm, func(tx *gorm.DB) error {
		step := len(o.request(r).History) + 1
		err := tx.Exec(`INSERT INTO history (request_id, step, from_state, to_state, at, by_id, by_name, code, words)
			VALUES (?, ?, 'approved', 'cancelled', now(), ?, 'Priya', '', 'Not needed.')`, r.ID, step, o.Priya.ID).Error
		if err != nil {
			return err
		}
		return tx.Exec("INSERT INTO entry (id, allowance_id, request_id, budget_id, step, kind, pence) VALUES (gen_random_uuid(), ?, ?, ?, ?, 'uncommit', ?)",
			r.AllowanceID, r.ID, r.BudgetID, step, int64(pence)).Error
	})
}

func TestAMonthOfPaymentsBalancesToThePenny(t *testing.T) {
	t.Parallel()
	o := newTill(t, 1000_00)
	one, two, three := o.approved(100_00), o.approved(200_00, 50_00), o.approved(80_00)
	paid, short, failed := o.planned(one, 100_00), o.planned(two, 250_00), o.planned(three, 80_00)
	b := o.sent()
	if b.State != payment.Exported || b.Count != 3 || b.Pence != 430_00 || b.Waiting != 3 {
		t.Fatalf("batch = %+v", b)
	}
	r := o.result(
		paid.Reference+",paid,100.00,,",
		short.Reference+",partially paid,200.00,,Two of three delivered",
		failed.Reference+",rejected,80.00,5,",
		"PY-0000-0000,paid,1.00,,",
	)
	if diff := cmp.Diff([]payment.FindingTotal{
		{Finding: payment.FoundPaid, Count: 1, Pence: 100_00}, {Finding: payment.FoundShort, Count: 1, Pence: 200_00},
		{Finding: payment.FoundFailed, Count: 1, Pence: 80_00}, {Finding: payment.Unknown, Count: 1, Pence: 1_00},
	}, r.Found); diff != "" || r.State != payment.Done {
		t.Fatalf("%s %s", r.State, diff)
	}
	if b := must(o.Batch(o.fin(), b.ID))(t); b.State != payment.Finished || b.PaidPence != 300_00 || b.FailedPence != 80_00 || b.Short != 50_00 {
		t.Errorf("batch = %+v", b)
	}
	if s := o.request(one).State(); s != award.Paid {
		t.Errorf("a request of which nothing is left to pay is %s", s)
	}
	if s := o.request(two); s.State() != award.Approved || s.Committed != 50_00 || s.Paid != 200_00 {
		t.Errorf("a request paid in part is %s: %+v", s.State(), s.Totals)
	}
	if p := o.now(failed); p.State != payment.Failed || p.Code != "5" || p.Words != "There is no such account." || !p.Attention {
		t.Errorf("failed = %+v", p)
	}

	// What failed is planned again, with new details, and arrives this time.
	again := must(o.Plan(o.fin(), three.ID, []payment.Plan{{Payee: o.supplier("Tools Ltd"), Method: payment.BACS, Amount: 80_00, Replaces: failed.ID}}))(t)[1]
	o.sent()
	o.result(again.Reference + ",paid,80.00,,")
	if p := o.now(failed); p.Attention || p.ReplacedBy != again.ID {
		t.Errorf("failed and planned again = %+v", p)
	}
	// What is not needed of the rest goes back, and so does a credit note.
	at := o.request(two)
	must(o.Release(o.fin(), two.ID, at.Version, "One was out of stock."))(t)
	must(o.Recover(o.fin(), paid.ID, o.now(paid).Version, payment.Recovery{Kind: payment.CreditNote, Pence: 30_00, Document: "CN-7", Words: "Boots taken back."}))(t)
	if s := o.request(two); s.State() != award.Paid || s.Committed != 0 {
		t.Errorf("a request whose rest was given back is %s: %+v", s.State(), s.Totals)
	}
	a, _, err := o.Awards.Allowance(o.as(o.Amina), o.allowance.ID)
	if err != nil || a.Available() != 1000_00-70_00-200_00-80_00 {
		t.Errorf("%v is available: %v", a.Available(), err)
	}
	var budget struct{ Committed, Paid int64 }
	if err := o.db.Gorm.Raw("SELECT committed, paid FROM budget WHERE id = ?", o.Oldham.ID).Scan(&budget).Error; err != nil || budget.Paid != 350_00 || budget.Committed != 0 {
		t.Errorf("the budget has %+v: %v", budget, err)
	}
	balances(t, o.db)
}

// The leak: a request that was refused, and could be paid all the same.
func TestARequestThatIsNotApprovedCannotBePaid(t *testing.T) {
	t.Parallel()
	o := newTill(t, 1000_00)
	declined := o.submitted(100_00)
	declined = must(o.Decline(o.as(o.Priya), declined.ID, declined.Version, because))(t).Request
	returned := o.submitted(100_00)
	returned = must(o.Return(o.as(o.Priya), returned.ID, returned.Version, because))(t).Request
	withdrawn := o.submitted(100_00)
	withdrawn = must(o.Withdraw(o.as(o.Amina), withdrawn.ID, withdrawn.Version, ""))(t).Request
	cancelled := o.approved(100_00)
	cancelled = must(o.Awards.Cancel(o.as(o.Amina), cancelled.ID, cancelled.Version, "Not needed."))(t).Request
	for name, r := range map[string]*award.Request{
		"draft": o.draft(100_00), "submitted": o.submitted(100_00), "declined": declined, "returned": returned, "withdrawn": withdrawn, "cancelled": cancelled,
	} {
		_, err := o.Plan(o.fin(), r.ID, []payment.Plan{{Payee: o.supplier("Tools Ltd"), Method: payment.BACS, Amount: 1}})
		if !fault.Is(err, fault.NotFound) && !fault.Is(err, fault.Conflict) {
			t.Errorf("planning for a %s request = %v", name, err)
		}
		b := &payment.Books{Request: r, Allowance: o.allowance}
		if _, err := b.Plan(payment.Plan{Payee: o.supplier("Tools Ltd"), Method: payment.BACS, Amount: 1}, o.Finn, thursday); !fault.Is(err, fault.Conflict) {
			t.Errorf("a %s request in the domain alone = %v", name, err)
		}
		err = o.db.Gorm.Exec(insertPlanned, uuid.New(), "PY-0000-0001", r.ID, o.Finn.ID, 1).Error
		if got := refused(err); got != "payment_of_approved" {
			t.Errorf("a %s request past the domain = %v", name, err)
		}
	}
	if n := count(t, o.db, "SELECT count(*) FROM payment"); n != 0 {
		t.Errorf("%d payments", n)
	}
}

func TestASupplierThatIsClosedIsPaidNothingMore(t *testing.T) {
	t.Parallel()
	o := newTill(t, 1000_00)
	r, shop := o.approved(100_00), o.supplier("Tools Ltd")
	must(o.Plan(o.fin(), r.ID, []payment.Plan{{Payee: shop, Method: payment.BACS, Amount: 40_00}}))(t)
	if err := o.db.Gorm.Exec("UPDATE supplier SET closed = true WHERE id = ?", shop.SupplierID).Error; err != nil {
		t.Fatal(err)
	}
	for _, method := range []payment.Method{payment.BACS, payment.Card} {
		_, err := o.Plan(o.fin(), r.ID, []payment.Plan{{Payee: shop, Method: method, Amount: 1}})
		if !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "This supplier is closed") {
			t.Errorf("planning by %s = %v", method, err)
		}
	}
	if n := count(t, o.db, "SELECT count(*) FROM payment"); n != 1 {
		t.Errorf("%d payments, want the one from before it was closed", n)
	}
}

// insertPlanned goes past the domain.
const insertPlanned = `INSERT INTO payment (id, reference, request_id, area, payee_kind, payee_name, method, amount, state, note, planned_at, planned_by, planned_by_name, changed_at)
	SELECT ?, ?, r.id, r.area, 'supplier', 'Tools Ltd', 'card', v.amount, 'planned', '', now(), v.by, '', now() FROM request r, (VALUES (?::uuid, ?::uuid, ?::bigint)) v (request, by, amount) WHERE r.id = v.request`

// The leak: paid twice, by a retry, a second click or a second result file.
func TestNothingIsPaidTwice(t *testing.T) {
	t.Parallel()
	o := newTill(t, 1000_00)
	r := o.approved(100_00)
	p := o.planned(r, 60_00)
	b := o.sent()

	first := o.result(p.Reference + ",paid,60.00,,")
	again := o.result(p.Reference + ",paid,60.00,,") // the same file
	other := o.result(p.Reference+",paid,60.00,,", "PY-0000-0000,paid,1.00,,")
	if again.ID != first.ID {
		t.Error("the same file was taken in twice")
	}
	if len(other.Found) != 2 || other.Found[0].Finding != payment.AlreadyDone {
		t.Errorf("another file with the same payment found %+v", other.Found)
	}
	late := o.result(p.Reference + ",rejected,60.00,B,")
	if late.Found[0].Finding != payment.AlreadyDone {
		t.Errorf("bad news after good found %+v", late.Found)
	}
	if _, err := o.Export(o.fin(), b.ID, b.Version, payment.BACSFormat, time.Time{}); !fault.Is(err, fault.Conflict) {
		t.Errorf("exporting again = %v", err)
	}
	if _, err := o.Gather(o.fin(), "Oldham", payment.BACS, []uuid.UUID{p.ID}); !fault.Is(err, fault.Conflict) {
		t.Errorf("gathering a paid payment = %v", err)
	}

	if got := refused(o.db.Gorm.Exec("UPDATE result_line SET finding = ''").Error); got != "result_line_found_once" {
		t.Errorf("settling lines of a result again: refused with %q", got)
	}

	// A message that is sent again does its work once.
	key := db.WithKey(o.fin(), "once")
	plan := []payment.Plan{{Payee: payment.Payee{Kind: payment.Supplier, Name: "Argos"}, Method: payment.Card, Amount: 10_00}}
	for range 3 {
		if all := must(o.Plan(key, r.ID, plan))(t); len(all) != 2 {
			t.Fatalf("%d payments", len(all))
		}
	}
	card := must(o.Plan(key, r.ID, plan))(t)[1]
	done := db.WithKey(o.fin(), "done")
	for range 3 {
		must(o.Complete(done, card.ID, 1, 10_00, ""))(t)
	}
	if _, err := o.Complete(o.fin(), card.ID, 1, 10_00, ""); !fault.Is(err, fault.Stale) {
		t.Errorf("a second click with another key = %v", err)
	}
	if _, err := o.Complete(o.fin(), card.ID, o.now(card).Version, 10_00, ""); !fault.Is(err, fault.Conflict) {
		t.Errorf("completing what is paid = %v", err)
	}
	if got := o.request(r); got.Paid != 70_00 {
		t.Errorf("%v was paid, want £70.00", got.Paid)
	}
	balances(t, o.db)
}

// The same rule, where only the database is left to hold it: an entry needs a
// payment that waits for it.
func TestTheDatabaseRefusesToSettleAPaymentTwice(t *testing.T) {
	t.Parallel()
	o := newTill(t, 1000_00)
	r := o.approved(100_00)
	p := o.planned(r, 60_00)
	o.sent()
	o.result(p.Reference + ",paid,60.00,,")
	other := o.planned(r, 20_00) // planned, and not sent: no bank can have paid it

	pay := func(id uuid.UUID, by identity.Person, kind, act string) string {
		err := db.Tx(t.Context(), o.db.Gorm, func(tx *gorm.DB) error {
			var step int
			if err := tx.Raw("SELECT step + 1 FROM request WHERE id = ?", r.ID).Scan(&step).Error; err != nil {
				return err
			}
			err := tx.Exec(`INSERT INTO history (request_id, step, from_state, to_state, act, at, by_id, by_name, code, words, payment_id)
				VALUES (?, ?, 'approved', 'approved', ?, now(), ?, '', '', '', ?)`, r.ID, step, act, by.ID, id).Error
			if err != nil {
				return err
			}
			return tx.Exec(`INSERT INTO entry (id, allowance_id, request_id, budget_id, step, kind, pence) VALUES (gen_random_uuid(), ?, ?, ?, ?, ?, 10)`,
				r.AllowanceID, r.ID, r.BudgetID, step, kind).Error
		})
		return refused(err)
	}
	for name, c := range map[string]struct {
		got, want string
	}{
		"paid already":                  {pay(p.ID, o.Finn, "pay", "pay"), "entry_of_payment"},
		"not sent":                      {pay(other.ID, o.Finn, "pay", "pay"), "entry_of_payment"},
		"no payment at all":             {pay(uuid.New(), o.Finn, "pay", "pay"), "entry_of_payment"},
		"recovered of what is not paid": {pay(other.ID, o.Finn, "recover", "recover"), "entry_of_payment"},
		"by whoever approved it":        {pay(other.ID, o.Priya, "pay", "pay"), "payment_by_another"},
	} {
		if c.got != c.want {
			t.Errorf("%s: refused with %q, want %q", name, c.got, c.want)
		}
	}
	balances(t, o.db)
}

func TestTheDatabaseHoldsTheRulesOfPaymentsByItself(t *testing.T) {
	t.Parallel()
	o := newTill(t, 1000_00)
	r := o.approved(100_00)
	p, q := o.planned(r, 60_00), o.planned(r, 10_00)
	b := o.sent()
	open := must(o.Gather(o.fin(), "Oldham", payment.BACS, []uuid.UUID{o.planned(r, 5_00).ID}))(t)
	late := o.planned(r, 1)
	of := func(p *payment.Payment) string { return " WHERE id = '" + p.ID.String() + "'" }
	for name, c := range map[string]struct {
		sql  string
		want string
	}{
		"what left, typed in":           {"UPDATE payment SET paid = 1" + of(p), "no right"},
		"what came back, typed in":      {"UPDATE payment SET recovered = 1" + of(p), "no right"},
		"another amount":                {"UPDATE payment SET amount = 1" + of(p), "no right"},
		"a payment that is deleted":     {"DELETE FROM payment" + of(p), "no right"},
		"an arrow that is not there":    {"UPDATE payment SET state = 'cancelled', settled_at = now(), settled_by = '" + o.Finn.ID.String() + "'" + of(p), "payment_goes_on"},
		"planned again once it is sent": {"UPDATE payment SET state = 'planned', batch_id = NULL" + of(p), "payment_goes_on"},
		"moved to another batch":        {"UPDATE payment SET batch_id = '" + open.ID.String() + "'" + of(q), "payment_goes_on"},
		"into a batch that has left":    {"UPDATE payment SET state = 'batched', batch_id = '" + b.ID.String() + "'" + of(late), "payment_goes_on"},
		"paid without an entry":         {"UPDATE payment SET state = 'paid', settled_at = now(), settled_by = '" + o.Finn.ID.String() + "'" + of(p), "payment_sums"},
		"failed by whoever approved it": {"UPDATE payment SET state = 'failed', settled_at = now(), settled_by = '" + o.Priya.ID.String() + "'" + of(p), "payment_by_another"},
		"sent by whoever approved it":   {"UPDATE payment SET state = 'sent', sent_by = '" + o.Priya.ID.String() + "' WHERE batch_id = '" + open.ID.String() + "'", "payment_by_another"},
		"another file for a batch":      {"UPDATE batch SET file = 'x' WHERE id = '" + b.ID.String() + "'", "batch_exported_once"},
		"a batch settled by hand":       {"UPDATE batch SET state = 'settled' WHERE id = '" + b.ID.String() + "'", "batch_goes_on"},
		"a batch that opens again":      {"UPDATE batch SET state = 'open', file = NULL, hash = NULL WHERE id = '" + b.ID.String() + "'", "batch_exported_once"},
		"a file that leaves some behind": {"UPDATE batch SET state = 'exported', file = 'x', hash = sha256('x'), format = 'csv', processing_day = now(), exported_at = now(), exported_by = gen_random_uuid(), exported_name = '' WHERE id = '" + open.ID.String() + "'",
			"batch_goes_on"},
		"a recovery that is changed": {"UPDATE recovery SET pence = 1", "no right"},
	} {
		if got := refused(o.db.Gorm.Exec(c.sql).Error); got != c.want {
			t.Errorf("%s: refused with %q, want %q", name, got, c.want)
		}
	}
	if got := refused(o.db.Gorm.Exec(insertPlanned, uuid.New(), "PY-0000-0001", r.ID, o.Finn.ID, 25_01).Error); got != "payments_within_promise" {
		t.Errorf("more than is promised: refused with %q", got)
	}
	if got := refused(o.db.Gorm.Exec(insertPlanned, uuid.New(), p.Reference, r.ID, o.Finn.ID, 1).Error); got != "payment_reference" {
		t.Errorf("under another's reference: refused with %q", got)
	}
	if got := refused(dbtest.Owner(t, o.db).Gorm.Exec("UPDATE payment SET recovered = paid + 1" + of(p)).Error); got != "payment_sums" {
		t.Errorf("more back than was paid, by the owner: refused with %q", got)
	}
	elsewhere := strings.Replace(insertPlanned, "r.area, 'supplier'", "'Rochdale', 'supplier'", 1)
	if got := refused(o.db.Gorm.Exec(elsewhere, uuid.New(), "PY-0000-0001", r.ID, o.Finn.ID, 1).Error); got != "payment_of_approved" {
		t.Errorf("in another area: refused with %q", got)
	}
	if got := refused(o.db.Gorm.Exec(insertPlanned, uuid.New(), "PY-0000-0001", r.ID, o.Priya.ID, 1).Error); got != "payment_by_another" {
		t.Errorf("planned by whoever approved it: refused with %q", got)
	}
	balances(t, o.db)
}

// What is given back of it is the rest, and only that: what has left stays paid.
func TestWhatIsPaidInPartIsNotCancelledWhoeverAsks(t *testing.T) {
	t.Parallel()
	o := newTill(t, 1000_00)
	r := o.approved(100_00)
	p := o.planned(r, 60_00)
	o.sent()
	o.result(p.Reference + ",paid,60.00,,")
	if _, err := o.Awards.Cancel(o.as(o.Priya), r.ID, o.request(r).Version, "Not needed."); !fault.Is(err, fault.Conflict) {
		t.Errorf("Cancel() = %v, want conflict", err)
	}
	err := o.cancelPast(r, 40_00)
	if can := must(o.Awards.Get(o.as(o.Priya), r.ID))(t).Can; slices.Contains(can, award.VerbCancel) {
		t.Errorf("what is paid in part can be cancelled, by what its page offers: %v", can)
	}
	if got := refused(err); got != "request_whole" {
		t.Errorf("past the domain: refused with %q (%v)", got, err)
	}
	balances(t, o.db)
}

func TestNobodyPaysWhatTheyDecided(t *testing.T) {
	t.Parallel()
	o := newTill(t, 1000_00)
	both := identity.Person{ID: uuid.New(), Name: "Both", Roles: []identity.Role{identity.Manager, identity.Finance}, Areas: []string{"Oldham"}}
	r := o.submitted(100_00)
	r = must(o.Approve(o.as(both), r.ID, r.Version, because))(t).Request
	plan := []payment.Plan{{Payee: o.supplier("Tools Ltd"), Method: payment.BACS, Amount: 100_00}}
	if _, err := o.Plan(o.as(both), r.ID, plan); !fault.Is(err, fault.Forbidden) {
		t.Errorf("planning = %v", err)
	}
	p := must(o.Plan(o.fin(), r.ID, plan))(t)[0]
	if _, err := o.Payments.Cancel(o.as(both), p.ID, p.Version, "No."); !fault.Is(err, fault.Forbidden) {
		t.Errorf("cancelling = %v", err)
	}
	if _, err := o.Gather(o.as(both), "Oldham", payment.BACS, nil); !fault.Is(err, fault.Forbidden) {
		t.Errorf("gathering = %v", err)
	}
	b := must(o.Gather(o.fin(), "Oldham", payment.BACS, nil))(t)
	if _, err := o.Export(o.as(both), b.ID, b.Version, payment.CSVFormat, time.Time{}); !fault.Is(err, fault.Forbidden) {
		t.Errorf("exporting = %v", err)
	}
	must(o.Export(o.fin(), b.ID, b.Version, payment.CSVFormat, time.Time{}))(t)
	mine := must(o.Upload(o.as(both), "Oldham", "mine.csv", []byte("reference,outcome,amount\n"+p.Reference+",paid,100.00\n")))(t)
	if mine.Found[0].Finding != payment.NotYoursToPay || o.now(p).State != payment.Sent {
		t.Errorf("importing = %+v", mine.Found)
	}
	o.result(p.Reference + ",paid,100.00,,")
	if p := o.now(p); p.State != payment.Paid {
		t.Errorf("somebody else importing: %s", p.State)
	}
	if _, err := o.Recover(o.as(both), p.ID, o.now(p).Version, payment.Recovery{Kind: payment.Returned, Pence: 1, Document: "x", Words: "x"}); !fault.Is(err, fault.Forbidden) {
		t.Errorf("recovering = %v", err)
	}
	balances(t, o.db)
}

func TestWhatComesBackOfAClosedRequestIsAvailableAgain(t *testing.T) {
	t.Parallel()
	o := newTill(t, 1000_00)
	r := o.approved(100_00)
	p := o.planned(r, 100_00)
	o.sent()
	o.result(p.Reference + ",paid,100.00,,")
	must(o.Payments.Close(o.fin(), r.ID, o.request(r).Version))(t)
	note := payment.Recovery{Kind: payment.CreditNote, Pence: 30_00, Document: "CN-17", Words: "One of the two boots was sent back."}
	p = must(o.Recover(o.fin(), p.ID, o.now(p).Version, note))(t)
	if r := o.request(r); r.State() != award.Closed || r.Paid != 70_00 || p.Recovered != 30_00 {
		t.Errorf("it is %s with %v paid, and %v came back", r.State(), r.Paid, p.Recovered)
	}
	if a, _, err := o.Awards.Allowance(o.as(o.Amina), r.AllowanceID); err != nil || a.Available() != 930_00 {
		t.Errorf("%v is available: %v", a.Available(), err)
	}
	note.Document, note.Pence = "CN-18", 70_01
	if _, err := o.Recover(o.fin(), p.ID, p.Version, note); !fault.Is(err, fault.OverCap) {
		t.Errorf("more than is left of it: %v", err)
	}
	balances(t, o.db)
}

func TestAPaymentIsPlannedAgainOnceItFailedAndOnceOnlyWhoeverAsks(t *testing.T) {
	t.Parallel()
	o := newTill(t, 1000_00)
	r := o.approved(100_00)
	failed := o.planned(r, 60_00)
	o.sent()
	o.result(failed.Reference + ",rejected,60.00,5,")
	waits := o.planned(r, 10_00)
	insteadOf := func(p *payment.Payment) string {
		sql := strings.NewReplacer("note, planned_at", "note, replaces, planned_at", "'planned', '', now()", "'planned', '', '"+p.ID.String()+"', now()").Replace(insertPlanned)
		return refused(o.db.Gorm.Exec(sql, uuid.New(), "PY-"+uuidReference(), r.ID, o.Finn.ID, 1).Error)
	}
	if got := insteadOf(waits); got != "payment_replaced_once" {
		t.Errorf("instead of one that waits: refused with %q", got)
	}
	if got := insteadOf(failed); got != "" {
		t.Errorf("instead of one that failed: refused with %q", got)
	}
	if got := insteadOf(failed); got != "payment_replaced_once" {
		t.Errorf("a second time: refused with %q", got)
	}
	balances(t, o.db)
}

func TestNeitherOfTwoWhoSaidYesPays(t *testing.T) {
	t.Parallel()
	o := newTill(t, 1000_00)
	first := identity.Person{ID: uuid.New(), Name: "First", Roles: []identity.Role{identity.Manager, identity.Finance}, Areas: []string{"Oldham"}}
	r := o.submitted(100_00)
	err := o.db.Gorm.Exec(`INSERT INTO history (request_id, step, from_state, to_state, act, at, by_id, by_name, code, words)
		VALUES (?, ?, 'submitted', 'submitted', 'endorse', now(), ?, 'First', 'other', '')`, r.ID, len(r.History)+1, first.ID).Error
	if err != nil {
		t.Fatal(err)
	}
	must(o.Approve(o.as(o.Priya), r.ID, r.Version, because))(t)
	if _, err := o.Plan(o.as(first), r.ID, []payment.Plan{{Payee: o.supplier("Tools Ltd"), Method: payment.BACS, Amount: 1}}); !fault.Is(err, fault.Forbidden) {
		t.Errorf("planning by the first of two = %v, want forbidden", err)
	}
	if got := refused(o.db.Gorm.Exec(insertPlanned, uuid.New(), "PY-0000-0001", r.ID, first.ID, 1).Error); got != "payment_by_another" {
		t.Errorf("past the domain: refused with %q", got)
	}
}

func TestWhatIsOnItsWayNeverExceedsWhatIsPromised(t *testing.T) {
	t.Parallel()
	o := newTill(t, 1000_00)
	r := o.approved(100_00)
	o.planned(r, 60_00)
	_, err := o.Plan(o.fin(), r.ID, []payment.Plan{{Payee: o.supplier("Tools Ltd"), Method: payment.BACS, Amount: 40_01}})
	if f := fault.As(err); !fault.Is(err, fault.OverCap) || !cmp.Equal(f.Extra["cap"], map[string]any{"asked_pence": int64(4001), "available_pence": int64(4000), "over_pence": int64(1)}) {
		t.Errorf("Plan() = %v %v", err, f.Extra)
	}
	// Of two plans, each of which would fit alone, neither is planned.
	shop := payment.Payee{Kind: payment.Supplier, Name: "Argos"}
	_, err = o.Plan(o.fin(), r.ID, []payment.Plan{{Payee: shop, Method: payment.Card, Amount: 30_00}, {Payee: shop, Method: payment.Card, Amount: 30_00}})
	if !fault.Is(err, fault.OverCap) {
		t.Errorf("two plans = %v", err)
	}
	card := must(o.Plan(o.fin(), r.ID, []payment.Plan{{Payee: shop, Method: payment.Card, Amount: 30_00}}))(t)[1]
	if _, err := o.Complete(o.fin(), card.ID, card.Version, 40_01, ""); !fault.Is(err, fault.OverCap) {
		t.Errorf("overspending = %v", err)
	}
	must(o.Complete(o.fin(), card.ID, card.Version, 40_00, "The price had gone up."))(t)
	balances(t, o.db)
}

func TestManyWhoPlanAtOncePlanNoMoreThanIsPromised(t *testing.T) {
	t.Parallel()
	o := newTill(t, 1000_00)
	r := o.approved(100_00)
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			_, err := o.Plan(o.fin(), r.ID, []payment.Plan{{Payee: payment.Payee{Kind: payment.Supplier, Name: "Argos"}, Method: payment.Card, Amount: 15_00}})
			if err != nil && !fault.Is(err, fault.OverCap) {
				t.Error(err)
			}
		})
		wg.Go(func() { // past the domain, which would have counted
			_ = o.db.Gorm.Exec(insertPlanned, uuid.New(), "PY-"+uuidReference(), r.ID, o.Finn.ID, 15_00).Error
		})
	}
	wg.Wait()
	if n := count(t, o.db, "SELECT count(*) FROM payment"); n != 6 {
		t.Errorf("%d payments of £15.00 were planned of £100.00", n)
	}
	balances(t, o.db)
}

// One who plans waits for another who has not done yet, and is measured against
// what that one has planned.
func TestWhoeverPlansWaitsForWhoeverIsAtIt(t *testing.T) {
	t.Parallel()
	o := newTill(t, 1000_00)
	r := o.approved(100_00)
	plan := func(tx *gorm.DB) error {
		return tx.Exec(insertPlanned, uuid.New(), "PY-"+uuidReference(), r.ID, o.Finn.ID, 60_00).Error
	}
	first := o.db.Gorm.WithContext(t.Context()).Begin()
	defer first.Rollback()
	if err := plan(first); err != nil {
		t.Fatal(err)
	}
	second := make(chan error, 1)
	go func() { second <- db.Tx(t.Context(), o.db.Gorm, plan) }()
	for waits := 0; waits == 0 && len(second) == 0; time.Sleep(10 * time.Millisecond) {
		waits = count(t, o.db, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
	}
	if err := first.Commit().Error; err != nil {
		t.Fatal(err)
	}
	if err := <-second; refused(err) != "payments_within_promise" {
		t.Errorf("£60 and £60 of £100: %v", err)
	}
	balances(t, o.db)
}

func uuidReference() string {
	s := strings.ToUpper(strings.ReplaceAll(uuid.NewString(), "-", ""))
	return s[:4] + "-" + s[4:8]
}

func TestAResultThatArrivesManyTimesAtOnceSettlesOnce(t *testing.T) {
	t.Parallel()
	o := newTill(t, 1000_00)
	r := o.approved(200_00)
	var lines []string
	for range 10 {
		lines = append(lines, o.planned(r, 20_00).Reference+",paid,20.00,,")
	}
	b := o.sent()
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			file := slices.Clone(lines)
			if i%2 == 1 {
				file = append(file, fmt.Sprintf("PY-0000-000%d,paid,1.00,,", i)) // another file, that says the same
			}
			if _, err := o.Upload(o.fin(), "Oldham", "r.csv", []byte("reference,outcome,amount,code,reason\n"+strings.Join(file, "\n"))); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := o.request(r); got.Paid != 200_00 || got.State() != award.Paid {
		t.Errorf("%v was paid, and the request is %s", got.Paid, got.State())
	}
	if n := count(t, o.db, "SELECT count(*) FROM entry WHERE kind = 'pay'"); n != 10 {
		t.Errorf("%d entries for 10 payments", n)
	}
	if b := must(o.Batch(o.fin(), b.ID))(t); b.State != payment.Finished {
		t.Errorf("the batch is %s", b.State)
	}
	balances(t, o.db)
}

func TestWhatAKilledProcessLeavesOfAResultIsSettledByTheNext(t *testing.T) {
	t.Parallel()
	o := newTill(t, 1000_00)
	r := o.approved(100_00)
	p, q := o.planned(r, 60_00), o.planned(r, 40_00)
	o.sent()
	// The file is taken in, and the process ends before a line is settled.
	gone, cancel := context.WithCancel(o.fin())
	kept := interrupted{o.kept, cancel}
	_, _ = payment.New(payment.Deps{Store: kept, From: council, Now: func() time.Time { return thursday }}).
		Upload(gone, "Oldham", "r.csv", []byte("reference,outcome,amount\n"+p.Reference+",paid,60.00\n"+q.Reference+",paid,40.00\n"))
	var left struct {
		ID    uuid.UUID
		State string
	}
	if err := o.db.Gorm.Raw("SELECT id, state FROM result").Scan(&left).Error; err != nil || left.State != "running" {
		t.Fatalf("left = %+v %v", left, err)
	}
	if n := count(t, o.db, "SELECT count(*) FROM river_job WHERE kind = 'settle-result'"); n != 1 {
		t.Errorf("%d jobs wait for what is left", n)
	}
	for range 2 {
		if err := o.Run(t.Context(), left.ID); err != nil {
			t.Fatal(err)
		}
	}
	if got := o.request(r); got.Paid != 100_00 {
		t.Errorf("%v was paid", got.Paid)
	}
	if done := must(o.Result(o.fin(), left.ID))(t); done.State != payment.Done {
		t.Errorf("the result is %s", done.State)
	}
	balances(t, o.db)
}

// interrupted is a store whose process ends once a file is taken in.
type interrupted struct {
	store
	end func()
}

type store = postgres.Payments

func (s interrupted) Import(ctx context.Context, act award.Act, r *payment.Result, file []byte) (*payment.Result, error) {
	defer s.end()
	return s.store.Import(ctx, act, r, file)
}

func TestAFileIsDownloadedToTheByteAndIsNotReadInTheDatabase(t *testing.T) {
	t.Parallel()
	o := newTill(t, 1000_00)
	o.planned(o.approved(100_00), 100_00)
	b := o.sent()
	_, file, err := o.File(o.fin(), b.ID)
	if err != nil {
		t.Fatal(err)
	}
	if hash := sha256.Sum256(file); !bytes.Equal(hash[:], b.Hash) || !bytes.Contains(file, []byte("66374958")) {
		t.Errorf("the file is %q", file)
	}
	_, again, err := o.File(o.fin(), b.ID)
	if err != nil || !bytes.Equal(again, file) {
		t.Errorf("downloaded again: %v", err)
	}
	var kept []byte
	if err := o.db.Gorm.Raw("SELECT file FROM batch WHERE id = ?", b.ID).Row().Scan(&kept); err != nil || bytes.Contains(kept, []byte("66374958")) {
		t.Errorf("the database has %q: %v", kept, err)
	}
	for table, sql := range map[string]string{"audit_entry": "SELECT count(*) FROM audit_entry a WHERE a::text LIKE '%66374958%'", "river_job": "SELECT count(*) FROM river_job a WHERE a::text LIKE '%66374958%'"} {
		if n := count(t, o.db, sql); n != 0 {
			t.Errorf("an account number is in %s", table)
		}
	}
}

func TestAPaymentWhoseAccountNobodyConfirmedKeepsTheWholeBatch(t *testing.T) {
	t.Parallel()
	o := newTill(t, 1000_00)
	p := o.planned(o.approved(100_00), 100_00)
	delete(o.banks, p.Payee.SupplierID)
	b := must(o.Gather(o.fin(), "Oldham", payment.BACS, nil))(t)
	if _, err := o.Export(o.fin(), b.ID, b.Version, payment.BACSFormat, time.Time{}); !fault.Is(err, fault.Conflict) {
		t.Fatalf("Export() = %v", err)
	}
	if b := must(o.Batch(o.fin(), b.ID))(t); b.State != payment.Open || o.now(p).State != payment.Batched {
		t.Errorf("a batch that could not leave is %s", b.State)
	}
	must(o.Remove(o.fin(), b.ID, p.ID))(t)
	must(o.Payments.Cancel(o.fin(), p.ID, o.now(p).Version, "They take cards."))(t)
	if s := must(o.Summary(o.fin(), ""))(t); s.Left != 100_00 || s.Requests != 1 {
		t.Errorf("to pay: %+v", s)
	}
	balances(t, o.db)
}

func TestACreditNoteCountsOnceAndNeverForMoreThanWasPaid(t *testing.T) {
	t.Parallel()
	o := newTill(t, 1000_00)
	r := o.approved(100_00)
	p := o.planned(r, 100_00)
	o.sent()
	o.result(p.Reference + ",paid,100.00,,")
	note := payment.Recovery{Kind: payment.CreditNote, Pence: 60_00, Document: "CN-1", Words: "Taken back."}
	must(o.Recover(o.fin(), p.ID, o.now(p).Version, note))(t)
	note.Document = "cn-1"
	note.Pence = 10_00
	if _, err := o.Recover(o.fin(), p.ID, o.now(p).Version, note); !fault.Is(err, fault.Conflict) {
		t.Errorf("the same note again = %v", err)
	}
	note.Document, note.Pence = "CN-2", 40_01
	if _, err := o.Recover(o.fin(), p.ID, o.now(p).Version, note); !fault.Is(err, fault.OverCap) {
		t.Errorf("more than was paid = %v", err)
	}
	if got := o.request(r); got.State() != award.Paid || got.Paid != 40_00 {
		t.Errorf("%v stays paid, and the request is %s", got.Paid, got.State())
	}
	balances(t, o.db)
}

// The leak: what was asked for, shown where it should be what was approved.
func TestWhatIsDueAndCountedIsWhatWasApprovedAndNotWhatWasAskedFor(t *testing.T) {
	t.Parallel()
	o := newTill(t, 1000_00)
	r, why := o.submitted(100_00), because
	why.Lines = []award.Granted{{Line: r.Lines[0].ID, Pence: 60_00, Code: "not-value-for-money"}}
	must(o.Approve(o.as(o.Priya), r.ID, r.Version, why))(t)
	due, _, err := o.Due(o.fin(), payment.Filter{}, award.Page{Number: 1, Size: 10})
	if err != nil || len(due) != 1 || due[0].Awarded != 60_00 || due[0].Left != 60_00 {
		t.Errorf("due: %+v, %v", due, err)
	}
	if s := must(o.Summary(o.fin(), ""))(t); s.Left != 60_00 {
		t.Errorf("to pay: %v", s.Left)
	}
	listed, _, err := o.Awards.List(o.as(o.Priya), award.Filter{}, award.Page{Number: 1, Size: 10})
	if err != nil || len(listed) != 1 || listed[0].Asked != 100_00 || listed[0].Awarded != 60_00 {
		t.Errorf("listed: %+v, %v", listed, err)
	}
	for _, total := range must(o.Totals(o.as(o.Priya), award.Filter{}))(t) {
		if total.State == award.Approved && (total.Asked != 100_00 || total.Awarded != 60_00) {
			t.Errorf("counted: %+v", total)
		}
	}
}

func TestWhoeverReadAnOlderVersionChangesNothing(t *testing.T) {
	t.Parallel()
	o := newTill(t, 1000_00)
	shop := payment.Payee{Kind: payment.Supplier, Name: "Argos"}
	card := func(r *award.Request, amount money.Pence) *payment.Payment {
		all := must(o.Plan(o.fin(), r.ID, []payment.Plan{{Payee: shop, Method: payment.Card, Amount: amount}}))(t)
		return all[len(all)-1]
	}
	some, all := o.approved(100_00), o.approved(50_00)
	paid, whole := card(some, 60_00), card(all, 50_00)
	must(o.Complete(o.fin(), paid.ID, paid.Version, 60_00, ""))(t)
	must(o.Complete(o.fin(), whole.ID, whole.Version, 50_00, ""))(t)
	waits := card(some, 10_00)
	o.planned(some, 5_00)
	b := must(o.Gather(o.fin(), "Oldham", payment.BACS, nil))(t)
	version := func(r *award.Request) int64 { return o.request(r).Version - 1 }
	back := payment.Recovery{Kind: payment.Returned, Pence: 1, Document: "R-1", Words: "Taken back."}
	for name, err := range map[string]error{
		"complete":           second(o.Complete(o.fin(), waits.ID, waits.Version-1, 10_00, "")),
		"cancel":             second(o.Payments.Cancel(o.fin(), waits.ID, waits.Version-1, "No.")),
		"recover":            second(o.Recover(o.fin(), paid.ID, o.now(paid).Version-1, back)),
		"make the file":      second(o.Export(o.fin(), b.ID, b.Version-1, payment.BACSFormat, time.Time{})),
		"give back the rest": second(o.Release(o.fin(), some.ID, version(some), "Not needed.")),
		"close":              second(o.Payments.Close(o.fin(), all.ID, version(all))),
	} {
		if !fault.Is(err, fault.Stale) {
			t.Errorf("%s = %v, want stale", name, err)
		}
	}
	if s := o.request(all).State(); s != award.Paid {
		t.Errorf("it is %s", s)
	}
	must(o.Payments.Close(o.fin(), all.ID, o.request(all).Version))(t)
	must(o.Release(o.fin(), some.ID, o.request(some).Version, "Not needed."))(t)
	balances(t, o.db)
}

func TestFinanceSeesThePaymentsOfItsAreasAlone(t *testing.T) {
	t.Parallel()
	o := newTill(t, 1000_00)
	p := o.planned(o.approved(100_00), 100_00)
	far := identity.Person{ID: uuid.New(), Name: "Far", Roles: []identity.Role{identity.Finance}, Areas: []string{"Rochdale"}}
	if _, _, err := o.Payments.Get(o.as(far), p.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("reading = %v", err)
	}
	if found, total, err := o.Payments.List(o.as(far), payment.Filter{}, award.Page{Number: 1, Size: 10}); err != nil || total != 0 || len(found) != 0 {
		t.Errorf("listing = %d %v", total, err)
	}
	if _, err := o.Gather(o.as(far), "Oldham", payment.BACS, []uuid.UUID{p.ID}); !fault.Is(err, fault.NotFound) {
		t.Errorf("gathering = %v", err)
	}
	if s := must(o.Summary(o.as(far), ""))(t); s.Left != 0 || len(s.Ready) != 0 {
		t.Errorf("summary = %+v", s)
	}
	if _, _, err := o.Payments.Get(o.as(o.Amina), p.ID); err != nil {
		t.Errorf("its coach reads it: %v", err)
	}
	if _, err := o.Payments.Cancel(o.as(o.Amina), p.ID, p.Version, "No."); !fault.Is(err, fault.Forbidden) {
		t.Errorf("its coach cancels it: %v", err)
	}
	found, total, err := o.Payments.List(o.fin(), payment.Filter{Text: strings.ToLower(p.Reference[3:7]), States: []payment.State{payment.Planned}}, award.Page{Number: 1, Size: 10})
	if err != nil || total != 1 || found[0].ID != p.ID {
		t.Errorf("finding it by a part of its reference: %d %v", total, err)
	}
}

func TestTheDatabaseHasTheSameStateMachineAsPayment(t *testing.T) {
	t.Parallel()
	o := newTill(t, 1)
	var rows []struct{ FromState, ToState string }
	if err := o.db.Gorm.Raw("SELECT from_state, to_state FROM payment_transition").Scan(&rows).Error; err != nil {
		t.Fatal(err)
	}
	has := map[payment.Arrow]bool{}
	for _, r := range rows {
		has[payment.Arrow{From: payment.State(r.FromState), To: payment.State(r.ToState)}] = true
	}
	for _, a := range payment.Arrows() {
		if !has[a] {
			t.Errorf("the database lacks %v", a)
		}
		delete(has, a)
	}
	for a := range has {
		t.Errorf("the database has %v as well", a)
	}
}
