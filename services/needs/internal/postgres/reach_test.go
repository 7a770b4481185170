package postgres

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/db/dbtest"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/needs/internal/jobseeker"
	"github.com/instead-support/instead/services/needs/internal/policy"
)

// Every role, and pairs of roles, against records that stand to them in every
// way: what the query lets through is what the policy does, no more and no less.
func TestTheQueryAndThePolicyReachTheSameRecords(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, Migrations, "needs")
	ctx := context.Background()

	me := uuid.New()
	var people []identity.Person
	for i, role := range identity.Roles {
		for _, roles := range [][]identity.Role{{role}, {role, identity.Roles[(i+1)%len(identity.Roles)]}} {
			for _, areas := range [][]string{nil, {"Oldham"}, {"Oldham", "Rochdale"}} {
				people = append(people, identity.Person{ID: me, Roles: roles, Areas: areas})
			}
		}
	}
	people = append(people, identity.Person{ID: me, Areas: []string{"Oldham"}})

	staff := identity.Person{ID: uuid.New(), Roles: []identity.Role{identity.Coach}}
	mine := identity.Person{ID: me, Roles: []identity.Role{identity.Coach}}
	store := NewJobseekers(d)
	for _, p := range []identity.Person{staff, mine} {
		if _, err := store.Me(ctx, p); err != nil {
			t.Fatal(err)
		}
	}
	var records []jobseeker.Jobseeker
	for _, area := range []string{"Oldham", "Rochdale", "Bury"} {
		for _, coach := range []uuid.UUID{staff.ID, me} {
			for _, spoken := range []bool{false, true} {
				j := jobseeker.Jobseeker{
					ID: uuid.New(), Details: jobseeker.Details{Name: "Dan"}, Area: area, CoachID: coach,
					Spoken: spoken, CreatedAt: time.Now(), Version: 1,
				}
				if len(records) == 5 {
					j.Person = me // a sign-in is linked to one record
				}
				row := jobseekerToRow(j)
				if err := d.Gorm.Create(&row).Error; err != nil {
					t.Fatal(err)
				}
				records = append(records, j)
			}
		}
	}
	for _, op := range []policy.Operation{
		policy.ReadJobseeker, policy.ListJobseekers, policy.ChangeJobseeker, policy.TransferJobseeker, policy.InviteJobseeker,
		policy.ListStatements, policy.AddStatement, policy.ReadAssessment, policy.ListAssessmentVersions,
		policy.SaveAssessment, policy.ListNeeds, policy.ListJobseekerAudit, "somethingNobodyThoughtOf",
	} {
		for _, p := range people {
			var reached []uuid.UUID
			if err := d.Gorm.Raw("SELECT j.id FROM jobseeker j WHERE ?", reach(p, op)).Scan(&reached).Error; err != nil {
				t.Fatal(err)
			}
			for _, j := range records {
				may := policy.May(p, op, j.Record()) == nil
				if got := slices.Contains(reached, j.ID); got != may {
					t.Errorf("%s by %v in %v: the query says %t, the policy %t, of a record in %s, own %t, spoken %t, caseload %t",
						op, p.Roles, p.Areas, got, may, j.Area, j.Person == me, j.Spoken, j.CoachID == me)
				}
				if _, err := load(ctx, d.Gorm, p, op, j.ID); (err == nil) != may || errors.Is(err, errDisagree) {
					t.Errorf("load(%s by %v) = %v", op, p.Roles, err)
				}
			}
		}
	}
}
