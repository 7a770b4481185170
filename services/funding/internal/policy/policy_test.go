package policy_test

import (
	"testing"

	"github.com/google/uuid"

	api "github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/funding/internal/policy"
)

// The people of these tests, and how each stands to the record: Asha coaches
// it, Ben coaches in its area, Cal coaches elsewhere, Mo manages its area, Nia
// manages elsewhere, Ola manages nobody knows where, Fin pays in its area, Dan
// is the jobseeker, Eve another, and Zoe has signed in with no role at all.
var (
	asha = person(identity.Coach, "Oldham")
	ben  = person(identity.Coach, "Oldham")
	cal  = person(identity.Coach, "Rochdale")
	mo   = person(identity.Manager, "Oldham")
	nia  = person(identity.Manager, "Rochdale")
	ola  = person(identity.Manager)
	fin  = person(identity.Finance, "Oldham")
	dan  = linked(uuid.New())
	eve  = linked(uuid.New())
	zoe  = policy.Actor{Person: identity.Person{ID: uuid.New(), Areas: []string{"Oldham"}}}
)

func person(role identity.Role, areas ...string) policy.Actor {
	return policy.Actor{Person: identity.Person{ID: uuid.New(), Roles: []identity.Role{role}, Areas: areas}}
}

func linked(jobseeker uuid.UUID) policy.Actor {
	p := person(identity.Jobseeker)
	p.Jobseeker = jobseeker
	return p
}

// What Check can answer, short enough for a table.
const (
	yes    = "yes"
	no     = "forbidden"
	hidden = "not-found"
)

func answer(err error) string {
	if err == nil {
		return yes
	}
	return string(fault.As(err).Kind)
}

func TestWhoMayDoWhatToWhoseRecordInWhichState(t *testing.T) {
	t.Parallel()
	allowance := policy.Record{Jobseeker: dan.Jobseeker, Coach: asha.ID, Area: "Oldham"}
	in := func(state string) policy.Record {
		r := allowance
		r.State = state
		return r
	}
	nowhere := in("submitted")
	nowhere.Area = ""
	for _, test := range []struct {
		op                                               policy.Operation
		see                                              policy.Operation
		record                                           policy.Record
		asha, ben, cal, mo, nia, ola, fin, dan, eve, zoe string
	}{
		{policy.OpenAllowance, policy.ReadAllowance, allowance, yes, no, hidden, no, hidden, hidden, hidden, no, hidden, hidden},
		{policy.ReadAllowance, policy.ReadAllowance, allowance, yes, yes, hidden, yes, hidden, hidden, hidden, yes, hidden, hidden},
		{policy.ListAllowances, policy.ReadAllowance, allowance, yes, yes, hidden, yes, hidden, hidden, hidden, yes, hidden, hidden},
		{policy.DraftRequest, policy.ReadAllowance, allowance, yes, no, hidden, no, hidden, hidden, hidden, no, hidden, hidden},

		{policy.ReadRequest, policy.ReadRequest, in("draft"), yes, yes, hidden, yes, hidden, hidden, hidden, hidden, hidden, hidden},
		{policy.ReadRequest, policy.ReadRequest, in("submitted"), yes, yes, hidden, yes, hidden, hidden, hidden, yes, hidden, hidden},
		{policy.ReadRequest, policy.ReadRequest, in("approved"), yes, yes, hidden, yes, hidden, hidden, yes, yes, hidden, hidden},
		{policy.ReadRequest, policy.ReadRequest, nowhere, yes, hidden, hidden, hidden, hidden, hidden, hidden, yes, hidden, hidden},
		{policy.ListRequests, policy.ReadRequest, in("draft"), yes, yes, hidden, yes, hidden, hidden, hidden, hidden, hidden, hidden},
		{policy.SummariseRequests, policy.ReadRequest, in("approved"), yes, yes, hidden, yes, hidden, hidden, yes, yes, hidden, hidden},
		{policy.ListRequestAudit, policy.ReadRequest, in("approved"), yes, no, hidden, yes, hidden, hidden, no, yes, hidden, hidden},

		{policy.EditRequest, policy.ReadRequest, in("draft"), yes, no, hidden, no, hidden, hidden, hidden, hidden, hidden, hidden},
		{policy.ProposeReduction, policy.ReadRequest, in("draft"), yes, yes, hidden, no, hidden, hidden, hidden, hidden, hidden, hidden},
		{policy.SubmitRequest, policy.ReadRequest, in("returned"), yes, no, hidden, no, hidden, hidden, hidden, no, hidden, hidden},
		{policy.WithdrawRequest, policy.ReadRequest, in("submitted"), yes, no, hidden, no, hidden, hidden, hidden, no, hidden, hidden},
		{policy.ApproveRequest, policy.ReadRequest, in("submitted"), no, no, hidden, yes, hidden, hidden, hidden, no, hidden, hidden},
		{policy.DeclineRequest, policy.ReadRequest, in("submitted"), no, no, hidden, yes, hidden, hidden, hidden, no, hidden, hidden},
		{policy.ReturnRequest, policy.ReadRequest, in("submitted"), no, no, hidden, yes, hidden, hidden, hidden, no, hidden, hidden},
		{policy.ApproveRequest, policy.ReadRequest, in("approved"), no, no, hidden, yes, hidden, hidden, no, no, hidden, hidden},
		{policy.ApproveRequest, policy.ReadRequest, nowhere, no, hidden, hidden, hidden, hidden, hidden, hidden, no, hidden, hidden},

		{policy.ListQuestions, policy.ReadRequest, in("submitted"), yes, yes, hidden, yes, hidden, hidden, hidden, yes, hidden, hidden},
		{policy.AskQuestion, policy.ReadRequest, in("submitted"), no, no, hidden, yes, hidden, hidden, hidden, no, hidden, hidden},
		{policy.AnswerQuestion, policy.ReadRequest, in("submitted"), yes, no, hidden, no, hidden, hidden, hidden, yes, hidden, hidden},
		{policy.ChallengeRequest, policy.ReadRequest, in("declined"), yes, no, hidden, no, hidden, hidden, hidden, yes, hidden, hidden},
		{policy.ListDocuments, policy.ListDocuments, in("draft"), yes, yes, hidden, yes, hidden, hidden, hidden, hidden, hidden, hidden},
		{policy.DownloadDocument, policy.ListDocuments, in("approved"), yes, yes, hidden, yes, hidden, hidden, yes, yes, hidden, hidden},
		{policy.AddDocument, policy.ListDocuments, in("approved"), yes, no, hidden, no, hidden, hidden, no, yes, hidden, hidden},
		{policy.RemoveDocument, policy.ListDocuments, in("approved"), yes, no, hidden, no, hidden, hidden, no, yes, hidden, hidden},

		{"somethingNobodyThoughtOf", policy.ReadRequest, in("approved"), no, no, hidden, no, hidden, hidden, no, no, hidden, hidden},
	} {
		want := []string{test.asha, test.ben, test.cal, test.mo, test.nia, test.ola, test.fin, test.dan, test.eve, test.zoe}
		for i, p := range []policy.Actor{asha, ben, cal, mo, nia, ola, fin, dan, eve, zoe} {
			if got := answer(policy.Check(p, test.op, test.see, test.record)); got != want[i] {
				t.Errorf("%s of a %q record, person %d: %s, want %s", test.op, test.record.State, i, got, want[i])
			}
		}
	}
}

