package journey_test

import "testing"

func TestASupplierIsAddedOnceAndPaidIntoAnAccountThatTwoPeopleKnow(t *testing.T) {
	p := signIn(t, true, "Grace Oduya")
	p.open("/suppliers")
	p.sees("Suppliers", "Greengate Workwear", "Local to Oldham")
	p.picture("suppliers")
	p.click("Add a supplier")
	p.fill("Name", "The Greengate Work Wear Ltd")
	p.fill("Postcode", "nowhere")
	p.click("Add supplier")
	p.sees("There is a problem", "Enter a full UK postcode")
	p.fill("Postcode", "OL4 1DA")
	p.click("Add supplier")
	p.sees("It may be here already", "Greengate Workwear", "Nothing has been added yet.")
	p.picture("supplier-may-be-here")
	p.click("Change what I typed")
	p.fill("Name", "Shaw Road Boots")
	p.click("Add supplier")
	p.sees("You added Shaw Road Boots.", "There are none yet.")

	p.click("Propose bank details")
	p.fill("Name on the account", "Shaw Road Boots")
	p.fill("Sort code", "08-99-99")
	p.fill("Account number", "66374958")
	p.click("Propose")
	p.sees("Nisbets Ltd has the same account.", "Why do they have the same account?")
	p.picture("bank-details-alike")
	p.fill("Account number", "66374959")
	p.fill("Why do they have the same account?", "")
	p.click("Propose")
	p.sees("The bank details are proposed.", "To be confirmed by another person", "Account ••• 4959", "Take back")
	p.seesNot("66374959")

	other := signIn(t, true, "Imran Sadiq")
	other.open("/suppliers?q=shaw+road")
	other.click("Shaw Road Boots")
	other.click("Confirm")
	other.picture("bank-details-confirm")
	other.fill("Sort code", "089999")
	other.fill("Account number", "66374951")
	other.click("Confirm")
	other.sees("This is not the account that was proposed.")
	other.fill("Account number", "66374959")
	other.click("Confirm")
	other.sees("The bank details are in force.", "In force", "Confirmed by", "Imran Sadiq")
	other.picture("supplier")
}

func TestWhoCorrectsASupplierAfterSomebodyElseIsToldAndLosesNothing(t *testing.T) {
	p, other := signIn(t, false, "Grace Oduya"), signIn(t, true, "Imran Sadiq")
	for _, one := range []*person{p, other} {
		one.open("/suppliers?q=pennine")
		one.click("Pennine Driver Training")
		one.click("Correct or close this supplier")
	}
	other.fill("Company number (optional)", "01234567")
	other.click("Save")
	other.sees("The supplier is saved.")
	p.fill("Charity number (optional)", "1012345")
	p.click("Save")
	p.sees("There is a problem", "Imran Sadiq changed this supplier on", "The supplier is now like this", "01234567")
	p.picture("supplier-stale")
	p.fill("Company number (optional)", "01234567")
	p.click("Save")
	p.sees("The supplier is saved.", "1012345", "01234567")
}

func TestAnAuditorSeesThatTheBooksAgreeAndChangesNothing(t *testing.T) {
	p := signIn(t, true, "Nadia Rahman")
	p.sees("Reconciliation", "budgets agree", "What was checked", "Ledger entries")
	p.picture("reconciliation")
	p.click("Check again")
	p.open("/suppliers")
	p.seesNot("Add a supplier")
	p.click("Nisbets Ltd")
	p.sees("Account ••• 4958", "In force")
	p.seesNot("Correct or close this supplier", "Propose other bank details")
	p.open("/suppliers/new")
	p.sees("This page is for finance officers.")
}

func TestFinanceSeesThatTheBooksAgree(t *testing.T) {
	p := signIn(t, false, "Grace Oduya")
	p.open("/reconciliation")
	p.sees("agree", "What was checked")
}
