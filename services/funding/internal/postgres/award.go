package postgres

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/instead-support/instead/pkg/audit"
	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/services/funding/internal/award"
	"github.com/instead-support/instead/services/funding/internal/policy"
)

// Awards keeps allowances, requests and the ledger. It is the award.Store.
type Awards struct {
	db   *db.DB
	tell Tell
}

// Tell makes it part of tx that other services hear of a request that has come
// into another state.
type Tell func(ctx context.Context, tx *gorm.DB, r *award.Request) error

// NewAwards returns the store of awards in d, which tells others through tell.
func NewAwards(d *db.DB, tell Tell) Awards { return Awards{d, tell} }

var (
	errNoRecord = fault.New(fault.NotFound, "We could not find that. It may not exist, or it may not be yours to see.")
	errTooLate  = fault.New(fault.Conflict, "Somebody else changed this at the same moment. Look at it again before you go on.")
)

// awardFaults say what a broken constraint means to the person who broke it.
// Those that stand for a rule of award's own are the second wall: what reaches
// them got past the first.
var awardFaults = db.Faults{
	"allowance_once":             fault.New(fault.Conflict, "This jobseeker already has an allowance for this course. Ask against that one."),
	"budget_within_allocation":   fault.New(fault.OverBudget, "There is not that much left of this budget. Look at what is left now."),
	"entry_within_year":          fault.New(fault.Conflict, "This budget's financial year is not the one of today. Try again."),
	"allowance_within_cap":       fault.New(fault.OverCap, "There is not that much left of this allowance. Look at what is available now."),
	"request_decided_by_another": fault.New(fault.Forbidden, "You have submitted, endorsed or declined this request before, so somebody else must decide it."),
	"request_reference":          fault.New(fault.Unavailable, "The reference for this request was taken. Try again."),
	"history_arrow":              errTooLate,
	"history_goes_on":            errTooLate,
	"history_pkey":               errTooLate,
	"line_frozen":                errTooLate,
}

// tx runs f in one transaction, and says in plain words what a constraint
// refused.
func (s Awards) tx(ctx context.Context, f func(tx *gorm.DB) error) error {
	return awardFaults.Translate(db.Tx(ctx, s.db.Gorm, f))
}

// takeOnce runs do, which returns the id of what it made or changed, unless the same
// message did so before. It returns that id either way, and whether it was seen.
func takeOnce(ctx context.Context, tx *gorm.DB, act award.Act, do func() (uuid.UUID, error)) (uuid.UUID, bool, error) {
	id, seen, err := db.Once(ctx, tx, string(act.Operation), act.Body)
	if err != nil || seen {
		return id, seen, err
	}
	if id, err = do(); err != nil {
		return uuid.Nil, false, err
	}
	return id, false, db.Did(ctx, tx, id)
}

// Begin is award.Store's.
func (s Awards) Begin(ctx context.Context, act award.Act, allowance uuid.UUID, at time.Time, begin func(*award.Allowance, []award.Fund) (*award.Request, error)) (c award.Case, err error) {
	err = s.tx(ctx, func(tx *gorm.DB) error {
		id, seen, err := takeOnce(ctx, tx, act, func() (uuid.UUID, error) {
			if c.Allowance, err = readAllowance(ctx, tx, act.Who, allowance); err != nil {
				return uuid.Nil, err
			}
			open, err := openFunds(ctx, tx, c.Allowance.Area, at)
			if err != nil {
				return uuid.Nil, err
			}
			was := *c.Allowance
			if c.Request, err = begin(c.Allowance, open); err != nil {
				return uuid.Nil, err
			}
			if err = s.insert(ctx, tx, c.Request); err != nil {
				return uuid.Nil, err
			}
			return c.Request.ID, saveAllowance(ctx, tx, &was, c.Allowance)
		})
		if err != nil {
			return err
		}
		if seen {
			c, err = readCase(ctx, tx, act.Who, id, award.Also{}, "")
			act.Operation = policy.ReadRequest
		}
		return noteRequest(ctx, tx, act, c.Request, err)
	})
	return c, err
}

