package postgres_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"
	"gorm.io/gorm"
	"pgregory.net/rapid"

	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/needs/internal/assessment"
	"github.com/instead-support/instead/services/needs/internal/postgres"
)

var (
	bike  = assessment.Answer{Category: "getting-there", Standing: assessment.InTheWay, InTheWay: "No bus before 7.", WouldRemove: "A bike."}
	boots = assessment.Answer{Category: "clothes", Standing: assessment.InTheWay, InTheWay: "No safety boots.", WouldRemove: "Boots."}
	fit   = assessment.Answer{Category: "health", Standing: assessment.Strength}
)

func (w *world) save(p identity.Person, id uuid.UUID, version int64, answers ...assessment.Answer) assessment.Assessment {
	w.t.Helper()
	a, err := w.assessments.Save(as(p), id, version, answers)
	if err != nil {
		w.t.Fatal(err)
	}
	return a
}

func TestAnAssessmentComesBackAsItWasSavedWithEveryVersionKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	j := w.add(asha, "Dan")

	blank, err := w.assessments.Read(as(asha), j.ID)
	if err != nil || blank.Version != 0 || len(blank.Needs) != len(assessment.Categories) {
		t.Fatalf("before the first save: %+v %v", blank, err)
	}
	first := w.save(asha, j.ID, 0, fit, bike)
	w.now = w.now.Add(1)
	again := w.save(asha, j.ID, 1, boots, bike)
	got, err := w.assessments.Read(as(mo), j.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(again, got, cmpopts.EquateApproxTime(1000)); diff != "" {
		t.Error(diff)
	}
	for i, n := range got.Needs {
		if n.ID != blank.Needs[i].ID || n.ID != first.Needs[i].ID {
			t.Errorf("the id of need %s changed", n.Category)
		}
	}
	versions, err := w.assessments.Versions(as(asha), j.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]assessment.Version{
		{Number: 2, By: asha.ID, ByName: asha.Name, Changed: []assessment.Answer{boots}},
		{Number: 1, By: asha.ID, ByName: asha.Name, Changed: []assessment.Answer{bike, fit}},
	}, versions, cmpopts.IgnoreFields(assessment.Version{}, "At")); diff != "" {
		t.Error(diff)
	}
	needs, err := w.assessments.Needs(as(asha), j.ID)
	if err != nil || len(needs) != 2 || needs[0].Answer != bike || needs[1].Answer != boots {
		t.Errorf("Needs() = %v %v", needs, err)
	}
}

func TestOfManySavesOverOneVersionOneIsTaken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	j := w.add(asha, "Dan")
	var wg sync.WaitGroup
	errs := make([]error, 16)
	for i := range errs {
		wg.Go(func() {
			_, errs[i] = w.assessments.Save(as(asha), j.ID, 0, []assessment.Answer{{
				Category: assessment.Categories[i%len(assessment.Categories)], Standing: assessment.Strength,
			}})
		})
	}
	wg.Wait()
	taken := 0
	for _, err := range errs {
		if err == nil {
			taken++
		} else if kind(err) != fault.Stale || !strings.HasPrefix(err.Error(), "Asha Begum changed ") {
			t.Error(err)
		}
	}
	if got := w.count("SELECT count(*) FROM answer"); taken != 1 || got != 1 {
		t.Errorf("%d saves taken, %d answers kept", taken, got)
	}
}

func TestASaveSentTwiceIsMadeOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	j := w.add(asha, "Dan")
	ctx := db.WithKey(as(asha), "a form")
	for range 2 {
		a, err := w.assessments.Save(ctx, j.ID, 0, []assessment.Answer{bike})
		if err != nil || a.Version != 1 {
			t.Fatalf("Save() = version %d, %v", a.Version, err)
		}
	}
	if _, err := w.assessments.Save(ctx, j.ID, 1, []assessment.Answer{boots}); kind(err) != fault.Conflict {
		t.Errorf("Save(another page, the same key) = %v", err)
	}
}

