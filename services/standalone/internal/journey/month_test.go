package journey_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/uuid"

	"github.com/instead-support/instead/api/funding"
)

// A finance officer's month in a browser: plan, batch, export, import what came
// of it with its exceptions, mend them, and reconcile. The request is Leanne's.
func TestAFinanceOfficersMonth(t *testing.T) {
	_, f := theWhole.clients(t)
	grace := theWhole.as(t, "grace-oduya")
	on := leanne(t)
	request := readRequest(grace, t, f, on.request)
	p := signIn(t, false, "Grace Oduya")
	p.sees("To pay", "Approved, to be paid", request.Reference)
	p.picture("month-to-pay")

	// Two of the three lines are planned, each to be bought by the jobseeker.
	for _, l := range request.Lines[:2] {
		p.open("/to-pay/" + on.request + "/plan?line=" + l.Id.String())
		p.click("Plan this payment")
		p.sees("There is a problem", "Choose who is paid.")
		p.choose("The jobseeker")
		p.choose("Bank payment")
		p.picture("month-plan")
		p.click("Plan this payment")
		p.sees("On its way")
	}

	// They leave in one batch, whose file is made once.
	p.click("Batches")
	p.sees("Ready to leave")
	p.picture("month-batches")
	p.clickTwice("Gather the bank payments for Oldham")
	p.sees("To leave")
	batch := p.address()
	p.choose("A finance system")
	p.picture("month-batch-open")
	p.clickTwice("Make the file")
	p.sees("Not known yet", "Fingerprint (SHA-256)", "Download the file")
	p.picture("month-batch-sent")

	// One failed, one fell short, and one line nobody knows.
	planned := paymentsOf(grace, t, f, request)
	result := "Your ref;State;Amount paid;Reason code\n" +
		planned[0].Reference + ";Part paid;10.00;\n" + planned[1].Reference + ";Rejected;;5\nPY-0000-0000;Paid;1.00;\n"
	file := filepath.Join(t.TempDir(), "results.csv")
	if err := os.WriteFile(file, []byte(result), 0o600); err != nil {
		t.Fatal(err)
	}
	p.open("/results/new")
	p.upload("Choose a CSV file", file)
	p.click("Import")
	p.sees("What became of the payments", "3 lines to look at", "the payment failed", "less left than was planned", "no payment is known by that", "There is no such account.")
	p.picture("month-exceptions")
	p.open(batch)
	p.sees("Settled", "Failed", "Short")

	// What failed is planned again, this time as a voucher; the rest is given back.
	p.click("See the payments that need you")
	p.click(planned[1].Reference)
	p.click("Plan it again")
	p.choose("Voucher")
	p.clickTwice("Plan this payment")
	again := paymentsOf(grace, t, f, request)[2]
	p.click(again.Reference)
	p.click("Record what was paid")
	p.clickTwice("Record as paid")
	p.sees("Paid")
	p.picture("month-payment-paid")
	p.click("Record a credit note, or money that came back")
	p.choose("A credit note of the supplier’s")
	p.fill("How much?", "5.00")
	p.fill("Number of the credit note, or the bank’s reference", "CN-17")
	p.fill("Why?", "One apron was taken back.")
	p.clickTwice("Record it")
	p.sees("Came back", "£5.00", "CN-17")
	p.open("/to-pay/" + on.request + "/release")
	p.fill("Why is it not needed?", "The kitchen gave her the rest.")
	p.picture("month-release")
	p.click("Give back £154.99")
	p.sees("Nothing of this request is left to pay.")

	p.click("Reconciliation")
	p.sees("agree")
	p.seesNot("not agree")
	p.picture("month-reconciled")
	if got := readRequest(grace, t, f, on.request); got.State != funding.Paid {
		t.Errorf("the request is %s", got.State)
	}
}

func readRequest(ctx context.Context, t *testing.T, f *funding.ClientWithResponses, id string) *funding.Request {
	t.Helper()
	resp, err := f.ReadRequestWithResponse(ctx, uuid.MustParse(id))
	if err != nil {
		t.Fatal(err)
	}
	return resp.JSON200
}

// paymentsOf are the payments of a request in the order in which they were
// planned.
func paymentsOf(ctx context.Context, t *testing.T, f *funding.ClientWithResponses, request *funding.Request) []funding.Payment {
	t.Helper()
	resp, err := f.ListPaymentsWithResponse(ctx, &funding.ListPaymentsParams{RequestId: &request.Id})
	if err != nil {
		t.Fatal(err)
	}
	all := resp.JSON200.Items
	slices.SortFunc(all, func(a, b funding.Payment) int { return a.PlannedAt.Compare(b.PlannedAt) })
	return all
}
