package postgres_test

import (
	"context"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/db/dbtest"
	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/outcomes/internal/outcome"
	"github.com/instead-support/instead/services/outcomes/internal/policy"
	"github.com/instead-support/instead/services/outcomes/internal/postgres"
	"github.com/instead-support/instead/services/outcomes/internal/rating"
)

// world is the domain over a database of its own, with needs and funding beside it,
// at a time that a test sets.
type world struct {
	t        testing.TB
	db       *db.DB
	outcomes *outcome.Outcomes
	ratings  *rating.Ratings
	now      time.Time

	jobseekers map[uuid.UUID]outcome.Jobseeker
	people     map[uuid.UUID]uuid.UUID // sign-in of a jobseeker → who they are
	paid       []rating.Subject
	courses    []rating.Subject
}

// The people of these tests. Asha and Ben coach in Oldham; Mo manages it.
var (
	asha = staff(identity.Coach, "Asha Begum", "Oldham")
	ben  = staff(identity.Coach, "Ben Okoro", "Oldham")
	mo   = staff(identity.Manager, "Mo Hussain", "Oldham")
	nia  = staff(identity.Manager, "Nia Rees", "Rochdale")
)

func staff(role identity.Role, name string, areas ...string) identity.Person {
	return identity.Person{ID: uuid.New(), Name: name, Roles: []identity.Role{role}, Areas: areas}
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{
		t: t, db: dbtest.Open(t, postgres.Migrations, "outcomes"), now: time.Date(2026, 5, 6, 9, 0, 0, 0, time.UTC),
		jobseekers: map[uuid.UUID]outcome.Jobseeker{}, people: map[uuid.UUID]uuid.UUID{},
	}
	store, err := postgres.NewStore(w.db)
	if err != nil {
		t.Fatal(err)
	}
	w.outcomes = outcome.New(outcome.Deps{Store: store, Needs: w, Funding: w, Occupation: func(string) bool { return true }, Now: w.clock})
	w.ratings = rating.New(rating.Deps{Store: store, People: w.outcomes, Funding: w, Now: w.clock})
	return w
}

func (w *world) clock() time.Time { return w.now }

// Me is outcome.Needs's.
func (w *world) Me(ctx context.Context) (uuid.UUID, error) {
	p, err := identity.From(ctx)
	return w.people[p.ID], err
}

// Jobseeker is outcome.Needs's.
func (w *world) Jobseeker(_ context.Context, id uuid.UUID) (outcome.Jobseeker, error) {
	j, ok := w.jobseekers[id]
	if !ok {
		return j, policy.Missing()
	}
	return j, nil
}

// Allowances is outcome.Funding's.
func (w *world) Allowances(context.Context, uuid.UUID) ([]uuid.UUID, error) {
	var ids []uuid.UUID
	for _, c := range w.courses {
		ids = append(ids, c.About)
	}
	return ids, nil
}

// Paid and Courses are rating.Funding's.
func (w *world) Paid(context.Context, uuid.UUID) ([]rating.Subject, error)    { return w.paid, nil }
func (w *world) Courses(context.Context, uuid.UUID) ([]rating.Subject, error) { return w.courses, nil }

// as is a context in which p acts.
func as(p identity.Person) context.Context { return identity.With(context.Background(), p) }

// join puts somebody on Asha's caseload, and is how they sign in.
func (w *world) join() (uuid.UUID, identity.Person) {
	id, p := uuid.New(), identity.Person{ID: uuid.New(), Name: "what a provider calls them", Roles: []identity.Role{identity.Jobseeker}}
	w.jobseekers[id] = outcome.Jobseeker{ID: id, Area: "Oldham", CoachID: asha.ID, CoachName: asha.Name}
	w.people[p.ID] = id
	return id, p
}

func (w *world) day(after int) time.Time {
	y, m, d := w.now.Date()
	return time.Date(y, m, d+after, 0, 0, 0, 0, time.UTC)
}

// aJob is one that began so many days ago.
func (w *world) aJob(ago int) outcome.Start {
	return outcome.Start{
		Kind: outcome.Job, Route: outcome.Instead, StartedOn: w.day(-ago), Minutes: 960, Pay: outcome.Pay{Pence: 1271, Per: outcome.Hour},
		Employer: "The Tommyfield", Occupation: "5434",
	}
}

