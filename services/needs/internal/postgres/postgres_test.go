package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/db/dbtest"
	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/needs/internal/assessment"
	"github.com/instead-support/instead/services/needs/internal/jobseeker"
	"github.com/instead-support/instead/services/needs/internal/postgres"
)

// The people of these tests. Asha and Ben coach in Oldham, Cal in Rochdale; Mo
// manages Oldham, Nia Rochdale; Fin pays in Oldham; Dan and Eve look for work.
var (
	asha = staff(identity.Coach, "Asha Begum", "Oldham")
	ben  = staff(identity.Coach, "Ben Okoro", "Oldham")
	cal  = staff(identity.Coach, "Cal Price", "Rochdale")
	mo   = staff(identity.Manager, "Mo Hussain", "Oldham")
	nia  = staff(identity.Manager, "Nia Rees", "Rochdale")
	fin  = staff(identity.Finance, "Fin Doyle", "Oldham")
	dan  = identity.Person{ID: uuid.New(), Name: "what a public provider calls Dan", Roles: []identity.Role{identity.Jobseeker}}
	eve  = identity.Person{ID: uuid.New(), Name: "what a public provider calls Eve", Roles: []identity.Role{identity.Jobseeker}}
)

func staff(role identity.Role, name string, areas ...string) identity.Person {
	return identity.Person{ID: uuid.New(), Name: name, Roles: []identity.Role{role}, Areas: areas}
}

// as is a context in which p acts.
func as(p identity.Person) context.Context { return identity.With(context.Background(), p) }

// world is the domain over a database of its own, at a time that a test sets.
type world struct {
	t           testing.TB
	db          *db.DB
	jobseekers  *jobseeker.Jobseekers
	assessments *assessment.Assessments
	now         time.Time
}

func newWorld(t testing.TB) *world {
	d := dbtest.Open(t, postgres.Migrations, "needs")
	w := &world{t: t, db: d, now: time.Now().UTC().Truncate(time.Microsecond)}
	clock := func() time.Time { return w.now }
	w.jobseekers = jobseeker.New(jobseeker.Deps{Store: postgres.NewJobseekers(d), Now: clock})
	w.assessments = assessment.New(assessment.Deps{Store: postgres.NewAssessments(d), Now: clock})
	return w
}

// add puts somebody of this name on coach's caseload.
func (w *world) add(coach identity.Person, name string) jobseeker.Jobseeker {
	w.t.Helper()
	j, err := w.jobseekers.Add(as(coach), jobseeker.Newcomer{Details: jobseeker.Details{Name: name}, Area: coach.Areas[0]})
	if err != nil {
		w.t.Fatal(err)
	}
	return j
}

// link links p's sign-in to j, past the invitation.
func (w *world) link(j jobseeker.Jobseeker, p identity.Person) {
	w.t.Helper()
	if err := w.db.Gorm.Exec("UPDATE jobseeker SET person_id = ? WHERE id = ?", p.ID, j.ID).Error; err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) count(sql string, args ...any) int {
	w.t.Helper()
	var n int
	if err := w.db.Gorm.Raw(sql, args...).Scan(&n).Error; err != nil {
		w.t.Fatal(err)
	}
	return n
}

func kind(err error) fault.Kind {
	if err == nil {
		return ""
	}
	return fault.As(err).Kind
}

func TestAJobseekerComesBackAsTheyWereAdded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	added, err := w.jobseekers.Add(as(asha), jobseeker.Newcomer{
		Details: jobseeker.Details{Name: " Dan  Li", KnownAs: "Danny", Email: "dan@example.com", Phone: "07700 900123", Postcode: "ol11aa"},
		Area:    "Oldham",
	})
	if err != nil {
		t.Fatal(err)
	}
	want := jobseeker.Jobseeker{
		ID:      added.ID,
		Details: jobseeker.Details{Name: "Dan Li", KnownAs: "Danny", Email: "dan@example.com", Phone: "07700 900123", Postcode: "OL1 1AA"},
		Area:    "Oldham", CoachID: asha.ID, CoachName: "Asha Begum", CreatedAt: w.now, Version: 1,
	}
	got, err := w.jobseekers.Read(as(asha), added.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(want, added); diff != "" {
		t.Error(diff)
	}
}

