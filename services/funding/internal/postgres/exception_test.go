package postgres_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/db/dbtest"
	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/money"
	"github.com/instead-support/instead/services/funding/internal/award"
)

// newExceptingDesk is a desk whose fund has exceptions to the cap, up to so much by
// Oldham's managers.
func newExceptingDesk(t *testing.T, limit, upTo money.Pence) *desk {
	t.Helper()
	d := newDesk(t, limit)
	d.Excepts.Limit, d.Excepts.Alone = upTo, upTo
	other := d.Oldham
	other.ID, other.Year = uuid.New(), 2031
	if err := give(t, d.db)(other, d.Excepts); err != nil {
		t.Fatal(err)
	}
	if err := agree(t, d.db)(d.Fund, award.Rule{Categories: []award.Category{}}, true); err != nil {
		t.Fatal(err)
	}
	return d
}

// asked is a draft of Amina's for these amounts, that waits to be let pass the cap.
func (d *desk) asked(amounts ...money.Pence) *award.Request {
	d.t.Helper()
	r := d.draft(amounts...)
	return must(d.AskException(d.as(d.Amina), r.ID, r.Version, "A job waits for it."))(d.t).Request
}

// let is r, which Priya lets pass the cap by so much.
func (d *desk) let(r *award.Request, over money.Pence) *award.Request {
	d.t.Helper()
	return must(d.AllowException(d.as(d.Priya), r.ID, r.Version, over, "leads-to-job-offer", "The job starts on Monday."))(d.t).Request
}

func TestAnExceptionLetsItsOwnRequestPassTheCapAndNoOther(t *testing.T) {
	t.Parallel()
	d := newExceptingDesk(t, 1000, 300)
	first, second := d.submitted(700), d.asked(500)
	let := d.let(second, 200)
	if let.Exception != award.ExceptionGiven || let.Over != 200 {
		t.Fatalf("allowed, it stands as %q by %d", let.Exception, let.Over)
	}

	other := d.draft(1)
	before := must(d.Submit(d.as(d.Amina), let.ID, let.Version))(t)
	if before.Allowance.Held != 1200 || before.Allowance.Available() != 0 {
		t.Errorf("%+v held, and %v available", before.Allowance.Totals, before.Allowance.Available())
	}
	if _, err := d.Submit(d.as(d.Amina), other.ID, other.Version); !fault.Is(err, fault.OverCap) {
		t.Errorf("a penny of another request above the cap: %v", err)
	}
	must(d.Approve(d.as(d.Priya), let.ID, before.Request.Version, because))(t)

	// What is given back is the cap's, and so it is not there until the total is
	// below the cap again.
	must(d.Withdraw(d.as(d.Amina), first.ID, first.Version, ""))(t)
	if a, _, err := d.Allowance(d.as(d.Amina), d.allowance.ID); err != nil || a.Available() != 500 {
		t.Errorf("%v available (%v) beside 500 that are promised, want 500", a.Available(), err)
	}
	must(d.Submit(d.as(d.Amina), other.ID, other.Version))(t)
	agrees(t, d.db)
}

func TestAnExceptionIsForTheLinesThatWereSeen(t *testing.T) {
	t.Parallel()
	d := newExceptingDesk(t, 1000, 300)
	r := d.let(d.asked(1100), 100)
	edited := must(d.Edit(d.as(d.Amina), r.ID, r.Version, award.Ask{Lines: []award.Line{d.Line(d.SamsRecord, 1050)}}))(t).Request
	if edited.Exception != award.NotAsked || edited.Over != 0 {
		t.Errorf("with other lines the exception stands as %q by %d", edited.Exception, edited.Over)
	}
	if kept := must(d.Get(d.as(d.Amina), r.ID))(t).Request; kept.Exception != award.NotAsked || kept.Over != 0 {
		t.Errorf("in the database it stands as %q by %d", kept.Exception, kept.Over)
	}
	if _, err := d.Submit(d.as(d.Amina), r.ID, edited.Version); !fault.Is(err, fault.OverCap) {
		t.Errorf("other lines above the cap: %v", err)
	}
	agrees(t, d.db)
}

