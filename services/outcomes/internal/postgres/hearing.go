package postgres

import (
	"context"

	"gorm.io/gorm"

	told "github.com/instead-support/instead/api/events"
	"github.com/instead-support/instead/pkg/events"
)

// Hearing is what this service does about the events of others, by name.
func Hearing() map[string]events.Act {
	return map[string]events.Act{
		told.JobseekerMoved{}.EventName(): func(ctx context.Context, tx *gorm.DB, e events.Envelope) error {
			var m told.JobseekerMoved
			if err := e.Read(&m); err != nil {
				return err
			}
			return Hear(ctx, tx, m)
		},
	}
}

// Hear puts what waits for somebody who moved on their new coach's list, unless
// something newer is known. What the coach is called needs says when it is asked.
func Hear(ctx context.Context, tx *gorm.DB, m told.JobseekerMoved) error {
	return tx.WithContext(ctx).Exec("UPDATE jobseeker SET coach_id = ?, coach_name = '', version = ? WHERE id = ? AND version < ?",
		m.CoachID, m.Version, m.JobseekerID, m.Version).Error
}
