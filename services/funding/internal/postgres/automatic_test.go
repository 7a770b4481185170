package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"
	"gorm.io/gorm"

	told "github.com/instead-support/instead/api/events"
	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/pkg/money"
	"github.com/instead-support/instead/services/funding/internal/award"
	"github.com/instead-support/instead/services/funding/internal/award/awardtest"
	"github.com/instead-support/instead/services/funding/internal/budget"
	"github.com/instead-support/instead/services/funding/internal/payment"
	"github.com/instead-support/instead/services/funding/internal/policy"
	"github.com/instead-support/instead/services/funding/internal/postgres"
	"github.com/instead-support/instead/services/funding/internal/reconcile"
)

// ruledDesk is a desk whose fund approves licences up to this much by itself.
func ruledDesk(t testing.TB, limit, upTo money.Pence) *desk {
	t.Helper()
	d := newDesk(t, limit)
	d.rule(upTo)
	return d
}

func (d *desk) rule(upTo money.Pence) {
	d.t.Helper()
	if err := agree(d.t, d.db)(d.Fund, award.Rule{UpTo: upTo, Categories: []award.Category{"licence"}, OneIn: 3}, false); err != nil {
		d.t.Fatal(err)
	}
}

// books fails the test unless everything agrees with what it follows from.
func (d *desk) books() reconcile.Report {
	d.t.Helper()
	report := must(postgres.NewBooks(d.db).Reconcile(d.t.Context(), nil))(d.t)
	for _, wrong := range report.Examples {
		d.t.Errorf("%s: %s", wrong.What, wrong.ID)
	}
	return report
}

func TestWhatTheFundsRuleApprovesComesBackAsItWasSaved(t *testing.T) {
	t.Parallel()
	d := ruledDesk(t, 1000, 500)
	d.Drawn = true
	draft := d.draft(300, 200)
	sent := must(d.Submit(d.as(d.Amina), draft.ID, draft.Version))(t)
	if sent.Request.State() != award.Approved || sent.Request.Awarded != 500 || sent.Allowance.Committed != 500 || sent.Allowance.Held != 0 {
		t.Fatalf("%s with %d awarded, allowance %+v", sent.Request.State(), sent.Request.Awarded, sent.Allowance.Totals)
	}
	if sent.Budget != nil || sent.Request.Automatic.Sampled {
		t.Error("its coach is told what is left of the budget, or what is looked at after")
	}
	got := must(d.Get(d.as(d.Priya), draft.ID))(t)
	if diff := cmp.Diff(&award.Automatic{Version: 1, Sampled: true}, got.Request.Automatic); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(sent.Request, got.Request, cmpopts.EquateEmpty(), cmpopts.IgnoreFields(award.Request{}, "Automatic")); diff != "" {
		t.Error(diff)
	}
	last := got.Request.History[2]
	want := "Approved automatically under terms 1 of " + d.Fund.Name + ": up to £5.00 for one person, for things of this kind, needs nobody’s decision."
	if last.By != award.System.ID || last.Act != award.Automatically || last.Words != want {
		t.Errorf("decided by %+v", last)
	}
	trail, _, err := d.Trail(d.as(d.Priya), draft.ID, award.Page{Number: 1, Size: 10})
	if err != nil || !slices.ContainsFunc(trail, func(e award.Trace) bool { return e.Person == award.System.ID && e.Action == "approveAutomatically" }) {
		t.Errorf("the audit trail does not say that nobody decided: %+v, %v", trail, err)
	}
	d.books()
}

func TestTheSameSubmissionTwiceIsApprovedOnceAndToldOnce(t *testing.T) {
	t.Parallel()
	d := ruledDesk(t, 1000, 500)
	r := d.draft(100)
	ctx := db.WithKey(d.as(d.Amina), "click")
	for range 2 {
		if s := must(d.Submit(ctx, r.ID, r.Version))(t); s.Request.State() != award.Approved || s.Request.Automatic == nil || s.Allowance.Committed != 100 {
			t.Errorf("%s, %+v, %d committed", s.Request.State(), s.Request.Automatic, s.Allowance.Committed)
		}
	}
	var states []string
	for _, r := range toldOf[told.RequestChanged](t, d.db) {
		states = append(states, r.State)
	}
	if diff := cmp.Diff([]string{"draft", "approved"}, states); diff != "" {
		t.Error(diff)
	}
}

