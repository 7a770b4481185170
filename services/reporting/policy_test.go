package reporting_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"

	api "github.com/instead-support/instead/api/reporting"
	"github.com/instead-support/instead/pkg/host/hosttest"
	"github.com/instead-support/instead/services/reporting/internal/policy"
)

// walk says what each operation answers to each person: to nobody, to a coach, to
// the manager, the finance officer and the auditor of an area with figures, to the
// manager of another, who has an export of their own to read and not this one, and
// to a jobseeker. {export} is the first manager's.
var walk = map[policy.Operation]struct {
	path, body                                     string
	nobody, coach, boss, pay, audits, strange, own int
}{
	policy.ReadOverview:   {"/overview", "", 401, 403, 200, 200, 200, 200, 403},
	policy.ListTotals:     {"/totals?by=coach", "", 401, 403, 200, 200, 200, 200, 403},
	policy.ListRequests:   {"/requests?measure=spent", "", 401, 403, 200, 200, 200, 200, 403},
	policy.ListUnderspend: {"/underspend", "", 401, 403, 200, 200, 200, 200, 403},
	policy.ReadForecast:   {"/forecast", "", 401, 403, 200, 200, 200, 200, 403},
	policy.ListDecisions:  {"/decisions?by=month", "", 401, 403, 200, 200, 200, 200, 403},
	policy.ListEquity:     {"/equity?by=need", "", 401, 403, 200, 200, 200, 200, 403},
	policy.ListSavings:    {"/savings?by=course", "", 401, 403, 200, 200, 200, 200, 403},
	policy.ListUnasked:    {"/unasked?by=coach", "", 401, 403, 200, 200, 200, 200, 403},
	policy.ListOutcomes:   {"/outcomes?by=kind", "", 401, 403, 200, 200, 200, 200, 403},
	policy.CompareRoutes:  {"/routes", "", 401, 403, 200, 200, 200, 200, 403},
	policy.ReadValue:      {"/value", "", 401, 403, 200, 200, 200, 200, 403},
	policy.ListProxies:    {"/proxies", "", 401, 403, 200, 200, 200, 200, 403},
	policy.CreateExport:   {"/exports", `{"of":"totals","by":"month"}`, 401, 403, 201, 201, 201, 201, 403},
	policy.StreamExport:   {"/exports/{export}/rows", "", 401, 403, 200, 404, 404, 404, 403},
}

func TestEveryOperationOfTheContractAnswersEachRoleAsThePolicySays(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.tell(history())
	fill := strings.NewReplacer("{export}", s.export(&mo).String())
	spec, err := api.GetSpec()
	if err != nil {
		t.Fatal(err)
	}
	operations := 0
	for _, path := range spec.Paths.InMatchingOrder() {
		for method, operation := range spec.Paths.Value(path).Operations() {
			operations++
			op := policy.Operation(operation.OperationID)
			step, ok := walk[op]
			if !ok || len(policy.Table[op]) == 0 {
				t.Errorf("%s %s (%s) has no policy, or no row in this test", method, path, op)
				continue
			}
			everybody := []*hosttest.Person{nil, &asha, &mo, &fin, &nadia, &nia, &dan}
			for i, want := range []int{step.nobody, step.coach, step.boss, step.pay, step.audits, step.strange, step.own} {
				got, answer := s.Send(everybody[i], method, fill.Replace(step.path), step.body)
				if got != want {
					t.Errorf("%s as person %d of the table = %d %s, want %d", op, i, got, answer, want)
				}
				if got == http.StatusNotFound {
					_, nowhere := s.Send(everybody[i], method, strings.ReplaceAll(step.path, "{export}", uuid.NewString()), step.body)
					if hosttest.Detail(answer) != hosttest.Detail(nowhere) {
						t.Errorf("%s tells what is hidden from what is not there: %s and %s", op, answer, nowhere)
					}
				}
			}
		}
	}
	if operations != len(walk) {
		t.Errorf("the contract has %d operations, this test %d", operations, len(walk))
	}
}

// Whatever is asked of an area that is not theirs, is not found; and without asking
// for any they get nothing of it.
func TestNobodySeesAFigureOfAnAreaThatIsNotTheirs(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.tell(history())
	for op, step := range walk {
		if op == policy.ListProxies || op == policy.CreateExport || op == policy.StreamExport {
			continue
		}
		with := "?"
		if strings.Contains(step.path, "?") {
			with = "&"
		}
		if got, answer := s.Send(&nia, "GET", step.path+with+"area=Oldham", ""); got != http.StatusNotFound {
			t.Errorf("%s of somebody else's area = %d %s", op, got, answer)
		}
	}
	if got, _ := s.Send(&nia, "POST", "/exports", `{"of":"requests","area":["Oldham"]}`); got != http.StatusNotFound {
		t.Errorf("an export of somebody else's area = %d", got)
	}
	o, err := s.client().ReadOverviewWithResponse(s.As(nia), &api.ReadOverviewParams{From: new("2024-01"), To: new("2026-12")})
	if err != nil {
		t.Fatal(err)
	}
	if f := o.JSON200; f.Measures != nil || f.Budget != nil || f.Saving.Allowances != 0 || f.Outcomes.Starts != 0 || f.Since != "" {
		t.Errorf("a manager of Wigan is told of Oldham: %+v", f)
	}
}