func TestWhoMayNotSeeARecordIsNotToldItExists(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	j := w.add(asha, "Dan Li")
	w.link(j, dan)
	nobody := uuid.New()
	for _, p := range []identity.Person{cal, nia, fin, eve} {
		for name, call := range map[string]func(uuid.UUID) error{
			"read": func(id uuid.UUID) error { _, err := w.jobseekers.Read(as(p), id); return err },
			"correct": func(id uuid.UUID) error {
				_, err := w.jobseekers.Correct(as(p), id, 1, jobseeker.Details{Name: "X"})
				return err
			},
			"transfer":   func(id uuid.UUID) error { _, err := w.jobseekers.Transfer(as(p), id, 1, ben.ID); return err },
			"invite":     func(id uuid.UUID) error { _, _, err := w.jobseekers.Invite(as(p), id); return err },
			"statements": func(id uuid.UUID) error { _, err := w.jobseekers.Statements(as(p), id); return err },
			"say":        func(id uuid.UUID) error { _, err := w.jobseekers.Say(as(p), id, "I need a bike."); return err },
			"looks": func(id uuid.UUID) error {
				_, _, err := w.jobseekers.Looks(as(p), id, jobseeker.Page{Number: 1, Size: 10})
				return err
			},
			"assessment": func(id uuid.UUID) error { _, err := w.assessments.Read(as(p), id); return err },
			"needs":      func(id uuid.UUID) error { _, err := w.assessments.Needs(as(p), id); return err },
			"save":       func(id uuid.UUID) error { _, err := w.assessments.Save(as(p), id, 0, nil); return err },
			"versions":   func(id uuid.UUID) error { _, err := w.assessments.Versions(as(p), id); return err },
		} {
			there, gone := call(j.ID), call(nobody)
			if kind(there) != fault.NotFound || there.Error() != gone.Error() {
				t.Errorf("%s of somebody else's record by %v = %v, of none = %v", name, p.Roles, there, gone)
			}
		}
	}
	if got := w.count("SELECT count(*) FROM audit_entry WHERE jobseeker_id = ? AND person IN ?", j.ID, []uuid.UUID{cal.ID, nia.ID, fin.ID, eve.ID}); got != 0 {
		t.Errorf("%d audit entries say that somebody looked who saw nothing", got)
	}
}

func TestNobodyActsWithoutSigningIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, id := context.Background(), uuid.New()
	for name, call := range map[string]func() error{
		"me":         func() error { _, err := w.jobseekers.Me(ctx); return err },
		"list":       func() error { _, _, err := w.jobseekers.List(ctx, jobseeker.Query{}); return err },
		"add":        func() error { _, err := w.jobseekers.Add(ctx, jobseeker.Newcomer{}); return err },
		"read":       func() error { _, err := w.jobseekers.Read(ctx, id); return err },
		"correct":    func() error { _, err := w.jobseekers.Correct(ctx, id, 1, jobseeker.Details{}); return err },
		"coaches":    func() error { _, err := w.jobseekers.Coaches(ctx, "Oldham"); return err },
		"transfer":   func() error { _, err := w.jobseekers.Transfer(ctx, id, 1, id); return err },
		"invite":     func() error { _, _, err := w.jobseekers.Invite(ctx, id); return err },
		"accept":     func() error { _, err := w.jobseekers.Accept(ctx, "7K3M9-2QXAB"); return err },
		"statements": func() error { _, err := w.jobseekers.Statements(ctx, id); return err },
		"say":        func() error { _, err := w.jobseekers.Say(ctx, id, "x"); return err },
		"looks":      func() error { _, _, err := w.jobseekers.Looks(ctx, id, jobseeker.Page{Number: 1, Size: 1}); return err },
		"assessment": func() error { _, err := w.assessments.Read(ctx, id); return err },
		"needs":      func() error { _, err := w.assessments.Needs(ctx, id); return err },
		"save":       func() error { _, err := w.assessments.Save(ctx, id, 0, nil); return err },
		"versions":   func() error { _, err := w.assessments.Versions(ctx, id); return err },
	} {
		if err := call(); kind(err) != fault.Unauthenticated {
			t.Errorf("%s by nobody = %v", name, err)
		}
	}
}

