package postgres

import (
	"bytes"
	"context"
	"slices"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/instead-support/instead/pkg/audit"
	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/money"
	"github.com/instead-support/instead/services/funding/internal/award"
	"github.com/instead-support/instead/services/funding/internal/budget"
	"github.com/instead-support/instead/services/funding/internal/policy"
)

// Budgets keeps funds, budgets and proposals. It is the budget.Store.
type Budgets struct{ db *db.DB }

// NewBudgets returns the store of budgets in d.
func NewBudgets(d *db.DB) Budgets { return Budgets{d} }

// budgetFaults say what a broken constraint means to the person who broke it.
var budgetFaults = db.Faults{
	"fund_code":                     fault.New(fault.Conflict, "Another fund has this code. Choose another."),
	"fund_name":                     fault.New(fault.Conflict, "Another fund has this name. Choose another."),
	"budget_once":                   fault.New(fault.Conflict, "This fund has a budget for this area and year already."),
	"budget_within_fund":            fault.New(fault.Conflict, "The fund has no day in this year."),
	"budget_within_allocation":      fault.New(fault.OverBudget, "There is not that much left of this budget. Look at what is left now."),
	"proposal_confirmed_by_another": fault.New(fault.Forbidden, "You proposed this, so somebody else must confirm it."),
	"proposal_answer_pkey":          errTooLate,
	"proposal_open":                 errTooLate,
	"fund_category_days":            fault.New(fault.Conflict, "This would end before it begins, because its first day has passed. Refuse it, and propose it again from a later day."),
}

func (s Budgets) tx(ctx context.Context, f func(tx *gorm.DB) error) error {
	return budgetFaults.Translate(db.Tx(ctx, s.db.Gorm, f))
}

// once runs do in one transaction, unless the same message did so before, and
// then read with the id of what do made or changed.
func (s Budgets) once(ctx context.Context, act budget.Act, subject string, do func(tx *gorm.DB) (uuid.UUID, error), read func(tx *gorm.DB, id uuid.UUID) error) error {
	return s.tx(ctx, func(tx *gorm.DB) error {
		id, seen, err := takeOnce(ctx, tx, award.Act(act), func() (uuid.UUID, error) { return do(tx) })
		if err != nil {
			return err
		}
		if err := read(tx, id); err != nil || seen {
			return err
		}
		return audit.Write(ctx, tx, audit.Entry{Action: string(act.Operation), Subject: subject, SubjectID: id})
	})
}

// still runs f while, for it, nothing moves: a page and its total are of the
// same moment.
func (s Budgets) still(ctx context.Context, f func(tx *gorm.DB) error) error {
	return s.tx(ctx, func(tx *gorm.DB) error {
		if err := tx.Exec("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ").Error; err != nil {
			return err
		}
		return f(tx)
	})
}

// fundRow is a row of table fund.
type fundRow struct {
	ID       uuid.UUID
	Code     string
	Name     string
	FirstDay time.Time
	LastDay  *time.Time
}

func (r fundRow) toDomain() budget.Fund {
	f := budget.Fund{ID: r.ID, Code: r.Code, Name: r.Name, First: r.FirstDay}
	if r.LastDay != nil {
		f.Last = *r.LastDay
	}
	return f
}

// OpenFund is budget.Store's.
func (s Budgets) OpenFund(ctx context.Context, act budget.Act, f budget.Fund) (opened budget.Fund, err error) {
	err = s.once(ctx, act, "fund", func(tx *gorm.DB) (uuid.UUID, error) {
		return f.ID, tx.Exec("INSERT INTO fund (id, code, name, first_day, last_day) VALUES (?, ?, ?, ?, ?)",
			f.ID, f.Code, f.Name, f.First, orNil(f.Last)).Error
	}, func(tx *gorm.DB, id uuid.UUID) (err error) {
		opened, err = readFund(tx, id)
		return err
	})
	return opened, err
}

