// Package reporting is the service that knows what the money did: totals of what
// the other services told. Its door is New.
//
// It asks nobody anything and decides nothing. It knows no jobseeker and no name,
// and nothing that could not be worked out again from what is told.
package reporting

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/riverqueue/river"

	api "github.com/instead-support/instead/api/reporting"
	"github.com/instead-support/instead/pkg/config"
	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/events"
	"github.com/instead-support/instead/pkg/host"
	"github.com/instead-support/instead/pkg/httpx"
	"github.com/instead-support/instead/pkg/schedule"
	"github.com/instead-support/instead/services/reporting/internal/postgres"
	"github.com/instead-support/instead/services/reporting/internal/report"
	"github.com/instead-support/instead/services/reporting/internal/rest"
)

// name is the service's, its schema's and its serving login's, and that under which
// it keeps its place in what is told.
const name = "reporting"

// New wires the service.
func New(ctx context.Context, d host.Deps) (*host.Service, error) {
	s, err := config.Load[host.Settings](d.Env)
	if err != nil {
		return nil, err
	}
	spec, err := api.GetSpecJSON()
	if err != nil {
		return nil, err
	}
	router, handler, err := httpx.NewAPI(httpx.API{Name: name, Spec: spec, Tokens: s.Tokens(d.Transport), Log: d.Log})
	if err != nil {
		return nil, err
	}
	database, err := db.Open(ctx, s.DatabaseURL)
	if err != nil {
		return nil, err
	}
	store := postgres.NewStore(database, d.Now)
	lag := &lag{bus: d.Bus}
	api.RegisterHandlers(router, api.NewStrictHandler(rest.Handler{
		Reports: report.New(report.Deps{Store: store, Now: d.Now, Lag: lag.read}),
	}, nil))
	return &host.Service{
		Name:    name,
		Handler: handler,
		Migrate: func(ctx context.Context) error { return db.Migrate(ctx, s.OwnerURL, postgres.Migrations) },
		Ready:   func(ctx context.Context) error { return errors.Join(database.Ready(ctx), events.Ready(d.Bus)) },
		Run:     func(ctx context.Context) error { return work(ctx, d, database, store) },
		Close:   database.Close,
		Commands: map[string]host.Command{
			"rebuild": func(ctx context.Context, _ []string, out io.Writer) error { return rebuild(ctx, d, s.OwnerURL, out) },
			"proxies": func(ctx context.Context, args []string, out io.Writer) error {
				return addProxies(ctx, store, args, out)
			},
		},
	}, nil
}

// addProxies adds the proxies of a file to those by which outcomes are valued.
func addProxies(ctx context.Context, store postgres.Store, args []string, out io.Writer) error {
	if len(args) != 1 {
		return errors.New("name the file: reporting proxies FILE.csv")
	}
	file, err := os.Open(args[0])
	if err != nil {
		return err
	}
	defer file.Close()
	all, err := report.ReadProxies(file)
	if err != nil {
		return err
	}
	if err := store.AddProxies(ctx, all); err != nil {
		return err
	}
	fmt.Fprintf(out, "%d proxies were added.\n", len(all))
	return nil
}

// work takes what is told, and forgets old messages every night, until ctx ends.
func work(ctx context.Context, d host.Deps, database *db.DB, store postgres.Store) error {
	if err := store.Keep(ctx); err != nil {
		return err
	}
	workers := river.NewWorkers()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	hearing := make(chan error, 1)
	go func() {
		defer stop() // what one of the two can't go on without, neither can
		hearing <- events.ConsumeBatch(ctx, d.Bus, database.Gorm, d.Log, name, postgres.Heard(), postgres.Take)
	}()
	err := schedule.Work(ctx, database, &river.Config{
		Workers: workers, Logger: d.Log, FetchPollInterval: time.Second,
		PeriodicJobs: schedule.Add(workers,
			schedule.Task{Name: "forget-messages", Every: schedule.Nightly(3, 50), Do: func(ctx context.Context) error { return db.Forget(ctx, database.Gorm) }},
		),
	})
	stop()
	return errors.Join(err, <-hearing)
}

// lag is how far reporting is behind, asked of the broker once a second at most.
type lag struct {
	bus jetstream.JetStream

	mu    sync.Mutex
	asked time.Time // when the broker last answered
	is    events.Behind
}

// read says how many events wait, and for how long the oldest of them has. While the
// broker is away nobody can know: then reporting is as far behind as that is ago.
func (l *lag) read(ctx context.Context) (waiting int64, age time.Duration, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if time.Since(l.asked) > time.Second {
		is, err := events.Lag(ctx, l.bus, name)
		switch {
		case err == nil:
			l.is, l.asked = is, time.Now()
		case errors.Is(err, jetstream.ErrStreamNotFound), errors.Is(err, jetstream.ErrConsumerNotFound):
			l.is, l.asked = events.Behind{}, time.Now() // nothing was told yet
		case ctx.Err() != nil:
			return 0, 0, err
		case !l.asked.IsZero():
			age = time.Since(l.asked)
		}
	}
	if l.is.Pending > 0 && !l.is.Oldest.IsZero() {
		age = max(age, time.Since(l.is.Oldest))
	}
	return int64(l.is.Pending), age, nil //nolint:gosec // far fewer than that
}