func TestSomebodyWhoMayAlreadyBeHereIsNeverAddedSilently(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first, err := w.jobseekers.Add(as(asha), jobseeker.Newcomer{
		Details: jobseeker.Details{Name: "Siân O’Neill", Email: "sian@example.com", Postcode: "OL1 1AA"}, Area: "Oldham",
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name  string
		coach identity.Person
		jobseeker.Details
		alike bool
	}{
		{"the same name and postcode, typed otherwise", ben, jobseeker.Details{Name: "sian oneill", Postcode: "ol1 1aa"}, true},
		{"the same e-mail, in capitals", ben, jobseeker.Details{Name: "S. Jones", Email: "SIAN@example.com"}, true},
		{"the same in another area", cal, jobseeker.Details{Name: "Siân O’Neill", Email: "sian@example.com", Postcode: "OL1 1AA"}, false},
		{"the same name elsewhere", ben, jobseeker.Details{Name: "Siân O’Neill", Postcode: "OL2 5AA"}, false},
		{"the same postcode, another name", ben, jobseeker.Details{Name: "Rhys O’Neill", Postcode: "OL1 1AA"}, false},
	} {
		n := jobseeker.Newcomer{Details: test.Details, Area: test.coach.Areas[0]}
		_, err := w.jobseekers.Add(as(test.coach), n)
		duplicate, isDuplicate := errors.AsType[*jobseeker.PossibleDuplicate](err)
		if isDuplicate != test.alike {
			t.Errorf("%s: Add() = %v", test.name, err)
			continue
		}
		if !test.alike {
			continue
		}
		if kind(err) != fault.Conflict || len(duplicate.Candidates) != 1 || duplicate.Candidates[0].ID != first.ID {
			t.Errorf("%s: Add() = %v, candidates %v", test.name, err, duplicate.Candidates)
		}
		if strings.Contains(err.Error(), "O’Neill") {
			t.Errorf("%s: the error names somebody", test.name)
		}
		n.Different = true
		if _, err := w.jobseekers.Add(as(test.coach), n); err != nil {
			t.Errorf("%s: Add(different) = %v", test.name, err)
		}
	}
	// Ben was shown her twice before he said that it was somebody else.
	if got := w.count("SELECT count(*) FROM audit_entry WHERE jobseeker_id = ? AND person = ?", first.ID, ben.ID); got != 2 {
		t.Errorf("%d audit entries of looking at the candidate, want 2", got)
	}
}

func TestOfTwoCoachesWhoAddOnePersonAtOnceOneIsWarned(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var wg sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		coach := []identity.Person{asha, ben}[i%2]
		wg.Go(func() {
			_, errs[i] = w.jobseekers.Add(as(coach), jobseeker.Newcomer{Details: jobseeker.Details{Name: "Dan Li", Postcode: "OL1 1AA"}, Area: "Oldham"})
		})
	}
	wg.Wait()
	added := 0
	for _, err := range errs {
		if err == nil {
			added++
		} else if kind(err) != fault.Conflict {
			t.Error(err)
		}
	}
	if added != 1 {
		t.Errorf("added %d times", added)
	}
}

func TestTheSameFormTwiceAddsOnePerson(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := db.WithKey(as(asha), "a form")
	n := jobseeker.Newcomer{Details: jobseeker.Details{Name: "Dan Li", Postcode: "OL1 1AA"}, Area: "Oldham"}
	first, err := w.jobseekers.Add(ctx, n)
	if err != nil {
		t.Fatal(err)
	}
	again, err := w.jobseekers.Add(ctx, n)
	if err != nil || again.ID != first.ID {
		t.Errorf("again = %v %v, want %v", again.ID, err, first.ID)
	}
	n.Name = "Dan Lee"
	if _, err := w.jobseekers.Add(ctx, n); kind(err) != fault.Conflict {
		t.Errorf("the same key for another person = %v", err)
	}
	if got := w.count("SELECT count(*) FROM jobseeker"); got != 1 {
		t.Errorf("%d jobseekers", got)
	}
}

func TestAFormThatMetAWarningCanBeSentAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := jobseeker.Newcomer{Details: jobseeker.Details{Name: "Dan Li"}, Area: "Oldham"}
	if _, err := w.jobseekers.Add(as(asha), n); err != nil {
		t.Fatal(err)
	}
	ctx := db.WithKey(as(ben), "a form")
	if _, err := w.jobseekers.Add(ctx, n); kind(err) != fault.Conflict {
		t.Fatal(err)
	}
	n.Different = true
	if _, err := w.jobseekers.Add(ctx, n); err != nil {
		t.Errorf("sent again with the same key, as somebody else: %v", err)
	}
}

func TestTwoCorrectionsOfOneVersionAreNotBothTaken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	j := w.add(asha, "Dan Li")
	got, err := w.jobseekers.Correct(as(asha), j.ID, 1, jobseeker.Details{Name: "Daniel Li", Phone: "07700 900123"})
	if err != nil || got.Version != 2 || got.Name != "Daniel Li" {
		t.Fatalf("Correct() = %+v %v", got, err)
	}
	if _, err := w.jobseekers.Correct(as(asha), j.ID, 1, jobseeker.Details{Name: "Danny Li"}); kind(err) != fault.Stale || !strings.HasPrefix(err.Error(), "Asha Begum corrected the details on ") {
		t.Errorf("Correct(stale) = %v", err)
	}
	if _, err := w.jobseekers.Correct(as(asha), j.ID, 2, jobseeker.Details{Name: "Dan", Postcode: "nope"}); kind(err) != fault.Invalid {
		t.Errorf("Correct(wrong) = %v", err)
	}
	got, err = w.jobseekers.Correct(as(asha), j.ID, 2, jobseeker.Details{Name: "Daniel Li"})
	if err != nil || got.Phone != "" {
		t.Errorf("clearing a field = %+v %v", got, err)
	}
}

func TestAManagerMovesAJobseekerToAnotherCoachOfTheArea(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	j := w.add(asha, "Dan Li")
	for _, p := range []identity.Person{ben, cal} { // who are known once they have signed in
		if _, err := w.jobseekers.Me(as(p)); err != nil {
			t.Fatal(err)
		}
	}
	coaches, err := w.jobseekers.Coaches(as(mo), "Oldham")
	if diff := cmp.Diff([]jobseeker.Coach{{ID: asha.ID, Name: asha.Name}, {ID: ben.ID, Name: ben.Name}}, coaches); err != nil || diff != "" {
		t.Fatalf("Coaches() = %v %s", err, diff)
	}
	if _, err := w.jobseekers.Coaches(as(mo), "Rochdale"); kind(err) != fault.NotFound {
		t.Errorf("Coaches(of another area) = %v", err)
	}
	for _, to := range []uuid.UUID{cal.ID, mo.ID, uuid.New()} {
		if _, err := w.jobseekers.Transfer(as(mo), j.ID, 1, to); kind(err) != fault.Invalid || fault.As(err).Fields[0].Pointer != "/coach_id" {
			t.Errorf("Transfer(to somebody who is no coach of the area) = %v", err)
		}
	}
	for _, p := range []identity.Person{asha, ben} {
		if _, err := w.jobseekers.Transfer(as(p), j.ID, 1, ben.ID); kind(err) != fault.Forbidden {
			t.Errorf("Transfer(by a coach) = %v", err)
		}
	}
	moved, err := w.jobseekers.Transfer(as(mo), j.ID, 1, ben.ID)
	if err != nil || moved.CoachID != ben.ID || moved.CoachName != "Ben Okoro" || moved.Version != 2 {
		t.Fatalf("Transfer() = %+v %v", moved, err)
	}
	if _, err := w.jobseekers.Transfer(as(mo), j.ID, 1, asha.ID); kind(err) != fault.Stale || !strings.HasPrefix(err.Error(), "Mo Hussain moved the jobseeker to another work coach on ") {
		t.Errorf("Transfer(stale) = %v", err)
	}
	if _, err := w.jobseekers.Correct(as(asha), j.ID, 2, jobseeker.Details{Name: "X"}); kind(err) != fault.Forbidden {
		t.Errorf("the coach before can still change the record: %v", err)
	}
	if _, err := w.jobseekers.Correct(as(ben), j.ID, 2, jobseeker.Details{Name: "Dan Lee"}); err != nil {
		t.Errorf("the new coach can't: %v", err)
	}
}

