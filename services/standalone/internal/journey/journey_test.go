package journey_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/api/needs"
	"github.com/instead-support/instead/api/outcomes"
	"github.com/instead-support/instead/pkg/httpx"
	"github.com/instead-support/instead/pkg/telemetry"
	"github.com/instead-support/instead/services/standalone/internal/demo"
	"github.com/instead-support/instead/services/standalone/internal/seed"
	"github.com/instead-support/instead/services/standalone/internal/system"
)

// whole is the system that all tests here share: every service, filled with the
// demo's people, answering at origin, its spans going to collector and its log
// to log.
type whole struct {
	*system.System
	origin    string
	collector *collector
	log       *buffer
}

var theWhole *whole

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "instead-journey-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	// PostgreSQL may run as another user, who must get to its folder.
	if err := os.Chmod(dir, 0o755); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	w, stop, err := start(context.Background(), dir)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer stop()
	theWhole = w
	return m.Run()
}

func start(ctx context.Context, dir string) (*whole, func(), error) {
	spans, err := newCollector()
	if err != nil {
		return nil, nil, err
	}
	if err := os.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", spans.url()); err != nil {
		return nil, nil, err
	}
	if err := os.Setenv("OTEL_METRICS_EXPORTER", "none"); err != nil {
		return nil, nil, err
	}
	stopTelemetry, err := telemetry.Start(ctx, "instead-test")
	if err != nil {
		return nil, nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	origin := fmt.Sprintf("http://localhost:%d", listener.Addr().(*net.TCPAddr).Port)
	log, clock := &buffer{}, &seed.Clock{}
	s, err := system.Start(ctx, system.Config{
		Dir: filepath.Join(dir, "data"), Origin: origin, Log: telemetry.Logger(log), Now: clock.Now,
	})
	if err != nil {
		return nil, nil, err
	}
	filler := &seed.Seed{Providers: s.Providers, Transport: s.Transport, Clock: clock, Step: func(string) {}}
	if err := filler.Fill(ctx); err != nil {
		s.Stop()
		return nil, nil, err
	}
	serving, stopServing := context.WithCancel(ctx)
	var served sync.WaitGroup
	served.Go(func() {
		if err := s.Serve(serving, listener); err != nil {
			slog.Error("the system under test stopped", "cause", err)
		}
	})
	stop := func() {
		stopServing()
		served.Wait()
		s.Stop()
		_ = stopTelemetry(context.WithoutCancel(ctx))
		spans.close()
	}
	return &whole{s, origin, spans, log}, stop, nil
}

// as returns a context in which one of the demo's people acts.
func (w *whole) as(t *testing.T, subject string) context.Context {
	t.Helper()
	token, err := w.token(t.Context(), subject)
	if err != nil {
		t.Fatal(err)
	}
	return httpx.WithToken(t.Context(), token)
}

func (w *whole) token(ctx context.Context, subject string) (string, error) {
	for _, p := range demo.Staff {
		if p.Subject == subject {
			return w.Providers.Staff.Token(ctx, p)
		}
	}
	for _, p := range demo.Jobseekers {
		if p.Subject == subject {
			return w.Providers.Public.Token(ctx, p)
		}
	}
	return "", fmt.Errorf("the demo has no %s", subject)
}

// clients of needs and funding, over the network as anybody's would be.
func (w *whole) clients(t *testing.T) (*needs.ClientWithResponses, *funding.ClientWithResponses) {
	t.Helper()
	client := httpx.NewClient(http.DefaultTransport)
	n, err := needs.NewClientWithResponses(w.origin+"/api/needs", needs.WithHTTPClient(client))
	if err != nil {
		t.Fatal(err)
	}
	f, err := funding.NewClientWithResponses(w.origin+"/api/funding", funding.WithHTTPClient(client))
	if err != nil {
		t.Fatal(err)
	}
	return n, f
}

// outcomes is the client of the outcomes service, likewise.
func (w *whole) outcomes(t *testing.T) *outcomes.ClientWithResponses {
	t.Helper()
	o, err := outcomes.NewClientWithResponses(w.origin+"/api/outcomes", outcomes.WithHTTPClient(httpx.NewClient(http.DefaultTransport)))
	if err != nil {
		t.Fatal(err)
	}
	return o
}
