package rest

import (
	"context"
	"time"

	"github.com/google/uuid"
	openapi "github.com/oapi-codegen/runtime/types"

	"github.com/instead-support/instead/api/etag"
	api "github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/pkg/money"
	"github.com/instead-support/instead/services/funding/internal/award"
)

// Awards implements the contract's operations on allowances and requests.
type Awards struct{ Awards *award.Awards }

// OpenAllowance names the course that is replaced.
func (h Awards) OpenAllowance(ctx context.Context, in api.OpenAllowanceRequestObject) (api.OpenAllowanceResponseObject, error) {
	a, err := h.Awards.Open(ctx, award.Opening{JobseekerID: in.Body.JobseekerId, CourseID: in.Body.CourseId, PricedOn: in.Body.PricedOn.Time})
	if err != nil {
		return nil, err
	}
	return api.OpenAllowance201JSONResponse{Body: fromAllowance(a), Headers: api.OpenAllowance201ResponseHeaders{ETag: etag.Version(a.Version)}}, nil
}

// ReadAllowance is one allowance with its ledger.
func (h Awards) ReadAllowance(ctx context.Context, in api.ReadAllowanceRequestObject) (api.ReadAllowanceResponseObject, error) {
	a, postings, err := h.Awards.Allowance(ctx, in.Id)
	if err != nil {
		return nil, err
	}
	return api.ReadAllowance200JSONResponse{Body: fromLedger(a, postings), Headers: api.ReadAllowance200ResponseHeaders{ETag: etag.Version(a.Version)}}, nil
}

// ListAllowances lists a jobseeker's.
func (h Awards) ListAllowances(ctx context.Context, in api.ListAllowancesRequestObject) (api.ListAllowancesResponseObject, error) {
	all, err := h.Awards.Allowances(ctx, in.Params.JobseekerId)
	if err != nil {
		return nil, err
	}
	return api.ListAllowances200JSONResponse{Items: each(all, func(a award.Allowance) api.Allowance { return fromAllowance(&a) })}, nil
}

// DraftRequest begins a request.
func (h Awards) DraftRequest(ctx context.Context, in api.DraftRequestRequestObject) (api.DraftRequestResponseObject, error) {
	s, err := h.Awards.Draft(ctx, in.Body.AllowanceId, in.Body.FundId)
	if err != nil {
		return nil, err
	}
	return api.DraftRequest201JSONResponse{Body: fromStanding(s), Headers: api.DraftRequest201ResponseHeaders{ETag: etag.Version(s.Request.Version)}}, nil
}

// EditRequest replaces a request's lines.
func (h Awards) EditRequest(ctx context.Context, in api.EditRequestRequestObject) (api.EditRequestResponseObject, error) {
	s, err := h.Awards.Edit(ctx, in.Id, int64(in.Params.IfMatch), award.Ask{
		Lines:     each(in.Body.Lines, toLine),
		Elsewhere: award.Elsewhere{Pence: money.Pence(in.Body.Elsewhere.Pence), From: in.Body.Elsewhere.From},
	})
	if err != nil {
		return nil, err
	}
	return api.EditRequest200JSONResponse{Body: fromStanding(s), Headers: api.EditRequest200ResponseHeaders{ETag: etag.Version(s.Request.Version)}}, nil
}

// SubmitRequest asks for a decision.
func (h Awards) SubmitRequest(ctx context.Context, in api.SubmitRequestRequestObject) (api.SubmitRequestResponseObject, error) {
	s, err := h.Awards.Submit(ctx, in.Id, int64(in.Params.IfMatch))
	if err != nil {
		return nil, err
	}
	return api.SubmitRequest200JSONResponse{Body: fromStanding(s), Headers: api.SubmitRequest200ResponseHeaders{ETag: etag.Version(s.Request.Version)}}, nil
}

// ApproveRequest says yes.
func (h Awards) ApproveRequest(ctx context.Context, in api.ApproveRequestRequestObject) (api.ApproveRequestResponseObject, error) {
	s, err := h.Awards.Approve(ctx, in.Id, int64(in.Params.IfMatch), toApproval(*in.Body))
	if err != nil {
		return nil, err
	}
	return api.ApproveRequest200JSONResponse{Body: fromStanding(s), Headers: api.ApproveRequest200ResponseHeaders{ETag: etag.Version(s.Request.Version)}}, nil
}

