package needs_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"

	api "github.com/instead-support/instead/api/needs"
	"github.com/instead-support/instead/pkg/host/hosttest"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/needs/internal/policy"
)

// walk says what each operation answers to each person: to nobody, to the
// record's coach, to another coach of its area and one of another, to the
// manager of its area and of another, to a finance officer, to the jobseeker,
// and to another jobseeker. {id} is a record of their own for each call.
var walk = map[policy.Operation]struct {
	path, body                                             string
	nobody, coach, peer, far, boss, strange, pay, own, eve int
}{
	policy.ReadMe:           {"/me", "", 401, 200, 200, 200, 200, 200, 200, 200, 200},
	policy.AcceptInvitation: {"/me/invitation", `{"code":"00000-00000"}`, 401, 403, 403, 403, 403, 403, 403, 400, 400},

	policy.ListCoaches:    {"/coaches?area=Oldham", "", 401, 403, 403, 403, 200, 404, 403, 403, 403},
	policy.ListJobseekers: {"/jobseekers", "", 401, 200, 200, 200, 200, 200, 403, 403, 403},
	policy.AddJobseeker:   {"/jobseekers", `{"name":"Zed","area":"Oldham","different_person":true}`, 401, 201, 201, 400, 403, 403, 403, 403, 403},

	policy.ReadJobseeker:     {"/jobseekers/{id}", "", 401, 200, 200, 404, 200, 404, 404, 200, 404},
	policy.ChangeJobseeker:   {"/jobseekers/{id}", `{"name":"Zed"}`, 401, 200, 403, 404, 403, 404, 404, 403, 404},
	policy.TransferJobseeker: {"/jobseekers/{id}/coach", `{"coach_id":"{ben}"}`, 401, 403, 403, 404, 200, 404, 404, 403, 404},
	policy.InviteJobseeker:   {"/jobseekers/{id}/invitations", "", 401, 201, 403, 404, 403, 404, 404, 403, 404},

	policy.ListStatements: {"/jobseekers/{id}/statements", "", 401, 200, 200, 404, 200, 404, 404, 200, 404},
	policy.AddStatement:   {"/jobseekers/{id}/statements", `{"words":"I need a bike."}`, 401, 201, 403, 404, 403, 404, 404, 201, 404},

	policy.ReadAssessment:         {"/jobseekers/{id}/assessment", "", 401, 200, 200, 404, 200, 404, 404, 200, 404},
	policy.ListAssessmentVersions: {"/jobseekers/{id}/assessment/versions", "", 401, 200, 200, 404, 200, 404, 404, 200, 404},
	policy.SaveAssessment:         {"/jobseekers/{id}/assessment", `{"needs":[{"category":"health","standing":"strength"}]}`, 401, 200, 403, 404, 403, 404, 404, 403, 404},
	policy.ListNeeds:              {"/jobseekers/{id}/needs", "", 401, 200, 200, 404, 200, 404, 404, 200, 404},

	policy.ListJobseekerAudit: {"/jobseekers/{id}/audit", "", 401, 403, 403, 404, 200, 404, 404, 403, 404},
}

func TestEveryOperationOfTheContractAnswersEachRoleAsThePolicySays(t *testing.T) {
	t.Parallel()
	s := start(t)
	spec, err := api.GetSpec()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []hosttest.Person{ben, mo} { // known from here on, to be moved to or not
		s.Send(&p, "GET", "/me", "")
	}
	operations := 0
	for _, path := range spec.Paths.InMatchingOrder() {
		for method, operation := range spec.Paths.Value(path).Operations() {
			operations++
			op := policy.Operation(operation.OperationID)
			step, ok := walk[op]
			if !ok || !policy.Has(op) {
				t.Errorf("%s %s (%s) has no policy, or no row in this test", method, path, op)
				continue
			}
			want := []int{step.nobody, step.coach, step.peer, step.far, step.boss, step.strange, step.pay, step.own, step.eve}
			for i := range want {
				dan, eve := public("Dan"), public("Eve")
				id := s.add("Dan", dan).Id
				s.add("Eve", eve)
				who := []*hosttest.Person{nil, &asha, &ben, &cal, &mo, &nia, &fin, &dan, &eve}[i]
				fill := strings.NewReplacer("{id}", id.String(), "{ben}", ben.ID().String())
				var version []int64 // the one that was read, if the operation takes it
				if operation.Parameters.GetByInAndName("header", "If-Match") != nil {
					version = append(version, 1)
					if op == policy.SaveAssessment {
						version[0] = 0
					}
				}
				if want[i] < 300 && version != nil {
					s.WantsVersion(who, method, fill.Replace(step.path), fill.Replace(step.body))
				}
				got, answer := s.Send(who, method, fill.Replace(step.path), fill.Replace(step.body), version...)
				if got != want[i] {
					t.Errorf("%s as person %d of the table = %d %s, want %d", op, i, got, answer, want[i])
				}
				// What is hidden must look like what is not there.
				if got == 404 && strings.Contains(step.path, "{id}") {
					none := strings.NewReplacer("{id}", uuid.NewString(), "{ben}", ben.ID().String())
					_, nowhere := s.Send(who, method, none.Replace(step.path), none.Replace(step.body), version...)
					if hosttest.Detail(answer) != hosttest.Detail(nowhere) {
						t.Errorf("%s tells a hidden record from none: %s and %s", op, answer, nowhere)
					}
				}
			}
		}
	}
	if operations != len(walk) {
		t.Errorf("the contract has %d operations, this test %d", operations, len(walk))
	}
}

func TestAnAuditorReadsWhoLookedAtARecordAndNotTheRecord(t *testing.T) {
	t.Parallel()
	s := start(t)
	id := s.add("Dan", public("Dan")).Id
	nadia := hosttest.Staff("nadia", "Nadia Rahman", identity.Auditor, "Oldham")
	far := hosttest.Staff("far", "Far Away", identity.Auditor, "Rochdale")
	for path, want := range map[string]int{"/audit": 200, "": 404, "/statements": 404, "/assessment": 404, "/needs": 404} {
		if got, answer := s.Send(&nadia, "GET", "/jobseekers/"+id.String()+path, ""); got != want {
			t.Errorf("%s = %d %s, want %d", path, got, answer, want)
		}
	}
	if got, answer := s.Send(&far, "GET", "/jobseekers/"+id.String()+"/audit", ""); got != 404 {
		t.Errorf("the trail of another area = %d %s", got, answer)
	}
}
