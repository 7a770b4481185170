package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

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
		rows, err := gorm.G[lookRow](tx).Raw(`
			SELECT e.at, e.person, coalesce(s.name, '') AS person_name, e.action, e.subject, e.subject_id
			FROM audit_entry e LEFT JOIN staff s ON s.id = e.person
			WHERE e.jobseeker_id = ?
			ORDER BY e.at DESC, e.id DESC LIMIT ? OFFSET ?`,
			id, page.Size, page.Skip()).Find(ctx)
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
