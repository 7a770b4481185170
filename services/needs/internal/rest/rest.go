// Package rest is the needs service as HTTP: it implements the contract in
// api/needs by calling the domain and translating.
//
// It has no rules, no SQL and no status codes: an error is a fault, which httpx
// turns into an answer.
package rest

import (
	"context"
	"errors"

	"github.com/instead-support/instead/api/etag"
	api "github.com/instead-support/instead/api/needs"
	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/services/needs/internal/assessment"
	"github.com/instead-support/instead/services/needs/internal/jobseeker"
)

// Handler implements the contract.
type Handler struct {
	Jobseekers  *jobseeker.Jobseekers
	Assessments *assessment.Assessments
}

var _ api.StrictServerInterface = Handler{}

// ReadMe says who the caller is.
func (h Handler) ReadMe(ctx context.Context, _ api.ReadMeRequestObject) (api.ReadMeResponseObject, error) {
	me, err := h.Jobseekers.Me(ctx)
	if err != nil {
		return nil, err
	}
	return api.ReadMe200JSONResponse(fromMe(me)), nil
}

// AcceptInvitation links the caller to a record.
func (h Handler) AcceptInvitation(ctx context.Context, in api.AcceptInvitationRequestObject) (api.AcceptInvitationResponseObject, error) {
	me, err := h.Jobseekers.Accept(ctx, in.Body.Code)
	if err != nil {
		return nil, err
	}
	return api.AcceptInvitation200JSONResponse(fromMe(me)), nil
}

// ListJobseekers is the caseload.
func (h Handler) ListJobseekers(ctx context.Context, in api.ListJobseekersRequestObject) (api.ListJobseekersResponseObject, error) {
	page := toPage(in.Params.Page, in.Params.Size)
	shown, total, err := h.Jobseekers.List(ctx, jobseeker.Query{
		Words:      jobseeker.Words(or(in.Params.Q, "")),
		Mine:       or(in.Params.Mine, false),
		Unassessed: or(in.Params.Unassessed, false),
		IDs:        or(in.Params.Ids, nil),
		Page:       page,
	})
	if err != nil {
		return nil, err
	}
	return api.ListJobseekers200JSONResponse{
		Items: each(shown, fromSummary), Total: total, Page: page.Number, Size: page.Size,
	}, nil
}

// AddJobseeker adds one, or answers with who it may be.
func (h Handler) AddJobseeker(ctx context.Context, in api.AddJobseekerRequestObject) (api.AddJobseekerResponseObject, error) {
	j, err := h.Jobseekers.Add(ctx, jobseeker.Newcomer{
		Details: jobseeker.Details{
			Name: in.Body.Name, KnownAs: in.Body.KnownAs, Email: in.Body.Email, Phone: in.Body.Phone, Postcode: in.Body.Postcode,
		},
		Area: in.Body.Area, Different: in.Body.DifferentPerson,
	})
	if duplicate, ok := errors.AsType[*jobseeker.PossibleDuplicate](err); ok {
		return nil, fault.As(err).With("candidates", each(duplicate.Candidates, fromSummary))
	}
	if err != nil {
		return nil, err
	}
	return api.AddJobseeker201JSONResponse{Body: fromJobseeker(j), Headers: api.AddJobseeker201ResponseHeaders{ETag: etag.Version(j.Version)}}, nil
}

// ReadJobseeker is one jobseeker.
func (h Handler) ReadJobseeker(ctx context.Context, in api.ReadJobseekerRequestObject) (api.ReadJobseekerResponseObject, error) {
	j, err := h.Jobseekers.Read(ctx, in.Id)
	if err != nil {
		return nil, err
	}
	return api.ReadJobseeker200JSONResponse{Body: fromJobseeker(j), Headers: api.ReadJobseeker200ResponseHeaders{ETag: etag.Version(j.Version)}}, nil
}

// ChangeJobseeker corrects a jobseeker's details.
func (h Handler) ChangeJobseeker(ctx context.Context, in api.ChangeJobseekerRequestObject) (api.ChangeJobseekerResponseObject, error) {
	j, err := h.Jobseekers.Correct(ctx, in.Id, int64(in.Params.IfMatch), jobseeker.Details{
		Name: in.Body.Name, KnownAs: in.Body.KnownAs, Email: in.Body.Email, Phone: in.Body.Phone, Postcode: in.Body.Postcode,
	})
	if err != nil {
		return nil, err
	}
	return api.ChangeJobseeker200JSONResponse{Body: fromJobseeker(j), Headers: api.ChangeJobseeker200ResponseHeaders{ETag: etag.Version(j.Version)}}, nil
}

// ListCoaches is to whom a jobseeker of an area can be moved.
func (h Handler) ListCoaches(ctx context.Context, in api.ListCoachesRequestObject) (api.ListCoachesResponseObject, error) {
	coaches, err := h.Jobseekers.Coaches(ctx, in.Params.Area)
	if err != nil {
		return nil, err
	}
	return api.ListCoaches200JSONResponse{Items: each(coaches, fromCoach)}, nil
}

