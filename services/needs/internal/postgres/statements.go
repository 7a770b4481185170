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

// statementRow is a row of table statement.
type statementRow struct {
	ID          uuid.UUID
	JobseekerID uuid.UUID
	Words       string
	PersonID    uuid.UUID
	TakenDown   bool
	At          time.Time
}

// TableName is where GORM finds it.
func (statementRow) TableName() string { return "statement" }

// statementView is a statement with the name of the coach who took it down.
type statementView struct {
	Row       statementRow `gorm:"embedded"`
	CoachName string
}

const selectStatement = `
	SELECT t.*, coalesce(s.name, '') AS coach_name
	FROM statement t
	LEFT JOIN staff s ON s.id = t.person_id AND t.taken_down `

func (v statementView) toDomain() jobseeker.Statement {
	return jobseeker.Statement{
		ID: v.Row.ID, JobseekerID: v.Row.JobseekerID, Words: v.Row.Words, By: v.Row.PersonID,
		TakenDown: v.Row.TakenDown, CoachName: v.CoachName, At: v.Row.At,
	}
}

// Statements returns all that the jobseeker said, newest first.
func (s Jobseekers) Statements(ctx context.Context, p identity.Person, id uuid.UUID) ([]jobseeker.Statement, error) {
	var all []jobseeker.Statement
	err := act(ctx, s.db, p, func(tx *gorm.DB) error {
		if _, err := load(ctx, tx, p, policy.ListStatements, id); err != nil {
			return err
		}
		found, err := db.Find[statementView](ctx, tx, selectStatement+"WHERE t.jobseeker_id = ? ORDER BY t.at DESC, t.id DESC", id)
		if err != nil {
			return err
		}
		all = make([]jobseeker.Statement, len(found))
		for i, v := range found {
			all[i] = v.toDomain()
		}
		return note(ctx, tx, policy.ListStatements, "jobseeker", id, id)
	})
	return all, err
}

// Say locks the record and keeps the statement that say makes.
func (s Jobseekers) Say(ctx context.Context, p identity.Person, id uuid.UUID, asked any, say func(*jobseeker.Jobseeker) (jobseeker.Statement, error)) (jobseeker.Statement, error) {
	var said jobseeker.Statement
	err := act(ctx, s.db, p, func(tx *gorm.DB) error {
		made, seen, err := db.Once(ctx, tx, string(policy.AddStatement), []any{id, asked})
		if err != nil {
			return err
		}
		if seen {
			said, err = s.statement(ctx, tx, p, id, made)
			return err
		}
		if err := lock(ctx, tx, p, id); err != nil {
			return err
		}
		j, err := load(ctx, tx, p, policy.AddStatement, id)
		if err != nil {
			return err
		}
		if said, err = say(&j); err != nil {
			return err
		}
		if err := tx.WithContext(ctx).Create(&statementRow{
			ID: said.ID, JobseekerID: id, Words: said.Words, PersonID: said.By, TakenDown: said.TakenDown, At: said.At,
		}).Error; err != nil {
			return err
		}
		if err := save(ctx, tx, j); err != nil {
			return err
		}
		if err := note(ctx, tx, policy.AddStatement, "statement", said.ID, id); err != nil {
			return err
		}
		return db.Did(ctx, tx, said.ID)
	})
	return said, err
}

// statement returns one statement about a jobseeker whom p may see.
func (s Jobseekers) statement(ctx context.Context, tx *gorm.DB, p identity.Person, id, statement uuid.UUID) (jobseeker.Statement, error) {
	if _, err := load(ctx, tx, p, policy.ListStatements, id); err != nil {
		return jobseeker.Statement{}, err
	}
	found, err := db.Find[statementView](ctx, tx, selectStatement+"WHERE t.jobseeker_id = ? AND t.id = ?", id, statement)
	if err != nil {
		return jobseeker.Statement{}, err
	}
	if len(found) == 0 {
		return jobseeker.Statement{}, policy.Missing()
	}
	return found[0].toDomain(), note(ctx, tx, policy.ListStatements, "statement", statement, id)
}
