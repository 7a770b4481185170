package events_test

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"slices"
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
	"github.com/instead-support/instead/pkg/fault"
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

// consumeBatch has act take what is told, and returns what stops it.
func (b bench) consumeBatch(t *testing.T, act events.ActOnAll) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() {
		if err := events.ConsumeBatch(ctx, b.js, b.db.Gorm, b.log, "tester", []string{"test.happened"}, act); err != nil {
			t.Errorf("ConsumeBatch() = %v", err)
		}
	})
	stop = func() { cancel(); done.Wait() }
	t.Cleanup(stop)
	return stop
}

// tell puts messages of these into the stream by itself, in their order.
func (b bench) tell(t *testing.T, all ...events.Envelope) {
	t.Helper()
	for _, e := range all {
		data, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.js.PublishMsg(context.Background(), &nats.Msg{Subject: "events." + e.Name, Data: data}); err != nil {
			t.Fatal(err)
		}
	}
}

// many are n events, each with an id of its own that comes after the one before.
func many(t *testing.T, n int) []events.Envelope {
	t.Helper()
	all := make([]events.Envelope, n)
	for i := range all {
		id := uuid.Must(uuid.NewV7())
		data, err := json.Marshal(happened{id})
		if err != nil {
			t.Fatal(err)
		}
		all[i] = events.Envelope{ID: id, Name: "test.happened", Data: data}
	}
	return all
}

// noteAll notes each of these in its order.
func noteAll(ctx context.Context, tx *gorm.DB, all []events.Envelope) error {
	for _, e := range all {
		if err := note(ctx, tx, e); err != nil {
			return err
		}
	}
	return nil
}

// acknowledged waits until the consumer has dealt with n messages for good.
func (b bench) acknowledged(t *testing.T, n uint64) {
	t.Helper()
	eventually(t, "all is acknowledged", func() bool {
		c, err := b.js.Consumer(context.Background(), "EVENTS", "tester")
		if err != nil {
			return false
		}
		info, err := c.Info(context.Background())
		return err == nil && info.AckFloor.Stream >= n && info.NumAckPending == 0
	})
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
	b.acknowledged(t, 2)
	if n := b.seen(t); n != 1 {
		t.Errorf("the event was acted on %d times", n)
	}
}

// stopped makes the stream and the consumer, which then listens no more.
func (b bench) stopped(t *testing.T) {
	t.Helper()
	stop := b.consumeBatch(t, noteAll)
	eventually(t, "the consumer is there", func() bool {
		_, err := b.js.Consumer(context.Background(), "EVENTS", "tester")
		return err == nil
	})
	stop()
}

func TestManyEventsAreTakenInFewTransactionsAndInTheirOrder(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.stopped(t)
	told := many(t, 1200)
	b.tell(t, told...)
	var mu sync.Mutex
	var took []uuid.UUID
	transactions := 0
	b.consumeBatch(t, func(_ context.Context, _ *gorm.DB, all []events.Envelope) error {
		mu.Lock()
		defer mu.Unlock()
		transactions++
		for _, e := range all {
			took = append(took, e.ID)
		}
		return nil
	})
	b.acknowledged(t, 1200)
	mu.Lock()
	defer mu.Unlock()
	if transactions > 120 {
		t.Errorf("1200 events took %d transactions", transactions)
	}
	if !slices.EqualFunc(took, told, func(id uuid.UUID, e events.Envelope) bool { return id == e.ID }) {
		t.Errorf("%d events were taken in another order, of %d", len(took), len(told))
	}
}

func TestAnEventThatCannotBeTakenHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.stopped(t)
	told := many(t, 50)
	told[20].Data = json.RawMessage(`"not what it should be"`)
	b.tell(t, told[:10]...)
	if _, err := b.js.PublishMsg(context.Background(), &nats.Msg{Subject: "events.test.happened", Data: []byte("no event at all")}); err != nil {
		t.Fatal(err)
	}
	b.tell(t, told[10:]...)
	b.consumeBatch(t, noteAll)
	eventually(t, "all others are taken", func() bool { return b.seen(t) >= 49 })
	behind, err := events.Lag(context.Background(), b.js, "tester")
	if err != nil || behind.Pending != 2 || b.seen(t) != 49 {
		t.Errorf("%d are taken and %d are not, %v; want 49 and 2", b.seen(t), behind.Pending, err)
	}
}

func TestAnEventThatComesTwiceAtOnceDoesItsWorkOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.stopped(t)
	told := many(t, 3)
	b.tell(t, told[0], told[1], told[0], told[2], told[1])
	b.consumeBatch(t, noteAll)
	b.acknowledged(t, 5)
	b.tell(t, told...)
	b.acknowledged(t, 8)
	if n := b.seen(t); n != 3 {
		t.Errorf("3 events were acted on %d times", n)
	}
}

func TestWhatACommitLostComesAgain(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.stopped(t)
	b.tell(t, many(t, 20)...)
	var mu sync.Mutex
	tries := 0
	b.consumeBatch(t, func(ctx context.Context, tx *gorm.DB, all []events.Envelope) error {
		if err := noteAll(ctx, tx, all); err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		if tries++; tries == 1 {
			return fault.New(fault.Unavailable, "The database went away.")
		}
		return nil
	})
	b.acknowledged(t, 20)
	mu.Lock()
	defer mu.Unlock()
	if n := b.seen(t); n != 20 || tries > 19 {
		t.Errorf("20 events were acted on %d times, in %d tries; a database that went away is no reason to take them one by one", n, tries)
	}
}

func TestLagIsWhatWasToldAndNotTakenAndSinceWhen(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.stopped(t)
	ctx := context.Background()
	if behind, err := events.Lag(ctx, b.js, "tester"); err != nil || behind != (events.Behind{}) {
		t.Errorf("Lag() of nothing = %v %v", behind, err)
	}
	before := time.Now()
	b.tell(t, events.Envelope{ID: uuid.New(), Name: "test.other"})
	b.tell(t, many(t, 3)...)
	behind, err := events.Lag(ctx, b.js, "tester")
	if err != nil || behind.Pending != 3 || behind.Oldest.Before(before) || behind.Oldest.After(time.Now()) {
		t.Errorf("Lag() = %v %v, want 3 since just now", behind, err)
	}
	b.consumeBatch(t, noteAll)
	eventually(t, "there is nothing left", func() bool {
		behind, err := events.Lag(ctx, b.js, "tester")
		return err == nil && behind == (events.Behind{})
	})
}