func TestAnExceptionIsOffUnlessTheFundsTermsSayOtherwise(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1000)
	r := d.draft(1100)
	if _, err := d.AskException(d.as(d.Amina), r.ID, r.Version, "A job waits for it."); !fault.Is(err, fault.Conflict) {
		t.Errorf("of a fund without terms: %v", err)
	}
	if err := agree(t, d.db)(d.Fund, award.Rule{Categories: []award.Category{}}, false); err != nil {
		t.Fatal(err)
	}
	if _, err := d.AskException(d.as(d.Amina), r.ID, r.Version, "A job waits for it."); !fault.Is(err, fault.Conflict) {
		t.Errorf("of a fund whose terms have none: %v", err)
	}
}

func TestAnExceptionTakesAuthorityOfItsOwn(t *testing.T) {
	t.Parallel()
	d := newExceptingDesk(t, 1000, 100)
	r := d.asked(1101)
	if _, err := d.AllowException(d.as(d.Priya), r.ID, r.Version, 101, "other", "So be it."); !fault.Is(err, fault.Forbidden) {
		t.Errorf("a penny above what Priya may allow: %v", err)
	}
	owner := dbtest.Owner(t, d.db)
	if err := owner.Gorm.Exec("UPDATE authority_grant SET ended_by = gen_random_uuid(), ended_name = 'x', ended_why = 'x', ended_at = now(), last_day = '2026-05-01' WHERE kind = 'except'").Error; err != nil {
		t.Fatal(err)
	}
	less := d.draft(1050)
	less = must(d.AskException(d.as(d.Amina), less.ID, less.Version, "So."))(t).Request
	if _, err := d.AllowException(d.as(d.Priya), less.ID, less.Version, 50, "other", "So be it."); !fault.Is(err, fault.Forbidden) {
		t.Errorf("by somebody who may decide any request, and no exception: %v", err)
	}
}

func TestWhoLetsTheCapBePassedSeesWhatTheyAllow(t *testing.T) {
	t.Parallel()
	d := newExceptingDesk(t, 1000, 900)
	r := d.asked(1100)
	d.submitted(400) // since Priya looked
	if _, err := d.AllowException(d.as(d.Priya), r.ID, r.Version, 100, "other", "So be it."); !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "£5.00 above the cap, not £1.00") {
		t.Errorf("by now it takes 500 above the cap, not 100: %v", err)
	}
	if let := d.let(r, 500); let.Over != 500 {
		t.Errorf("allowed by %d", let.Over)
	}
}

