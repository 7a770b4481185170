package postgres

import (
	"context"
	"database/sql"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"gorm.io/gorm"

	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/services/funding/internal/catalogue"
)

// jobs puts work into transactions. It needs no connection of its own.
type jobs struct{ river *river.Client[*sql.Tx] }

func newJobs() (jobs, error) {
	c, err := river.NewClient(riverdatabasesql.New(nil), &river.Config{Logger: slog.New(slog.DiscardHandler)})
	return jobs{c}, err
}

// importJob is an import to be done. It carries nothing but the id: everything
// else, and how far it got, is in the database.
type importJob struct {
	ID uuid.UUID `json:"id"`
}

// Kind names the job in River's tables.
func (importJob) Kind() string { return "import-courses" }

// InsertOpts gives up after some hours: by then what is wrong is not passing.
func (importJob) InsertOpts() river.InsertOpts { return river.InsertOpts{MaxAttempts: 10} }

// importCourses makes the import part of tx: it will be done if tx commits.
func (j jobs) importCourses(ctx context.Context, tx *sql.Tx, id uuid.UUID) error {
	_, err := j.river.InsertTx(ctx, tx, importJob{id}, nil)
	return err
}

type importer struct {
	river.WorkerDefaults[importJob]
	store Courses
}

// AddImporter adds to the service's River workers the one that does imports.
// Call Resume as well when the process begins.
func (s Courses) AddImporter(workers *river.Workers) {
	river.AddWorker(workers, &importer{store: s})
}

// Timeout is long: a file of the largest size takes minutes.
func (*importer) Timeout(*river.Job[importJob]) time.Duration { return 30 * time.Minute }

// Work does one import. The last attempt that fails says so in the import, or
// whoever sent it in would wait for ever.
func (i *importer) Work(ctx context.Context, job *river.Job[importJob]) error {
	err := catalogue.Run(ctx, i.store, job.Args.ID)
	if err != nil && job.Attempt >= job.MaxAttempts {
		_ = i.store.Fail(context.WithoutCancel(ctx), job.Args.ID, "Something went wrong at our end, more than once. What was imported until then is kept. Import the file again to carry on.")
	}
	return err
}

// Resume has every import done that a killed process may have left running. One
// that another process is at comes to no harm: see catalogue.Run.
func (s Courses) Resume(ctx context.Context) error {
	return db.Tx(ctx, s.db.Gorm, func(tx *gorm.DB) error {
		left, err := db.Find[uuid.UUID](ctx, tx, "SELECT id FROM import WHERE state = 'running'")
		if err != nil {
			return err
		}
		for _, id := range left {
			if err := s.jobs.importCourses(ctx, db.SQLTx(tx), id); err != nil {
				return err
			}
		}
		return nil
	})
}
