// Package rest is the outcomes service as HTTP: it implements the contract in
// api/outcomes by calling the domain and translating, and asks needs and funding
// over their contracts.
//
// It has no rules, no SQL and no status codes: an error is a fault, which httpx
// turns into an answer.
package rest

import (
	"context"

	"github.com/instead-support/instead/api/etag"
	api "github.com/instead-support/instead/api/outcomes"
	"github.com/instead-support/instead/services/outcomes/internal/occupation"
	"github.com/instead-support/instead/services/outcomes/internal/outcome"
	"github.com/instead-support/instead/services/outcomes/internal/policy"
	"github.com/instead-support/instead/services/outcomes/internal/rating"
	"github.com/instead-support/instead/services/outcomes/internal/voice"
)

// Handler implements the contract.
type Handler struct {
	Outcomes *outcome.Outcomes
	Ratings  *rating.Ratings
	Ballots  *voice.Ballots
}

var _ api.StrictServerInterface = Handler{}

// SearchOccupations finds unit groups of SOC 2020.
func (h Handler) SearchOccupations(ctx context.Context, in api.SearchOccupationsRequestObject) (api.SearchOccupationsResponseObject, error) {
	if _, err := h.Outcomes.Actor(ctx, policy.SearchOccupations); err != nil {
		return nil, err
	}
	found, page := occupation.Find(or(in.Params.Q, "")), toPage(in.Params.Page, in.Params.Size)
	from := min((page.Number-1)*page.Size, len(found))
	shown := found[from:min(from+page.Size, len(found))]
	return api.SearchOccupations200JSONResponse{Items: each(shown, fromOccupation), Total: len(found), Page: page.Number, Size: page.Size}, nil
}

// ListDefinitions is what counts as sustained.
func (h Handler) ListDefinitions(ctx context.Context, _ api.ListDefinitionsRequestObject) (api.ListDefinitionsResponseObject, error) {
	rules, err := h.Outcomes.Rules(ctx)
	if err != nil {
		return nil, err
	}
	return api.ListDefinitions200JSONResponse(fromRules(rules)), nil
}

// ListOutcomes is how it went for somebody.
func (h Handler) ListOutcomes(ctx context.Context, in api.ListOutcomesRequestObject) (api.ListOutcomesResponseObject, error) {
	all, err := h.Outcomes.Of(ctx, in.Id)
	if err != nil {
		return nil, err
	}
	return api.ListOutcomes200JSONResponse{Items: each(all, fromStanding)}, nil
}

// RecordOutcome records a start.
func (h Handler) RecordOutcome(ctx context.Context, in api.RecordOutcomeRequestObject) (api.RecordOutcomeResponseObject, error) {
	o, err := h.Outcomes.Record(ctx, in.Id, toStart(*in.Body))
	if err != nil {
		return nil, err
	}
	return api.RecordOutcome201JSONResponse{Body: fromStanding(o), Headers: api.RecordOutcome201ResponseHeaders{ETag: etag.Version(o.Version())}}, nil
}

// ReadOutcome is one outcome.
func (h Handler) ReadOutcome(ctx context.Context, in api.ReadOutcomeRequestObject) (api.ReadOutcomeResponseObject, error) {
	o, err := h.Outcomes.Get(ctx, in.Id)
	if err != nil {
		return nil, err
	}
	return api.ReadOutcome200JSONResponse{Body: fromStanding(o), Headers: api.ReadOutcome200ResponseHeaders{ETag: etag.Version(o.Version())}}, nil
}

// CorrectOutcome corrects what was recorded of a start.
func (h Handler) CorrectOutcome(ctx context.Context, in api.CorrectOutcomeRequestObject) (api.CorrectOutcomeResponseObject, error) {
	b := in.Body
	o, err := h.Outcomes.Correct(ctx, in.Id, int64(in.Params.IfMatch), toStart(api.Start{
		Kind: b.Kind, Route: b.Route, StartedOn: b.StartedOn, WeeklyMinutes: b.WeeklyMinutes, PayPence: b.PayPence, PayPer: b.PayPer,
		Employer: b.Employer, Occupation: b.Occupation, AllowanceIds: b.AllowanceIds,
	}), b.Why)
	if err != nil {
		return nil, err
	}
	return api.CorrectOutcome200JSONResponse{Body: fromStanding(o), Headers: api.CorrectOutcome200ResponseHeaders{ETag: etag.Version(o.Version())}}, nil
}

