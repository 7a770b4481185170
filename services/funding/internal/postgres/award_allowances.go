package postgres

import (
	"context"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/instead-support/instead/pkg/audit"
	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/services/funding/internal/award"
	"github.com/instead-support/instead/services/funding/internal/policy"
)

// Open is award.Store's.
func (s Awards) Open(ctx context.Context, act award.Act, open func() (*award.Allowance, error)) (a *award.Allowance, err error) {
	err = s.tx(ctx, func(tx *gorm.DB) error {
		id, seen, err := takeOnce(ctx, tx, act, func() (uuid.UUID, error) {
			if a, err = open(); err != nil {
				return uuid.Nil, err
			}
			row := toAllowanceRow(a)
			if err := tx.Omit(kept...).Create(&row).Error; err != nil {
				return uuid.Nil, err
			}
			return a.ID, s.tellIn(ctx, tx, tellingAllowance(a))
		})
		if err != nil {
			return err
		}
		if seen {
			a, err = readAllowance(ctx, tx, act.Who, id)
			act.Operation = policy.ReadAllowance
		}
		return noteAllowance(ctx, tx, act, a, err)
	})
	return a, err
}

// Allowance is award.Store's.
func (s Awards) Allowance(ctx context.Context, act award.Act, id uuid.UUID) (a *award.Allowance, postings []award.Posting, err error) {
	err = s.tx(ctx, func(tx *gorm.DB) (err error) {
		if a, err = readAllowance(ctx, tx, act.Who, id); err != nil {
			return err
		}
		rows, err := db.Find[postingRow](ctx, tx, `
			SELECT e.*, r.reference, h.at
			FROM entry e JOIN request r ON r.id = e.request_id JOIN history h ON h.request_id = e.request_id AND h.step = e.step
			WHERE e.allowance_id = ? ORDER BY h.at, e.id`, id)
		postings = make([]award.Posting, len(rows))
		for i, row := range rows {
			postings[i] = row.toDomain()
		}
		return noteAllowance(ctx, tx, act, a, err)
	})
	return a, postings, err
}

// Allowances is award.Store's.
func (s Awards) Allowances(ctx context.Context, act award.Act, jobseeker uuid.UUID) (all []award.Allowance, err error) {
	err = s.tx(ctx, func(tx *gorm.DB) error {
		rows, err := db.Find[allowanceRow](ctx, tx, "SELECT a.* FROM allowance a WHERE a.jobseeker_id = ? AND ? ORDER BY a.opened_at DESC, a.id DESC",
			jobseeker, within(act.Who, act.Operation, ofAllowance))
		if err != nil || len(rows) == 0 {
			return err
		}
		all = make([]award.Allowance, len(rows))
		for i, row := range rows {
			all[i] = *row.toDomain()
		}
		return audit.Write(ctx, tx, audit.Entry{Action: string(act.Operation), Subject: "jobseeker", SubjectID: jobseeker, Jobseeker: jobseeker})
	})
	return all, err
}

// readAllowance reads an allowance that who may see.
func readAllowance(ctx context.Context, tx *gorm.DB, who policy.Actor, id uuid.UUID) (*award.Allowance, error) {
	rows, err := db.Find[allowanceRow](ctx, tx, "SELECT a.* FROM allowance a WHERE a.id = ? AND ?",
		id, within(who, policy.ReadAllowance, ofAllowance))
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, errNoRecord
	}
	return rows[0].toDomain(), nil
}

// noteAllowance writes into the audit trail that act was done to a, unless err
// says that it was not.
func noteAllowance(ctx context.Context, tx *gorm.DB, act award.Act, a *award.Allowance, err error) error {
	if err != nil {
		return err
	}
	return audit.Write(ctx, tx, audit.Entry{Action: string(act.Operation), Subject: "allowance", SubjectID: a.ID, Jobseeker: a.JobseekerID})
}
