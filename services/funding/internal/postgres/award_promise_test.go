package postgres_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	told "github.com/instead-support/instead/api/events"
	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/db/dbtest"
	"github.com/instead-support/instead/pkg/events"
	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/money"
	"github.com/instead-support/instead/services/funding/internal/award"
	"github.com/instead-support/instead/services/funding/internal/payment"
	"github.com/instead-support/instead/services/funding/internal/postgres"
)

// nights is a till whose clock a test sets, under terms that let an approval of
// 1 June 2026 run out after 90 days, with a warning 14 days before.
type nights struct {
	*till
	now atomic.Pointer[time.Time]
}

func newNights(t testing.TB, d *db.DB) *nights {
	t.Helper()
	return nightsFrom(t, d, "2026-04-01")
}

// nightsFrom is newNights whose fund has terms from this day on.
func nightsFrom(t testing.TB, d *db.DB, first string) *nights {
	t.Helper()
	n := &nights{till: tillOn(t, d, 1000_00)}
	n.on(2026, 6, 1)
	n.Awards = award.New(award.Deps{
		Store: n.store, Catalogue: n.Catalogue, Needs: n.Needs, Funds: n.Funds, Questions: n.store, Promises: n.store, Now: func() time.Time { return *n.now.Load() },
	})
	n.Payments = payment.New(payment.Deps{Store: n.kept, From: council, Now: func() time.Time { return *n.now.Load() }})
	n.terms(first, 90, 14)
	return n
}

// on sets the clock to just after midnight in London, where in summer it is the
// day before in UTC.
func (n *nights) on(year int, month time.Month, day int) {
	london, err := time.LoadLocation("Europe/London")
	if err != nil {
		n.t.Fatal(err)
	}
	n.now.Store(new(time.Date(year, month, day, 0, 10, 0, 0, london).UTC()))
}

// terms are the fund's from a day on, as two people would have agreed them.
func (n *nights) terms(first string, expires, warn int) {
	n.t.Helper()
	owner := dbtest.Owner(n.t, n.db)
	err := owner.Gorm.Exec(`WITH p AS (INSERT INTO proposal (id, fund_id, kind, reason, by_id, by_name, at, content)
			VALUES (gen_random_uuid(), ?, 'terms', 'So.', gen_random_uuid(), 'Fin', now(), '{}') RETURNING id, fund_id)
		INSERT INTO fund_term (fund_id, version, first_day, auto_up_to, auto_categories, sample_one_in, expires_days, warn_days, challenge_days, decide_days, receipt_days, exceptions, proposal_id)
		SELECT fund_id, 1 + (SELECT count(*) FROM fund_term), ?, 0, '{}', 0, ?, ?, 20, 5, 10, false, id FROM p`, n.Fund.ID, first, expires, warn).Error
	if err != nil {
		n.t.Fatal(err)
	}
}

// night has everything done that is due.
func (n *nights) night() {
	n.t.Helper()
	if err := n.RunOut(n.t.Context()); err != nil {
		n.t.Fatal(err)
	}
}

// stands fails the test unless a request is in this state, with so much promised
// for its allowance and out of its budget.
func (n *nights) stands(r *award.Request, state award.State, committed money.Pence) {
	n.t.Helper()
	s := must(n.Awards.Get(n.as(n.Priya), r.ID))(n.t)
	if s.Request.State() != state || s.Allowance.Committed != committed || s.Budget.Committed != committed {
		n.t.Errorf("%s, with %d promised to the allowance and %d out of the budget; want %s and %d",
			s.Request.State(), s.Allowance.Committed, s.Budget.Committed, state, committed)
	}
}

func (n *nights) count(sql string, args ...any) (rows int) {
	n.t.Helper()
	if err := n.db.Gorm.Raw(sql, args...).Scan(&rows).Error; err != nil {
		n.t.Fatal(err)
	}
	return rows
}