// Two submissions for one person at once, against different allowances: both read
// that nothing was approved so yet, and the database lets one of them through. The
// other is not refused. It waits for a manager.
func TestOnlyOneOfTwoSubmissionsAtOnceGetsThroughInPieces(t *testing.T) {
	t.Parallel()
	d := ruledDesk(t, 100_00, 100)
	second := must(d.Open(d.as(d.Amina), award.Opening{JobseekerID: d.SamsRecord, CourseID: d.Catalogue.Add(100_00).CourseID}))(t)
	for range 8 {
		both := [2]*award.Request{d.draft(60), d.draftOn(second.ID, 60)}
		var wait sync.WaitGroup
		var got [2]award.State
		for i, r := range both {
			wait.Go(func() {
				if s, err := d.Submit(d.as(d.Amina), r.ID, r.Version); err != nil {
					t.Error(err)
				} else {
					got[i] = s.Request.State()
				}
			})
		}
		wait.Wait()
		slices.Sort(got[:])
		if got != [2]award.State{award.Approved, award.Submitted} {
			t.Fatalf("of two that are too much together: %v", got)
		}
		for _, r := range both { // so that the next two begin from nothing again
			s := must(d.Get(d.as(d.Amina), r.ID))(t)
			if s.Request.State() == award.Approved {
				must(d.Cancel(d.as(d.Amina), r.ID, s.Request.Version, "Not needed."))(t)
			}
		}
	}
	d.books()
}

// draftOn is a draft of Amina's for Sam against another allowance.
func (d *desk) draftOn(allowance uuid.UUID, amount money.Pence) *award.Request {
	d.t.Helper()
	r := must(d.Draft(d.as(d.Amina), allowance, d.Fund.ID))(d.t).Request
	return must(d.Edit(d.as(d.Amina), r.ID, r.Version, award.Ask{Lines: []award.Line{d.Line(d.SamsRecord, amount)}}))(d.t).Request
}

// stale is a store whose reads are older than they seem: it says that nothing was
// approved automatically so far, or what is left of the budget was never taken.
type stale struct {
	postgres.Awards
	budget bool
}

func (s stale) Change(ctx context.Context, act award.Act, id uuid.UUID, also award.Also, change func(award.Case) error) (award.Case, error) {
	return s.Awards.Change(ctx, act, id, also, func(c award.Case) error {
		c.Rule.Standing = 0
		if s.budget && c.Budget != nil {
			c.Budget.Committed = 0
		}
		return change(c)
	})
}

func TestASubmissionWaitsForAManagerWhereTheDatabaseSaysNoToTheRule(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		store func(*desk) award.Store
		upTo  money.Pence
		first money.Pence
	}{
		"more in pieces than the rule has": {func(d *desk) award.Store { return stale{d.store, false} }, 100, 60},
		"more than is left of the budget":  {func(d *desk) award.Store { return stale{d.store, true} }, 300_000_000, 99_999_950},
	} {
		d := ruledDesk(t, 200_000_000, c.upTo)
		awards := d.World.Awards(c.store(d))
		one, two := d.draft(c.first), d.draft(60)
		if s := must(awards.Submit(d.as(d.Amina), one.ID, one.Version))(t); s.Request.State() != award.Approved {
			t.Fatalf("%s: the first is %s", name, s.Request.State())
		}
		if s := must(awards.Submit(d.as(d.Amina), two.ID, two.Version))(t); s.Request.State() != award.Submitted || s.Request.Automatic != nil || s.Request.Held != 60 {
			t.Errorf("%s: the second is %s with %d held", name, s.Request.State(), s.Request.Held)
		}
		d.books()
	}
}

