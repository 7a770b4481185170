package postgres

import (
	"context"

	"github.com/google/uuid"
	"gorm.io/gorm"

	told "github.com/instead-support/instead/api/events"
	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/events"
	"github.com/instead-support/instead/services/needs/internal/assessment"
)

// Hearing is what this service does about the events of others, by name.
func Hearing() map[string]events.Act {
	return map[string]events.Act{
		told.RequestChanged{}.EventName(): func(ctx context.Context, tx *gorm.DB, e events.Envelope) error {
			var r told.RequestChanged
			if err := e.Read(&r); err != nil {
				return err
			}
			return Hear(ctx, tx, assessment.Request{
				ID: r.RequestID, JobseekerID: r.JobseekerID, Reference: r.Reference,
				State: r.State, Version: r.Version, Needs: r.NeedIDs,
			})
		},
	}
}

// Hear keeps, in tx, what funding told of a request, unless something newer has
// been heard of it.
func Hear(ctx context.Context, tx *gorm.DB, r assessment.Request) error {
	if r.Needs == nil {
		r.Needs = []uuid.UUID{} // the empty array and not NULL
	}
	// GORM would spell a slice out as a list; the driver knows it as an array.
	_, err := db.SQLTx(tx).ExecContext(ctx, `
		INSERT INTO funding_request (id, jobseeker_id, reference, state, version, need_ids)
		VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (id) DO UPDATE
		SET reference = excluded.reference, state = excluded.state, version = excluded.version, need_ids = excluded.need_ids
		WHERE funding_request.version < excluded.version`,
		r.ID, r.JobseekerID, r.Reference, r.State, r.Version, r.Needs)
	return err
}

// supportRow is a request beside one of the needs that it is to meet.
type supportRow struct {
	NeedID    uuid.UUID
	RequestID uuid.UUID
	Reference string
	State     string
}

// addSupports puts to each need the requests that are to meet it.
func addSupports(ctx context.Context, tx *gorm.DB, a *assessment.Assessment) error {
	rows, err := db.Find[supportRow](ctx, tx, `
		SELECT DISTINCT unnest(need_ids) AS need_id, id AS request_id, reference, state
		FROM funding_request WHERE jobseeker_id = ? AND state <> 'draft' ORDER BY request_id`, a.JobseekerID)
	if err != nil {
		return err
	}
	supports := map[uuid.UUID][]assessment.Support{}
	for _, r := range rows {
		supports[r.NeedID] = append(supports[r.NeedID], assessment.Support{RequestID: r.RequestID, Reference: r.Reference, State: r.State})
	}
	for i := range a.Needs {
		a.Needs[i].Supports = supports[a.Needs[i].ID]
	}
	return nil
}
