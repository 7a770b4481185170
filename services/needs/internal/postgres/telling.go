package postgres

import (
	"context"
	"encoding/json"
	"time"

	"gorm.io/gorm"

	told "github.com/instead-support/instead/api/events"
	"github.com/instead-support/instead/pkg/events"
	"github.com/instead-support/instead/services/needs/internal/jobseeker"
)

// tellMoved tells others in tx, with ids, that somebody has another coach, so that
// what waits for them elsewhere comes onto that coach's lists.
func tellMoved(ctx context.Context, tx *gorm.DB, j jobseeker.Jobseeker) error {
	rows, err := events.Rows(ctx, told.JobseekerMoved{JobseekerID: j.ID, Version: j.Version, CoachID: j.CoachID, At: time.Now().UTC()})
	if err != nil {
		return err
	}
	b, err := json.Marshal(rows)
	if err != nil {
		return err
	}
	return tx.WithContext(ctx).Exec(events.Insert, string(b)).Error
}
