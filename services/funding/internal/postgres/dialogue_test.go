package postgres_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/gorm"

	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/db/dbtest"
	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/pkg/money"
	"github.com/instead-support/instead/services/funding/internal/award"
	"github.com/instead-support/instead/services/funding/internal/budget"
)

// another manager of Oldham, who has decided nothing.
func another(name string) identity.Person {
	return identity.Person{ID: uuid.New(), Name: name, Roles: []identity.Role{identity.Manager}, Areas: []string{"Oldham"}}
}

// declined is a request that Priya declined.
func (d *desk) declined(amounts ...money.Pence) *award.Request {
	d.t.Helper()
	r := d.submitted(amounts...)
	return must(d.Decline(d.as(d.Priya), r.ID, r.Version, award.Reason{Code: "other", Words: "Not this."}))(d.t).Request
}

func TestAQuestionIsAskedWithoutDecidingAndAnsweredOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 100_000)
	r := d.submitted(5000)
	q := must(d.Ask(d.as(d.Priya), r.ID, award.ToJobseeker, "  Which size of boots? "))(t)
	if q.Words != "Which size of boots?" || q.ByName != "Priya" || q.Answered() {
		t.Errorf("asked: %+v", q)
	}
	waits := must(d.Get(d.as(d.Amina), r.ID))(t)
	if waits.Request.State() != award.Submitted || waits.Request.Held != 5000 || waits.Request.Version != r.Version {
		t.Errorf("asking changed the request: %s, %v held, version %d", waits.Request.State(), waits.Request.Held, waits.Request.Version)
	}
	mine, total := must2(d.Questions(d.as(d.Sam), award.ForMe, award.Page{Number: 1, Size: 10}))(t)
	if total != 1 || len(mine) != 1 || mine[0].ID != q.ID || mine[0].Reference != r.Reference {
		t.Errorf("Sam finds %d: %+v", total, mine)
	}
	answered := must(d.Answer(d.as(d.Sam), q.ID, "Nine."))(t)
	if answered.Answer != "Nine." || answered.AnswerName != award.TheJobseeker {
		t.Errorf("answered: %+v", answered)
	}
	if _, err := d.Answer(d.as(d.Amina), q.ID, "Ten."); !fault.Is(err, fault.Conflict) {
		t.Errorf("answered again: %v, want conflict", err)
	}
	if _, total := must2(d.Questions(d.as(d.Sam), award.ForMe, award.Page{Number: 1, Size: 10}))(t); total != 0 {
		t.Errorf("Sam is still asked %d questions", total)
	}
	back, _ := must2(d.Questions(d.as(d.Priya), award.Answers, award.Page{Number: 1, Size: 10}))(t)
	if len(back) != 1 || back[0].Answer != "Nine." {
		t.Errorf("Priya finds answers %+v", back)
	}
	for _, who := range []identity.Person{d.Sam, d.Amina, d.Priya} {
		if all := must(d.QuestionsOf(d.as(who), r.ID))(t); len(all) != 1 || all[0].Answer != "Nine." {
			t.Errorf("%s reads %+v", who.Name, all)
		}
	}
	// Decided, it is nobody's to answer or to look at again.
	open := must(d.Ask(d.as(d.Priya), r.ID, award.ToCoach, "And the brand?"))(t)
	must(d.Approve(d.as(d.Priya), r.ID, r.Version, because))(t)
	if _, err := d.Answer(d.as(d.Amina), open.ID, "Any."); !fault.Is(err, fault.Conflict) {
		t.Errorf("answered once it was decided: %v, want conflict", err)
	}
	if _, err := d.Ask(d.as(d.Priya), r.ID, award.ToCoach, "Why?"); !fault.Is(err, fault.Conflict) {
		t.Errorf("asked once it was decided: %v, want conflict", err)
	}
}

