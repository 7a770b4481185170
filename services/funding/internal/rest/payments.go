package rest

import (
	"bytes"
	"context"
	"encoding/hex"
	"io"

	"github.com/google/uuid"
	openapi "github.com/oapi-codegen/runtime/types"

	"github.com/instead-support/instead/api/etag"
	api "github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/money"
	"github.com/instead-support/instead/services/funding/internal/payment"
)

// Payments implements the contract's operations on payments, batches and result
// files.
type Payments struct{ Payments *payment.Payments }

// PlanPayments sets payments of a request on their way.
func (h Payments) PlanPayments(ctx context.Context, in api.PlanPaymentsRequestObject) (api.PlanPaymentsResponseObject, error) {
	all, err := h.Payments.Plan(ctx, in.Id, each(in.Body.Payments, toPlan))
	if err != nil {
		return nil, err
	}
	return api.PlanPayments201JSONResponse{Items: each(all, fromPayment)}, nil
}

// ReleaseRest gives back what will not be paid.
func (h Payments) ReleaseRest(ctx context.Context, in api.ReleaseRestRequestObject) (api.ReleaseRestResponseObject, error) {
	if _, err := h.Payments.Release(ctx, in.Id, int64(in.Params.IfMatch), in.Body.Words); err != nil {
		return nil, err
	}
	return api.ReleaseRest204Response{}, nil
}

// CloseRequest says that all is done that will be.
func (h Payments) CloseRequest(ctx context.Context, in api.CloseRequestRequestObject) (api.CloseRequestResponseObject, error) {
	if _, err := h.Payments.Close(ctx, in.Id, int64(in.Params.IfMatch)); err != nil {
		return nil, err
	}
	return api.CloseRequest204Response{}, nil
}

// ListDue lists requests that wait to be paid.
func (h Payments) ListDue(ctx context.Context, in api.ListDueRequestObject) (api.ListDueResponseObject, error) {
	page := requestPage(in.Params.Page, in.Params.Size)
	found, total, err := h.Payments.Due(ctx, payment.Filter{
		Text: or(in.Params.Q, ""), Area: or(in.Params.Area, ""), RequestID: or(in.Params.RequestId, uuid.Nil),
	}, page)
	if err != nil {
		return nil, err
	}
	return api.ListDue200JSONResponse{Items: each(found, fromDue), Total: total, Page: page.Number, Size: page.Size}, nil
}

// SummarisePayments is what there is to pay.
func (h Payments) SummarisePayments(ctx context.Context, in api.SummarisePaymentsRequestObject) (api.SummarisePaymentsResponseObject, error) {
	s, err := h.Payments.Summary(ctx, or(in.Params.Area, ""))
	if err != nil {
		return nil, err
	}
	return api.SummarisePayments200JSONResponse{
		Requests: s.Requests, LeftPence: int64(s.Left), Attention: s.Attention,
		States: each(s.Payments, func(t payment.StateTotal) api.PaymentStateTotal {
			return api.PaymentStateTotal{State: api.PaymentState(t.State), Count: t.Count, Pence: int64(t.Pence)}
		}),
		Ready: each(s.Ready, func(r payment.Ready) api.PaymentsReady {
			return api.PaymentsReady{Area: r.Area, Method: api.PaymentMethod(r.Method), Count: r.Count, Pence: int64(r.Pence)}
		}),
	}, nil
}

// ListPayments is a page of payments.
func (h Payments) ListPayments(ctx context.Context, in api.ListPaymentsRequestObject) (api.ListPaymentsResponseObject, error) {
	page := requestPage(in.Params.Page, in.Params.Size)
	found, total, err := h.Payments.List(ctx, payment.Filter{
		States:  each(or(in.Params.State, nil), func(s api.PaymentState) payment.State { return payment.State(s) }),
		Methods: each(or(in.Params.Method, nil), func(m api.PaymentMethod) payment.Method { return payment.Method(m) }),
		Text:    or(in.Params.Q, ""), Area: or(in.Params.Area, ""), Attention: or(in.Params.Attention, false),
		RequestID: or(in.Params.RequestId, uuid.Nil), BatchID: or(in.Params.BatchId, uuid.Nil),
	}, page)
	if err != nil {
		return nil, err
	}
	return api.ListPayments200JSONResponse{Items: each(found, fromPayment), Total: total, Page: page.Number, Size: page.Size}, nil
}