// StrikeOutcome says that an outcome never happened.
func (h Handler) StrikeOutcome(ctx context.Context, in api.StrikeOutcomeRequestObject) (api.StrikeOutcomeResponseObject, error) {
	o, err := h.Outcomes.Strike(ctx, in.Id, int64(in.Params.IfMatch), in.Body.Why)
	if err != nil {
		return nil, err
	}
	return api.StrikeOutcome200JSONResponse{Body: fromStanding(o), Headers: api.StrikeOutcome200ResponseHeaders{ETag: etag.Version(o.Version())}}, nil
}

// ListChecks is what waits for an answer.
func (h Handler) ListChecks(ctx context.Context, in api.ListChecksRequestObject) (api.ListChecksResponseObject, error) {
	page := toPage(in.Params.Page, in.Params.Size)
	found, total, overdue, err := h.Outcomes.Checks(ctx, outcome.Filter{
		Upcoming: or(in.Params.Upcoming, false), Mine: or(in.Params.Mine, false), Jobseekers: or(in.Params.JobseekerIds, nil),
	}, page)
	if err != nil {
		return nil, err
	}
	today := h.Outcomes.Today()
	return api.ListChecks200JSONResponse{
		Items: each(found, func(w outcome.Waiting) api.Waiting { return fromWaiting(w, today) }),
		Total: total, Overdue: overdue, Page: page.Number, Size: page.Size,
	}, nil
}

// RecordCheck answers a check.
func (h Handler) RecordCheck(ctx context.Context, in api.RecordCheckRequestObject) (api.RecordCheckResponseObject, error) {
	o, err := h.Outcomes.Answer(ctx, in.Id, int64(in.Params.IfMatch), toAnswer(*in.Body))
	if err != nil {
		return nil, err
	}
	return api.RecordCheck200JSONResponse{Body: fromStanding(o), Headers: api.RecordCheck200ResponseHeaders{ETag: etag.Version(o.Version())}}, nil
}

// CorrectCheck corrects the answer to a check.
func (h Handler) CorrectCheck(ctx context.Context, in api.CorrectCheckRequestObject) (api.CorrectCheckResponseObject, error) {
	b := in.Body
	o, err := h.Outcomes.CorrectAnswer(ctx, in.Id, int64(in.Params.IfMatch), toAnswer(api.Answer{
		InWork: b.InWork, AsOf: b.AsOf, LeftOn: b.LeftOn, WeeklyMinutes: b.WeeklyMinutes, PayPence: b.PayPence, PayPer: b.PayPer, Evidence: b.Evidence, Words: b.Words,
	}), b.Why)
	if err != nil {
		return nil, err
	}
	return api.CorrectCheck200JSONResponse{Body: fromStanding(o), Headers: api.CorrectCheck200ResponseHeaders{ETag: etag.Version(o.Version())}}, nil
}

// ListRatings is what somebody can say was useful or not.
func (h Handler) ListRatings(ctx context.Context, in api.ListRatingsRequestObject) (api.ListRatingsResponseObject, error) {
	all, err := h.Ratings.Of(ctx, in.Id)
	if err != nil {
		return nil, err
	}
	return api.ListRatings200JSONResponse{Items: each(all, fromRating)}, nil
}

// Rate keeps what a jobseeker says of something.
func (h Handler) Rate(ctx context.Context, in api.RateRequestObject) (api.RateResponseObject, error) {
	r, err := h.Ratings.Say(ctx, in.Id, in.About, int64(in.Params.IfMatch), rating.Said{
		Helped: rating.Helped(in.Body.Helped), Course: rating.WouldHelp(in.Body.CourseWouldHelpMore), Words: in.Body.Words,
	})
	if err != nil {
		return nil, err
	}
	return api.Rate200JSONResponse{Body: fromRating(r), Headers: api.Rate200ResponseHeaders{ETag: etag.Version(r.Version)}}, nil
}

