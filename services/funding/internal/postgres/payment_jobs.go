package postgres

import (
	"context"
	"database/sql"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"github.com/instead-support/instead/services/funding/internal/payment"
)

// resultJob is a result file whose lines are to be settled. It carries nothing
// but the id: everything else, and how far it got, is in the database.
type resultJob struct {
	ID uuid.UUID `json:"id"`
}

// Kind names the job in River's tables.
func (resultJob) Kind() string { return "settle-result" }

// settleResult makes it part of tx that the lines of a result are settled. It
// begins after a while, because whoever sent the file in settles them at once:
// this is for what they leave, and for a process that is killed meanwhile.
func (j jobs) settleResult(ctx context.Context, tx *sql.Tx, id uuid.UUID) error {
	_, err := j.river.InsertTx(ctx, tx, resultJob{id}, &river.InsertOpts{ScheduledAt: time.Now().Add(15 * time.Second)})
	return err
}

type settler struct {
	river.WorkerDefaults[resultJob]
	payments *payment.Payments
}

// AddSettler adds to the service's River workers the one that settles the lines
// of result files.
func AddSettler(workers *river.Workers, p *payment.Payments) {
	river.AddWorker(workers, &settler{payments: p})
}

// Timeout is long: the largest file has thousands of lines.
func (*settler) Timeout(*river.Job[resultJob]) time.Duration { return 10 * time.Minute }

// Work settles what still waits of one result.
func (w *settler) Work(ctx context.Context, job *river.Job[resultJob]) error {
	return w.payments.Run(ctx, job.Args.ID)
}
