// Package outcomes is the service that knows how it went: who got into work, who
// was still there after 13 and 26 weeks, what people thought of what they were given,
// and what they vote for. Its door is New.
//
// It knows jobseekers by id, and asks needs and funding about them, as the person
// acting.
package outcomes

import (
	"context"
	"errors"
	"time"

	"github.com/riverqueue/river"

	"github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/api/needs"
	api "github.com/instead-support/instead/api/outcomes"
	"github.com/instead-support/instead/pkg/config"
	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/events"
	"github.com/instead-support/instead/pkg/host"
	"github.com/instead-support/instead/pkg/httpx"
	"github.com/instead-support/instead/pkg/schedule"
	"github.com/instead-support/instead/services/outcomes/internal/occupation"
	"github.com/instead-support/instead/services/outcomes/internal/outcome"
	"github.com/instead-support/instead/services/outcomes/internal/postgres"
	"github.com/instead-support/instead/services/outcomes/internal/rating"
	"github.com/instead-support/instead/services/outcomes/internal/rest"
	"github.com/instead-support/instead/services/outcomes/internal/voice"
)

// name is the service's, its schema's and its serving login's.
const name = "outcomes"

// settings are outcomes', from the environment.
type settings struct {
	host.Settings
	NeedsURL   string `env:"NEEDS_URL" envDefault:"http://needs"`
	FundingURL string `env:"FUNDING_URL" envDefault:"http://funding"`
}

// New wires the service.
func New(ctx context.Context, d host.Deps) (*host.Service, error) {
	s, err := config.Load[settings](d.Env)
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
	services := httpx.NewClient(d.Transport)
	needsAPI, err := needs.NewClientWithResponses(s.NeedsURL, needs.WithHTTPClient(services))
	if err != nil {
		return nil, err
	}
	fundingAPI, err := funding.NewClientWithResponses(s.FundingURL, funding.WithHTTPClient(services))
	if err != nil {
		return nil, err
	}
	database, err := db.Open(ctx, s.DatabaseURL)
	if err != nil {
		return nil, err
	}
	store, err := postgres.NewStore(database)
	if err != nil {
		database.Close()
		return nil, err
	}
	found := outcome.New(outcome.Deps{
		Store: store, Needs: rest.Needs{API: needsAPI}, Funding: rest.Funding{API: fundingAPI}, Now: d.Now,
		Occupation: func(code string) bool { _, ok := occupation.Of(code); return ok },
	})
	ballots := voice.New(voice.Deps{Store: postgres.Ballots{Store: store}, People: found, Catalogue: rest.Funding{API: fundingAPI}, Now: d.Now})
	api.RegisterHandlers(router, api.NewStrictHandler(rest.Handler{
		Outcomes: found,
		Ballots:  ballots,
		Ratings:  rating.New(rating.Deps{Store: store, People: found, Funding: rest.Funding{API: fundingAPI}, Now: d.Now}),
	}, nil))
	return &host.Service{
		Name:    name,
		Handler: handler,
		Migrate: func(ctx context.Context) error { return db.Migrate(ctx, s.OwnerURL, postgres.Migrations) },
		Ready:   func(ctx context.Context) error { return errors.Join(database.Ready(ctx), events.Ready(d.Bus)) },
		Run:     func(ctx context.Context) error { return work(ctx, d, database, found, ballots) },
		Commands: map[string]host.Command{
			"retell": events.Retelling(d.Bus, store.Told()...),
		},
		Close: database.Close,
	}, nil
}

// work hands events on, hears of those of others, reminds coaches of what is due, and
// counts the votes of ballots that are over, until ctx ends.
func work(ctx context.Context, d host.Deps, database *db.DB, found *outcome.Outcomes, ballots *voice.Ballots) error {
	workers := river.NewWorkers()
	events.AddWorker(workers, d.Bus)
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	hearing := make(chan error, 1)
	go func() {
		defer stop() // what one of the two can't go on without, neither can
		hearing <- events.Consume(ctx, d.Bus, database.Gorm, d.Log, name, postgres.Hearing())
	}()
	err := schedule.Work(ctx, database, &river.Config{
		Workers: workers, Logger: d.Log, FetchPollInterval: 250 * time.Millisecond,
		PeriodicJobs: schedule.Add(workers,
			schedule.Task{Name: "remind-coaches", Every: schedule.Nightly(6, 0), Do: found.Remind},
			schedule.Task{Name: "close-ballots", Every: schedule.Nightly(0, 5), Do: ballots.Close},
			schedule.Task{Name: "forget-messages", Every: schedule.Nightly(3, 40), Do: func(ctx context.Context) error { return db.Forget(ctx, database.Gorm) }},
		),
	})
	stop()
	return errors.Join(err, <-hearing)
}