func TestWhoMayAskAndAnswer(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 100_000)
	r := d.submitted(5000)
	toCoach := must(d.Ask(d.as(d.Priya), r.ID, award.ToCoach, "Why?"))(t)
	for _, test := range []struct {
		who         identity.Person
		ask, answer fault.Kind
	}{
		{d.Chloe, fault.Forbidden, fault.Forbidden},
		{d.Rochdale, fault.NotFound, fault.Forbidden},
		{d.Owen, fault.NotFound, fault.Forbidden},
		{d.Finn, fault.Forbidden, fault.Forbidden},
		{d.Ravi, fault.Forbidden, fault.NotFound},
		{d.Sam, fault.Forbidden, fault.Forbidden}, // it is for his coach
		{d.Nobody, fault.Forbidden, fault.Forbidden},
		{d.Amina, fault.Forbidden, ""},
	} {
		_, asked := d.Ask(d.as(test.who), r.ID, award.ToCoach, "What?")
		_, answered := d.Answer(d.as(test.who), toCoach.ID, "So.")
		if kindOf(asked) != test.ask || kindOf(answered) != test.answer {
			t.Errorf("%s: ask %v, answer %v; want %q and %q", test.who.Name, asked, answered, test.ask, test.answer)
		}
	}
	if _, err := d.Ask(d.as(d.Priya), r.ID, "postman", "Why?"); !fault.Is(err, fault.Invalid) {
		t.Errorf("asked of the postman: %v", err)
	}
	if _, err := d.Ask(d.as(d.Priya), r.ID, award.ToCoach, " "); !fault.Is(err, fault.Invalid) {
		t.Errorf("asked nothing: %v", err)
	}
	// A question to the jobseeker, who has no telephone, is answered by the coach.
	toSam := must(d.Ask(d.as(d.Priya), r.ID, award.ToJobseeker, "Which size?"))(t)
	if q := must(d.Answer(d.as(d.Amina), toSam.ID, "He says nine."))(t); q.AnswerName != "Amina" {
		t.Errorf("answered by %q", q.AnswerName)
	}
}

func TestTheSameQuestionSentTwiceIsAskedOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 100_000)
	r := d.submitted(5000)
	ctx := db.WithKey(d.as(d.Priya), "pressed twice")
	first, again := must(d.Ask(ctx, r.ID, award.ToCoach, "Why?"))(t), must(d.Ask(ctx, r.ID, award.ToCoach, "Why?"))(t)
	if all := must(d.QuestionsOf(d.as(d.Priya), r.ID))(t); len(all) != 1 || first.ID != again.ID {
		t.Errorf("asked %d times, as %s and %s", len(all), first.ID, again.ID)
	}
}

func TestADeclineIsChallengedByTheJobseekerAndDecidedByAnother(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 10_000)
	r := d.declined(6000)
	again := must(d.Challenge(d.as(d.Sam), r.ID, r.Version, "The job starts on Monday."))(t).Request
	if again.State() != award.Submitted || again.Held != 6000 {
		t.Fatalf("challenged, it is %s with %v held", again.State(), again.Held)
	}
	step := again.History[len(again.History)-2]
	if step.To != award.Challenged || step.Words != "The job starts on Monday." || step.ByName != award.TheJobseeker {
		t.Errorf("the challenge reads %+v", step)
	}
	if s := must(d.Get(d.as(d.Priya), r.ID))(t); slices.Contains(s.Can, award.VerbApprove) {
		t.Error("who declined it may decide it again, by what their page offers")
	}
	for who, want := range map[string]int{"Priya": 0, "Quinn": 1} {
		manager := another(who)
		if who == d.Priya.Name {
			manager = d.Priya
		}
		if _, total := must2(d.List(d.as(manager), award.Filter{Decidable: true}, award.Page{Number: 1, Size: 10}))(t); total != want {
			t.Errorf("%s is asked to decide %d requests, want %d", who, total, want)
		}
	}
	for _, err := range []error{
		second(d.Approve(d.as(d.Priya), r.ID, again.Version, because)), second(d.Return(d.as(d.Priya), r.ID, again.Version, award.Reason{Code: "other", Words: "?"})),
		second(d.Decline(d.as(d.Priya), r.ID, again.Version, award.Reason{Code: "other", Words: "No."})),
	} {
		if !fault.Is(err, fault.Forbidden) {
			t.Errorf("who declined it decides it again: %v, want forbidden", err)
		}
	}
	_, err := d.db.Pool.Exec(t.Context(), `INSERT INTO history (request_id, step, from_state, to_state, at, by_id, by_name, code, words)
		VALUES ($1, $2, 'submitted', 'returned', now(), $3, 'Priya', 'other', '?')`, r.ID, len(again.History)+1, d.Priya.ID)
	if err == nil {
		t.Error("the database takes a further decision by who declined it")
	}
	if s := must(d.Approve(d.as(another("Quinn")), r.ID, again.Version, because))(t); s.Request.State() != award.Approved {
		t.Errorf("another's approval leaves it %s", s.Request.State())
	}
	agrees(t, d.db)
}

