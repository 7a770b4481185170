package postgres_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"gorm.io/gorm"

	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/db/dbtest"
	"github.com/instead-support/instead/services/funding/internal/budget"
	"github.com/instead-support/instead/services/funding/internal/postgres"
)

func (tr *treasury) today() time.Time { return tr.now.Truncate(24 * time.Hour) }

func usualTerms(first time.Time) budget.Terms {
	return budget.Terms{
		First: first, AutoUpTo: 5000, AutoCategories: []string{"tools", "travel"}, SampleOneIn: 10,
		ExpiresDays: 90, WarnDays: 14, ChallengeDays: 20, DecideDays: 5, ReceiptDays: 10, Exceptions: true,
	}
}

func TestTermsAreInForceFromTheirDayAndNeverBeforeTheyWereConfirmed(t *testing.T) {
	t.Parallel()
	tr := newTreasury(t, dbtest.Open(t, postgres.Migrations, "funding"))
	f := tr.fund("ONE")
	first := must(tr.Agree(tr.as(tr.fin), f.ID, usualTerms(tr.today()), "To begin with."))(t)
	soon := must(tr.Agree(tr.as(tr.fin), f.ID, usualTerms(tr.today().AddDate(0, 0, 30)), "From July."))(t)
	if all, now, err := tr.Terms(tr.as(tr.mo), f.ID); err != nil || len(all) != 0 || now != 0 {
		t.Errorf("terms that were only proposed: %+v, %d, %v", all, now, err)
	}
	tr.now = tr.now.AddDate(0, 0, 3)
	must(tr.Confirm(tr.as(tr.mo), first.ID))(t)
	must(tr.Confirm(tr.as(tr.mo), soon.ID))(t)
	all, now, err := tr.Terms(tr.as(tr.mo), f.ID)
	if err != nil || len(all) != 2 || now != 1 {
		t.Fatalf("%+v, %d, %v", all, now, err)
	}
	want := usualTerms(tr.today()) // the day of the confirmation
	want.Version, want.Proposal = 1, first.ID
	if diff := cmp.Diff(want, all[1]); diff != "" {
		t.Error(diff)
	}
	if want := time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC); !all[0].First.Equal(want) || all[0].Version != 2 {
		t.Errorf("the second is version %d from %v", all[0].Version, all[0].First)
	}
	// The database finds the same as budget.On does.
	for days := range 60 {
		day := tr.today().AddDate(0, 0, days-10)
		var version int
		if err := tr.db.Gorm.Raw("SELECT version FROM terms_on(?, ?)", f.ID, day).Scan(&version).Error; err != nil {
			t.Fatal(err)
		}
		if got, _ := budget.On(all, day); got.Version != version {
			t.Errorf("on %v: version %d in Go, %d in SQL", day, got.Version, version)
		}
	}
	again := must(tr.Proposal(tr.as(tr.mo), first.ID))(t)
	if again.Terms == nil || again.Terms.ExpiresDays != 90 || !again.Answer.Confirmed {
		t.Errorf("what was proposed: %+v", again.Proposal)
	}
}

