package postgres_test

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	told "github.com/instead-support/instead/api/events"
	"github.com/instead-support/instead/api/events/eventstest"
	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/db/dbtest"
	"github.com/instead-support/instead/pkg/events"
	"github.com/instead-support/instead/pkg/events/eventtest"
	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/money"
	"github.com/instead-support/instead/services/funding/internal/award"
	"github.com/instead-support/instead/services/funding/internal/payment"
	"github.com/instead-support/instead/services/funding/internal/postgres"
)

// toldOf is every event of a kind that others were told, in the order in which
// each was written. All that was told is held against its schema.
func toldOf[E events.Event](t testing.TB, d *db.DB) []E {
	t.Helper()
	return eventstest.Of[E](t, eventtest.Told(t, d))
}

// again is every event of a kind as it would be told again now.
func again[E events.Event](t testing.TB, d *db.DB) (all []E) {
	t.Helper()
	for _, e := range eventtest.Again(t, postgres.Told(d)...) {
		data, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		eventstest.Check(t, e.EventName(), data)
		if e, ok := e.(E); ok {
			all = append(all, e)
		}
	}
	return all
}

// toldEntry is an entry with the request that it is of.
type toldEntry struct {
	Request uuid.UUID
	told.Entry
}

func entriesOf(all []told.RequestChanged) (entries []toldEntry) {
	for _, r := range all {
		for _, e := range r.Entries {
			entries = append(entries, toldEntry{r.RequestID, e})
		}
	}
	slices.SortFunc(entries, func(a, b toldEntry) int {
		return slices.Compare([]string{a.Request.String(), string(rune(a.Step)), a.Kind}, []string{b.Request.String(), string(rune(b.Step)), b.Kind})
	})
	return entries
}

// toldAddsUp fails the test unless what was told, put together, is the ledger and
// what stands: each entry once and to the penny, and of each thing the newest
// version says what would be told of it now.
func toldAddsUp(t testing.TB, d *db.DB) {
	t.Helper()
	changed, now := toldOf[told.RequestChanged](t, d), again[told.RequestChanged](t, d)
	if diff := cmp.Diff(entriesOf(now), entriesOf(changed)); diff != "" {
		t.Errorf("the entries that were told are not those that there are: %s", diff)
	}
	var ledger, sum int64
	if err := d.Gorm.Raw("SELECT coalesce(sum(pence), 0) FROM entry").Scan(&ledger).Error; err != nil {
		t.Fatal(err)
	}
	for _, e := range entriesOf(changed) {
		sum += e.Pence
	}
	if sum != ledger {
		t.Errorf("%d pence were told, and %d were entered", sum, ledger)
	}
	newest := map[uuid.UUID]told.RequestChanged{}
	for _, r := range changed {
		if r.Version > newest[r.RequestID].Version {
			newest[r.RequestID] = r
		}
	}
	if len(now) != len(newest) {
		t.Errorf("%d requests were told, and there are %d", len(newest), len(now))
	}
	for _, r := range now {
		was := newest[r.RequestID]
		r.Entries, was.Entries = nil, nil
		if r.State == string(award.Draft) {
			r.Version, r.At = was.Version, was.At // nobody is told of its edits
		}
		if diff := cmp.Diff(r, was); diff != "" {
			t.Errorf("a %s request was told otherwise than it is told again: %s", r.State, diff)
		}
	}
	allowances := map[uuid.UUID]told.AllowanceChanged{}
	for _, a := range toldOf[told.AllowanceChanged](t, d) {
		allowances[a.AllowanceID] = a
	}
	for _, a := range again[told.AllowanceChanged](t, d) {
		a.Version = allowances[a.AllowanceID].Version // which its entries count up
		if diff := cmp.Diff(a, allowances[a.AllowanceID]); diff != "" {
			t.Errorf("an allowance was told otherwise than it is told again: %s", diff)
		}
	}
}

