package funding_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/instead-support/instead/pkg/host/hosttest"
	"go.opentelemetry.io/otel"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
)

// An account is entered well, badly and twice, confirmed and refused, and met by
// a database that breaks under it. It must then be in no log line, no span, no
// audit entry and no answer.
//
// It sets the process's tracer, so it is not parallel.
func TestAnAccountIsInNoLogNoTraceNoAuditEntryAndNoAnswer(t *testing.T) {
	spans := tracetest.NewInMemoryExporter()
	before := otel.GetTracerProvider()
	otel.SetTracerProvider(sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans)))
	t.Cleanup(func() { otel.SetTracerProvider(before) })

	s := start(t)
	s.open(dansRecord)
	var answers bytes.Buffer
	ask := func(p *hosttest.Person, method, path, body string, want int) string {
		t.Helper()
		status, answer := s.Send(p, method, path, body)
		if status != want {
			t.Errorf("%s %s = %d %s, want %d", method, path, status, answer, want)
		}
		answers.WriteString(answer)
		return answer
	}
	id := func(answer string) string {
		var thing struct{ ID string }
		if err := json.Unmarshal([]byte(answer), &thing); err != nil || thing.ID == "" {
			t.Fatalf("no id in %s: %v", answer, err)
		}
		return thing.ID
	}
	account := func(holder, sortCode, number, why string) string {
		return fmt.Sprintf(`{"holder":%q,"sort_code":%q,"account_number":%q,"alike_reason":%q}`, holder, sortCode, number, why)
	}
	good := account("Zed Quillfeather", "08-99-98", "98765432", "")
	people := "/jobseekers/" + dansRecord.String() + "/bank-details"
	shop := "/suppliers/" + id(ask(&fin, "POST", "/suppliers", `{"name":"Spokes","postcode":"OL1 1AA"}`, http.StatusCreated)) + "/bank-details"

	s.Key = "a form"
	first := id(ask(&asha, "POST", people, good, http.StatusCreated))
	ask(&asha, "POST", people, good, http.StatusCreated)
	s.Key = ""
	ask(&asha, "POST", people, good, http.StatusConflict)
	ask(&ben, "POST", people, good, http.StatusNotFound)
	ask(nil, "POST", people, good, http.StatusUnauthorized)
	ask(&fin, "POST", shop, good, http.StatusConflict) // it is Dan's
	ask(&fin, "POST", shop, account("Zed Quillfeather", "0899987", "98765432", ""), http.StatusBadRequest)
	ask(&fin, "POST", shop, account("Zed Quillfeather", "08-99-98-98765432", "98765432", ""), http.StatusBadRequest)
	second := id(ask(&fin, "POST", shop, account("Zed Quillfeather", "08-99-98", "98765432", "They share a till."), http.StatusCreated))
	ask(&mo, "POST", "/bank-details/"+first+"/confirmation", `{"sort_code":"089998","account_number":"98765433"}`, http.StatusBadRequest)
	ask(&mo, "POST", "/bank-details/"+first+"/confirmation", `{"sort_code":"089998","account_number":"98765432"}`, http.StatusOK)
	ask(&fin, "POST", "/bank-details/"+second+"/confirmation", `{"sort_code":"089998","account_number":"98765432"}`, http.StatusForbidden)
	ask(&fin, "POST", "/bank-details/"+second+"/refusal", `{"words":"It is not theirs."}`, http.StatusOK)
	for _, path := range []string{people, shop} {
		if answer := ask(&fin, "GET", path, "", http.StatusOK); !strings.Contains(answer, "••• 5432") {
			t.Errorf("%s shows %s", path, answer)
		}
	}
	if err := s.Owner.Gorm.Exec("ALTER TABLE bank_details ADD CONSTRAINT broken CHECK (last_four <> '6666')").Error; err != nil {
		t.Fatal(err)
	}
	ask(&fin, "POST", shop, account("Zed Quillfeather", "08-99-98", "98766666", ""), http.StatusInternalServerError)

	var trail []string
	if err := s.Owner.Gorm.Raw("SELECT e::text FROM audit_entry e").Scan(&trail).Error; err != nil {
		t.Fatal(err)
	}
	var traced []string
	for _, span := range spans.GetSpans() {
		traced = append(traced, fmt.Sprintf("%s %v %v %v", span.Name, span.Attributes, span.Events, span.Status))
	}
	if len(trail) < 5 || len(traced) < 50 || !strings.Contains(s.Log.String(), "request failed") {
		t.Fatalf("%d audit entries, %d spans and this log: is anything being written?\n%s", len(trail), len(traced), s.Log)
	}
	for place, text := range map[string]string{
		"the log": s.Log.String(), "a span": strings.Join(traced, "\n"), "an audit entry": strings.Join(trail, "\n"), "an answer": answers.String(),
	} {
		for _, secret := range []string{"9876543", "08-99-98", "089998", "quillfeather"} {
			if i := strings.Index(strings.ToLower(text), secret); i >= 0 {
				t.Errorf("%q is in %s: …%s…", secret, place, text[max(0, i-200):min(len(text), i+100)])
			}
		}
	}
}
