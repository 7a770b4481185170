// Package needs is the service that knows who a jobseeker is, what they say would
// get them into work, and what stands in their way. Its door is New.
//
// Names, contact details and needs are kept here alone: other services know a
// jobseeker by id. It knows nothing of money.
package needs

import (
	"context"
	"errors"
	"time"

	"github.com/riverqueue/river"

	api "github.com/instead-support/instead/api/needs"
	"github.com/instead-support/instead/pkg/config"
	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/events"
	"github.com/instead-support/instead/pkg/host"
	"github.com/instead-support/instead/pkg/httpx"
	"github.com/instead-support/instead/pkg/schedule"
	"github.com/instead-support/instead/services/needs/internal/assessment"
	"github.com/instead-support/instead/services/needs/internal/jobseeker"
	"github.com/instead-support/instead/services/needs/internal/postgres"
	"github.com/instead-support/instead/services/needs/internal/rest"
)

// name is the service's, its schema's and its serving login's.
const name = "needs"

// New wires the service.
func New(ctx context.Context, d host.Deps) (*host.Service, error) {
	settings, err := config.Load[host.Settings](d.Env)
	if err != nil {
		return nil, err
	}
	spec, err := api.GetSpecJSON()
	if err != nil {
		return nil, err
	}
	router, handler, err := httpx.NewAPI(httpx.API{Name: name, Spec: spec, Tokens: settings.Tokens(d.Transport), Log: d.Log})
	if err != nil {
		return nil, err
	}
	database, err := db.Open(ctx, settings.DatabaseURL)
	if err != nil {
		return nil, err
	}
	// The time as PostgreSQL keeps it, so that what was written equals what is read.
	now := func() time.Time { return d.Now().UTC().Truncate(time.Microsecond) }
	api.RegisterHandlers(router, api.NewStrictHandler(rest.Handler{
		Jobseekers:  jobseeker.New(jobseeker.Deps{Store: postgres.NewJobseekers(database), Now: now}),
		Assessments: assessment.New(assessment.Deps{Store: postgres.NewAssessments(database), Now: now}),
	}, nil))
	return &host.Service{
		Name:    name,
		Handler: handler,
		Migrate: func(ctx context.Context) error { return db.Migrate(ctx, settings.OwnerURL, postgres.Migrations) },
		Ready:   func(ctx context.Context) error { return errors.Join(database.Ready(ctx), events.Ready(d.Bus)) },
		Run: func(ctx context.Context) error {
			ctx, stop := context.WithCancel(ctx)
			defer stop()
			working := make(chan error, 1)
			go func() {
				defer stop() // what one of the two can't go on without, neither can
				workers := river.NewWorkers()
				events.AddWorker(workers, d.Bus)
				working <- schedule.Work(ctx, database, &river.Config{
					Workers: workers, Logger: d.Log, FetchPollInterval: 250 * time.Millisecond, // events are written without a word to the workers
					PeriodicJobs: schedule.Add(workers, schedule.Task{
						Name: "forget-messages", Every: schedule.Nightly(3, 40), Do: func(ctx context.Context) error { return db.Forget(ctx, database.Gorm) },
					}),
				})
			}()
			err := events.Consume(ctx, d.Bus, database.Gorm, d.Log, name, postgres.Hearing())
			stop()
			return errors.Join(err, <-working)
		},
		Commands: map[string]host.Command{
			"retell": events.Retelling(d.Bus, postgres.Told(database)...),
		},
		Close: database.Close,
	}, nil
}