func second[A any](_ A, err error) error { return err }

func TestWhoReturnedItBeforeTheChallengeDoesNotDecideItAfter(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 10_000)
	r := d.submitted(6000)
	quinn := another("Quinn")
	back := must(d.Return(d.as(quinn), r.ID, r.Version, award.Reason{Code: "other", Words: "Why?"}))(t).Request
	sent := must(d.Submit(d.as(d.Amina), r.ID, back.Version))(t).Request
	no := must(d.Decline(d.as(d.Priya), r.ID, sent.Version, award.Reason{Code: "other", Words: "No."}))(t).Request
	again := must(d.Challenge(d.as(d.Amina), r.ID, no.Version, "Sam has no telephone. He says it is wrong."))(t).Request
	if _, err := d.Approve(d.as(quinn), r.ID, again.Version, because); !fault.Is(err, fault.Forbidden) {
		t.Errorf("Approve() by who returned it = %v, want forbidden", err)
	}
	if s := must(d.Get(d.as(quinn), r.ID))(t); slices.Contains(s.Can, award.VerbDecline) {
		t.Error("who returned it may decide it again, by what their page offers")
	}
	_, err := d.db.Pool.Exec(t.Context(), `INSERT INTO history (request_id, step, from_state, to_state, at, by_id, by_name, code, words)
		VALUES ($1, $2, 'submitted', 'returned', now(), $3, 'Quinn', 'other', '?')`, r.ID, len(again.History)+1, quinn.ID)
	if broken(err) != "challenge_to_another" {
		t.Errorf("a further decision by who returned it: %v, want challenge_to_another", err)
	}
	if _, err := d.Approve(d.as(another("Rosa")), r.ID, again.Version, because); err != nil {
		t.Error(err)
	}
}

// These steps are taken past the domain, which lets nobody take them.
func TestTheDatabaseHasNobodyTakePartBeforeAndAfterAChallenge(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 10_000)
	endorsed, returned := another("Rosa"), another("Quinn")
	r := d.submitted(6000)
	r = must(d.Return(d.as(returned), r.ID, r.Version, award.Reason{Code: "other", Words: "Why?"}))(t).Request
	r = must(d.Submit(d.as(d.Amina), r.ID, r.Version))(t).Request
	n := len(r.History)
	step := func(to, act string, by identity.Person) string {
		n++
		_, err := d.db.Pool.Exec(t.Context(), `INSERT INTO history (request_id, step, from_state, to_state, act, at, by_id, by_name, code, words)
			VALUES ($1, $2, 'submitted', $3, $4, now(), $5, 'x', CASE WHEN $4 = '' THEN 'other' ELSE '' END, 'x')`, r.ID, n, to, act, by.ID)
		return broken(err)
	}
	if got := step("submitted", "endorse", endorsed); got != "" {
		t.Fatalf("endorsed before there is a challenge: refused by %q", got)
	}
	r = must(d.Decline(d.as(d.Priya), r.ID, r.Version, award.Reason{Code: "other", Words: "No."}))(t).Request
	r = must(d.Challenge(d.as(d.Amina), r.ID, r.Version, "Look again."))(t).Request
	for _, by := range []identity.Person{endorsed, returned, d.Priya} {
		for to, act := range map[string]string{"returned": "", "submitted": "endorse"} {
			n = len(r.History)
			if got := step(to, act, by); got != "challenge_to_another" {
				t.Errorf("%s by %s: refused by %q", to, by.Name, got)
			}
		}
	}
}

