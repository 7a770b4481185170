package postgres

import (
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	told "github.com/instead-support/instead/api/events"
	"github.com/instead-support/instead/pkg/db/dbtest"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/outcomes/internal/outcome"
	"github.com/instead-support/instead/services/outcomes/internal/policy"
)

// Every role, and pairs of roles, against records that stand to them in every way:
// what the query lets through is what the policy does, no more and no less.
func TestTheQueryAndThePolicyReachTheSameRecords(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, Migrations, "outcomes")
	me, own := uuid.New(), uuid.New()
	var records []outcome.Jobseeker
	for _, area := range []string{"Oldham", "Rochdale", "Bury"} {
		for _, coach := range []uuid.UUID{me, uuid.New()} {
			records = append(records, outcome.Jobseeker{ID: uuid.New(), Area: area, CoachID: coach, CoachName: "x"})
		}
	}
	records[1].ID = own
	for _, j := range records {
		if err := keep(t.Context(), d.Gorm, j); err != nil {
			t.Fatal(err)
		}
	}
	for op := range policy.Table {
		for _, p := range everyKind(me, own) {
			var reached []uuid.UUID
			if err := d.Gorm.Raw("SELECT j.id FROM jobseeker j WHERE ?", within(p, op)).Scan(&reached).Error; err != nil {
				t.Fatal(err)
			}
			for _, j := range records {
				may := policy.Reaches(p, op, j.Record()) && op != policy.SearchOccupations && op != policy.ListDefinitions
				if got := slices.Contains(reached, j.ID); got != may {
					t.Errorf("%s by %v in %v: the query says %t, the policy %t, of a record in %s, own %t, caseload %t",
						op, p.Roles, p.Areas, got, may, j.Area, j.ID == p.Jobseeker, j.CoachID == me)
				}
			}
		}
	}
}

// everyKind is whoever I could be: every role, and pairs of roles, in no area, in
// one and in two, and with and without a record of my own.
func everyKind(me, own uuid.UUID) []policy.Actor {
	var people []policy.Actor
	for i, role := range identity.Roles {
		for _, roles := range [][]identity.Role{nil, {role}, {role, identity.Roles[(i+1)%len(identity.Roles)]}} {
			for _, areas := range [][]string{nil, {"Oldham"}, {"Oldham", "Rochdale"}} {
				for jobseeker, home := range map[uuid.UUID]string{uuid.Nil: "", own: "Oldham"} {
					people = append(people, policy.Actor{Person: identity.Person{ID: me, Roles: roles, Areas: areas}, Jobseeker: jobseeker, Home: home})
				}
			}
		}
	}
	return people
}

// The list of checks is put together from the ways in which somebody may see one.
// However their jobseekers moved meanwhile, it shows those that the policy lets them
// see, and the caseload alone where that is asked for.
func TestTheListOfChecksIsWhatThePolicyReaches(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, Migrations, "outcomes")
	me, own, day := uuid.New(), uuid.New(), time.Date(2026, 5, 6, 0, 0, 0, 0, time.UTC)
	var records []outcome.Jobseeker
	checks := map[uuid.UUID]policy.Record{}
	for i, area := range []string{"Oldham", "Rochdale", "Bury"} {
		for k, coach := range []uuid.UUID{me, uuid.New()} {
			j := outcome.Jobseeker{ID: uuid.New(), Area: "Elsewhere", CoachID: uuid.New(), CoachName: "x"}
			if i == 0 && k == 1 {
				j.ID = own
			}
			if err := keep(t.Context(), d.Gorm, j); err != nil {
				t.Fatal(err)
			}
			o, c := uuid.New(), uuid.New()
			if err := d.Gorm.Exec("INSERT INTO outcome VALUES (?, ?)", o, j.ID).Error; err != nil {
				t.Fatal(err)
			}
			if err := d.Gorm.Exec("INSERT INTO work_check (id, outcome_id, weeks, due_on, waits) VALUES (?, ?, 13, ?, true)", c, o, day).Error; err != nil {
				t.Fatal(err)
			}
			j.Area, j.CoachID, j.Version = area, coach, 1
			records, checks[c] = append(records, j), j.Record()
		}
	}
	for i, j := range records {
		move := func() error { return keep(t.Context(), d.Gorm, j) }
		if i%2 == 1 { // their coach is heard of from needs, and where they are when it is asked
			move = func() error {
				if err := Hear(t.Context(), d.Gorm, told.JobseekerMoved{JobseekerID: j.ID, Version: 1, CoachID: j.CoachID}); err != nil {
					return err
				}
				return keep(t.Context(), d.Gorm, j)
			}
		}
		if err := move(); err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range everyKind(me, own) {
		for _, mine := range []bool{false, true} {
			var listed []uuid.UUID
			act := outcome.Act{Who: p, Operation: policy.ListChecks}
			if err := d.Gorm.Raw("SELECT id FROM (?) found", waiting(act, outcome.Filter{Today: day, Mine: mine})).Scan(&listed).Error; err != nil {
				t.Fatal(err)
			}
			for c, rec := range checks {
				may := policy.Reaches(p, policy.ListChecks, rec) && (!mine || rec.Coach == me)
				if got := slices.Contains(listed, c); got != may {
					t.Errorf("%v in %v, mine %t: the list says %t, the policy %t, of %+v", p.Roles, p.Areas, mine, got, may, rec)
				}
			}
		}
	}
}
