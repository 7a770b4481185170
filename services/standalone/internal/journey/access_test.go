package journey_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/uuid"

	"github.com/instead-support/instead/api/etag"
	"github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/api/needs"
	"github.com/instead-support/instead/api/outcomes"
	"github.com/instead-support/instead/api/reporting"
)

// The people who try every operation, in the order of the letters below. The
// record that they try is Leanne Hargreaves's, whose coach is Priya Shah, and
// her request, which Helen Barlow approved.
var actors = []string{
	"",                  // nobody
	"priya-shah",        // her coach
	"tom-whitworth",     // a coach of the same area
	"ayesha-malik",      // a coach of another
	"helen-barlow",      // a manager of her area
	"grace-oduya",       // a finance officer of it
	"leanne-hargreaves", // herself
	"kwame-boateng",     // another jobseeker
	"joseph-mensah",     // one with neither needs nor requests
}

// try is one operation as everybody tries it. Who may do what is said once more
// here, by hand, so that a slip in a service's policy does not pass its own test:
// a letter for each of the actors, y for yes, e for a list with nothing in it, l for one of which nobody knows on which day
// it has anything, f
// for forbidden, n for not found and u for unauthenticated. The bodies are of the right shape, and out of date
// or otherwise wrong, so that whoever may do it changes nothing.
type try struct {
	who  string
	body any
}

// nothing has a well-formed id that belongs to nothing.
var nothing = uuid.MustParse("0199a3e0-51f5-7c61-9f43-0f0c4a1f6b11")

// staleVersion is what no record has, so that no edit is of the latest.
const staleVersion = etag.Version(1 << 40)

// wordsForAFile is the form of a document with words in it where a photograph
// belongs.
const wordsForAFile = "--X\r\nContent-Disposition: form-data; name=\"document\"\r\n\r\n{\"kind\":\"receipt\"}\r\n" +
	"--X\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.jpg\"\r\n\r\nwords\r\n--X--\r\n"

