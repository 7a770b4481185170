package postgres

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/needs/internal/assessment"
	"github.com/instead-support/instead/services/needs/internal/policy"
)

// Assessments is an assessment.Store.
type Assessments struct{ db *db.DB }

// NewAssessments returns the store of assessments in d.
func NewAssessments(d *db.DB) Assessments { return Assessments{d} }

// assessmentRow is a row of table assessment: one save.
type assessmentRow struct {
	JobseekerID uuid.UUID
	Version     int64
	At          time.Time
	ByID        uuid.UUID
}

// TableName is where GORM finds it.
func (assessmentRow) TableName() string { return "assessment" }

// answerRow is a row of table answer: what one save changed in one category.
type answerRow struct {
	JobseekerID uuid.UUID
	Category    string
	Version     int64
	Standing    string
	InTheWay    string
	WouldRemove string
}

// TableName is where GORM finds it.
func (answerRow) TableName() string { return "answer" }

func (r answerRow) toDomain() assessment.Answer {
	return assessment.Answer{
		Category: assessment.Category(r.Category), Standing: assessment.Standing(r.Standing),
		InTheWay: r.InTheWay, WouldRemove: r.WouldRemove,
	}
}

// saveView is a save with the name of who made it.
type saveView struct {
	Row    assessmentRow `gorm:"embedded"`
	ByName string
}

const selectSave = `SELECT a.*, s.name AS by_name FROM assessment a JOIN staff s ON s.id = a.by_id `

// Read returns the assessment as it stands, for op.
func (s Assessments) Read(ctx context.Context, p identity.Person, op policy.Operation, jobseeker uuid.UUID) (assessment.Assessment, error) {
	var a assessment.Assessment
	err := act(ctx, s.db, p, func(tx *gorm.DB) (err error) {
		if _, err = load(ctx, tx, p, op, jobseeker); err != nil {
			return err
		}
		if a, err = current(ctx, tx, jobseeker); err != nil {
			return err
		}
		return note(ctx, tx, op, "assessment", jobseeker, jobseeker)
	})
	return a, err
}

// Save locks the record and keeps the next version, if there is one.
func (s Assessments) Save(ctx context.Context, p identity.Person, jobseeker uuid.UUID, asked any, save func(*assessment.Assessment) ([]assessment.Answer, error)) (assessment.Assessment, error) {
	var a assessment.Assessment
	err := act(ctx, s.db, p, func(tx *gorm.DB) error {
		_, seen, err := db.Once(ctx, tx, string(policy.SaveAssessment), []any{jobseeker, asked})
		if err != nil {
			return err
		}
		op := policy.SaveAssessment
		if seen {
			op = policy.ReadAssessment
		} else if err := lock(ctx, tx, p, jobseeker); err != nil {
			return err
		}
		j, err := load(ctx, tx, p, op, jobseeker)
		if err != nil {
			return err
		}
		if a, err = current(ctx, tx, jobseeker); err != nil {
			return err
		}
		if !seen {
			changed, err := save(&a)
			if err != nil {
				return err
			}
			if err := keep(ctx, tx, a, changed); err != nil {
				return err
			}
			if err := tellAssessed(ctx, tx, j.Area, a, changed); err != nil {
				return err
			}
			if err := db.Did(ctx, tx, jobseeker); err != nil {
				return err
			}
		}
		return note(ctx, tx, op, "assessment", jobseeker, jobseeker)
	})
	return a, err
}

// keep writes the version that a has become, with what changed.
func keep(ctx context.Context, tx *gorm.DB, a assessment.Assessment, changed []assessment.Answer) error {
	if len(changed) == 0 {
		return nil
	}
	if err := tx.WithContext(ctx).Create(&assessmentRow{
		JobseekerID: a.JobseekerID, Version: a.Version, At: a.At, ByID: a.By,
	}).Error; err != nil {
		return err
	}
	rows := make([]answerRow, len(changed))
	for i, c := range changed {
		rows[i] = answerRow{
			JobseekerID: a.JobseekerID, Version: a.Version, Category: string(c.Category),
			Standing: string(c.Standing), InTheWay: c.InTheWay, WouldRemove: c.WouldRemove,
		}
	}
	return tx.WithContext(ctx).Create(&rows).Error
}

// current returns the assessment as it stands: the latest answers up to the
// latest version, with the requests that support each need.
func current(ctx context.Context, tx *gorm.DB, jobseeker uuid.UUID) (assessment.Assessment, error) {
	a := assessment.Blank(jobseeker)
	last, err := db.Find[saveView](ctx, tx, selectSave+"WHERE a.jobseeker_id = ? ORDER BY a.version DESC LIMIT 1", jobseeker)
	if err != nil {
		return a, err
	}
	if len(last) > 0 {
		a.Version, a.At, a.By, a.ByName = last[0].Row.Version, last[0].Row.At, last[0].Row.ByID, last[0].ByName
	}
	answers, err := db.Find[answerRow](ctx, tx, `
		SELECT DISTINCT ON (category) * FROM answer
		WHERE jobseeker_id = ? AND version <= ? ORDER BY category, version DESC`, jobseeker, a.Version)
	if err != nil {
		return a, err
	}
	for _, r := range answers {
		a.Put(r.toDomain())
	}
	return a, addSupports(ctx, tx, &a)
}

// Versions returns every save, newest first.
func (s Assessments) Versions(ctx context.Context, p identity.Person, jobseeker uuid.UUID) ([]assessment.Version, error) {
	var versions []assessment.Version
	err := act(ctx, s.db, p, func(tx *gorm.DB) error {
		if _, err := load(ctx, tx, p, policy.ListAssessmentVersions, jobseeker); err != nil {
			return err
		}
		saves, err := db.Find[saveView](ctx, tx, selectSave+"WHERE a.jobseeker_id = ? ORDER BY a.version DESC", jobseeker)
		if err != nil {
			return err
		}
		answers, err := db.Find[answerRow](ctx, tx, "SELECT * FROM answer WHERE jobseeker_id = ?", jobseeker)
		if err != nil {
			return err
		}
		versions = history(saves, answers)
		return note(ctx, tx, policy.ListAssessmentVersions, "assessment", jobseeker, jobseeker)
	})
	return versions, err
}

// history puts the answers, in the order of their categories, to the saves that
// they are of.
func history(saves []saveView, answers []answerRow) []assessment.Version {
	changed := map[int64][]assessment.Answer{}
	for _, r := range answers {
		changed[r.Version] = append(changed[r.Version], r.toDomain())
	}
	place := func(a assessment.Answer) int { return slices.Index(assessment.Categories, a.Category) }
	versions := make([]assessment.Version, len(saves))
	for i, save := range saves {
		c := changed[save.Row.Version]
		slices.SortFunc(c, func(a, b assessment.Answer) int { return place(a) - place(b) })
		versions[i] = assessment.Version{Number: save.Row.Version, At: save.Row.At, By: save.Row.ByID, ByName: save.ByName, Changed: c}
	}
	return versions
}
