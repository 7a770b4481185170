package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/needs/internal/jobseeker"
	"github.com/instead-support/instead/services/needs/internal/policy"
)

// lookRow is an audit entry with the name of the member of staff it is of.
type lookRow struct {
	At         time.Time
	Person     uuid.UUID
	PersonName string
	Action     string
	Subject    string
	SubjectID  uuid.UUID
}

// changeRow is an entry of the audit trail that changed a record.
type changeRow struct {
	Operation string
	Name      string
	At        time.Time
}

// Changes returns what was done to the record since it was at a version. Each
// change of a record raises its version by one and leaves one entry in the audit
// trail.
func (s Jobseekers) Changes(ctx context.Context, p identity.Person, id uuid.UUID, by []policy.Operation, since int64) ([]jobseeker.Change, error) {
	var done []jobseeker.Change
	err := act(ctx, s.db, p, func(tx *gorm.DB) error {
		j, err := load(ctx, tx, p, policy.ReadJobseeker, id)
		if err != nil {
			return err
		}
		var rows []changeRow
		err = tx.WithContext(ctx).Raw(`
			SELECT e.action AS operation, coalesce(s.name, 'Somebody') AS name, e.at
			FROM audit_entry e LEFT JOIN staff s ON s.id = e.person
			WHERE e.subject_id = ? AND e.action IN ? ORDER BY e.at DESC, e.id DESC LIMIT ?`,
			id, by, max(0, j.Version-since)).Scan(&rows).Error
		done = make([]jobseeker.Change, len(rows))
		for i, r := range rows {
			done[i] = jobseeker.Change{Operation: policy.Operation(r.Operation), By: r.Name, At: r.At}
		}
		return err
	})
	return done, err
}

// Looks returns a page of the record's audit trail, newest first, and how many
// entries there are. This look is added after, and is seen by the next.
func (s Jobseekers) Looks(ctx context.Context, p identity.Person, id uuid.UUID, page jobseeker.Page) ([]jobseeker.Look, int, error) {
	var looks []jobseeker.Look
	var total int
	err := act(ctx, s.db, p, func(tx *gorm.DB) error {
		if _, err := load(ctx, tx, p, policy.ListJobseekerAudit, id); err != nil {
			return err
		}
		if err := tx.Raw("SELECT count(*) FROM audit_entry WHERE jobseeker_id = ?", id).Scan(&total).Error; err != nil {
			return err
		}
		rows, err := db.Find[lookRow](ctx, tx, `
			SELECT e.at, e.person, coalesce(s.name, '') AS person_name, e.action, e.subject, e.subject_id
			FROM audit_entry e LEFT JOIN staff s ON s.id = e.person
			WHERE e.jobseeker_id = ?
			ORDER BY e.at DESC, e.id DESC LIMIT ? OFFSET ?`,
			id, page.Size, page.Skip())
		if err != nil {
			return err
		}
		looks = make([]jobseeker.Look, len(rows))
		for i, r := range rows {
			looks[i] = jobseeker.Look(r)
		}
		return note(ctx, tx, policy.ListJobseekerAudit, "jobseeker", id, id)
	})
	return looks, total, err
}
