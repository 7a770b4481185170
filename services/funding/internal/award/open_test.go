package award_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/funding/internal/award"
	"github.com/instead-support/instead/services/funding/internal/award/awardtest"
)

func TestAnAllowanceFreezesThePriceOfItsDayWithItsSource(t *testing.T) {
	t.Parallel()
	w := awardtest.NewWorld()
	price := w.Catalogue.Add(125000)
	day := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	got := must(w.Awards(awardtest.NewMemory()).Open(as(w.Amina), award.Opening{JobseekerID: w.SamsRecord, CourseID: price.CourseID, PricedOn: day}))(t)
	want := &award.Allowance{
		ID: got.ID, JobseekerID: w.SamsRecord, CourseID: price.CourseID, CourseCode: "C1", CourseName: "Warehouse skills",
		PriceID: price.PriceID, Cap: 125000, PricedOn: day, Source: "prices-2026.csv",
		Area: "Oldham", CoachID: w.Amina.ID, CoachName: "Amina", OpenedAt: got.OpenedAt, Version: 1,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestAnAllowanceIsNotOpenedOnAPriceThatMayNotBeACap(t *testing.T) {
	t.Parallel()
	w := awardtest.NewWorld()
	awards := w.Awards(awardtest.NewMemory())
	good := w.Catalogue.Add(1000)
	flagged := w.Catalogue.Add(99999999)
	flagged.Confirmed = false
	w.Catalogue[flagged.CourseID] = flagged
	free := w.Catalogue.Add(0)
	tomorrow := time.Date(2026, 6, 2, 0, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		o    award.Opening
		want []string
	}{
		"of a day to come": {award.Opening{CourseID: good.CourseID, PricedOn: tomorrow}, []string{"/priced_on"}},
		"unconfirmed":      {award.Opening{CourseID: flagged.CourseID}, []string{"/course_id"}},
		"of nothing":       {award.Opening{CourseID: free.CourseID}, []string{"/course_id"}},
	} {
		c.o.JobseekerID = w.SamsRecord
		_, err := awards.Open(as(w.Amina), c.o)
		if diff := cmp.Diff(c.want, pointers(err)); diff != "" || !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v\n%s", name, err, diff)
		}
	}
	if _, err := awards.Open(as(w.Amina), award.Opening{JobseekerID: w.SamsRecord, CourseID: uuid.New()}); !fault.Is(err, fault.NotFound) {
		t.Errorf("of a course that is not there: %v, want not-found", err)
	}
}

func TestTodayIsTheDayInLondon(t *testing.T) {
	t.Parallel()
	for at, want := range map[time.Time]string{
		time.Date(2026, 6, 1, 22, 59, 0, 0, time.UTC): "2026-06-01",
		time.Date(2026, 6, 1, 23, 1, 0, 0, time.UTC):  "2026-06-02", // British Summer Time
		time.Date(2026, 12, 1, 23, 1, 0, 0, time.UTC): "2026-12-01",
	} {
		if got := award.Today(at); got.Format(time.DateOnly) != want || got.Location() != time.UTC || got.Hour() != 0 {
			t.Errorf("Today(%v) = %v, want %s", at, got, want)
		}
	}
}

func TestOnlyTheJobseekersCoachOpensAnAllowance(t *testing.T) {
	t.Parallel()
	w := awardtest.NewWorld()
	awards := w.Awards(awardtest.NewMemory())
	price := w.Catalogue.Add(1000)
	o := award.Opening{JobseekerID: w.SamsRecord, CourseID: price.CourseID}
	for _, p := range []identity.Person{w.Chloe, w.Bilal, w.Priya, w.Finn, w.Sam, w.Nobody} {
		if _, err := awards.Open(as(p), o); !fault.Is(err, fault.Forbidden) {
			t.Errorf("%s %v: Open() = %v, want forbidden", p.Name, p.Roles, err)
		}
	}
	if _, err := awards.Open(t.Context(), o); !fault.Is(err, fault.Unauthenticated) {
		t.Errorf("nobody signed in: Open() = %v", err)
	}
	must(awards.Open(as(w.Amina), o))(t)
	if _, err := awards.Open(as(w.Amina), o); !fault.Is(err, fault.Conflict) {
		t.Errorf("a second allowance for the same course: %v, want conflict", err)
	}
}

func TestACoachWhoTakesAJobseekerOverTakesTheirRequestsOverToo(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1000)
	r := d.in(award.Returned)
	if _, err := d.Edit(as(d.Chloe), r.ID, r.Version, award.Ask{Lines: r.Lines}); !fault.Is(err, fault.Forbidden) {
		t.Fatalf("before: Edit() = %v, want forbidden", err)
	}
	j := d.Needs.People[d.SamsRecord]
	j.CoachID, j.CoachName = d.Chloe.ID, d.Chloe.Name
	d.Needs.People[d.SamsRecord] = j

	// Needs is asked before anything is submitted, so the one before is refused
	// at once, and the new one need do nothing to be known.
	if _, err := d.Submit(as(d.Amina), r.ID, r.Version); !fault.Is(err, fault.Forbidden) {
		t.Errorf("the coach before: Submit() = %v, want forbidden", err)
	}
	s := must(d.Edit(as(d.Chloe), r.ID, r.Version, award.Ask{Lines: r.Lines}))(t)
	if s.Allowance.CoachID != d.Chloe.ID || s.Allowance.CoachName != "Chloe" {
		t.Errorf("the allowance is still with %s", s.Allowance.CoachName)
	}
	must(d.Draft(as(d.Chloe), d.allowance.ID, d.Fund.ID))(t)
	must(d.Submit(as(d.Chloe), r.ID, s.Request.Version))(t)
	if _, err := d.Draft(as(d.Amina), d.allowance.ID, d.Fund.ID); !fault.Is(err, fault.Forbidden) {
		t.Errorf("the coach before: Draft() = %v, want forbidden", err)
	}
}
