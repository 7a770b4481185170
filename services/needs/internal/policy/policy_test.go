package policy_test

import (
	"testing"

	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/needs/internal/policy"
)

// The people of these tests, and how each stands to the record: Asha coaches
// it, Ben coaches in its area, Cal coaches elsewhere, Mo manages its area, Nia
// manages elsewhere, Fin pays in its area, Dan is the jobseeker, Eve another.
var (
	asha = person(identity.Coach, "Oldham")
	ben  = person(identity.Coach, "Oldham")
	cal  = person(identity.Coach, "Rochdale")
	mo   = person(identity.Manager, "Oldham")
	nia  = person(identity.Manager, "Rochdale")
	fin  = person(identity.Finance, "Oldham")
	dan  = person(identity.Jobseeker)
	eve  = person(identity.Jobseeker)
)

var people = []struct {
	name string
	identity.Person
}{{"asha", asha}, {"ben", ben}, {"cal", cal}, {"mo", mo}, {"nia", nia}, {"fin", fin}, {"dan", dan}, {"eve", eve}}

func person(role identity.Role, areas ...string) identity.Person {
	return identity.Person{ID: uuid.New(), Roles: []identity.Role{role}, Areas: areas}
}

// What May can answer, short enough for a table.
const (
	yes    = "yes"
	no     = "forbidden"
	hidden = "not-found"
)

func TestWhoMayDoWhatToWhoseRecord(t *testing.T) {
	quiet := policy.Record{Area: "Oldham", Coach: asha.ID, Person: dan.ID}
	spoken := quiet
	spoken.Spoken = true

	for _, test := range []struct {
		op                                     policy.Operation
		record                                 policy.Record
		asha, ben, cal, mo, nia, fin, dan, eve string
	}{
		{policy.ReadJobseeker, quiet, yes, yes, hidden, yes, hidden, hidden, yes, hidden},
		{policy.ChangeJobseeker, quiet, yes, no, hidden, no, hidden, hidden, no, hidden},
		{policy.TransferJobseeker, quiet, no, no, hidden, yes, hidden, hidden, no, hidden},
		{policy.InviteJobseeker, quiet, yes, no, hidden, no, hidden, hidden, no, hidden},
		{policy.ListStatements, quiet, yes, yes, hidden, yes, hidden, hidden, yes, hidden},
		{policy.AddStatement, quiet, yes, no, hidden, no, hidden, hidden, yes, hidden},
		{policy.AddStatement, spoken, no, no, hidden, no, hidden, hidden, yes, hidden},
		{policy.ReadAssessment, quiet, yes, yes, hidden, yes, hidden, hidden, yes, hidden},
		{policy.ListAssessmentVersions, quiet, yes, yes, hidden, yes, hidden, hidden, yes, hidden},
		{policy.SaveAssessment, spoken, yes, no, hidden, no, hidden, hidden, no, hidden},
		{policy.ListNeeds, quiet, yes, yes, hidden, yes, hidden, hidden, yes, hidden},
		{policy.ListJobseekerAudit, quiet, no, no, hidden, yes, hidden, hidden, no, hidden},
		{"somethingNobodyThoughtOf", quiet, no, no, hidden, no, hidden, hidden, no, hidden},
	} {
		want := []string{test.asha, test.ben, test.cal, test.mo, test.nia, test.fin, test.dan, test.eve}
		for i, p := range people {
			if got := answer(policy.May(p.Person, test.op, test.record)); got != want[i] {
				t.Errorf("May(%s, %s, spoken %t) = %s, want %s", p.name, test.op, test.record.Spoken, got, want[i])
			}
		}
	}
}

func TestWhoMayStartFromNoRecord(t *testing.T) {
	for _, test := range []struct {
		op                                 policy.Operation
		coach, manager, finance, jobseeker string
	}{
		{policy.ReadMe, yes, yes, yes, yes},
		{policy.AcceptInvitation, no, no, no, yes},
		{policy.ListCoaches, no, yes, no, no},
		{policy.ListJobseekers, yes, yes, no, no},
		{policy.AddJobseeker, yes, no, no, no},
		{"somethingNobodyThoughtOf", no, no, no, no},
	} {
		want := []string{test.coach, test.manager, test.finance, test.jobseeker}
		for i, p := range []identity.Person{asha, mo, fin, dan} {
			if got := answer(policy.MayAtAll(p, test.op)); got != want[i] {
				t.Errorf("MayAtAll(%v, %s) = %s, want %s", p.Roles, test.op, got, want[i])
			}
		}
	}
}

func TestARecordThatNobodyIsLinkedToIsNotAnyJobseekers(t *testing.T) {
	nobody := identity.Person{Roles: []identity.Role{identity.Jobseeker}}
	if err := policy.May(nobody, policy.ReadJobseeker, policy.Record{Area: "Oldham"}); !fault.Is(err, fault.NotFound) {
		t.Errorf("May(person without id, unlinked record) = %v, want not-found", err)
	}
}

func TestSomebodyWithTwoRolesHasBothReaches(t *testing.T) {
	both := identity.Person{ID: uuid.New(), Roles: []identity.Role{identity.Coach, identity.Manager}, Areas: []string{"Oldham"}}
	record := policy.Record{Area: "Oldham", Coach: both.ID}
	for _, op := range []policy.Operation{policy.SaveAssessment, policy.ListJobseekerAudit} {
		if err := policy.May(both, op, record); err != nil {
			t.Errorf("May(coach and manager, %s) = %v", op, err)
		}
	}
}

func answer(err error) string {
	if err == nil {
		return yes
	}
	return string(fault.As(err).Kind)
}
