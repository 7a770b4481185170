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

// Jobseekers is a jobseeker.Store.
type Jobseekers struct{ db *db.DB }

// NewJobseekers returns the store of jobseekers in d.
func NewJobseekers(d *db.DB) Jobseekers { return Jobseekers{d} }

// jobseekerRow is a row of table jobseeker.
type jobseekerRow struct {
	ID         uuid.UUID
	Name       string
	KnownAs    string
	Email      string
	Phone      string
	Postcode   string
	FoldedName string
	Findable   string
	Area       string
	CoachID    uuid.UUID
	PersonID   uuid.NullUUID
	Spoken     bool
	CreatedAt  time.Time
	Version    int64
}

// TableName is where GORM finds it.
func (jobseekerRow) TableName() string { return "jobseeker" }

func jobseekerToRow(j jobseeker.Jobseeker) jobseekerRow {
	return jobseekerRow{
		ID: j.ID, Name: j.Name, KnownAs: j.KnownAs, Email: j.Email, Phone: j.Phone, Postcode: j.Postcode,
		FoldedName: jobseeker.Fold(j.Name), Findable: j.Findable(),
		Area: j.Area, CoachID: j.CoachID, PersonID: nullable(j.Person), Spoken: j.Spoken,
		CreatedAt: j.CreatedAt, Version: j.Version,
	}
}

func (r jobseekerRow) toDomain() jobseeker.Jobseeker {
	return jobseeker.Jobseeker{
		ID: r.ID,
		Details: jobseeker.Details{
			Name: r.Name, KnownAs: r.KnownAs, Email: r.Email, Phone: r.Phone, Postcode: r.Postcode,
		},
		Area: r.Area, CoachID: r.CoachID, CreatedAt: r.CreatedAt, Version: r.Version,
		Person: r.PersonID.UUID, Spoken: r.Spoken,
	}
}

// jobseekerView is a row with what is known of it elsewhere, as one person
// sees it for one operation.
type jobseekerView struct {
	Row          jobseekerRow `gorm:"embedded"`
	CoachName    string
	InvitedUntil *time.Time
	Allowed      bool // by the query's own lights
}

func (v jobseekerView) toDomain() jobseeker.Jobseeker {
	j := v.Row.toDomain()
	j.CoachName = v.CoachName
	if v.InvitedUntil != nil {
		j.InvitedUntil = *v.InvitedUntil
	}
	return j
}

// load returns the record for p to do op. It returns NotFound if p may not see
// it, and Forbidden if p may not do op.
func load(ctx context.Context, tx *gorm.DB, p identity.Person, op policy.Operation, id uuid.UUID) (jobseeker.Jobseeker, error) {
	found, err := db.Find[jobseekerView](ctx, tx, `
		SELECT j.*, s.name AS coach_name, i.expires_at AS invited_until, ? AS allowed
		FROM jobseeker j
		JOIN staff s ON s.id = j.coach_id
		LEFT JOIN invitation i ON i.jobseeker_id = j.id
			AND i.voided_at IS NULL AND i.used_at IS NULL AND i.expires_at > now()
		WHERE j.id = ? AND (? OR ?)`,
		reach(p, op), id, reach(p, policy.ReadJobseeker), reach(p, op))
	if err != nil {
		return jobseeker.Jobseeker{}, err
	}
	if len(found) == 0 {
		return jobseeker.Jobseeker{}, policy.Missing()
	}
	j := found[0].toDomain()
	if err := policy.May(p, op, j.Record()); err != nil {
		return jobseeker.Jobseeker{}, err
	}
	if !found[0].Allowed {
		return jobseeker.Jobseeker{}, errDisagree
	}
	return j, nil
}

// save writes what may change of a record that is locked.
func save(ctx context.Context, tx *gorm.DB, j jobseeker.Jobseeker) error {
	done := tx.WithContext(ctx).Where("id = ?", j.ID).
		Select("Name", "KnownAs", "Email", "Phone", "Postcode", "FoldedName", "Findable", "CoachID", "PersonID", "Spoken", "Version").
		Updates(jobseekerToRow(j))
	if done.Error == nil && done.RowsAffected == 0 {
		return policy.Missing()
	}
	return done.Error
}