func (w *world) hear(r assessment.Request) {
	w.t.Helper()
	err := db.Tx(as(identity.Person{}), w.db.Gorm, func(tx *gorm.DB) error { return postgres.Hear(tx.Statement.Context, tx, r) })
	if err != nil {
		w.t.Fatal(err)
	}
}

func TestANeedShowsTheRequestsThatSupportIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	j, other := w.add(asha, "Dan"), w.add(asha, "Eve")
	a := w.save(asha, j.ID, 0, bike, boots)
	needs := a.InTheWay()
	r := assessment.Request{ID: uuid.New(), JobseekerID: j.ID, Reference: "FR-7K3M-92QX", State: "submitted", Version: 2, Needs: []uuid.UUID{needs[0].ID, needs[0].ID, needs[1].ID}}
	w.hear(r)

	want := []assessment.Support{{RequestID: r.ID, Reference: r.Reference, State: "submitted"}}
	got, err := w.assessments.Needs(as(asha), j.ID)
	if err != nil || !cmp.Equal(got[0].Supports, want) || !cmp.Equal(got[1].Supports, want) {
		t.Fatalf("Needs() = %v %v, want %v", got, err, want)
	}
	r.State, r.Version, r.Needs = "approved", 3, r.Needs[:1]
	w.hear(r)
	want[0].State = "approved"
	page, err := w.assessments.Read(as(asha), j.ID)
	if got := page.InTheWay(); err != nil || !cmp.Equal(got[0].Supports, want) || got[1].Supports != nil {
		t.Errorf("Read() = %v %v, want %v and none", got, err, want)
	}
	if page, err := w.assessments.Read(as(asha), other.ID); err != nil || page.Needs[0].Supports != nil {
		t.Errorf("somebody else's need is supported too: %v %v", page.Needs[0], err)
	}
}

// However the tellings of some requests come, twice and out of order, what is
// known at the end is the last that was said of each.
func TestWhatFundingTellsMayComeTwiceAndInAnyOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	states := []string{"draft", "submitted", "returned", "submitted", "approved"}
	rapid.Check(t, func(t *rapid.T) {
		jobseeker := uuid.New()
		var told []assessment.Request
		want := map[uuid.UUID]assessment.Request{}
		for range rapid.IntRange(1, 3).Draw(t, "requests") {
			r := assessment.Request{ID: uuid.New(), JobseekerID: jobseeker, Reference: "FR-7K3M-92QX"}
			for v := range rapid.IntRange(1, len(states)).Draw(t, "versions") {
				r.Version, r.State, r.Needs = int64(v+1), states[v], []uuid.UUID{}
				for _, c := range rapid.SliceOfNDistinct(rapid.SampledFrom(assessment.Categories), 0, 3, rapid.ID).Draw(t, "needs") {
					r.Needs = append(r.Needs, assessment.NeedID(jobseeker, c))
				}
				told = append(told, r)
			}
			want[r.ID] = r
		}
		told = append(told, rapid.SliceOfN(rapid.SampledFrom(told), 0, 5).Draw(t, "again")...)
		for _, r := range rapid.Permutation(told).Draw(t, "order") {
			w.hear(r)
		}
		type row struct {
			ID      uuid.UUID
			State   string
			Version int64
			Needs   int
		}
		var rows []row
		if err := w.db.Gorm.Raw("SELECT id, state, version, cardinality(need_ids) AS needs FROM funding_request WHERE jobseeker_id = ?", jobseeker).Scan(&rows).Error; err != nil {
			t.Fatal(err)
		}
		if len(rows) != len(want) {
			t.Fatalf("%d requests known, want %d", len(rows), len(want))
		}
		for _, got := range rows {
			last := want[got.ID]
			if diff := cmp.Diff(row{last.ID, last.State, last.Version, len(last.Needs)}, got); diff != "" {
				t.Fatal(diff)
			}
		}
	})
}

// answers is a page with one answer on it, with this standing and no words.
func answers(standing assessment.Standing) []assessment.Answer {
	return []assessment.Answer{{Category: "health", Standing: standing}}
}

func second[T any](_ T, err error) error { return err }
