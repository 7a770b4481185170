package journey_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/uuid"

	"github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/api/needs"
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
// a letter for each of the actors, y for yes, f for forbidden, n for not found
// and u for unauthenticated. The bodies are of the right shape, and out of date
// or otherwise wrong, so that whoever may do it changes nothing.
type try struct {
	who  string
	body any
}

// nothing has a well-formed id that belongs to nothing.
var nothing = uuid.MustParse("0199a3e0-51f5-7c61-9f43-0f0c4a1f6b11")

const staleVersion = 1 << 40

var tries = map[string]map[string]try{
	"needs": {
		"readMe":                 {"uyyyyyyyy", nil},
		"acceptInvitation":       {"ufffffyyy", map[string]any{"code": "WRONG-CODE-1"}},
		"listCoaches":            {"uffffffff", nil},
		"listJobseekers":         {"uyyyyffff", nil},
		"addJobseeker":           {"uyyyfffff", map[string]any{"name": " ", "area": "Oldham"}},
		"readJobseeker":          {"uyynyfynn", nil},
		"changeJobseeker":        {"uyfnfffff", map[string]any{"version": staleVersion, "name": "Nobody"}},
		"transferJobseeker":      {"uffffffff", map[string]any{"version": staleVersion, "coach_id": nothing}},
		"inviteJobseeker":        {"uyfnfffff", nil},
		"listStatements":         {"uyynyfynn", nil},
		"addStatement":           {"uyfnffynn", map[string]any{"words": " "}},
		"readAssessment":         {"uyynyfynn", nil},
		"listAssessmentVersions": {"uyynyfynn", nil},
		"saveAssessment":         {"uyfnfffff", map[string]any{"version": staleVersion, "needs": []any{}}},
		"listNeeds":              {"uyynyfynn", nil},
		"listJobseekerAudit":     {"uffffffff", nil},
	},
	"funding": {
		"searchCourses":          {"uyyyyyfff", nil},
		"readCourse":             {"uyyyyyfff", nil},
		"listFlaggedPrices":      {"uffffffff", nil},
		"confirmPrice":           {"uffffffff", nil},
		"listImports":            {"uffffffff", nil},
		"uploadImport":           {"uffffffff", nil},
		"readImport":             {"uffffffff", nil},
		"mapImport":              {"uffffffff", map[string]any{"columns": []any{}}},
		"listImportProblems":     {"uffffffff", nil},
		"downloadImportProblems": {"uffffffff", nil},
		"listAllowances":         {"uyynyfynn", nil},
		"openAllowance":          {"uyfnfffff", map[string]any{"jobseeker_id": "JOBSEEKER", "course_id": nothing}},
		"readAllowance":          {"uyynyfynn", nil},
		"listRequests":           {"uyyyyyyyy", nil},
		"summariseRequests":      {"uyyyyyyyy", nil},
		"draftRequest":           {"uyfnfffff", map[string]any{"allowance_id": "ALLOWANCE"}},
		"readRequest":            {"uyynyyynn", nil},
		"editRequest":            {"uyfnfffff", map[string]any{"version": staleVersion, "lines": []any{}}},
		"proposeReduction":       {"uyfnfffff", nil},
		"submitRequest":          {"uyfnfffff", map[string]any{"version": staleVersion}},
		"approveRequest":         {"uffffffff", map[string]any{"version": staleVersion, "code": "removes-need"}},
		"declineRequest":         {"uffffffff", map[string]any{"version": staleVersion, "code": "other", "words": "No."}},
		"returnRequest":          {"uffffffff", map[string]any{"version": staleVersion, "code": "other", "words": "Why?"}},
		"withdrawRequest":        {"uyfnfffff", map[string]any{"version": staleVersion}},
		"listRequestAudit":       {"uyfnfffff", nil},
	},
}

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
type record struct{ jobseeker, request, allowance, course, price string }

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
	requests, err := f.ListRequestsWithResponse(coach, &funding.ListRequestsParams{JobseekerId: &jobseeker})
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
	return record{jobseeker.String(), request.JSON200.Id.String(), request.JSON200.Allowance.Id.String(),
		course.JSON200.Id.String(), course.JSON200.Prices[0].Id.String()}
}

// address fills an operation's path with the record's ids.
func (r record) address(op operation) string {
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
	}
	path := strings.ReplaceAll(op.path, "{id}", id)
	switch op.id {
	case "listAllowances":
		path += "?jobseeker_id=" + r.jobseeker
	case "listCoaches":
		path += "?area=Oldham"
	case "uploadImport":
		path += "?file_name=empty.csv"
	}
	return path
}

func TestEveryOperationIsTriedByEverybody(t *testing.T) {
	on := leanne(t)
	for service, spec := range map[string]func() ([]byte, error){"needs": needs.GetSpecJSON, "funding": funding.GetSpecJSON} {
		known := map[string]bool{}
		for _, op := range operations(t, spec) {
			known[op.id] = true
			one, ok := tries[service][op.id]
			if !ok || len(one.who) != len(actors) {
				t.Errorf("%s: nobody has said who may %s", service, op.id)
				continue
			}
			for i, actor := range actors {
				status := call(t, service, op, on, one.body, actor)
				if got := letter(status); got != one.who[i:i+1] {
					t.Errorf("%s by %q answered %d, want %q", op.id, actor, status, one.who[i:i+1])
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

func letter(status int) string {
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
	return "y"
}

func call(t *testing.T, service string, op operation, on record, body any, actor string) int {
	t.Helper()
	var sent bytes.Buffer
	contentType := "application/json"
	switch {
	case op.id == "uploadImport":
		contentType = "text/csv"
	case body != nil:
		if err := json.NewEncoder(&sent).Encode(body); err != nil {
			t.Fatal(err)
		}
		s := strings.NewReplacer("JOBSEEKER", on.jobseeker, "ALLOWANCE", on.allowance).Replace(sent.String())
		sent.Reset()
		sent.WriteString(s)
	}
	r, err := http.NewRequestWithContext(t.Context(), op.method, fmt.Sprintf("%s/api/%s%s", theWhole.origin, service, on.address(op)), &sent)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", contentType)
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
	return resp.StatusCode
}
