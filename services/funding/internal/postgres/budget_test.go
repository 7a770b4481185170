package postgres_test

import (
	"context"
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
	"github.com/instead-support/instead/services/funding/internal/budget"
	"github.com/instead-support/instead/services/funding/internal/postgres"
)

// treasury is budgets over a database, with the people who look after them.
type treasury struct {
	*budget.Budgets
	t  testing.TB
	db *db.DB

	fin, fay, mo, nia, both identity.Person // fin and fay are finance; mo manages Oldham, nia Rochdale
	now                     time.Time
}

func newTreasury(t testing.TB, d *db.DB) *treasury {
	person := func(name string, role identity.Role, areas ...string) identity.Person {
		return identity.Person{ID: uuid.New(), Name: name, Roles: []identity.Role{role}, Areas: areas}
	}
	tr := &treasury{
		t: t, db: d, now: time.Date(2026, 6, 1, 9, 0, 0, 0, time.UTC),
		fin: person("Fin Doyle", identity.Finance, "Oldham"), fay: person("Fay Kerr", identity.Finance, "Oldham"),
		mo: person("Mo Hussain", identity.Manager, "Oldham"), nia: person("Nia Rees", identity.Manager, "Rochdale"),
		both: person("Imran Sadiq", identity.Finance, "Oldham", "Rochdale"),
	}
	tr.Budgets = budget.New(budget.Deps{Store: postgres.NewBudgets(d), Now: func() time.Time { return tr.now }, Today: award.Today})
	return tr
}

func (tr *treasury) as(p identity.Person) context.Context {
	return identity.With(context.Background(), p)
}

func (tr *treasury) fund(code string) budget.Fund {
	tr.t.Helper()
	return must(tr.OpenFund(tr.as(tr.both), budget.Fund{Code: code, Name: "Fund " + code, First: budget.Year(2020).First()}))(tr.t)
}

// budget is a budget that was given so much.
func (tr *treasury) budget(f budget.Fund, area string, y budget.Year, pence money.Pence) uuid.UUID {
	tr.t.Helper()
	b := must(tr.Open(tr.as(tr.both), f.ID, area, y))(tr.t)
	if pence > 0 {
		p := must(tr.Move(tr.as(tr.both), uuid.Nil, b.ID, pence, "To begin with."))(tr.t)
		confirmer := tr.mo
		if area != "Oldham" {
			confirmer = tr.nia
		}
		must(tr.Confirm(tr.as(confirmer), p.ID))(tr.t)
	}
	return b.ID
}

func (tr *treasury) totals(id uuid.UUID) budget.Totals {
	tr.t.Helper()
	return must(tr.Get(tr.as(tr.both), id, time.Time{}))(tr.t).Totals
}

// spend promises and pays out of a budget, as an approval and a payment would.
func (tr *treasury) spend(id uuid.UUID, committed, paid money.Pence) {
	tr.t.Helper()
	owner := dbtest.Owner(tr.t, tr.db)
	if err := owner.Gorm.Exec("UPDATE budget SET committed = ?, paid = ? WHERE id = ?", committed, paid, id).Error; err != nil {
		tr.t.Fatal(err)
	}
}

func TestMoneyIsInABudgetOnceASecondPersonHasSaidSo(t *testing.T) {
	t.Parallel()
	tr := newTreasury(t, dbtest.Open(t, postgres.Migrations, "funding"))
	b := tr.budget(tr.fund("ONE"), "Oldham", 2026, 0)
	p := must(tr.Move(tr.as(tr.fin), uuid.Nil, b, 5000, "Agreed in cabinet."))(t)
	if got := tr.totals(b); got.Allocated != 0 {
		t.Errorf("a proposal counts already: %+v", got)
	}
	if _, err := tr.Confirm(tr.as(tr.fin), p.ID); !fault.Is(err, fault.Forbidden) {
		t.Errorf("the proposer confirms: %v", err)
	}
	if _, err := tr.Confirm(tr.as(tr.nia), p.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("a manager of another area confirms: %v", err)
	}
	got := must(tr.Confirm(tr.as(tr.fay), p.ID))(t)
	if got.Answer == nil || !got.Answer.Confirmed || got.Answer.ByName != "Fay Kerr" || got.Movement.To.Allocated != 5000 {
		t.Errorf("confirmed: %+v", got)
	}
	for name, verb := range map[string]func() (budget.Pending, error){
		"confirmed": func() (budget.Pending, error) { return tr.Confirm(tr.as(tr.mo), p.ID) },
		"refused":   func() (budget.Pending, error) { return tr.Refuse(tr.as(tr.mo), p.ID, "Too late.") },
	} {
		if _, err := verb(); !fault.Is(err, fault.Conflict) {
			t.Errorf("%s a second time: %v", name, err)
		}
	}
	if got := tr.totals(b); got.Allocated != 5000 || got.Left() != 5000 {
		t.Errorf("the budget has %+v", got)
	}
	agrees(t, tr.db)
}

