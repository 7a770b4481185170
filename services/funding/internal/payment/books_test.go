package payment

import (
	"context"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/pkg/money"
	"github.com/instead-support/instead/pkg/workday"
	"github.com/instead-support/instead/services/funding/internal/award"
	"github.com/instead-support/instead/services/funding/internal/award/awardtest"
)

var noon = time.Date(2026, 6, 4, 12, 0, 0, 0, time.UTC)

// tester is a test, of testing or of rapid.
type tester interface {
	Helper()
	Fatal(...any)
}

// approved is the books of a request that Priya has approved, for this much.
func approved(t tester, pence money.Pence) (*Books, *awardtest.World) {
	t.Helper()
	w := awardtest.NewWorld()
	store := awardtest.NewMemory()
	if err := store.Give(w.Oldham, w.Granted); err != nil {
		t.Fatal(err)
	}
	awards := w.Awards(store)
	as := func(p identity.Person) context.Context { return identity.With(context.Background(), p) }
	a, err := awards.Open(as(w.Amina), award.Opening{JobseekerID: w.SamsRecord, CourseID: w.Catalogue.Add(pence).CourseID})
	if err != nil {
		t.Fatal(err)
	}
	s, err := awards.Draft(as(w.Amina), a.ID, w.Fund.ID)
	if err != nil {
		t.Fatal(err)
	}
	s, err = awards.Edit(as(w.Amina), s.Request.ID, s.Request.Version, award.Ask{Lines: []award.Line{w.Line(w.SamsRecord, pence)}})
	if err != nil {
		t.Fatal(err)
	}
	if s, err = awards.Submit(as(w.Amina), s.Request.ID, s.Request.Version); err != nil {
		t.Fatal(err)
	}
	if s, err = awards.Approve(as(w.Priya), s.Request.ID, s.Request.Version, awardtest.Yes("other", "")); err != nil {
		t.Fatal(err)
	}
	return &Books{Request: s.Request, Allowance: s.Allowance, Budget: s.Budget}, w
}

var shop = Payee{Kind: Supplier, Name: "Argos"}

func TestAPlanThatIsNotWholeSaysEverythingThatIsWrong(t *testing.T) {
	t.Parallel()
	b, w := approved(t, 100_00)
	for name, c := range map[string]struct {
		plan Plan
		want []string
	}{
		"nothing":                       {Plan{}, []string{"/method", "/amount_pence", "/payee/kind"}},
		"a bank payment without record": {Plan{Payee: shop, Method: BACS, Amount: 1}, []string{"/payee/supplier_id"}},
		"a card for the person":         {Plan{Payee: Payee{Kind: Person}, Method: Card, Amount: 1}, []string{"/method"}},
		"a shop without a name":         {Plan{Payee: Payee{Kind: Supplier}, Method: Card, Amount: 1}, []string{"/payee/name"}},
		"a line of something else":      {Plan{LineID: uuid.New(), Payee: shop, Method: Card, Amount: 1}, []string{"/line_id"}},
		"in the place of nothing":       {Plan{Payee: shop, Method: Card, Amount: 1, Replaces: uuid.New()}, []string{"/replaces"}},
	} {
		_, err := b.Plan(c.plan, w.Finn, noon)
		var got []string
		for _, f := range fault.As(err).Fields {
			got = append(got, f.Pointer)
		}
		if !fault.Is(err, fault.Invalid) || !slices.Equal(got, c.want) {
			t.Errorf("%s: %v %v, want %v", name, err, got, c.want)
		}
	}
	if len(b.Payments) != 0 {
		t.Errorf("%d payments are planned", len(b.Payments))
	}
}

func TestMoreThanIsLeftIsRefusedWithTheFiguresAndTheWayOut(t *testing.T) {
	t.Parallel()
	b, w := approved(t, 100_00)
	_, err := b.Plan(Plan{Payee: shop, Method: Card, Amount: 100_01}, w.Finn, noon)
	want := "This would pay £100.01, but £100.00 of request " + b.Request.Reference + " is left to pay. Pay £0.01 less, or ask Amina for a further request for the rest."
	if !fault.Is(err, fault.OverCap) || fault.As(err).Message != want {
		t.Errorf("Plan() = %v", err)
	}
}

