// Package postgres keeps reporting's copy of what was told, and the totals of it.
//
// What a fact adds to which total is said in the schema, by three functions, and
// nowhere else: taking an event, counting everything afresh and the list of what is
// behind a figure all ask them.
package postgres

import (
	"context"
	"embed"
	"errors"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/instead-support/instead/pkg/audit"
	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/workday"
	"github.com/instead-support/instead/services/reporting/internal/policy"
	"github.com/instead-support/instead/services/reporting/internal/report"
)

// Migrations make the service's schema.
//
//go:embed migrations/*.sql
var Migrations embed.FS

// faults say what a broken constraint means to whoever broke it.
var faults = db.Faults{
	"proxy_pkey": fault.New(fault.Conflict, "There is a proxy of that name from that day on already. A newer one is from a later day."),
}

// Store keeps facts and totals. It is the report.Store.
type Store struct {
	db  *db.DB
	now func() time.Time
}

// NewStore returns the store in d.
func NewStore(d *db.DB, now func() time.Time) Store { return Store{d, now} }

// Keep writes down the bank holidays that the calendar knows, which the database
// counts working days by.
func (s Store) Keep(ctx context.Context) error { return keepHolidays(ctx, s.db.Gorm) }

func keepHolidays(ctx context.Context, g *gorm.DB) error {
	var days []string
	for d := time.Date(2015, 1, 1, 0, 0, 0, 0, time.UTC); d.Year() < 2060; d = d.AddDate(0, 0, 1) {
		if weekend := d.Weekday() == time.Saturday || d.Weekday() == time.Sunday; !weekend && !workday.Is(d) {
			days = append(days, d.Format(time.DateOnly))
		}
	}
	return g.WithContext(ctx).Exec("INSERT INTO holiday SELECT unnest(?::date[]) ON CONFLICT DO NOTHING", array(days)).Error
}

// AsAt is when the newest event that was taken happened.
func (s Store) AsAt(ctx context.Context) (*time.Time, error) {
	row, err := db.First[struct{ AsAt *time.Time }](ctx, s.db.Gorm, "SELECT as_at FROM progress")
	return row.AsAt, err
}

// Log notes an export, once for a message, with an entry in the audit trail.
func (s Store) Log(ctx context.Context, e report.Export) (report.Export, error) {
	err := db.Tx(ctx, s.db.Gorm, func(tx *gorm.DB) error {
		// The moment and the count are of the first time, and no part of what is asked.
		id, seen, err := db.Once(ctx, tx, string(policy.CreateExport), [...]any{e.Of, e.By, e.Key, e.Measure, e.Areas, e.Fund, e.From.String(), e.To.String()})
		if err != nil {
			return err
		}
		if seen {
			e, err = logged(ctx, tx, id, e.PersonID)
			return err
		}
		err = tx.Exec(`INSERT INTO export (id, person_id, of, by, key, measure, areas, fund_id, first, last, rows, at) VALUES (?, ?, ?, ?, ?, ?, ?::text[], ?, ?, ?, ?, ?)`,
			e.ID, e.PersonID, e.Of, e.By, e.Key, e.Measure, array(e.Areas), e.Fund, e.From.Day(), e.To.Day(), e.Rows, e.At).Error
		if err != nil {
			return err
		}
		if err := audit.Write(ctx, tx, audit.Entry{Action: string(policy.CreateExport), Subject: "export", SubjectID: e.ID}); err != nil {
			return err
		}
		return db.Did(ctx, tx, e.ID)
	})
	return e, err
}

// Logged is an export of this person's.
func (s Store) Logged(ctx context.Context, id, person uuid.UUID) (report.Export, error) {
	return logged(ctx, s.db.Gorm, id, person)
}

func logged(ctx context.Context, g *gorm.DB, id, person uuid.UUID) (report.Export, error) {
	row, err := db.First[struct {
		Of, By, Key, Measure, Areas string
		FundID                      *uuid.UUID
		First, Last, At             time.Time
		Rows                        int64
	}](ctx, g, "SELECT of, by, key, measure, to_json(areas)::text AS areas, fund_id, first, last, rows, at FROM export WHERE id = ? AND person_id = ?", id, person)
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return report.Export{}, policy.Missing()
	}
	if err != nil {
		return report.Export{}, err
	}
	e := report.Export{ID: id, PersonID: person, Of: row.Of, Rows: row.Rows, At: row.At, Drill: report.Drill{
		By: report.By(row.By), Key: row.Key, Measure: report.Measure(row.Measure),
		Filter: report.Filter{Period: report.Period{From: report.MonthOf(row.First), To: report.MonthOf(row.Last)}, Fund: row.FundID},
	}}
	return e, read(row.Areas, &e.Areas)
}