func TestARefusedProposalNeverCountsAndItsProposerMayTakeItBack(t *testing.T) {
	t.Parallel()
	tr := newTreasury(t, dbtest.Open(t, postgres.Migrations, "funding"))
	b := tr.budget(tr.fund("ONE"), "Oldham", 2026, 0)
	for _, by := range []identity.Person{tr.fin, tr.mo} {
		p := must(tr.Move(tr.as(tr.fin), uuid.Nil, b, 5000, "Agreed in cabinet."))(t)
		if _, err := tr.Refuse(tr.as(by), p.ID, " "); !fault.Is(err, fault.Invalid) {
			t.Errorf("a refusal without words: %v", err)
		}
		must(tr.Refuse(tr.as(by), p.ID, "It was not."))(t)
		if _, err := tr.Confirm(tr.as(tr.mo), p.ID); !fault.Is(err, fault.Conflict) {
			t.Errorf("confirmed after it was refused: %v", err)
		}
	}
	if got := tr.totals(b); got.Allocated != 0 {
		t.Errorf("the budget has %+v", got)
	}
}

func TestNothingIsTakenOutThatIsPromisedOrPaid(t *testing.T) {
	t.Parallel()
	tr := newTreasury(t, dbtest.Open(t, postgres.Migrations, "funding"))
	f := tr.fund("ONE")
	b, other := tr.budget(f, "Oldham", 2026, 1000), tr.budget(f, "Rochdale", 2026, 0)
	tr.spend(b, 300, 200)
	_, err := tr.Move(tr.as(tr.both), b, other, 501, "They need it more.")
	if !fault.Is(err, fault.OverBudget) || fault.As(err).Extra["budget"].(map[string]any)["left_pence"] != int64(500) {
		t.Errorf("more than is left: %v", err)
	}
	p := must(tr.Move(tr.as(tr.both), b, other, 500, "They need it more."))(t)
	if _, err := tr.Confirm(tr.as(tr.mo), p.ID); !fault.Is(err, fault.Forbidden) {
		t.Errorf("confirmed by somebody of one of the areas: %v", err)
	}
	if _, err := tr.Confirm(tr.as(tr.fin), p.ID); !fault.Is(err, fault.Forbidden) {
		t.Errorf("confirmed by finance of one of the areas: %v", err)
	}
	second := tr.both
	second.ID, second.Name = uuid.New(), "Another"
	tr.spend(b, 301, 200) // promised meanwhile
	if _, err := tr.Confirm(tr.as(second), p.ID); !fault.Is(err, fault.OverBudget) {
		t.Errorf("confirmed though it was promised meanwhile: %v", err)
	}
	tr.spend(b, 300, 200)
	must(tr.Confirm(tr.as(second), p.ID))(t)
	if from, to := tr.totals(b), tr.totals(other); from.Left() != 0 || from.Allocated != 500 || to.Allocated != 500 {
		t.Errorf("after the transfer: %+v and %+v", from, to)
	}
	tr.spend(b, 0, 0) // no entry stands behind it
	agrees(t, tr.db)
}

