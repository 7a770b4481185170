package seed

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	openapi "github.com/oapi-codegen/runtime/types"

	"github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/pkg/money"
)

// The fund that pays for what the demo's people are given.
const (
	fundCode = "INSTEAD"
	fundName = "Instead of a course"
)

// given is what each area has to spend in a year.
var given = []struct {
	area   string
	pence  money.Pence
	reason string
}{
	{"Oldham", 6_000_000, "What Oldham would have spent on courses for about forty people this year."},
	{"Rochdale", 2_500_000, "Rochdale's share, as both councils agreed it."},
}

// budgets opens the fund and gives each area its money, before anybody asks for
// any. A finance officer proposes and a manager confirms; one more proposal is
// left waiting. What was done by a start that was broken off is not done again.
func (s *Seed) budgets(ctx context.Context) error {
	began := 40 * 24 * time.Hour
	s.Clock.set(began)
	finance, err := s.as(ctx, "imran-sadiq")
	if err != nil {
		return err
	}
	manager, err := s.as(ctx, "marcus-reid")
	if err != nil {
		return err
	}
	years := []int{yearOf(time.Now().Add(-began))}
	if now := yearOf(time.Now()); now != years[0] {
		years = append(years, now) // the stories lie on both sides of 1 April
	}
	fund, err := s.fund(finance, years[0])
	if err != nil {
		return err
	}
	for _, year := range years {
		for _, g := range given {
			if err := s.give(finance, manager, fund, year, g.area, g.pence, g.reason); err != nil {
				return fmt.Errorf("the budget of %s: %w", g.area, err)
			}
		}
	}
	s.Step(fmt.Sprintf("a fund has money for %d areas", len(given)))
	return nil
}

func (s *Seed) fund(finance context.Context, year int) (uuid.UUID, error) {
	known, err := s.funding.ListFundsWithResponse(finance, nil)
	if err != nil {
		return uuid.Nil, err
	}
	for _, f := range known.JSON200.Items {
		if f.Code == fundCode {
			return f.Id, nil
		}
	}
	opened, err := s.funding.OpenFundWithResponse(finance, nil, funding.NewFund{
		Code: fundCode, Name: fundName, FirstDay: openapi.Date{Time: time.Date(year, time.April, 1, 0, 0, 0, 0, time.UTC)},
	})
	if err != nil {
		return uuid.Nil, err
	}
	return opened.JSON201.Id, nil
}

func (s *Seed) give(finance, manager context.Context, fund uuid.UUID, year int, area string, pence money.Pence, reason string) error {
	known, err := s.funding.ListBudgetsWithResponse(finance, &funding.ListBudgetsParams{FundId: &fund, Area: &area, Year: &year})
	if err != nil || len(known.JSON200.Items) > 0 {
		return err
	}
	opened, err := s.funding.OpenBudgetWithResponse(finance, nil, funding.OpenBudgetJSONRequestBody{FundId: fund, Area: area, Year: year})
	if err != nil {
		return err
	}
	proposed, err := s.funding.ProposeMovementWithResponse(finance, nil, funding.ProposeMovementJSONRequestBody{
		ToBudgetId: opened.JSON201.Id, Pence: int64(pence), Reason: reason,
	})
	if err != nil {
		return err
	}
	_, err = s.funding.ConfirmProposalWithResponse(manager, proposed.JSON201.Id, nil)
	return err
}

// yearOf is the financial year in which a moment lies, by its first calendar
// year.
func yearOf(t time.Time) int {
	if t.Month() < time.April {
		return t.Year() - 1
	}
	return t.Year()
}
