package postgres_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	told "github.com/instead-support/instead/api/events"
	"github.com/instead-support/instead/api/events/eventstest"
	"github.com/instead-support/instead/pkg/events/eventtest"
	"github.com/instead-support/instead/services/outcomes/internal/outcome"
	"github.com/instead-support/instead/services/outcomes/internal/postgres"
	"github.com/instead-support/instead/services/outcomes/internal/rating"
)

// again is everything of a kind that would be told again now, by its schema.
func again[E interface{ EventName() string }](t *testing.T, w *world) []E {
	t.Helper()
	store, err := postgres.NewStore(w.db)
	if err != nil {
		t.Fatal(err)
	}
	var envelopes []string
	for _, e := range eventtest.Again(t, store.Told()...) {
		b, err := json.Marshal(map[string]any{"name": e.EventName(), "data": e})
		if err != nil {
			t.Fatal(err)
		}
		envelopes = append(envelopes, string(b))
	}
	return eventstest.Of[E](t, envelopes)
}

// However people change their minds: what was told last of a course is what all of
// them said last, and is what is told again.
func TestWhatEverybodySaysOfACourseIsToldWithEachThatSaysIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	course, other := uuid.New(), uuid.New()
	line := func(course uuid.UUID) rating.Subject {
		return rating.Subject{About: uuid.New(), Kind: rating.Line, CourseID: course, CourseName: "Warehouse skills", Request: uuid.New()}
	}
	for i := range 4 {
		id, p := w.join()
		j := w.jobseekers[id]
		if i == 3 {
			j.Area = "Rochdale"
			w.jobseekers[id] = j
		}
		w.paid = []rating.Subject{line(course), line(course), line(other)}
		for n, said := range []rating.Said{{Helped: rating.ALot, Course: rating.WouldYes}, {Helped: rating.ALot, Course: rating.WouldNo}, {Helped: rating.Harder, Course: rating.WouldNo}} {
			w.now = w.now.Add(time.Minute)
			if _, err := w.ratings.Say(as(p), id, w.paid[0].About, int64(n), said); err != nil {
				t.Fatal(err)
			}
		}
		for _, about := range w.paid[1:] {
			if _, err := w.ratings.Say(as(p), id, about.About, 0, rating.Said{Helped: rating.ALittle, Course: rating.WouldNo}); err != nil {
				t.Fatal(err)
			}
		}
	}
	type of struct {
		area   string
		course uuid.UUID
	}
	newest := map[of]told.Rated{}
	differences := map[of]map[told.Answered]int64{}
	for _, e := range eventstest.Of[told.Rated](t, eventtest.Told(t, w.db)) {
		k := of{e.Area, e.CourseID}
		if e.Version <= newest[k].Version {
			t.Errorf("version %d was told after %d", e.Version, newest[k].Version)
		}
		newest[k] = e
		if differences[k] == nil {
			differences[k] = map[told.Answered]int64{}
		}
		differences[k][e.Now]++
		differences[k][e.Before]--
	}
	count := func(helped, more string, n int64) told.Count {
		return told.Count{Helped: helped, CourseWouldHelpMore: more, Answers: n}
	}
	want := map[of][]told.Count{
		{"Oldham", course}:   {count("a-little", "no", 3), count("harder", "no", 3)},
		{"Oldham", other}:    {count("a-little", "no", 3)},
		{"Rochdale", course}: {count("a-little", "no", 1), count("harder", "no", 1)},
		{"Rochdale", other}:  {count("a-little", "no", 1)},
	}
	got, now := map[of][]told.Count{}, map[of][]told.Count{}
	for k, e := range newest {
		got[k] = e.Counts
		for _, c := range e.Counts { // which whoever adds up the differences gets to as well
			if n := differences[k][told.Answered{Helped: c.Helped, CourseWouldHelpMore: c.CourseWouldHelpMore}]; n != c.Answers {
				t.Errorf("%d say %s, and the differences come to %d", c.Answers, c.Helped, n)
			}
		}
	}
	for _, e := range again[told.Rated](t, w) {
		k := of{e.Area, e.CourseID}
		now[k] = e.Counts
		if e.Version != newest[k].Version || e.Now != (told.Answered{}) || e.Before != (told.Answered{}) {
			t.Errorf("told again as if somebody had said something: %+v", e)
		}
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(of{})); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(want, now, cmp.AllowUnexported(of{})); diff != "" {
		t.Errorf("told again otherwise: %s", diff)
	}
	if err := w.db.Gorm.Exec("UPDATE rating_count SET answers = 9").Error; err == nil {
		t.Error("the service writes what follows from the ratings")
	}
}

func TestAnOutcomeIsToldAgainAsItStandsWithEachAnswerThatStands(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	dan, self := w.join()
	answered, struck := w.record(dan, w.aJob(200)), w.record(dan, w.aJob(10))
	if _, err := w.outcomes.Answer(as(self), answered.Checks[0].ID, 1, outcome.Answer{InWork: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.outcomes.Strike(as(asha), struck.ID, 1, "It was somebody else."); err != nil {
		t.Fatal(err)
	}
	outcomes := map[uuid.UUID]told.OutcomeRecorded{}
	for _, e := range again[told.OutcomeRecorded](t, w) {
		outcomes[e.OutcomeID] = e
	}
	checks := again[told.CheckRecorded](t, w)
	if len(outcomes) != 2 || len(checks) != 1 {
		t.Fatalf("told again %+v, %+v", outcomes, checks)
	}
	before := eventstest.Of[told.CheckRecorded](t, eventtest.Told(t, w.db))
	if diff := cmp.Diff(before, checks); diff != "" {
		t.Errorf("the check was told otherwise: %s", diff)
	}
	if o := outcomes[answered.ID]; o.Version != 2 || o.Struck || len(o.AnsweredWeeks) != 1 || o.Sustained != checks[0].Sustained {
		t.Errorf("an answered outcome is told again as %+v", o)
	}
	for _, e := range eventstest.Of[told.OutcomeRecorded](t, eventtest.Told(t, w.db)) {
		if e.OutcomeID == struck.ID && e.Version == 2 {
			if diff := cmp.Diff(e, outcomes[struck.ID]); diff != "" {
				t.Errorf("a struck outcome was told otherwise: %s", diff)
			}
		}
	}
}