// Change is award.Store's.
func (s Awards) Change(ctx context.Context, act award.Act, id uuid.UUID, also award.Also, change func(award.Case) error) (c award.Case, err error) {
	err = s.tx(ctx, func(tx *gorm.DB) error {
		_, seen, err := takeOnce(ctx, tx, act, func() (uuid.UUID, error) {
			if c, err = lockCase(ctx, tx, act.Who, id, also); err != nil {
				return uuid.Nil, err
			}
			was, had := *c.Request, *c.Allowance
			if err = change(c); err != nil {
				return uuid.Nil, err
			}
			if err = s.save(ctx, tx, &was, c.Request); err != nil {
				return uuid.Nil, err
			}
			return id, saveAllowance(ctx, tx, &had, c.Allowance)
		})
		if err != nil {
			return err
		}
		if seen {
			c, err = readCase(ctx, tx, act.Who, id, also, "")
			act.Operation = policy.ReadRequest
		}
		return noteRequest(ctx, tx, act, c.Request, err)
	})
	return c, err
}

// Request is award.Store's.
func (s Awards) Request(ctx context.Context, act award.Act, id uuid.UUID, also award.Also) (c award.Case, err error) {
	err = s.tx(ctx, func(tx *gorm.DB) (err error) {
		c, err = readCase(ctx, tx, act.Who, id, also, "")
		return noteRequest(ctx, tx, act, c.Request, err)
	})
	return c, err
}

// recordRow is what the policy needs to know of a record.
type recordRow struct {
	Jobseeker uuid.UUID
	Coach     uuid.UUID
	Area      string
	State     string
}

// Record is award.Store's.
func (s Awards) Record(ctx context.Context, who policy.Actor, id uuid.UUID) (policy.Record, error) {
	rows, err := gorm.G[recordRow](s.db.Gorm).Raw(`
		SELECT r.jobseeker_id AS jobseeker, a.coach_id AS coach, r.area, r.state
		FROM request r JOIN allowance a ON a.id = r.allowance_id WHERE r.id = ? AND ?
		UNION ALL
		SELECT a.jobseeker_id, a.coach_id, a.area, '' FROM allowance a WHERE a.id = ? AND ?`,
		id, within(who, policy.ReadRequest, ofRequest), id, within(who, policy.ReadAllowance, ofAllowance)).Find(ctx)
	if err != nil {
		return policy.Record{}, err
	}
	if len(rows) == 0 {
		return policy.Record{}, errNoRecord
	}
	return policy.Record(rows[0]), nil
}

// lockCase reads a request with its allowance and what else is wanted, and keeps
// them from changing until tx ends: the allowance first, then the request, then
// the budget, so that no two ever wait for each other. Each is read by a
// statement that begins once the lock before it is held, and so sees all that the
// one it waited for has done.
func lockCase(ctx context.Context, tx *gorm.DB, who policy.Actor, id uuid.UUID, also award.Also) (award.Case, error) {
	err := tx.WithContext(ctx).Exec(
		"SELECT FROM allowance WHERE id = (SELECT allowance_id FROM request WHERE id = ?) FOR NO KEY UPDATE", id).Error
	if err != nil {
		return award.Case{}, err
	}
	return readCase(ctx, tx, who, id, also, " FOR NO KEY UPDATE OF ")
}

const selectRequest = `
	SELECT r.*, f.code AS fund_code, f.name AS fund_name
	FROM request r JOIN allowance a ON a.id = r.allowance_id JOIN fund f ON f.id = r.fund_id WHERE r.id = ? AND ?`

// readCase reads a request that who may see, and what else is wanted. It locks
// the request and the budget by the clause lock, which the alias of a table
// completes, or with "" not at all.
func readCase(ctx context.Context, tx *gorm.DB, who policy.Actor, id uuid.UUID, also award.Also, lock string) (award.Case, error) {
	locked := func(alias string) string {
		if lock == "" {
			return ""
		}
		return lock + alias
	}
	rows, err := gorm.G[requestRow](tx).Raw(selectRequest+locked("r"), id, within(who, policy.ReadRequest, ofRequest)).Find(ctx)
	if err != nil {
		return award.Case{}, err
	}
	if len(rows) == 0 {
		return award.Case{}, errNoRecord
	}
	a, err := gorm.G[allowanceRow](tx).Where("id = ?", rows[0].AllowanceID).Take(ctx)
	if err != nil {
		return award.Case{}, err
	}
	lines, err := gorm.G[lineRow](tx).Where("request_id = ?", id).Order("position").Find(ctx)
	if err != nil {
		return award.Case{}, err
	}
	steps, err := gorm.G[stepRow](tx).Where("request_id = ?", id).Order("step").Find(ctx)
	if err != nil {
		return award.Case{}, err
	}
	c := award.Case{Request: rows[0].toDomain(lines, steps), Allowance: a.toDomain()}
	if also.Budget {
		c.Budget, err = readBudgetOf(ctx, tx, c.Request, also.At, locked("b"))
	}
	return c, err
}

