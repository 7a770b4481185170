package postgres

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/money"
	"github.com/instead-support/instead/services/funding/internal/award"
	"github.com/instead-support/instead/services/funding/internal/budget"
)

// termsContent is terms as a proposal keeps them. The names are the columns of
// table fund_term, which is filled from it.
type termsContent struct {
	FirstDay       string   `json:"first_day"`
	AutoUpTo       int64    `json:"auto_up_to"`
	AutoCategories []string `json:"auto_categories"`
	SampleOneIn    int      `json:"sample_one_in"`
	ExpiresDays    int      `json:"expires_days"`
	WarnDays       int      `json:"warn_days"`
	ChallengeDays  int      `json:"challenge_days"`
	DecideDays     int      `json:"decide_days"`
	ReceiptDays    int      `json:"receipt_days"`
	Exceptions     bool     `json:"exceptions"`
}

func toTermsContent(t budget.Terms) termsContent {
	return termsContent{
		FirstDay: t.First.Format(time.DateOnly), AutoUpTo: int64(t.AutoUpTo), AutoCategories: append([]string{}, t.AutoCategories...), SampleOneIn: t.SampleOneIn,
		ExpiresDays: t.ExpiresDays, WarnDays: t.WarnDays, ChallengeDays: t.ChallengeDays, DecideDays: t.DecideDays, ReceiptDays: t.ReceiptDays,
		Exceptions: t.Exceptions,
	}
}

func (c termsContent) toDomain() budget.Terms {
	return budget.Terms{
		First: dayOf(c.FirstDay), AutoUpTo: money.Pence(c.AutoUpTo), AutoCategories: c.AutoCategories, SampleOneIn: c.SampleOneIn,
		ExpiresDays: c.ExpiresDays, WarnDays: c.WarnDays, ChallengeDays: c.ChallengeDays, DecideDays: c.DecideDays, ReceiptDays: c.ReceiptDays,
		Exceptions: c.Exceptions,
	}
}

// categoryContent is a category as a proposal keeps it, by the columns of table
// fund_category.
type categoryContent struct {
	Category string  `json:"category"`
	Allowed  bool    `json:"allowed"`
	Label    string  `json:"label"`
	Words    string  `json:"words"`
	FirstDay string  `json:"first_day"`
	LastDay  *string `json:"last_day"`
}

func toCategoryContent(all []budget.Category) []categoryContent {
	content := make([]categoryContent, len(all))
	for i, k := range all {
		content[i] = categoryContent{Category: k.Code, Allowed: k.Allowed, Label: k.Label, Words: k.Words, FirstDay: k.First.Format(time.DateOnly)}
		if !k.Last.IsZero() {
			content[i].LastDay = new(k.Last.Format(time.DateOnly))
		}
	}
	return content
}

func (c categoryContent) toDomain() budget.Category {
	k := budget.Category{Code: c.Category, Allowed: c.Allowed, Label: c.Label, Words: c.Words, First: dayOf(c.FirstDay)}
	if c.LastDay != nil {
		k.Last = dayOf(*c.LastDay)
	}
	return k
}

// dayOf reads a day that toTermsContent or toCategoryContent wrote.
func dayOf(s string) time.Time {
	day, _ := time.Parse(time.DateOnly, s)
	return day
}

// termsRow is a row of table fund_term, its list put together.
type termsRow struct {
	Version     int
	FirstDay    time.Time
	AutoUpTo    int64
	Automatic   string // the categories, with spaces between
	SampleOneIn int

	ExpiresDays, WarnDays, ChallengeDays, DecideDays, ReceiptDays int

	Exceptions bool
	ProposalID uuid.UUID
}

// Terms is budget.Store's.
func (s Budgets) Terms(ctx context.Context, fund uuid.UUID) ([]budget.Terms, error) {
	return s.terms(ctx, "?", fund)
}

// TermsOf is award.Funds's.
func (s Budgets) TermsOf(ctx context.Context, request uuid.UUID) ([]budget.Terms, error) {
	return s.terms(ctx, "(SELECT fund_id FROM request WHERE id = ?)", request)
}

func (s Budgets) terms(ctx context.Context, fund string, id uuid.UUID) ([]budget.Terms, error) {
	var rows []termsRow
	err := s.db.Gorm.WithContext(ctx).Raw("SELECT *, array_to_string(auto_categories, ' ') AS automatic FROM fund_term WHERE fund_id = "+fund+" ORDER BY version", id).Scan(&rows).Error
	all := make([]budget.Terms, len(rows))
	for i, r := range rows {
		all[i] = budget.Terms{
			Version: r.Version, First: r.FirstDay, Proposal: r.ProposalID,
			AutoUpTo: money.Pence(r.AutoUpTo), AutoCategories: strings.Fields(r.Automatic), SampleOneIn: r.SampleOneIn,
			ExpiresDays: r.ExpiresDays, WarnDays: r.WarnDays, ChallengeDays: r.ChallengeDays, DecideDays: r.DecideDays, ReceiptDays: r.ReceiptDays,
			Exceptions: r.Exceptions,
		}
	}
	return all, err
}

// categoryRow is a row of table fund_category.
type categoryRow struct {
	Category   string
	Allowed    bool
	Label      string
	Words      string
	FirstDay   time.Time
	LastDay    *time.Time
	ProposalID uuid.UUID
}

// Categories is budget.Store's.
func (s Budgets) Categories(ctx context.Context, fund uuid.UUID) ([]budget.Category, error) {
	return s.categories(ctx, "SELECT * FROM fund_category WHERE fund_id = ? ORDER BY id", fund)
}

// Rulings is award.Funds's.
func (s Budgets) Rulings(ctx context.Context, request uuid.UUID, day time.Time) ([]award.Ruling, error) {
	all, err := s.categories(ctx, "SELECT * FROM fund_category WHERE fund_id = (SELECT fund_id FROM request WHERE id = ?) ORDER BY id", request)
	if err != nil {
		return nil, err
	}
	var rulings []award.Ruling
	for _, k := range budget.CategoriesOn(all, day) {
		rulings = append(rulings, award.Ruling{Category: award.Category(k.Code), Allowed: k.Allowed, Label: k.Label, Words: k.Words})
	}
	return rulings, nil
}

func (s Budgets) categories(ctx context.Context, sql string, id uuid.UUID) ([]budget.Category, error) {
	var rows []categoryRow
	err := s.db.Gorm.WithContext(ctx).Raw(sql, id).Scan(&rows).Error
	all := make([]budget.Category, len(rows))
	for i, r := range rows {
		all[i] = budget.Category{Code: r.Category, Allowed: r.Allowed, Label: r.Label, Words: r.Words, First: r.FirstDay, Proposal: r.ProposalID}
		if r.LastDay != nil {
			all[i].Last = *r.LastDay
		}
	}
	return all, err
}