// ReadPayment is one payment.
func (h Payments) ReadPayment(ctx context.Context, in api.ReadPaymentRequestObject) (api.ReadPaymentResponseObject, error) {
	p, back, err := h.Payments.Get(ctx, in.Id)
	if err != nil {
		return nil, err
	}
	out := fromPayment(p)
	out.Recoveries = each(back, fromRecovery)
	return api.ReadPayment200JSONResponse{Body: out, Headers: api.ReadPayment200ResponseHeaders{ETag: etag.Version(p.Version)}}, nil
}

// CompletePayment records what a card or a voucher paid.
func (h Payments) CompletePayment(ctx context.Context, in api.CompletePaymentRequestObject) (api.CompletePaymentResponseObject, error) {
	p, err := h.Payments.Complete(ctx, in.Id, int64(in.Params.IfMatch), money.Pence(in.Body.AmountPence), in.Body.Words)
	if err != nil {
		return nil, err
	}
	return api.CompletePayment200JSONResponse{Body: fromPayment(p), Headers: api.CompletePayment200ResponseHeaders{ETag: etag.Version(p.Version)}}, nil
}

// CancelPayment takes a planned payment back.
func (h Payments) CancelPayment(ctx context.Context, in api.CancelPaymentRequestObject) (api.CancelPaymentResponseObject, error) {
	p, err := h.Payments.Cancel(ctx, in.Id, int64(in.Params.IfMatch), in.Body.Words)
	if err != nil {
		return nil, err
	}
	return api.CancelPayment200JSONResponse{Body: fromPayment(p), Headers: api.CancelPayment200ResponseHeaders{ETag: etag.Version(p.Version)}}, nil
}

// RecoverPayment records a credit note, or money that came back.
func (h Payments) RecoverPayment(ctx context.Context, in api.RecoverPaymentRequestObject) (api.RecoverPaymentResponseObject, error) {
	p, err := h.Payments.Recover(ctx, in.Id, int64(in.Params.IfMatch), payment.Recovery{
		Kind: payment.RecoveryKind(in.Body.Kind), Pence: money.Pence(in.Body.AmountPence), Document: in.Body.Document, Words: in.Body.Words,
	})
	if err != nil {
		return nil, err
	}
	return api.RecoverPayment200JSONResponse{Body: fromPayment(p), Headers: api.RecoverPayment200ResponseHeaders{ETag: etag.Version(p.Version)}}, nil
}

// ListBatches is a page of batches.
func (h Payments) ListBatches(ctx context.Context, in api.ListBatchesRequestObject) (api.ListBatchesResponseObject, error) {
	page := requestPage(in.Params.Page, in.Params.Size)
	found, total, err := h.Payments.Batches(ctx, payment.BatchFilter{
		States: each(or(in.Params.State, nil), func(s api.BatchState) payment.BatchState { return payment.BatchState(s) }), Area: or(in.Params.Area, ""),
	}, page)
	if err != nil {
		return nil, err
	}
	return api.ListBatches200JSONResponse{Items: each(found, fromBatch), Total: total, Page: page.Number, Size: page.Size}, nil
}

// CreateBatch gathers payments.
func (h Payments) CreateBatch(ctx context.Context, in api.CreateBatchRequestObject) (api.CreateBatchResponseObject, error) {
	b, err := h.Payments.Gather(ctx, in.Body.Area, payment.Method(in.Body.Method), in.Body.PaymentIds)
	if err != nil {
		return nil, err
	}
	return api.CreateBatch201JSONResponse{Body: fromBatch(b), Headers: api.CreateBatch201ResponseHeaders{ETag: etag.Version(b.Version)}}, nil
}

// ReadBatch is one batch.
func (h Payments) ReadBatch(ctx context.Context, in api.ReadBatchRequestObject) (api.ReadBatchResponseObject, error) {
	b, err := h.Payments.Batch(ctx, in.Id)
	if err != nil {
		return nil, err
	}
	return api.ReadBatch200JSONResponse{Body: fromBatch(b), Headers: api.ReadBatch200ResponseHeaders{ETag: etag.Version(b.Version)}}, nil
}