func TestAnApprovalThatNobodyUsesIsWarnedOfAndThenRunsOut(t *testing.T) {
	t.Parallel()
	n := newNights(t, dbtest.Open(t, postgres.Migrations, "funding"))
	r := n.approved(100_00)
	n.on(2026, 8, 15) // 1 June and 90 days is 30 August, and 14 days before that 16 August
	n.night()
	if got := n.count("SELECT count(*) FROM warning"); got != 0 {
		t.Errorf("%d warnings before the day", got)
	}
	n.on(2026, 8, 16)
	n.night()
	n.night()
	if got := n.count("SELECT count(*) FROM warning WHERE runs_out_on = '2026-08-30'"); got != 1 {
		t.Errorf("%d warnings for 30 August, want 1", got)
	}
	n.on(2026, 8, 29)
	n.night()
	n.stands(r, award.Approved, 100_00)
	if due := must(n.desk.store.Overdue(t.Context(), award.Today(*n.now.Load())))(t); len(due) != 0 {
		t.Errorf("%d are overdue a day too soon", len(due))
	}
	n.on(2026, 8, 30)
	n.night()
	n.stands(r, award.Expired, 0)
	n.night()
	last := n.request(r).History[len(n.request(r).History)-1]
	if last.By != award.System.ID || !strings.Contains(last.Words, "30 August 2026") {
		t.Errorf("it ran out by %s: %q", last.ByName, last.Words)
	}
	for action, want := range map[string]int{"warnRequest": 1, "expireRequest": 1} {
		if got := n.count("SELECT count(*) FROM audit_entry WHERE action = ? AND person = ? AND subject_id = ?", action, award.System.ID, r.ID); got != want {
			t.Errorf("%d entries of %s in the audit trail, want %d", got, action, want)
		}
	}
	if all := toldOf[told.RequestChanged](t, n.db); all[len(all)-1].State != string(award.Expired) {
		t.Error("nobody was told")
	}
	agrees(t, n.db)
}

func TestAWarningThatComesLateStillLeavesItsDays(t *testing.T) {
	t.Parallel()
	n := newNights(t, dbtest.Open(t, postgres.Migrations, "funding"))
	r := n.approved(100_00)
	n.on(2027, 6, 20) // no night for a year, over both ends of summer time
	n.night()
	n.stands(r, award.Approved, 100_00)
	n.on(2027, 7, 3)
	n.night()
	n.stands(r, award.Approved, 100_00)
	n.on(2027, 7, 4)
	n.night()
	n.stands(r, award.Expired, 0)
	agrees(t, n.db)
}

func TestDaysAreLondonsOnBothSidesOfTheEndOfSummerTime(t *testing.T) {
	t.Parallel()
	n := newNights(t, dbtest.Open(t, postgres.Migrations, "funding"))
	n.on(2026, 8, 10) // and 90 days is 8 November, when London is at UTC again
	r := n.approved(100_00)
	n.on(2026, 10, 24)
	n.night()
	if got := n.count("SELECT count(*) FROM warning"); got != 0 {
		t.Errorf("%d warnings a day too soon", got)
	}
	n.on(2026, 10, 25) // the night in which the clocks go back
	n.night()
	if got := n.count("SELECT count(*) FROM warning WHERE runs_out_on = '2026-11-08'"); got != 1 {
		t.Errorf("%d warnings for 8 November, want 1", got)
	}
	n.on(2026, 11, 7)
	n.night()
	n.stands(r, award.Approved, 100_00)
	n.on(2026, 11, 8)
	n.night()
	n.stands(r, award.Expired, 0)
}

func TestNothingRunsOutWithoutTermsOrOnceItIsUsed(t *testing.T) {
	t.Parallel()
	n := newNights(t, dbtest.Open(t, postgres.Migrations, "funding"))
	used, paying := n.approved(100_00), n.approved(100_00)
	p := n.planned(paying, 10_00)
	card := must(n.Plan(n.fin(), used.ID, []payment.Plan{{Payee: payment.Payee{Kind: payment.Supplier, Name: "Argos"}, Method: payment.Card, Amount: 10_00}}))(t)[0]
	must(n.Complete(n.fin(), card.ID, card.Version, 10_00, ""))(t)
	n.on(2028, 6, 1)
	n.night()
	n.on(2028, 8, 1)
	n.night()
	if got := n.count("SELECT count(*) FROM warning"); got != 0 {
		t.Errorf("%d warnings for what is used", got)
	}
	// Once its payment is cancelled nobody uses it any more.
	must(n.Payments.Cancel(n.fin(), p.ID, n.till.now(p).Version, "They take cards."))(t)
	n.night()
	if got := n.count("SELECT count(*) FROM warning WHERE request_id = ?", paying.ID); got != 1 {
		t.Errorf("%d warnings for what is not used any more, want 1", got)
	}

	other := nightsFrom(t, dbtest.Open(t, postgres.Migrations, "funding"), "2026-06-02") // the day after
	other.approved(100_00)
	other.on(2028, 6, 1)
	other.night()
	if got := other.count("SELECT count(*) FROM warning"); got != 0 {
		t.Errorf("%d warnings for what was approved under no terms", got)
	}
}

func TestTheTermsOfTheDayOfTheApprovalHold(t *testing.T) {
	t.Parallel()
	n := newNights(t, dbtest.Open(t, postgres.Migrations, "funding"))
	n.terms("2026-07-01", 10, 5)
	before := n.approved(100_00)
	n.on(2026, 7, 1)
	after := n.approved(50_00)
	n.on(2026, 7, 6)
	n.night()
	n.on(2026, 7, 11)
	n.night()
	n.stands(after, award.Expired, 100_00)
	n.stands(before, award.Approved, 100_00)
}

