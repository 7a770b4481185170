package rest

import (
	"context"

	"github.com/instead-support/instead/api/etag"
	api "github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/services/funding/internal/award"
)

// AskQuestion asks about a request without deciding it.
func (h Awards) AskQuestion(ctx context.Context, in api.AskQuestionRequestObject) (api.AskQuestionResponseObject, error) {
	q, err := h.Awards.Ask(ctx, in.Id, award.Addressee(in.Body.To), in.Body.Words)
	if err != nil {
		return nil, err
	}
	return api.AskQuestion201JSONResponse(fromQuestion(q)), nil
}

// AnswerQuestion answers it.
func (h Awards) AnswerQuestion(ctx context.Context, in api.AnswerQuestionRequestObject) (api.AnswerQuestionResponseObject, error) {
	q, err := h.Awards.Answer(ctx, in.Id, in.Body.Words)
	if err != nil {
		return nil, err
	}
	return api.AnswerQuestion200JSONResponse(fromQuestion(q)), nil
}

// ListQuestions lists those about one request.
func (h Awards) ListQuestions(ctx context.Context, in api.ListQuestionsRequestObject) (api.ListQuestionsResponseObject, error) {
	all, err := h.Awards.QuestionsOf(ctx, in.Id)
	if err != nil {
		return nil, err
	}
	return api.ListQuestions200JSONResponse{Items: each(all, fromQuestion)}, nil
}

// FindQuestions is a page of those about requests that wait.
func (h Awards) FindQuestions(ctx context.Context, in api.FindQuestionsRequestObject) (api.FindQuestionsResponseObject, error) {
	page := requestPage(in.Params.Page, in.Params.Size)
	found, total, err := h.Awards.Questions(ctx, award.Questions(in.Params.Which), page)
	if err != nil {
		return nil, err
	}
	return api.FindQuestions200JSONResponse{Items: each(found, fromQuestion), Total: total, Page: page.Number, Size: page.Size}, nil
}

// ChallengeRequest asks for another look at what was declined.
func (h Awards) ChallengeRequest(ctx context.Context, in api.ChallengeRequestRequestObject) (api.ChallengeRequestResponseObject, error) {
	s, err := h.Awards.Challenge(ctx, in.Id, int64(in.Params.IfMatch), in.Body.Words)
	if err != nil {
		return nil, err
	}
	return api.ChallengeRequest200JSONResponse{
		Body: fromStanding(s), Headers: api.ChallengeRequest200ResponseHeaders{ETag: etag.Version(s.Request.Version)},
	}, nil
}

func fromQuestion(q award.Question) api.Question {
	return api.Question{
		Id: q.ID, RequestId: q.RequestID, Reference: q.Reference, JobseekerId: q.JobseekerID, To: api.Addressee(q.To),
		Words: q.Words, AskedById: q.By, AskedByName: q.ByName, AskedAt: q.At,
		Answer: q.Answer, AnsweredById: q.AnsweredBy, AnsweredByName: q.AnswerName, AnsweredAt: q.AnsweredAt,
	}
}