func TestWhatAFundPaysForCountsOnceASecondPersonHasSaidSo(t *testing.T) {
	t.Parallel()
	tr := newTreasury(t, dbtest.Open(t, postgres.Migrations, "funding"))
	f := tr.fund("ONE")
	on := func(days int) []string {
		t.Helper()
		var got []string
		for _, k := range must(tr.Categories(tr.as(tr.mo), f.ID, tr.today().AddDate(0, 0, days)))(t) {
			got = append(got, k.Code+": "+k.Words)
		}
		return got
	}
	p := must(tr.Pay(tr.as(tr.fin), f.ID, []budget.Category{
		{Code: "travel", Allowed: true, Label: "Travel", Words: "Fares.", First: tr.today()},
		{Code: "fines", Label: "Fines", Words: "Never.", First: tr.today(), Last: tr.today().AddDate(0, 0, 9)},
	}, "To begin with."))(t)
	if got := on(0); got != nil {
		t.Errorf("what was only proposed counts: %q", got)
	}
	must(tr.Confirm(tr.as(tr.fay), p.ID))(t)
	p = must(tr.Pay(tr.as(tr.fin), f.ID, []budget.Category{{Code: "travel", Allowed: true, Label: "Travel", Words: "Fuel.", First: tr.today().AddDate(0, 0, 5)}}, "Prices."))(t)
	must(tr.Confirm(tr.as(tr.mo), p.ID))(t)
	for days, want := range map[int][]string{0: {"travel: Fares.", "fines: Never."}, 5: {"travel: Fuel.", "fines: Never."}, 10: {"travel: Fuel."}} {
		if diff := cmp.Diff(want, on(days)); diff != "" {
			t.Errorf("%d days on:\n%s", days, diff)
		}
	}
}

func TestTheDatabaseRefusesTermsThatNobodyElseConfirmed(t *testing.T) {
	t.Parallel()
	tr := newTreasury(t, dbtest.Open(t, postgres.Migrations, "funding"))
	f := tr.fund("ONE")
	p := must(tr.Agree(tr.as(tr.fin), f.ID, usualTerms(tr.today()), "So."))(t)
	must(tr.Confirm(tr.as(tr.mo), p.ID))(t)
	const made = "0199a3e0-51f5-7c61-9f43-0f0c4a1f6b11"
	propose := func(kind, content string) string {
		return "INSERT INTO proposal VALUES ('" + made + "', '" + f.ID.String() + "', '" + kind + "', 'x', gen_random_uuid(), 'x', now(), " + content + ")"
	}
	confirm := ";INSERT INTO proposal_answer VALUES ('" + made + "', true, gen_random_uuid(), 'x', now(), '')"
	terms := func(more string) string {
		return propose("terms", `'{"first_day": "2026-06-01", "auto_up_to": 0, "auto_categories": [], "sample_one_in": 0, "expires_days": 90, "warn_days": 14, "challenge_days": 20, "decide_days": 5, "receipt_days": 10, "exceptions": false}'::jsonb || '`+more+`'`) + confirm
	}
	for name, c := range map[string]struct{ sql, want string }{
		"terms that are typed in":             {"INSERT INTO fund_term SELECT fund_id, 9 FROM fund_term", "no right"},
		"terms that are changed":              {"UPDATE fund_term SET auto_up_to = 1", "no right"},
		"a category that is typed in":         {"INSERT INTO fund_category (category) VALUES ('x')", "no right"},
		"terms without any":                   {propose("terms", "NULL"), "proposal_content"},
		"a movement with terms":               {propose("movement", "'{}'"), "proposal_content"},
		"automatic approval of nothing":       {terms(`{"auto_up_to": 5}`), "fund_term_automatic"},
		"automatic approval that nobody sees": {terms(`{"auto_up_to": 5, "auto_categories": ["travel"]}`), "fund_term_automatic"},
		"a warning after the end":             {terms(`{"warn_days": 90}`), "fund_term_warning"},
		"a category without words":            {propose("category", `'[{"category": "fines", "allowed": false, "label": "Fines", "words": "", "first_day": "2026-06-01"}]'`) + confirm, "fund_category_words_check"},
		"a category that ends before":         {propose("category", `'[{"category": "fines", "allowed": false, "label": "Fines", "words": "No.", "first_day": "2026-06-01", "last_day": "2026-06-02"}]'`) + confirm, "fund_category_days"},
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
	for _, sql := range []string{"UPDATE fund_term SET auto_up_to = 1", "DELETE FROM fund_term", "DELETE FROM fund_category"} {
		if got := refused(owner.Gorm.Exec(sql).Error); !strings.HasSuffix(got, "_append_only") {
			t.Errorf("%s, by the owner: refused by %q", sql, got)
		}
	}
}
