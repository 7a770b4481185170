package needs_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"go.opentelemetry.io/otel"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	api "github.com/instead-support/instead/api/needs"
	"github.com/instead-support/instead/pkg/host/hosttest"
)

// Everything is done once, well and badly, down to a database that breaks under
// it. What was typed must then be in no log line, no span and no audit entry.
//
// It sets the process's tracer, so it is not parallel.
func TestWhatPeopleAreCalledAndSaidIsInNoLogNoTraceAndNoAuditEntry(t *testing.T) {
	spans := tracetest.NewInMemoryExporter()
	before := otel.GetTracerProvider()
	otel.SetTracerProvider(sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans)))
	t.Cleanup(func() { otel.SetTracerProvider(before) })

	s := start(t)
	dan := public("Zachariah Quill")
	secrets := []string{"Quillfeather", "zquill", "900123", "OL9 9ZZ", "OL99ZZ", "trombone", "unicycle", "Zachariah", "Threepwood"}
	form := `{"name":"Zed Quillfeather","known_as":"Quillfeather","email":"zquill@example.com","phone":"07700 900123","postcode":"OL9 9ZZ","area":"Oldham"%s}`

	ask := func(p *hosttest.Person, method, path, body string, want int, version ...int64) string {
		t.Helper()
		status, answer := s.Send(p, method, path, body, version...)
		if status != want {
			t.Errorf("%s %s = %d %s, want %d", method, path, status, answer, want)
		}
		return answer
	}
	ask(&asha, "POST", "/jobseekers", fmt.Sprintf(form, ""), http.StatusCreated)
	ask(&asha, "POST", "/jobseekers", fmt.Sprintf(form, ""), http.StatusConflict)
	ask(&asha, "POST", "/jobseekers", fmt.Sprintf(form, `,"different_person":"Quillfeather"`), http.StatusBadRequest)
	ask(&asha, "POST", "/jobseekers", `{"name":"Quillfeather\u0007","email":"zquill","area":"Quillfeather"}`, http.StatusBadRequest)
	ask(&asha, "POST", "/jobseekers", `{"name":"Quillfeather`, http.StatusBadRequest)
	ask(nil, "POST", "/jobseekers", fmt.Sprintf(form, ""), http.StatusUnauthorized)

	found, err := s.client().ListJobseekersWithResponse(s.As(asha), &api.ListJobseekersParams{Q: new("quillfeather")})
	if err != nil || found.JSON200.Total != 1 {
		t.Fatalf("ListJobseekers() = %+v %v", found, err)
	}
	record := "/jobseekers/" + found.JSON200.Items[0].Id.String()
	ask(&asha, "GET", "/jobseekers?q=Quillfeather", "", http.StatusOK)
	ask(&asha, "GET", record, "", http.StatusOK)
	ask(&cal, "GET", record, "", http.StatusNotFound)
	ask(&asha, "PUT", record, `{"name":"Zed Quillfeather","email":"zquill@example.org"}`, http.StatusOK, 1)
	ask(&asha, "PUT", record, `{"name":"Zed Quillfeather"}`, http.StatusPreconditionFailed, 1)
	ask(&asha, "POST", record+"/statements", `{"words":"I want to play the trombone."}`, http.StatusCreated)
	ask(&asha, "POST", record+"/statements", `{"words":"trombone`+strings.Repeat(" trombone", 500)+`"}`, http.StatusBadRequest)
	page := `{"needs":[{"category":"getting-there","standing":"%s","in_the_way":"No unicycle.","would_remove":"A unicycle."}]}`
	ask(&asha, "PUT", record+"/assessment", fmt.Sprintf(page, "in-the-way"), http.StatusOK, 0)
	ask(&asha, "PUT", record+"/assessment", fmt.Sprintf(page, "in-the-way"), http.StatusPreconditionFailed, 0)
	ask(&asha, "PUT", record+"/assessment", fmt.Sprintf(page, "strength"), http.StatusBadRequest, 1)
	ask(&asha, "PUT", record+"/assessment", fmt.Sprintf(page, "unicycle"), http.StatusBadRequest, 1)
	for _, path := range []string{"/assessment", "/assessment/versions", "/needs", "/statements", "/audit"} {
		ask(&mo, "GET", record+path, "", http.StatusOK)
	}

	invited, err := s.client().InviteJobseekerWithResponse(s.As(asha), found.JSON200.Items[0].Id, nil)
	if err != nil {
		t.Fatal(err)
	}
	code := invited.JSON201.Code
	secrets = append(secrets, code, strings.ReplaceAll(code, "-", ""))
	ask(&dan, "POST", "/me/invitation", `{"code":"unicycle"}`, http.StatusBadRequest)
	ask(&dan, "POST", "/me/invitation", `{"code":"`+code+`"}`, http.StatusOK)
	ask(&dan, "POST", record+"/statements", `{"words":"Only the trombone."}`, http.StatusCreated)
	ask(&dan, "GET", "/me", "", http.StatusOK)

	// A second record for the same sign-in breaks a unique constraint, whose
	// message quotes the row; a table that is gone breaks everything.
	other := s.add("Guybrush Threepwood", public("Guybrush Threepwood"))
	again, err := s.client().InviteJobseekerWithResponse(s.As(asha), other.Id, nil)
	if err != nil {
		t.Fatal(err)
	}
	secrets = append(secrets, again.JSON201.Code, strings.ReplaceAll(again.JSON201.Code, "-", ""))
	ask(&dan, "POST", "/me/invitation", `{"code":"`+again.JSON201.Code+`"}`, http.StatusConflict)
	for _, sql := range []string{
		"ALTER TABLE statement ADD CONSTRAINT broken CHECK (words NOT LIKE '%unlucky%')",
		"ALTER TABLE jobseeker ADD CONSTRAINT also_broken CHECK (name NOT LIKE '%Unlucky%')",
	} {
		if err := s.Owner.Gorm.Exec(sql).Error; err != nil {
			t.Fatal(err)
		}
	}
	ask(&dan, "POST", record+"/statements", `{"words":"An unlucky trombone."}`, http.StatusInternalServerError)
	ask(&asha, "POST", "/jobseekers", `{"name":"Unlucky Quillfeather","area":"Oldham"}`, http.StatusInternalServerError)
	if err := s.Owner.Gorm.Exec("ALTER TABLE jobseeker RENAME TO gone").Error; err != nil {
		t.Fatal(err)
	}
	ask(&asha, "POST", "/jobseekers", fmt.Sprintf(form, ""), http.StatusInternalServerError)
	ask(&asha, "GET", "/jobseekers?q=Quillfeather", "", http.StatusInternalServerError)

	var trail []string
	if err := s.Owner.Gorm.Raw("SELECT e::text FROM audit_entry e").Scan(&trail).Error; err != nil {
		t.Fatal(err)
	}
	var traced []string
	for _, span := range spans.GetSpans() {
		traced = append(traced, fmt.Sprintf("%s %v %v %v", span.Name, span.Attributes, span.Events, span.Status))
	}
	if len(trail) < 15 || len(traced) < 100 || !strings.Contains(s.Log.String(), "request failed") {
		t.Fatalf("%d audit entries, %d spans and this log: is anything being written?\n%s", len(trail), len(traced), s.Log)
	}
	for place, text := range map[string]string{"the log": s.Log.String(), "a span": strings.Join(traced, "\n"), "an audit entry": strings.Join(trail, "\n")} {
		for _, secret := range secrets {
			if i := strings.Index(strings.ToLower(text), strings.ToLower(secret)); i >= 0 {
				t.Errorf("%q is in %s: …%s…", secret, place, text[max(0, i-200):min(len(text), i+100)])
			}
		}
	}
}
