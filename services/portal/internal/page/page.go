// Package page is the portal's pages: one file a page, or a journey of a few,
// with what it shows, its form and its handlers. The words are here and in the
// templates beside it. A page asks the services and shows what they answer; it
// holds no rules and no data.
//
// To add a page, write its file and put it in All. See web for what a page can
// do, component for what it is made of, and form for what people type.
package page

import (
	"time"

	"github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/api/needs"
	"github.com/instead-support/instead/api/outcomes"
	"github.com/instead-support/instead/api/reporting"
	"github.com/instead-support/instead/services/portal/internal/web"
)

// Deps is what pages ask.
type Deps struct {
	Needs    needs.ClientWithResponsesInterface
	Funding  funding.ClientWithResponsesInterface
	Outcomes outcomes.ClientWithResponsesInterface
	// Reporting is asked for figures, and Rows for those of an export, one by one.
	Reporting reporting.ClientWithResponsesInterface
	Rows      reporting.ClientInterface
	Now       func() time.Time
}

// All is every page. The order is that of the menus, and where somebody with
// two roles lands is the home that comes first.
func All(d Deps) []web.Page {
	return []web.Page{
		Start{},
		Decisions{d},
		Reviews{d},
		Work{d},
		Reminders{d},
		Caseload{d},
		Details{d},
		Jobseeker{d},
		Invitation{d},
		Statement{d},
		Assessment{d},
		Replace{d},
		Checks{d},
		Outcomes{d},
		Requests{d},
		Request{d},
		Line{d},
		Over{d},
		Exceptions{d},
		Send{d},
		Promise{d},
		Documents{d},
		Dialogue{d},
		Finance{d},
		Payments{d},
		Batches{d},
		Results{d},
		Suppliers{d},
		BankDetails{d},
		Reconcile{d},
		Budgets{d},
		Proposals{d},
		Funds{d},
		Authority{d},
		Overview{d},
		Spend{d},
		Speed{d},
		Savings{d},
		Starts{d},
		Worth{d},
		Unspent{d},
		Fairness{d},
		Forecast{d},
		Behind{d},
		Exports{d},
		Usefulness{d},
		Ballots{d},
		Courses{d},
		Imports{d},
		Support{d},
		Helped{d},
		Welcome{d},
		About{},
	}
}