// Funds is budget.Store's.
func (s Budgets) Funds(ctx context.Context, p budget.Page) ([]budget.Fund, int, error) {
	var rows []fundRow
	var total int
	err := s.still(ctx, func(tx *gorm.DB) error {
		if err := tx.Raw("SELECT count(*) FROM fund").Scan(&total).Error; err != nil {
			return err
		}
		return tx.Raw("SELECT * FROM fund ORDER BY name LIMIT ? OFFSET ?", p.Size, (p.Number-1)*p.Size).Scan(&rows).Error
	})
	all := make([]budget.Fund, len(rows))
	for i, row := range rows {
		all[i] = row.toDomain()
	}
	return all, total, err
}

// Fund is budget.Store's.
func (s Budgets) Fund(ctx context.Context, id uuid.UUID) (budget.Fund, error) {
	return readFund(s.db.Gorm.WithContext(ctx), id)
}

func readFund(tx *gorm.DB, id uuid.UUID) (budget.Fund, error) {
	var rows []fundRow
	if err := tx.Raw("SELECT * FROM fund WHERE id = ?", id).Scan(&rows).Error; err != nil {
		return budget.Fund{}, err
	}
	if len(rows) == 0 {
		return budget.Fund{}, errNoRecord
	}
	return rows[0].toDomain(), nil
}

// ofBudget is where a query finds what the policy asks about a budget.
var ofBudget = columns{jobseeker: "NULL::uuid", coach: "NULL::uuid", area: "b.area", state: "''"}

// budgetRow is a row of table budget with its fund.
type budgetRow struct {
	ID        uuid.UUID
	Area      string
	Year      int
	Allocated int64
	Committed int64
	Paid      int64
	Fund      fundRow `gorm:"embedded;embeddedPrefix:fund_"`
}

const (
	itsFund = `f.id AS fund_id, f.code AS fund_code, f.name AS fund_name, f.first_day AS fund_first_day, f.last_day AS fund_last_day`

	selectBudgets = `SELECT b.id, b.area, b.year, b.allocated, b.committed, b.paid, ` + itsFund + `
	FROM budget b JOIN fund f ON f.id = b.fund_id WHERE `

	// The same with the totals as at the end of a day in London, which is its one
	// variable, out of what they follow from.
	selectBudgetsAsAt = `SELECT b.id, b.area, b.year, m.allocated, e.committed, e.paid, ` + itsFund + `
	FROM (SELECT (?::date + 1)::timestamp AT TIME ZONE 'Europe/London' AS ended) day, budget b JOIN fund f ON f.id = b.fund_id,
	LATERAL (SELECT coalesce(sum(CASE WHEN m.to_budget = b.id THEN m.pence ELSE -m.pence END), 0) AS allocated
		FROM movement m JOIN proposal_answer a ON a.proposal_id = m.id AND a.confirmed AND a.at < day.ended
		WHERE b.id IN (m.from_budget, m.to_budget)) m,
	LATERAL (SELECT coalesce(sum(e.pence * k.committed), 0) AS committed, coalesce(sum(e.pence * k.paid), 0) AS paid
		FROM entry e JOIN effect k USING (kind) JOIN history h ON (h.request_id, h.step) = (e.request_id, e.step) AND h.at < day.ended
		WHERE e.budget_id = b.id) e WHERE `
)

// selected is the SELECT of budgets with their totals as at a day, or now if it is
// zero, and the variables that it takes.
func selected(asAt time.Time) (string, []any) {
	if asAt.IsZero() {
		return selectBudgets, nil
	}
	return selectBudgetsAsAt, []any{asAt}
}

func (r budgetRow) toDomain() *budget.Budget {
	return &budget.Budget{
		ID: r.ID, Fund: r.Fund.toDomain(), Area: r.Area, Year: budget.Year(r.Year),
		Totals: budget.Totals{Allocated: money.Pence(r.Allocated), Committed: money.Pence(r.Committed), Paid: money.Pence(r.Paid)},
	}
}

