package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"
	"pgregory.net/rapid"

	told "github.com/instead-support/instead/api/events"
	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/events"
	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/funding/internal/award"
	"github.com/instead-support/instead/services/funding/internal/policy"
	"github.com/instead-support/instead/services/funding/internal/postgres"
)

func TestARequestComesBackAsItWasSaved(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1000)
	r := d.draft(300, 200)
	first, second := r.Lines[1], d.Line(d.SamsRecord, 400)
	second.Supplier, second.Quote = "", ""
	s := must(d.Edit(d.as(d.Amina), r.ID, r.Version, award.Ask{
		Lines: []award.Line{second, first}, Elsewhere: award.Elsewhere{Pence: 50, From: "The Prince's Trust"},
	}))(t)
	if s.Request.Lines[1].ID != first.ID {
		t.Error("a line lost its id in an edit")
	}
	s = must(d.Submit(d.as(d.Amina), r.ID, s.Request.Version))(t)
	s = must(d.Return(d.as(d.Priya), r.ID, s.Request.Version, because))(t)
	s = must(d.Submit(d.as(d.Amina), r.ID, s.Request.Version))(t)
	s = must(d.Approve(d.as(d.Priya), r.ID, s.Request.Version, because))(t)
	got := must(d.Get(d.as(d.Priya), r.ID))(t)
	if diff := cmp.Diff(s, got, cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
	if got.Request.State() != award.Approved || got.Request.Awarded != 550 || got.Allowance.Committed != 550 || got.Allowance.Held != 0 {
		t.Errorf("%s with %d awarded, allowance %+v", got.Request.State(), got.Request.Awarded, got.Allowance.Totals)
	}
	_, postings, err := d.Allowance(d.as(d.Amina), d.allowance.ID)
	if err != nil {
		t.Fatal(err)
	}
	var kinds []award.Kind
	for _, p := range postings {
		kinds = append(kinds, p.Kind)
		if p.Reference != r.Reference || p.At.IsZero() {
			t.Errorf("posting %+v", p)
		}
	}
	if diff := cmp.Diff([]award.Kind{award.Hold, award.Release, award.Hold, award.Commit}, kinds); diff != "" {
		t.Error(diff)
	}
	agrees(t, d.db)
}

func TestWhoMayNotSeeARecordCannotTellThatItIsThere(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1000)
	r := d.submitted(100)
	for _, p := range []identity.Person{d.Rochdale, d.Owen, d.Ravi, d.Finn} {
		if _, err := d.Get(d.as(p), r.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("%v %s: Get() = %v, want not-found", p.Roles, p.Name, err)
		}
		if found, n, err := d.List(d.as(p), award.Filter{}, award.Page{Number: 1, Size: 10}); err != nil || n != 0 || len(found) != 0 {
			t.Errorf("%v %s: List() = %v, %d, %v", p.Roles, p.Name, found, n, err)
		}
	}
	if _, err := d.Approve(d.as(d.Rochdale), r.ID, r.Version, because); !fault.Is(err, fault.NotFound) {
		t.Errorf("a manager elsewhere: Approve() = %v, want not-found", err)
	}
	if _, err := d.Submit(d.as(d.Chloe), r.ID, r.Version); !fault.Is(err, fault.Forbidden) {
		t.Errorf("another coach of the area: Submit() = %v, want forbidden", err)
	}
	if _, err := d.Get(d.as(d.Sam), r.ID); err != nil {
		t.Errorf("the jobseeker: %v", err)
	}
	if _, err := d.Get(d.as(d.Sam), d.draft().ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("the jobseeker sees a draft: %v", err)
	}
}

// The policy is evaluated in Go, in SQL, and by the branches of a list. Whoever asks, of whatever
// record, they say the same.
func TestThePolicyInAWhereIsThePolicy(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1)
	areas := []string{"Oldham", "Rochdale", "", "O'ldham"}
	ids := []uuid.UUID{uuid.New(), uuid.New(), uuid.Nil}
	id := func(t *rapid.T, label string) uuid.UUID { return rapid.SampledFrom(ids).Draw(t, label) }
	rapid.Check(t, func(t *rapid.T) {
		who := policy.Actor{
			Person: identity.Person{
				ID:    id(t, "person"),
				Roles: rapid.SliceOfDistinct(rapid.SampledFrom(identity.Roles), rapid.ID).Draw(t, "roles"),
				Areas: rapid.SliceOfDistinct(rapid.SampledFrom(areas), rapid.ID).Draw(t, "areas"),
			},
			Jobseeker: id(t, "linked to"),
		}
		// A record always has a jobseeker, a coach and an area.
		rec := policy.Record{
			Jobseeker: rapid.SampledFrom(ids[:2]).Draw(t, "jobseeker"), Coach: rapid.SampledFrom(ids[:2]).Draw(t, "coach"),
			Area: rapid.SampledFrom([]string{"Oldham", "Rochdale", "O'ldham"}).Draw(t, "area"), State: string(rapid.SampledFrom(award.States).Draw(t, "state")),
		}
		for op := range policy.Table {
			got, listed, err := postgres.WithinForTest(d.db.Gorm, who, op, rec)
			if err != nil {
				t.Fatal(err)
			}
			want := policy.Reaches(who, op, rec) && !slices.ContainsFunc(policy.Table[op], func(r policy.Rule) bool { return r.Whose == policy.Nobodys })
			if got != want || listed != want {
				t.Fatalf("%s: %v in SQL, %v for a list, %v in Go", op, got, listed, want)
			}
		}
	})
}