func TestWhoMayDoSomethingAtAll(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		op                                 policy.Operation
		coach, manager, finance, jobseeker string
	}{
		{policy.SearchCourses, yes, yes, yes, no},
		{policy.ReadCourse, yes, yes, yes, no},
		{policy.ListFlaggedPrices, no, yes, no, no},
		{policy.ConfirmPrice, no, yes, no, no},
		{policy.ListImports, no, yes, no, no},
		{policy.UploadImport, no, yes, no, no},
		{policy.ReadImport, no, yes, no, no},
		{policy.MapImport, no, yes, no, no},
		{policy.ListImportProblems, no, yes, no, no},
		{policy.DownloadImportProblems, no, yes, no, no},
		{policy.OpenAllowance, yes, no, no, no},
		{policy.ApproveRequest, no, yes, no, no},
		{policy.ListRequests, yes, yes, yes, yes},
		{"somethingNobodyThoughtOf", no, no, no, no},
	} {
		want := []string{test.coach, test.manager, test.finance, test.jobseeker}
		for i, p := range []policy.Actor{asha, mo, fin, dan} {
			if got := answer(policy.Gate(p.Person, test.op)); got != want[i] {
				t.Errorf("%s by %v: %s, want %s", test.op, p.Roles, got, want[i])
			}
		}
		for name, p := range map[string]identity.Person{"no role": zoe.Person, "nobody": {Roles: identity.Roles, Areas: []string{"Oldham"}}} {
			if got := answer(policy.Gate(p, test.op)); got != no {
				t.Errorf("%s by %s: %s, want forbidden", test.op, name, got)
			}
		}
	}
}

func TestEveryOperationOfTheContractHasAPolicyAndNothingElseHas(t *testing.T) {
	t.Parallel()
	spec, err := api.GetSpec()
	if err != nil {
		t.Fatal(err)
	}
	contract := map[policy.Operation]bool{}
	for _, path := range spec.Paths.Map() {
		for _, operation := range path.Operations() {
			op := policy.Operation(operation.OperationID)
			contract[op] = true
			if len(policy.Table[op]) == 0 {
				t.Errorf("%s has no row in the policy", op)
			}
		}
	}
	for op := range policy.Table {
		if !contract[op] {
			t.Errorf("%s has a policy and is not in the contract", op)
		}
	}
}