func TestTheDatabaseRefusesABudgetThatIsTypedInOrConfirmedByOne(t *testing.T) {
	t.Parallel()
	tr := newTreasury(t, dbtest.Open(t, postgres.Migrations, "funding"))
	one, two := tr.fund("ONE"), tr.fund("TWO")
	b, other, foreign := tr.budget(one, "Oldham", 2026, 1000), tr.budget(one, "Rochdale", 2026, 10), tr.budget(two, "Oldham", 2026, 0)
	waiting := must(tr.Move(tr.as(tr.both), b, other, 400, "They need it more."))(t)
	tr.spend(b, 700, 0)
	answer := func(by uuid.UUID, confirmed string) string {
		return "INSERT INTO proposal_answer VALUES ('" + waiting.ID.String() + "', " + confirmed + ", '" + by.String() + "', 'x', now(), '')"
	}
	proposal := "INSERT INTO proposal VALUES ('0199a3e0-51f5-7c61-9f43-0f0c4a1f6b11', '" + one.ID.String() + "', 'movement', 'x', gen_random_uuid(), 'x', now())"
	movement := func(id, fund, from, to, pence string) string {
		quoted := func(s string) string {
			if s == "" {
				return "NULL"
			}
			return "'" + s + "'"
		}
		return "INSERT INTO movement VALUES ('" + id + "', 'movement', '" + fund + "', " + quoted(from) + ", " + quoted(to) + ", " + pence + ")"
	}
	const made = "0199a3e0-51f5-7c61-9f43-0f0c4a1f6b11"
	for name, c := range map[string]struct{ sql, want string }{
		"an allocation that is typed in":          {"UPDATE budget SET allocated = 9", "no right"},
		"totals that are typed in":                {"UPDATE budget SET committed = 0", "no right"},
		"a budget that begins with money":         {"INSERT INTO budget (id, fund_id, area, year, allocated) SELECT gen_random_uuid(), fund_id, 'Bury', year, 5 FROM budget LIMIT 1", "no right"},
		"a second budget for the same":            {"INSERT INTO budget (id, fund_id, area, year) SELECT gen_random_uuid(), fund_id, area, year FROM budget LIMIT 1", "budget_once"},
		"a budget outside of its fund's days":     {"INSERT INTO budget (id, fund_id, area, year) SELECT gen_random_uuid(), fund_id, area, 2019 FROM budget LIMIT 1", "budget_within_fund"},
		"a proposal that is changed":              {"UPDATE proposal SET reason = 'y'", "no right"},
		"a movement that is changed":              {"UPDATE movement SET pence = 1", "no right"},
		"an answer that is taken back":            {"DELETE FROM proposal_answer", "no right"},
		"a proposal without a reason":             {strings.Replace(proposal, "'x', gen", "'', gen", 1), "proposal_reason_check"},
		"a confirmation by the proposer":          {answer(tr.both.ID, "true"), "proposal_confirmed_by_another"},
		"a confirmation of more than is left":     {answer(tr.mo.ID, "true"), "budget_within_allocation"},
		"a refusal without words":                 {answer(tr.mo.ID, "false"), "proposal_answer_words"},
		"two answers":                             {strings.Replace(answer(tr.mo.ID, "false"), "'')", "'no')", 1) + ";" + strings.Replace(answer(tr.mo.ID, "false"), "'')", "'no')", 1), "proposal_answer_pkey"},
		"a movement to nowhere":                   {proposal + ";" + movement(made, one.ID.String(), "", "", "5"), "movement_somewhere"},
		"a movement to where it came from":        {proposal + ";" + movement(made, one.ID.String(), b.String(), b.String(), "5"), "movement_somewhere"},
		"a movement of nothing":                   {proposal + ";" + movement(made, one.ID.String(), "", b.String(), "0"), "movement_pence_check"},
		"money of one fund for another":           {proposal + ";" + movement(made, one.ID.String(), b.String(), foreign.String(), "5"), "movement_to"},
		"a movement that nobody proposed":         {movement(made, one.ID.String(), "", b.String(), "5"), "movement_proposal"},
		"a movement of another fund's proposal":   {proposal + ";" + movement(made, two.ID.String(), "", foreign.String(), "5"), "movement_proposal"},
		"a movement put in after it was answered": {proposal + ";INSERT INTO proposal_answer VALUES ('" + made + "', false, gen_random_uuid(), 'x', now(), 'no');" + movement(made, one.ID.String(), "", b.String(), "5"), "proposal_open"},
	} {
		err := db.Tx(t.Context(), tr.db.Gorm, func(tx *gorm.DB) error {
			for sql := range strings.SplitSeq(c.sql, ";") {
				if err := tx.Exec(sql).Error; err != nil {
					return err
				}
			}
			return nil
		})
		if got := refused(err); got != c.want {
			t.Errorf("%s: refused by %q (%v), want %q", name, got, err, c.want)
		}
	}
	owner := dbtest.Owner(t, tr.db)
	for _, table := range []string{"proposal", "proposal_answer", "movement"} {
		for _, sql := range []string{"DELETE FROM " + table, "TRUNCATE " + table + " CASCADE"} {
			if got := refused(owner.Gorm.Exec(sql).Error); !strings.HasSuffix(got, "_append_only") {
				t.Errorf("%s, by the owner: refused by %q", sql, got)
			}
		}
	}
	if err := owner.Gorm.Exec("UPDATE budget SET allocated = allocated + 1 WHERE id = ?", b).Error; err != nil {
		t.Fatal(err)
	}
	var found []string
	if err := tr.db.Gorm.Raw("SELECT what FROM disagreement WHERE id = ?", b).Scan(&found).Error; err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(found, "what a budget was given is not the sum of its confirmed movements") {
		t.Errorf("an allocation that follows from nothing is not found: %q", found)
	}
}

