package page_test

import (
	"context"
	"strings"
	"sync"

	"github.com/google/uuid"

	fundingapi "github.com/instead-support/instead/api/funding"
	needsapi "github.com/instead-support/instead/api/needs"
	outcomesapi "github.com/instead-support/instead/api/outcomes"
	"github.com/instead-support/instead/pkg/fault"
)

// memoryNeeds is the needs service, as far as pages ask it. What a test does
// not need is not there, and fails the test that asks for it after all.
type memoryNeeds struct {
	needsapi.StrictServerInterface
	mu          sync.Mutex
	me          needsapi.Me // with a jobseeker's id once they are linked
	code        string      // the invitation that works
	refused     error       // of every invitation, if set
	jobseekers  []needsapi.Jobseeker
	statements  []needsapi.Statement // newest first
	assessments []needsapi.Assessment
	keys        map[string]bool // of forms that did their work
	messages    messages
	invited     int                          // how many codes were made
	saves       []needsapi.AssessmentVersion // newest first
	searched    []string                     // what was looked for
}

// memoryFunding is the funding service, likewise.
type memoryFunding struct {
	fundingapi.StrictServerInterface
	mu       sync.Mutex
	courses  []fundingapi.Course
	imports  []fundingapi.Import
	problems []fundingapi.ImportProblem
	uploaded string // the file last uploaded
	requests []*fundingapi.Request
	linked   uuid.UUID // the jobseeker whom a public person is
	payments []*fundingapi.Payment
	result   *fundingapi.Result
	mapped   fundingapi.ResultMapping // what was last said of a result's columns

	keys      map[string]bool // of forms that did their work
	decisions int
	fails     error // what the next decision fails with

	messages   messages
	allowances []*fundingapi.Allowance
	edits      int  // how often lines were saved
	needsDown  bool // so that nothing can be submitted
	papers     []paper
	questions  []fundingapi.Question

	challengesWait bool // until a coach has made them fit

	may    []fundingapi.Reach // what whoever asks may decide
	grants []*fundingapi.Grant
	staff  []fundingapi.Colleague
	leads  fundingapi.LineManager

	reminders []fundingapi.Reminder

	called map[uuid.UUID]string // by id: suppliers, courses, coaches
}

// memoryOutcomes is the outcomes service, likewise.
type memoryOutcomes struct {
	outcomesapi.StrictServerInterface
	outcomes []outcomesapi.Outcome
	waiting  []outcomesapi.Waiting
	answers  []outcomesapi.Answer
	of       []uuid.UUID // whose checks were looked for last
	fails    error       // what the next answer fails with
	ratings  []outcomesapi.Rating
	useful   []outcomesapi.Usefulness
	ballots  []outcomesapi.Ballot
	votes    []int
}

func (m *memoryOutcomes) ListBallots(context.Context, outcomesapi.ListBallotsRequestObject) (outcomesapi.ListBallotsResponseObject, error) {
	return outcomesapi.ListBallots200JSONResponse{Items: append([]outcomesapi.Ballot{}, m.ballots...), Total: len(m.ballots), Page: 1, Size: 20}, nil
}

func (m *memoryOutcomes) ReadBallot(_ context.Context, r outcomesapi.ReadBallotRequestObject) (outcomesapi.ReadBallotResponseObject, error) {
	for _, b := range m.ballots {
		if b.Id == r.Id {
			return outcomesapi.ReadBallot200JSONResponse{Body: b}, nil
		}
	}
	return nil, fault.New(fault.NotFound, "There is no such ballot.")
}

func (m *memoryOutcomes) CastVote(_ context.Context, r outcomesapi.CastVoteRequestObject) (outcomesapi.CastVoteResponseObject, error) {
	if m.fails != nil {
		return nil, m.fails
	}
	m.votes = append(m.votes, r.Body.Option)
	return outcomesapi.CastVote200JSONResponse{}, nil
}

func (m *memoryOutcomes) ListUsefulness(_ context.Context, r outcomesapi.ListUsefulnessRequestObject) (outcomesapi.ListUsefulnessResponseObject, error) {
	found := []outcomesapi.Usefulness{}
	for _, u := range m.useful {
		if r.Params.Q == nil || strings.Contains(strings.ToLower(u.CourseName), *r.Params.Q) {
			found = append(found, u)
		}
	}
	return outcomesapi.ListUsefulness200JSONResponse{Items: found, Total: len(found), Page: 1, Size: 10}, nil
}

func (m *memoryOutcomes) ListOutcomes(context.Context, outcomesapi.ListOutcomesRequestObject) (outcomesapi.ListOutcomesResponseObject, error) {
	return outcomesapi.ListOutcomes200JSONResponse{Items: append([]outcomesapi.Outcome{}, m.outcomes...)}, nil
}

func (m *memoryOutcomes) ListChecks(_ context.Context, r outcomesapi.ListChecksRequestObject) (outcomesapi.ListChecksResponseObject, error) {
	m.of = nil
	if r.Params.JobseekerIds != nil {
		m.of = *r.Params.JobseekerIds
	}
	return outcomesapi.ListChecks200JSONResponse{Items: append([]outcomesapi.Waiting{}, m.waiting...), Total: len(m.waiting), Page: 1, Size: 25}, nil
}

// RecordCheck keeps the answer, and the check waits no more.
func (m *memoryOutcomes) RecordCheck(_ context.Context, r outcomesapi.RecordCheckRequestObject) (outcomesapi.RecordCheckResponseObject, error) {
	if m.fails != nil {
		return nil, m.fails
	}
	m.waiting = nil
	m.answers = append(m.answers, *r.Body)
	return outcomesapi.RecordCheck200JSONResponse{}, nil
}

func (m *memoryOutcomes) ListRatings(context.Context, outcomesapi.ListRatingsRequestObject) (outcomesapi.ListRatingsResponseObject, error) {
	return outcomesapi.ListRatings200JSONResponse{Items: append([]outcomesapi.Rating{}, m.ratings...)}, nil
}