var tries = map[string]map[string]try{
	"needs": {
		"readMe":                 {"uyyyyyyyy", nil},
		"acceptInvitation":       {"ufffffyyy", map[string]any{"code": "WRONG-CODE-1"}},
		"listCoaches":            {"ufffyffff", nil},
		"listJobseekers":         {"uyyyyffff", nil},
		"addJobseeker":           {"uyyyfffff", map[string]any{"name": " ", "area": "Oldham"}},
		"readJobseeker":          {"uyynynynn", nil},
		"changeJobseeker":        {"uyfnfnfnn", map[string]any{"name": "Nobody"}},
		"transferJobseeker":      {"uffnynfnn", map[string]any{"coach_id": nothing}},
		"inviteJobseeker":        {"uyfnfnfnn", nil},
		"listStatements":         {"uyynynynn", nil},
		"addStatement":           {"uyfnfnynn", map[string]any{"words": " "}},
		"readAssessment":         {"uyynynynn", nil},
		"listAssessmentVersions": {"uyynynynn", nil},
		"saveAssessment":         {"uyfnfnfnn", map[string]any{"needs": []any{}}},
		"listNeeds":              {"uyynynynn", nil},
		"listJobseekerAudit":     {"uffnynfnn", nil},
	},
	"funding": {
		"searchCourses":          {"uyyyyyfff", nil},
		"readCourse":             {"uyyyyyfff", nil},
		"listFlaggedPrices":      {"ufffyffff", nil},
		"confirmPrice":           {"ufffyffff", nil},
		"listImports":            {"ufffyffff", nil},
		"uploadImport":           {"ufffyffff", nil},
		"readImport":             {"ufffyffff", nil},
		"mapImport":              {"ufffyffff", map[string]any{"columns": []any{}}},
		"listImportProblems":     {"ufffyffff", nil},
		"downloadImportProblems": {"ufffyffff", nil},
		"listAllowances":         {"uyyeyfyee", nil},
		"openAllowance":          {"uyfnfffff", map[string]any{"jobseeker_id": "JOBSEEKER", "course_id": "COURSE"}},
		"readAllowance":          {"uyynyfynn", nil},
		"listRequests":           {"uyyyyyyye", nil},
		"summariseRequests":      {"uyyyyyyyy", nil},
		"draftRequest":           {"uyfnfffff", map[string]any{"allowance_id": "ALLOWANCE"}},
		"readRequest":            {"uyynyyynn", nil},
		"editRequest":            {"uyfnfffff", map[string]any{"lines": []any{}}},
		"proposeReduction":       {"uyynfffff", nil},
		"submitRequest":          {"uyfnfffff", nil},
		"approveRequest":         {"ufffyffff", map[string]any{"code": "removes-need", "other_funding": "None.", "scrutiny": "It helps.", "conflict": "none"}},
		"cancelRequest":          {"uyfnyffff", map[string]any{"words": "Not needed."}},
		"listReminders":          {"ulllllfff", nil},
		"keepRequest":            {"uyfnyffff", map[string]any{"words": "Still needed."}},
		"endorseRequest":         {"ufffyffff", map[string]any{"code": "removes-need"}},
		"declineRequest":         {"ufffyffff", map[string]any{"code": "other", "words": "No."}},
		"returnRequest":          {"ufffyffff", map[string]any{"code": "other", "words": "Why?"}},
		"withdrawRequest":        {"uyfnfffff", map[string]any{}},
		"listRequestAudit":       {"uyfnyfynn", nil},
		"askException":           {"uyfnfffff", map[string]any{"words": "A job waits."}},
		"allowException":         {"ufffyffff", map[string]any{"over_pence": 1, "code": "other", "words": "So be it."}},
		"refuseException":        {"ufffyffff", map[string]any{"code": "other", "words": "No."}},
		"listAutomatic":          {"ufffyyfff", nil},
		"reviewAutomatic":        {"ufffyffff", map[string]any{"agrees": true}},
		"listDocuments":          {"ueeneeenn", nil},
		"listQuestions":          {"ueeneeenn", nil},
		"askQuestion":            {"ufffyffff", map[string]any{"to": "coach", "words": " "}},
		"findQuestions":          {"ueeeefeee", nil},
		"answerQuestion":         {"unnnffnnn", map[string]any{"words": "So."}},
		"challengeRequest":       {"uyfnffynn", map[string]any{"words": "Look again."}},
		"addDocument":            {"uyfnffynn", wordsForAFile},
		"downloadDocument":       {"unnnnnnnn", nil},
		"removeDocument":         {"unnnffnnn", nil},

		"listGrants":       {"ufffyyfff", nil},
		"proposeGrant":     {"ufffyyfff", map[string]any{"kind": "decide", "whose": "any", "area": "Nowhere", "limit_pence": 1, "alone_pence": 1, "first_day": "2026-04-01", "why": "No."}},
		"readGrant":        {"ufffyyfff", nil},
		"confirmGrant":     {"uffffyfff", nil},
		"endGrant":         {"ufffyyfff", map[string]any{"last_day": "2020-01-01", "why": "Long ago."}},
		"readMyAuthority":  {"ueeeyefff", nil},
		"listStaff":        {"ufffyyfff", nil},
		"listLineManagers": {"ufffyyfff", nil},
		"setLineManager":   {"ufffyyfff", map[string]any{"coach_id": nothing, "first_day": "2999-01-01"}},

		"planPayments":      {"uffffyfff", map[string]any{"payments": []any{map[string]any{"payee": map[string]any{"kind": "person"}, "method": "voucher", "amount_pence": 1_000_000_000}}}},
		"releaseRest":       {"uffffyfff", map[string]any{"words": "No."}},
		"closeRequest":      {"uffffyfff", nil},
		"listDue":           {"uffffyfff", nil},
		"summarisePayments": {"uffffyfff", nil},
		"listPayments":      {"uyyeyyfff", nil},
		"readPayment":       {"unnnnnfff", nil},
		"completePayment":   {"uffffnfff", map[string]any{"amount_pence": 1}},
		"cancelPayment":     {"uffffnfff", map[string]any{"words": "No."}},
		"recoverPayment":    {"uffffnfff", map[string]any{"kind": "recovery", "amount_pence": 1, "document": "x", "words": "x"}},
		"listBatches":       {"uffffyfff", nil},
		"createBatch":       {"uffffyfff", map[string]any{"area": "Nowhere", "method": "bacs"}},
		"readBatch":         {"uffffnfff", nil},
		"removeFromBatch":   {"uffffnfff", nil},
		"exportBatch":       {"uffffnfff", map[string]any{"format": "csv"}},
		"downloadBatch":     {"uffffnfff", nil},
		"listResults":       {"uffffyfff", nil},
		"uploadResults":     {"uffffyfff", nil},
		"readResult":        {"uffffnfff", nil},
		"mapResult":         {"uffffnfff", map[string]any{"columns": []any{}}},
		"listResultLines":   {"uffffnfff", nil},

		"listFunds":        {"uyyyyyfff", nil},
		"openFund":         {"uffffyfff", map[string]any{"code": "a b", "name": "No", "first_day": "2026-04-01"}},
		"readFund":         {"uyyyyyfff", nil},
		"listBudgets":      {"ufffyyfff", nil},
		"openBudget":       {"uffffyfff", map[string]any{"fund_id": "FUND", "area": "Oldham", "year": 2001}},
		"readBudget":       {"ufffyyfff", nil},
		"listBudgetLedger": {"ufffyyfff", nil},
		"proposeMovement":  {"uffffyfff", map[string]any{"from_budget_id": "BUDGET", "pence": 1_000_000_000, "reason": "More than there is."}},
		"listTerms":        {"uyyyyyfff", nil},
		"proposeTerms": {"uffffyfff", map[string]any{"reason": "So.", "terms": map[string]any{
			"first_day": "2001-04-01", "auto_up_to_pence": 0, "expires_days": 0, "warn_days": 0, "challenge_days": 0, "decide_days": 0, "receipt_days": 0, "exceptions": false}}},
		"listCategories": {"uyyyyyfff", nil},
		"proposeCategories": {"uffffyfff", map[string]any{"reason": "So.", "categories": []any{
			map[string]any{"category": "fines", "allowed": false, "label": "Fines", "words": "No.", "first_day": "2001-04-01"}}}},
		"listProposals":              {"ufffyyfff", nil},
		"readProposal":               {"ufffyyfff", nil},
		"confirmProposal":            {"ufffyyfff", nil},
		"listSuppliers":              {"uyyyyyfff", nil},
		"addSupplier":                {"uffffyfff", map[string]any{"name": " ", "postcode": "x"}},
		"readSupplier":               {"unnnnnfff", nil},
		"editSupplier":               {"uffffnfff", map[string]any{"name": " ", "postcode": "x"}},
		"listSupplierBankDetails":    {"ufffnnfff", nil},
		"proposeSupplierBankDetails": {"uffffnfff", map[string]any{"holder": " ", "sort_code": "1", "account_number": "1"}},
		"listPersonBankDetails":      {"uenneefff", nil},
		"proposePersonBankDetails":   {"uynnfyfff", map[string]any{"holder": " ", "sort_code": "1", "account_number": "1"}},
		"confirmBankDetails":         {"ufffnnfff", map[string]any{"sort_code": "1", "account_number": "1"}},
		"refuseBankDetails":          {"unnnnnfff", map[string]any{"words": "No."}},
		"readReconciliation":         {"ufffyyfff", nil},
		"listNames":                  {"ufffyyfff", nil},

		"refuseProposal": {"ufffyyfff", map[string]any{"words": "It was confirmed long ago."}},
	},
	"outcomes": {
		"searchOccupations": {"uyyyyffff", nil},
		"listDefinitions":   {"uyyyyfyyy", nil},
		"listOutcomes":      {"uyynyfynn", nil},
		"recordOutcome":     {"uyfnfffff", map[string]any{"kind": "job", "route": "instead", "started_on": "2001-01-01"}},
		"readOutcome":       {"uyynyfynn", nil},
		"correctOutcome":    {"uyfnfffff", map[string]any{"kind": "training", "route": "instead", "started_on": "2026-05-04", "why": "No."}},
		"strikeOutcome":     {"uyfnfffff", map[string]any{"why": "No."}},
		"listChecks":        {"ullllflll", nil},
		"recordCheck":       {"uyfnffynn", map[string]any{"in_work": true}},
		"correctCheck":      {"uyfnfffff", map[string]any{"in_work": true, "why": "No."}},
		"listRatings":       {"ueenefenn", nil},
		"rate":              {"ufffffnnn", map[string]any{"helped": "no", "course_would_help_more": "no"}},
		"listUsefulness":    {"ufffyffff", nil},
		"listOutcomeAudit":  {"ufffyffff", nil},
		"listBallots":       {"uyylyyyyy", nil},
		"openBallot":        {"ufffyffff", map[string]any{"area": "Oldham", "kind": "priorities", "opens_on": "2001-01-01", "closes_on": "2001-01-02"}},
		"readBallot":        {"uyynyyyyy", nil},
		"castVote":          {"uyynyyyyy", map[string]any{"option": 12}},
		"cancelBallot":      {"ufffyffff", map[string]any{"why": "No."}},
	},
	"reporting": {
		"readOverview":   {"ufffyyfff", nil},
		"listTotals":     {"ufffyyfff", nil},
		"listRequests":   {"ufffllfff", nil},
		"listUnderspend": {"ufffllfff", nil},
		"readForecast":   {"ufffyyfff", nil},
		"listDecisions":  {"ufffyyfff", nil},
		"listEquity":     {"ufffllfff", nil},
		"listSavings":    {"ufffyyfff", nil},
		"listUnasked":    {"ufffyyfff", nil},
		"listOutcomes":   {"ufffyyfff", nil},
		"compareRoutes":  {"ufffyyfff", nil},
		"readValue":      {"ufffllfff", nil},
		"listProxies":    {"ufffllfff", nil},
		"createExport":   {"ufffyyfff", map[string]any{"of": "totals", "by": "kind"}},
		"streamExport":   {"ufffnnfff", nil},
	},
}

