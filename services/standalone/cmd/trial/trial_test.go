package main

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/pkg/config"
	"github.com/instead-support/instead/pkg/httpx"
	"github.com/instead-support/instead/services/standalone/internal/system"
)

// start starts a whole Instead, and a trial of it.
func start(t *testing.T) *trial {
	t.Helper()
	dir, err := os.MkdirTemp("", "instead-trial-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil { // PostgreSQL's account must reach it
		t.Fatal(err)
	}
	s, err := system.Start(t.Context(), system.Config{
		Dir: filepath.Join(dir, "data"), Origin: "http://localhost:8080", Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	issuer, err := url.Parse(s.Providers.Staff.Issuer())
	if err != nil {
		t.Fatal(err)
	}
	tried, err := newTrial(t.Context(), config.Env{
		"NEEDS_URL": "http://needs", "FUNDING_URL": "http://funding", "PORTAL_URL": "http://portal", "STAFF_ISSUER": issuer.String(),
	}, httpx.InProcess{Hosts: map[string]http.Handler{issuer.Host: standIn(s.Providers)}, Next: s.Transport})
	if err != nil {
		t.Fatal(err)
	}
	return tried
}

func TestTheMainJobIsDoneOnceAndWhatWasPromisedIsGivenBack(t *testing.T) {
	tried := start(t)
	for range 2 { // a second time what it takes is there already
		if err := tried.once(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	err := tried.step(t.Context(), tried.coach, "look", func(ctx context.Context) error {
		found, err := tried.funding.ListRequestsWithResponse(ctx, nil)
		if err != nil {
			return err
		}
		for _, r := range found.JSON200.Items {
			if r.State != funding.Cancelled {
				t.Errorf("%s is left %s", r.Reference, r.State)
			}
		}
		if found.JSON200.Total != 2 {
			t.Errorf("there are %d requests, want 2", found.JSON200.Total)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestALoadIsReadBackAndWhatIsLostIsFound(t *testing.T) {
	tried := start(t)
	var out bytes.Buffer
	if err := tried.load(t.Context(), time.Second, 2, &out); err != nil {
		t.Fatal(err)
	}
	first, rest, _ := strings.Cut(out.String(), "\n")
	var r result
	if err := json.Unmarshal([]byte(rest), &r); err != nil || first != "ready" {
		t.Fatalf("it says %q: %v", out.String(), err)
	}
	if r.Jobs == 0 || r.Failed != 0 || r.Requests < int64(10*r.Jobs) {
		t.Errorf("of a system that nobody disturbs it says %+v", r)
	}
	never := done{name: "Trial " + uuid.NewString(), jobseeker: uuid.New(), request: &funding.Request{Id: uuid.New()}}
	if lost, _, err := tried.check(t.Context(), never); err == nil && !lost {
		t.Error("what was never kept is not missed")
	}
}