// EndorseRequest says yes as the first of two.
func (h Awards) EndorseRequest(ctx context.Context, in api.EndorseRequestRequestObject) (api.EndorseRequestResponseObject, error) {
	s, err := h.Awards.Endorse(ctx, in.Id, int64(in.Params.IfMatch), award.Reason{Code: award.Code(in.Body.Code), Words: in.Body.Words})
	if err != nil {
		return nil, err
	}
	return api.EndorseRequest200JSONResponse{Body: fromStanding(s), Headers: api.EndorseRequest200ResponseHeaders{ETag: etag.Version(s.Request.Version)}}, nil
}

// DeclineRequest says no.
func (h Awards) DeclineRequest(ctx context.Context, in api.DeclineRequestRequestObject) (api.DeclineRequestResponseObject, error) {
	s, err := h.Awards.Decline(ctx, in.Id, int64(in.Params.IfMatch), award.Reason{Code: award.Code(in.Body.Code), Words: in.Body.Words})
	if err != nil {
		return nil, err
	}
	return api.DeclineRequest200JSONResponse{Body: fromStanding(s), Headers: api.DeclineRequest200ResponseHeaders{ETag: etag.Version(s.Request.Version)}}, nil
}

// ReturnRequest sends a request back with a question.
func (h Awards) ReturnRequest(ctx context.Context, in api.ReturnRequestRequestObject) (api.ReturnRequestResponseObject, error) {
	s, err := h.Awards.Return(ctx, in.Id, int64(in.Params.IfMatch), award.Reason{Code: award.Code(in.Body.Code), Words: in.Body.Words})
	if err != nil {
		return nil, err
	}
	return api.ReturnRequest200JSONResponse{Body: fromStanding(s), Headers: api.ReturnRequest200ResponseHeaders{ETag: etag.Version(s.Request.Version)}}, nil
}

// WithdrawRequest takes a request back.
func (h Awards) WithdrawRequest(ctx context.Context, in api.WithdrawRequestRequestObject) (api.WithdrawRequestResponseObject, error) {
	s, err := h.Awards.Withdraw(ctx, in.Id, int64(in.Params.IfMatch), in.Body.Words)
	if err != nil {
		return nil, err
	}
	return api.WithdrawRequest200JSONResponse{Body: fromStanding(s), Headers: api.WithdrawRequest200ResponseHeaders{ETag: etag.Version(s.Request.Version)}}, nil
}

// CancelRequest gives back what was promised.
func (h Awards) CancelRequest(ctx context.Context, in api.CancelRequestRequestObject) (api.CancelRequestResponseObject, error) {
	s, err := h.Awards.Cancel(ctx, in.Id, int64(in.Params.IfMatch), in.Body.Words)
	if err != nil {
		return nil, err
	}
	return api.CancelRequest200JSONResponse{Body: fromStanding(s), Headers: api.CancelRequest200ResponseHeaders{ETag: etag.Version(s.Request.Version)}}, nil
}

// KeepRequest answers the warning that an approval runs out.
func (h Awards) KeepRequest(ctx context.Context, in api.KeepRequestRequestObject) (api.KeepRequestResponseObject, error) {
	s, err := h.Awards.Keep(ctx, in.Id, int64(in.Params.IfMatch), in.Body.Words)
	if err != nil {
		return nil, err
	}
	return api.KeepRequest200JSONResponse{Body: fromStanding(s), Headers: api.KeepRequest200ResponseHeaders{ETag: etag.Version(s.Request.Version)}}, nil
}

// ReadRequest is one request.
func (h Awards) ReadRequest(ctx context.Context, in api.ReadRequestRequestObject) (api.ReadRequestResponseObject, error) {
	s, err := h.Awards.Get(ctx, in.Id)
	if err != nil {
		return nil, err
	}
	return api.ReadRequest200JSONResponse{Body: fromStanding(s), Headers: api.ReadRequest200ResponseHeaders{ETag: etag.Version(s.Request.Version)}}, nil
}