// RemoveFromBatch takes a payment out of a batch.
func (h Payments) RemoveFromBatch(ctx context.Context, in api.RemoveFromBatchRequestObject) (api.RemoveFromBatchResponseObject, error) {
	b, err := h.Payments.Remove(ctx, in.Id, in.Payment)
	if err != nil {
		return nil, err
	}
	return api.RemoveFromBatch200JSONResponse{Body: fromBatch(b), Headers: api.RemoveFromBatch200ResponseHeaders{ETag: etag.Version(b.Version)}}, nil
}

// ExportBatch makes the file of a batch.
func (h Payments) ExportBatch(ctx context.Context, in api.ExportBatchRequestObject) (api.ExportBatchResponseObject, error) {
	b, err := h.Payments.Export(ctx, in.Id, int64(in.Params.IfMatch), payment.Format(in.Body.Format), in.Body.ProcessingDay.Time)
	if err != nil {
		return nil, err
	}
	return api.ExportBatch200JSONResponse{Body: fromBatch(b), Headers: api.ExportBatch200ResponseHeaders{ETag: etag.Version(b.Version)}}, nil
}

// DownloadBatch is the file of a batch.
func (h Payments) DownloadBatch(ctx context.Context, in api.DownloadBatchRequestObject) (api.DownloadBatchResponseObject, error) {
	_, file, err := h.Payments.File(ctx, in.Id)
	if err != nil {
		return nil, err
	}
	return api.DownloadBatch200ApplicationoctetStreamResponse{Body: bytes.NewReader(file), ContentLength: int64(len(file))}, nil
}

// ListResults is a page of result files.
func (h Payments) ListResults(ctx context.Context, in api.ListResultsRequestObject) (api.ListResultsResponseObject, error) {
	page := requestPage(in.Params.Page, in.Params.Size)
	found, total, err := h.Payments.Results(ctx, page)
	if err != nil {
		return nil, err
	}
	return api.ListResults200JSONResponse{Items: each(found, fromResult), Total: total, Page: page.Number, Size: page.Size}, nil
}

// UploadResults takes a result file in.
func (h Payments) UploadResults(ctx context.Context, in api.UploadResultsRequestObject) (api.UploadResultsResponseObject, error) {
	file, err := io.ReadAll(io.LimitReader(in.Body, payment.MostBytes+1))
	if err != nil {
		return nil, fault.Wrap(err, fault.Invalid, "The file could not be read to its end. Send it again.")
	}
	r, err := h.Payments.Upload(ctx, in.Params.Area, in.Params.FileName, file)
	if err != nil {
		return nil, err
	}
	return api.UploadResults201JSONResponse(fromResult(r)), nil
}

// ReadResult is one result file.
func (h Payments) ReadResult(ctx context.Context, in api.ReadResultRequestObject) (api.ReadResultResponseObject, error) {
	r, err := h.Payments.Result(ctx, in.Id)
	if err != nil {
		return nil, err
	}
	return api.ReadResult200JSONResponse(fromResult(r)), nil
}

// MapResult says which column is which.
func (h Payments) MapResult(ctx context.Context, in api.MapResultRequestObject) (api.MapResultResponseObject, error) {
	m := payment.Mapping{HeadingLine: in.Body.HeadingLine, Columns: map[payment.Field]int{}}
	for _, c := range in.Body.Columns {
		m.Columns[payment.Field(c.Field)] = c.Column
	}
	r, err := h.Payments.Map(ctx, in.Id, m)
	if err != nil {
		return nil, err
	}
	return api.MapResult200JSONResponse(fromResult(r)), nil
}

// ListResultLines is a page of the lines of a result file.
func (h Payments) ListResultLines(ctx context.Context, in api.ListResultLinesRequestObject) (api.ListResultLinesResponseObject, error) {
	page := requestPage(in.Params.Page, in.Params.Size)
	found, total, err := h.Payments.Lines(ctx, in.Id, payment.LineFilter{
		Findings: each(or(in.Params.Finding, nil), func(f api.Finding) payment.Finding { return payment.Finding(f) }),
	}, page)
	if err != nil {
		return nil, err
	}
	return api.ListResultLines200JSONResponse{Items: each(found, func(l payment.ResultLine) api.ResultLine {
		return api.ResultLine{
			Line: l.Line.Line, Reference: l.Reference, Verdict: string(l.Verdict), Pence: int64(l.Pence), Code: l.Code,
			Finding: string(l.Finding), Reason: l.Reason, PaymentId: l.PaymentID, RequestId: l.RequestID,
		}
	}), Total: total, Page: page.Number, Size: page.Size}, nil
}

