package postgres

import (
	"context"

	"github.com/google/uuid"

	"github.com/instead-support/instead/api/events"
	bus "github.com/instead-support/instead/pkg/events"
	"github.com/instead-support/instead/services/funding/internal/award"
)

// Telling tells others with ids and a state and no more: whoever may know what the
// request says asks for it, and is checked.
func Telling(ctx context.Context, r *award.Request) ([]bus.Row, error) {
	changed := events.RequestChanged{
		RequestID: r.ID, Reference: r.Reference, Version: r.Version, JobseekerID: r.JobseekerID,
		State: string(r.State()), NeedIDs: []uuid.UUID{}, At: r.ChangedAt,
	}
	if r.State() == award.Draft {
		return bus.Rows(ctx, changed) // what is still being written is not asked for
	}
	for _, l := range r.Lines {
		changed.NeedIDs = append(changed.NeedIDs, l.NeedID)
	}
	return bus.Rows(ctx, changed)
}
