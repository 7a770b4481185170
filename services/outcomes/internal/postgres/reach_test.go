package postgres

import (
	"slices"
	"testing"

	"github.com/google/uuid"

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
	var people []policy.Actor
	for i, role := range identity.Roles {
		for _, roles := range [][]identity.Role{nil, {role}, {role, identity.Roles[(i+1)%len(identity.Roles)]}} {
			for _, areas := range [][]string{nil, {"Oldham"}, {"Oldham", "Rochdale"}} {
				for _, jobseeker := range []uuid.UUID{uuid.Nil, own} {
					people = append(people, policy.Actor{Person: identity.Person{ID: me, Roles: roles, Areas: areas}, Jobseeker: jobseeker})
				}
			}
		}
	}
	for op := range policy.Table {
		for _, p := range people {
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