func TestWhatNoLongerFitsStaysChallengedUntilTheCoachReducesIt(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 10_000)
	r := d.declined(6000)
	d.submitted(7000) // takes what was free again
	late := must(d.Challenge(d.as(d.Sam), r.ID, r.Version, "It is still needed."))(t).Request
	if late.State() != award.Challenged || late.Held != 0 {
		t.Fatalf("it is %s with %v held", late.State(), late.Held)
	}
	if _, err := d.Submit(d.as(d.Amina), r.ID, late.Version); !fault.Is(err, fault.OverCap) {
		t.Errorf("submitted as it was: %v, want over-cap", err)
	}
	line := d.Line(d.SamsRecord, 3000)
	less := must(d.Edit(d.as(d.Amina), r.ID, late.Version, award.Ask{Lines: []award.Line{line}}))(t).Request
	sent := must(d.Submit(d.as(d.Amina), r.ID, less.Version))(t).Request
	if sent.State() != award.Submitted || sent.Held != 3000 {
		t.Errorf("reduced, it is %s with %v held", sent.State(), sent.Held)
	}
	if _, err := d.Approve(d.as(d.Priya), r.ID, sent.Version, because); !fault.Is(err, fault.Forbidden) {
		t.Errorf("who declined it decides it: %v, want forbidden", err)
	}
	agrees(t, d.db)
}

func TestNeedsThatCannotBeAskedCostNobodyTheirChallenge(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 10_000)
	r := d.declined(6000)
	d.Needs.Speechless.Store(true)
	again := must(d.Challenge(d.as(d.Sam), r.ID, r.Version, "It is still needed."))(t).Request
	if again.State() != award.Challenged {
		t.Errorf("it is %s, want challenged", again.State())
	}
}

func TestAChallengeIsInTimeToTheEndOfTheLastWorkingDay(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 100_000)
	d.Funds.Agreed = []budget.Terms{{Version: 1, First: time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC), ChallengeDays: 3}}
	at := func(moment string) {
		now := must(time.Parse(time.RFC3339, moment))(t)
		d.Now = func() time.Time { now = now.Add(time.Millisecond); return now }
	}
	for _, test := range []struct {
		declined, challenged string
		want                 fault.Kind
	}{
		// Thursday before the August bank holiday; Friday, Tuesday and Wednesday count.
		{"2026-08-27T10:00:00+01:00", "2026-09-02T23:59:59+01:00", ""},
		{"2026-08-27T10:00:00+01:00", "2026-09-03T00:00:00+01:00", fault.Conflict},
		// Half an hour after midnight in London is the day before in UTC.
		{"2026-06-04T00:30:00+01:00", "2026-06-09T12:00:00+01:00", ""},
		{"2026-06-04T00:30:00+01:00", "2026-06-10T00:30:00+01:00", fault.Conflict},
	} {
		at(test.declined)
		r := d.declined(100)
		at(test.challenged)
		_, err := d.Challenge(d.as(d.Sam), r.ID, r.Version, "Look again.")
		if kindOf(err) != test.want {
			t.Errorf("declined %s, challenged %s: %v, want %q", test.declined, test.challenged, err, test.want)
		}
	}
}