// ruledIn submits a request in tx and approves it by the fund's rule, past award,
// with whatever change has otherwise.
func (d *desk) ruledIn(tx *gorm.DB, r *award.Request, change map[string]any) error {
	with := map[string]any{
		"id": r.ID, "from": r.State(), "sent": len(r.History) + 1, "ruled": len(r.History) + 2,
		"allowance": r.AllowanceID, "budget": d.Oldham.ID, "fund": d.Fund.ID, "line": r.Lines[0].ID,
		"by": award.System.ID, "coach": d.Amina.ID, "version": 1, "category": "licence", "pence": 100, "awarded": 100, "said": true,
	}
	maps.Copy(with, change)
	for _, sql := range []string{
		"DELETE FROM line WHERE request_id = @id",
		"INSERT INTO line VALUES (@line, @id, 1, 'A thing', 'It helps', gen_random_uuid(), @category, '', @pence, '')",
		"INSERT INTO history VALUES (@id, @sent, @from, 'submitted', '2026-06-01T12:00:00Z', @coach, 'Amina', '', '', '')",
		"INSERT INTO history VALUES (@id, @ruled, 'submitted', 'approved', '2026-06-01T12:00:00Z', @by, 'Instead', '', '', 'automatic')",
		"INSERT INTO automatic SELECT @id, @ruled, @fund, @version, false WHERE @said",
		"INSERT INTO decision VALUES (@id, @ruled, 'None.', 'It helps.')",
		"INSERT INTO decision_line VALUES (@id, @line, @pence, '')",
		"UPDATE request SET asked = @pence, awarded = @awarded WHERE id = @id",
		"INSERT INTO entry (id, allowance_id, request_id, step, kind, pence) VALUES (gen_random_uuid(), @allowance, @id, @sent, 'hold', @pence)",
		"INSERT INTO entry (id, allowance_id, request_id, budget_id, step, kind, pence) VALUES (gen_random_uuid(), @allowance, @id, @budget, @ruled, 'commit', @awarded)",
		"INSERT INTO entry (id, allowance_id, request_id, step, kind, pence) SELECT gen_random_uuid(), @allowance, @id, @ruled, 'release', CAST(@pence AS bigint) - CAST(@awarded AS bigint) WHERE CAST(@pence AS bigint) > CAST(@awarded AS bigint)",
	} {
		if err := tx.Exec(sql, with).Error; err != nil {
			return fmt.Errorf("%s: %w", sql, err)
		}
	}
	return nil
}

