package reporting

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/instead-support/instead/pkg/events"
	"github.com/instead-support/instead/pkg/host"
	"github.com/instead-support/instead/services/reporting/internal/postgres"
)

// rebuilding is the place in what is told that a rebuild keeps for itself.
const rebuilding = name + "-rebuild"

// rebuild builds all figures anew from what is told, while the service goes on
// serving, and then serves those. What lies on the bus must say everything: funding,
// needs and outcomes have told it again before, within the time that the bus keeps.
//
// It may be broken off at any time, and begins afresh.
func rebuild(ctx context.Context, d host.Deps, owner string, out io.Writer) (err error) {
	if owner == "" {
		return errors.New("a rebuild needs OWNER_DATABASE_URL: it makes tables")
	}
	began := time.Now()
	forget := func() error {
		err := d.Bus.DeleteConsumer(context.WithoutCancel(ctx), "EVENTS", rebuilding)
		if errors.Is(err, jetstream.ErrConsumerNotFound) || errors.Is(err, jetstream.ErrStreamNotFound) {
			return nil
		}
		return err
	}
	if err := forget(); err != nil { // of one that was broken off
		return err
	}
	r, err := postgres.OpenRebuild(ctx, owner)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, forget(), r.Close(context.WithoutCancel(ctx))) }()
	if err := catchUp(ctx, d, r, out, r.Facts); err != nil {
		return err
	}
	if err := r.Count(ctx, out); err != nil {
		return err
	}
	for {
		// What came meanwhile is counted as it is taken, as it is while serving.
		if err := catchUp(ctx, d, r, out, postgres.Take); err != nil {
			return err
		}
		done, err := r.Swap(ctx, func() (bool, error) { return ahead(ctx, d.Bus) })
		if err != nil {
			return err
		}
		if done {
			fmt.Fprintf(out, "All figures were built anew in %s.\n", time.Since(began).Round(time.Second))
			return nil
		}
	}
}

// catchUp takes what was told until nothing waits.
func catchUp(ctx context.Context, d host.Deps, r *postgres.Rebuild, out io.Writer, act events.ActOnAll) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 1)
	go func() {
		ended <- events.ConsumeBatch(ctx, d.Bus, r.DB.Gorm, d.Log, rebuilding, postgres.Heard(), act)
	}()
	said := time.Now()
	for {
		select {
		case err := <-ended:
			return errors.Join(err, context.Cause(ctx))
		case <-time.After(100 * time.Millisecond):
		}
		behind, err := events.Lag(ctx, d.Bus, rebuilding)
		if errors.Is(err, jetstream.ErrConsumerNotFound) || errors.Is(err, jetstream.ErrStreamNotFound) {
			continue // it is just being made
		}
		if err != nil {
			return err
		}
		if behind.Pending == 0 {
			stop()
			return <-ended
		}
		if time.Since(said) > 5*time.Second {
			said = time.Now()
			fmt.Fprintf(out, "%d events to go\n", behind.Pending)
		}
	}
}

// ahead reports whether the rebuild has taken all that was ever handed to the service.
func ahead(ctx context.Context, bus jetstream.JetStream) (bool, error) {
	var info [2]*jetstream.ConsumerInfo
	for i, consumer := range []string{rebuilding, name} {
		c, err := bus.Consumer(ctx, "EVENTS", consumer)
		if errors.Is(err, jetstream.ErrConsumerNotFound) && consumer == name {
			return true, nil // it never took anything
		}
		if err != nil {
			return false, err
		}
		info[i] = c.CachedInfo()
	}
	return info[0].NumPending == 0 && info[0].NumAckPending == 0 || info[0].AckFloor.Stream >= info[1].Delivered.Stream, nil
}
