package page_test

import (
	"context"

	"github.com/google/uuid"

	"github.com/instead-support/instead/api/etag"
	"github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/pkg/fault"
)

// What finance does, done in memory: as much of it as a page must be seen to
// handle. The rules are the service's own to test.

// promised is what of a request is neither paid nor given back.
func (m *memoryFunding) promised(r *funding.Request) int64 {
	left := r.AwardedPence
	for _, p := range m.payments {
		if p.RequestId == r.Id {
			left -= p.PaidPence
		}
	}
	return left
}

// left is what is promised and not on its way yet.
func (m *memoryFunding) left(r *funding.Request) int64 {
	left := m.promised(r)
	for _, p := range m.payments {
		if p.RequestId == r.Id && (p.State == funding.PaymentPlanned || p.State == funding.PaymentBatched || p.State == funding.PaymentSent) {
			left -= p.AmountPence
		}
	}
	return left
}

func (m *memoryFunding) ListDue(_ context.Context, in funding.ListDueRequestObject) (funding.ListDueResponseObject, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := funding.ListDue200JSONResponse{Items: []funding.PaymentDue{}, Page: 1, Size: 25}
	for _, r := range m.requests {
		if r.State != funding.Approved || m.left(r) == 0 || in.Params.RequestId != nil && *in.Params.RequestId != r.Id || in.Params.Q != nil && *in.Params.Q != r.Reference {
			continue
		}
		out.Items = append(out.Items, funding.PaymentDue{
			RequestId: r.Id, Reference: r.Reference, Area: r.Area, FirstLine: r.Lines[0].What, Lines: len(r.Lines), CoachName: r.Allowance.CoachName,
			AwardedPence: r.AwardedPence, PaidPence: r.AwardedPence - m.promised(r), InFlightPence: m.promised(r) - m.left(r), LeftPence: m.left(r), ApprovedAt: r.DecidedAt,
		})
	}
	out.Total = len(out.Items)
	return out, nil
}

func (m *memoryFunding) SummarisePayments(context.Context, funding.SummarisePaymentsRequestObject) (funding.SummarisePaymentsResponseObject, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := funding.SummarisePayments200JSONResponse{States: []funding.PaymentStateTotal{}, Ready: []funding.PaymentsReady{}}
	for _, r := range m.requests {
		if r.State == funding.Approved && m.left(r) > 0 {
			out.Requests, out.LeftPence = out.Requests+1, out.LeftPence+m.left(r)
		}
	}
	for _, p := range m.payments {
		out.States = append(out.States, funding.PaymentStateTotal{State: p.State, Count: 1, Pence: p.AmountPence})
		if p.Attention {
			out.Attention++
		}
	}
	return out, nil
}

func (m *memoryFunding) ListPayments(_ context.Context, in funding.ListPaymentsRequestObject) (funding.ListPaymentsResponseObject, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := funding.ListPayments200JSONResponse{Items: []funding.Payment{}, Page: 1, Size: 25}
	for _, p := range m.payments {
		if (in.Params.RequestId == nil || *in.Params.RequestId == p.RequestId) && (in.Params.Attention == nil || p.Attention) {
			out.Items = append(out.Items, *p)
		}
	}
	out.Total = len(out.Items)
	return out, nil
}

func (m *memoryFunding) PlanPayments(ctx context.Context, in funding.PlanPaymentsRequestObject) (funding.PlanPaymentsResponseObject, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, err := m.messages.once(ctx, *in.Body, func() (uuid.UUID, error) {
		plan := in.Body.Payments[0]
		for _, r := range m.requests {
			if r.Id != in.Id {
				continue
			}
			if left := m.left(r); plan.AmountPence > left {
				return uuid.Nil, fault.New(fault.OverCap, "That is more than is left to pay.")
			}
			p := &funding.Payment{
				Id: uuid.New(), Reference: "PY-7K3M-92QX", RequestId: r.Id, RequestReference: r.Reference, Area: r.Area, LineId: plan.LineId,
				Payee: plan.Payee, Method: plan.Method, AmountPence: plan.AmountPence, State: funding.PaymentPlanned, Note: plan.Note,
				PlannedAt: now, PlannedByName: grace.Name, Version: 1, Replaces: plan.Replaces,
			}
			m.payments = append(m.payments, p)
		}
		return in.Id, nil
	})
	return funding.PlanPayments201JSONResponse{}, err
}

