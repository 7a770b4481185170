package events

import (
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/instead-support/instead/pkg/db"
)

// Source is one kind of thing that a service tells of, to be told again as each
// of them stands now.
type Source struct {
	Name string // such as "requests"
	// Page reads n of them, in the order of their ids, from after one on, and says
	// which was the last: uuid.Nil if there was none. What it reads of one thing is
	// all of one moment. There may be several events of one, or none.
	Page func(ctx context.Context, after uuid.UUID, n int) (all []Event, last uuid.UUID, err error)
}

// Each is a source with an event for each row that sql selects, or none where it
// is nil: rows of so many things ($2), in the order of their ids, from after one
// ($1) on. tell says which id it has.
func Each[R any](name string, d *db.DB, sql string, tell func(R) (uuid.UUID, Event)) Source {
	return Source{name, func(ctx context.Context, after uuid.UUID, n int) (all []Event, last uuid.UUID, err error) {
		rows, err := d.Pool.Query(ctx, sql, after, n)
		if err != nil {
			return nil, uuid.Nil, err
		}
		found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[R])
		for _, r := range found {
			var e Event
			if last, e = tell(r); e != nil {
				all = append(all, e)
			}
		}
		return all, last, err
	}}
}

// atOnce is how many things are read, and are on their way, as one page.
const atOnce = 1000

// pace is how often Retell says how far it has come.
const pace = 5 * time.Second

// Retell tells everything that these are the sources of, from after a place on
// that it named before, or all if that is "". It goes past the database straight to
// NATS: nothing is changed that this could be a part of. Whoever hears it knows
// what is newer by the version, and so it is safe at any time.
//
// Nothing of an event that NATS would know again is set, or a retelling would be
// swallowed where another has just been. One page is on its way at a time, of which
// NATS confirms each event; on out it says how far everything is confirmed.
func Retell(ctx context.Context, js jetstream.JetStream, out io.Writer, after string, sources ...Source) error {
	if _, err := js.CreateOrUpdateStream(ctx, stream); err != nil {
		return err
	}
	r := retelling{js: js, out: out, began: time.Now(), said: time.Now()}
	from := 0
	if after != "" {
		name, id, _ := strings.Cut(after, ":")
		from = slices.IndexFunc(sources, func(s Source) bool { return s.Name == name })
		last, err := uuid.Parse(id)
		if from < 0 || err != nil {
			return fmt.Errorf("there is no place %q to go on after", after)
		}
		r.place = place{name, last}
	}
	for _, s := range sources[from:] {
		if s.Name != r.place.source {
			r.place = place{source: s.Name}
		}
		if err := r.tell(ctx, s); err != nil {
			return fmt.Errorf("%w; %s", err, r.goOn())
		}
	}
	fmt.Fprintf(out, "%d told again in %s.\n", r.n, time.Since(r.began).Round(time.Millisecond))
	return nil
}

// place is the last of a source that was told.
type place struct {
	source string
	id     uuid.UUID
}

// Retelling is Retell as a command: it goes on after the place that --after names,
// and says on stderr how far it has come.
func Retelling(js jetstream.JetStream, sources ...Source) func(ctx context.Context, args []string, out io.Writer) error {
	return func(ctx context.Context, args []string, _ io.Writer) error {
		flags := flag.NewFlagSet("retell", flag.ContinueOnError)
		after := flags.String("after", "", "the place to go on after, as a retelling that broke off named it")
		if err := flags.Parse(args); err != nil {
			return err
		}
		return Retell(ctx, js, os.Stderr, *after, sources...)
	}
}

// retelling is how far a Retell has come.
type retelling struct {
	js          jetstream.JetStream
	out         io.Writer
	began, said time.Time
	n           int   // events that NATS has confirmed
	place       place // up to which
}

// page is some events on their way, and the last thing that they are of.
type page struct {
	acks []jetstream.PubAckFuture
	last uuid.UUID
}

// tell tells everything of s from after r's place on. While a page is on its way
// it reads the next.
func (r *retelling) tell(ctx context.Context, s Source) error {
	before := page{last: r.place.id}
	for {
		all, last, err := s.Page(ctx, before.last, atOnce)
		if err := cmp.Or(err, r.confirm(ctx, before)); err != nil || last == uuid.Nil {
			return err
		}
		if before, err = r.send(ctx, page{last: last}, all); err != nil {
			return err
		}
	}
}

// send sends all on their way as p.
func (r *retelling) send(ctx context.Context, p page, all []Event) (page, error) {
	for _, e := range all {
		told, err := wrap(ctx, e)
		if err != nil {
			return p, err
		}
		data, err := json.Marshal(told)
		if err != nil {
			return p, err
		}
		ack, err := r.js.PublishMsgAsync(&nats.Msg{Subject: subject(told.Name), Data: data}, jetstream.WithStallWait(time.Minute))
		if err != nil {
			return p, err
		}
		p.acks = append(p.acks, ack)
	}
	return p, nil
}

// confirm waits until NATS has all of p.
func (r *retelling) confirm(ctx context.Context, p page) error {
	for _, ack := range p.acks {
		select {
		case <-ack.Ok():
		case err := <-ack.Err():
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	r.n, r.place.id = r.n+len(p.acks), p.last
	if time.Since(r.said) >= pace {
		r.said = time.Now()
		fmt.Fprintf(r.out, "%d told again, %.0f a second; %s\n", r.n, float64(r.n)/time.Since(r.began).Seconds(), r.goOn())
	}
	return nil
}

// goOn is how to go on from here.
func (r *retelling) goOn() string {
	return fmt.Sprintf("--after %s:%s goes on from here", r.place.source, r.place.id)
}
