package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/instead-support/instead/pkg/audit"
	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/money"
	"github.com/instead-support/instead/services/funding/internal/award"
)

// automaticOver are two columns beside a request r, as JSON: what its fund approves
// by itself, for a submission, and how it was approved itself, for those who look.
// A decision wants neither, and both are null.
func automaticOver(also award.Also) clause.Expr {
	over := clause.Expr{SQL: "NULL::json, "}
	if also.Rule {
		over = clause.Expr{SQL: `
			(SELECT row_to_json(u) FROM (SELECT t.version, t.auto_up_to, t.auto_categories, t.sample_one_in,
					(SELECT coalesce(sum(q.committed + q.paid), 0) FROM request q
						WHERE q.jobseeker_id = r.jobseeker_id AND q.fund_id = r.fund_id AND q.automatic) AS standing
				FROM terms_on(r.fund_id, ?) t WHERE t.auto_up_to > 0) u), `, Vars: []any{award.Today(also.At)}}
	}
	if also.Automatic {
		over.SQL += `(SELECT row_to_json(n) FROM (
			SELECT m.*, v.agrees, v.words, v.by_id, v.by_name, v.at FROM automatic m LEFT JOIN automatic_review v USING (request_id)
			WHERE m.request_id = r.id) n)`
	} else {
		over.SQL += "NULL::json"
	}
	return over
}

// ruleRow is a fund's rule of a day, and what it has come to for one jobseeker.
type ruleRow struct {
	Version        int              `json:"version"`
	AutoUpTo       int64            `json:"auto_up_to"`
	AutoCategories []award.Category `json:"auto_categories"`
	SampleOneIn    int              `json:"sample_one_in"`
	Standing       int64            `json:"standing"`
}

func (r ruleRow) toDomain() award.Rule {
	return award.Rule{
		Version: r.Version, UpTo: money.Pence(r.AutoUpTo), Categories: r.AutoCategories, OneIn: r.SampleOneIn, Standing: money.Pence(r.Standing),
	}
}

// automaticRow is a row of table automatic, with its review if there is one.
type automaticRow struct {
	RequestID uuid.UUID `json:"request_id"`
	Step      int       `json:"step"`
	FundID    uuid.UUID `json:"fund_id"`
	Version   int       `json:"version"`
	Sampled   bool      `json:"sampled"`

	Agrees *bool     `json:"agrees,omitempty"`
	Words  string    `json:"words,omitempty"`
	ByID   uuid.UUID `json:"by_id,omitzero"`
	ByName string    `json:"by_name,omitempty"`
	At     time.Time `json:"at,omitzero"`
}

// toAutomaticRows is how r has just been approved, if that was by its fund's rule.
func toAutomaticRows(r *award.Request) []automaticRow {
	if r.Automatic == nil {
		return nil
	}
	return []automaticRow{{RequestID: r.ID, Step: len(r.History), FundID: r.Fund.ID, Version: r.Automatic.Version, Sampled: r.Automatic.Sampled}}
}

func (r automaticRow) toDomain() *award.Automatic {
	a := award.Automatic{Version: r.Version, Sampled: r.Sampled}
	if r.Agrees != nil {
		a.Review = &award.Review{Agrees: *r.Agrees, Words: r.Words, By: r.ByID, ByName: r.ByName, At: r.At.UTC()}
	}
	return &a
}

// Review is award.ReviewStore's. The request is locked, so that nobody comes to
// pay it while somebody reviews it.
func (s Awards) Review(ctx context.Context, act award.Act, id uuid.UUID, also award.Also, review func(award.Case) error) (c award.Case, err error) {
	err = s.tx(ctx, func(tx *gorm.DB) error {
		_, seen, err := takeOnce(ctx, tx, act, func() (uuid.UUID, error) {
			if err := tx.Exec("SELECT FROM request WHERE id = ?"+forChange, id).Error; err != nil {
				return uuid.Nil, err
			}
			if c, err = readCase(tx, act.Who, id, also); err != nil {
				return uuid.Nil, err
			}
			if err := review(c); err != nil {
				return uuid.Nil, err
			}
			v := c.Request.Automatic.Review
			err := tx.Exec("INSERT INTO automatic_review VALUES (?, ?, ?, ?, ?, ?)", id, v.Agrees, v.Words, v.By, v.ByName, v.At).Error
			return id, noteRequest(ctx, tx, act, c.Request, err)
		})
		if err == nil && seen {
			c, err = s.again(ctx, tx, act, also)
		}
		return err
	})
	return c, err
}

// automaticSummaryRow is an automatic approval as a list shows it.
type automaticSummaryRow struct {
	Summary  summaryRow `gorm:"embedded"`
	FundID   uuid.UUID
	FundCode string
	FundName string
	Version  int
	Sampled  bool
	Agrees   *bool
	Words    *string
	ByID     *uuid.UUID
	ByName   *string
	At       *time.Time
}

func (r automaticSummaryRow) toDomain() award.AutomaticSummary {
	a := automaticRow{Version: r.Version, Sampled: r.Sampled}
	if r.Agrees != nil {
		a.Agrees, a.Words, a.ByID, a.ByName, a.At = r.Agrees, *r.Words, *r.ByID, *r.ByName, *r.At
	}
	return award.AutomaticSummary{
		Summary: r.Summary.toDomain(), Fund: award.Fund{ID: r.FundID, Code: r.FundCode, Name: r.FundName}, Automatic: *a.toDomain(),
	}
}

// reviewState is award.Automatic.State in SQL. A test keeps the two alike.
const reviewState = `CASE WHEN v.agrees THEN 'agrees' WHEN NOT v.agrees THEN 'differs' WHEN m.sampled THEN 'waiting' ELSE 'not-drawn' END`

// Automatics is award.ReviewStore's.
func (s Awards) Automatics(ctx context.Context, act award.Act, f award.AutomaticFilter, p award.Page) (found []award.AutomaticSummary, total int, err error) {
	where := within(act.Who, act.Operation, ofRequest)
	if f.Review != "" {
		where = both(where, clause.Expr{SQL: reviewState + " = ?", Vars: []any{f.Review}})
	}
	if f.Area != "" {
		where = both(where, clause.Expr{SQL: "r.area = ?", Vars: []any{f.Area}})
	}
	const from = `FROM automatic m JOIN request r ON r.id = m.request_id AND r.automatic LEFT JOIN automatic_review v ON v.request_id = m.request_id `
	err = s.still(ctx, func(tx *gorm.DB) error {
		if err := tx.Raw("SELECT count(*) "+from+"WHERE ?", where).Scan(&total).Error; err != nil {
			return err
		}
		rows, err := db.Find[automaticSummaryRow](ctx, tx, `
			SELECT `+summaryColumns+`, f.id AS fund_id, f.code AS fund_code, f.name AS fund_name, m.version, m.sampled,
				v.agrees, v.words, v.by_id, v.by_name, v.at
			`+from+`JOIN allowance a ON a.id = r.allowance_id JOIN fund f ON f.id = m.fund_id
			WHERE ? ORDER BY r.decided_at, r.id LIMIT ? OFFSET ?`, where, p.Size, (p.Number-1)*p.Size)
		if err != nil {
			return err
		}
		looks := make([]audit.Entry, len(rows))
		found = make([]award.AutomaticSummary, len(rows))
		for i, row := range rows {
			found[i] = row.toDomain()
			looks[i] = audit.Entry{Action: string(act.Operation), Subject: "request", SubjectID: row.Summary.ID, Jobseeker: row.Summary.JobseekerID}
		}
		return audit.Write(ctx, tx, looks...)
	})
	return found, total, err
}