func TestTheDatabaseRefusesAnAutomaticApprovalThatTheTermsDoNotAllow(t *testing.T) {
	t.Parallel()
	d := ruledDesk(t, 10_000, 500)
	serving := d.db.Gorm
	of := func(r *award.Request, change map[string]any) error {
		return db.Tx(t.Context(), serving, func(tx *gorm.DB) error { return d.ruledIn(tx, r, change) })
	}
	approve := func(change map[string]any) error { return of(d.draft(100), change) }
	other := d.Oldham // another fund's, which approves as much
	other.ID, other.Fund = uuid.New(), award.Fund{ID: uuid.New(), Code: "OTHER", Name: "Another fund"}
	if err := give(t, d.db)(other, d.Granted); err != nil {
		t.Fatal(err)
	}
	if err := agree(t, d.db)(other.Fund, award.Rule{UpTo: 500, Categories: []award.Category{"licence"}, OneIn: 3}, false); err != nil {
		t.Fatal(err)
	}
	back := d.submitted(600)
	back = must(d.Return(d.as(d.Priya), back.ID, back.Version, awardtest.Yes("quote-needed", "Which?")))(t).Request
	if err := of(back, nil); refused(err) != "automatic_allowed" {
		t.Errorf("what somebody has sent back: %v", err)
	}
	for name, change := range map[string]map[string]any{
		"by a person":              {"by": d.Priya.ID},
		"above the amount":         {"pence": 501, "awarded": 501},
		"of another kind":          {"category": "tools"},
		"with nothing said of it":  {"said": false},
		"less than what was asked": {"awarded": 40},
		"by another fund's terms":  {"fund": other.Fund.ID},
	} {
		if err := approve(change); refused(err) != "automatic_allowed" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := approve(map[string]any{"version": 2}); refused(err) != "automatic_terms" {
		t.Errorf("under terms that there are not: %v", err)
	}
	if err := approve(nil); err != nil {
		t.Fatalf("what the terms allow is refused, so the above were refused for something else: %v", err)
	}
	d.rule(300)
	if err := approve(nil); refused(err) != "automatic_allowed" {
		t.Errorf("under the terms before: %v", err)
	}
	if err := approve(map[string]any{"version": 2, "pence": 201, "awarded": 201}); refused(err) != "automatic_allowed" {
		t.Errorf("more in pieces than the terms allow: %v", err)
	}
	by := d.approved(700)
	if err := serving.Exec("INSERT INTO automatic VALUES (?, 3, ?, 1, false)", by.ID, d.Fund.ID).Error; refused(err) != "automatic_allowed" {
		t.Errorf("marked as automatic, though a person approved it: %v", err)
	}
	if err := serving.Exec("UPDATE request SET automatic = true WHERE id = ?", by.ID).Error; err == nil {
		t.Error("the serving login says what a rule approved")
	}
	d.books()
}

// What was paid has not come back, and so it counts like what is still to be paid.
func TestWhatTheRuleApprovedStillCountsOnceItIsPaid(t *testing.T) {
	t.Parallel()
	o := newTill(t, 1000_00)
	o.rule(100_00)
	first := o.submitted(60_00)
	card := must(o.Plan(o.fin(), first.ID, []payment.Plan{{Payee: payment.Payee{Kind: payment.Supplier, Name: "Argos"}, Method: payment.Card, Amount: 60_00}}))(t)[0]
	must(o.Complete(o.fin(), card.ID, card.Version, 60_00, ""))(t)
	var told award.Rule
	look, act := errors.New("only to look"), award.Act{Who: policy.Actor{Person: o.Amina}, Operation: policy.SubmitRequest}
	_, err := o.desk.store.Change(o.as(o.Amina), act, o.draft(1).ID, award.Also{Rule: true, At: o.World.Now()}, func(c award.Case) error {
		told = c.Rule
		return look
	})
	if !errors.Is(err, look) || told.Standing != 60_00 || told.UpTo != 100_00 {
		t.Errorf("the rule is told %+v, %v", told, err)
	}
	if second := o.submitted(60_00); second.State() != award.Submitted {
		t.Errorf("£60 more of £100, of which £60 is paid: %s", second.State())
	}
	third := o.draft(60_00)
	if s := must(o.World.Awards(stale{o.desk.store, false}).Submit(o.as(o.Amina), third.ID, third.Version))(t); s.Request.State() != award.Submitted {
		t.Errorf("past the domain: %s", s.Request.State())
	}
	if rest := o.submitted(40_00); rest.State() != award.Approved {
		t.Errorf("what is left of the rule: %s", rest.State())
	}
	balances(t, o.db)
}

// A budget that both are out of would have one wait for the other. Somebody who
// has moved asks out of two, and then the lock is all there is.
func TestOfTwoForOnePersonInTwoAreasTheSecondIsMeasuredAgainstTheFirst(t *testing.T) {
	t.Parallel()
	d := ruledDesk(t, 10_000, 150)
	there := d.Oldham
	there.ID, there.Area = uuid.New(), "Rochdale"
	if err := give(t, d.db)(there, d.Granted); err != nil {
		t.Fatal(err)
	}
	one, sam := d.draft(100), d.Needs.People[d.SamsRecord]
	sam.Area = "Rochdale"
	d.Needs.People[d.SamsRecord] = sam
	moved := must(d.Open(d.as(d.Amina), award.Opening{JobseekerID: d.SamsRecord, CourseID: d.Catalogue.Add(10_000).CourseID}))(t)
	two := d.draftOn(moved.ID, 100)

	first := d.db.Gorm.WithContext(t.Context()).Begin()
	defer first.Rollback()
	if err := d.ruledIn(first, one, nil); err != nil {
		t.Fatal(err)
	}
	if err := first.Exec("SET CONSTRAINTS ALL IMMEDIATE").Error; err != nil { // as a commit begins
		t.Fatal(err)
	}
	second := make(chan error, 1)
	go func() {
		second <- db.Tx(t.Context(), d.db.Gorm, func(tx *gorm.DB) error { return d.ruledIn(tx, two, map[string]any{"budget": there.ID}) })
	}()
	for waits := 0; waits == 0 && len(second) == 0; time.Sleep(10 * time.Millisecond) {
		waits = count(t, d.db, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())")
	}
	if err := first.Commit().Error; err != nil {
		t.Fatal(err)
	}
	if err := <-second; refused(err) != "automatic_allowed" {
		t.Errorf("£2 of £1.50 in two areas at once: %v", err)
	}
	d.books()
}

func (d *desk) approved(amount money.Pence) *award.Request {
	d.t.Helper()
	r := d.submitted(amount)
	return must(d.Approve(d.as(d.Priya), r.ID, r.Version, because))(d.t).Request
}

// reviewed is a request that was approved automatically and drawn for review.
func (d *desk) drawn(amount money.Pence) *award.Request {
	d.t.Helper()
	d.Drawn = true
	r := d.submitted(amount)
	if r.State() != award.Approved {
		d.t.Fatalf("the rule left it %s", r.State())
	}
	return r
}

func TestAReviewIsSaidOnceBySomebodyWhoCouldHaveApprovedAsMuch(t *testing.T) {
	t.Parallel()
	d := ruledDesk(t, 10_000, 500)
	r := d.drawn(100)
	d.Drawn = false
	other := d.submitted(100)
	for name, c := range map[string]struct {
		by     identity.Person
		id     uuid.UUID
		agrees bool
		words  string
		want   fault.Kind
	}{
		"a coach":                       {d.Chloe, r.ID, true, "", fault.Forbidden},
		"who submitted it":              {d.Amina, r.ID, true, "", fault.Forbidden},
		"a manager of another area":     {d.Rochdale, r.ID, true, "", fault.NotFound},
		"a finance officer":             {d.Finn, r.ID, true, "", fault.Forbidden},
		"no without words":              {d.Priya, r.ID, false, " ", fault.Invalid},
		"what chance did not draw":      {d.Priya, other.ID, true, "", fault.Conflict},
		"what a person has to decide":   {d.Priya, d.submitted(9000).ID, true, "", fault.Conflict},
		"the jobseeker whose record is": {d.Sam, r.ID, true, "", fault.Forbidden},
	} {
		if _, err := d.Review(d.as(c.by), c.id, c.agrees, c.words); !fault.Is(err, c.want) {
			t.Errorf("%s: Review() = %v, want %v", name, err, c.want)
		}
	}
	ctx := db.WithKey(d.as(d.Priya), "once")
	for range 2 {
		s := must(d.Review(ctx, r.ID, false, "The shop next door has it for less."))(t)
		v := s.Request.Automatic.Review
		if v == nil || v.Agrees || v.By != d.Priya.ID || v.Words == "" || s.Request.Version != r.Version {
			t.Errorf("reviewed: %+v at version %d", v, s.Request.Version)
		}
	}
	if _, err := d.Review(d.as(d.Bilal), r.ID, true, ""); !fault.Is(err, fault.Conflict) {
		t.Errorf("a second review: %v, want conflict", err)
	}
	for state, n := range map[award.ReviewState]int{award.ReviewWaiting: 0, award.ReviewDiffers: 1, award.ReviewAgrees: 0, award.ReviewNotDrawn: 1, "": 2} {
		found, total, err := d.Automatics(d.as(d.Priya), award.AutomaticFilter{Review: state}, award.Page{Number: 1, Size: 10})
		if err != nil || total != n || len(found) != n {
			t.Errorf("%q: %d of %d, %v; want %d", state, len(found), total, err, n)
		}
		for _, a := range found {
			if state != "" && a.Automatic.State() != state {
				t.Errorf("listed as %s: %+v", state, a.Automatic)
			}
		}
	}
	if _, n, err := d.Automatics(d.as(d.Rochdale), award.AutomaticFilter{}, award.Page{Number: 1, Size: 10}); err != nil || n != 0 {
		t.Errorf("another area's manager finds %d, %v", n, err)
	}
}

func TestTheDatabaseRefusesAReviewByWhoeverAskedAndOfWhatWasNotDrawn(t *testing.T) {
	t.Parallel()
	d := ruledDesk(t, 10_000, 500)
	r := d.drawn(100)
	d.Drawn = false
	other := d.submitted(100)
	say := func(id, by uuid.UUID, agrees bool, words string) error {
		return d.db.Gorm.Exec("INSERT INTO automatic_review VALUES (?, ?, ?, ?, 'Somebody', now())", id, agrees, words, by).Error
	}
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"by whoever submitted it": {say(r.ID, d.Amina.ID, true, ""), "automatic_review_by_other"},
		"not drawn":               {say(other.ID, d.Priya.ID, true, ""), "automatic_review_drawn"},
		"no without words":        {say(r.ID, d.Priya.ID, false, ""), "automatic_review_words"},
	} {
		if got := refused(c.err); got != c.want {
			t.Errorf("%s: %v", name, c.err)
		}
	}
	if err := say(r.ID, d.Priya.ID, true, ""); err != nil {
		t.Fatal(err)
	}
	if err := d.db.Gorm.Exec("UPDATE automatic_review SET agrees = false, words = 'No.'").Error; err == nil {
		t.Error("a review was changed")
	}
}

