package postgres_test

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/gorm"

	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/db/dbtest"
	"github.com/instead-support/instead/services/funding/internal/award"
	"github.com/instead-support/instead/services/funding/internal/postgres"
)

// These tests go past award, as a mistake in it or a stolen password would, and
// meet the database alone.

// refused is what the database says no with: a constraint, or the lack of a right.
func refused(err error) string {
	e, ok := errors.AsType[*pgconn.PgError](err)
	switch {
	case !ok:
		return ""
	case e.Code == "42501":
		return "no right"
	default:
		return e.ConstraintName
	}
}

func TestTheDatabaseRefusesWhateverBreaksARule(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1000)
	draft, waiting := d.draft(100), d.submitted(300)
	approved := d.submitted(200)
	approved = must(d.Approve(d.as(d.Priya), approved.ID, approved.Version, because))(t).Request
	returned := d.submitted(50)
	returned = must(d.Return(d.as(d.Priya), returned.ID, returned.Version, because))(t).Request

	step := func(r *award.Request, n int, from, to string, by uuid.UUID) string {
		code, words := "", ""
		if to == "approved" || to == "declined" || to == "returned" {
			code, words = "other", "Because."
		}
		return "INSERT INTO history VALUES ('" + r.ID.String() + "', " + string(rune('0'+n)) + ", '" + from + "', '" + to + "', now(), '" +
			by.String() + "', 'x', '" + code + "', '" + words + "')"
	}
	entry := func(r *award.Request, n, kind, pence string) string {
		return "INSERT INTO entry VALUES (gen_random_uuid(), '" + d.allowance.ID.String() + "', '" + r.ID.String() + "', " + n + ", '" + kind + "', " + pence + ")"
	}
	out := func(r *award.Request, n, kind, pence string, b uuid.UUID) string {
		return strings.Replace(entry(r, n, kind, pence), ", "+pence+")", ", "+pence+", '"+b.String()+"')", 1)
	}
	other := award.Budget{ID: uuid.New(), Fund: award.Fund{ID: uuid.New(), Code: "OTHER", Name: "Another fund"}, Area: "Oldham", Year: 2026, Allocated: 10000}
	elsewhere, before, small := d.Oldham, d.Oldham, d.Oldham
	elsewhere.ID, elsewhere.Area = uuid.New(), "Rochdale"
	before.ID, before.Year = uuid.New(), 2025
	small.ID, small.Area, small.Allocated = uuid.New(), "Bury", 299
	for _, b := range []award.Budget{other, elsewhere, before, small} {
		if err := give(t, d.db)(b, d.Granted); err != nil {
			t.Fatal(err)
		}
	}
	yes := step(waiting, 3, "submitted", "approved", d.Priya.ID)
	of := func(r *award.Request) string { return " WHERE request_id = '" + r.ID.String() + "'" }
	is := func(r *award.Request) string { return " WHERE id = '" + r.ID.String() + "'" }
	pay := func(r *award.Request, n, to string) string {
		return "INSERT INTO history VALUES ('" + r.ID.String() + "', " + n + ", '" + string(r.State()) + "', '" + to + "', now(), gen_random_uuid(), 'x', '', '', 'pay')"
	}
	// grants is what an approval of waiting says besides, with so much of its line.
	grants := func(pence string) string {
		return "INSERT INTO decision VALUES ('" + waiting.ID.String() + "', 3, 'None.', 'It helps.');INSERT INTO decision_line VALUES ('" +
			waiting.ID.String() + "', '" + waiting.Lines[0].ID.String() + "', " + pence + ", 'other')"
	}
	empty := must(d.Draft(d.as(d.Amina), d.allowance.ID, d.Fund.ID))(t).Request
	line := func(r *award.Request) string {
		return "INSERT INTO line VALUES (gen_random_uuid(), '" + r.ID.String() + "', 9, 'a', 'b', gen_random_uuid(), 'other', '', 5, '')"
	}

	for name, c := range map[string]struct {
		sql  string // statements of one transaction
		want string
	}{
		"totals that are typed in":         {"UPDATE allowance SET held = 0", "no right"},
		"a request's totals too":           {"UPDATE request SET held = 0", "no right"},
		"what was given back":              {"UPDATE request SET given_back = 1" + is(approved), "no right"},
		"another fund":                     {"UPDATE request SET fund_id = gen_random_uuid()" + is(draft), "no right"},
		"another cap":                      {"UPDATE allowance SET cap = 100000", "no right"},
		"a state that is typed in":         {"UPDATE request SET state = 'approved'" + is(draft), "no right"},
		"a decider who is typed in":        {"UPDATE request SET decided_by = gen_random_uuid()" + is(draft), "no right"},
		"a request that is born submitted": {"INSERT INTO request (id, reference, allowance_id, jobseeker_id, area, changed_at, state) SELECT gen_random_uuid(), 'FR-0000-0000', allowance_id, jobseeker_id, area, now(), 'submitted' FROM request" + is(draft), "no right"},
		"an entry that is changed":         {"UPDATE entry SET pence = 1", "no right"},
		"an entry that is deleted":         {"DELETE FROM entry", "no right"},
		"a history that is changed":        {"UPDATE history SET words = ''", "no right"},
		"a history that is deleted":        {"DELETE FROM history", "no right"},
		"an audit trail that is changed":   {"DELETE FROM audit_entry", "no right"},
		"another arrow":                    {"INSERT INTO transition VALUES ('draft', 'approved')", "no right"},

		"an arrow that is not there":  {step(draft, 2, "draft", "approved", d.Priya.ID), "history_arrow"},
		"a step from where it is not": {step(draft, 2, "submitted", "approved", d.Priya.ID), "history_goes_on"},
		"a step that skips one":       {step(draft, 3, "draft", "submitted", d.Amina.ID), "history_goes_on"},
		"a step taken twice":          {step(waiting, 2, "draft", "submitted", d.Amina.ID), "history_pkey"},
		"a way back":                  {step(approved, 4, "approved", "submitted", d.Amina.ID), "history_arrow"},
		"a decision by the submitter": {step(waiting, 3, "submitted", "approved", d.Amina.ID), "request_decided_by_another"},
		"a decision by an earlier submitter": {step(returned, 4, "returned", "submitted", d.Bilal.ID) + ";" + entry(returned, "4", "hold", "50") + ";" +
			step(returned, 5, "submitted", "approved", d.Amina.ID), "request_decided_by_another"},
		"a no without words":                {strings.Replace(step(waiting, 3, "submitted", "declined", d.Priya.ID), "'Because.'", "''", 1), "history_reason"},
		"a decision without a code":         {strings.Replace(step(waiting, 3, "submitted", "approved", d.Priya.ID), "'other'", "''", 1), "history_reason"},
		"more than the cap":                 {step(draft, 2, "draft", "submitted", d.Amina.ID) + ";" + entry(draft, "2", "hold", "501"), "allowance_within_cap"},
		"a release of what is not held":     {entry(approved, "3", "release", "200"), "request_totals"},
		"a commitment of another's hold":    {out(approved, "2", "commit", "300", d.Oldham.ID), "request_totals"},
		"the same entry twice":              {entry(waiting, "2", "hold", "1"), "entry_once"},
		"an entry without a cause":          {entry(waiting, "3", "release", "300"), "entry_cause"},
		"an entry of nothing":               {entry(waiting, "2", "release", "0"), "entry_pence_check"},
		"an entry that takes":               {entry(waiting, "2", "release", "-5"), "entry_pence_check"},
		"a line under decision":             {line(waiting), "line_frozen"},
		"a line of an approved request":     {"DELETE FROM line" + of(approved), "line_frozen"},
		"a second allowance for the course": {"INSERT INTO allowance (id, jobseeker_id, course_id, course_code, course_name, price_id, cap, priced_on, source, area, coach_id, coach_name, opened_at) SELECT gen_random_uuid(), jobseeker_id, course_id, course_code, course_name, price_id, cap, priced_on, source, area, coach_id, coach_name, opened_at FROM allowance", "allowance_once"},

		"a submission that holds nothing":      {step(draft, 2, "draft", "submitted", d.Amina.ID), "request_whole"},
		"a submission that asks for nothing":   {step(empty, 2, "draft", "submitted", d.Amina.ID), "request_whole"},
		"a submission that holds less":         {step(draft, 2, "draft", "submitted", d.Amina.ID) + ";" + entry(draft, "2", "hold", "99"), "request_whole"},
		"a hold without a submission":          {entry(draft, "1", "hold", "100"), "request_whole"},
		"a budget's totals":                    {"UPDATE budget SET committed = 0", "no right"},
		"money that a budget was never given":  {"UPDATE budget SET allocated = 100000000", "no right"},
		"a promise out of no budget":           {yes + ";" + entry(waiting, "3", "commit", "300"), "entry_budget"},
		"a hold out of a budget":               {out(waiting, "2", "hold", "1", d.Oldham.ID), "entry_budget"},
		"a promise out of another fund":        {yes + ";" + out(waiting, "3", "commit", "300", other.ID), "entry_of_budget"},
		"a promise out of another area":        {yes + ";" + out(waiting, "3", "commit", "300", elsewhere.ID), "entry_of_budget"},
		"a promise out of another year":        {yes + ";" + out(waiting, "3", "commit", "300", before.ID), "entry_within_year"},
		"a promise of more than was allocated": {"UPDATE request SET area = 'Bury'" + is(waiting) + ";" + yes + ";" + out(waiting, "3", "commit", "300", small.ID), "budget_within_allocation"},
		"a payment out of another budget":      {pay(approved, "4", "paid") + ";" + out(approved, "4", "pay", "200", other.ID), "entry_of_payment"},
		"a payment of a request that waits":    {pay(waiting, "3", "paid"), "history_arrow"},
		"a payment of more than was promised":  {pay(approved, "4", "paid") + ";" + out(approved, "4", "pay", "201", d.Oldham.ID), "entry_of_payment"},
		"a part payment that leaves it paid":   {pay(approved, "4", "paid") + ";" + out(approved, "4", "pay", "199", d.Oldham.ID), "entry_of_payment"},
		"a payment that is no step":            {out(approved, "3", "pay", "200", d.Oldham.ID), "payment_by_another"},
		"an approval that grants nothing":      {yes + ";" + out(waiting, "3", "commit", "300", d.Oldham.ID) + ";UPDATE request SET awarded = 300" + is(waiting), "award_granted"},
		"an approval of more than it grants":   {yes + ";" + out(waiting, "3", "commit", "300", d.Oldham.ID) + ";UPDATE request SET awarded = 300" + is(waiting) + ";" + grants("299"), "award_granted"},
		"a promise of more than is awarded":    {yes + ";" + out(waiting, "3", "commit", "300", d.Oldham.ID) + ";UPDATE request SET awarded = 299" + is(waiting) + ";" + grants("299"), "request_whole"},
		"a refusal with an award": {step(waiting, 3, "submitted", "declined", d.Priya.ID) + ";" + out(waiting, "3", "commit", "300", d.Oldham.ID) + ";" +
			out(waiting, "3", "uncommit", "300", d.Oldham.ID) + ";UPDATE request SET awarded = 300" + is(waiting) + ";" + grants("300"), "request_whole"},
		"a decision that is changed":      {"UPDATE decision_line SET granted = 0", "no right"},
		"an approval of what is approved": {step(approved, 4, "approved", "approved", d.Bilal.ID), "history_arrow"},
		"an approval by the first of two": {strings.Replace(step(waiting, 3, "submitted", "submitted", d.Priya.ID), "'', '')", "'', '', 'endorse')", 1) + ";" +
			step(waiting, 4, "submitted", "approved", d.Priya.ID), "request_decided_by_another"},
		"an endorsement by the submitter":       {strings.Replace(step(waiting, 3, "submitted", "submitted", d.Amina.ID), "'', '')", "'', '', 'endorse')", 1), "request_decided_by_another"},
		"a cancellation out of another budget":  {strings.Replace(step(approved, 4, "approved", "cancelled", d.Priya.ID), "'')", "'Not needed.')", 1) + ";" + out(approved, "4", "uncommit", "200", before.ID), "entry_of_budget"},
		"a cancellation that keeps the promise": {strings.Replace(step(approved, 4, "approved", "cancelled", d.Priya.ID), "'')", "'Not needed.')", 1), "request_whole"},
		"a cancellation without words":          {step(approved, 4, "approved", "cancelled", d.Priya.ID), "history_reason"},
		"an approval that promises nothing":     {step(waiting, 3, "submitted", "approved", d.Priya.ID), "request_whole"},
		"a refusal that keeps the hold":         {step(waiting, 3, "submitted", "declined", d.Priya.ID), "request_whole"},
		"an approval without its award":         {step(waiting, 3, "submitted", "approved", d.Priya.ID) + ";" + out(waiting, "3", "commit", "300", d.Oldham.ID), "request_whole"},
		"an award without an approval":          {"UPDATE request SET awarded = 1" + is(waiting), "award_granted"},
		"an award above what was asked":         {"UPDATE request SET awarded = 201" + is(approved), "request_awarded"},
		"an asking that is not its lines":       {"UPDATE request SET asked = 99" + is(draft), "request_whole"},
		"lines that are not the asking":         {line(draft), "request_whole"},
		"a line of a returned one on its own":   {"DELETE FROM line" + of(returned), "request_whole"},
		"a request that is not begun":           {"INSERT INTO request (id, reference, allowance_id, jobseeker_id, area, fund_id, changed_at) SELECT gen_random_uuid(), 'FR-0000-0000', allowance_id, jobseeker_id, area, fund_id, now() FROM request" + is(draft), "request_whole"},
		"a shortfall that nobody pays":          {"UPDATE request SET elsewhere = 1" + is(draft), "request_elsewhere"},
		"another jobseeker than the allowance":  {"INSERT INTO request (id, reference, allowance_id, jobseeker_id, area, fund_id, changed_at) SELECT gen_random_uuid(), 'FR-0000-0000', allowance_id, gen_random_uuid(), area, fund_id, now() FROM request" + is(draft), "request_allowance"},
	} {
		err := db.Tx(t.Context(), d.db.Gorm, func(tx *gorm.DB) error {
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
	agrees(t, d.db)
}

func TestNotEvenTheOwnerChangesWhatHappened(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1000)
	d.submitted(100)
	owner := dbtest.Owner(t, d.db)
	for table, column := range map[string]string{
		"entry": "pence", "history": "words", "decision": "scrutiny", "decision_line": "granted", "automatic": "sampled", "automatic_review": "agrees",
		"proposal": "reason", "proposal_answer": "confirmed", "movement": "pence", "fund_term": "auto_up_to", "fund_category": "allowed",
		"recovery": "pence", "warning": "runs_out_on", "kept_on": "until", "question": "words", "answer": "words", "document_item": "pence",
		"line_manager": "manager_id", "audit_entry": "action",
	} {
		for _, sql := range []string{"UPDATE " + table + " SET " + column + " = " + column, "DELETE FROM " + table, "TRUNCATE " + table + " CASCADE"} {
			if got := refused(owner.Gorm.Exec(sql).Error); !strings.HasSuffix(got, "_append_only") {
				t.Errorf("%s: refused by %q", sql, got)
			}
		}
	}
}

// The owner could get past a trigger, but not past these.
func TestNotEvenTheOwnerBreaksACheck(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1000)
	d.submitted(100)
	owner := dbtest.Owner(t, d.db)
	for sql, want := range map[string]string{
		"UPDATE request SET decided_by = submitted_by":  "request_decided_by_another",
		"UPDATE allowance SET paid = cap - held + 1":    "allowance_within_cap",
		"UPDATE allowance SET held = -1":                "allowance_within_cap",
		"UPDATE budget SET paid = allocated + 1":        "budget_within_allocation",
		"UPDATE budget SET committed = -1":              "budget_within_allocation",
		"UPDATE budget SET paid = -1":                   "budget_within_allocation",
		"UPDATE request SET held = -1":                  "request_totals",
		"UPDATE history SET to_state = from_state":      "history_append_only",
		"UPDATE request SET reference = 'FR-ILOU-0000'": "request_reference_check",
	} {
		if got := refused(owner.Gorm.Exec(sql).Error); got != want {
			t.Errorf("%s: refused by %q, want %q", sql, got, want)
		}
	}
}

