package telemetry_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"go.opentelemetry.io/otel"

	"github.com/instead-support/instead/pkg/telemetry"
)

func TestALogLineCarriesTheTraceItWasWrittenIn(t *testing.T) {
	stop, err := telemetry.Start(context.Background(), "test")
	if err != nil {
		t.Fatal(err)
	}
	defer stop(context.Background())
	ctx, span := otel.Tracer("test").Start(context.Background(), "work")
	var out bytes.Buffer
	telemetry.Logger(&out).With("a", 1).InfoContext(ctx, "done")
	span.End()
	var line struct {
		TraceID string `json:"trace_id"`
	}
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatal(err)
	}
	if line.TraceID == "" || line.TraceID != telemetry.TraceID(ctx) {
		t.Errorf("trace_id = %q, want %q", line.TraceID, telemetry.TraceID(ctx))
	}
}

func TestSpansGoOutOverOTLPWhenConfigured(t *testing.T) {
	var got atomic.Int64
	collector := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/traces" {
			got.Add(1)
		}
	}))
	defer collector.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL)
	stop, err := telemetry.Start(context.Background(), "test")
	if err != nil {
		t.Fatal(err)
	}
	_, span := otel.Tracer("test").Start(context.Background(), "work")
	span.End()
	if err := stop(context.Background()); err != nil {
		t.Error(err)
	}
	if got.Load() == 0 {
		t.Error("nothing reached the collector")
	}
}
