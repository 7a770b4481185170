package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/instead-support/instead/pkg/money"
	"github.com/instead-support/instead/services/funding/internal/award"
	"github.com/instead-support/instead/services/funding/internal/budget"
)

// awardBudgetRow is a budget as an award needs to know it.
type awardBudgetRow struct {
	ID        uuid.UUID
	FundID    uuid.UUID
	FundCode  string
	FundName  string
	Area      string
	Year      budget.Year
	Allocated int64
	Committed int64
	Paid      int64
}

func (r awardBudgetRow) toDomain() *award.Budget {
	return &award.Budget{
		ID: r.ID, Fund: award.Fund{ID: r.FundID, Code: r.FundCode, Name: r.FundName}, Area: r.Area, Year: r.Year,
		Allocated: money.Pence(r.Allocated), Committed: money.Pence(r.Committed), Paid: money.Pence(r.Paid),
	}
}

// readBudgetOf reads the budget that r was promised out of or, while nothing is
// promised, the one it would be at that moment. It is nil if there is none.
func readBudgetOf(ctx context.Context, tx *gorm.DB, r *award.Request, at time.Time, lock string) (*award.Budget, error) {
	where, values := "b.id = ?", []any{r.BudgetID}
	if r.BudgetID == uuid.Nil {
		where, values = "b.fund_id = ? AND b.area = ? AND b.year = ?", []any{r.Fund.ID, r.Area, award.YearOf(at)}
	}
	var rows []awardBudgetRow
	err := tx.WithContext(ctx).Raw(`
		SELECT b.id, b.fund_id, f.code AS fund_code, f.name AS fund_name, b.area, b.year, b.allocated, b.committed, b.paid
		FROM budget b JOIN fund f ON f.id = b.fund_id WHERE `+where+lock, values...).Scan(&rows).Error
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	return rows[0].toDomain(), nil
}

// openFunds lists the funds that a request for this area may ask at that moment:
// those with a day that is not over and a budget for the area that year.
func openFunds(ctx context.Context, tx *gorm.DB, area string, at time.Time) ([]award.Fund, error) {
	var open []award.Fund
	day := award.Today(at)
	err := tx.WithContext(ctx).Raw(`
		SELECT f.id, f.code, f.name FROM fund f JOIN budget b ON b.fund_id = f.id
		WHERE b.area = ? AND b.year = ? AND f.first_day <= ? AND (f.last_day IS NULL OR f.last_day >= ?) ORDER BY f.name`,
		area, award.YearOf(at), day, day).Scan(&open).Error
	return open, err
}
