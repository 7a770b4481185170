package events_test

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"gorm.io/gorm"

	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/db/dbtest"
	"github.com/instead-support/instead/pkg/embednats"
	"github.com/instead-support/instead/pkg/events"
)

type happened struct {
	ID uuid.UUID `json:"id"`
}

func (happened) EventName() string { return "test.happened" }

var noMigrations fs.FS = fstest.MapFS{"00001_seen.sql": {Data: []byte(
	"-- +goose Up\nCREATE TABLE seen (id uuid NOT NULL);\nGRANT SELECT, INSERT ON seen TO test;\n")}}

type bench struct {
	db  *db.DB
	js  jetstream.JetStream
	pub *events.Publisher
	log *slog.Logger
}

func newBench(t *testing.T) bench {
	t.Helper()
	broker, err := embednats.Start(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(broker.Stop)
	pub, err := events.NewPublisher()
	if err != nil {
		t.Fatal(err)
	}
	b := bench{dbtest.Open(t, noMigrations, "test"), broker.JetStream, pub, slog.New(slog.DiscardHandler)}
	workers := river.NewWorkers()
	events.AddWorker(workers, b.js)
	jobs, err := river.NewClient(riverpgxv5.New(b.db.Pool), &river.Config{
		Logger: b.log, Workers: workers, FetchPollInterval: 100 * time.Millisecond,
		Queues: map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 4}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := jobs.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = jobs.Stop(context.Background()) })
	return b
}

func (b bench) consume(t *testing.T, act events.Act) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() {
		if err := events.Consume(ctx, b.js, b.db.Gorm, b.log, "tester", map[string]events.Act{"test.happened": act}); err != nil {
			t.Errorf("Consume() = %v", err)
		}
	})
	t.Cleanup(func() { stop(); done.Wait() })
}

func (b bench) publish(t *testing.T, e events.Event, outcome error) {
	t.Helper()
	err := db.Tx(context.Background(), b.db.Gorm, func(tx *gorm.DB) error {
		if err := b.pub.Publish(context.Background(), tx, e); err != nil {
			return err
		}
		return outcome
	})
	if !errors.Is(err, outcome) {
		t.Fatal(err)
	}
}

func (b bench) seen(t *testing.T) (n int) {
	t.Helper()
	if err := b.db.Gorm.Raw("SELECT count(*) FROM seen").Scan(&n).Error; err != nil {
		t.Fatal(err)
	}
	return n
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for range 300 {
		if ok() {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("never: %s", what)
}

func note(_ context.Context, tx *gorm.DB, e events.Envelope) error {
	var h happened
	if err := e.Read(&h); err != nil {
		return err
	}
	return tx.Exec("INSERT INTO seen (id) VALUES (?)", h.ID).Error
}

func TestAnEventIsTakenOnceThoughItsActFailsAtFirst(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	var mu sync.Mutex
	tries := 0
	b.consume(t, func(ctx context.Context, tx *gorm.DB, e events.Envelope) error {
		if err := note(ctx, tx, e); err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		if tries++; tries == 1 {
			return errors.New("killed before the commit")
		}
		return nil
	})
	b.publish(t, happened{uuid.New()}, nil)
	eventually(t, "the event is taken", func() bool { return b.seen(t) == 1 })
	mu.Lock()
	defer mu.Unlock()
	if tries != 2 {
		t.Errorf("%d tries, want 2", tries)
	}
}

func TestAnEventOfATransactionThatFailedIsNeverTold(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.consume(t, note)
	b.publish(t, happened{uuid.New()}, errors.New("no"))
	b.publish(t, happened{uuid.New()}, nil)
	eventually(t, "the second event is taken", func() bool { return b.seen(t) > 0 })
	if n := b.seen(t); n != 1 {
		t.Errorf("%d events were taken, want 1", n)
	}
}

func TestTheSameEventDeliveredTwiceDoesItsWorkOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.consume(t, note)
	b.publish(t, happened{uuid.New()}, nil)
	eventually(t, "the event is taken", func() bool { return b.seen(t) == 1 })
	// The broker's own de-duplication is got round by leaving its header out.
	stream, err := b.js.Stream(context.Background(), "EVENTS")
	if err != nil {
		t.Fatal(err)
	}
	first, err := stream.GetMsg(context.Background(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.js.PublishMsg(context.Background(), &nats.Msg{Subject: first.Subject, Data: first.Data}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "both deliveries are acknowledged", func() bool {
		c, err := b.js.Consumer(context.Background(), "EVENTS", "tester")
		if err != nil {
			return false
		}
		info, err := c.Info(context.Background())
		return err == nil && info.AckFloor.Consumer >= 2
	})
	if n := b.seen(t); n != 1 {
		t.Errorf("the event was acted on %d times", n)
	}
}