func TestACaseloadIsInOrderPagedAndCounted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, name := range []string{"Zoë", "álvaro", "Bea", "O'Dowd", "Oakes"} {
		w.add(asha, name)
	}
	w.add(ben, "Carla")
	w.add(cal, "Dora")

	names := func(p identity.Person, q jobseeker.Query) []string {
		t.Helper()
		shown, _, err := w.jobseekers.List(as(p), q)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, s := range shown {
			names = append(names, s.Name)
		}
		return names
	}
	all := jobseeker.Page{Number: 1, Size: 100}
	for _, test := range []struct {
		name string
		p    identity.Person
		q    jobseeker.Query
		want []string
	}{
		{"a coach sees the area", asha, jobseeker.Query{Page: all}, []string{"álvaro", "Bea", "Carla", "Oakes", "O'Dowd", "Zoë"}},
		{"a coach's own caseload", ben, jobseeker.Query{Mine: true, Page: all}, []string{"Carla"}},
		{"a manager sees the area", mo, jobseeker.Query{Page: all}, []string{"álvaro", "Bea", "Carla", "Oakes", "O'Dowd", "Zoë"}},
		{"a manager has no caseload", mo, jobseeker.Query{Mine: true, Page: all}, nil},
		{"another area", nia, jobseeker.Query{Page: all}, []string{"Dora"}},
		{"the second page", asha, jobseeker.Query{Page: jobseeker.Page{Number: 2, Size: 4}}, []string{"O'Dowd", "Zoë"}},
		{"past the end", asha, jobseeker.Query{Page: jobseeker.Page{Number: 9, Size: 4}}, nil},
	} {
		if diff := cmp.Diff(test.want, names(test.p, test.q)); diff != "" {
			t.Errorf("%s: %s", test.name, diff)
		}
	}
	if _, total, _ := w.jobseekers.List(as(asha), jobseeker.Query{Page: jobseeker.Page{Number: 9, Size: 4}}); total != 6 {
		t.Errorf("total past the end = %d, want 6", total)
	}
	for _, p := range []identity.Person{fin, dan} {
		if _, _, err := w.jobseekers.List(as(p), jobseeker.Query{Page: all}); kind(err) != fault.Forbidden {
			t.Errorf("List(by %v) = %v", p.Roles, err)
		}
	}
	nowhere := identity.Person{ID: uuid.New(), Roles: []identity.Role{identity.Manager}}
	if got := names(nowhere, jobseeker.Query{Page: all}); got != nil {
		t.Errorf("a manager of no area sees %v", got)
	}
}

func TestASearchFindsPeopleAsCoachesTypeThem(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, d := range []jobseeker.Details{
		{Name: "Siân O’Neill", KnownAs: "Shan", Email: "s_oneill@example.org", Postcode: "OL1 1AA"},
		{Name: "Mohammed Iqbal", Postcode: "OL8 4QS"},
		{Name: "Łukasz Żółć", Email: "lukasz@example.net"},
	} {
		if _, err := w.jobseekers.Add(as(asha), jobseeker.Newcomer{Details: d, Area: "Oldham"}); err != nil {
			t.Fatal(err)
		}
	}
	for q, want := range map[string]string{
		"":                   "Łukasz Żółć, Mohammed Iqbal, Siân O’Neill",
		"sian":               "Siân O’Neill",
		"ONEILL shan":        "Siân O’Neill",
		"s_oneill":           "Siân O’Neill",
		"ol11aa":             "Siân O’Neill",
		"OL1":                "Siân O’Neill",
		"ol8 4qs":            "Mohammed Iqbal",
		"mohamed":            "Mohammed Iqbal",
		"lukasz zolc":        "Łukasz Żółć",
		"Łuk":                "Łukasz Żółć",
		"example.net":        "Łukasz Żółć",
		"sian iqbal":         "",
		"%":                  "Łukasz Żółć, Mohammed Iqbal, Siân O’Neill",
		"' DROP TABLE x":     "",
		"nobody of the name": "",
	} {
		shown, total, err := w.jobseekers.List(as(asha), jobseeker.Query{Words: jobseeker.Words(q), Page: jobseeker.Page{Number: 1, Size: 10}})
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, s := range shown {
			names = append(names, s.Name)
		}
		if got := strings.Join(names, ", "); got != want || total != len(shown) {
			t.Errorf("searching %q found %q (%d), want %q", q, got, total, want)
		}
	}
}