func toPlan(p api.PaymentPlan) payment.Plan {
	return payment.Plan{
		LineID: p.LineId, Method: payment.Method(p.Method), Amount: money.Pence(p.AmountPence), Note: p.Note, Replaces: p.Replaces,
		Payee: payment.Payee{Kind: payment.Kind(p.Payee.Kind), SupplierID: p.Payee.SupplierId, Name: p.Payee.Name},
	}
}

func fromPayment(p *payment.Payment) api.Payment {
	return api.Payment{
		Id: p.ID, Reference: p.Reference, RequestId: p.RequestID, RequestReference: p.RequestReference, Area: p.Area, LineId: p.LineID,
		Payee:  api.Payee{Kind: api.PayeeKind(p.Payee.Kind), SupplierId: p.Payee.SupplierID, Name: p.Payee.Name},
		Method: api.PaymentMethod(p.Method), AmountPence: int64(p.Amount), PaidPence: int64(p.Paid), RecoveredPence: int64(p.Recovered),
		State: api.PaymentState(p.State), BatchId: p.BatchID, BatchReference: p.BatchReference, Replaces: p.Replaces, ReplacedBy: p.ReplacedBy,
		Note: p.Note, Code: p.Code, Words: p.Words, PlannedAt: p.PlannedAt, PlannedByName: p.PlannedByName,
		SettledAt: p.SettledAt, SettledByName: p.SettledByName, ChangedAt: p.ChangedAt, Attention: p.Attention, Version: p.Version,
	}
}

func fromRecovery(r payment.Recovery) api.Recovery {
	return api.Recovery{
		Id: r.ID, Kind: api.RecoveryKind(r.Kind), Pence: int64(r.Pence), Document: r.Document, Words: r.Words, At: r.At, ByName: r.ByName,
	}
}

func fromDue(d payment.Due) api.PaymentDue {
	return api.PaymentDue{
		RequestId: d.RequestID, Reference: d.Reference, Area: d.Area, FirstLine: d.FirstLine, Lines: d.Lines, CoachName: d.CoachName,
		AwardedPence: int64(d.Awarded), PaidPence: int64(d.Paid), InFlightPence: int64(d.InFlight), LeftPence: int64(d.Left), ApprovedAt: d.ApprovedAt,
	}
}

func fromBatch(b *payment.Batch) api.Batch {
	out := api.Batch{
		Id: b.ID, Reference: b.Reference, Area: b.Area, Method: api.PaymentMethod(b.Method), State: api.BatchState(b.State),
		CreatedAt: b.CreatedAt, CreatedByName: b.CreatedByName, Count: b.Count, Pence: int64(b.Pence),
		Waiting: b.Waiting, WaitingPence: int64(b.WaitingPence), Paid: b.Figures.Paid, PaidPence: int64(b.PaidPence),
		Failed: b.Figures.Failed, FailedPence: int64(b.FailedPence), ShortPence: int64(b.Short), Version: b.Version,
	}
	if b.State != payment.Open {
		out.Format, out.ProcessingDay = api.BatchFormat(b.Format), openapi.Date{Time: b.ProcessingDay}
		out.FileName, out.Sha256, out.ExportedAt, out.ExportedByName = b.FileName(), hex.EncodeToString(b.Hash), b.ExportedAt, b.ExportedName
	}
	return out
}

func fromResult(r *payment.Result) api.Result {
	out := api.Result{
		Id: r.ID, FileName: r.FileName, Area: r.Area, State: api.ResultState(r.State), Message: r.Message, At: r.At, ByName: r.ByName,
		Found: each(r.Found, func(f payment.FindingTotal) api.FindingTotal {
			return api.FindingTotal{Finding: api.Finding(f.Finding), Count: f.Count, Pence: int64(f.Pence)}
		}),
	}
	if r.State == payment.NeedsMapping {
		out.Preview = api.Preview{HeadingLine: r.HeadingLine, Lines: r.Shown}
		out.Mapping.HeadingLine = r.HeadingLine
		for _, f := range payment.Fields {
			if n, ok := r.Columns[f]; ok {
				out.Mapping.Columns = append(out.Mapping.Columns, api.ResultColumn{Column: n, Field: api.ResultField(f)})
			}
		}
	}
	return out
}