func TestTwoTransfersCrossingNeitherWaitForEachOtherNorTakeTooMuch(t *testing.T) {
	t.Parallel()
	tr := newTreasury(t, dbtest.Open(t, postgres.Migrations, "funding"))
	f := tr.fund("ONE")
	a, b := tr.budget(f, "Oldham", 2026, 1000), tr.budget(f, "Rochdale", 2026, 1000)
	second := tr.both
	second.ID = uuid.New()
	var waiting []uuid.UUID
	for range 10 {
		waiting = append(waiting,
			must(tr.Move(tr.as(tr.both), a, b, 300, "There."))(t).ID,
			must(tr.Move(tr.as(tr.both), b, a, 250, "And back."))(t).ID)
	}
	var all sync.WaitGroup
	for _, id := range waiting {
		all.Go(func() {
			if _, err := tr.Confirm(tr.as(second), id); err != nil && !fault.Is(err, fault.OverBudget) {
				t.Errorf("Confirm() = %v", err)
			}
		})
	}
	all.Wait()
	if from, to := tr.totals(a), tr.totals(b); from.Allocated+to.Allocated != 2000 || from.Allocated < 0 || to.Allocated < 0 {
		t.Errorf("money was made or lost: %+v and %+v", from, to)
	}
	agrees(t, tr.db)
}

func TestTheSameProposalTwiceIsOne(t *testing.T) {
	t.Parallel()
	tr := newTreasury(t, dbtest.Open(t, postgres.Migrations, "funding"))
	b := tr.budget(tr.fund("ONE"), "Oldham", 2026, 0)
	once := db.WithKey(tr.as(tr.fin), "a click")
	first, second := must(tr.Move(once, uuid.Nil, b, 700, "More."))(t), must(tr.Move(once, uuid.Nil, b, 700, "More."))(t)
	if first.ID != second.ID {
		t.Error("two clicks are two proposals")
	}
	again := db.WithKey(tr.as(tr.mo), "another")
	must(tr.Confirm(again, first.ID))(t)
	must(tr.Confirm(again, first.ID))(t)
	if got := tr.totals(b); got.Allocated != 700 {
		t.Errorf("the budget has %+v", got)
	}
}

func TestALedgerSaysAllThatHappenedToABudgetUpToADay(t *testing.T) {
	t.Parallel()
	p := newPromises(t, dbtest.Open(t, postgres.Migrations, "funding"))
	first := p.today()
	given := must(p.Move(p.as(p.both), uuid.Nil, p.budget, 1000, "To begin with."))(t)
	must(p.Confirm(p.as(p.mo), given.ID))(t)
	p.now = p.now.AddDate(0, 0, 1)
	r := must(p.approve(p.asked(300)))(t)
	p.now = p.now.AddDate(0, 0, 1)
	other := p.treasury.budget(p.fund, "Rochdale", 2026, 0)
	moved := must(p.Move(p.as(p.both), p.budget, other, 200, "They need it more."))(t)
	second := p.both
	second.ID = uuid.New()
	must(p.Confirm(p.as(second), moved.ID))(t)
	p.now = time.Date(2026, 6, 3, 23, 30, 0, 0, time.UTC) // which in London is the next day
	p.expire(r)

	says := func(id uuid.UUID, asAt time.Time) []string {
		t.Helper()
		found, total, err := p.Ledger(p.as(p.mo), id, asAt, budget.Page{Number: 1, Size: 50})
		if id == other {
			found, total, err = p.Ledger(p.as(p.nia), id, asAt, budget.Page{Number: 1, Size: 50})
		}
		if err != nil || total != len(found) {
			t.Fatalf("%d of %d: %v", len(found), total, err)
		}
		var got []string
		for _, e := range found {
			got = append(got, e.Kind+" "+e.Pence.String()+" "+e.Reason+e.Reference)
		}
		return got
	}
	expired, out, promised, in := "uncommit £3.00 "+r.Reference, "transfer-out £2.00 They need it more.", "commit £3.00 "+r.Reference, "allocation £10.00 To begin with."
	for days, want := range map[int][]string{-1: nil, 0: {in}, 1: {promised, in}, 2: {out, promised, in}, 3: {expired, out, promised, in}} {
		if diff := cmp.Diff(want, says(p.budget, first.AddDate(0, 0, days))); diff != "" {
			t.Errorf("%d days on:\n%s", days, diff)
		}
	}
	if diff := cmp.Diff([]string{expired, out, promised, in}, says(p.budget, time.Time{})); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"transfer-in £2.00 They need it more."}, says(other, time.Time{})); diff != "" {
		t.Error(diff)
	}
	page, total, err := p.Ledger(p.as(p.mo), p.budget, time.Time{}, budget.Page{Number: 2, Size: 3})
	if err != nil || total != 4 || len(page) != 1 || page[0].Kind != "allocation" {
		t.Errorf("the second page: %+v of %d, %v", page, total, err)
	}
	if _, _, err := p.Ledger(p.as(p.nia), p.budget, time.Time{}, budget.Page{Number: 1, Size: 3}); !fault.Is(err, fault.NotFound) {
		t.Errorf("a manager of another area reads it: %v", err)
	}
	if _, err := p.Get(p.as(p.mo), p.budget, first.AddDate(0, 0, 30)); !fault.Is(err, fault.Invalid) {
		t.Errorf("as at a day that has not come: %v", err)
	}
	agrees(t, p.db)
}