func TestADisagreementIsFound(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1000)
	r := d.submitted(100)
	owner := dbtest.Owner(t, d.db)
	for sql, want := range map[string]string{
		"UPDATE allowance SET held = held - 1":                                          "the totals of an allowance are not the sums of its entries",
		"UPDATE request SET held = held + 1":                                            "the totals of a request are not the sums of its entries",
		"UPDATE budget SET committed = 1":                                               "the totals of a budget are not the sums of its entries",
		"UPDATE request SET awarded = 5":                                                "what is promised for a request is not what its state says",
		"UPDATE request SET state = 'draft'":                                            "a request does not stand where its history ends",
		"UPDATE history SET from_state = 'returned' WHERE step = 2":                     "a history skips",
		"UPDATE history SET by_id = '" + d.Amina.ID.String() + "' WHERE step IN (2, 3)": "somebody decided what they had submitted",
	} {
		var found []string
		err := db.Tx(t.Context(), owner.Gorm, func(tx *gorm.DB) error {
			for _, s := range []string{"ALTER TABLE history DISABLE TRIGGER USER", "ALTER TABLE request DISABLE TRIGGER USER",
				"INSERT INTO history VALUES ('" + r.ID.String() + "', 3, 'submitted', 'approved', now(), gen_random_uuid(), '', 'other', '')",
				"UPDATE request SET state = 'approved', step = 3", sql} {
				if err := tx.Exec(s).Error; err != nil {
					return err
				}
			}
			if err := tx.Raw("SELECT what FROM disagreement").Scan(&found).Error; err != nil {
				return err
			}
			return errors.New("undo")
		})
		if !slices.Contains(found, want) {
			t.Errorf("after %s: found %q (%v), want %q", sql, found, err, want)
		}
	}
	agrees(t, d.db)
}