// TransferJobseeker moves a jobseeker to another coach.
func (h Handler) TransferJobseeker(ctx context.Context, in api.TransferJobseekerRequestObject) (api.TransferJobseekerResponseObject, error) {
	j, err := h.Jobseekers.Transfer(ctx, in.Id, int64(in.Params.IfMatch), in.Body.CoachId)
	if err != nil {
		return nil, err
	}
	return api.TransferJobseeker200JSONResponse{Body: fromJobseeker(j), Headers: api.TransferJobseeker200ResponseHeaders{ETag: etag.Version(j.Version)}}, nil
}

// InviteJobseeker makes a code, which this answer alone ever shows.
func (h Handler) InviteJobseeker(ctx context.Context, in api.InviteJobseekerRequestObject) (api.InviteJobseekerResponseObject, error) {
	code, until, err := h.Jobseekers.Invite(ctx, in.Id)
	if err != nil {
		return nil, err
	}
	return api.InviteJobseeker201JSONResponse{Code: code.String(), ExpiresAt: until}, nil
}

// ListStatements is what the jobseeker said.
func (h Handler) ListStatements(ctx context.Context, in api.ListStatementsRequestObject) (api.ListStatementsResponseObject, error) {
	all, err := h.Jobseekers.Statements(ctx, in.Id)
	if err != nil {
		return nil, err
	}
	return api.ListStatements200JSONResponse{Items: each(all, fromStatement)}, nil
}

// AddStatement keeps what the jobseeker says.
func (h Handler) AddStatement(ctx context.Context, in api.AddStatementRequestObject) (api.AddStatementResponseObject, error) {
	s, err := h.Jobseekers.Say(ctx, in.Id, in.Body.Words)
	if err != nil {
		return nil, err
	}
	return api.AddStatement201JSONResponse(fromStatement(s)), nil
}

// ReadAssessment is the assessment as it stands.
func (h Handler) ReadAssessment(ctx context.Context, in api.ReadAssessmentRequestObject) (api.ReadAssessmentResponseObject, error) {
	a, err := h.Assessments.Read(ctx, in.Id)
	if err != nil {
		return nil, err
	}
	return api.ReadAssessment200JSONResponse{Body: fromAssessment(a), Headers: api.ReadAssessment200ResponseHeaders{ETag: etag.Version(a.Version)}}, nil
}

// SaveAssessment saves the page as a whole.
func (h Handler) SaveAssessment(ctx context.Context, in api.SaveAssessmentRequestObject) (api.SaveAssessmentResponseObject, error) {
	answers := make([]assessment.Answer, len(in.Body.Needs))
	for i, n := range in.Body.Needs {
		answers[i] = assessment.Answer{
			Category: assessment.Category(n.Category), Standing: assessment.Standing(n.Standing),
			InTheWay: n.InTheWay, WouldRemove: n.WouldRemove,
		}
	}
	a, err := h.Assessments.Save(ctx, in.Id, int64(in.Params.IfMatch), answers)
	if err != nil {
		return nil, err
	}
	return api.SaveAssessment200JSONResponse{Body: fromAssessment(a), Headers: api.SaveAssessment200ResponseHeaders{ETag: etag.Version(a.Version)}}, nil
}

// ListAssessmentVersions is who changed what and when.
func (h Handler) ListAssessmentVersions(ctx context.Context, in api.ListAssessmentVersionsRequestObject) (api.ListAssessmentVersionsResponseObject, error) {
	versions, err := h.Assessments.Versions(ctx, in.Id)
	if err != nil {
		return nil, err
	}
	return api.ListAssessmentVersions200JSONResponse{Items: each(versions, fromVersion)}, nil
}

// ListNeeds is what stands in the way.
func (h Handler) ListNeeds(ctx context.Context, in api.ListNeedsRequestObject) (api.ListNeedsResponseObject, error) {
	needs, err := h.Assessments.Needs(ctx, in.Id)
	if err != nil {
		return nil, err
	}
	return api.ListNeeds200JSONResponse{JobseekerId: in.Id, Items: each(needs, fromNeed)}, nil
}

// ListJobseekerAudit is who changed or looked at a record.
func (h Handler) ListJobseekerAudit(ctx context.Context, in api.ListJobseekerAuditRequestObject) (api.ListJobseekerAuditResponseObject, error) {
	page := toPage(in.Params.Page, in.Params.Size)
	looks, total, err := h.Jobseekers.Looks(ctx, in.Id, page)
	if err != nil {
		return nil, err
	}
	return api.ListJobseekerAudit200JSONResponse{
		Items: each(looks, fromLook), Total: total, Page: page.Number, Size: page.Size,
	}, nil
}