func (m *memoryFunding) payment(id uuid.UUID) (*funding.Payment, error) {
	for _, p := range m.payments {
		if p.Id == id {
			return p, nil
		}
	}
	return nil, fault.New(fault.NotFound, "We could not find that.")
}

func (m *memoryFunding) ReadPayment(_ context.Context, in funding.ReadPaymentRequestObject) (funding.ReadPaymentResponseObject, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p, err := m.payment(in.Id)
	if err != nil {
		return nil, err
	}
	return funding.ReadPayment200JSONResponse{Body: *p, Headers: funding.ReadPayment200ResponseHeaders{ETag: etag.Version(p.Version)}}, nil
}

func (m *memoryFunding) CompletePayment(ctx context.Context, in funding.CompletePaymentRequestObject) (funding.CompletePaymentResponseObject, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p, err := m.payment(in.Id)
	if err != nil {
		return nil, err
	}
	_, err = m.messages.once(ctx, *in.Body, func() (uuid.UUID, error) {
		if int64(in.Params.IfMatch) != p.Version {
			return uuid.Nil, fault.Overtaken(fault.Change{By: "Imran Sadiq", What: "recorded a payment", At: now})
		}
		p.State, p.PaidPence, p.SettledAt, p.SettledByName, p.Words, p.Version = funding.PaymentPaid, in.Body.AmountPence, now, grace.Name, in.Body.Words, p.Version+1
		p.Attention = p.PaidPence < p.AmountPence
		return p.Id, nil
	})
	return funding.CompletePayment200JSONResponse{Body: *p, Headers: funding.CompletePayment200ResponseHeaders{ETag: etag.Version(p.Version)}}, err
}

// aResult is a result file that nobody understands, until it is mapped.
func (m *memoryFunding) ReadResult(_ context.Context, in funding.ReadResultRequestObject) (funding.ReadResultResponseObject, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.result == nil || m.result.Id != in.Id {
		return nil, fault.New(fault.NotFound, "We could not find that.")
	}
	return funding.ReadResult200JSONResponse(*m.result), nil
}

func (m *memoryFunding) UploadResults(context.Context, funding.UploadResultsRequestObject) (funding.UploadResultsResponseObject, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.result = &funding.Result{
		Id: uuid.New(), FileName: "r.csv", Area: "Oldham", State: funding.ResultNeedsMapping, Message: "Say which column has the amount.", At: now, ByName: grace.Name,
		Preview: funding.Preview{HeadingLine: 1, Lines: [][]string{{"reference", "outcome", "how much"}, {"PY-7K3M-92QX", "paid", "190.00"}}},
		Mapping: funding.ResultMapping{HeadingLine: 1, Columns: []funding.ResultColumn{{Field: funding.ResultReference, Column: 1}, {Field: funding.ResultOutcome, Column: 2}}},
		Found:   []funding.FindingTotal{},
	}
	return funding.UploadResults201JSONResponse(*m.result), nil
}

func (m *memoryFunding) MapResult(_ context.Context, in funding.MapResultRequestObject) (funding.MapResultResponseObject, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.mapped = *in.Body
	m.result.State = funding.ResultDone
	m.result.Found = []funding.FindingTotal{{Finding: funding.FoundPaid, Count: 1, Pence: 19000}, {Finding: funding.FoundUnknown, Count: 1, Pence: 100}}
	return funding.MapResult200JSONResponse(*m.result), nil
}

func (m *memoryFunding) ListResultLines(context.Context, funding.ListResultLinesRequestObject) (funding.ListResultLinesResponseObject, error) {
	return funding.ListResultLines200JSONResponse{Items: []funding.ResultLine{
		{Line: 3, Reference: "PY-0000-0000", Verdict: "paid", Pence: 100, Finding: string(funding.FoundUnknown), Reason: "There is no such payment in this area."},
	}, Total: 1, Page: 1, Size: 50}, nil
}

func (m *memoryFunding) ListSuppliers(context.Context, funding.ListSuppliersRequestObject) (funding.ListSuppliersResponseObject, error) {
	return funding.ListSuppliers200JSONResponse{Items: []funding.Supplier{}, Page: 1, Size: 200}, nil
}