func TestTheDatabaseHasTheSameStateMachineAndArithmeticAsAward(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1)
	var arrows []award.Arrow
	if err := d.db.Gorm.Raw(`SELECT from_state AS "from", act, to_state AS "to" FROM transition`).Scan(&arrows).Error; err != nil {
		t.Fatal(err)
	}
	byName := func(a, b award.Arrow) int {
		return strings.Compare(string(a.From)+string(a.Act)+string(a.To), string(b.From)+string(b.Act)+string(b.To))
	}
	if diff := cmp.Diff(slices.SortedFunc(slices.Values(award.Arrows()), byName), slices.SortedFunc(slices.Values(arrows), byName)); diff != "" {
		t.Errorf("transitions:\n%s", diff)
	}
	var effects []struct {
		Kind award.Kind
		award.Effect
	}
	if err := d.db.Gorm.Raw("SELECT kind, held, committed, paid FROM effect").Scan(&effects).Error; err != nil {
		t.Fatal(err)
	}
	if len(effects) != len(award.Kinds) {
		t.Errorf("%d kinds of entry, want %d", len(effects), len(award.Kinds))
	}
	for _, e := range effects {
		if e.Effect != e.Kind.Effect() {
			t.Errorf("%s has effect %+v, want %+v", e.Kind, e.Effect, e.Kind.Effect())
		}
	}
}

