package postgres_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	told "github.com/instead-support/instead/api/events"
	"github.com/instead-support/instead/api/events/eventstest"
	"github.com/instead-support/instead/pkg/events/eventtest"
	"github.com/instead-support/instead/services/needs/internal/assessment"
	"github.com/instead-support/instead/services/needs/internal/postgres"
)

// Whoever counts what stands in people's way is told of each part that a save
// changed, and hears the same when it is told again.
func TestEachPartOfAnAssessmentThatASaveChangesIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.now = w.now.Truncate(time.Microsecond)
	dan, ada := w.add(asha, "Dan"), w.add(asha, "Ada")
	w.add(asha, "Bea") // with whom nothing was explored
	w.save(asha, dan.ID, 0, bike, fit)
	w.save(asha, ada.ID, 0, boots)
	w.now = w.now.Add(time.Hour)
	ridden := assessment.Answer{Category: bike.Category, Standing: assessment.Strength}
	w.save(asha, dan.ID, 1, ridden, fit) // of which fit is as it was
	w.save(asha, dan.ID, 2, ridden)      // and nothing is new

	type part struct {
		need     uuid.UUID
		version  int64
		category string
		inTheWay bool
	}
	of := func(e told.NeedAssessed) part {
		if e.Area != dan.Area {
			t.Errorf("it is told of %q, in %s", e.Area, dan.Area)
		}
		return part{e.NeedID, e.Version, e.Category, e.InTheWay}
	}
	var got []part
	newest := map[uuid.UUID]told.NeedAssessed{}
	for _, e := range eventstest.Of[told.NeedAssessed](t, eventtest.Told(t, w.db)) {
		got, newest[e.NeedID] = append(got, of(e)), e
	}
	id := assessment.NeedID
	if diff := cmp.Diff([]part{
		{id(dan.ID, "getting-there"), 1, "getting-there", true}, {id(dan.ID, "health"), 1, "health", false},
		{id(ada.ID, "clothes"), 1, "clothes", true},
		{id(dan.ID, "getting-there"), 2, "getting-there", false},
	}, got, cmp.AllowUnexported(part{})); diff != "" {
		t.Error(diff)
	}
	again := map[uuid.UUID]told.NeedAssessed{}
	for _, e := range eventtest.Again(t, postgres.Told(w.db)...) {
		again[e.(told.NeedAssessed).NeedID] = e.(told.NeedAssessed)
	}
	if diff := cmp.Diff(newest, again); diff != "" {
		t.Errorf("told again otherwise: %s", diff)
	}
}
