package reporting_test

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	api "github.com/instead-support/instead/api/reporting"
	"github.com/instead-support/instead/pkg/config"
	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/host"
	"github.com/instead-support/instead/services/reporting"
)

// Without a proxy there is no value; with two versions of one, each is for the
// outcomes of its own time.
func TestOutcomesAreWorthWhatTheProxiesOfTheirDaySay(t *testing.T) {
	t.Parallel()
	s := start(t)
	w := history()
	s.tell(w)
	value := func() *api.Value {
		v, err := s.client().ReadValueWithResponse(s.As(mo), &api.ReadValueParams{From: &first, To: &last})
		if err != nil {
			t.Fatal(err)
		}
		return v.JSON200
	}
	if v := value(); v.ValuePence != nil || v.ValuePerPoundPence != nil || len(v.Items) != 0 || v.SpentPence == 0 {
		t.Errorf("without a proxy: %+v", v)
	}
	file := filepath.Join(t.TempDir(), "proxies.csv")
	if err := os.WriteFile(file, []byte("name,unit,pence,year,source,attribution_percent,deadweight_percent,valid_from\n"+
		"Works,start,100000,2024,A test,50,20,2020-01-01\nWorks,start,200000,2025,A test,50,20,2024-10-01\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	service, err := reporting.New(t.Context(), host.Deps{
		Env: config.Env{"DATABASE_URL": s.URLs.Serve, "STAFF_ISSUER": "http://staff", "PUBLIC_ISSUER": "http://public"},
		Log: slog.New(slog.DiscardHandler), Now: time.Now, Transport: s.Hosts, Bus: s.NATS.JetStream,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer service.Close()
	var out bytes.Buffer
	if err := service.Commands["proxies"](t.Context(), []string{file}, &out); err != nil {
		t.Fatal(err)
	}
	var early, late, worth int64
	for k, c := range w.Came() {
		switch {
		case k.Area != "Oldham" || k.Route != "instead":
		case k.Day < "2024-10-01":
			early += c.Starts
		default:
			late += c.Starts
		}
	}
	worth = early*100_000/2*8/10 + late*200_000/2*8/10
	v := value()
	if v.ValuePence == nil || *v.ValuePence != worth || early == 0 || late == 0 || len(v.Items) != 2 || *v.ValuePerPoundPence != worth*100/v.SpentPence {
		t.Errorf("%d starts and %d are worth %+v, want %d", early, late, v, worth)
	}
	if err := service.Commands["proxies"](t.Context(), []string{file}, &out); !fault.Is(err, fault.Conflict) {
		t.Errorf("the same file again: %v", err)
	}
}