func TestEveryTotalCountsEveryRequestThatItsListShows(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 10000)
	for i, r := range []*award.Request{d.draft(10), d.draft(), d.submitted(20), d.submitted(30), d.submitted(40), d.submitted(50), d.submitted(60)} {
		var err error
		switch i {
		case 1:
			_, err = d.Withdraw(d.as(d.Amina), r.ID, r.Version, "")
		case 3:
			_, err = d.Approve(d.as(d.Priya), r.ID, r.Version, because)
		case 4:
			_, err = d.Decline(d.as(d.Priya), r.ID, r.Version, because)
		case 5:
			_, err = d.Return(d.as(d.Priya), r.ID, r.Version, because)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range []identity.Person{d.Amina, d.Bilal, d.Chloe, d.Priya, d.Owen, d.Rochdale, d.Finn, d.Sam, d.Ravi} {
		for _, f := range []award.Filter{{}, {Mine: true}, {Decidable: true}} {
			totals := must(d.Totals(d.as(p), f))(t)
			if len(totals) != len(award.States) {
				t.Fatalf("%d states, want all of them", len(totals))
			}
			all := 0
			for _, got := range totals {
				f.States = []award.State{got.State}
				rows, n, err := d.List(d.as(p), f, award.Page{Number: 1, Size: 100})
				if err != nil {
					t.Fatal(err)
				}
				want := award.StateTotal{State: got.State, Count: len(rows)}
				for _, r := range rows {
					want.Asked += r.Asked
					want.Awarded += r.Awarded
				}
				if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(award.StateTotal{}, "Oldest")); diff != "" || n != len(rows) || (got.Oldest != nil) != (n > 0) {
					t.Errorf("%s %v %+v: %d rows\n%s", p.Name, p.Roles, f, n, diff)
				}
				all += n
			}
			f.States = nil
			if _, n, err := d.List(d.as(p), f, award.Page{Number: 1, Size: 1}); err != nil || n != all {
				t.Errorf("%s %v: %d in all (%v), want %d", p.Name, p.Roles, n, err, all)
			}
		}
	}
}