// ProposeReduction is a request made to fit.
func (h Awards) ProposeReduction(ctx context.Context, in api.ProposeReductionRequestObject) (api.ProposeReductionResponseObject, error) {
	p, err := h.Awards.Reduction(ctx, in.Id)
	if err != nil {
		return nil, err
	}
	return api.ProposeReduction200JSONResponse{
		AskedPence: int64(p.Asked), AvailablePence: int64(p.Available), OverPence: int64(p.Over),
		Lines: each(p.Lines, fromLine), Elsewhere: fromElsewhere(p.Elsewhere),
	}, nil
}

// ListRequests is a page of them.
func (h Awards) ListRequests(ctx context.Context, in api.ListRequestsRequestObject) (api.ListRequestsResponseObject, error) {
	page := requestPage(in.Params.Page, in.Params.Size)
	found, total, err := h.Awards.List(ctx, award.Filter{
		States: each(or(in.Params.State, nil), func(s api.State) award.State { return award.State(s) }),
		Text:   or(in.Params.Q, ""), Mine: or(in.Params.Mine, false), Decidable: or(in.Params.Decidable, false), Exception: or(in.Params.Exception, false), Automatic: or(in.Params.Automatic, false), Area: or(in.Params.Area, ""),
		JobseekerID: or(in.Params.JobseekerId, uuid.Nil), AllowanceID: or(in.Params.AllowanceId, uuid.Nil),
	}, page)
	if err != nil {
		return nil, err
	}
	return api.ListRequests200JSONResponse{Items: each(found, fromSummary), Total: total, Page: page.Number, Size: page.Size}, nil
}

// ListReminders is a page of what waits for whoever asks.
func (h Awards) ListReminders(ctx context.Context, in api.ListRemindersRequestObject) (api.ListRemindersResponseObject, error) {
	page := requestPage(in.Params.Page, in.Params.Size)
	found, total, err := h.Awards.Reminders(ctx, page)
	if err != nil {
		return nil, err
	}
	return api.ListReminders200JSONResponse{Items: each(found, func(m award.Reminder) api.Reminder {
		return api.Reminder{
			Kind: api.ReminderKind(m.Kind), Since: m.Since, DueOn: openapi.Date{Time: m.Due}, Reference: m.Reference, RequestId: m.RequestID,
			PaymentId: m.PaymentID, BatchId: m.BatchID, JobseekerId: m.JobseekerID, Area: m.Area, Pence: int64(m.Pence),
		}
	}), Total: total, Page: page.Number, Size: page.Size}, nil
}

// SummariseRequests counts them by state.
func (h Awards) SummariseRequests(ctx context.Context, in api.SummariseRequestsRequestObject) (api.SummariseRequestsResponseObject, error) {
	totals, err := h.Awards.Totals(ctx, award.Filter{
		Mine: or(in.Params.Mine, false), Decidable: or(in.Params.Decidable, false), Exception: or(in.Params.Exception, false), Automatic: or(in.Params.Automatic, false),
	})
	if err != nil {
		return nil, err
	}
	return api.SummariseRequests200JSONResponse{Items: each(totals, func(t award.StateTotal) api.StateTotal {
		return api.StateTotal{
			State: api.State(t.State), Count: t.Count, AskedPence: int64(t.Asked), AwardedPence: int64(t.Awarded), Oldest: or(t.Oldest, time.Time{}),
		}
	})}, nil
}

// AskException asks to pass the cap.
func (h Awards) AskException(ctx context.Context, in api.AskExceptionRequestObject) (api.AskExceptionResponseObject, error) {
	s, err := h.Awards.AskException(ctx, in.Id, int64(in.Params.IfMatch), in.Body.Words)
	if err != nil {
		return nil, err
	}
	return api.AskException200JSONResponse{Body: fromStanding(s), Headers: api.AskException200ResponseHeaders{ETag: etag.Version(s.Request.Version)}}, nil
}

