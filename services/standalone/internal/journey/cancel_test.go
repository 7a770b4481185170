package journey_test

import (
	"slices"
	"testing"

	"github.com/google/uuid"

	"github.com/instead-support/instead/api/etag"
	"github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/api/needs"
)

// What was approved is cancelled in a browser once it is not needed any more: not
// while a payment of it is on its way, and then with words, and all of it is back
// at once. The request is another of Kwame's.
func TestACoachCancelsWhatIsNotNeededAnyMore(t *testing.T) {
	request := approvedForKwame(t)
	_, f := theWhole.clients(t)
	grace, helen := theWhole.as(t, "grace-oduya"), theWhole.as(t, "helen-barlow")
	path := "/requests/" + request.Id.String()

	planned, err := f.PlanPaymentsWithResponse(grace, request.Id, nil, funding.PlanPaymentsJSONRequestBody{Payments: []funding.PaymentPlan{{
		Payee: funding.Payee{Kind: funding.PayeeSupplier, Name: "Go North West"}, Method: funding.ByCard, AmountPence: 4000,
	}}})
	if err != nil {
		t.Fatal(err)
	}
	p := signIn(t, false, "Priya Shah")
	p.open(path)
	p.sees("£40.00 of this is on its way to be paid. To cancel it, ask finance to cancel that payment first.")
	p.seesNot("Cancel this approval")
	p.picture("cancel-on-its-way")
	one := planned.JSON201.Items[0]
	if _, err := f.CancelPaymentWithResponse(grace, one.Id, &funding.CancelPaymentParams{IfMatch: etag.Version(one.Version)}, funding.CancelPaymentJSONRequestBody{Words: "Not needed."}); err != nil {
		t.Fatal(err)
	}

	before := readRequest(helen, t, f, request.Id.String())
	p.open(path)
	p.sees("Nothing of it is used yet. It runs out on")
	p.picture("promise")
	p.click("Cancel this approval")
	p.click("Cancel the approval")
	p.sees("There is a problem", "Say why it is not needed any more.")
	p.fill("Why is it not needed any more?", "His cousin drives past there and takes him along.")
	p.picture("cancel")
	p.clickTwice("Cancel the approval")
	p.sees("Cancelled", "Nothing is promised for it any more", "His cousin drives past there")
	p.picture("cancelled")
	after := readRequest(helen, t, f, request.Id.String())
	if after.State != funding.Cancelled || after.Allowance.AvailablePence != before.Allowance.AvailablePence+4000 || after.Budget.LeftPence != before.Budget.LeftPence+4000 {
		t.Errorf("it is %s; available were %d and are %d, left of the budget were %d and are %d", after.State,
			before.Allowance.AvailablePence, after.Allowance.AvailablePence, before.Budget.LeftPence, after.Budget.LeftPence)
	}

	other := approvedForKwame(t)
	m := signIn(t, true, "Helen Barlow")
	m.open("/decisions/" + other.Id.String())
	m.click("Cancel this approval")
	m.fill("Why is it not needed any more?", "It was asked for twice.")
	m.click("Cancel the approval")
	m.sees("This request was approved and then cancelled.", "It was asked for twice.")
	m.open("/reminders")
	m.picture("reminders")
}

// approvedForKwame is a request of £40 for Kwame that Marcus has approved.
func approvedForKwame(t *testing.T) *funding.Request {
	t.Helper()
	n, f := theWhole.clients(t)
	priya, marcus := theWhole.as(t, "priya-shah"), theWhole.as(t, "marcus-reid")
	q := "Boateng"
	found, err := n.ListJobseekersWithResponse(priya, &needs.ListJobseekersParams{Q: &q})
	if err != nil || len(found.JSON200.Items) != 1 {
		t.Fatalf("the demo's Kwame: %v", err)
	}
	kwame := found.JSON200.Items[0].Id
	allowances, err := f.ListAllowancesWithResponse(priya, &funding.ListAllowancesParams{JobseekerId: kwame})
	if err != nil {
		t.Fatal(err)
	}
	inTheWay, err := n.ListNeedsWithResponse(priya, kwame)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(inTheWay.JSON200.Items, func(one needs.Need) bool { return one.Id != uuid.Nil })
	drafted, err := f.DraftRequestWithResponse(priya, nil, funding.DraftRequestJSONRequestBody{AllowanceId: allowances.JSON200.Items[0].Id})
	if err != nil {
		t.Fatal(err)
	}
	id := drafted.JSON201.Id
	edited, err := f.EditRequestWithResponse(priya, id, &funding.EditRequestParams{IfMatch: etag.Version(drafted.JSON201.Version)}, funding.RequestEdit{Lines: []funding.NewLine{{
		What: "Bus pass for two weeks", Why: "The depot is an hour away on foot.", NeedId: inTheWay.JSON200.Items[i].Id, Category: "travel", AmountPence: 4000,
	}}})
	if err != nil {
		t.Fatal(err)
	}
	sent, err := f.SubmitRequestWithResponse(priya, id, &funding.SubmitRequestParams{IfMatch: etag.Version(edited.JSON200.Version)})
	if err != nil {
		t.Fatal(err)
	}
	approved, err := f.ApproveRequestWithResponse(marcus, id, &funding.ApproveRequestParams{IfMatch: etag.Version(sent.JSON200.Version)}, funding.Approval{
		Code: funding.ApproveCodeRemovesNeed, OtherFunding: "None.", Scrutiny: "It gets somebody to work.", Conflict: funding.NoConflict,
	})
	if err != nil {
		t.Fatal(err)
	}
	return approved.JSON200
}
