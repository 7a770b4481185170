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
	ID        uuid.UUID   `json:"id"`
	FundID    uuid.UUID   `json:"fund_id"`
	FundCode  string      `json:"fund_code"`
	FundName  string      `json:"fund_name"`
	Area      string      `json:"area"`
	Year      budget.Year `json:"year"`
	Allocated int64       `json:"allocated"`
	Committed int64       `json:"committed"`
	Paid      int64       `json:"paid"`
}

func (r awardBudgetRow) toDomain() *award.Budget {
	return &award.Budget{
		ID: r.ID, Fund: award.Fund{ID: r.FundID, Code: r.FundCode, Name: r.FundName}, Area: r.Area, Year: r.Year,
		Allocated: money.Pence(r.Allocated), Committed: money.Pence(r.Committed), Paid: money.Pence(r.Paid),
	}
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