// AllowException lets the cap be passed.
func (h Awards) AllowException(ctx context.Context, in api.AllowExceptionRequestObject) (api.AllowExceptionResponseObject, error) {
	s, err := h.Awards.AllowException(ctx, in.Id, int64(in.Params.IfMatch), money.Pence(in.Body.OverPence), award.Code(in.Body.Code), in.Body.Words)
	if err != nil {
		return nil, err
	}
	return api.AllowException200JSONResponse{Body: fromStanding(s), Headers: api.AllowException200ResponseHeaders{ETag: etag.Version(s.Request.Version)}}, nil
}

// RefuseException does not let it.
func (h Awards) RefuseException(ctx context.Context, in api.RefuseExceptionRequestObject) (api.RefuseExceptionResponseObject, error) {
	s, err := h.Awards.RefuseException(ctx, in.Id, int64(in.Params.IfMatch), award.Code(in.Body.Code), in.Body.Words)
	if err != nil {
		return nil, err
	}
	return api.RefuseException200JSONResponse{Body: fromStanding(s), Headers: api.RefuseException200ResponseHeaders{ETag: etag.Version(s.Request.Version)}}, nil
}

// ListAutomatic is a page of what funds approved by their own rule.
func (h Awards) ListAutomatic(ctx context.Context, in api.ListAutomaticRequestObject) (api.ListAutomaticResponseObject, error) {
	page := requestPage(in.Params.Page, in.Params.Size)
	found, total, err := h.Awards.Automatics(ctx, award.AutomaticFilter{Review: award.ReviewState(or(in.Params.Review, "")), Area: or(in.Params.Area, "")}, page)
	if err != nil {
		return nil, err
	}
	return api.ListAutomatic200JSONResponse{Items: each(found, func(a award.AutomaticSummary) api.AutomaticApproval {
		return api.AutomaticApproval{
			Request: fromSummary(a.Summary), Fund: fromFunder(a.Fund), Automatic: fromAutomatic(a.Automatic), ReviewState: api.ReviewState(a.Automatic.State()),
		}
	}), Total: total, Page: page.Number, Size: page.Size}, nil
}

// ReviewAutomatic says whether one would have approved it too.
func (h Awards) ReviewAutomatic(ctx context.Context, in api.ReviewAutomaticRequestObject) (api.ReviewAutomaticResponseObject, error) {
	s, err := h.Awards.Review(ctx, in.Id, in.Body.Agrees, in.Body.Words)
	if err != nil {
		return nil, err
	}
	return api.ReviewAutomatic200JSONResponse{Body: fromStanding(s), Headers: api.ReviewAutomatic200ResponseHeaders{ETag: etag.Version(s.Request.Version)}}, nil
}

// ListRequestAudit is who changed or looked at a request.
func (h Awards) ListRequestAudit(ctx context.Context, in api.ListRequestAuditRequestObject) (api.ListRequestAuditResponseObject, error) {
	page := requestPage(in.Params.Page, in.Params.Size)
	trail, total, err := h.Awards.Trail(ctx, in.Id, page)
	if err != nil {
		return nil, err
	}
	return api.ListRequestAudit200JSONResponse{Items: each(trail, func(t award.Trace) api.AuditEntry {
		return api.AuditEntry{At: t.At, PersonId: t.Person, Action: t.Action, Subject: t.Subject, SubjectId: t.SubjectID}
	}), Total: total, Page: page.Number, Size: page.Size}, nil
}

func requestPage(number, size *int) award.Page {
	return award.Page{Number: or(number, 1), Size: or(size, 25)}
}

func toLine(l api.NewLine) award.Line {
	return award.Line{
		ID: l.Id, What: l.What, Why: l.Why, NeedID: l.NeedId, Category: award.Category(l.Category),
		Supplier: l.Supplier, Amount: money.Pence(l.AmountPence), Quote: l.Quote,
	}
}

func toApproval(a api.Approval) award.Reason {
	return award.Reason{Code: award.Code(a.Code), Words: a.Words, Approval: award.Approval{
		Lines: each(a.Lines, func(g api.GrantedLine) award.Granted {
			return award.Granted{Line: g.LineId, Pence: money.Pence(g.GrantedPence), Code: award.Code(g.Code)}
		}),
		OtherFunding: a.OtherFunding, Scrutiny: a.Scrutiny, Conflict: award.Conflict(a.Conflict),
	}}
}