func TestRequestsAreFoundByStateReferenceCaseloadAndWhatOneMayDecide(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 10000)
	draft, older, newer := d.draft(10, 20), d.submitted(30), d.submitted(40)
	bilals := must(d.Open(d.as(d.Bilal), award.Opening{JobseekerID: d.RavisRecord, CourseID: d.Catalogue.Add(500).CourseID}))(t)
	own := must(d.Draft(d.as(d.Bilal), bilals.ID, d.Fund.ID))(t).Request
	own = must(d.Edit(d.as(d.Bilal), own.ID, own.Version, award.Ask{Lines: []award.Line{d.Line(d.RavisRecord, 5)}}))(t).Request
	own = must(d.Submit(d.as(d.Bilal), own.ID, own.Version))(t).Request
	for name, c := range map[string]struct {
		by   identity.Person
		f    award.Filter
		want []*award.Request
	}{
		"the latest change first":           {d.Priya, award.Filter{}, []*award.Request{own, newer, older, draft}},
		"the longest waiting first":         {d.Priya, award.Filter{States: []award.State{award.Submitted}}, []*award.Request{older, newer, own}},
		"of two states":                     {d.Priya, award.Filter{States: []award.State{award.Submitted, award.Draft}}, []*award.Request{own, newer, older, draft}},
		"by reference":                      {d.Priya, award.Filter{Text: older.Reference}, []*award.Request{older}},
		"by a part of it, as it was heard":  {d.Priya, award.Filter{Text: " " + older.Reference[5:11]}, []*award.Request{older}},
		"by what LIKE would read into it":   {d.Priya, award.Filter{Text: "%"}, nil},
		"their own caseload":                {d.Bilal, award.Filter{Mine: true}, []*award.Request{own}},
		"what a manager may decide":         {d.Priya, award.Filter{Decidable: true}, []*award.Request{older, newer, own}},
		"and not what they submitted":       {d.Bilal, award.Filter{Decidable: true}, []*award.Request{older, newer}},
		"nothing for a coach to decide":     {d.Amina, award.Filter{Decidable: true}, nil},
		"of one jobseeker":                  {d.Priya, award.Filter{JobseekerID: d.RavisRecord}, []*award.Request{own}},
		"of one allowance":                  {d.Priya, award.Filter{AllowanceID: bilals.ID}, []*award.Request{own}},
		"of an area":                        {d.Priya, award.Filter{Area: "Oldham"}, []*award.Request{own, newer, older, draft}},
		"of an area that is not theirs":     {d.Priya, award.Filter{Area: "Rochdale"}, nil},
		"the jobseeker's own, but no draft": {d.Sam, award.Filter{}, []*award.Request{newer, older}},
	} {
		found, n, err := d.List(d.as(c.by), c.f, award.Page{Number: 1, Size: 10})
		if err != nil {
			t.Fatal(err)
		}
		var want, got []string
		for _, r := range c.want {
			want = append(want, r.Reference)
		}
		for _, r := range found {
			got = append(got, r.Reference)
		}
		if diff := cmp.Diff(want, got); diff != "" || n != len(want) {
			t.Errorf("%s (%d in all):\n%s", name, n, diff)
		}
	}
	page, n, err := d.List(d.as(d.Priya), award.Filter{}, award.Page{Number: 2, Size: 3})
	if err != nil || n != 4 || len(page) != 1 {
		t.Fatalf("the second page: %v of %d, %v", page, n, err)
	}
	want := award.Summary{
		ID: draft.ID, Reference: draft.Reference, JobseekerID: d.SamsRecord, AllowanceID: d.allowance.ID, Area: "Oldham", State: award.Draft,
		CoachID: d.Amina.ID, CoachName: "Amina", CourseName: "Warehouse skills", FirstLine: "Provisional licence", Lines: 2,
		Asked: 30, Available: 10000 - 30 - 40, ChangedAt: draft.ChangedAt,
	}
	if diff := cmp.Diff(want, page[0]); diff != "" {
		t.Error(diff)
	}
}

func TestEveryChangeAndEveryLookLeavesAnEntryAndNothingElseDoes(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1000)
	r := d.submitted(100)
	page := award.Page{Number: 1, Size: 50}
	do := func(op policy.Operation, by identity.Person, f func(context.Context) error) {
		t.Helper()
		count := func() (n int) {
			if err := d.db.Gorm.Raw("SELECT count(*) FROM audit_entry WHERE action = ? AND person = ? AND jobseeker_id = ?",
				op, by.ID, d.SamsRecord).Scan(&n).Error; err != nil {
				t.Fatal(err)
			}
			return n
		}
		before := count()
		err := f(d.as(by))
		want := before + 1
		if err != nil {
			want = before
		}
		if got := count(); got != want {
			t.Errorf("%s by %s (%v): %d entries, want %d", op, by.Name, err, got, want)
		}
	}
	do(policy.OpenAllowance, d.Amina, func(ctx context.Context) error {
		_, err := d.Open(ctx, award.Opening{JobseekerID: d.SamsRecord, CourseID: d.Catalogue.Add(5).CourseID})
		return err
	})
	do(policy.ReadAllowance, d.Priya, func(ctx context.Context) error { _, _, err := d.Allowance(ctx, d.allowance.ID); return err })
	do(policy.ListAllowances, d.Sam, func(ctx context.Context) error { _, err := d.Allowances(ctx, d.SamsRecord); return err })
	do(policy.DraftRequest, d.Amina, func(ctx context.Context) error { _, err := d.Draft(ctx, d.allowance.ID, d.Fund.ID); return err })
	do(policy.ReadRequest, d.Sam, func(ctx context.Context) error { _, err := d.Get(ctx, r.ID); return err })
	do(policy.ReadRequest, d.Ravi, func(ctx context.Context) error { _, err := d.Get(ctx, r.ID); return err })
	do(policy.ListRequests, d.Priya, func(ctx context.Context) error { _, _, err := d.List(ctx, award.Filter{}, page); return err })
	do(policy.ProposeReduction, d.Amina, func(ctx context.Context) error { _, err := d.Reduction(ctx, r.ID); return err })
	do(policy.ApproveRequest, d.Amina, func(ctx context.Context) error { _, err := d.Approve(ctx, r.ID, r.Version, because); return err })
	do(policy.ReturnRequest, d.Priya, func(ctx context.Context) error { _, err := d.Return(ctx, r.ID, r.Version, because); return err })
	do(policy.EditRequest, d.Amina, func(ctx context.Context) error { _, err := d.Edit(ctx, r.ID, r.Version+1, award.Ask{}); return err })
	do(policy.WithdrawRequest, d.Amina, func(ctx context.Context) error { _, err := d.Withdraw(ctx, r.ID, r.Version+2, ""); return err })
	do(policy.ListRequestAudit, d.Chloe, func(ctx context.Context) error { _, _, err := d.Trail(ctx, r.ID, page); return err })
	do(policy.ListRequestAudit, d.Amina, func(ctx context.Context) error {
		trail, n, err := d.Trail(ctx, r.ID, page)
		if err == nil && (n != len(trail) || trail[0].Action != string(policy.WithdrawRequest) || trail[0].Person != d.Amina.ID) {
			t.Errorf("%d entries: %+v", n, trail)
		}
		return err
	})
}

