package rest

import (
	"context"

	"github.com/google/uuid"

	"github.com/instead-support/instead/api/needs"
	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/services/funding/internal/award"
)

// Needs asks the needs service, over its contract and as the person acting. It
// is the award.Needs.
type Needs struct {
	API needs.ClientWithResponsesInterface
}

// errNoAnswer is what comes of an answer that is not of the contract, such as a
// proxy's that says 200 to everything.
var errNoAnswer = fault.New(fault.Unavailable, "The needs cannot be checked right now. Nothing was changed. Try again in a minute.")

// Me is which jobseeker the person acting is.
func (n Needs) Me(ctx context.Context) (uuid.UUID, error) {
	me, err := n.API.ReadMeWithResponse(ctx)
	if err != nil {
		return uuid.Nil, err
	}
	if me.JSON200 == nil {
		return uuid.Nil, errNoAnswer
	}
	return me.JSON200.JobseekerId, nil
}

// Jobseeker is who supports a jobseeker, and where.
func (n Needs) Jobseeker(ctx context.Context, id uuid.UUID) (award.Jobseeker, error) {
	j, err := n.API.ReadJobseekerWithResponse(ctx, id)
	if err != nil {
		return award.Jobseeker{}, err
	}
	if j.JSON200 == nil {
		return award.Jobseeker{}, errNoAnswer
	}
	return award.Jobseeker{ID: j.JSON200.Id, Area: j.JSON200.Area, CoachID: j.JSON200.CoachId, CoachName: j.JSON200.CoachName}, nil
}

// InTheWay lists the needs that stand in a jobseeker's way.
func (n Needs) InTheWay(ctx context.Context, jobseeker uuid.UUID) ([]uuid.UUID, error) {
	found, err := n.API.ListNeedsWithResponse(ctx, jobseeker)
	if err != nil {
		return nil, err
	}
	if found.JSON200 == nil {
		return nil, errNoAnswer
	}
	return each(found.JSON200.Items, func(need needs.Need) uuid.UUID { return need.Id }), nil
}
