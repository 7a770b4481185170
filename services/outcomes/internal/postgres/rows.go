package postgres

import (
	"context"
	"database/sql/driver"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/money"
	"github.com/instead-support/instead/services/outcomes/internal/outcome"
)

// checkRow is a row of table work_check, with when its coach was last reminded.
type checkRow struct {
	ID         uuid.UUID
	OutcomeID  uuid.UUID
	Weeks      int
	DueOn      time.Time
	Waits      bool
	RemindedOn *time.Time
}

func (r checkRow) toDomain() outcome.Check {
	c := outcome.Check{ID: r.ID, Weeks: r.Weeks, DueOn: r.DueOn, Waits: r.Waits}
	if r.RemindedOn != nil {
		c.RemindedOn = *r.RemindedOn
	}
	return c
}

const selectChecks = `SELECT c.id, c.outcome_id, c.weeks, c.due_on, c.waits,
	(SELECT max(r.day) FROM reminder r WHERE r.check_id = c.id) AS reminded_on FROM work_check c `

// entryRow is a row of table entry.
type entryRow struct {
	OutcomeID     uuid.UUID
	Number        int64
	Deed          string
	Why           string
	ByID          uuid.UUID
	ByName        string
	ByJobseeker   bool
	At            time.Time
	WeeklyMinutes int
	PayPence      int64
	PayPer        string

	Kind         *string
	Route        *string
	StartedOn    *time.Time
	Employer     *string
	Occupation   *string
	AllowanceIDs uuids `gorm:"type:uuid[]"`

	CheckID  *uuid.UUID
	InWork   *bool
	Until    *time.Time
	Evidence *string
	Words    *string
}

// TableName is where GORM finds it.
func (entryRow) TableName() string { return "entry" }

func toEntryRow(id uuid.UUID, e outcome.Entry) entryRow {
	r := entryRow{
		OutcomeID: id, Number: e.Number, Deed: string(e.Deed), Why: e.Why,
		ByID: e.By.ID, ByName: e.By.Name, ByJobseeker: e.By.Jobseeker, At: e.At,
	}
	if s := e.Start; s != nil {
		r.WeeklyMinutes, r.PayPence, r.PayPer = s.Minutes, int64(s.Pay.Pence), string(s.Pay.Per)
		r.Kind, r.Route, r.StartedOn = new(string(s.Kind)), new(string(s.Route)), &s.StartedOn
		r.Employer, r.Occupation, r.AllowanceIDs = &s.Employer, &s.Occupation, append(uuids{}, s.Allowances...)
	}
	if a := e.Answer; a != nil {
		r.WeeklyMinutes, r.PayPence, r.PayPer = a.Minutes, int64(a.Pay.Pence), string(a.Pay.Per)
		r.CheckID, r.InWork, r.Until = &e.CheckID, &a.InWork, new(a.Until())
		r.Evidence, r.Words = new(string(a.Evidence)), &a.Words
	}
	return r
}

func (r entryRow) toDomain() outcome.Entry {
	e := outcome.Entry{
		Number: r.Number, Deed: outcome.Deed(r.Deed), Why: r.Why, At: r.At,
		By: outcome.By{ID: r.ByID, Name: r.ByName, Jobseeker: r.ByJobseeker},
	}
	pay := outcome.Pay{Pence: money.Pence(r.PayPence), Per: outcome.Per(r.PayPer)}
	if r.Kind != nil {
		e.Start = &outcome.Start{
			Kind: outcome.Kind(*r.Kind), Route: outcome.Route(*r.Route), StartedOn: *r.StartedOn, Minutes: r.WeeklyMinutes, Pay: pay,
			Employer: *r.Employer, Occupation: *r.Occupation, Allowances: r.AllowanceIDs,
		}
	}
	if r.CheckID != nil {
		e.CheckID = *r.CheckID
		e.Answer = &outcome.Answer{InWork: *r.InWork, Minutes: r.WeeklyMinutes, Pay: pay, Evidence: outcome.Evidence(*r.Evidence), Words: *r.Words}
		if *r.InWork {
			e.Answer.AsOf = *r.Until
		} else {
			e.Answer.LeftOn = *r.Until
		}
	}
	return e
}

// uuids are a uuid[], which GORM by itself would spell out as a list. None at all is
// NULL.
type uuids []uuid.UUID

// Scan reads the array as PostgreSQL writes it: {a,b}.
func (u *uuids) Scan(src any) error {
	*u = nil
	if src == nil {
		return nil
	}
	text, ok := src.(string)
	if !ok {
		return fmt.Errorf("a %T where a uuid[] belongs", src)
	}
	*u = uuids{}
	for id := range strings.SplitSeq(strings.Trim(text, "{}"), ",") {
		if id == "" {
			continue
		}
		parsed, err := uuid.Parse(id)
		if err != nil {
			return err
		}
		*u = append(*u, parsed)
	}
	return nil
}

// Value is the array as PostgreSQL reads it.
func (u uuids) Value() (driver.Value, error) {
	if u == nil {
		return nil, nil
	}
	ids := make([]string, len(u))
	for i, id := range u {
		ids[i] = id.String()
	}
	return "{" + strings.Join(ids, ",") + "}", nil
}

// outcomeRow is a row of table outcome.
type outcomeRow struct {
	ID          uuid.UUID
	JobseekerID uuid.UUID
}

// TableName is where GORM finds it.
func (outcomeRow) TableName() string { return "outcome" }

// assemble puts checks and entries to outcomes, in the order of the rows.
func assemble(ctx context.Context, tx *gorm.DB, rows []outcomeRow) ([]*outcome.Outcome, error) {
	ids := make([]uuid.UUID, len(rows))
	for i, r := range rows {
		ids[i] = r.ID
	}
	if len(ids) == 0 {
		return nil, nil
	}
	checks, err := db.Find[checkRow](ctx, tx, selectChecks+"WHERE c.outcome_id IN ? ORDER BY c.weeks", ids)
	if err != nil {
		return nil, err
	}
	entries, err := db.Find[entryRow](ctx, tx, "SELECT * FROM entry WHERE outcome_id IN ? ORDER BY outcome_id, number", ids)
	if err != nil {
		return nil, err
	}
	all := make([]*outcome.Outcome, len(rows))
	for i, r := range rows {
		var looks []outcome.Check
		for _, c := range checks {
			if c.OutcomeID == r.ID {
				looks = append(looks, c.toDomain())
			}
		}
		var made []outcome.Entry
		for _, e := range entries {
			if e.OutcomeID == r.ID {
				made = append(made, e.toDomain())
			}
		}
		all[i] = outcome.Of(r.ID, r.JobseekerID, looks, made)
	}
	return all, nil
}