func (w *world) record(jobseeker uuid.UUID, s outcome.Start) outcome.Standing {
	w.t.Helper()
	o, err := w.outcomes.Record(as(asha), jobseeker, s)
	if err != nil {
		w.t.Fatal(err)
	}
	return o
}

func (w *world) count(sql string, args ...any) (n int) {
	w.t.Helper()
	if err := w.db.Gorm.Raw(sql, args...).Scan(&n).Error; err != nil {
		w.t.Fatal(err)
	}
	return n
}

func TestAnOutcomeComesBackAsItWasRecordedWithItsChecks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	dan, _ := w.join()
	w.courses = []rating.Subject{{About: uuid.New()}, {About: uuid.New()}}
	s := w.aJob(100)
	s.Allowances = []uuid.UUID{w.courses[0].About, w.courses[1].About}
	o := w.record(dan, s)
	got, err := w.outcomes.Get(as(mo), o.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(o.Outcome, got.Outcome); diff != "" {
		t.Error(diff)
	}
	if n := w.count("SELECT count(*) FROM work_check c JOIN entry e USING (outcome_id) WHERE c.waits AND e.deed = 'start'"); n != 2 {
		t.Errorf("%d checks wait, want 2", n)
	}
	if n := w.count("SELECT count(*) FROM audit_entry WHERE action IN ('recordOutcome', 'readOutcome') AND jobseeker_id = ?", dan); n != 2 {
		t.Errorf("%d entries in the audit trail, want 2", n)
	}
	if n := w.count("SELECT count(*) FROM river_job WHERE kind = 'publish-event'"); n != 1 {
		t.Errorf("%d events, want 1", n)
	}
}

// Whatever is recorded, corrected and struck in whatever order, an outcome that is
// read is what a straight fold over its entries gives, and the list of checks shows
// exactly those that wait by that fold.
func TestWhatStandsIsAFoldOverTheEntriesWhateverTheirOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rapid.Check(t, func(t *rapid.T) {
		w.now = time.Date(2026, 5, 6, 9, 0, 0, 0, time.UTC)
		dan, self := w.join()
		o := w.record(dan, w.aJob(rapid.IntRange(0, 200).Draw(t, "began so many days ago")))
		for range rapid.IntRange(1, 10).Draw(t, "steps") {
			w.now = w.now.AddDate(0, 0, rapid.IntRange(0, 60).Draw(t, "days go by"))
			check := rapid.SampledFrom(o.Checks).Draw(t, "check").ID
			a := outcome.Answer{
				InWork: rapid.Bool().Draw(t, "in work"), Minutes: rapid.SampledFrom([]int{0, 480, 2400}).Draw(t, "minutes"),
				Evidence: rapid.SampledFrom([]outcome.Evidence{"", outcome.Told, outcome.Payslip}).Draw(t, "evidence"),
			}
			if !a.InWork {
				a.LeftOn = w.day(-rapid.IntRange(0, 300).Draw(t, "left so many days ago"))
			}
			var err error
			switch rapid.SampledFrom([]string{"answer", "answer", "tell", "amend", "correct", "correct", "strike"}).Draw(t, "step") {
			case "answer":
				_, err = w.outcomes.Answer(as(asha), check, o.Version(), a)
			case "tell":
				_, err = w.outcomes.Answer(as(self), check, o.Version(), a)
			case "amend":
				if a.InWork && rapid.Bool().Draw(t, "known of a day") {
					a.AsOf = w.day(-rapid.IntRange(0, 100).Draw(t, "so many days ago"))
				}
				_, err = w.outcomes.CorrectAnswer(as(asha), check, o.Version(), a, "It was otherwise.")
			case "correct":
				s := w.aJob(rapid.IntRange(0, 300).Draw(t, "began really so many days ago"))
				if rapid.Bool().Draw(t, "training") {
					s = outcome.Start{Kind: outcome.Training, Route: outcome.Instead, StartedOn: s.StartedOn}
				}
				_, err = w.outcomes.Correct(as(asha), o.ID, o.Version(), s, "It was otherwise.")
			case "strike":
				_, err = w.outcomes.Strike(as(asha), o.ID, o.Version(), "It never was.")
			}
			if err != nil && !fault.Is(err, fault.Invalid) && !fault.Is(err, fault.Conflict) {
				t.Fatal(err)
			}
			if o, err = w.outcomes.Get(as(asha), o.ID); err != nil {
				t.Fatal(err)
			}
			w.holds(t, o)
		}
	})
}

