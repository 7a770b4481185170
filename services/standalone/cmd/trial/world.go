package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // the image has no time zones of its own

	"github.com/google/uuid"
	openapi "github.com/oapi-codegen/runtime/types"

	"github.com/instead-support/instead/api/funding"
)

// What the trial is paid from, and the course that it is paid instead of.
const (
	fundCode   = "TRIAL"
	courseCode = "TRIAL1"
	line       = 25_00      // pence, of each request
	enough     = 100_000_00 // for a year of them
)

// world is what must be there before anybody can ask for anything.
type world struct{ course uuid.UUID }

// prepare sees to it that there is a course, a fund with money for the area, and
// authority to decide. What is there already, of a trial before, stays.
func (t *trial) prepare(ctx context.Context) error {
	if err := t.findCourse(ctx); err != nil {
		return err
	}
	there := false
	if err := t.step(ctx, t.finance, "look for a fund", func(ctx context.Context) error {
		known, err := t.funding.ListFundsWithResponse(ctx, nil)
		there = err == nil && slices.ContainsFunc(known.JSON200.Items, func(f funding.Fund) bool { return f.Code == fundCode })
		return err
	}); err != nil || there {
		return err
	}
	return t.endow(ctx)
}

// findCourse finds the trial's course, and brings it in if it is not there.
func (t *trial) findCourse(ctx context.Context) error {
	look := func(ctx context.Context) error {
		code := courseCode
		found, err := t.funding.SearchCoursesWithResponse(ctx, &funding.SearchCoursesParams{Q: &code})
		if err != nil {
			return err
		}
		for _, c := range found.JSON200.Items {
			if c.Code == courseCode {
				t.course = c.Id
			}
		}
		return nil
	}
	for began := time.Now(); t.course == uuid.Nil; {
		if err := t.step(ctx, t.coach, "look for a course", look); err != nil {
			return err
		}
		if t.course != uuid.Nil {
			break
		}
		if err := t.step(ctx, t.manager, "import a course", func(ctx context.Context) error {
			list := "code,name,subject,price,from\n" + courseCode + ",A course that nobody goes on,Trial,1000.00,2020-01-01\n"
			_, err := t.funding.UploadImportWithBodyWithResponse(ctx, &funding.UploadImportParams{FileName: "trial.csv"}, "text/csv", strings.NewReader(list))
			return err
		}); err != nil {
			return err
		}
		if err := pause(ctx, time.Second); err != nil || time.Since(began) > patience {
			return fmt.Errorf("the course is not there %v after it was imported", patience)
		}
	}
	return nil
}

// endow opens the fund and gives it what it takes, as a finance officer proposes
// and a manager confirms, and lets managers decide, as a manager proposes and a
// finance officer confirms.
func (t *trial) endow(ctx context.Context) error {
	today, year := todayAndYear(time.Now())
	var fund, budget, money, pays, grant uuid.UUID
	for _, s := range []step{
		{"open a fund", t.finance, func(ctx context.Context) error {
			opened, err := t.funding.OpenFundWithResponse(ctx, nil, funding.NewFund{
				Code: fundCode, Name: "Of a trial, with no money in it", FirstDay: openapi.Date{Time: time.Date(year, time.April, 1, 0, 0, 0, 0, time.UTC)},
			})
			if err == nil {
				fund = opened.JSON201.Id
			}
			return err
		}},
		{"open a budget", t.finance, func(ctx context.Context) error {
			opened, err := t.funding.OpenBudgetWithResponse(ctx, nil, funding.OpenBudgetJSONRequestBody{FundId: fund, Area: t.Area, Year: year})
			if err == nil {
				budget = opened.JSON201.Id
			}
			return err
		}},
		{"propose what is in it", t.finance, func(ctx context.Context) error {
			proposed, err := t.funding.ProposeMovementWithResponse(ctx, nil, funding.ProposeMovementJSONRequestBody{
				ToBudgetId: budget, Pence: enough, Reason: "For a trial: it is not money.",
			})
			if err == nil {
				money = proposed.JSON201.Id
			}
			return err
		}},
		{"propose what it pays for", t.finance, func(ctx context.Context) error {
			proposed, err := t.funding.ProposeCategoriesWithResponse(ctx, fund, nil, funding.ProposeCategoriesJSONRequestBody{
				Reason:     "For a trial.",
				Categories: []funding.FundCategory{{Category: "travel", Allowed: true, Label: "Travel", Words: "To work.", FirstDay: today}},
			})
			if err == nil {
				pays = proposed.JSON201.Id
			}
			return err
		}},
		{"confirm what is in it", t.manager, func(ctx context.Context) error {
			_, err := t.funding.ConfirmProposalWithResponse(ctx, money, nil)
			return err
		}},
		{"confirm what it pays for", t.manager, func(ctx context.Context) error {
			_, err := t.funding.ConfirmProposalWithResponse(ctx, pays, nil)
			return err
		}},
		{"propose who decides", t.manager, func(ctx context.Context) error {
			proposed, err := t.funding.ProposeGrantWithResponse(ctx, nil, funding.NewGrant{
				Kind: funding.GrantKindDecide, Whose: funding.GrantWhoseAny, Area: t.Area, LimitPence: line, AlonePence: line, FirstDay: today, Why: "For a trial.",
			})
			if err == nil {
				grant = proposed.JSON201.Id
			}
			return err
		}},
		{"confirm who decides", t.finance, func(ctx context.Context) error {
			_, err := t.funding.ConfirmGrantWithResponse(ctx, grant, nil)
			return err
		}},
	} {
		if err := t.step(ctx, s.by, s.what, s.do); err != nil {
			return err
		}
	}
	return nil
}

// todayAndYear is the day in London, and the financial year that it is in.
func todayAndYear(now time.Time) (openapi.Date, int) {
	if london, err := time.LoadLocation("Europe/London"); err == nil {
		now = now.In(london)
	}
	y, m, d := now.Date()
	today := openapi.Date{Time: time.Date(y, m, d, 0, 0, 0, 0, time.UTC)}
	if m < time.April {
		y--
	}
	return today, y
}