// Open is budget.Store's.
func (s Budgets) Open(ctx context.Context, act budget.Act, fund uuid.UUID, open func(budget.Fund) (*budget.Budget, error)) (b *budget.Budget, err error) {
	err = s.once(ctx, act, "budget", func(tx *gorm.DB) (uuid.UUID, error) {
		f, err := readFund(tx, fund)
		if err != nil {
			return uuid.Nil, err
		}
		b, err := open(f)
		if err != nil {
			return uuid.Nil, err
		}
		if err := tx.Exec("INSERT INTO budget (id, fund_id, area, year) VALUES (?, ?, ?, ?)", b.ID, fund, b.Area, int(b.Year)).Error; err != nil {
			return uuid.Nil, err
		}
		return b.ID, tellBudgets(tx, b.ID)
	}, func(tx *gorm.DB, id uuid.UUID) (err error) {
		b, err = readBudget(tx, act.Who, id, time.Time{})
		return err
	})
	return b, err
}

// Budgets is budget.Store's.
func (s Budgets) Budgets(ctx context.Context, act budget.Act, f budget.Filter, p budget.Page, asAt time.Time) ([]budget.Budget, int, error) {
	where := within(act.Who, act.Operation, ofBudget)
	and := func(sql string, value any) {
		where.SQL += " AND " + sql
		where.Vars = append(where.Vars, value)
	}
	if f.Fund != uuid.Nil {
		and("b.fund_id = ?", f.Fund)
	}
	if f.Area != "" {
		and("b.area = ?", f.Area)
	}
	if f.Year != 0 {
		and("b.year = ?", int(f.Year))
	}
	var rows []budgetRow
	var total int
	err := s.still(ctx, func(tx *gorm.DB) error {
		if err := tx.Raw("SELECT count(*) FROM budget b WHERE ?", where).Scan(&total).Error; err != nil {
			return err
		}
		sql, values := selected(asAt)
		return tx.Raw(sql+"? ORDER BY b.year DESC, f.name, b.area LIMIT ? OFFSET ?", append(values, where, p.Size, (p.Number-1)*p.Size)...).Scan(&rows).Error
	})
	all := make([]budget.Budget, len(rows))
	for i, row := range rows {
		all[i] = *row.toDomain()
	}
	return all, total, err
}

// Budget is budget.Store's.
func (s Budgets) Budget(ctx context.Context, act budget.Act, id uuid.UUID, asAt time.Time) (*budget.Budget, error) {
	return readBudget(s.db.Gorm.WithContext(ctx), act.Who, id, asAt)
}

// readBudget reads a budget that who may see, as at a day.
func readBudget(tx *gorm.DB, who policy.Actor, id uuid.UUID, asAt time.Time) (*budget.Budget, error) {
	var rows []budgetRow
	sql, values := selected(asAt)
	if err := tx.Raw(sql+"b.id = ? AND ?", append(values, id, within(who, policy.ReadBudget, ofBudget))...).Scan(&rows).Error; err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, errNoRecord
	}
	return rows[0].toDomain(), nil
}

// readBudgets reads those of these budgets for which where holds, by id.
func readBudgets(tx *gorm.DB, where clause.Expr, ids ...uuid.UUID) (map[uuid.UUID]*budget.Budget, error) {
	found := map[uuid.UUID]*budget.Budget{}
	if len(ids) == 0 {
		return found, nil
	}
	var rows []budgetRow
	err := tx.Raw(selectBudgets+"b.id IN ? AND ?", ids, where).Scan(&rows).Error
	for _, row := range rows {
		found[row.ID] = row.toDomain()
	}
	return found, err
}

// lockBudgets keeps these budgets from changing until tx ends, in the order of
// their ids, so that no two ever wait for each other.
func lockBudgets(tx *gorm.DB, ids ...uuid.UUID) error {
	ids = slices.SortedFunc(slices.Values(ids), func(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) })
	for _, id := range ids {
		if err := tx.Exec("SELECT FROM budget WHERE id = ? FOR NO KEY UPDATE", id).Error; err != nil {
			return err
		}
	}
	return nil
}
