package etag_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/api/needs"
	"github.com/instead-support/instead/api/outcomes"
	"github.com/instead-support/instead/api/reporting"
)

// unversioned are the edits of a thing that has no version, with why it can do
// without.
var unversioned = map[string]string{
	"castVote":        "the last vote of a member counts, whatever it is in place of, and nobody else changes it",
	"recordOutcome":   "it makes a new outcome, and changes none",
	"reviewAutomatic": "it is said once, and changes nothing of the request",
	"mapImport":       "an import is mapped once, from one state into another",
	"mapResult":       "a result file is mapped once, from one state into another",
}

func TestEveryEditNamesTheVersionItIsOf(t *testing.T) {
	seen := map[string]bool{}
	each(t, func(t *testing.T, method, path string, op *openapi3.Operation) {
		seen[op.OperationID] = true
		header := op.Parameters.GetByInAndName("header", "If-Match")
		edit := method == http.MethodPut || method == http.MethodPatch ||
			method == http.MethodPost && strings.Contains(path, "{") && versioned(op)
		switch {
		case edit && unversioned[op.OperationID] == "" && (header == nil || !header.Required):
			t.Errorf("%s changes what has a version, and takes no If-Match", op.OperationID)
		case method == http.MethodGet && header != nil:
			t.Errorf("%s changes nothing, and takes If-Match", op.OperationID)
		}
		if versioned(op) && success(op).Headers["ETag"] == nil {
			t.Errorf("%s shows what has a version, and answers without ETag", op.OperationID)
		}
	})
	for id := range unversioned {
		if !seen[id] {
			t.Errorf("there is no %s any more", id)
		}
	}
}

func TestEveryUnsafeOperationTakesAKeyByWhichItIsDoneOnce(t *testing.T) {
	each(t, func(t *testing.T, method, _ string, op *openapi3.Operation) {
		if key := op.Parameters.GetByInAndName("header", "Idempotency-Key"); (method != http.MethodGet) != (key != nil) {
			t.Errorf("%s %s and Idempotency-Key do not go together", method, op.OperationID)
		}
	})
}

// each looks at every operation of every contract.
func each(t *testing.T, look func(t *testing.T, method, path string, op *openapi3.Operation)) {
	for service, spec := range map[string]func() (*openapi3.T, error){"needs": needs.GetSpec, "funding": funding.GetSpec, "outcomes": outcomes.GetSpec, "reporting": reporting.GetSpec} {
		t.Run(service, func(t *testing.T) {
			doc, err := spec()
			if err != nil {
				t.Fatal(err)
			}
			for path, item := range doc.Paths.Map() {
				for method, op := range item.Operations() {
					op.Parameters = append(op.Parameters, item.Parameters...)
					look(t, method, path, op)
				}
			}
		})
	}
}

// success is the answer when all goes well.
func success(op *openapi3.Operation) *openapi3.Response {
	for status, answer := range op.Responses.Map() {
		if strings.HasPrefix(status, "2") {
			return answer.Value
		}
	}
	return &openapi3.Response{}
}

// versioned reports whether the operation answers with one thing that has a
// version.
func versioned(op *openapi3.Operation) bool {
	content := success(op).Content.Get("application/json")
	return content != nil && content.Schema != nil && hasVersion(content.Schema.Value)
}

func hasVersion(s *openapi3.Schema) bool {
	for _, part := range s.AllOf {
		if hasVersion(part.Value) {
			return true
		}
	}
	return s.Properties["version"] != nil
}