// contracts are those of every service that has one.
var contracts = map[string]func() ([]byte, error){"needs": needs.GetSpecJSON, "funding": funding.GetSpecJSON, "outcomes": outcomes.GetSpecJSON, "reporting": reporting.GetSpecJSON}

// operation is one way to call a service.
type operation struct{ id, method, path string }

func operations(t *testing.T, spec func() ([]byte, error)) []operation {
	t.Helper()
	raw, err := spec()
	if err != nil {
		t.Fatal(err)
	}
	doc, err := openapi3.NewLoader().LoadFromData(raw)
	if err != nil {
		t.Fatal(err)
	}
	var all []operation
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			all = append(all, operation{op.OperationID, method, path})
		}
	}
	slices.SortFunc(all, func(a, b operation) int { return strings.Compare(a.id, b.id) })
	return all
}

// record is the ids of what the operations are tried on.
type record struct {
	jobseeker, request, allowance, course, price, list, fund, budget, proposal, grant, outcome, check, ballot string
}

func leanne(t *testing.T) record {
	t.Helper()
	n, f := theWhole.clients(t)
	coach := theWhole.as(t, "priya-shah")
	q := "leanne.hargreaves@example.org"
	found, err := n.ListJobseekersWithResponse(coach, &needs.ListJobseekersParams{Q: &q})
	if err != nil || len(found.JSON200.Items) != 1 {
		t.Fatalf("the demo's Leanne: %v", err)
	}
	jobseeker := found.JSON200.Items[0].Id
	requests, err := f.ListRequestsWithResponse(coach, &funding.ListRequestsParams{JobseekerId: &jobseeker, State: &[]funding.State{funding.Approved}})
	if err != nil || len(requests.JSON200.Items) != 1 {
		t.Fatalf("Leanne's request: %v", err)
	}
	request, err := f.ReadRequestWithResponse(coach, requests.JSON200.Items[0].Id)
	if err != nil {
		t.Fatal(err)
	}
	course, err := f.ReadCourseWithResponse(coach, request.JSON200.Allowance.CourseId)
	if err != nil {
		t.Fatal(err)
	}
	imported, err := f.ListImportsWithResponse(theWhole.as(t, "helen-barlow"), nil)
	if err != nil || len(imported.JSON200.Items) == 0 {
		t.Fatalf("the demo's import: %v", err)
	}
	finance := theWhole.as(t, "grace-oduya")
	current := funding.GrantCurrent
	grants, err := f.ListGrantsWithResponse(finance, &funding.ListGrantsParams{State: &current})
	if err != nil || len(grants.JSON200.Items) == 0 {
		t.Fatalf("the demo's grants: %v", err)
	}
	went, err := theWhole.outcomes(t).ListOutcomesWithResponse(coach, jobseeker)
	if err != nil || len(went.JSON200.Items) != 1 {
		t.Fatalf("how it went for Leanne: %v", err)
	}
	outcome := went.JSON200.Items[0]
	ballots, err := theWhole.outcomes(t).ListBallotsWithResponse(coach, nil)
	if err != nil || ballots.JSON200.Total < 2 {
		t.Fatalf("the demo's votes: %v", err)
	}
	budgets, err := f.ListBudgetsWithResponse(finance, nil)
	if err != nil || len(budgets.JSON200.Items) == 0 {
		t.Fatalf("the demo's budgets: %v", err)
	}
	budget := budgets.JSON200.Items[0]
	proposals, err := f.ListProposalsWithResponse(finance, &funding.ListProposalsParams{BudgetId: &budget.Id})
	if err != nil || len(proposals.JSON200.Items) == 0 {
		t.Fatalf("what the demo's budget was given: %v", err)
	}
	confirmed := slices.IndexFunc(proposals.JSON200.Items, func(p funding.Proposal) bool { return p.State == funding.ProposalConfirmed })
	return record{jobseeker.String(), request.JSON200.Id.String(), request.JSON200.Allowance.Id.String(),
		course.JSON200.Id.String(), course.JSON200.Prices[0].Id.String(), imported.JSON200.Items[0].Id.String(),
		budget.Fund.Id.String(), budget.Id.String(), proposals.JSON200.Items[confirmed].Id.String(), grants.JSON200.Items[0].Id.String(),
		outcome.Id.String(), outcome.Checks[0].Id.String(), ballots.JSON200.Items[0].Id.String()}
}

