package postgres_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"gorm.io/gorm"

	"github.com/instead-support/instead/pkg/embednats"
	"github.com/instead-support/instead/pkg/events"
	"github.com/instead-support/instead/services/reporting/internal/postgres"
	"github.com/instead-support/instead/services/reporting/internal/postgres/reportingtest"
)

// NATS stops at any moment and comes back with what it kept, reporting is killed in
// the middle of a transaction and begins again, and what is told comes in any order
// and twice.
func TestNothingIsLostOrCountedTwiceWhenNATSAndReportingAreKilled(t *testing.T) {
	t.Parallel()
	w := history(77, 120)
	d, _ := open(t)
	r := rand.New(rand.NewPCG(3, 3)) //nolint:gosec // chance, no secret
	dir := t.TempDir()
	rest := w.Shuffle()
	// run has NATS and reporting at work until somebody kills one of them.
	run := func(last bool) {
		broker, err := embednats.Start(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer broker.Stop()
		ctx, kill := context.WithCancel(t.Context())
		defer kill()
		dies := r.IntN(6)
		took := 0
		ended := make(chan error, 1)
		go func() {
			ended <- events.ConsumeBatch(ctx, broker.JetStream, d.Gorm, slog.New(slog.DiscardHandler), "reporting", postgres.Heard(), func(ctx context.Context, tx *gorm.DB, all []events.Envelope) error {
				if err := postgres.Take(ctx, tx, all); err != nil {
					return err
				}
				if took++; !last && took > dies {
					kill()
					return errors.New("killed before the commit")
				}
				return nil
			})
		}()
		until := time.Now().Add(time.Minute)
		for _, err := broker.JetStream.Stream(ctx, "EVENTS"); err != nil; _, err = broker.JetStream.Stream(ctx, "EVENTS") {
			time.Sleep(10 * time.Millisecond)
		}
		n := min(len(rest), 100+r.IntN(700))
		if last {
			n = len(rest)
		}
		for _, e := range rest[:n] {
			data, err := json.Marshal(e)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := broker.JetStream.PublishAsync("events."+e.Name, data, jetstream.WithMsgID(e.ID.String())); err != nil {
				t.Fatal(err)
			}
		}
		<-broker.JetStream.PublishAsyncComplete()
		rest = rest[n:]
		for last && time.Now().Before(until) {
			if behind, err := events.Lag(ctx, broker.JetStream, "reporting"); err == nil && behind.Pending == 0 {
				break
			}
			time.Sleep(100 * time.Millisecond)
		}
		if !last {
			time.Sleep(time.Duration(r.IntN(400)) * time.Millisecond)
		}
		kill()
		<-ended
	}
	for range 4 {
		run(false)
	}
	run(true)
	reportingtest.Agree(t, d, w)
}