// ListUsefulness counts, course by course, who found it pointless.
func (h Handler) ListUsefulness(ctx context.Context, in api.ListUsefulnessRequestObject) (api.ListUsefulnessResponseObject, error) {
	page := toPage(in.Params.Page, in.Params.Size)
	found, total, err := h.Ratings.Useful(ctx, or(in.Params.Q, ""), page)
	if err != nil {
		return nil, err
	}
	return api.ListUsefulness200JSONResponse{Items: each(found, fromUseful), Total: total, Page: page.Number, Size: page.Size}, nil
}

// ListOutcomeAudit is who changed or looked at what is kept of somebody.
func (h Handler) ListOutcomeAudit(ctx context.Context, in api.ListOutcomeAuditRequestObject) (api.ListOutcomeAuditResponseObject, error) {
	page := toPage(in.Params.Page, in.Params.Size)
	found, total, err := h.Outcomes.Trail(ctx, in.Id, page)
	if err != nil {
		return nil, err
	}
	return api.ListOutcomeAudit200JSONResponse{Items: each(found, fromTrace), Total: total, Page: page.Number, Size: page.Size}, nil
}

// ListBallots is what is voted on where the caller belongs.
func (h Handler) ListBallots(ctx context.Context, in api.ListBallotsRequestObject) (api.ListBallotsResponseObject, error) {
	page := toPage(in.Params.Page, in.Params.Size)
	found, total, err := h.Ballots.List(ctx, page)
	if err != nil {
		return nil, err
	}
	return api.ListBallots200JSONResponse{Items: each(found, fromBallot), Total: total, Page: page.Number, Size: page.Size}, nil
}

// OpenBallot sets a ballot up.
func (h Handler) OpenBallot(ctx context.Context, in api.OpenBallotRequestObject) (api.OpenBallotResponseObject, error) {
	b := in.Body
	opened, err := h.Ballots.Open(ctx, voice.Ballot{
		Area: b.Area, Kind: voice.Kind(b.Kind), OpensOn: b.OpensOn.Time, ClosesOn: b.ClosesOn.Time,
	}, b.Priorities, b.CourseIds)
	if err != nil {
		return nil, err
	}
	return api.OpenBallot201JSONResponse{Body: fromBallot(opened), Headers: api.OpenBallot201ResponseHeaders{ETag: etag.Version(opened.Version())}}, nil
}

// ReadBallot is one ballot.
func (h Handler) ReadBallot(ctx context.Context, in api.ReadBallotRequestObject) (api.ReadBallotResponseObject, error) {
	b, err := h.Ballots.Get(ctx, in.Id)
	if err != nil {
		return nil, err
	}
	return api.ReadBallot200JSONResponse{Body: fromBallot(b), Headers: api.ReadBallot200ResponseHeaders{ETag: etag.Version(b.Version())}}, nil
}

// CastVote votes, or changes a vote.
func (h Handler) CastVote(ctx context.Context, in api.CastVoteRequestObject) (api.CastVoteResponseObject, error) {
	b, err := h.Ballots.Vote(ctx, in.Id, in.Body.Option)
	if err != nil {
		return nil, err
	}
	return api.CastVote200JSONResponse{Body: fromBallot(b), Headers: api.CastVote200ResponseHeaders{ETag: etag.Version(b.Version())}}, nil
}

// CancelBallot ends a ballot of which nothing is counted.
func (h Handler) CancelBallot(ctx context.Context, in api.CancelBallotRequestObject) (api.CancelBallotResponseObject, error) {
	b, err := h.Ballots.Cancel(ctx, in.Id, int64(in.Params.IfMatch), in.Body.Why)
	if err != nil {
		return nil, err
	}
	return api.CancelBallot200JSONResponse{Body: fromBallot(b), Headers: api.CancelBallot200ResponseHeaders{ETag: etag.Version(b.Version())}}, nil
}