// breakdowns are what operations of reporting want to be told: by what.
var breakdowns = map[string]string{
	"listTotals": "?by=month", "listRequests": "?measure=spent", "listDecisions": "?by=month", "listEquity": "?by=area",
	"listSavings": "?by=month", "listUnasked": "?by=month", "listOutcomes": "?by=month",
}

// address fills an operation's path with the record's ids.
func (r record) address(service string, op operation) string {
	id := nothing.String()
	switch strings.Split(op.path, "/")[1] {
	case "jobseekers":
		id = r.jobseeker
	case "requests":
		id = r.request
	case "allowances":
		id = r.allowance
	case "courses":
		id = r.course
	case "prices":
		id = r.price
	case "imports":
		id = r.list
	case "authority":
		id = r.grant
	case "funds":
		id = r.fund
	case "budgets":
		id = r.budget
	case "proposals":
		id = r.proposal
	case "outcomes":
		id = r.outcome
	case "checks":
		id = r.check
	case "ballots":
		id = r.ballot
	}
	path := strings.NewReplacer("{id}", id, "{payment}", nothing.String(), "{about}", nothing.String()).Replace(op.path)
	if service == "reporting" {
		return path + breakdowns[op.id]
	}
	switch op.id {
	case "listAllowances":
		path += "?jobseeker_id=" + r.jobseeker
	case "listNames":
		path += "?ids=" + r.course
	case "listStaff":
		path += "?role=coach"
	case "listCoaches":
		path += "?area=Oldham"
	case "findQuestions":
		path += "?which=for-me"
	case "uploadImport":
		path += "?file_name=empty.csv"
	case "uploadResults":
		path += "?file_name=empty.csv&area=Oldham"
	}
	return path
}

