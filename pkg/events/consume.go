package events

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	"gorm.io/gorm"

	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/fault"
)

// Act does what an event asks of a consumer, in tx.
type Act func(ctx context.Context, tx *gorm.DB, e Envelope) error

// ActOnAll does what some events ask of a consumer, in tx. None of them was taken
// before, and they are in the order in which they came.
type ActOnAll func(ctx context.Context, tx *gorm.DB, all []Envelope) error

// most is how many events one transaction takes, and linger how long it waits
// for another: long enough to gather what is on its way, and too short to notice.
const (
	most   = 500
	linger = 5 * time.Millisecond
)

// Consume acts on every event with one of these names until ctx ends. consumer is
// the service's name: it keeps its place in the stream under it, and replicas
// share the work. An event whose act fails is delivered again, later and later.
func Consume(ctx context.Context, js jetstream.JetStream, g *gorm.DB, log *slog.Logger, consumer string, act map[string]Act) error {
	names := slices.Collect(maps.Keys(act))
	return ConsumeBatch(ctx, js, g, log, consumer, names, func(_ context.Context, tx *gorm.DB, all []Envelope) error {
		for _, e := range all {
			if err := actOn(tx, e, act[e.Name]); err != nil {
				return err
			}
		}
		return nil
	})
}

// actOn acts on one event as a part of the trace in which it was told.
func actOn(tx *gorm.DB, e Envelope, act Act) error {
	ctx, span := start(context.WithoutCancel(tx.Statement.Context), "consume", e, trace.SpanKindConsumer)
	defer span.End()
	return act(ctx, tx.WithContext(ctx), e)
}

// ConsumeBatch is Consume for whoever is told more than it could take one by one:
// each transaction takes what has come, up to some hundreds. If that fails they
// are taken one at a time, so that what cannot be taken holds up nothing else.
func ConsumeBatch(ctx context.Context, js jetstream.JetStream, g *gorm.DB, log *slog.Logger, consumer string, names []string, act ActOnAll) error {
	if _, err := js.CreateOrUpdateStream(ctx, stream); err != nil {
		return err
	}
	subjects := make([]string, len(names))
	for i, name := range names {
		subjects[i] = subject(name)
	}
	c, err := js.CreateOrUpdateConsumer(ctx, stream.Name, jetstream.ConsumerConfig{
		Durable:        consumer,
		FilterSubjects: subjects,
		AckPolicy:      jetstream.AckExplicitPolicy,
		AckWait:        30 * time.Second,
		MaxAckPending:  4 * most, // some being taken, some on their way, for two replicas
	})
	if err != nil {
		return err
	}
	// A NATS that is away for a while comes back, and the pulling goes on.
	coming, err := c.Messages(jetstream.PullMaxMessages(most), jetstream.WithMessagesErrOnMissingHeartbeat(false))
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, coming.Drain) // what has come already is still taken
	defer stop()
	t := taker{g, log, act}
	for {
		all, err := next(coming)
		t.take(context.WithoutCancel(ctx), all)
		if err != nil {
			coming.Stop()
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
	}
}

// next is the messages that have come, and at least one unless there is an error.
func next(coming jetstream.MessagesContext) ([]jetstream.Msg, error) {
	first, err := coming.Next()
	if err != nil {
		return nil, err
	}
	all := []jetstream.Msg{first}
	for len(all) < most {
		m, err := coming.Next(jetstream.NextMaxWait(linger))
		if errors.Is(err, nats.ErrTimeout) {
			break
		}
		if err != nil {
			return all, err
		}
		all = append(all, m)
	}
	return all, nil
}

// taker takes messages into a service's database.
type taker struct {
	db  *gorm.DB
	log *slog.Logger
	act ActOnAll
}

// message is what has come, with what it says.
type message struct {
	jetstream.Msg
	Envelope
}

// take takes all of these, together if that can be, and acknowledges those that
// were taken. The others come again, later and later.
func (t taker) take(ctx context.Context, came []jetstream.Msg) {
	var all []message
	for _, m := range came {
		c := message{Msg: m}
		if err := json.Unmarshal(m.Data(), &c.Envelope); err != nil {
			t.refuse(ctx, c, err)
			continue
		}
		all = append(all, c)
	}
	if len(all) == 0 {
		return
	}
	err := t.together(ctx, all)
	switch {
	case err == nil:
		for _, c := range all {
			_ = c.Ack() // if this is lost the event comes again, and the inbox knows it
		}
	case len(all) == 1 || fault.Is(err, fault.Unavailable):
		for _, c := range all {
			t.refuse(ctx, c, err)
		}
	default:
		for _, c := range all {
			t.take(ctx, []jetstream.Msg{c.Msg})
		}
	}
}