// holds holds what stands, and what the list shows, against a fold that is spelt out
// here once more.
func (w *world) holds(t *rapid.T, o outcome.Standing) {
	var start outcome.Start
	struck, left := false, false
	answers := map[uuid.UUID]outcome.Answer{}
	for i, e := range o.Entries {
		if e.Number != int64(i+1) {
			t.Fatalf("entry %d has number %d", i, e.Number)
		}
		if e.Start != nil {
			start = *e.Start
		}
		if e.Answer != nil {
			answers[e.CheckID] = *e.Answer
		}
		struck = struck || e.Deed == outcome.Struck
	}
	for _, c := range o.Checks {
		a, said := answers[c.ID]
		left = left || said && !a.InWork
		if a.InWork && a.AsOf.Before(start.StartedOn.AddDate(0, 0, 7*c.Weeks)) {
			delete(answers, c.ID) // it was of a day before the weeks had passed
		}
	}
	if diff := cmp.Diff(start, o.Start); diff != "" || struck != o.Struck {
		t.Fatalf("struck %t, want %t; start %s", o.Struck, struck, diff)
	}
	waiting := map[uuid.UUID]bool{}
	found, _, _, err := w.outcomes.Checks(as(asha), outcome.Filter{Upcoming: true, Jobseekers: []uuid.UUID{o.JobseekerID}}, outcome.Page{Number: 1, Size: 10})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range found {
		waiting[c.ID] = true
		if c.Version != o.Version() || !c.StartedOn.Equal(start.StartedOn) || c.Employer != start.Employer {
			t.Fatalf("the list shows %+v", c)
		}
	}
	for _, c := range o.Checks {
		a, answered := answers[c.ID]
		if (c.Answer != nil) != answered || answered && cmp.Diff(a, c.Answer.Answer) != "" {
			t.Fatalf("the check after %d weeks stands as %+v, want %+v", c.Weeks, c.Answer, a)
		}
		if want := !answered && !struck && !left && start.Kind != outcome.Training; c.Waits != want || waiting[c.ID] != want {
			t.Fatalf("the check after %d weeks waits %t, on the list %t, want %t", c.Weeks, c.Waits, waiting[c.ID], want)
		}
	}
}

func TestOfTwoWhoAnswerAtOnceOneIsTooLateAndIsToldWhoWasNot(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 10 {
		dan, self := w.join()
		o := w.record(dan, w.aJob(100))
		var both sync.WaitGroup
		errs := make([]error, 2)
		for i, p := range []identity.Person{asha, self} {
			both.Go(func() { _, errs[i] = w.outcomes.Answer(as(p), o.Checks[0].ID, 1, outcome.Answer{InWork: true}) })
		}
		both.Wait()
		late := errs[0]
		if late == nil {
			late = errs[1]
		}
		if (errs[0] == nil) == (errs[1] == nil) || !fault.Is(late, fault.Stale) || !strings.Contains(late.Error(), "answered the check after 13 weeks") {
			t.Fatalf("%v, %v", errs[0], errs[1])
		}
		if n := w.count("SELECT count(*) FROM entry WHERE outcome_id = ?", o.ID); n != 2 {
			t.Errorf("%d entries, want 2", n)
		}
	}
}