// A database from before there were funds holds promises out of none. They are
// carried into a budget for each area and year, to the penny, and go on as any
// other.
func TestWhatWasPromisedBeforeThereWereFundsIsCarriedOver(t *testing.T) {
	t.Parallel()
	old := fstest.MapFS{}
	for _, name := range []string{"00001_catalogue.sql", "00002_award.sql", "00003_budget.sql"} {
		b, err := fs.ReadFile(postgres.Migrations, "migrations/"+name)
		if err != nil {
			t.Fatal(err)
		}
		old["migrations/"+name] = &fstest.MapFile{Data: b}
	}
	access := dbtest.URLs(t, old, "funding")
	d, err := db.Open(t.Context(), access.Serve)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	requests := 0
	err = db.Tx(t.Context(), d.Gorm, func(tx *gorm.DB) error {
		run := func(sql string, values ...any) {
			if err := tx.Exec(sql, values...).Error; err != nil {
				t.Error(err, sql)
			}
		}
		for i, c := range []struct {
			area, at string
			state    string
			pence    int
		}{
			{"Oldham", "2025-05-01 12:00Z", "approved", 300},
			{"Oldham", "2026-03-31 22:59Z", "approved", 40}, // still the old year: 23:59 in London
			{"Oldham", "2026-03-31 23:00Z", "approved", 5},  // the first of April in London
			{"Rochdale", "2026-05-01 12:00Z", "approved", 7},
			{"Oldham", "2026-05-01 12:00Z", "submitted", 11},
			{"Bury", "2026-05-01 12:00Z", "draft", 13},
		} {
			a, r, coach, boss := uuid.New(), uuid.New(), uuid.New(), uuid.New()
			requests++
			run(`INSERT INTO allowance (id, jobseeker_id, course_id, course_code, course_name, price_id, cap, priced_on, source, area, coach_id, coach_name, opened_at)
				VALUES (?, ?, ?, 'C', 'C', ?, 1000, '2025-05-01', 's', ?, ?, 'Amina', ?)`, a, a, a, a, c.area, coach, c.at)
			run(`INSERT INTO request (id, reference, allowance_id, jobseeker_id, area, asked, changed_at) VALUES (?, ?, ?, ?, ?, ?, ?)`,
				r, fmt.Sprintf("FR-0000-000%d", i), a, a, c.area, c.pence, c.at)
			step := func(n int, from, to, code string, by uuid.UUID) {
				run("INSERT INTO history VALUES (?, ?, ?, ?, ?, ?, 'x', ?, '')", r, n, from, to, c.at, by, code)
			}
			step(1, "", "draft", "", coach)
			run("INSERT INTO line VALUES (gen_random_uuid(), ?, 1, 'a', 'b', gen_random_uuid(), 'other', '', ?, '')", r, c.pence)
			if c.state == "draft" {
				continue
			}
			step(2, "draft", "submitted", "", coach)
			run("INSERT INTO entry VALUES (gen_random_uuid(), ?, ?, 2, 'hold', ?)", a, r, c.pence)
			if c.state == "submitted" {
				continue
			}
			step(3, "submitted", "approved", "other", boss)
			run("INSERT INTO entry VALUES (gen_random_uuid(), ?, ?, 3, 'commit', ?)", a, r, c.pence)
			run("UPDATE request SET awarded = ? WHERE id = ?", c.pence, r)
		}
		return nil
	})
	if err != nil || t.Failed() {
		t.Fatal(err)
	}
	if err := db.Migrate(t.Context(), access.Owner, postgres.Migrations); err != nil {
		t.Fatal(err)
	}
	agrees(t, d)
	var got []string
	err = d.Gorm.Raw(`SELECT concat_ws(' ', f.code, b.area, b.year, b.allocated, b.committed, count(r.id))
		FROM budget b JOIN fund f ON f.id = b.fund_id LEFT JOIN request r ON r.budget_id = b.id GROUP BY b.id, f.id ORDER BY b.area, b.year`).Scan(&got).Error
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"GENERAL Oldham 2025 340 340 2", "GENERAL Oldham 2026 5 5 1", "GENERAL Rochdale 2026 7 7 1"}, got); diff != "" {
		t.Error(diff)
	}
	if n := count(t, d, "SELECT count(*) FROM request r JOIN fund f ON f.id = r.fund_id WHERE f.code = 'GENERAL'"); n != requests {
		t.Errorf("%d requests ask the general fund, want all %d", n, requests)
	}
	if got := refused(dbtest.Owner(t, d).Gorm.Exec("UPDATE entry SET pence = 1").Error); got != "entry_append_only" {
		t.Errorf("after it an entry can be changed: refused by %q", got)
	}
}