// insert saves a request that has just begun.
func (s Awards) insert(ctx context.Context, tx *gorm.DB, r *award.Request) error {
	row := toRequestRow(r)
	if err := gorm.G[requestRow](tx).Omit(append(kept, "BudgetID", "FundCode", "FundName")...).Create(ctx, &row); err != nil {
		return err
	}
	return s.step(ctx, tx, r, 0)
}

// kept are the columns that the database keeps out of the entries, or begins by
// itself.
var kept = []string{"Held", "Committed", "Paid", "Version"}

// save writes what a change made of a request that was. Its steps come before
// the entries that they cause.
func (s Awards) save(ctx context.Context, tx *gorm.DB, was, r *award.Request) error {
	r.Version++
	if !slices.Equal(was.Lines, r.Lines) {
		if err := replaceLines(ctx, tx, r); err != nil {
			return err
		}
	}
	if err := s.step(ctx, tx, r, len(was.History)); err != nil {
		return err
	}
	row := toRequestRow(r)
	n, err := gorm.G[requestRow](tx).Where("id = ? AND version = ?", r.ID, was.Version).
		Select("Area", "Elsewhere", "ElsewhereFrom", "Asked", "Awarded", "ChangedAt", "Version").Updates(ctx, row)
	if err == nil && n == 0 {
		err = errTooLate
	}
	return err
}

// step writes the steps that r has taken since it had taken so many, and tells
// others where it stands.
func (s Awards) step(ctx context.Context, tx *gorm.DB, r *award.Request, taken int) error {
	if len(r.History) == taken {
		return nil
	}
	rows := toStepRows(r)[taken:]
	if err := gorm.G[stepRow](tx).CreateInBatches(ctx, &rows, len(rows)); err != nil {
		return err
	}
	return s.tell(ctx, tx, r)
}

// saveAllowance writes the entries that were made on an allowance that was, and
// to whom it was handed.
func saveAllowance(ctx context.Context, tx *gorm.DB, was, a *award.Allowance) error {
	if len(a.Entered) == 0 && a.CoachID == was.CoachID && a.CoachName == was.CoachName {
		return nil
	}
	if rows := toEntryRows(a.Entered); len(rows) > 0 {
		if err := gorm.G[entryRow](tx).CreateInBatches(ctx, &rows, len(rows)); err != nil {
			return err
		}
	}
	a.Version, a.Entered = a.Version+1, nil
	n, err := gorm.G[allowanceRow](tx).Where("id = ? AND version = ?", a.ID, was.Version).
		Select("CoachID", "CoachName", "Version").Updates(ctx, toAllowanceRow(a))
	if err == nil && n == 0 {
		err = errTooLate
	}
	return err
}

func replaceLines(ctx context.Context, tx *gorm.DB, r *award.Request) error {
	if _, err := gorm.G[lineRow](tx).Where("request_id = ?", r.ID).Delete(ctx); err != nil {
		return err
	}
	rows := toLineRows(r)
	if len(rows) == 0 {
		return nil
	}
	return gorm.G[lineRow](tx).CreateInBatches(ctx, &rows, len(rows))
}

// noteRequest writes into the audit trail that act was done to r, unless err
// says that it was not.
func noteRequest(ctx context.Context, tx *gorm.DB, act award.Act, r *award.Request, err error) error {
	if err != nil {
		return err
	}
	return audit.Write(ctx, tx, audit.Entry{Action: string(act.Operation), Subject: "request", SubjectID: r.ID, Jobseeker: r.JobseekerID})
}