// Me returns the record linked to p's sign-in.
func (s Jobseekers) Me(ctx context.Context, p identity.Person) (jobseeker.Jobseeker, error) {
	var j jobseeker.Jobseeker
	err := act(ctx, s.db, p, func(tx *gorm.DB) error {
		j = jobseeker.Jobseeker{}
		if !p.Is(identity.Jobseeker) {
			return nil
		}
		found, err := db.Find[jobseekerRow](ctx, tx, "SELECT * FROM jobseeker WHERE person_id = ?", p.ID)
		if len(found) > 0 {
			j = found[0].toDomain()
		}
		return err
	})
	return j, err
}

// Read returns one record.
func (s Jobseekers) Read(ctx context.Context, p identity.Person, id uuid.UUID) (jobseeker.Jobseeker, error) {
	var j jobseeker.Jobseeker
	err := act(ctx, s.db, p, func(tx *gorm.DB) (err error) {
		if j, err = load(ctx, tx, p, policy.ReadJobseeker, id); err != nil {
			return err
		}
		return note(ctx, tx, policy.ReadJobseeker, "jobseeker", id, id)
	})
	return j, err
}

// Add adds j, or returns who it may already be.
func (s Jobseekers) Add(ctx context.Context, p identity.Person, j jobseeker.Jobseeker, asked any, different bool) (jobseeker.Jobseeker, error) {
	var alike []uuid.UUID
	added := j
	err := act(ctx, s.db, p, func(tx *gorm.DB) error {
		alike = nil
		made, seen, err := db.Once(ctx, tx, string(policy.AddJobseeker), asked)
		if err != nil {
			return err
		}
		if seen {
			if added, err = load(ctx, tx, p, policy.ReadJobseeker, made); err != nil {
				return err
			}
			return note(ctx, tx, policy.ReadJobseeker, "jobseeker", made, made)
		}
		if err := policy.May(p, policy.AddJobseeker, j.Record()); err != nil {
			return err
		}
		if !different {
			if alike, err = likely(ctx, tx, j); err != nil {
				return err
			}
			if len(alike) > 0 {
				return &jobseeker.PossibleDuplicate{}
			}
		}
		row := jobseekerToRow(j)
		if err := tx.WithContext(ctx).Create(&row).Error; err != nil {
			return err
		}
		if err := note(ctx, tx, policy.AddJobseeker, "jobseeker", j.ID, j.ID); err != nil {
			return err
		}
		return db.Did(ctx, tx, j.ID)
	})
	if len(alike) > 0 {
		return jobseeker.Jobseeker{}, s.candidates(ctx, p, alike)
	}
	return added, err
}

// likely returns the ids of those in j's area who may be j. Until tx ends nobody
// else adds anyone to the area, so that two coaches who add the same person at
// the same time don't both find nobody.
func likely(ctx context.Context, tx *gorm.DB, j jobseeker.Jobseeker) ([]uuid.UUID, error) {
	if err := tx.WithContext(ctx).Exec("SELECT pg_advisory_xact_lock(hashtextextended('add jobseeker ' || ?, 0))", j.Area).Error; err != nil {
		return nil, err
	}
	var ids []uuid.UUID
	err := tx.WithContext(ctx).Raw(`
		SELECT id FROM jobseeker WHERE area = ? AND folded_name = ? AND postcode = ?
		UNION
		SELECT id FROM jobseeker WHERE area = ? AND email <> '' AND lower(email) = lower(?)
		LIMIT 20`,
		j.Area, jobseeker.Fold(j.Name), j.Postcode, j.Area, j.Email).Scan(&ids).Error
	return ids, err
}