// Each of these has had a hand in paying it in another way, and none has planned a
// payment.
func TestTheDatabaseRefusesAReviewByWhoeverPaidAnyOfIt(t *testing.T) {
	t.Parallel()
	o := newTill(t, 1000_00)
	o.rule(500_00)
	r := o.drawn(100_00)
	person := func(name string) identity.Person {
		return identity.Person{ID: uuid.New(), Name: name, Roles: []identity.Role{identity.Finance}, Areas: []string{"Oldham"}}
	}
	sent, settled, recovered := person("who made the file"), person("who imported the result"), person("who recorded what came back")
	p := o.planned(r, 40_00)
	b := must(o.Gather(o.fin(), "Oldham", payment.BACS, nil))(t)
	must(o.Export(o.as(sent), b.ID, b.Version, payment.BACSFormat, time.Time{}))(t)
	must(o.Upload(o.as(settled), "Oldham", "r.csv", []byte("reference,outcome,amount\n"+p.Reference+",rejected,40.00\n")))(t)
	card := must(o.Plan(o.fin(), r.ID, []payment.Plan{{Payee: payment.Payee{Kind: payment.Supplier, Name: "Argos"}, Method: payment.Card, Amount: 10_00}}))(t)[1]
	card = must(o.Complete(o.fin(), card.ID, card.Version, 10_00, ""))(t)
	must(o.Recover(o.as(recovered), card.ID, o.now(card).Version, payment.Recovery{Kind: payment.Returned, Pence: 1, Document: "R-1", Words: "Taken back."}))(t)
	for _, by := range []identity.Person{sent, settled, recovered, o.Finn} {
		err := o.db.Gorm.Exec("INSERT INTO automatic_review VALUES (?, true, '', ?, 'Somebody', now())", r.ID, by.ID).Error
		if refused(err) != "automatic_review_by_other" {
			t.Errorf("%s reviews it: %v", by.Name, err)
		}
	}
	must(o.Review(o.as(o.Priya), r.ID, true, ""))(t)
	balances(t, o.db)
}

