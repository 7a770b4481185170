package postgres

import (
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	told "github.com/instead-support/instead/api/events"
	"github.com/instead-support/instead/pkg/events"
)

// toldBudgetRow is what is told of a budget.
type toldBudgetRow struct {
	ID        uuid.UUID
	FundID    uuid.UUID
	Area      string
	Year      int
	Allocated int64
	Version   int64
}

const selectToldBudgets = "SELECT id, fund_id, area, year, allocated, version FROM budget"

func (r toldBudgetRow) toEvent() told.BudgetChanged {
	return told.BudgetChanged{BudgetID: r.ID, Version: r.Version, FundID: r.FundID, Area: r.Area, Year: r.Year, AllocatedPence: r.Allocated}
}

// tellBudgets tells, as a part of tx, what these budgets were given by now.
func tellBudgets(tx *gorm.DB, ids ...uuid.UUID) error {
	var rows []toldBudgetRow
	if err := tx.Raw(selectToldBudgets+" WHERE id IN ? ORDER BY id", ids).Scan(&rows).Error; err != nil {
		return err
	}
	all := make([]events.Event, len(rows))
	for i, row := range rows {
		all[i] = row.toEvent()
	}
	return events.Tell(tx.Statement.Context, tx, all...)
}

// toldTermsRow is what is told of a fund's terms.
type toldTermsRow struct {
	FundID     uuid.UUID
	Version    int
	FirstDay   time.Time
	DecideDays int
}

const selectToldTerms = "SELECT fund_id, version, first_day, decide_days FROM fund_term"

func (r toldTermsRow) toEvent() told.TermsAgreed {
	return told.TermsAgreed{FundID: r.FundID, Version: r.Version, FirstDay: r.FirstDay.Format(time.DateOnly), DecideDays: r.DecideDays}
}

// tellAnswered tells, as a part of tx, what came of a proposal that was confirmed.
func tellAnswered(tx *gorm.DB, proposal uuid.UUID, budgets []uuid.UUID) error {
	if len(budgets) > 0 {
		return tellBudgets(tx, budgets...)
	}
	var rows []toldTermsRow
	if err := tx.Raw(selectToldTerms+" WHERE proposal_id = ?", proposal).Scan(&rows).Error; err != nil {
		return err
	}
	all := make([]events.Event, len(rows)) // none of what a fund pays for
	for i, row := range rows {
		all[i] = row.toEvent()
	}
	return events.Tell(tx.Statement.Context, tx, all...)
}
