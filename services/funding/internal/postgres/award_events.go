package postgres

import (
	"context"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/instead-support/instead/api/events"
	bus "github.com/instead-support/instead/pkg/events"
	"github.com/instead-support/instead/services/funding/internal/award"
)

// Telling tells others over p, with ids and a state and no more: whoever may
// know what the request says asks for it, and is checked.
func Telling(p *bus.Publisher) Tell {
	return func(ctx context.Context, tx *gorm.DB, r *award.Request) error {
		changed := events.RequestChanged{
			RequestID: r.ID, Reference: r.Reference, Version: r.Version, JobseekerID: r.JobseekerID,
			State: string(r.State()), NeedIDs: []uuid.UUID{}, At: r.ChangedAt,
		}
		for _, l := range r.Lines {
			changed.NeedIDs = append(changed.NeedIDs, l.NeedID)
		}
		return p.Publish(ctx, tx, changed)
	}
}
