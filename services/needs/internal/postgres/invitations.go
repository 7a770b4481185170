package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/needs/internal/jobseeker"
	"github.com/instead-support/instead/services/needs/internal/policy"
)

// invitationRow is a row of table invitation.
type invitationRow struct {
	ID          uuid.UUID
	JobseekerID uuid.UUID
	Hash        []byte
	MadeBy      uuid.UUID
	MadeAt      time.Time
	ExpiresAt   time.Time
	VoidedAt    *time.Time
	UsedBy      uuid.NullUUID
	UsedAt      *time.Time
}

// TableName is where GORM finds it.
func (invitationRow) TableName() string { return "invitation" }

func (r invitationRow) toDomain() *jobseeker.Invitation {
	i := &jobseeker.Invitation{
		ID: r.ID, JobseekerID: r.JobseekerID, Hash: r.Hash,
		MadeBy: r.MadeBy, MadeAt: r.MadeAt, ExpiresAt: r.ExpiresAt, UsedBy: r.UsedBy.UUID,
	}
	if r.VoidedAt != nil {
		i.VoidedAt = *r.VoidedAt
	}
	if r.UsedAt != nil {
		i.UsedAt = *r.UsedAt
	}
	return i
}

// errShownOnce is the answer to a message that made a code before: the code is
// kept as a hash alone, so nobody can be shown it again.
var errShownOnce = fault.New(fault.Conflict, "This form has made a code already, and a code is shown only once. If you did not see it, make another: the one before then stops working.")

// Invite keeps the invitation and voids the one before it.
func (s Jobseekers) Invite(ctx context.Context, p identity.Person, i jobseeker.Invitation) error {
	return act(ctx, s.db, p, func(tx *gorm.DB) error {
		_, seen, err := db.Once(ctx, tx, string(policy.InviteJobseeker), i.JobseekerID)
		if err != nil {
			return err
		}
		if seen {
			return errShownOnce
		}
		if err := lock(ctx, tx, p, i.JobseekerID); err != nil {
			return err
		}
		if _, err := load(ctx, tx, p, policy.InviteJobseeker, i.JobseekerID); err != nil {
			return err
		}
		err = tx.WithContext(ctx).Exec("UPDATE invitation SET voided_at = ? WHERE jobseeker_id = ? AND voided_at IS NULL AND used_at IS NULL",
			i.MadeAt, i.JobseekerID).Error
		if err != nil {
			return err
		}
		if err := tx.WithContext(ctx).Create(&invitationRow{
			ID: i.ID, JobseekerID: i.JobseekerID, Hash: i.Hash, MadeBy: i.MadeBy, MadeAt: i.MadeAt, ExpiresAt: i.ExpiresAt,
		}).Error; err != nil {
			return err
		}
		if err := note(ctx, tx, policy.InviteJobseeker, "invitation", i.ID, i.JobseekerID); err != nil {
			return err
		}
		return db.Did(ctx, tx, i.ID)
	})
}

// Accept counts a try by p, then links p's sign-in if accept agrees. A refusal
// is not a reason to forget the try, so it is kept outside of the transaction.
// A wrong code sent twice by one message is one try.
func (s Jobseekers) Accept(ctx context.Context, p identity.Person, hash []byte, now, since time.Time, accept func(wrong int, i *jobseeker.Invitation) error) error {
	var refusal error
	err := act(ctx, s.db, p, func(tx *gorm.DB) error {
		refusal = nil
		wrong, err := wrongTries(ctx, tx, p, since)
		if err != nil {
			return err
		}
		i, err := invitation(ctx, tx, hash)
		if err != nil {
			return err
		}
		if refusal = accept(wrong, i); refusal == nil {
			_, seen, err := db.Once(ctx, tx, string(policy.AcceptInvitation), hash)
			if err != nil || seen {
				return err
			}
			if err := link(ctx, tx, p, *i); err != nil {
				return err
			}
			return db.Did(ctx, tx, i.ID)
		}
		if i == nil {
			return addWrongTry(ctx, tx, p, hash, now)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return refusal
}

// wrongTries returns how many codes p tried in vain since then, and forgets
// those before. One try at a time: many at once are still as many.
func wrongTries(ctx context.Context, tx *gorm.DB, p identity.Person, since time.Time) (int, error) {
	if err := tx.WithContext(ctx).Exec("SELECT pg_advisory_xact_lock(hashtextextended('try a code ' || ?, 0))", p.ID.String()).Error; err != nil {
		return 0, err
	}
	if err := tx.WithContext(ctx).Exec("DELETE FROM wrong_try WHERE person_id = ? AND at <= ?", p.ID, since).Error; err != nil {
		return 0, err
	}
	var n int
	err := tx.WithContext(ctx).Raw("SELECT count(*) FROM wrong_try WHERE person_id = ?", p.ID).Scan(&n).Error
	return n, err
}

// addWrongTry counts a try. Its id is that of the message, which can be sent
// again with the code put right, and so is not told by its key alone.
func addWrongTry(ctx context.Context, tx *gorm.DB, p identity.Person, hash []byte, now time.Time) error {
	id, err := uuid.NewV7()
	if err != nil {
		return err
	}
	if key := db.Key(ctx); key != "" {
		id = uuid.NewSHA1(p.ID, append([]byte(key), hash...))
	}
	return tx.WithContext(ctx).Exec("INSERT INTO wrong_try (id, person_id, at) VALUES (?, ?, ?) ON CONFLICT (id) DO NOTHING", id, p.ID, now).Error
}

// invitation returns the one with this hash, locked, or nil.
func invitation(ctx context.Context, tx *gorm.DB, hash []byte) (*jobseeker.Invitation, error) {
	found, err := db.Find[invitationRow](ctx, tx, "SELECT * FROM invitation WHERE hash = ? FOR NO KEY UPDATE", hash)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return found[0].toDomain(), nil
}

// link keeps that p used the invitation, and puts p's sign-in in place of any
// other on the record.
func link(ctx context.Context, tx *gorm.DB, p identity.Person, i jobseeker.Invitation) error {
	used := i.UsedAt
	if err := tx.WithContext(ctx).Exec("UPDATE invitation SET used_by = ?, used_at = ? WHERE id = ?", nullable(i.UsedBy), used, i.ID).Error; err != nil {
		return err
	}
	if err := tx.WithContext(ctx).Exec("UPDATE jobseeker SET person_id = ? WHERE id = ?", p.ID, i.JobseekerID).Error; err != nil {
		return err
	}
	return note(ctx, tx, policy.AcceptInvitation, "invitation", i.ID, i.JobseekerID)
}