// Whatever people do to requests and payments, as far as they may: whoever heard
// all of it knows the ledger.
func TestWhatIsToldAddsUpToTheLedgerWhateverAnybodyDoes(t *testing.T) {
	t.Parallel()
	o := newTill(t, 100_000_00)
	if err := agree(t, o.db)(o.Fund, award.Rule{UpTo: 40_00, Categories: []award.Category{"licence"}, OneIn: 2}, true); err != nil {
		t.Fatal(err)
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	chance := rand.New(rand.NewPCG(seed, 0))
	var all []uuid.UUID
	done := map[string]int{}
	const kinds = 14 // all that something does, edits being of a draft and of what was returned
	for n := 0; n < 250 || len(done) < kinds; n++ {
		if n > 5000 {
			t.Fatalf("only this was ever done: %v", done)
		}
		if n%16 == 0 {
			all = append(all, o.draft(money.Pence(10_00+chance.IntN(100_00)), money.Pence(1+chance.IntN(50_00))).ID)
		}
		latest := all[max(0, len(all)-3):]
		r := must(o.Awards.Get(o.as(o.Priya), latest[chance.IntN(len(latest))]))(t).Request
		what, err := o.something(chance, r)
		switch {
		case err == nil:
			done[what]++
		case fault.As(err).Kind == fault.Internal || fault.As(err).Kind == fault.Unavailable:
			t.Fatalf("%s: %v", what, err)
		}
	}
	toldAddsUp(t, o.db)
	balances(t, o.db)
}

// something is one thing that somebody does to r, if it can be done.
func (o *till) something(chance *rand.Rand, r *award.Request) (string, error) {
	amina, priya, bilal := o.as(o.Amina), o.as(o.Priya), o.as(o.Bilal)
	some := func(most money.Pence) money.Pence { // mostly all of it
		if most > 0 && chance.IntN(3) > 0 {
			return most
		}
		return money.Pence(1 + chance.Int64N(int64(max(most, 1))))
	}
	payments := o.paymentsOf(r)
	switch chance.IntN(15) {
	case 0:
		_, err := o.Edit(amina, r.ID, r.Version, award.Ask{Lines: []award.Line{o.Line(o.SamsRecord, some(90_00)), o.Line(o.SamsRecord, some(60_00))}})
		if r.State() == award.Challenged { // which is seldom
			return "edit a returned", err
		}
		return "edit a " + string(r.State()), err
	case 1, 2:
		_, err := o.Awards.Submit(amina, r.ID, r.Version)
		return "submit", err
	case 3, 4:
		why := because
		for i, l := range r.Lines { // all of one line and a part of the others
			g := award.Granted{Line: l.ID, Pence: l.Amount}
			if i > 0 && l.Amount > 1 {
				g.Pence, g.Code = some(l.Amount-1), "other"
			}
			why.Lines = append(why.Lines, g)
		}
		_, err := o.Approve(priya, r.ID, r.Version, why)
		return "approve", err
	case 5:
		_, err := o.Decline(priya, r.ID, r.Version, award.Reason{Code: "other", Words: "Not this."})
		return "decline", err
	case 6:
		_, err := o.Return(bilal, r.ID, r.Version, award.Reason{Code: "price-check", Words: "Is that the price?"})
		return "return", err
	case 7:
		_, err := o.Challenge(o.as(o.Sam), r.ID, r.Version, "The job starts on Monday.")
		return "challenge", err
	case 8:
		if chance.IntN(6) > 0 {
			return "", fault.New(fault.Conflict, "Not so often.")
		}
		_, err := o.Withdraw(amina, r.ID, r.Version, "")
		return "withdraw", err
	case 9:
		if chance.IntN(4) > 0 {
			return "", fault.New(fault.Conflict, "Not so often.")
		}
		_, err := o.Awards.Cancel(priya, r.ID, r.Version, "They found the money.")
		return "cancel", err
	case 10, 11:
		plan := payment.Plan{Payee: o.supplier("Boots Ltd"), Method: payment.Card, Amount: some(r.Committed)}
		if len(r.Lines) > 0 && chance.IntN(2) == 0 {
			plan.LineID = r.Lines[0].ID
		}
		if chance.IntN(3) == 0 {
			plan.Payee, plan.Method = payment.Payee{Kind: payment.Person}, payment.Voucher
		}
		_, err := o.Plan(o.fin(), r.ID, []payment.Plan{plan})
		return "plan", err
	case 12:
		for _, p := range payments {
			if p.State == payment.Planned {
				_, err := o.Complete(o.fin(), p.ID, p.Version, some(p.Amount), "")
				return "pay", err
			}
		}
	case 13:
		for _, p := range payments {
			if p.State == payment.Paid && p.Kept() > 0 {
				_, err := o.Recover(o.fin(), p.ID, p.Version, payment.Recovery{Kind: payment.CreditNote, Pence: some(p.Kept()), Document: uuid.NewString(), Words: "Taken back."})
				return "recover", err
			}
		}
	case 14:
		if r.State() == award.Paid {
			_, err := o.Payments.Close(o.fin(), r.ID, r.Version)
			return "close", err
		}
		_, err := o.Release(o.fin(), r.ID, r.Version, "The rest is not needed.")
		return "release", err
	}
	return "", fault.New(fault.Conflict, "There is nothing of the kind.")
}

// paymentsOf are the payments of r.
func (o *till) paymentsOf(r *award.Request) []*payment.Payment {
	o.t.Helper()
	all, _, err := o.Payments.List(o.fin(), payment.Filter{RequestID: r.ID}, award.Page{Number: 1, Size: 50})
	if err != nil {
		o.t.Fatal(err)
	}
	return all
}

// A payment stays as local as it was when it left.
func TestWhetherAPaymentStayedLocalIsAsItWasWhenItLeft(t *testing.T) {
	t.Parallel()
	o := newTill(t, 1000_00)
	local := func(p payment.Payee, areas string) {
		t.Helper()
		if err := o.db.Gorm.Exec("UPDATE supplier SET local_to = ? WHERE id = ?", areas, p.SupplierID).Error; err != nil {
			t.Fatal(err)
		}
	}
	near, far := o.supplier("Boots of Oldham"), o.supplier("Boots of Leeds")
	local(near, "{Oldham}")
	local(far, "{Leeds}")
	r := o.approved(100_00, 50_00)
	buy := func(payee payment.Payee, line int, pence money.Pence) *payment.Payment {
		t.Helper()
		all := must(o.Plan(o.fin(), r.ID, []payment.Plan{{LineID: r.Lines[line].ID, Payee: payee, Method: payment.Card, Amount: pence}}))(t)
		p := all[len(all)-1]
		return must(o.Complete(o.fin(), p.ID, p.Version, pence, ""))(t)
	}
	nearly, _ := buy(near, 0, 100_00), buy(far, 1, 30_00)
	local(near, "{}")
	local(far, "{Oldham}")
	must(o.Recover(o.fin(), nearly.ID, o.now(nearly).Version, payment.Recovery{Kind: payment.CreditNote, Pence: 10_00, Document: "CN-7", Words: "One was torn."}))(t)
	type paid struct {
		Kind     string
		Pence    int64
		Line     uuid.UUID
		Supplier uuid.UUID
		Local    bool
	}
	want := []paid{
		{"pay", 100_00, r.Lines[0].ID, near.SupplierID, true}, {"pay", 30_00, r.Lines[1].ID, far.SupplierID, false},
		{"recover", 10_00, r.Lines[0].ID, near.SupplierID, true},
	}
	for what, all := range map[string][]told.RequestChanged{"told": toldOf[told.RequestChanged](t, o.db), "told again": again[told.RequestChanged](t, o.db)} {
		var got []paid
		for _, e := range entriesOf(all) {
			if e.LineID != nil && e.SupplierID != nil {
				got = append(got, paid{e.Kind, e.Pence, *e.LineID, *e.SupplierID, e.Local})
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", what, diff)
		}
	}
	toldAddsUp(t, o.db)
}

// A coach who takes over an allowance is told of with it. What their colleague
// asked for stays their colleague's.
func TestARequestStaysItsCoachsAndTheAllowanceGoesOn(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1000)
	first := d.submitted(100)
	d.Needs.People[d.SamsRecord] = award.Jobseeker{ID: d.SamsRecord, Area: "Oldham", CoachID: d.Chloe.ID, CoachName: d.Chloe.Name}
	second := must(d.Draft(d.as(d.Chloe), d.allowance.ID, d.Fund.ID))(t).Request
	second = must(d.Edit(d.as(d.Chloe), second.ID, second.Version, award.Ask{Lines: []award.Line{d.Line(d.SamsRecord, 50)}}))(t).Request
	must(d.Submit(d.as(d.Chloe), second.ID, second.Version))(t)
	first = must(d.Decline(d.as(d.Priya), first.ID, first.Version, award.Reason{Code: "other", Words: "No."}))(t).Request
	first = must(d.Challenge(d.as(d.Sam), first.ID, first.Version, "The job starts on Monday."))(t).Request
	if first.State() != award.Submitted { // by the jobseeker, who is no coach
		t.Fatalf("the challenge leads to %s", first.State())
	}
	for _, r := range again[told.RequestChanged](t, d.db) {
		want := map[uuid.UUID]uuid.UUID{first.ID: d.Amina.ID, second.ID: d.Chloe.ID}[r.RequestID]
		if r.CoachID != want {
			t.Errorf("a %s request is of %s, want %s", r.State, r.CoachID, want)
		}
	}
	var coaches []uuid.UUID
	for _, a := range toldOf[told.AllowanceChanged](t, d.db) {
		coaches = append(coaches, a.CoachID)
	}
	if diff := cmp.Diff([]uuid.UUID{d.Amina.ID, d.Chloe.ID}, coaches); diff != "" {
		t.Error(diff)
	}
	toldAddsUp(t, d.db)
}

func TestWhatABudgetIsGivenAndWhatIsAgreedIsTold(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, postgres.Migrations, "funding")
	p := newPromises(t, d)
	other := p.treasury.budget(p.fund, "Rochdale", 2026, 0)
	second := p.both
	second.ID, second.Name = uuid.New(), "Another"
	must(p.Confirm(p.as(second), must(p.Move(p.as(p.both), uuid.Nil, p.budget, 500, "To begin with."))(t).ID))(t)
	if _, err := p.approve(p.asked(100)); err != nil { // which counts the budget's version up
		t.Fatal(err)
	}
	move := must(p.Move(p.as(p.both), p.budget, other, 150, "There is more to do there."))(t)
	must(p.Confirm(p.as(second), move.ID))(t)
	refused := must(p.Move(p.as(p.both), p.budget, other, 50, "And more."))(t)
	must(p.Refuse(p.as(second), refused.ID, "No."))(t)
	given := map[uuid.UUID][]int64{}
	version := map[uuid.UUID]int64{}
	for _, b := range toldOf[told.BudgetChanged](t, d) {
		if b.Version <= version[b.BudgetID] {
			t.Errorf("version %d of a budget was told after %d", b.Version, version[b.BudgetID])
		}
		given[b.BudgetID], version[b.BudgetID] = append(given[b.BudgetID], b.AllocatedPence), b.Version
	}
	if diff := cmp.Diff(map[uuid.UUID][]int64{p.budget: {0, 500, 350}, other: {0, 150}}, given); diff != "" {
		t.Error(diff)
	}
	for _, b := range again[told.BudgetChanged](t, d) {
		if last := given[b.BudgetID]; len(last) > 0 && b.AllocatedPence != last[len(last)-1] {
			t.Errorf("told again %d, told %v", b.AllocatedPence, last)
		}
	}
}