func TestAWarningIsAnsweredOnceByKeepingItOn(t *testing.T) {
	t.Parallel()
	n := newNights(t, dbtest.Open(t, postgres.Migrations, "funding"))
	r := n.approved(100_00)
	keep := func(words string) error {
		_, err := n.Keep(db.WithKey(n.as(n.Amina), uuid.NewString()), r.ID, n.request(r).Version, words)
		return err
	}
	if err := keep("She starts in autumn."); !fault.Is(err, fault.Conflict) {
		t.Errorf("kept on before anybody was warned: %v", err)
	}
	n.on(2026, 8, 16)
	n.night()
	if err := keep(" "); !fault.Is(err, fault.Invalid) {
		t.Errorf("kept on without words: %v", err)
	}
	if _, err := n.Keep(n.as(n.Chloe), r.ID, r.Version, "No."); !fault.Is(err, fault.Forbidden) {
		t.Errorf("kept on by a coach whose it is not: %v", err)
	}
	if _, err := n.Keep(n.as(n.Amina), r.ID, r.Version+1, "No."); !fault.Is(err, fault.Stale) {
		t.Errorf("another version kept on: %v", err)
	}
	ctx, version := db.WithKey(n.as(n.Amina), "once"), r.Version
	for range 2 { // the second is the same message again
		s := must(n.Keep(ctx, r.ID, version, "She starts in autumn."))(t)
		if s.Request.Version != version+1 || s.Kept == nil || s.Promise == nil || !s.Promise.Warned.IsZero() || !s.Promise.RunsOutOn().Equal(time.Date(2026, 11, 14, 0, 0, 0, 0, time.UTC)) {
			t.Errorf("kept on: version %d, %+v, %+v", s.Request.Version, s.Kept, s.Promise)
		}
	}
	n.on(2026, 8, 30)
	n.night()
	n.stands(r, award.Approved, 100_00)
	n.on(2026, 10, 31)
	n.night()
	if err := keep("And in winter."); !fault.Is(err, fault.Conflict) {
		t.Errorf("kept on twice: %v", err)
	}
	err := n.db.Gorm.Exec("INSERT INTO kept_on VALUES (?, '2026-10-31T12:00Z', gen_random_uuid(), 'x', 'And in winter.', '2027-01-29')", r.ID).Error
	if refused(err) != "kept_on_once" {
		t.Errorf("kept on twice past the domain: %v", err)
	}
	n.on(2026, 11, 14)
	n.night()
	n.stands(r, award.Expired, 0)
	agrees(t, n.db)
}