func TestEveryOperationIsTriedByEverybody(t *testing.T) {
	on := leanne(t)
	for service, spec := range contracts {
		known := map[string]bool{}
		for _, op := range operations(t, spec) {
			known[op.id] = true
			one, ok := tries[service][op.id]
			if !ok || len(one.who) != len(actors) {
				t.Errorf("%s: nobody has said who may %s", service, op.id)
				continue
			}
			for i, actor := range actors {
				status, answer := call(t, service, op, on, one.body, actor)
				if got := letter(status, answer); got != one.who[i:i+1] && (one.who[i] != 'l' || got != "y" && got != "e") {
					t.Errorf("%s by %q answered %d (%s), want %q", op.id, actor, status, got, one.who[i:i+1])
				}
			}
		}
		for _, id := range slices.Sorted(maps.Keys(tries[service])) {
			if !known[id] {
				t.Errorf("%s has no operation %s any more", service, id)
			}
		}
	}
}

// alsoAudited are the reads that are an auditor's and not finance's.
var alsoAudited = []string{"listJobseekerAudit", "listRequestAudit", "listOutcomeAudit", "listUsefulness", "listDefinitions"}

// An auditor has no letter of their own: they read what finance reads and who
// looked at what, and whatever changes something is not theirs.
func TestAnAuditorReadsWhatFinanceReadsAndChangesNothing(t *testing.T) {
	on := leanne(t)
	grace := slices.Index(actors, "grace-oduya")
	for service, spec := range contracts {
		for _, op := range operations(t, spec) {
			one := tries[service][op.id]
			if len(one.who) <= grace {
				continue // which another test tells of
			}
			want := one.who[grace : grace+1]
			if slices.Contains(alsoAudited, op.id) || want == "y" || want == "l" {
				want = "ye" // by then there may be nothing in a list any more, or not yet
			}
			if op.method != http.MethodGet && op.id != "createExport" || op.id == "downloadBatch" {
				want = "fn" // whichever it is, they may not; an export changes nothing but the audit trail
			}
			status, answer := call(t, service, op, on, one.body, "nadia-rahman")
			if got := letter(status, answer); !strings.Contains(want, got) {
				t.Errorf("%s by an auditor answered %d (%s), want %q: %s", op.id, status, got, want, answer)
			}
		}
	}
}