func TestNobodyLetsTheirOwnRequestPassTheCap(t *testing.T) {
	t.Parallel()
	d := newExceptingDesk(t, 1000, 300) // Bilal is Ravi's coach, and a manager
	course := d.Catalogue.Add(1000)
	a := must(d.Open(d.as(d.Bilal), award.Opening{JobseekerID: d.RavisRecord, CourseID: course.CourseID}))(t)
	r := must(d.Draft(d.as(d.Bilal), a.ID, d.Fund.ID))(t).Request
	r = must(d.Edit(d.as(d.Bilal), r.ID, r.Version, award.Ask{Lines: []award.Line{d.Line(d.RavisRecord, 1100)}}))(t).Request
	r = must(d.AskException(d.as(d.Bilal), r.ID, r.Version, "So."))(t).Request
	if _, err := d.AllowException(d.as(d.Bilal), r.ID, r.Version, 100, "other", "So be it."); !fault.Is(err, fault.Forbidden) {
		t.Errorf("by the one who asks: %v", err)
	}
	waits := func(by string, p award.Filter) int {
		who := d.Priya
		if by == "Bilal" {
			who = d.Bilal
		}
		_, n, err := d.List(d.as(who), p, award.Page{Number: 1, Size: 10})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if priya, bilal := waits("Priya", award.Filter{Exception: true}), waits("Bilal", award.Filter{Exception: true}); priya != 1 || bilal != 0 {
		t.Errorf("%d wait for Priya and %d for Bilal, want 1 and 0", priya, bilal)
	}
	d.let(r, 100)
	if priya := waits("Priya", award.Filter{Exception: true}); priya != 0 {
		t.Errorf("answered, and yet %d wait", priya)
	}
}

// These go past award, and meet the database alone.
func TestTheDatabaseRefusesAnExceptionThatBreaksARule(t *testing.T) {
	t.Parallel()
	d := newExceptingDesk(t, 1000, 300)
	held := d.submitted(800)
	let := d.let(d.asked(400), 200)
	asked, draft := d.asked(500), d.draft(300)
	id := func(r *award.Request) string { return "'" + r.ID.String() + "'" }
	step := func(r *award.Request, n, from, to, act, by string) string {
		return "INSERT INTO history VALUES (" + id(r) + ", " + n + ", '" + from + "', '" + to + "', now(), '" + by + "', 'x', 'other', 'Because.', '" + act + "')"
	}
	submit := func(r *award.Request, n string) string {
		return strings.Replace(step(r, n, "draft", "submitted", "", d.Amina.ID.String()), "'other', 'Because.'", "'', ''", 1)
	}
	hold := func(r *award.Request, n, pence string) string {
		return "INSERT INTO entry VALUES (gen_random_uuid(), '" + d.allowance.ID.String() + "', " + id(r) + ", " + n + ", 'hold', " + pence + ")"
	}
	allow := func(r *award.Request, n, over string) string {
		return "INSERT INTO exception VALUES (" + id(r) + ", " + n + ", " + over + ")"
	}
	priya, amina := d.Priya.ID.String(), d.Amina.ID.String()
	for name, c := range map[string]struct{ sql, want string }{
		"one that is typed in":                  {"UPDATE request SET over = 100, exception = 'allowed' WHERE id = " + id(asked), "no right"},
		"a cap that is raised":                  {"UPDATE allowance SET over = 1000", "no right"},
		"one that is changed":                   {"UPDATE exception SET over = 1000", "no right"},
		"by the coach who asks":                 {step(asked, "3", "draft", "draft", "allow-exception", amina) + ";" + allow(asked, "3", "300"), "exception_by_another"},
		"a refusal by the coach":                {step(asked, "3", "draft", "draft", "refuse-exception", amina), "exception_by_another"},
		"of more than it takes":                 {step(asked, "3", "draft", "draft", "allow-exception", priya) + ";" + allow(asked, "3", "301"), "exception_allowed"},
		"that nobody asked for":                 {step(draft, "2", "draft", "draft", "allow-exception", priya) + ";" + allow(draft, "2", "100"), "exception_allowed"},
		"a refusal that nobody asked for":       {step(draft, "2", "draft", "draft", "refuse-exception", priya), "history_goes_on"},
		"that does not say by how much":         {step(asked, "3", "draft", "draft", "allow-exception", priya), "exception_allowed"},
		"without a step":                        {allow(asked, "2", "300"), "exception_allowed"},
		"of what waits for a decision":          {step(held, "3", "submitted", "submitted", "allow-exception", priya), "history_arrow"},
		"a hold of another above the cap":       {submit(draft, "2") + ";" + hold(draft, "2", "300"), "allowance_within_cap"},
		"a hold above the exception of its own": {submit(let, "4") + ";" + hold(let, "4", "401"), "allowance_within_cap"},
		"a hold for lines that are other by now": {"INSERT INTO line (id, request_id, position, what, why, need_id, category, supplier, amount, quote) VALUES (gen_random_uuid(), " + id(let) + ", 2, 'x', 'x', gen_random_uuid(), 'licence', 'x', 1, '')" +
			";UPDATE request SET asked = 401 WHERE id = " + id(let) + ";" + submit(let, "4") + ";" + hold(let, "4", "400"), "allowance_within_cap"},
		"a hold where somebody else pays another part by now": {"UPDATE request SET elsewhere = 1, elsewhere_from = 'x', asked = 399 WHERE id = " + id(let) + ";" +
			submit(let, "4") + ";" + hold(let, "4", "399"), "allowance_within_cap"},
		"an answer by who took part in what was challenged": {step(held, "3", "submitted", "declined", "", priya) + ";" +
			strings.Replace(step(held, "4", "declined", "challenged", "", amina), "'other'", "''", 1) + ";" +
			strings.Replace(step(held, "5", "challenged", "challenged", "ask-exception", amina), "'other'", "''", 1) + ";" +
			step(held, "6", "challenged", "challenged", "refuse-exception", priya), "challenge_to_another"},
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
	owner := dbtest.Owner(t, d.db)
	if got := refused(owner.Gorm.Exec("UPDATE exception SET over = 1").Error); got != "exception_append_only" {
		t.Errorf("the owner changes an exception: refused by %q", got)
	}
	must(d.Submit(d.as(d.Amina), let.ID, let.Version))(t)
	agrees(t, d.db)
}

func TestTheDatabaseAllowsNoExceptionOfAFundThatHasNoneByNow(t *testing.T) {
	t.Parallel()
	d := newExceptingDesk(t, 1000, 300)
	r := d.asked(1100)
	if err := agree(t, d.db)(d.Fund, award.Rule{Categories: []award.Category{}}, false); err != nil {
		t.Fatal(err)
	}
	err := db.Tx(t.Context(), d.db.Gorm, func(tx *gorm.DB) error {
		err := tx.Exec("INSERT INTO history VALUES (?, 3, 'draft', 'draft', now(), ?, 'Priya', 'other', 'Because.', 'allow-exception')", r.ID, d.Priya.ID).Error
		if err != nil {
			return err
		}
		return tx.Exec("INSERT INTO exception VALUES (?, 3, 100)", r.ID).Error
	})
	if got := refused(err); got != "exception_allowed" {
		t.Errorf("refused by %q (%v)", got, err)
	}
}

func TestWhoLetTheCapBePassedDoesNotPay(t *testing.T) {
	t.Parallel()
	d := newExceptingDesk(t, 1000, 300)
	r := d.let(d.asked(1100), 100)
	if !r.DecidedBy(d.Priya.ID) {
		t.Error("award has it that Priya may pay what she let pass the cap")
	}
	var decided bool
	if err := d.db.Gorm.Raw("SELECT decided(?, ?)", r.ID, d.Priya.ID).Scan(&decided).Error; err != nil || !decided {
		t.Errorf("the database has it that she may (%v)", err)
	}
}

func TestADisagreementAboutAnExceptionIsFound(t *testing.T) {
	t.Parallel()
	d := newExceptingDesk(t, 1000, 300)
	r := d.let(d.asked(1100), 100)
	must(d.Submit(d.as(d.Amina), r.ID, r.Version))(t)
	owner := dbtest.Owner(t, d.db)
	for sql, want := range map[string]string{
		"UPDATE allowance SET over = 150":                                                        "an allowance may be further above its cap than anybody let it",
		"UPDATE request SET over = 0, exception = ''":                                            "an allowance is above its cap, and no request that stands was let",
		"UPDATE request SET over = 99":                                                           "a request may pass the cap by what was not the last answer",
		"UPDATE history SET by_id = '" + d.Amina.ID.String() + "' WHERE act = 'allow-exception'": "somebody answered their own wish to pass the cap",
	} {
		var found []string
		_ = db.Tx(t.Context(), owner.Gorm, func(tx *gorm.DB) error {
			for _, s := range []string{"ALTER TABLE history DISABLE TRIGGER USER", "ALTER TABLE request DISABLE TRIGGER USER", sql} {
				if err := tx.Exec(s).Error; err != nil {
					t.Fatal(err)
				}
			}
			if err := tx.Raw("SELECT what FROM exception_disagreement").Scan(&found).Error; err != nil {
				t.Fatal(err)
			}
			return context.Canceled // as if it had never been
		})
		if !strings.Contains(strings.Join(found, "; "), want) {
			t.Errorf("%s: found %q, want %q", sql, found, want)
		}
	}
}
