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

// budgets opens the fund, agrees its terms and gives each area its money, before
// anybody asks for any. A finance officer proposes and a manager confirms. What was done by a start that was broken off is not done again.
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
	if err := s.agree(finance, manager, fund, dayOf(time.Now().Add(-began))); err != nil {
		return fmt.Errorf("the fund's terms: %w", err)
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

// dayOf is the calendar day of a moment in London.
func dayOf(t time.Time) time.Time {
	y, m, d := t.In(london).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

var london = func() *time.Location {
	l, err := time.LoadLocation("Europe/London")
	if err != nil {
		panic(err) // the services link tzdata in, so this is a broken build
	}
	return l
}()

// yearOf is the financial year in which a moment lies, by its first calendar
// year.
func yearOf(t time.Time) int {
	day := dayOf(t)
	if day.Month() < time.April {
		return day.Year() - 1
	}
	return day.Year()
}

// agree has the fund's terms and what it pays for proposed by one and confirmed
// by another.
func (s *Seed) agree(finance, manager context.Context, fund uuid.UUID, from time.Time) error {
	known, err := s.funding.ListTermsWithResponse(finance, fund)
	if err != nil || len(known.JSON200.Items) > 0 {
		return err
	}
	pays := funding.ProposeCategoriesJSONRequestBody{Reason: "What both councils agreed the fund is for."}
	for _, k := range categories {
		pays.Categories = append(pays.Categories, funding.FundCategory{
			Category: k.code, Allowed: k.allowed, Label: k.label, Words: k.words, FirstDay: openapi.Date{Time: from},
		})
	}
	list, err := s.funding.ProposeCategoriesWithResponse(finance, fund, nil, pays)
	if err != nil {
		return err
	}
	if _, err := s.funding.ConfirmProposalWithResponse(manager, list.JSON201.Id, nil); err != nil {
		return err
	}
	terms, err := s.funding.ProposeTermsWithResponse(finance, fund, nil, funding.ProposeTermsJSONRequestBody{
		Terms: funding.NewTerms{
			FirstDay: openapi.Date{Time: from}, AutoUpToPence: 25_00, AutoCategories: []string{"digital"}, SampleOneIn: 1, ExpiresDays: 90, WarnDays: 14, ChallengeDays: 20, DecideDays: 5, ReceiptDays: 10, Exceptions: true,
		},
		Reason: "The terms that both councils begin with: a manager decides, but for a little phone credit or data, and looks at each of those after; and seldom, where a senior manager allows it, more than a course costs.",
	})
	if err != nil {
		return err
	}
	_, err = s.funding.ConfirmProposalWithResponse(manager, terms.JSON201.Id, nil)
	return err
}

// categories is what the fund pays for, in the shape of the Flexible Support
// Fund, and what it does not.
var categories = []struct {
	code    string
	allowed bool
	label   string
	words   string
}{
	{"training", true, "Training", "A short course or test that an employer asks for."},
	{"travel", true, "Travel", "To interviews, and to work until the first pay: fares, fuel, a bicycle."},
	{"interview-clothing", true, "Clothes for an interview", "One outfit, with shoes."},
	{"work-clothing", true, "Work clothes", "What the work is done in, where the employer does not have to give it."},
	{"tools", true, "Tools", "What the trade expects people to bring."},
	{"childcare", true, "Childcare up front", "Fees and deposits that are due before the first pay."},
	{"licence", true, "Licence or certificate", "A card, badge, check or registration without which the work may not be done."},
	{"equipment", true, "Equipment", "A machine or a thing to work with that is not a tool of the trade."},
	{"digital", true, "Phone, computer or internet", "To look for work and to do it."},
	{"other", true, "Something else", "Whatever else gets this person into work. Say what it is."},
	{"employer-duty", false, "What an employer must pay for", "An employer has to give protective equipment and the training the law asks for, and may not charge for it. Ask the employer."},
	{"debts", false, "Debts", "This fund does not pay debts. A debt adviser is free: ask your work coach for one near you."},
	{"fines", false, "Fines", "This fund does not pay fines. The court can agree to smaller payments: ask it."},
	{"living-costs", false, "Living costs", "Rent, food and bills are what benefits are for. If those are late, ask for an advance."},
}
