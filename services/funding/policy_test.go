package funding_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"

	api "github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/pkg/host/hosttest"
	"github.com/instead-support/instead/services/funding/internal/award"
	"github.com/instead-support/instead/services/funding/internal/policy"
)

// walk says what each operation answers to each person: to nobody, to the
// record's coach, to another coach of its area and one of another, to the
// manager of its area and of another, to a finance officer, to the jobseeker,
// and to another jobseeker. {draft} and {sent} are requests of Dan's with their
// {allowance} is his, {anyone} is another jobseeker of Asha's,
// {fund}, {budget} and {proposal} are of Oldham's money, and {none} is nothing
// that is there.
var walk = map[policy.Operation]struct {
	path, body                                             string
	nobody, coach, peer, far, boss, strange, pay, own, eve int
}{
	policy.SearchCourses: {"/courses?q=warehouse", "", 401, 200, 200, 200, 200, 200, 200, 403, 403},
	policy.ReadCourse:    {"/courses/{course}", "", 401, 200, 200, 200, 200, 200, 200, 403, 403},

	policy.ListFlaggedPrices:      {"/prices/flagged", "", 401, 403, 403, 403, 200, 200, 403, 403, 403},
	policy.ConfirmPrice:           {"/prices/{none}/confirmation", "", 401, 403, 403, 403, 404, 404, 403, 403, 403},
	policy.ListImports:            {"/imports", "", 401, 403, 403, 403, 200, 200, 403, 403, 403},
	policy.UploadImport:           {"/imports?file_name=a.csv", "code,name,price\n", 401, 403, 403, 403, 202, 202, 403, 403, 403},
	policy.ReadImport:             {"/imports/{none}", "", 401, 403, 403, 403, 404, 404, 403, 403, 403},
	policy.MapImport:              {"/imports/{none}/mapping", `{"columns":[]}`, 401, 403, 403, 403, 404, 404, 403, 403, 403},
	policy.ListImportProblems:     {"/imports/{none}/problems", "", 401, 403, 403, 403, 404, 404, 403, 403, 403},
	policy.DownloadImportProblems: {"/imports/{none}/problems.csv", "", 401, 403, 403, 403, 404, 404, 403, 403, 403},

	policy.ListAllowances: {"/allowances?jobseeker_id={dan}", "", 401, 200, 200, 200, 200, 200, 403, 200, 200},
	policy.ReadAllowance:  {"/allowances/{allowance}", "", 401, 200, 200, 404, 200, 404, 403, 200, 404},
	policy.OpenAllowance:  {"/allowances", `{"jobseeker_id":"{anyone}","course_id":"{course}"}`, 401, 201, 403, 404, 403, 403, 403, 403, 403},

	policy.ListRequests:      {"/requests", "", 401, 200, 200, 200, 200, 200, 200, 200, 200},
	policy.SummariseRequests: {"/requests/summary", "", 401, 200, 200, 200, 200, 200, 200, 200, 200},
	policy.ReadRequest:       {"/requests/{sent}", "", 401, 200, 200, 404, 200, 404, 404, 200, 404},
	policy.ListRequestAudit:  {"/requests/{sent}/audit", "", 401, 200, 403, 404, 200, 404, 403, 200, 404},
	policy.ProposeReduction:  {"/requests/{draft}/reduction", "", 401, 200, 200, 404, 403, 403, 403, 403, 403},

	policy.ListQuestions:    {"/requests/{sent}/questions", "", 401, 200, 200, 404, 200, 404, 404, 200, 404},
	policy.AskQuestion:      {"/requests/{sent}/questions", `{"to":"coach","words":"Why?"}`, 401, 403, 403, 403, 201, 404, 403, 403, 403},
	policy.FindQuestions:    {"/questions?which=for-me", "", 401, 200, 200, 200, 200, 200, 403, 200, 200},
	policy.AnswerQuestion:   {"/questions/{none}/answer", `{"words":"So."}`, 401, 404, 404, 404, 403, 403, 403, 404, 404},
	policy.ChallengeRequest: {"/requests/{sent}/challenge", `{"words":"Look again."}`, 401, 409, 403, 404, 403, 403, 403, 409, 404},

	policy.ListDocuments:    {"/requests/{sent}/documents", "", 401, 200, 200, 404, 200, 404, 404, 200, 404},
	policy.AddDocument:      {"/requests/{sent}/documents", aQuote, 401, 201, 403, 404, 403, 403, 403, 201, 404},
	policy.DownloadDocument: {"/documents/{none}/file", "", 401, 404, 404, 404, 404, 404, 404, 404, 404},
	policy.RemoveDocument:   {"/documents/{none}/removal", "", 401, 404, 404, 404, 403, 403, 403, 404, 404},

	policy.DraftRequest:    {"/requests", `{"allowance_id":"{allowance}"}`, 401, 201, 403, 404, 403, 403, 403, 403, 403},
	policy.EditRequest:     {"/requests/{draft}", `{"lines":[]}`, 401, 200, 403, 404, 403, 403, 403, 403, 403},
	policy.SubmitRequest:   {"/requests/{draft}/submission", "", 401, 200, 403, 404, 403, 403, 403, 403, 403},
	policy.WithdrawRequest: {"/requests/{sent}/withdrawal", `{}`, 401, 200, 403, 404, 403, 403, 403, 403, 403},

	policy.PlanPayments:      {"/requests/{sent}/payments", `{"payments":[{"payee":{"kind":"supplier","name":"Argos"},"method":"card","amount_pence":1}]}`, 401, 403, 403, 403, 403, 403, 404, 403, 403},
	policy.ReleaseRest:       {"/requests/{sent}/release", `{"words":"No."}`, 401, 403, 403, 403, 403, 403, 404, 403, 403},
	policy.CloseRequest:      {"/requests/{sent}/closure", "", 401, 403, 403, 403, 403, 403, 404, 403, 403},
	policy.ListDue:           {"/payments/due", "", 401, 403, 403, 403, 403, 403, 200, 403, 403},
	policy.SummarisePayments: {"/payments/summary", "", 401, 403, 403, 403, 403, 403, 200, 403, 403},
	policy.ListPayments:      {"/payments", "", 401, 200, 200, 200, 200, 200, 200, 403, 403},
	policy.ReadPayment:       {"/payments/{none}", "", 401, 404, 404, 404, 404, 404, 404, 403, 403},
	policy.CompletePayment:   {"/payments/{none}/completion", `{"amount_pence":1}`, 401, 403, 403, 403, 403, 403, 404, 403, 403},
	policy.CancelPayment:     {"/payments/{none}/cancellation", `{"words":"No."}`, 401, 403, 403, 403, 403, 403, 404, 403, 403},
	policy.RecoverPayment:    {"/payments/{none}/recoveries", `{"kind":"recovery","amount_pence":1,"document":"x","words":"x"}`, 401, 403, 403, 403, 403, 403, 404, 403, 403},
	policy.ListBatches:       {"/batches", "", 401, 403, 403, 403, 403, 403, 200, 403, 403},
	policy.CreateBatch:       {"/batches", `{"area":"Oldham","method":"bacs"}`, 401, 403, 403, 403, 403, 403, 409, 403, 403},
	policy.ReadBatch:         {"/batches/{none}", "", 401, 403, 403, 403, 403, 403, 404, 403, 403},
	policy.RemoveFromBatch:   {"/batches/{none}/payments/{anyone}", "", 401, 403, 403, 403, 403, 403, 404, 403, 403},
	policy.ExportBatch:       {"/batches/{none}/export", `{"format":"csv"}`, 401, 403, 403, 403, 403, 403, 404, 403, 403},
	policy.DownloadBatch:     {"/batches/{none}/file", "", 401, 403, 403, 403, 403, 403, 404, 403, 403},
	policy.ListResults:       {"/results", "", 401, 403, 403, 403, 403, 403, 200, 403, 403},
	policy.UploadResults:     {"/results?area=Oldham&file_name=a.csv", "reference,outcome,amount\nx,paid,1\n", 401, 403, 403, 403, 403, 403, 201, 403, 403},
	policy.ReadResult:        {"/results/{none}", "", 401, 403, 403, 403, 403, 403, 404, 403, 403},
	policy.MapResult:         {"/results/{none}/mapping", `{"columns":[]}`, 401, 403, 403, 403, 403, 403, 404, 403, 403},
	policy.ListResultLines:   {"/results/{none}/lines", "", 401, 403, 403, 403, 403, 403, 404, 403, 403},

	policy.CancelRequest:  {"/requests/{sent}/cancellation", `{"words":"Not needed."}`, 401, 409, 403, 404, 409, 404, 403, 403, 403},
	policy.ListReminders:  {"/reminders", "", 401, 200, 200, 200, 200, 200, 200, 403, 403},
	policy.KeepRequest:    {"/requests/{sent}/keeping", `{"words":"Still needed."}`, 401, 409, 403, 404, 409, 404, 403, 403, 403},
	policy.ApproveRequest: {"/requests/{sent}/approval", `{"code":"other","other_funding":"None.","scrutiny":"It helps.","conflict":"none"}`, 401, 403, 403, 403, 200, 404, 403, 403, 403},
	policy.EndorseRequest: {"/requests/{sent}/endorsement", `{"code":"other"}`, 401, 403, 403, 403, 409, 404, 403, 403, 403},
	policy.DeclineRequest: {"/requests/{sent}/refusal", `{"code":"other","words":"No."}`, 401, 403, 403, 403, 200, 404, 403, 403, 403},
	policy.ReturnRequest:  {"/requests/{sent}/return", `{"code":"other","words":"Why?"}`, 401, 403, 403, 403, 200, 404, 403, 403, 403},

	policy.AskException:    {"/requests/{draft}/exception-wish", `{"words":"A job waits."}`, 401, 409, 403, 404, 403, 403, 403, 403, 403},
	policy.AllowException:  {"/requests/{sent}/exception", `{"over_pence":1,"code":"other","words":"So be it."}`, 401, 403, 403, 403, 403, 404, 403, 403, 403},
	policy.RefuseException: {"/requests/{sent}/exception-refusal", `{"code":"other","words":"No."}`, 401, 403, 403, 403, 403, 404, 403, 403, 403},

	policy.ListAutomatic:   {"/automatic-approvals", "", 401, 403, 403, 403, 200, 200, 200, 403, 403},
	policy.ReviewAutomatic: {"/requests/{sent}/automatic-review", `{"agrees":true}`, 401, 403, 403, 403, 409, 404, 403, 403, 403},

	policy.ListFunds:         {"/funds", "", 401, 200, 200, 200, 200, 200, 200, 403, 403},
	policy.OpenFund:          {"/funds", `{"code":"GRANT","name":"A grant","first_day":"2026-04-01"}`, 401, 403, 403, 403, 403, 403, 201, 403, 403},
	policy.ReadFund:          {"/funds/{fund}", "", 401, 200, 200, 200, 200, 200, 200, 403, 403},
	policy.ListBudgets:       {"/budgets", "", 401, 403, 403, 403, 200, 200, 200, 403, 403},
	policy.OpenBudget:        {"/budgets", `{"fund_id":"{fund}","area":"Oldham","year":2999}`, 401, 403, 403, 403, 403, 403, 201, 403, 403},
	policy.ReadBudget:        {"/budgets/{budget}", "", 401, 403, 403, 403, 200, 404, 200, 403, 403},
	policy.ListBudgetLedger:  {"/budgets/{budget}/ledger", "", 401, 403, 403, 403, 200, 404, 200, 403, 403},
	policy.ProposeMovement:   {"/movements", `{"to_budget_id":"{budget}","pence":1,"reason":"More."}`, 401, 403, 403, 403, 403, 403, 201, 403, 403},
	policy.ListTerms:         {"/funds/{fund}/terms", "", 401, 200, 200, 200, 200, 200, 200, 403, 403},
	policy.ProposeTerms:      {"/funds/{fund}/terms", `{"terms":{"first_day":"2999-04-01","auto_up_to_pence":0,"expires_days":90,"warn_days":14,"challenge_days":20,"decide_days":5,"receipt_days":10,"exceptions":false},"reason":"So."}`, 401, 403, 403, 403, 403, 403, 201, 403, 403},
	policy.ListCategories:    {"/funds/{fund}/categories", "", 401, 200, 200, 200, 200, 200, 200, 403, 403},
	policy.ProposeCategories: {"/funds/{fund}/categories", `{"categories":[{"category":"fines","allowed":false,"label":"Fines","words":"Never.","first_day":"2999-04-01"}],"reason":"So."}`, 401, 403, 403, 403, 403, 403, 201, 403, 403},
	policy.ListProposals:     {"/proposals", "", 401, 403, 403, 403, 200, 200, 200, 403, 403},
	policy.ReadProposal:      {"/proposals/{proposal}", "", 401, 403, 403, 403, 200, 404, 200, 403, 403},
	policy.ConfirmProposal:   {"/proposals/{proposal}/confirmation", "", 401, 403, 403, 403, 409, 404, 409, 403, 403},
	policy.RefuseProposal:    {"/proposals/{proposal}/refusal", `{"words":"No."}`, 401, 403, 403, 403, 409, 404, 409, 403, 403},
	policy.ListGrants:        {"/authority/grants", "", 401, 403, 403, 403, 200, 200, 200, 403, 403},
	policy.ProposeGrant:      {"/authority/grants", `{"kind":"decide","whose":"any","area":"Oldham","limit_pence":1,"alone_pence":1,"first_day":"2999-01-01","why":"More."}`, 401, 403, 403, 403, 201, 400, 201, 403, 403},
	policy.ReadGrant:         {"/authority/grants/{grant}", "", 401, 403, 403, 403, 200, 404, 200, 403, 403},
	policy.ConfirmGrant:      {"/authority/grants/{grant}/confirmation", "", 401, 403, 403, 403, 403, 403, 409, 403, 403},
	policy.EndGrant:          {"/authority/grants/{grant}/end", `{"why":"No.","last_day":"2020-01-01"}`, 401, 403, 403, 403, 400, 404, 400, 403, 403},
	policy.ReadMyAuthority:   {"/authority/mine", "", 401, 200, 200, 200, 200, 200, 200, 403, 403},
	policy.ListStaff:         {"/authority/staff?role=coach", "", 401, 403, 403, 403, 200, 200, 200, 403, 403},
	policy.ListLineManagers:  {"/authority/line-managers", "", 401, 403, 403, 403, 200, 200, 200, 403, 403},
	policy.SetLineManager:    {"/authority/line-managers", `{"coach_id":"{none}","first_day":"2999-01-01"}`, 401, 403, 403, 403, 400, 400, 400, 403, 403},

	policy.ListSuppliers:              {"/suppliers", "", 401, 200, 200, 200, 200, 200, 200, 403, 403},
	policy.ReadSupplier:               {"/suppliers/{none}", "", 401, 404, 404, 404, 404, 404, 404, 403, 403},
	policy.AddSupplier:                {"/suppliers", `{"name":"Spokes","postcode":"OL1 1AA","different":true}`, 401, 403, 403, 403, 403, 403, 201, 403, 403},
	policy.EditSupplier:               {"/suppliers/{none}", `{"name":"Spokes","postcode":"OL1 1AA"}`, 401, 403, 403, 403, 403, 403, 404, 403, 403},
	policy.ListSupplierBankDetails:    {"/suppliers/{none}/bank-details", "", 401, 403, 403, 403, 404, 404, 404, 403, 403},
	policy.ProposeSupplierBankDetails: {"/suppliers/{none}/bank-details", anAccount, 401, 403, 403, 403, 403, 403, 404, 403, 403},
	policy.ListPersonBankDetails:      {"/jobseekers/{dan}/bank-details", "", 401, 200, 404, 404, 200, 404, 200, 403, 403},
	policy.ProposePersonBankDetails:   {"/jobseekers/{dan}/bank-details", anAccount, 401, 201, 404, 404, 403, 403, 409, 403, 403},
	policy.ConfirmBankDetails:         {"/bank-details/{none}/confirmation", `{"sort_code":"089999","account_number":"66374958"}`, 401, 403, 403, 403, 404, 404, 404, 403, 403},
	policy.RefuseBankDetails:          {"/bank-details/{none}/refusal", `{"words":"No."}`, 401, 404, 404, 404, 404, 404, 404, 403, 403},
	policy.ListNames:                  {"/names?ids={fund}", "", 401, 403, 403, 403, 200, 200, 200, 403, 403},
	policy.ReadReconciliation:         {"/reconciliation", "", 401, 403, 403, 403, 200, 200, 200, 403, 403},
}