func (t taker) refuse(ctx context.Context, c message, err error) {
	t.log.ErrorContext(ctx, "event not taken", "event", strings.TrimPrefix(c.Subject(), subject("")), "cause", db.Cause(err))
	_ = c.NakWithDelay(backoff(c.Msg))
}

// together acts, in one transaction, on those that were not taken before.
func (t taker) together(ctx context.Context, all []message) error {
	ctx, span := startAll(ctx, all)
	defer span.End()
	return db.Tx(ctx, t.db, func(tx *gorm.DB) error {
		fresh, err := firstTime(ctx, tx, all)
		if err != nil || len(fresh) == 0 {
			return err
		}
		return t.act(ctx, tx, fresh)
	})
}

// firstTime notes that these are taken, and returns those that were not. The ids
// go in sorted, so that two who take some of the same wait for each other and
// never both.
func firstTime(ctx context.Context, tx *gorm.DB, all []message) ([]Envelope, error) {
	ids := make([]uuid.UUID, len(all))
	for i, c := range all {
		ids[i] = c.ID
	}
	rows, err := db.SQLTx(tx).QueryContext(ctx, `INSERT INTO inbox (event_id) SELECT DISTINCT unnest($1::uuid[]) ORDER BY 1 ON CONFLICT DO NOTHING RETURNING event_id`, ids)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	noted := map[uuid.UUID]bool{}
	for rows.Next() {
		var id uuid.UUID
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		noted[id] = true
	}
	var fresh []Envelope
	for _, c := range all {
		if noted[c.ID] {
			fresh = append(fresh, c.Envelope)
			delete(noted, c.ID) // it may have come twice at once
		}
	}
	return fresh, rows.Err()
}

// backoff is how long a message that was not taken is left alone.
func backoff(m jetstream.Msg) time.Duration {
	about, err := m.Metadata()
	if err != nil {
		return time.Second
	}
	return min(time.Duration(about.NumDelivered)*time.Second, time.Minute)
}

// startAll starts the span in which these are taken. It belongs to none of the
// traces in which they were told, and leads to each.
func startAll(ctx context.Context, all []message) (context.Context, trace.Span) {
	links := make([]trace.Link, 0, len(all))
	for _, c := range all {
		told := trace.SpanContextFromContext(otel.GetTextMapPropagator().Extract(context.Background(), propagation.MapCarrier(c.Trace)))
		if told.IsValid() {
			links = append(links, trace.Link{SpanContext: told})
		}
	}
	return otel.Tracer("events").Start(ctx, "consume events", trace.WithSpanKind(trace.SpanKindConsumer), trace.WithLinks(links...),
		trace.WithAttributes(attribute.String("messaging.system", "nats"), attribute.Int("messaging.batch.message_count", len(all))))
}

// Behind is how far a consumer is behind what was told.
type Behind struct {
	Pending uint64    // events that it has not taken
	Oldest  time.Time // when the oldest of them came to be told; the zero time if there is none
}

// Lag is how far the consumer of this name is behind.
func Lag(ctx context.Context, js jetstream.JetStream, consumer string) (Behind, error) {
	told, err := js.Stream(ctx, stream.Name)
	if err != nil {
		return Behind{}, err
	}
	c, err := told.Consumer(ctx, consumer)
	if err != nil {
		return Behind{}, err
	}
	info := c.CachedInfo() // as of just now
	b := Behind{Pending: info.NumPending + uint64(info.NumAckPending)}
	if b.Pending == 0 {
		return b, nil
	}
	for _, s := range info.Config.FilterSubjects {
		m, err := told.GetMsg(ctx, info.AckFloor.Stream+1, jetstream.WithGetMsgSubject(s))
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			continue
		}
		if err != nil {
			return b, err
		}
		if b.Oldest.IsZero() || m.Time.Before(b.Oldest) {
			b.Oldest = m.Time
		}
	}
	return b, nil
}