func TestNoMorePaysThanIsLeftOrWasSent(t *testing.T) {
	t.Parallel()
	b, w := approved(t, 100_00)
	plan := func(m Method, amount money.Pence) *Payment {
		p, err := b.Plan(Plan{Payee: Payee{Kind: Person}, Method: m, Amount: amount}, w.Finn, noon)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	sent, voucher := plan(BACS, 60_00), plan(Voucher, 30_00)
	sent.State = Sent
	for name, c := range map[string]struct {
		err         error
		asked, most money.Pence
	}{
		"a voucher, out of what others are to get": {b.Complete(voucher, 40_01, "", w.Finn, noon), 40_01, 40_00},
		"a bank, of what was sent":                 {b.Settle(sent, Outcome{Paid: 60_01}, w.Finn, noon), 60_01, 60_00},
	} {
		want := map[string]any{"asked_pence": int64(c.asked), "available_pence": int64(c.most), "over_pence": int64(c.asked - c.most)}
		if !fault.Is(c.err, fault.OverCap) || !reflect.DeepEqual(fault.As(c.err).Extra["cap"], want) {
			t.Errorf("%s: %v, want over-cap with %v", name, c.err, want)
		}
	}
	if sent.State != Sent || voucher.State != Planned || b.Request.Paid != 0 {
		t.Errorf("%s, %s, %v paid", sent.State, voucher.State, b.Request.Paid)
	}
}

func TestWhoeverDecidedARequestHasNoHandInItsPayments(t *testing.T) {
	t.Parallel()
	b, w := approved(t, 100_00)
	plan := Plan{Payee: Payee{Kind: Person}, Method: Voucher, Amount: 10_00}
	planned := func() *Payment {
		p, err := b.Plan(plan, w.Finn, noon)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	paid, waits, sent := planned(), planned(), planned()
	if err := b.Complete(paid, 10_00, "", w.Finn, noon); err != nil {
		t.Fatal(err)
	}
	sent.State = Sent
	line := Line{Verdict: SaysPaid, Pence: 10_00}
	load := func(by identity.Person) Load {
		return Load{[]*Payment{waits}, map[uuid.UUID]bool{b.Request.ID: b.Request.DecidedBy(by.ID)}}
	}
	do := map[string]func(identity.Person) error{
		"plan":     func(by identity.Person) error { _, err := b.Plan(plan, by, noon); return err },
		"complete": func(by identity.Person) error { return b.Complete(waits, 10_00, "", by, noon) },
		"settle":   func(by identity.Person) error { return b.Settle(sent, Outcome{Paid: 10_00}, by, noon) },
		"cancel":   func(by identity.Person) error { return b.Cancel(waits, "Not needed.", by, noon) },
		"recover": func(by identity.Person) error {
			return b.Recover(paid, Recovery{Kind: Returned, Pence: 1, Document: "x", Words: "x"}, by, noon)
		},
		"give back the rest": func(by identity.Person) error { return b.Release("Not needed.", by, noon) },
		"close":              func(by identity.Person) error { return b.Close(by, noon) },
		"gather": func(by identity.Person) error {
			_, err := gather("Oldham", Voucher, load(by), by, noon)
			return err
		},
		"make the file": func(by identity.Person) error {
			batch := &Batch{State: Open, Method: Voucher}
			_, err := batch.export(CSVFormat, time.Time{}, Originator{}, load(by), []Instruction{{Payment: waits}}, by, noon, workday.On(noon))
			return err
		},
	}
	for name, by := range map[string]identity.Person{"whoever decided it": w.Priya, "nobody": {Name: "Nobody"}} {
		for verb, do := range do {
			if err := do(by); !fault.Is(err, fault.Forbidden) {
				t.Errorf("%s: %s = %v, want forbidden", name, verb, err)
			}
		}
		if err := b.settleLine(&line, sent, by, noon); err != nil || line.Finding != NotYoursToPay {
			t.Errorf("%s: a line of a result is found %q, %v", name, line.Finding, err)
		}
	}
	if waits.State != Planned || sent.State != Sent || paid.Recovered != 0 || b.Request.Committed != 90_00 {
		t.Errorf("%s, %s, %v back, %v left", waits.State, sent.State, paid.Recovered, b.Request.Committed)
	}
}

func TestAPaymentThatFailedIsPlannedAgainOnce(t *testing.T) {
	t.Parallel()
	b, w := approved(t, 100_00)
	p, err := b.Plan(Plan{Payee: Payee{Kind: Person}, Method: BACS, Amount: 60_00}, w.Finn, noon)
	if err != nil {
		t.Fatal(err)
	}
	early := Plan{Payee: Payee{Kind: Person}, Method: BACS, Amount: 1, Replaces: p.ID}
	if _, err := b.Plan(early, w.Finn, noon); !fault.Is(err, fault.Invalid) {
		t.Errorf("planned again before it failed: %v", err)
	}
	p.State = Sent
	if err := b.Settle(p, Outcome{Code: "5"}, w.Finn, noon); err != nil || p.State != Failed || b.Left() != 100_00 {
		t.Fatalf("failed: %v, %s, %v left", err, p.State, b.Left())
	}
	again := Plan{Payee: Payee{Kind: Person}, Method: BACS, Amount: 60_00, Replaces: p.ID}
	q, err := b.Plan(again, w.Finn, noon)
	if err != nil || q.Reference == p.Reference || p.ReplacedBy != q.ID {
		t.Fatalf("planned again: %+v %v", q, err)
	}
	again.Amount = 1
	if _, err := b.Plan(again, w.Finn, noon); !fault.Is(err, fault.Invalid) {
		t.Errorf("planned again twice: %v", err)
	}
}

// The arrows from planned and from sent to paid are two ways: what the bank has
// is not settled by hand, and what it does not have is not settled by its word.
func TestOnlyWhatTheBankHasIsSettledByItsWordAndNothingElseByHand(t *testing.T) {
	t.Parallel()
	b, w := approved(t, 100_00)
	p, err := b.Plan(Plan{Payee: Payee{Kind: Person}, Method: Voucher, Amount: 60_00}, w.Finn, noon)
	if err != nil {
		t.Fatal(err)
	}
	back := Recovery{Kind: Returned, Pence: 1, Document: "x", Words: "x"}
	if err := b.Recover(p, back, w.Finn, noon); !fault.Is(err, fault.Conflict) || p.Recovered != 0 {
		t.Errorf("planned and come back: %v, %v", err, p.Recovered)
	}
	if err := b.Settle(p, Outcome{Paid: 60_00}, w.Finn, noon); !fault.Is(err, fault.Conflict) || p.State != Planned {
		t.Errorf("planned and settled: %v, %s", err, p.State)
	}
	bank, err := b.Plan(Plan{Payee: Payee{Kind: Person}, Method: BACS, Amount: 10_00}, w.Finn, noon)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Complete(bank, 10_00, "", w.Finn, noon); !fault.Is(err, fault.Conflict) || bank.State != Planned {
		t.Errorf("a bank payment completed by hand: %v, %s", err, bank.State)
	}
	p.State = Sent
	if err := b.Complete(p, 60_00, "", w.Finn, noon); !fault.Is(err, fault.Conflict) || p.State != Sent {
		t.Errorf("sent and completed: %v, %s", err, p.State)
	}
}

func TestARequestOfWhichNothingWasPaidHasNoRestToGiveBack(t *testing.T) {
	t.Parallel()
	b, w := approved(t, 100_00)
	if err := b.Release("Not needed.", w.Finn, noon); !fault.Is(err, fault.Conflict) || b.Request.Committed != 100_00 {
		t.Errorf("Release() = %v", err)
	}
}

func TestNothingIsGivenBackWhileAllThatIsLeftIsOnItsWay(t *testing.T) {
	t.Parallel()
	b, w := approved(t, 100_00)
	for _, amount := range []money.Pence{60_00, 40_00} {
		if _, err := b.Plan(Plan{Payee: Payee{Kind: Person}, Method: Voucher, Amount: amount}, w.Finn, noon); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Complete(b.Payments[0], 60_00, "", w.Finn, noon); err != nil {
		t.Fatal(err)
	}
	if err := b.Release("Not needed.", w.Finn, noon); !fault.Is(err, fault.Conflict) || b.Request.Committed != 40_00 {
		t.Errorf("Release() = %v, and %v is promised", err, b.Request.Committed)
	}
}

// Whatever is done in whatever order, what is on its way is within what is
// promised, and what was paid is what the ledger says, to the penny.
func TestTheBooksBalanceWhateverIsDone(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		b, w := approved(t, 100_00)
		amount := func() money.Pence { return money.Pence(rapid.Int64Range(-5, 120_00).Draw(t, "pence")) }
		one := func() *Payment {
			if len(b.Payments) == 0 {
				t.Skip("nothing planned yet")
			}
			return b.Payments[rapid.IntRange(0, len(b.Payments)-1).Draw(t, "which")]
		}
		who := func() identity.Person {
			return rapid.SampledFrom([]identity.Person{w.Finn, w.Priya, {}}).Draw(t, "who")
		}
		tried := func(by identity.Person, err error) {
			if err == nil && by.ID != w.Finn.ID {
				t.Fatalf("%q paid what they decided", by.Name)
			}
			if fault.Is(err, fault.Internal) {
				t.Fatal(err)
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"plan": func(t *rapid.T) {
				by := who()
				_, err := b.Plan(Plan{Payee: Payee{Kind: Person}, Method: rapid.SampledFrom([]Method{BACS, Voucher}).Draw(t, "method"), Amount: amount()}, by, noon)
				tried(by, err)
			},
			"send": func(*rapid.T) {
				if p := one(); p.State == Planned {
					p.State = Sent
				}
			},
			"settle": func(t *rapid.T) {
				by := who()
				tried(by, b.Settle(one(), Outcome{Paid: max(0, amount())}, by, noon))
			},
			"complete": func(*rapid.T) { by := who(); tried(by, b.Complete(one(), amount(), "", by, noon)) },
			"cancel":   func(*rapid.T) { by := who(); tried(by, b.Cancel(one(), "No.", by, noon)) },
			"recover": func(*rapid.T) {
				by := who()
				tried(by, b.Recover(one(), Recovery{Kind: Returned, Pence: amount(), Document: "x", Words: "x"}, by, noon))
			},
			"release": func(*rapid.T) { by := who(); tried(by, b.Release("No.", by, noon)) },
			"": func(t *rapid.T) {
				var kept money.Pence
				for _, p := range b.Payments {
					kept += p.Kept()
					if (p.State == Paid) != (p.Paid > 0) {
						t.Fatalf("a payment is %s, and %v of it left", p.State, p.Paid)
					}
				}
				r := b.Request
				switch {
				case b.InFlight() > r.Committed:
					t.Fatalf("%v is on its way of %v", b.InFlight(), r.Committed)
				case kept != r.Paid || r.Paid != b.Allowance.Paid || r.Paid != b.Budget.Paid || r.Committed != b.Budget.Committed:
					t.Fatalf("payments keep %v, the request %+v, the allowance %+v, the budget %+v", kept, r.Totals, b.Allowance.Totals, b.Budget)
				case (r.Committed == 0) != (r.State() == award.Paid):
					t.Fatalf("%v is promised, and the request is %s", r.Committed, r.State())
				}
			},
		})
	})
}
