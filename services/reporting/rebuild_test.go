package reporting_test

import (
	"bytes"
	"context"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/instead-support/instead/pkg/config"
	"github.com/instead-support/instead/pkg/host"
	"github.com/instead-support/instead/services/reporting"
)

// All is told again behind the same broker, and figures that somebody has spoilt are
// the ledger's once more, to the penny, while the service goes on serving and events
// go on coming.
func TestARebuildWhileServingComesToTheSameToThePenny(t *testing.T) {
	t.Parallel()
	s := start(t)
	w := history()
	half := len(w.Told) / 2
	all := w.Told
	w.Told = all[:half]
	s.tell(w)
	w.Told = all
	if err := s.Owner.Gorm.Exec("UPDATE total SET paid_pence = paid_pence + 1; DELETE FROM outcome_total; UPDATE request SET state = 'approved'; INSERT INTO allowance VALUES (gen_random_uuid(), 1, 'Oldham', gen_random_uuid(), gen_random_uuid(), 7, '2024-05-01')").Error; err != nil {
		t.Fatal(err)
	}
	s.publish(w.Retell())
	service, err := reporting.New(t.Context(), host.Deps{
		Env: config.Env{"DATABASE_URL": s.URLs.Serve, "OWNER_DATABASE_URL": s.URLs.Owner, "STAFF_ISSUER": "http://staff", "PUBLIC_ISSUER": "http://public"},
		Log: slog.New(slog.DiscardHandler), Now: time.Now, Transport: s.Hosts, Bus: s.NATS.JetStream,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer service.Close()
	telling := make(chan struct{})
	go func() { // the other half comes while it is built
		defer close(telling)
		for part := range slices.Chunk(all[half:], 50) {
			s.publish(part)
			time.Sleep(5 * time.Millisecond)
		}
	}()
	serving, stop := context.WithCancel(t.Context())
	served := make(chan int)
	go func() {
		n := 0
		for ; serving.Err() == nil; n++ {
			if status, answer := s.Send(&mo, "GET", "/totals?by=month&from=2024-01&to=2026-11", ""); status != 200 && t.Context().Err() == nil {
				t.Errorf("while it was built: %d %s", status, answer)
			}
		}
		served <- n
	}()
	var out bytes.Buffer
	if err := service.Commands["rebuild"](t.Context(), nil, &out); err != nil {
		t.Fatalf("rebuild: %v\n%s", err, out.String())
	}
	<-telling
	stop()
	if n := <-served; n == 0 {
		t.Error("nothing was served meanwhile")
	}
	w.Told = nil
	s.tell(w) // waits until all was taken
	s.agrees(w)
	if !strings.Contains(out.String(), "requests counted") {
		t.Errorf("it said %q", out.String())
	}
	// It leaves nothing behind, and what came after is counted on.
	var left int
	if err := s.Owner.Gorm.Raw("SELECT count(*) FROM pg_namespace WHERE nspname = 'reporting_next'").Scan(&left).Error; err != nil || left != 0 {
		t.Errorf("%d schemas are left, %v", left, err)
	}
	w.Live()
	s.tell(w)
	s.agrees(w)
}
