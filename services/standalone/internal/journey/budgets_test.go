package journey_test

import (
	"testing"
	"time"

	"github.com/instead-support/instead/api/funding"
)

// A finance officer gives a budget money and changes what its fund says; a
// manager is the second person.
func TestTheMoneyTakesTwoPeople(t *testing.T) {
	finance := signIn(t, true, "Imran Sadiq")
	finance.click("Budgets")
	finance.sees("Left to promise", "At risk of going unspent", "Oldham, ", "Rochdale, ", "left")
	finance.picture("budgets")
	finance.click("Oldham, ")
	finance.sees("Still owed", "What happened to it", "Given")
	finance.picture("budget")

	finance.click("Take money back")
	finance.fill("How much is taken back", "9,000,000")
	finance.fill("Why", "To see whether it can be.")
	finance.click("Propose it")
	finance.sees("There is a problem", "is left of the budget")
	finance.click("Cancel")

	finance.click("Move money to another budget")
	finance.click("Propose it")
	finance.sees("There is a problem", "Choose the budget that the money goes to.", "Say why.")
	finance.choose("Rochdale, ")
	finance.fill("How much is moved", "250")
	finance.fill("Why", "Three people have moved from Oldham to Rochdale.")
	finance.picture("budget-transfer")
	finance.clickTwice("Propose it")
	finance.sees("Waiting", "You proposed this, so a manager or another finance officer must confirm it.")
	finance.seesNot("Refuse")

	manager := signIn(t, true, "Marcus Reid")
	manager.click("Budgets")
	manager.click("1 proposal waits for a second person")
	manager.click("£250.00 from Oldham")
	manager.sees("Three people have moved from Oldham to Rochdale.")
	manager.picture("proposal")
	manager.clickTwice("Confirm")
	manager.sees("Confirmed")
	manager.click("Rochdale, ")
	manager.sees("Moved here", "£250.00", "Three people have moved from Oldham to Rochdale.")

	// As it was the day before, it is as if that had not happened.
	yesterday := time.Now().AddDate(0, 0, -1)
	manager.fill("Day", yesterday.Format("2"))
	manager.fill("Month", yesterday.Format("1"))
	manager.fill("Year", yesterday.Format("2006"))
	manager.click("Show")
	manager.sees("These are the figures as at the end of")
	manager.seesNot("Moved here")
	manager.picture("budget-as-at")
	manager.click("See them as they are now")
	manager.sees("Moved here")
}

func TestAFundsTermsAreChangedByTwoPeople(t *testing.T) {
	finance := signIn(t, true, "Grace Oduya")
	finance.click("Budgets")
	finance.click("Funds, their terms and what they pay for")
	finance.click("Instead of a course")
	finance.sees("Version 1", "Up to £25.00", "What it does not pay for", "Fines", "The court can agree to smaller payments")
	finance.picture("fund")
	finance.click("Propose new terms")
	finance.fill("Approve by itself what asks for up to", "50")
	finance.fill("Decide within", "soon")
	finance.click("Propose the terms")
	finance.sees("There is a problem", "Enter a whole number", "Say why.")
	finance.fill("Decide within", "3")
	finance.choose("Travel")
	finance.fill("Why", "Fares of a few pounds wait a week.")
	finance.picture("fund-terms")
	finance.clickTwice("Propose the terms")
	finance.sees("Up to £50.00", "travel", "You proposed this")
	finance.click("Take it back")
	finance.click("Take back what you proposed")
	finance.sees("There is a problem")
	finance.fill("Why not", "Cabinet wants to see it first.")
	finance.click("Take back what you proposed")
	finance.sees("Refused", "Took it back", "Cabinet wants to see it first.")

	finance.click("Budgets")
	finance.click("Funds, their terms and what they pay for")
	finance.click("Instead of a course")
	finance.click("Propose something else")
	finance.fill("What people call it", "Glasses")
	finance.fill("Its code", "glasses")
	finance.choose("Yes")
	finance.fill("What the fund says about it", "One pair, where the work needs them.")
	finance.fill("Why", "Two people could not read the forms.")
	finance.picture("fund-kind")
	finance.clickTwice("Propose it")
	finance.sees("What Instead of a course pays for, 1 change", "One pair, where the work needs them.")

	manager := signIn(t, true, "Helen Barlow")
	manager.click("Budgets")
	manager.click("1 proposal waits for a second person")
	manager.click("What Instead of a course pays for")
	manager.click("Confirm")
	manager.sees("Confirmed")
	manager.open("/budgets/funds")
	manager.click("Instead of a course")
	manager.sees("Glasses")
	manager.seesNot("Propose new terms", "Propose something else")
}

func TestABudgetIsOpenedAndThePageSaysThatItsYearHasNotBegun(t *testing.T) {
	_, f := theWhole.clients(t)
	finance := signIn(t, false, "Imran Sadiq")
	finance.click("Budgets")
	finance.click("Funds, their terms and what they pay for")
	finance.click("Add a fund")
	finance.fill("What it is called", "Prison leavers")
	finance.fill("Its code", "leavers")
	finance.fill("Day", "1")
	finance.fill("Month", "4")
	finance.fill("Year", "2020")
	finance.click("Add the fund")
	finance.sees("Prison leavers", "LEAVERS", "No terms are in force.", "The fund pays for nothing yet")
	finance.open("/budgets/new")
	finance.click("Open the budget")
	finance.sees("There is a problem", "Choose a fund.", "Choose an area.")
	finance.choose("Prison leavers")
	finance.choose("Rochdale")
	finance.click("Open the budget")
	finance.sees("Nothing has happened to this budget yet.", "£0.00")
	finance.open("/budgets/new")
	finance.choose("Prison leavers")
	finance.choose("Rochdale")
	finance.click("Open the budget")
	finance.sees("This fund has a budget for this area and year already.")

	next := finance.nextYear()
	finance.fill("Financial year", next)
	finance.click("Open the budget")
	finance.sees("Not begun", "Nothing can be promised out of it before.")
	all, err := f.ListBudgetsWithResponse(theWhole.as(t, "imran-sadiq"), nil)
	if err != nil {
		t.Fatal(err)
	}
	states := map[funding.BudgetState]int{}
	for _, b := range all.JSON200.Items {
		states[b.State]++
	}
	if states[funding.BudgetToCome] != 1 {
		t.Errorf("the budgets are %v", states)
	}
}

// nextYear is the first financial year that the page offers, as it says it.
func (p *person) nextYear() string {
	return ask[string](p, `document.querySelector('select[name=year] option').text.trim()`)
}