func TestTwoSystemsAtOnceWarnAndEndEverythingOnce(t *testing.T) {
	t.Parallel()
	access := dbtest.URLs(t, postgres.Migrations, "funding")
	n := newNights(t, connect(t, access.Serve))
	var all []*award.Request
	for range 12 {
		all = append(all, n.approved(10_00))
	}
	// The other has connections and a clock of its own, and nothing of the first's.
	second, err := db.Open(t.Context(), access.Serve)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(second.Close)
	store := postgres.NewAwards(second, events.Rows)
	other := award.New(award.Deps{
		Store: store, Catalogue: n.Catalogue, Needs: n.Needs, Funds: n.Funds, Questions: store, Promises: store, Now: func() time.Time { return *n.now.Load() },
	})
	for _, day := range []int{16, 30} {
		n.on(2026, 8, day)
		var both sync.WaitGroup
		for _, system := range []*award.Awards{n.Awards, other} {
			both.Go(func() {
				if err := system.RunOut(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		both.Wait()
	}
	for sql, want := range map[string]int{
		"SELECT count(*) FROM warning":                                        12,
		"SELECT count(*) FROM audit_entry WHERE action = 'warnRequest'":       12,
		"SELECT count(*) FROM history WHERE to_state = 'expired'":             12,
		"SELECT count(*) FROM audit_entry WHERE action = 'expireRequest'":     12,
		"SELECT count(*) FROM entry WHERE kind = 'uncommit' AND pence = 1000": 12,
	} {
		if got := n.count(sql); got != want {
			t.Errorf("%s: %d, want %d", sql, got, want)
		}
	}
	n.stands(all[0], award.Expired, 0)
	agrees(t, n.db)
}

func TestOfAPaymentAndTheEndAtTheSameMomentOneWins(t *testing.T) {
	t.Parallel()
	n := newNights(t, wide(t))
	payee := n.supplier("Tools Ltd")
	paid, ended := 0, 0
	for range 15 {
		n.on(2026, 6, 1)
		r := n.approved(20_00)
		n.on(2026, 8, 16)
		n.night()
		n.on(2026, 8, 30)
		var both sync.WaitGroup
		var planned error
		both.Go(func() {
			_, planned = n.Plan(n.fin(), r.ID, []payment.Plan{{Payee: payee, Method: payment.BACS, Amount: 20_00}})
		})
		both.Go(func() {
			if err := n.RunOut(t.Context()); err != nil {
				t.Error(err)
			}
		})
		both.Wait()
		switch state := n.request(r).State(); {
		case state == award.Approved && planned == nil:
			paid++
		case state == award.Expired && (fault.Is(planned, fault.Conflict) || fault.Is(planned, fault.OverCap)):
			ended++
		default:
			t.Errorf("the request is %s and the payment: %v", state, planned)
		}
	}
	t.Logf("%d were paid, %d ran out", paid, ended)
	agrees(t, n.db)
	if got := n.count("SELECT count(*) FROM payment_disagreement"); got != 0 {
		t.Errorf("%d payments do not agree", got)
	}
}

func TestACancellationWaitsForAPaymentThatIsOnItsWay(t *testing.T) {
	t.Parallel()
	n := newNights(t, dbtest.Open(t, postgres.Migrations, "funding"))
	r := n.approved(100_00)
	p := n.planned(r, 40_00)
	_, err := n.Awards.Cancel(n.as(n.Amina), r.ID, r.Version, "She found work.")
	if !fault.Is(err, fault.Conflict) || !strings.Contains(fault.As(err).Message, "£40.00") || !strings.Contains(fault.As(err).Message, "finance") {
		t.Errorf("cancelled while £40 is on its way: %v", err)
	}
	if can := must(n.Awards.Get(n.as(n.Amina), r.ID))(t).Can; slices.Contains(can, award.VerbCancel) {
		t.Errorf("it can be cancelled, by what its page offers: %v", can)
	}
	must(n.Payments.Cancel(n.fin(), p.ID, p.Version, "Not needed."))(t)
	must(n.Awards.Cancel(n.as(n.Amina), r.ID, r.Version, "She found work."))(t)
	n.stands(r, award.Cancelled, 0)
}

func TestTheDatabaseLetsNothingRunOutThatWasNotWarnedOf(t *testing.T) {
	t.Parallel()
	n := newNights(t, dbtest.Open(t, postgres.Migrations, "funding"))
	r := n.approved(100_00)
	expire := func(at, by string) string {
		return fmt.Sprintf(`INSERT INTO history (request_id, step, from_state, to_state, at, by_id, by_name, code, words)
			VALUES ('%s', %d, 'approved', 'expired', '%s', '%s', 'x', '', 'x')`, r.ID, len(r.History)+1, at, by)
	}
	warn := func(at, on string) string {
		return fmt.Sprintf("INSERT INTO warning VALUES ('%s', false, '%s', '%s')", r.ID, at, on)
	}
	keep := fmt.Sprintf("INSERT INTO kept_on VALUES ('%s', '2026-08-17T12:00Z', gen_random_uuid(), 'x', 'x', '2026-11-15')", r.ID)
	system := award.System.ID.String()
	refuse := func(name, sql, want string) {
		t.Helper()
		if got := refused(n.db.Gorm.Exec(sql).Error); got != want {
			t.Errorf("%s: refused by %q, want %q", name, got, want)
		}
	}
	refuse("without a warning", expire("2027-01-01T12:00Z", system), "expired_as_warned")
	refuse("kept on without a warning", keep, "kept_on_warned")
	refuse("a warning too soon", warn("2026-08-15T12:00Z", "2026-08-30"), "warning_in_time")
	refuse("a warning that leaves a day", warn("2026-08-29T12:00Z", "2026-08-30"), "warning_in_time")
	n.on(2026, 8, 16)
	n.night()
	refuse("a second warning", warn("2026-08-17T12:00Z", "2026-08-31"), "warning_once")
	refuse("before its day", expire("2026-08-29T12:00Z", system), "expired_as_warned")
	refuse("by a person", expire("2026-08-30T12:00Z", n.Priya.ID.String()), "expired_as_warned")
	refuse("kept on for ever", strings.Replace(keep, "2026-11-15", "2099-01-01", 1), "kept_on_warned")
	refuse("kept on in silence", strings.Replace(keep, "'x', '2026-11-15'", "'', '2026-11-15'", 1), "kept_on_words_check")
	n.planned(r, 1)
	refuse("with a payment on its way", expire("2026-08-30T12:00Z", system), "expired_as_warned")
	for _, sql := range []string{"UPDATE warning SET runs_out_on = '2026-08-20'", "DELETE FROM warning", "DELETE FROM kept_on"} {
		if got := refused(dbtest.Owner(t, n.db).Gorm.Exec(sql).Error); !strings.HasSuffix(got, "_append_only") {
			t.Errorf("%s, by the owner: refused by %q", sql, got)
		}
	}
}
