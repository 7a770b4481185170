package rest

import (
	"context"

	"github.com/google/uuid"

	"github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/api/needs"
	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/services/outcomes/internal/outcome"
	"github.com/instead-support/instead/services/outcomes/internal/rating"
)

// errNoAnswer is what comes of an answer that is not of the contract, such as a
// proxy's that says 200 to everything.
var errNoAnswer = fault.New(fault.Unavailable, "What is known elsewhere cannot be checked right now. Nothing was changed. Try again in a minute.")

// Needs asks the needs service, over its contract and as the person acting. It is
// the outcome.Needs.
type Needs struct {
	API needs.ClientWithResponsesInterface
}

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
func (n Needs) Jobseeker(ctx context.Context, id uuid.UUID) (outcome.Jobseeker, error) {
	j, err := n.API.ReadJobseekerWithResponse(ctx, id)
	if err != nil {
		return outcome.Jobseeker{}, err
	}
	if j.JSON200 == nil {
		return outcome.Jobseeker{}, errNoAnswer
	}
	return outcome.Jobseeker{ID: j.JSON200.Id, Area: j.JSON200.Area, CoachID: j.JSON200.CoachId, CoachName: j.JSON200.CoachName, Version: j.JSON200.Version}, nil
}

// Funding asks the funding service, over its contract and as the person acting. It
// is the outcome.Funding, the rating.Funding and the voice.Catalogue.
type Funding struct {
	API funding.ClientWithResponsesInterface
}

// Allowances are the ids of a jobseeker's allowances.
func (f Funding) Allowances(ctx context.Context, jobseeker uuid.UUID) ([]uuid.UUID, error) {
	courses, err := f.Courses(ctx, jobseeker)
	return each(courses, func(c rating.Subject) uuid.UUID { return c.About }), err
}

// Courses lists the courses of a jobseeker's allowances.
func (f Funding) Courses(ctx context.Context, jobseeker uuid.UUID) ([]rating.Subject, error) {
	found, err := f.API.ListAllowancesWithResponse(ctx, &funding.ListAllowancesParams{JobseekerId: jobseeker})
	if err != nil {
		return nil, err
	}
	if found.JSON200 == nil {
		return nil, errNoAnswer
	}
	return each(found.JSON200.Items, func(a funding.Allowance) rating.Subject {
		return rating.Subject{About: a.Id, Kind: rating.Course, What: a.CourseName, Allowance: a.Id, CourseID: a.CourseId, CourseName: a.CourseName}
	}), nil
}

// Course is what a course is called.
func (f Funding) Course(ctx context.Context, id uuid.UUID) (string, error) {
	read, err := f.API.ReadCourseWithResponse(ctx, id)
	if err != nil {
		return "", err
	}
	if read.JSON200 == nil {
		return "", errNoAnswer
	}
	return read.JSON200.Name, nil
}

// used are the states of a request that something may have been paid for.
var used = []funding.State{funding.Approved, funding.Paid, funding.Closed}

// mostRequests is as many as one page of the contract gives.
const mostRequests = 200

// Paid lists the lines of a jobseeker's requests that money has left for: those
// that were granted, of a request of which something was paid.
func (f Funding) Paid(ctx context.Context, jobseeker uuid.UUID) ([]rating.Subject, error) {
	var lines []rating.Subject
	for page, total := 1, mostRequests; (page-1)*mostRequests < total; page++ {
		found, err := f.API.ListRequestsWithResponse(ctx, &funding.ListRequestsParams{JobseekerId: &jobseeker, State: &used, Page: &page, Size: new(mostRequests)})
		if err != nil {
			return nil, err
		}
		if found.JSON200 == nil {
			return nil, errNoAnswer
		}
		total = found.JSON200.Total
		for _, r := range found.JSON200.Items {
			of, err := f.paidOf(ctx, r.Id)
			if err != nil {
				return nil, err
			}
			lines = append(lines, of...)
		}
	}
	return lines, nil
}

// paidOf lists the lines of one request that money has left for.
func (f Funding) paidOf(ctx context.Context, id uuid.UUID) ([]rating.Subject, error) {
	read, err := f.API.ReadRequestWithResponse(ctx, id)
	if err != nil {
		return nil, err
	}
	r := read.JSON200
	if r == nil {
		return nil, errNoAnswer
	}
	var lines []rating.Subject
	for _, l := range r.Lines {
		if r.PaidPence > 0 && l.GrantedPence > 0 {
			lines = append(lines, rating.Subject{
				About: l.Id, Kind: rating.Line, What: l.What, Allowance: r.Allowance.Id, CourseID: r.Allowance.CourseId,
				CourseName: r.Allowance.CourseName, Request: r.Id, Reference: r.Reference,
			})
		}
	}
	return lines, nil
}
