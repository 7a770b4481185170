package postgres

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/instead-support/instead/pkg/audit"
	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/needs/internal/jobseeker"
	"github.com/instead-support/instead/services/needs/internal/policy"
)

// summaryRow is a jobseeker as a row of a caseload.
type summaryRow struct {
	ID           uuid.UUID
	Name         string
	KnownAs      string
	Area         string
	CoachID      uuid.UUID
	CoachName    string
	Online       bool
	HasStatement bool
	InTheWay     int
	AssessedAt   *time.Time
}

func (r summaryRow) toDomain() jobseeker.Summary {
	s := jobseeker.Summary{
		ID: r.ID, Name: r.Name, KnownAs: r.KnownAs, Area: r.Area, CoachID: r.CoachID, CoachName: r.CoachName,
		Online: r.Online, HasStatement: r.HasStatement, InTheWay: r.InTheWay,
	}
	if r.AssessedAt != nil {
		s.AssessedAt = *r.AssessedAt
	}
	return s
}

// List returns a page of the jobseekers in p's reach, and how many there are.
func (s Jobseekers) List(ctx context.Context, p identity.Person, q jobseeker.Query) ([]jobseeker.Summary, int, error) {
	var shown []jobseeker.Summary
	var total int
	err := act(ctx, s.db, p, func(tx *gorm.DB) (err error) {
		where := matching(p, q)
		if err := tx.Raw("SELECT count(*) FROM jobseeker j WHERE ?", where).Scan(&total).Error; err != nil {
			return err
		}
		if shown, err = summaries(ctx, tx, where, q.Page); err != nil {
			return err
		}
		return noteShown(ctx, tx, policy.ListJobseekers, shown)
	})
	return shown, total, err
}

// matching is the condition on jobseeker j that q makes, within p's reach.
func matching(p identity.Person, q jobseeker.Query) clause.Expr {
	where := reach(p, policy.ListJobseekers)
	and := func(sql string, values ...any) {
		where.SQL += " AND " + sql
		where.Vars = append(where.Vars, values...)
	}
	if q.Mine {
		and("j.coach_id = ?", p.ID)
	}
	if q.Unassessed {
		and("NOT EXISTS (SELECT FROM assessment a WHERE a.jobseeker_id = j.id)")
	}
	if len(q.IDs) > 0 {
		and("j.id IN ?", q.IDs)
	}
	for _, word := range q.Words {
		// Folding leaves no % or _ in a word.
		if like := "%" + word + "%"; mayBeMisspelt(word) {
			and("(j.findable LIKE ? OR ? <% j.findable)", like, word)
		} else {
			and("j.findable LIKE ?", like)
		}
	}
	return where
}

// mayBeMisspelt reports whether word may be a name with a slip in it, which is
// forgiven: "Mohamed" finds Mohammed. Of a shorter word too little would be left.
func mayBeMisspelt(word string) bool {
	return len(word) > 3 && !strings.ContainsAny(word, "0123456789@.")
}

// summaries returns a page of the jobseekers j of whom where is true, by name.
func summaries(ctx context.Context, tx *gorm.DB, where clause.Expr, page jobseeker.Page) ([]jobseeker.Summary, error) {
	rows, err := db.Find[summaryRow](ctx, tx, `
		SELECT j.id, j.name, j.known_as, j.area, j.coach_id, s.name AS coach_name,
			j.person_id IS NOT NULL AS online,
			EXISTS (SELECT FROM statement t WHERE t.jobseeker_id = j.id) AS has_statement,
			(SELECT max(a.at) FROM assessment a WHERE a.jobseeker_id = j.id) AS assessed_at,
			(SELECT count(*) FROM (
				SELECT DISTINCT ON (category) standing FROM answer n
				WHERE n.jobseeker_id = j.id ORDER BY category, version DESC
			) latest WHERE standing = 'in-the-way') AS in_the_way
		FROM (SELECT * FROM jobseeker j WHERE ? ORDER BY j.folded_name, j.id LIMIT ? OFFSET ?) j
		JOIN staff s ON s.id = j.coach_id
		ORDER BY j.folded_name, j.id`,
		where, page.Size, page.Skip())
	if err != nil {
		return nil, err
	}
	all := make([]jobseeker.Summary, len(rows))
	for i, r := range rows {
		all[i] = r.toDomain()
	}
	return all, nil
}

// noteShown writes one audit entry for each person shown in a list, so that who
// looked at somebody is the same question however they came to be looked at.
func noteShown(ctx context.Context, tx *gorm.DB, op policy.Operation, shown []jobseeker.Summary) error {
	entries := make([]audit.Entry, len(shown))
	for i, s := range shown {
		entries[i] = audit.Entry{Action: string(op), Subject: "jobseeker", SubjectID: s.ID, Jobseeker: s.ID}
	}
	return audit.Write(ctx, tx, entries...)
}