func TestOthersAreToldOfEveryStepOnceAndOnlyIfItHappened(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1000)
	r := d.submitted(100)
	ctx := db.WithKey(d.as(d.Priya), "click")
	for range 2 {
		must(d.Approve(ctx, r.ID, r.Version, because))(t)
	}
	if _, err := d.Withdraw(d.as(d.Amina), r.ID, r.Version+1, ""); !fault.Is(err, fault.Conflict) {
		t.Errorf("Withdraw() = %v, want conflict", err)
	}
	var versions []string
	for _, r := range toldOf[told.RequestChanged](t, d.db) {
		versions = append(versions, fmt.Sprintf("%s at version %d", r.State, r.Version))
	}
	if diff := cmp.Diff([]string{"draft at version 1", "submitted at version 3", "approved at version 4"}, versions); diff != "" {
		t.Error(diff)
	}

	// What cannot be told does not happen.
	deaf := postgres.NewAwards(d.db, func(context.Context, ...events.Event) ([]events.Row, error) { return nil, errors.New("nobody hears") })
	draft := d.draft(50)
	if _, err := d.World.Awards(deaf).Submit(d.as(d.Amina), draft.ID, draft.Version); err == nil {
		t.Error("submitted, and nobody was told")
	}
	if s := must(d.Get(d.as(d.Amina), draft.ID))(t); s.Request.State() != award.Draft || s.Allowance.Held != 0 {
		t.Errorf("half done: %s, %d held", s.Request.State(), s.Allowance.Held)
	}
}

func TestNothingIsWrittenWhileTheNeedsCannotBeChecked(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1000)
	r := d.draft(100)
	count := func() (n int) {
		if err := d.db.Gorm.Raw("SELECT (SELECT count(*) FROM audit_entry) + (SELECT count(*) FROM idempotency) + (SELECT count(*) FROM history)").Scan(&n).Error; err != nil {
			t.Fatal(err)
		}
		return n
	}
	before := count()
	d.Needs.Down.Store(true)
	ctx := db.WithKey(d.as(d.Amina), "try again")
	if _, err := d.Submit(ctx, r.ID, r.Version); !fault.Is(err, fault.Unavailable) {
		t.Errorf("Submit() = %v, want unavailable", err)
	}
	if got := count(); got != before {
		t.Errorf("%d rows more", got-before)
	}
	d.Needs.Down.Store(false)
	if s := must(d.Submit(ctx, r.ID, r.Version))(t); s.Request.State() != award.Submitted {
		t.Errorf("the same form again, once the needs are back: %s", s.Request.State())
	}
}

func TestAKeyThatWasUsedForSomethingElseIsRefused(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1000)
	r := d.draft(100)
	ctx := db.WithKey(d.as(d.Amina), "a form")
	must(d.Edit(ctx, r.ID, r.Version, award.Ask{Lines: r.Lines}))(t)
	if _, err := d.Edit(ctx, r.ID, r.Version, award.Ask{}); !fault.Is(err, fault.Conflict) {
		t.Errorf("another body: %v, want conflict", err)
	}
	if _, err := d.Submit(ctx, r.ID, r.Version+1); !fault.Is(err, fault.Conflict) {
		t.Errorf("another operation: %v, want conflict", err)
	}
	if _, err := d.Submit(db.WithKey(d.as(d.Chloe), "a form"), r.ID, r.Version+1); !fault.Is(err, fault.Forbidden) {
		t.Errorf("somebody else's key: %v, want what they would get without", err)
	}
}