const anAccount = `{"holder":"Dan Li","sort_code":"08-99-99","account_number":"66374958"}`

// aQuote is a photograph of a quote, as a form sends it.
const aQuote = "--X\r\nContent-Disposition: form-data; name=\"document\"\r\n\r\n{\"kind\":\"quote\"}\r\n" +
	"--X\r\nContent-Disposition: form-data; name=\"file\"; filename=\"IMG_1.jpg\"\r\n\r\n\xff\xd8\xff\xe0 a photo\r\n--X--\r\n"

func TestEveryOperationOfTheContractAnswersEachRoleAsThePolicySays(t *testing.T) {
	t.Parallel()
	s := start(t)
	allowance := s.open(dansRecord)
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
			if !ok {
				t.Errorf("%s %s (%s) has no row in this test", method, path, op)
				continue
			}
			kind := kindOf(op)
			var request *api.Request
			want := []int{step.nobody, step.coach, step.peer, step.far, step.boss, step.strange, step.pay, step.own, step.eve}
			for i := range want {
				if request == nil { // the first, or the last one was changed by hosttest.Person who may
					if request = s.draft(allowance.Id, 100); strings.Contains(step.path, "{sent}") {
						request = s.submit(request)
					}
				}
				who := []*hosttest.Person{nil, &asha, &ben, &cal, &mo, &nia, &fin, &dan, &eve}[i]
				fill := func(text string, record uuid.UUID) string { return s.fill(text, record, allowance.Id) }
				var version []int64 // the one that was read, if the operation takes it
				if operation.Parameters.GetByInAndName("header", "If-Match") != nil {
					version = append(version, int64(request.Version))
				}
				if want[i] < 300 && version != nil {
					s.WantsVersion(who, method, fill(step.path, request.Id), fill(step.body, request.Id))
					if strings.HasPrefix(path, "/requests/") && award.Did(op) == "" {
						t.Errorf("award.Did does not say what %s did, for whoever is too late", op)
					}
				}
				got, answer := s.SendAs(kind, who, method, fill(step.path, request.Id), fill(step.body, request.Id), version...)
				if got != want[i] {
					t.Errorf("%s as person %d of the table = %d %s, want %d", op, i, got, answer, want[i])
				}
				// What is hidden must look like what is not there.
				if got == http.StatusNotFound {
					_, nowhere := s.SendAs(kind, who, method, fill(step.path, uuid.New()), fill(step.body, uuid.New()), version...)
					if hosttest.Detail(answer) != hosttest.Detail(nowhere) {
						t.Errorf("%s tells a hidden record from none: %s and %s", op, answer, nowhere)
					}
				}
				if got < 300 && method != http.MethodGet {
					request = nil
				}
			}
		}
	}
	if operations != len(walk) {
		t.Errorf("the contract has %d operations, this test %d", operations, len(walk))
	}
	// Lists are open to many, and show each only what is theirs.
	for _, p := range []hosttest.Person{cal, nia, eve} {
		all, err := s.client().ListAllowancesWithResponse(s.As(p), &api.ListAllowancesParams{JobseekerId: dansRecord})
		if err != nil || len(all.JSON200.Items) != 0 {
			t.Errorf("%s lists Dan's allowances: %+v %v", p.Sub(), all, err)
		}
		found, err := s.client().ListRequestsWithResponse(s.As(p), &api.ListRequestsParams{})
		if err != nil || found.JSON200.Total != 0 {
			t.Errorf("%s lists Dan's requests: %+v %v", p.Sub(), found, err)
		}
	}
}

// fill puts ids into an address or a body of the walk.
func (s *system) fill(text string, record, allowance uuid.UUID) string {
	return strings.NewReplacer(
		"{draft}", record.String(), "{sent}", record.String(), "{allowance}", allowance.String(),
		"{course}", s.course.String(), "{dan}", dansRecord.String(), "{anyone}", uuid.NewString(), "{none}", uuid.NewString(),
		"{fund}", s.fund.String(), "{budget}", s.budget.String(), "{proposal}", s.allocation.String(), "{grant}", s.grant.String(),
	).Replace(text)
}

// kindOf is what kind of body the operation takes.
func kindOf(op policy.Operation) string {
	switch op {
	case policy.UploadImport, policy.UploadResults:
		return "text/csv"
	case policy.AddDocument:
		return "multipart/form-data; boundary=X"
	}
	return "application/json"
}
