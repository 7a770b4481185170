// Package events is how services tell each other what happened.
//
// A service publishes inside the transaction that made it happen: the event is a
// River job, kept or lost with the change. A worker hands it to NATS JetStream
// under its own id, so that a second try is known for one. A consumer notes the
// id in its inbox in the transaction that acts on it. So each event is acted on
// once by each consumer, at some time, in no certain order: events carry their
// subject's version, and consumers must heed it.
//
// What events there are, and what they say, is in api/events. They carry ids and
// never a person's data.
package events

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	"gorm.io/gorm"

	"github.com/instead-support/instead/pkg/db"
)

// Event is one thing that happened. Its name, such as "funding.request-changed",
// begins with the service that tells it.
type Event interface{ EventName() string }

// Envelope is an event on its way.
type Envelope struct {
	ID    uuid.UUID         `json:"id"`
	Name  string            `json:"name"`
	At    time.Time         `json:"at"`
	Trace map[string]string `json:"trace,omitempty"` // W3C trace context
	Data  json.RawMessage   `json:"data"`
}

// Read fills event from the envelope.
func (e Envelope) Read(event Event) error { return json.Unmarshal(e.Data, event) }

// stream holds every event for as long as a consumer may be behind.
var stream = jetstream.StreamConfig{
	Name:        "EVENTS",
	Subjects:    []string{"events.>"},
	MaxAge:      30 * 24 * time.Hour,
	Duplicates:  10 * time.Minute,
	Storage:     jetstream.FileStorage,
	AllowDirect: true,
}

func subject(name string) string { return "events." + name }

// Publisher puts events into transactions.
type Publisher struct{ jobs *river.Client[*sql.Tx] }

// NewPublisher returns a Publisher. It needs no connection: it only writes jobs.
func NewPublisher() (*Publisher, error) {
	jobs, err := river.NewClient(riverdatabasesql.New(nil), &river.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	return &Publisher{jobs}, nil
}

// Publish makes e part of tx: it will be told if, and only if, tx commits.
func (p *Publisher) Publish(ctx context.Context, tx *gorm.DB, e Event) error {
	told, err := wrap(ctx, e)
	if err != nil {
		return err
	}
	_, err = p.jobs.InsertTx(ctx, db.SQLTx(tx), job{told}, nil)
	return err
}

func wrap(ctx context.Context, e Event) (Envelope, error) {
	data, err := json.Marshal(e)
	if err != nil {
		return Envelope{}, err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return Envelope{}, err
	}
	carried := propagation.MapCarrier{}
	otel.GetTextMapPropagator().Inject(ctx, carried)
	return Envelope{ID: id, Name: e.EventName(), At: time.Now().UTC(), Trace: carried, Data: data}, nil
}

// Row is the job that tells an event, as River's table has it.
type Row struct {
	Kind        string   `json:"kind"`
	MaxAttempts int      `json:"max_attempts"`
	Args        Envelope `json:"args"`
}

// Insert adds rows, given as a JSON list, as part of a statement that changes
// what they tell of. River takes jobs from whoever writes them so: its defaults
// are the table's. It only does not wake a worker, who looks by himself.
const Insert = `INSERT INTO river_job (kind, max_attempts, args)
	SELECT kind, max_attempts, args FROM jsonb_populate_recordset(null::river_job, ?)`

// Tell makes these events part of tx, as Publish does.
func Tell(ctx context.Context, tx *gorm.DB, all ...Event) error {
	rows, err := Rows(ctx, all...)
	if err != nil {
		return err
	}
	return Add(ctx, tx, rows)
}

// Add writes these rows as a part of tx.
func Add(ctx context.Context, tx *gorm.DB, rows []Row) error {
	if len(rows) == 0 {
		return nil
	}
	b, err := json.Marshal(rows)
	if err != nil {
		return err
	}
	return tx.WithContext(ctx).Exec(Insert, string(b)).Error
}

// Rows are the jobs that tell these events.
func Rows(ctx context.Context, all ...Event) ([]Row, error) {
	rows := make([]Row, len(all))
	for i, e := range all {
		told, err := wrap(ctx, e)
		if err != nil {
			return nil, err
		}
		rows[i] = Row{job{}.Kind(), job{}.InsertOpts().MaxAttempts, told}
	}
	return rows, nil
}

type job struct{ Envelope }

// Kind names the job in River's tables.
func (job) Kind() string { return "publish-event" }

// InsertOpts lets an event wait out a long absence of NATS.
func (job) InsertOpts() river.InsertOpts { return river.InsertOpts{MaxAttempts: 100} }

type publisher struct {
	river.WorkerDefaults[job]
	js jetstream.JetStream
}

// AddWorker adds to a service's River workers the one that hands events to NATS.
func AddWorker(workers *river.Workers, js jetstream.JetStream) {
	river.AddWorker(workers, &publisher{js: js})
}

// NextRetry tries again soon: the usual cause is a NATS that is just starting.
func (*publisher) NextRetry(j *river.Job[job]) time.Time {
	return time.Now().Add(min(time.Duration(j.Attempt)*time.Second, time.Minute))
}

// Work publishes one event.
func (p *publisher) Work(ctx context.Context, j *river.Job[job]) error {
	ctx, span := start(ctx, "publish", j.Args.Envelope, trace.SpanKindProducer)
	defer span.End()
	data, err := json.Marshal(j.Args.Envelope)
	if err != nil {
		return err
	}
	_, err = p.js.PublishMsg(ctx, &nats.Msg{Subject: subject(j.Args.Name), Data: data}, jetstream.WithMsgID(j.Args.ID.String()))
	if errors.Is(err, jetstream.ErrNoStreamResponse) || errors.Is(err, nats.ErrNoResponders) {
		if _, err = p.js.CreateOrUpdateStream(ctx, stream); err != nil {
			return err
		}
		_, err = p.js.PublishMsg(ctx, &nats.Msg{Subject: subject(j.Args.Name), Data: data}, jetstream.WithMsgID(j.Args.ID.String()))
	}
	return err
}

// Ready reports whether the broker is there. While it is away events wait in the
// database of whoever tells them.
func Ready(js jetstream.JetStream) error {
	if js == nil || !js.Conn().IsConnected() {
		return errors.New("the broker doesn't answer")
	}
	return nil
}

func start(ctx context.Context, verb string, e Envelope, kind trace.SpanKind) (context.Context, trace.Span) {
	ctx = otel.GetTextMapPropagator().Extract(ctx, propagation.MapCarrier(e.Trace))
	return otel.Tracer("events").Start(ctx, verb+" "+e.Name, trace.WithSpanKind(kind),
		trace.WithAttributes(attribute.String("messaging.system", "nats"), attribute.String("messaging.message.id", e.ID.String())))
}