func TestARefusedRequestCanNeverBePaidWithoutAnotherDecision(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 100_000)
	r := d.declined(5000)
	challenged := d.declined(97_000)
	d.submitted(80_000)
	challenged = must(d.Challenge(d.as(d.Sam), challenged.ID, challenged.Version, "Look again."))(t).Request
	for name, refused := range map[string]*award.Request{"declined": r, "challenged": challenged} {
		if _, err := d.Approve(d.as(another("Quinn")), refused.ID, refused.Version, because); !fault.Is(err, fault.Conflict) {
			t.Errorf("%s: Approve() = %v, want conflict", name, err)
		}
		for _, to := range []string{"approved", "paid", "closed"} {
			for _, act := range []string{"", "pay", "automatic", "release-rest"} {
				_, err := d.db.Pool.Exec(t.Context(), `INSERT INTO history (request_id, step, from_state, act, to_state, at, by_id, by_name, code, words)
					VALUES ($1, $2, $3, $4, $5, now(), $6, 'Quinn', 'other', 'x')`, refused.ID, len(refused.History)+1, name, act, to, uuid.New())
				if err == nil {
					t.Errorf("the database takes a step %q from %s to %s", act, name, to)
				}
			}
		}
		for _, kind := range []string{"commit", "pay"} {
			_, err := d.db.Pool.Exec(t.Context(), `INSERT INTO entry (id, allowance_id, request_id, step, kind, pence, budget_id)
				SELECT gen_random_uuid(), $1, $2, $3, $4, 100, b.id FROM budget b LIMIT 1`, refused.AllowanceID, refused.ID, len(refused.History), kind)
			if err == nil {
				t.Errorf("the database takes a %s of what is %s", kind, name)
			}
		}
	}
	agrees(t, d.db)
}

func TestOnlyWhoseItIsChallengesAndOnlyInWords(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 100_000)
	r := d.declined(5000)
	for _, test := range []struct {
		who  identity.Person
		want fault.Kind
	}{
		{d.Chloe, fault.Forbidden}, {d.Priya, fault.Forbidden}, {d.Finn, fault.Forbidden}, {d.Ravi, fault.NotFound}, {d.Nobody, fault.Forbidden},
	} {
		if _, err := d.Challenge(d.as(test.who), r.ID, r.Version, "Look again."); kindOf(err) != test.want {
			t.Errorf("%s: %v, want %q", test.who.Name, err, test.want)
		}
	}
	if _, err := d.Challenge(d.as(d.Sam), r.ID, r.Version, " \n "); !fault.Is(err, fault.Invalid) {
		t.Errorf("without words: %v, want invalid", err)
	}
	yes := d.submitted(100)
	if _, err := d.Challenge(d.as(d.Sam), yes.ID, yes.Version, "Look again."); !fault.Is(err, fault.Conflict) {
		t.Errorf("of what waits: %v, want conflict", err)
	}
}

// broken is the constraint that the database says was broken.
func broken(err error) string {
	var wrong *pgconn.PgError
	if errors.As(err, &wrong) {
		return wrong.ConstraintName
	}
	return ""
}

func TestTheDatabaseTakesNoQuestionAndNoAnswerOnceItIsDecided(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 100_000)
	r := d.submitted(5000)
	open := must(d.Ask(d.as(d.Priya), r.ID, award.ToCoach, "Why?"))(t)
	must(d.Approve(d.as(d.Priya), r.ID, r.Version, because))(t)
	_, asked := d.db.Pool.Exec(t.Context(), "INSERT INTO question VALUES (gen_random_uuid(), $1, 'coach', 'x', gen_random_uuid(), 'x', now())", r.ID)
	_, answered := d.db.Pool.Exec(t.Context(), "INSERT INTO answer VALUES ($1, 'x', gen_random_uuid(), 'x', now())", open.ID)
	for what, err := range map[string]error{"question": asked, "answer": answered} {
		if broken(err) != "question_while_it_waits" {
			t.Errorf("%s: %v, want question_while_it_waits", what, err)
		}
	}
}

