// Package funding is the service that knows what may be spent on a jobseeker
// instead of a course, what was asked for, and what was decided. Its door is
// New.
//
// Money is kept here alone. It knows jobseekers by id, and asks needs about
// them, as the person acting.
package funding

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/riverqueue/river"

	api "github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/api/needs"
	"github.com/instead-support/instead/pkg/config"
	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/events"
	"github.com/instead-support/instead/pkg/host"
	"github.com/instead-support/instead/pkg/httpx"
	"github.com/instead-support/instead/pkg/schedule"
	"github.com/instead-support/instead/services/funding/internal/authority"
	"github.com/instead-support/instead/services/funding/internal/award"
	"github.com/instead-support/instead/services/funding/internal/budget"
	"github.com/instead-support/instead/services/funding/internal/catalogue"
	"github.com/instead-support/instead/services/funding/internal/naming"
	"github.com/instead-support/instead/services/funding/internal/postgres"
	"github.com/instead-support/instead/services/funding/internal/reconcile"
	"github.com/instead-support/instead/services/funding/internal/rest"
	"github.com/instead-support/instead/services/funding/internal/supplier"
)

// name is the service's, its schema's and its serving login's.
const name = "funding"

// settings are funding's, from the environment.
type settings struct {
	host.Settings
	Documents documentSettings
	Suppliers supplierSettings
	NeedsURL  string `env:"NEEDS_URL" envDefault:"http://needs"`
	Payments  paymentSettings
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
	needsAPI, err := needs.NewClientWithResponses(s.NeedsURL, needs.WithHTTPClient(httpx.NewClient(d.Transport)))
	if err != nil {
		return nil, err
	}
	vault, err := s.Suppliers.vault()
	if err != nil {
		return nil, err
	}
	database, err := db.Open(ctx, s.DatabaseURL)
	if err != nil {
		return nil, err
	}
	courses, err := postgres.NewCourses(database)
	if err != nil {
		database.Close()
		return nil, err
	}
	standard := catalogue.New(catalogue.Deps{Store: courses, Now: d.Now, Today: award.Today})
	ledger := postgres.NewAwards(database, events.Rows)
	suppliers := postgres.NewSuppliers(database, vault)
	payments, err := s.Payments.till(ledger, suppliers, vault, d.Now)
	if err != nil {
		database.Close()
		return nil, err
	}
	budgets := postgres.NewBudgets(database)
	awards := award.New(award.Deps{
		Store:     ledger,
		Questions: ledger,
		Reviews:   ledger,
		Catalogue: prices{standard},
		Needs:     rest.Needs{API: needsAPI},
		Funds:     budgets,
		Drawn:     award.OneIn,
		Promises:  ledger,
		Now:       d.Now,
	})
	shelf, err := s.Documents.shelf(ctx, database, rest.Needs{API: needsAPI}, d.Now)
	if err != nil {
		database.Close()
		return nil, err
	}
	books := postgres.NewBooks(database)
	api.RegisterHandlers(router, api.NewStrictHandler(rest.Handler{
		Catalogue: rest.Catalogue{Courses: standard},
		Awards:    rest.Awards{Awards: awards},
		Suppliers: rest.Suppliers{Suppliers: supplier.New(supplier.Deps{
			Store: suppliers, Vault: vault, Now: d.Now,
		})},
		Naming:         rest.Naming{Names: naming.New(postgres.NewNaming(database))},
		Reconciliation: rest.Reconciliation{Reconciliation: reconcile.Reconciliation{Books: books}},
		Budgets: rest.Budgets{Budgets: budget.New(budget.Deps{
			Store: budgets, Now: d.Now, Today: award.Today,
		})},
		Documents: rest.Documents{Documents: shelf.Documents},
		Payments:  rest.Payments{Payments: payments.Payments},
		Authority: rest.Authority{Authorities: authority.New(authority.Deps{
			Store: postgres.NewAuthorities(database), Now: d.Now, Today: award.Today,
		})},
	}, nil))
	return &host.Service{
		Name:    name,
		Handler: handler,
		Migrate: func(ctx context.Context) error { return db.Migrate(ctx, s.OwnerURL, postgres.Migrations) },
		Ready:   func(ctx context.Context) error { return errors.Join(database.Ready(ctx), events.Ready(d.Bus)) },
		Commands: map[string]host.Command{
			"reconcile": func(ctx context.Context, _ []string, out io.Writer) error { return reconcileAll(ctx, books, out) },
			"bank-keys": s.Suppliers.rotate,
			"retell":    events.Retelling(d.Bus, postgres.Told(database)...),
		},
		Run: func(ctx context.Context) error { return work(ctx, d, database, courses, shelf, payments, awards) },
		Close: func() {
			database.Close()
			_ = shelf.files.Close()
		},
	}, nil
}

// work does imports, looks after documents, hands events on and does what is due
// by itself until ctx ends, and then lets running jobs finish.
func work(ctx context.Context, d host.Deps, database *db.DB, courses postgres.Courses, shelf shelf, payments till, awards *award.Awards) error {
	workers := river.NewWorkers()
	courses.AddImporter(workers)
	shelf.addTo(workers)
	payments.addTo(workers)
	events.AddWorker(workers, d.Bus)
	if err := courses.Resume(ctx); err != nil {
		return err
	}
	if err := shelf.store.Rescan(ctx); err != nil {
		return err
	}
	return schedule.Work(ctx, database, &river.Config{
		Workers: workers, Logger: d.Log,
		FetchPollInterval: 250 * time.Millisecond, // jobs are written without a word to the workers: see events.Insert
		Queues:            map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 8}},
		PeriodicJobs: schedule.Add(workers,
			schedule.Task{Name: "run-out", Every: schedule.Nightly(2, 10), Do: awards.RunOut},
			schedule.Task{Name: "sweep-documents", Every: schedule.Nightly(3, 10), Do: shelf.Sweep},
			schedule.Task{Name: "forget-messages", Every: schedule.Nightly(3, 40), Do: func(ctx context.Context) error { return db.Forget(ctx, database.Gorm) }},
		),
	})
}