// The same requests in two databases: in one a manager approves them, in the other
// the fund's rule. Every total, list and count of the money must be the same.
func TestNoAutomaticApprovalIsMissingFromAnyTotal(t *testing.T) {
	t.Parallel()
	later := func() time.Time { return time.Date(2026, 6, 3, 12, 0, 0, 0, time.UTC) }
	yesterday := time.Date(2026, 6, 2, 0, 0, 0, 0, time.UTC)
	type seen struct {
		Totals                   []award.StateTotal
		Summaries                []award.Summary
		Left, Committed, Paid    money.Pence
		AsAt                     budget.Totals
		Ledger                   []string
		Due                      []payment.Due
		ToPay                    payment.Summary
		Books                    map[string]int64
		AllowanceHeld, Available money.Pence
	}
	look := func(upTo money.Pence) (s seen) {
		d := ruledDesk(t, 10_000, upTo)
		automatic := upTo > 0
		for _, amount := range []money.Pence{100, 200, 300} {
			r := d.submitted(amount)
			if !automatic {
				r = must(d.Approve(d.as(d.Priya), r.ID, r.Version, because))(t).Request
			}
			if r.State() != award.Approved || (r.Automatic != nil) != automatic {
				t.Fatalf("%s, automatic: %v", r.State(), r.Automatic)
			}
		}
		d.submitted(5_000)
		s.Totals = must(d.Totals(d.as(d.Priya), award.Filter{}))(t)
		found, _, err := d.List(d.as(d.Finn), award.Filter{}, award.Page{Number: 1, Size: 50})
		if err != nil {
			t.Fatal(err)
		}
		s.Summaries = found
		money := budget.New(budget.Deps{Store: postgres.NewBudgets(d.db), Now: later, Today: award.Today})
		b := must(money.Get(d.as(d.Finn), d.Oldham.ID, yesterday))(t)
		s.Left, s.Committed, s.Paid, s.AsAt = b.Left(), b.Committed, b.Paid, b.Totals
		ledger, n, err := money.Ledger(d.as(d.Finn), d.Oldham.ID, yesterday, budget.Page{Number: 1, Size: 50})
		if err != nil {
			t.Fatal(err)
		}
		s.Ledger = append(s.Ledger, fmt.Sprint(n))
		for _, p := range ledger {
			s.Ledger = append(s.Ledger, fmt.Sprint(p.Kind, p.Pence))
		}
		kept, err := postgres.NewPayments(d.store, nil, upsideDown{})
		if err != nil {
			t.Fatal(err)
		}
		payments := payment.New(payment.Deps{Store: kept, Now: later})
		s.ToPay = must(payments.Summary(d.as(d.Finn), ""))(t)
		if s.Due, _, err = payments.Due(d.as(d.Finn), payment.Filter{}, award.Page{Number: 1, Size: 50}); err != nil {
			t.Fatal(err)
		}
		s.Books = map[string]int64{}
		for _, c := range d.books().Checked {
			if c.What != "automatic approvals" {
				s.Books[c.What] = c.N
			} else if want := map[bool]int64{true: 3}[automatic]; c.N != want {
				t.Errorf("%d automatic approvals reconciled, want %d", c.N, want)
			}
		}
		a, _, err := d.Allowance(d.as(d.Amina), d.allowance.ID)
		if err != nil {
			t.Fatal(err)
		}
		s.AllowanceHeld, s.Available = a.Held, a.Available()
		only := must(d.Totals(d.as(d.Priya), award.Filter{Automatic: true}))(t)
		listed, n, err := d.List(d.as(d.Priya), award.Filter{Automatic: true}, award.Page{Number: 1, Size: 50})
		count := 0
		for _, total := range only {
			count += total.Count
		}
		if want := map[bool]int{true: 3}[automatic]; err != nil || count != want || n != want || len(listed) != want {
			t.Errorf("approved automatically: %d counted, %d listed, want %d (%v)", count, n, want, err)
		}
		return s
	}
	by, without := look(600), look(0)
	if diff := cmp.Diff(without, by, cmpopts.IgnoreFields(award.Summary{}, "ID", "Reference", "JobseekerID", "AllowanceID", "CoachID", "SubmittedAt", "DecidedAt", "ChangedAt"),
		cmpopts.IgnoreFields(award.StateTotal{}, "Oldest"), cmpopts.IgnoreFields(payment.Due{}, "RequestID", "Reference", "ApprovedAt")); diff != "" {
		t.Errorf("by a manager, and by the rule:\n%s", diff)
	}
	if by.Committed != 600 || by.ToPay.Left != 600 || by.ToPay.Requests != 3 || len(by.Due) != 3 {
		t.Errorf("%d committed, %+v to pay, in %d requests; want 600, in 3", by.Committed, by.ToPay, len(by.Due))
	}
}

