package seed

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/instead-support/instead/api/etag"
	"github.com/instead-support/instead/api/funding"
)

// payments has Grace pay for some of what was approved. Kwame's is all bought by
// card, and closed. Shabnam's bicycle cost less than its quote; what she was to
// buy herself came back from the bank, because her account was closed. Leanne's
// waits.
func (s *Seed) payments(ctx context.Context) error {
	grace, err := s.as(ctx, "grace-oduya")
	if err != nil {
		return err
	}
	kwame, shabnam := s.approved["kwame-boateng"], s.approved["shabnam-akhtar"]
	if kwame == nil || shabnam == nil { // told by a start before this one
		return nil
	}
	s.Clock.set(90 * time.Minute)
	for _, l := range kwame.Lines {
		if err := s.buy(grace, kwame.Id, l, l.AmountPence, ""); err != nil {
			return err
		}
	}
	now, err := s.funding.ReadRequestWithResponse(grace, kwame.Id)
	if err != nil {
		return err
	}
	if _, err := s.funding.CloseRequestWithResponse(grace, kwame.Id, &funding.CloseRequestParams{IfMatch: etag.Version(now.JSON200.Version)}); err != nil {
		return err
	}
	bicycle, rest := shabnam.Lines[0], shabnam.Lines[1]
	if err := s.buy(grace, shabnam.Id, bicycle, bicycle.AmountPence-550, "They took something off for her."); err != nil {
		return err
	}
	if err := s.comeBack(grace, shabnam.Id, rest); err != nil {
		return err
	}
	s.Step("some of what was approved is paid, and one payment came back")
	return nil
}

// buy plans a line by card, and records what it cost.
func (s *Seed) buy(grace context.Context, request uuid.UUID, l funding.Line, cost int64, words string) error {
	p, err := s.plan(grace, request, funding.PaymentPlan{
		LineId: l.Id, Payee: funding.Payee{Kind: funding.PayeeSupplier, Name: l.Supplier}, Method: funding.ByCard, AmountPence: l.AmountPence, Note: l.Quote,
	})
	if err != nil {
		return err
	}
	_, err = s.funding.CompletePaymentWithResponse(grace, p.Id, &funding.CompletePaymentParams{IfMatch: etag.Version(p.Version)},
		funding.CompletePaymentJSONRequestBody{AmountPence: cost, Words: words})
	return err
}

// comeBack sends a line to the jobseeker by bank, who has closed the account.
func (s *Seed) comeBack(grace context.Context, request uuid.UUID, l funding.Line) error {
	p, err := s.plan(grace, request, funding.PaymentPlan{
		LineId: l.Id, Payee: funding.Payee{Kind: funding.PayeePerson}, Method: funding.ByBACS, AmountPence: l.AmountPence,
	})
	if err != nil {
		return err
	}
	made, err := s.funding.CreateBatchWithResponse(grace, nil, funding.CreateBatchJSONRequestBody{Area: p.Area, Method: funding.ByBACS, PaymentIds: []uuid.UUID{p.Id}})
	if err != nil {
		return err
	}
	b := made.JSON201
	_, err = s.funding.ExportBatchWithResponse(grace, b.Id, &funding.ExportBatchParams{IfMatch: etag.Version(b.Version)}, funding.ExportBatchJSONRequestBody{Format: funding.FormatCSV})
	if err != nil {
		return err
	}
	s.Clock.set(30 * time.Minute)
	file := fmt.Sprintf("reference,outcome,amount,code\n%s,rejected,%.2f,B\n", p.Reference, float64(l.AmountPence)/100)
	_, err = s.funding.UploadResultsWithBodyWithResponse(grace, &funding.UploadResultsParams{Area: p.Area, FileName: "results.csv"}, "text/csv", strings.NewReader(file))
	return err
}

// plan plans one payment, and is it.
func (s *Seed) plan(grace context.Context, request uuid.UUID, p funding.PaymentPlan) (funding.Payment, error) {
	planned, err := s.funding.PlanPaymentsWithResponse(grace, request, nil, funding.PlanPaymentsJSONRequestBody{Payments: []funding.PaymentPlan{p}})
	if err != nil {
		return funding.Payment{}, err
	}
	all := planned.JSON201.Items
	return all[len(all)-1], nil
}
