package needs_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/instead-support/instead/api/etag"
	api "github.com/instead-support/instead/api/needs"
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
	for _, p := range []somebody{ben, mo} { // known from here on, to be moved to or not
		s.ask(&p, "GET", "/me", "")
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
				who := []*somebody{nil, &asha, &ben, &cal, &mo, &nia, &fin, &dan, &eve}[i]
				fill := strings.NewReplacer("{id}", id.String(), "{ben}", ben.id().String())
				var version []etag.Version // the one that was read, if the operation takes it
				if operation.Parameters.GetByInAndName("header", "If-Match") != nil {
					version = append(version, 1)
					if op == policy.SaveAssessment {
						version[0] = 0
					}
				}
				if want[i] < 300 && version != nil {
					s.wantsVersion(who, method, fill.Replace(step.path), fill.Replace(step.body))
				}
				got, answer := s.ask(who, method, fill.Replace(step.path), fill.Replace(step.body), version...)
				if got != want[i] {
					t.Errorf("%s as person %d of the table = %d %s, want %d", op, i, got, answer, want[i])
				}
				// What is hidden must look like what is not there.
				if got == 404 && strings.Contains(step.path, "{id}") {
					none := strings.NewReplacer("{id}", uuid.NewString(), "{ben}", ben.id().String())
					_, nowhere := s.ask(who, method, none.Replace(step.path), none.Replace(step.body), version...)
					if detail(answer) != detail(nowhere) {
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

// wantsVersion wants an edit refused that does not say which version it is of,
// and one of a version that is not there.
func (s *system) wantsVersion(who *somebody, method, path, body string) {
	s.t.Helper()
	if got, answer := s.ask(who, method, path, body); got != 428 {
		s.t.Errorf("%s %s without If-Match = %d %s, want 428", method, path, got, answer)
	}
	if got, answer := s.ask(who, method, path, body, 1<<40); got != 412 {
		s.t.Errorf("%s %s of another version = %d %s, want 412", method, path, got, answer)
	}
}

func TestAnAuditorReadsWhoLookedAtARecordAndNotTheRecord(t *testing.T) {
	t.Parallel()
	s := start(t)
	id := s.add("Dan", public("Dan")).Id
	nadia := somebody{staffIssuer, "nadia", "Nadia Rahman", []string{"auditor"}, []string{"Oldham"}}
	far := somebody{staffIssuer, "far", "Far Away", []string{"auditor"}, []string{"Rochdale"}}
	for path, want := range map[string]int{"/audit": 200, "": 404, "/statements": 404, "/assessment": 404, "/needs": 404} {
		if got, answer := s.ask(&nadia, "GET", "/jobseekers/"+id.String()+path, ""); got != want {
			t.Errorf("%s = %d %s, want %d", path, got, answer, want)
		}
	}
	if got, answer := s.ask(&far, "GET", "/jobseekers/"+id.String()+"/audit", ""); got != 404 {
		t.Errorf("the trail of another area = %d %s", got, answer)
	}
}

// detail is a problem without the trace that it was met in.
func detail(problem string) string {
	before, _, _ := strings.Cut(problem, `"trace_id"`)
	return fmt.Sprint(before)
}