// One person who is a coach and a finance officer, and one who is a manager and a
// finance officer: neither hands out what no third person has looked at.
func TestNobodyPaysWhatTheySubmittedOrReviewedWhereTheRuleDecided(t *testing.T) {
	t.Parallel()
	o := newTill(t, 1000_00)
	o.rule(100_00)
	o.Drawn = true
	coach := identity.Person{ID: uuid.New(), Name: "Coach", Roles: []identity.Role{identity.Coach, identity.Finance}, Areas: []string{"Oldham"}}
	reviewer := identity.Person{ID: uuid.New(), Name: "Reviewer", Roles: []identity.Role{identity.Manager, identity.Finance}, Areas: []string{"Oldham"}}
	sam := o.Needs.People[o.SamsRecord]
	sam.CoachID, sam.CoachName = coach.ID, coach.Name
	o.Needs.People[o.SamsRecord] = sam
	s := must(o.Draft(o.as(coach), o.allowance.ID, o.Fund.ID))(t)
	s = must(o.Edit(o.as(coach), s.Request.ID, s.Request.Version, award.Ask{Lines: []award.Line{o.Line(o.SamsRecord, 50_00)}}))(t)
	r := must(o.Submit(o.as(coach), s.Request.ID, s.Request.Version))(t).Request
	if r.State() != award.Approved {
		t.Fatalf("the rule left it %s", r.State())
	}
	must(o.Review(o.as(reviewer), r.ID, false, "Too dear."))(t)
	plan := []payment.Plan{{Payee: payment.Payee{Kind: payment.Supplier, Name: "Argos"}, Method: payment.Card, Amount: 10_00}}
	for _, p := range []identity.Person{coach, reviewer} {
		if _, err := o.Plan(o.as(p), r.ID, plan); !fault.Is(err, fault.Forbidden) {
			t.Errorf("planned by the %s: %v, want forbidden", p.Name, err)
		}
		if got := refused(o.db.Gorm.Exec(insertPlanned, uuid.New(), "PY-0000-0001", r.ID, p.ID, 1).Error); got != "payment_by_another" {
			t.Errorf("planned past the rules by the %s: refused with %q", p.Name, got)
		}
	}
	must(o.Plan(o.fin(), r.ID, plan))(t)

	// Nor does whoever pays it review it after.
	payer := identity.Person{ID: uuid.New(), Name: "Payer", Roles: []identity.Role{identity.Manager, identity.Finance}, Areas: []string{"Oldham"}}
	s = must(o.Draft(o.as(coach), o.allowance.ID, o.Fund.ID))(t)
	s = must(o.Edit(o.as(coach), s.Request.ID, s.Request.Version, award.Ask{Lines: []award.Line{o.Line(o.SamsRecord, 20_00)}}))(t)
	r = must(o.Submit(o.as(coach), s.Request.ID, s.Request.Version))(t).Request
	must(o.Plan(o.as(payer), r.ID, plan))(t)
	if _, err := o.Review(o.as(payer), r.ID, true, ""); !fault.Is(err, fault.Forbidden) {
		t.Errorf("reviewed by whoever pays it: %v, want forbidden", err)
	}
	balances(t, o.db)
}
