package postgres

import (
	"context"
	"database/sql"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"
	"gorm.io/gorm"

	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/services/funding/internal/document"
)

// scanJob is a document whose file has to be looked through.
type scanJob struct {
	ID uuid.UUID `json:"id"`
}

// Kind names the job in River's tables.
func (scanJob) Kind() string { return "scan-document" }

// scanDocument makes it part of tx that a document's file is looked through.
func (j jobs) scanDocument(ctx context.Context, tx *sql.Tx, id uuid.UUID) error {
	_, err := j.river.InsertTx(ctx, tx, scanJob{id}, nil)
	return err
}

type scanner struct {
	river.WorkerDefaults[scanJob]
	documents *document.Documents
}

// Timeout is longer than a scanner is waited for.
func (*scanner) Timeout(*river.Job[scanJob]) time.Duration { return 5 * time.Minute }

// NextRetry is soon at first and never far off, since somebody may be waiting to
// open the file.
func (*scanner) NextRetry(job *river.Job[scanJob]) time.Time {
	return time.Now().Add(min(time.Duration(job.Attempt)*10*time.Second, 10*time.Minute))
}

// Work looks through one file.
func (s *scanner) Work(ctx context.Context, job *river.Job[scanJob]) error {
	return s.documents.Scan(ctx, job.Args.ID)
}

// AddScanner adds to the service's River workers the one that looks through files.
// Call Rescan as well when the process begins.
func AddScanner(workers *river.Workers, d *document.Documents) {
	river.AddWorker(workers, &scanner{documents: d})
}

// Rescan puts in line every document whose file was never looked through: those
// whose scanner was away for too long, and those from before there was one.
func (s Documents) Rescan(ctx context.Context) error {
	if !s.scan {
		return nil
	}
	return db.Tx(ctx, s.db.Gorm, func(tx *gorm.DB) error {
		var ids []uuid.UUID
		if err := tx.Raw("SELECT id FROM document WHERE state IN ('unscanned', 'quarantined')").Scan(&ids).Error; err != nil {
			return err
		}
		for _, id := range ids {
			if err := s.jobs.scanDocument(ctx, db.SQLTx(tx), id); err != nil {
				return err
			}
		}
		return nil
	})
}