func TestAQuestionIsToldWhenItIsAskedAndWhenItIsAnswered(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1000)
	r := d.submitted(100)
	q := must(d.Ask(d.as(d.Priya), r.ID, award.ToCoach, "Is that the price?"))(t)
	waiting := again[told.QuestionChanged](t, d.db)
	must(d.Answer(d.as(d.Amina), q.ID, "It is."))(t)
	all, now := toldOf[told.QuestionChanged](t, d.db), again[told.QuestionChanged](t, d.db)
	if len(all) != 2 || all[0].AnsweredAt != nil || all[1].AnsweredAt == nil || all[1].RequestID != r.ID || !all[1].AskedAt.Equal(q.At) {
		t.Errorf("told %+v", all)
	}
	if diff := cmp.Diff(append(waiting, now...), all); diff != "" {
		t.Errorf("told again otherwise: %s", diff)
	}
}

func TestTermsAreToldAsTheyWereAgreed(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, postgres.Migrations, "funding")
	tr := newTreasury(t, d)
	f := tr.fund("TERMS")
	for _, days := range []int{0, 30} {
		must(tr.Confirm(tr.as(tr.fay), must(tr.Agree(tr.as(tr.fin), f.ID, usualTerms(tr.today().AddDate(0, 0, days)), "So."))(t).ID))(t)
	}
	var want []told.TermsAgreed
	for i, days := range []int{0, 30} {
		terms := usualTerms(tr.today().AddDate(0, 0, days))
		want = append(want, told.TermsAgreed{FundID: f.ID, Version: i + 1, FirstDay: terms.First.Format(time.DateOnly), DecideDays: terms.DecideDays})
	}
	if diff := cmp.Diff(want, toldOf[told.TermsAgreed](t, d)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(want, again[told.TermsAgreed](t, d)); diff != "" {
		t.Errorf("told again otherwise: %s", diff)
	}
}