func TestTheSameMessageAtOnceDoesItsWorkOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	dan, _ := w.join()
	ctx := db.WithKey(as(asha), "one click, twice")
	var all sync.WaitGroup
	made := make([]outcome.Standing, 6)
	for i := range made {
		all.Go(func() {
			var err error
			if made[i], err = w.outcomes.Record(ctx, dan, w.aJob(1)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for _, o := range made {
		if o.Outcome == nil || o.ID != made[0].ID {
			t.Fatalf("made %v, and %v", made[0].Outcome, o.Outcome)
		}
	}
	if n := w.count("SELECT count(*) FROM outcome"); n != 1 {
		t.Errorf("%d outcomes, want 1", n)
	}
}

func TestTheDatabaseRefusesWhatGotPastTheRules(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	dan, self := w.join()
	w.paid = []rating.Subject{{About: uuid.New(), Kind: rating.Line, CourseID: uuid.New(), CourseName: "Warehouse skills", Request: uuid.New()}}
	o := w.record(dan, w.aJob(100))
	if _, err := w.outcomes.Answer(as(self), o.Checks[0].ID, 1, outcome.Answer{InWork: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.ratings.Say(as(self), dan, w.paid[0].About, 0, rating.Said{Helped: rating.ALot, Course: rating.WouldNo}); err != nil {
		t.Fatal(err)
	}
	w.now = w.now.AddDate(0, 6, 0)
	if err := w.outcomes.Remind(context.Background()); err != nil {
		t.Fatal(err)
	}
	owner := dbtest.Owner(t, w.db)
	for _, table := range []string{"entry", "outcome", "rating", "reminder", "sustained_definition", "living_wage", "audit_entry"} {
		for _, sql := range []string{"DELETE FROM " + table, "TRUNCATE " + table + " CASCADE"} {
			if owner.Gorm.Exec(sql).Error == nil {
				t.Errorf("even the owner: %s", sql)
			}
		}
	}
	for _, sql := range []string{
		"UPDATE entry SET employer = 'Another' WHERE deed = 'start'", "UPDATE rating SET words = 'Wonderful!'", "UPDATE rating SET helped = 'no'",
		"UPDATE outcome SET jobseeker_id = gen_random_uuid()", "UPDATE living_wage SET pence = 1",
	} {
		if owner.Gorm.Exec(sql).Error == nil {
			t.Errorf("even the owner: %s", sql)
		}
		if w.db.Gorm.Exec(sql).Error == nil {
			t.Errorf("the serving login: %s", sql)
		}
	}
	const entry = `INSERT INTO entry (outcome_id, number, deed, why, by_id, by_name, by_jobseeker, at, weekly_minutes, pay_pence, pay_per, check_id, in_work, until, evidence, words)
		SELECT outcome_id, number + 1, 'check-correction', 'So.', by_id, 'Asha', false, at, 0, 0, '', check_id, true, until, 'payslip', '' FROM entry WHERE number = 2`
	for why, spoil := range map[string][2]string{
		"a correction by the jobseeker": {"'Asha', false", "'', true"},
		"a correction without a reason": {"'So.'", "''"},
		"an answer given twice":         {"'check-correction', 'So.'", "'check', ''"},
		"an entry that skips a number":  {"number + 1", "number + 2"},
		"an entry in place of another":  {"number + 1", "number"},
		"a check of another outcome":    {"'', check_id,", "'', gen_random_uuid(),"},
	} {
		if w.db.Gorm.Exec(strings.Replace(entry, spoil[0], spoil[1], 1)).Error == nil {
			t.Errorf("%s was taken", why)
		}
	}
	if err := w.db.Gorm.Exec(entry).Error; err != nil {
		t.Errorf("what none of them is: %v", err)
	}
	for _, sql := range []string{
		"INSERT INTO sustained_definition SELECT 9, '2030-01-01', 1, 1, 1, 'x', 'x'", "INSERT INTO living_wage VALUES ('2030-01-01', 1, 'x')",
		"UPDATE work_check SET weeks = 1", "DELETE FROM work_check", "UPDATE jobseeker SET id = gen_random_uuid()",
	} {
		if w.db.Gorm.Exec(sql).Error == nil {
			t.Errorf("the serving login: %s", sql)
		}
	}
}

func TestACoachIsRemindedOnceAWeekAndByHoweverManyProcessesOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	dan, _ := w.join()
	o := w.record(dan, w.aJob(0))
	reminded := func() int { return w.count("SELECT count(*) FROM reminder") }
	for _, c := range []struct {
		days, want int
	}{{90, 0}, {1, 1}, {0, 1}, {6, 1}, {1, 2}, {70, 3}} { // due on the 91st day
		w.now = w.now.AddDate(0, 0, c.days)
		var all sync.WaitGroup
		for range 3 {
			all.Go(func() {
				if err := w.outcomes.Remind(context.Background()); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if got := reminded(); got != c.want {
			t.Errorf("on %s there are %d reminders, want %d", w.now.Format(time.DateOnly), got, c.want)
		}
	}
	if n := w.count("SELECT count(*) FROM river_job WHERE args->>'name' = 'outcomes.check-due'"); n != 3 {
		t.Errorf("told of %d, want 3", n)
	}
	found, total, overdue, err := w.outcomes.Checks(as(asha), outcome.Filter{}, outcome.Page{Number: 1, Size: 10})
	if err != nil || total != 1 || overdue != 1 || !found[0].RemindedOn.Equal(w.day(0)) {
		t.Errorf("the list: %+v, %d, %d, %v", found, total, overdue, err)
	}
	if _, err := w.outcomes.Answer(as(asha), o.Checks[0].ID, 1, outcome.Answer{LeftOn: w.day(0)}); err != nil {
		t.Fatal(err)
	}
	w.now = w.now.AddDate(1, 0, 0)
	if err := w.outcomes.Remind(context.Background()); err != nil || reminded() != 3 {
		t.Errorf("of what is answered there are %d reminders, %v", reminded(), err)
	}
}

func TestTheLongestOverdueComesFirstAndPagesDoNotOverlap(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, ago := range []int{95, 400, 10, 91, 200} {
		dan, _ := w.join()
		w.record(dan, w.aJob(ago))
	}
	var days []time.Time
	for page := 1; page <= 4; page++ {
		found, total, overdue, err := w.outcomes.Checks(as(mo), outcome.Filter{}, outcome.Page{Number: page, Size: 2})
		if err != nil || total != 6 || overdue != 4 {
			t.Fatalf("page %d: %d of which %d, %v", page, total, overdue, err)
		}
		for _, c := range found {
			days = append(days, c.DueOn)
		}
	}
	if len(days) != 6 {
		t.Fatalf("%d on all pages", len(days))
	}
	for i := range days[1:] {
		if days[i].After(days[i+1]) {
			t.Errorf("%v before %v", days[i], days[i+1])
		}
	}
}

// More checks than a list counts wait, and more than one batch of reminders takes.
func TestOfManyChecksAListCountsAThousandAndEachIsRemindedOfOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	dan, _ := w.join()
	w.record(dan, w.aJob(100)) // of which one check is due
	const more = 1200
	if err := w.db.Gorm.Exec(`WITH made AS (INSERT INTO outcome SELECT gen_random_uuid(), ? FROM generate_series(1, ?) RETURNING id)
		INSERT INTO work_check (id, outcome_id, weeks, due_on, waits) SELECT gen_random_uuid(), id, 13, ?, true FROM made`, dan, more, w.day(-30)).Error; err != nil {
		t.Fatal(err)
	}
	for who, mine := range map[*identity.Person]bool{&asha: true, &mo: false} {
		_, total, overdue, err := w.outcomes.Checks(as(*who), outcome.Filter{Mine: mine}, outcome.Page{Number: 1, Size: 10})
		if err != nil || total != 1000 || overdue != 1000 {
			t.Errorf("%s is told of %d, %d overdue: %v", who.Name, total, overdue, err)
		}
	}
	for range 2 {
		if err := w.outcomes.Remind(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	if n := w.count("SELECT count(*) FROM reminder"); n != more+1 {
		t.Errorf("%d reminders of %d checks", n, more+1)
	}
}

// useful is what whoever looks is told of the only course there is, among those
// called so.
func (w *world) useful(who identity.Person, words string) rating.Useful {
	w.t.Helper()
	found, total, err := w.ratings.Useful(as(who), words, outcome.Page{Number: 1, Size: 10})
	if err != nil || len(found) != total || total > 1 {
		w.t.Fatalf("%s is told of %+v, %d: %v", who.Name, found, total, err)
	}
	if total == 0 {
		return rating.Useful{}
	}
	return found[0]
}

func TestPeopleAreCountedOnceAQuestionByWhatTheySaidLast(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	course := rating.Subject{About: uuid.New(), Kind: rating.Course, CourseID: uuid.New(), CourseName: "Warehouse skills 100%"}
	w.courses = []rating.Subject{course}
	line := func() rating.Subject {
		return rating.Subject{About: uuid.New(), Kind: rating.Line, CourseID: course.CourseID, CourseName: course.CourseName, Request: uuid.New()}
	}
	say := func(id uuid.UUID, p identity.Person, about uuid.UUID, version int64, said rating.Said) {
		t.Helper()
		w.now = w.now.Add(time.Minute)
		if _, err := w.ratings.Say(as(p), id, about, version, said); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 6 {
		id, p := w.join()
		w.paid = []rating.Subject{line(), line()}
		say(id, p, w.paid[0].About, 0, rating.Said{Helped: rating.ALot, Course: rating.WouldNo})
		say(id, p, w.paid[1].About, 0, rating.Said{Helped: rating.ALot, Course: rating.WouldNo})
		start := w.aJob(1)
		start.Route, start.Allowances = outcome.Course, []uuid.UUID{course.About}
		w.record(id, start)
		if i > 1 {
			say(id, p, course.About, 0, rating.Said{Helped: rating.Harder})
		} else {
			say(id, p, course.About, 0, rating.Said{Helped: rating.No})
			say(id, p, course.About, 1, rating.Said{Helped: rating.ALot})
		}
	}
	// The sixth waits for others, and of the other questions all say the same.
	want := rating.Useful{
		CourseID: course.CourseID, CourseName: course.CourseName,
		CourseHelped:  rating.Count{Shown: rating.Told, People: 5, ALot: 2, Pointless: 3},
		InsteadHelped: rating.Count{Shown: rating.Suppressed}, CourseMore: rating.Count{Shown: rating.Suppressed},
	}
	if diff := cmp.Diff(want, w.useful(mo, "100% warehouse")); diff != "" {
		t.Error(diff)
	}
	id, p := w.join()
	w.paid = []rating.Subject{line()}
	say(id, p, w.paid[0].About, 0, rating.Said{Helped: rating.No, Course: rating.WouldYes})
	want.InsteadHelped = rating.Count{Shown: rating.Told, People: 7, ALot: 6, Pointless: 1}
	want.CourseMore = rating.Count{Shown: rating.Told, People: 7, CourseMore: 1, CourseNoMore: 6}
	if diff := cmp.Diff(want, w.useful(mo, "")); diff != "" {
		t.Error(diff)
	}
	for who, words := range map[*identity.Person]string{&mo: "welding", &nia: ""} {
		if got := w.useful(*who, words); got != (rating.Useful{}) {
			t.Errorf("%s looking for %q: %+v", who.Name, words, got)
		}
	}
	if other := w.useful(mo, "skills"); other != w.useful(mo, "") {
		t.Errorf("another word of its name gives other counts: %+v", other)
	}
}

// Somebody looks at the counts after everything that anybody says, as a manager of
// each area and of both, by each name that the course had. Nothing that they can take
// from anything else is what fewer than five people said, or what all of them did.
func TestNobodyIsFoundOutByTakingOneCountFromAnother(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	both := staff(identity.Manager, "Lee Marsh", "Oldham", "Rochdale")
	course := uuid.New()
	type counted struct {
		Area, Answer, Counted string
	}
	kept := func() map[uuid.UUID]counted {
		rows, err := db.Find[struct {
			JobseekerID uuid.UUID
			Of          counted `gorm:"embedded"`
		}](context.Background(), w.db.Gorm, "SELECT jobseeker_id, area, answer, counted FROM rating_last WHERE question = 'course-more'")
		if err != nil {
			t.Fatal(err)
		}
		all := map[uuid.UUID]counted{}
		for _, r := range rows {
			all[r.JobseekerID] = r.Of
		}
		return all
	}
	chance := rand.New(rand.NewPCG(7, 11))
	type member struct {
		id      uuid.UUID
		self    identity.Person
		about   rating.Subject
		version int64
	}
	var members []*member
	for i := range 40 {
		id, self := w.join()
		if i%3 == 0 {
			j := w.jobseekers[id]
			j.Area = "Rochdale"
			w.jobseekers[id] = j
		}
		members = append(members, &member{id: id, self: self, about: rating.Subject{
			About: uuid.New(), Kind: rating.Line, CourseID: course, CourseName: []string{"Forklift", "Forklift trucks"}[i%2], Request: uuid.New(),
		}})
	}
	changes := 0
	for range 300 {
		m := members[chance.IntN(len(members))]
		if chance.IntN(10) == 0 { // they move meanwhile
			j := w.jobseekers[m.id]
			j.Area = []string{"Oldham", "Rochdale"}[chance.IntN(2)]
			j.Version++
			w.jobseekers[m.id] = j
		}
		before := kept()
		w.paid = []rating.Subject{m.about}
		answer := []rating.WouldHelp{rating.WouldNo, rating.WouldNo, rating.WouldNo, rating.WouldYes}[chance.IntN(4)]
		if _, err := w.ratings.Say(as(m.self), m.id, m.about.About, m.version, rating.Said{Helped: rating.ALot, Course: answer}); err != nil {
			t.Fatal(err)
		}
		m.version++
		after := kept()
		moved := map[bool][]rating.Move{}
		people, no := map[string]int{}, map[string]int{}
		for id, now := range after {
			if was := before[id]; was.Counted != now.Counted {
				isNew := was.Counted == ""
				moved[isNew] = append(moved[isNew], rating.Move{Jobseeker: id, Was: was.Counted, Is: now.Counted})
			}
			if now.Counted != "" {
				people[now.Area]++
			}
			if now.Counted == "no" {
				no[now.Area]++
			}
		}
		for isNew, moves := range moved {
			changes++
			if len(moves) < 5 || len(rating.Tellable(moves)) != len(moves) {
				t.Fatalf("counts changed by %d answers, new %t: %+v", len(moves), isNew, moves)
			}
		}
		oldham, rochdale, together := w.useful(mo, "").CourseMore, w.useful(nia, "").CourseMore, w.useful(both, "").CourseMore
		for area, c := range map[string]rating.Count{"Oldham": oldham, "Rochdale": rochdale} {
			if c.People != people[area] || c.CourseNoMore != no[area] || c.People > 0 && c.People < 5 {
				t.Fatalf("of %s it tells %+v, where %d are counted", area, c, people[area])
			}
		}
		if together.People != oldham.People+rochdale.People || together.CourseNoMore != oldham.CourseNoMore+rochdale.CourseNoMore {
			t.Fatalf("of both areas it tells %+v, of each %+v and %+v", together, oldham, rochdale)
		}
		for _, words := range []string{"forklift", "trucks"} {
			if got := w.useful(both, words).CourseMore; got != together && got != (rating.Count{}) {
				t.Fatalf("looking for %q it tells %+v, and of all %+v", words, got, together)
			}
		}
	}
	if changes < 8 {
		t.Errorf("only %d changes were seen", changes)
	}
}

func TestWhatAJobseekerSaidBeforeIsKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	dan, self := w.join()
	w.paid = []rating.Subject{{About: uuid.New(), Kind: rating.Line, What: "A bike", CourseID: uuid.New(), CourseName: "Warehouse skills", Request: uuid.New()}}
	for version, words := range []string{"Too early to say.", "I would not be here without it."} {
		if _, err := w.ratings.Say(as(self), dan, w.paid[0].About, int64(version), rating.Said{Helped: rating.ALot, Course: rating.WouldNo, Words: words}); err != nil {
			t.Fatal(err)
		}
	}
	all, err := w.ratings.Of(as(ben), dan)
	if err != nil || len(all) != 1 || all[0].Words != "I would not be here without it." || all[0].Version != 2 || all[0].What != "A bike" {
		t.Errorf("what stands: %+v, %v", all, err)
	}
	if n := w.count("SELECT count(*) FROM rating WHERE words = 'Too early to say.'"); n != 1 {
		t.Error("what they said before is gone")
	}
	if _, err := w.ratings.Say(as(asha), dan, w.paid[0].About, 2, rating.Said{Helped: rating.No, Course: rating.WouldNo}); !fault.Is(err, fault.Forbidden) {
		t.Errorf("their coach said it for them: %v", err)
	}
}