func TestASummarySaysHowFarAPersonHasGot(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	fresh, j := w.add(asha, "Amy"), w.add(asha, "Dan")
	w.link(j, dan)
	if _, err := w.jobseekers.Say(as(dan), j.ID, "I need a bike."); err != nil {
		t.Fatal(err)
	}
	w.save(asha, j.ID, 0, bike, boots)
	w.save(asha, j.ID, 1, assessment.Answer{Category: boots.Category, Standing: assessment.Strength})

	shown, _, err := w.jobseekers.List(as(asha), jobseeker.Query{Page: jobseeker.Page{Number: 1, Size: 10}})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]jobseeker.Summary{
		{ID: fresh.ID, Name: "Amy", Area: "Oldham", CoachID: asha.ID, CoachName: asha.Name},
		{ID: j.ID, Name: "Dan", Area: "Oldham", CoachID: asha.ID, CoachName: asha.Name, Online: true, HasStatement: true, InTheWay: 1, AssessedAt: w.now},
	}, shown); diff != "" {
		t.Error(diff)
	}
	shown, total, err := w.jobseekers.List(as(asha), jobseeker.Query{Unassessed: true, Page: jobseeker.Page{Number: 1, Size: 10}})
	if err != nil || total != 1 || shown[0].ID != fresh.ID {
		t.Errorf("List(unassessed) = %v %d %v", shown, total, err)
	}
	shown, _, err = w.jobseekers.List(as(asha), jobseeker.Query{IDs: []uuid.UUID{j.ID, uuid.New()}, Page: jobseeker.Page{Number: 1, Size: 10}})
	if err != nil || len(shown) != 1 || shown[0].ID != j.ID {
		t.Errorf("List(ids) = %v %v", shown, err)
	}
}

// The database is the last to refuse: the serving login has no right to change
// or remove what is only ever added to.
func TestTheServiceMayNotRewriteWhatWasSaid(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	j := w.add(asha, "Dan")
	if _, err := w.jobseekers.Say(as(asha), j.ID, "I need a bike."); err != nil {
		t.Fatal(err)
	}
	w.save(asha, j.ID, 0, bike)
	owner := dbtest.Owner(t, w.db)
	for _, table := range []string{"statement", "assessment", "answer", "audit_entry"} {
		for _, sql := range []string{"DELETE FROM %s", "TRUNCATE %s CASCADE"} {
			for who, d := range map[string]*db.DB{"the service": w.db, "the owner": owner} {
				if err := d.Gorm.Exec(fmt.Sprintf(sql, table)).Error; err == nil {
					t.Errorf("%s may %s", who, fmt.Sprintf(sql, table))
				}
			}
		}
	}
	for _, sql := range []string{
		"UPDATE statement SET words = 'A course, please.'",
		"UPDATE assessment SET version = 9",
		"UPDATE answer SET in_the_way = 'Nothing.'",
		"UPDATE audit_entry SET person = gen_random_uuid()",
		"UPDATE jobseeker SET area = 'Rochdale'",
		"UPDATE jobseeker SET id = gen_random_uuid()",
		"DELETE FROM jobseeker",
		"UPDATE invitation SET expires_at = 'infinity'",
		"DELETE FROM invitation",
	} {
		if err := w.db.Gorm.Exec(sql).Error; err == nil {
			t.Errorf("the service may %s", sql)
		}
	}
}