func TestQuestionsAndAnswersAreNeverChanged(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 100_000)
	r := d.submitted(5000)
	q := must(d.Ask(d.as(d.Priya), r.ID, award.ToCoach, "Why?"))(t)
	must(d.Answer(d.as(d.Amina), q.ID, "So."))(t)
	owner := dbtest.Owner(t, d.db)
	for _, sql := range []string{
		"UPDATE question SET words = 'x'", "DELETE FROM question", "UPDATE answer SET words = 'x'", "DELETE FROM answer",
		"INSERT INTO answer VALUES ('" + q.ID.String() + "', 'x', gen_random_uuid(), 'x', now())",
	} {
		for who, as := range map[string]*db.DB{"the serving login": d.db, "the owner": owner} {
			if _, err := as.Pool.Exec(t.Context(), sql); err == nil {
				t.Errorf("the database takes %s from %s", sql, who)
			}
		}
	}
}

// toDecideIn has the fund agree in how many working days requests are decided.
func (d *desk) toDecideIn(days int) {
	d.t.Helper()
	err := db.Tx(d.t.Context(), dbtest.Owner(d.t, d.db).Gorm, func(tx *gorm.DB) error {
		id := uuid.New()
		if err := tx.Exec(`INSERT INTO proposal (id, fund_id, kind, reason, by_id, by_name, at, content)
			VALUES (?, ?, 'terms', 'For a test.', gen_random_uuid(), 'Fin', '2026-04-01', jsonb_build_object('first_day', '2026-04-01', 'auto_up_to', 0,
				'auto_categories', jsonb_build_array(), 'sample_one_in', 0, 'expires_days', 90, 'warn_days', 14, 'challenge_days', 20, 'decide_days', ?::int,
				'receipt_days', 10, 'exceptions', false))`, id, d.Fund.ID, days).Error; err != nil {
			return err
		}
		return tx.Exec("INSERT INTO proposal_answer VALUES (?, true, gen_random_uuid(), 'Mo', '2026-04-01', '')", id).Error
	})
	if err != nil {
		d.t.Fatal(err)
	}
}

func TestARequestAndItsListSayByWhenItIsToBeDecided(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 100_000)
	d.toDecideIn(3)
	at := func(moment string) {
		now := must(time.Parse(time.RFC3339, moment))(t)
		d.Now = func() time.Time { now = now.Add(time.Millisecond); return now }
	}
	says := func(id uuid.UUID, day string, stands bool) {
		t.Helper()
		read := must(d.Get(d.as(d.Priya), id))(t).Clock
		found, _ := must2(d.List(d.as(d.Priya), award.Filter{Decidable: true}, award.Page{Number: 1, Size: 10}))(t)
		i := slices.IndexFunc(found, func(s award.Summary) bool { return s.ID == id })
		if got := read.By.Format(time.DateOnly); got != day || read.Stands != stands || found[i].Clock != read {
			t.Errorf("it is to be decided by %s, stands %v, and in the list %+v; want %s, %v", got, read.Stands, found[i].Clock, day, stands)
		}
	}
	at("2026-06-04T10:00:00+01:00") // a Thursday
	r := d.submitted(5000)
	says(r.ID, "2026-06-09", false)
	q := must(d.Ask(d.as(d.Priya), r.ID, award.ToCoach, "Why?"))(t)
	at("2026-06-08T10:00:00+01:00")
	says(r.ID, "2026-06-11", true)
	at("2026-06-09T10:00:00+01:00")
	must(d.Answer(d.as(d.Amina), q.ID, "So."))(t)
	says(r.ID, "2026-06-12", false)
	must(d.Approve(d.as(d.Priya), r.ID, r.Version, because))(t)
	if c := must(d.Get(d.as(d.Priya), r.ID))(t).Clock; c != (award.Clock{}) {
		t.Errorf("decided, its clock still runs: %+v", c)
	}
}