func letter(status int, answer []byte) string {
	switch status {
	case http.StatusUnauthorized:
		return "u"
	case http.StatusForbidden:
		return "f"
	case http.StatusNotFound:
		return "n"
	}
	if status >= http.StatusInternalServerError {
		return "broken"
	}
	var list struct{ Items *[]any }
	if json.Unmarshal(answer, &list) == nil && list.Items != nil && len(*list.Items) == 0 {
		return "e"
	}
	return "y"
}

func call(t *testing.T, service string, op operation, on record, body any, actor string) (int, []byte) {
	t.Helper()
	var sent bytes.Buffer
	contentType := "application/json"
	switch {
	case op.id == "uploadImport", op.id == "uploadResults":
		contentType = "text/csv"
	case op.id == "addDocument":
		contentType = "multipart/form-data; boundary=X"
		sent.WriteString(wordsForAFile)
	case body != nil:
		if err := json.NewEncoder(&sent).Encode(body); err != nil {
			t.Fatal(err)
		}
		s := strings.NewReplacer("JOBSEEKER", on.jobseeker, "ALLOWANCE", on.allowance, "COURSE", on.course, "FUND", on.fund, "BUDGET", on.budget).Replace(sent.String())
		sent.Reset()
		sent.WriteString(s)
	}
	r, err := http.NewRequestWithContext(t.Context(), op.method, fmt.Sprintf("%s/api/%s%s", theWhole.origin, service, on.address(service, op)), &sent)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", contentType)
	r.Header.Set("If-Match", staleVersion.String())
	if actor != "" {
		token, err := theWhole.token(t.Context(), actor)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, answer
}