// candidates returns the PossibleDuplicate that shows p these people. Showing
// them is looking at them, which is kept although nothing else came of it.
func (s Jobseekers) candidates(ctx context.Context, p identity.Person, ids []uuid.UUID) error {
	var shown []jobseeker.Summary
	err := act(ctx, s.db, p, func(tx *gorm.DB) (err error) {
		in := reach(p, policy.ReadJobseeker)
		in.SQL += " AND j.id IN ?"
		in.Vars = append(in.Vars, ids)
		if shown, err = summaries(ctx, tx, in, jobseeker.Page{Number: 1, Size: len(ids)}); err != nil {
			return err
		}
		return noteShown(ctx, tx, policy.AddJobseeker, shown)
	})
	if err != nil {
		return err
	}
	return &jobseeker.PossibleDuplicate{Candidates: shown}
}

// coachRow is a coach as a row of table staff.
type coachRow struct {
	ID   uuid.UUID
	Name string
}

// Change locks the record, applies change and saves what it did.
func (s Jobseekers) Change(ctx context.Context, p identity.Person, id uuid.UUID, asked any, change func(*jobseeker.Jobseeker) error) (jobseeker.Jobseeker, error) {
	return s.update(ctx, p, policy.ChangeJobseeker, id, asked, func(_ *gorm.DB, j *jobseeker.Jobseeker) error {
		return change(j)
	})
}

// Transfer is Change with the coach to move to. Other services hear of it.
func (s Jobseekers) Transfer(ctx context.Context, p identity.Person, id, to uuid.UUID, asked any, change func(*jobseeker.Jobseeker, *jobseeker.Coach) error) (jobseeker.Jobseeker, error) {
	return s.update(ctx, p, policy.TransferJobseeker, id, asked, func(tx *gorm.DB, j *jobseeker.Jobseeker) error {
		found, err := db.Find[coachRow](ctx, tx, "SELECT id, name FROM staff WHERE id = ? AND coach AND ? = ANY (areas)", to, j.Area)
		if err != nil {
			return err
		}
		if len(found) == 0 {
			return change(j, nil)
		}
		coach := jobseeker.Coach(found[0])
		if err := change(j, &coach); err != nil {
			return err
		}
		return tellMoved(ctx, tx, *j)
	})
}

func (s Jobseekers) update(ctx context.Context, p identity.Person, op policy.Operation, id uuid.UUID, asked any, change func(*gorm.DB, *jobseeker.Jobseeker) error) (jobseeker.Jobseeker, error) {
	var j jobseeker.Jobseeker
	err := act(ctx, s.db, p, func(tx *gorm.DB) error {
		_, seen, err := db.Once(ctx, tx, string(op), []any{id, asked})
		if err != nil {
			return err
		}
		if seen {
			if j, err = load(ctx, tx, p, policy.ReadJobseeker, id); err != nil {
				return err
			}
			return note(ctx, tx, policy.ReadJobseeker, "jobseeker", id, id)
		}
		if err := lock(ctx, tx, p, id); err != nil {
			return err
		}
		if j, err = load(ctx, tx, p, op, id); err != nil {
			return err
		}
		if err := change(tx, &j); err != nil {
			return err
		}
		if err := save(ctx, tx, j); err != nil {
			return err
		}
		if err := note(ctx, tx, op, "jobseeker", id, id); err != nil {
			return err
		}
		return db.Did(ctx, tx, id)
	})
	return j, err
}

// Coaches returns the coaches known to work in area, by name.
func (s Jobseekers) Coaches(ctx context.Context, p identity.Person, area string) ([]jobseeker.Coach, error) {
	var coaches []jobseeker.Coach
	err := act(ctx, s.db, p, func(tx *gorm.DB) error {
		rows, err := db.Find[coachRow](ctx, tx, "SELECT id, name FROM staff WHERE coach AND ? = ANY (areas) ORDER BY name, id", area)
		coaches = make([]jobseeker.Coach, len(rows))
		for i, r := range rows {
			coaches[i] = jobseeker.Coach(r)
		}
		return err
	})
	return coaches, err
}

func nullable(id uuid.UUID) uuid.NullUUID { return uuid.NullUUID{UUID: id, Valid: id != uuid.Nil} }
