package postgres

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/services/funding/internal/reconcile"
)

// Books are reconcile.Books. Each part of the schema says in a view of its own,
// whose name ends in "disagreement", what of it does not agree, as (what, id):
// a new part is checked without a word here.
type Books struct{ db *db.DB }

// NewBooks returns the books that are kept in d.
func NewBooks(d *db.DB) Books { return Books{d} }

// checked is what is counted, and how to find the area of each.
var checked = []struct{ what, from, area string }{
	{"allowances", "allowance x", "x.area"},
	{"requests", "request x", "x.area"},
	{"budgets", "budget x", "x.area"},
	{"ledger entries", "entry x JOIN allowance o ON o.id = x.allowance_id", "o.area"},
	{"payments", "payment x", "x.area"},
	{"automatic approvals", "automatic x JOIN request o ON o.id = x.request_id", "o.area"},
	{"steps of requests", "history x JOIN request o ON o.id = x.request_id", "o.area"},
}

// Reconcile is reconcile.Books'. All of it happens in the database, set by set, so
// that it takes no more memory here for ten million entries than for ten.
func (b Books) Reconcile(ctx context.Context, areas []string) (report reconcile.Report, err error) {
	err = db.Tx(ctx, b.db.Gorm, func(tx *gorm.DB) error {
		report = reconcile.Report{Areas: areas}
		if err := tx.Exec("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY").Error; err != nil {
			return err
		}
		if err := tx.Raw("SELECT now()").Scan(&report.At).Error; err != nil {
			return err
		}
		for _, c := range checked {
			count := reconcile.Count{What: c.what}
			if err := tx.Raw("SELECT count(*) FROM "+c.from+" WHERE ?", inAreas(c.area, areas)).Scan(&count.N).Error; err != nil {
				return err
			}
			report.Checked = append(report.Checked, count)
		}
		return disagreements(tx, areas, &report)
	})
	return report, err
}

// inAreas is the WHERE of these areas, or of everywhere for nil.
func inAreas(column string, areas []string) clause.Expr {
	switch {
	case areas == nil:
		return everything
	case len(areas) == 0:
		return clause.Expr{SQL: "false"}
	}
	return clause.Expr{SQL: column + " IN ?", Vars: []any{areas}}
}

// disagreements fills in what does not agree. What is in no area, since even that
// cannot be told of it, is everybody's to see.
func disagreements(tx *gorm.DB, areas []string, report *reconcile.Report) error {
	var views []string
	err := tx.Raw(`SELECT c.relname FROM pg_class c WHERE c.relkind = 'v' AND c.relnamespace = current_schema::regnamespace
		AND c.relname LIKE '%disagreement' ORDER BY c.relname`).Scan(&views).Error
	if err != nil {
		return err
	}
	if len(views) == 0 {
		return fmt.Errorf("there is nothing to reconcile the books by")
	}
	for i, v := range views {
		views[i] = `SELECT what, id FROM "` + v + `"`
	}
	where := inAreas("w.area", areas)
	where.SQL = "(" + where.SQL + " OR w.area IS NULL)"
	var rows []struct {
		What  string
		ID    uuid.UUID
		Area  *string
		Total int64
	}
	err = tx.Raw(`WITH wrong AS MATERIALIZED (
			SELECT d.what, d.id, coalesce(a.area, r.area, b.area, p.area) AS area
			FROM (`+strings.Join(views, " UNION ALL ")+`) d
			LEFT JOIN allowance a ON a.id = d.id LEFT JOIN request r ON r.id = d.id LEFT JOIN budget b ON b.id = d.id LEFT JOIN payment p ON p.id = d.id)
		SELECT w.what, w.id, w.area, count(*) OVER () AS total FROM wrong w WHERE ? ORDER BY w.what, w.id LIMIT ?`,
		where, reconcile.Most).Scan(&rows).Error
	for _, row := range rows {
		report.Wrong = row.Total
		d := reconcile.Disagreement{What: row.What, ID: row.ID}
		if row.Area != nil {
			d.Area = *row.Area
		}
		report.Examples = append(report.Examples, d)
	}
	return err
}
