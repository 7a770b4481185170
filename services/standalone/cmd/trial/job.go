package main

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/instead-support/instead/api/etag"
	"github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/api/needs"
)

// done is one main job as its answers told of it.
type done struct {
	name      string // of the jobseeker: nobody else has it
	jobseeker uuid.UUID
	request   *funding.Request
}

// job does the main job: a coach takes down what somebody needs and asks for it
// instead of a course, and a manager approves.
func (t *trial) job(ctx context.Context) (d done, err error) {
	d.name = "Trial " + uuid.NewString()
	if err := t.step(ctx, t.coach, "add a jobseeker", func(ctx context.Context) error {
		added, err := t.needs.AddJobseekerWithResponse(ctx, nil, needs.NewJobseeker{Name: d.name, Area: t.Area})
		if err == nil {
			d.jobseeker = added.JSON201.Id
		}
		return err
	}); err != nil {
		return d, err
	}
	if err := t.step(ctx, t.coach, "take down a statement", func(ctx context.Context) error {
		_, err := t.needs.AddStatementWithResponse(ctx, d.jobseeker, nil, needs.AddStatementJSONRequestBody{Words: "This is a trial, and nobody says this."})
		return err
	}); err != nil {
		return d, err
	}
	var need uuid.UUID
	if err := t.step(ctx, t.coach, "take down a need", func(ctx context.Context) error {
		var change needs.AssessmentChange
		change.Needs = append(change.Needs, struct {
			Category    needs.Category `json:"category"`
			InTheWay    string         `json:"in_the_way,omitempty,omitzero"`
			Standing    needs.Standing `json:"standing"`
			WouldRemove string         `json:"would_remove,omitempty,omitzero"`
		}{needs.GettingThere, "No bus before seven.", needs.InTheWay, "A bicycle."})
		saved, err := t.needs.SaveAssessmentWithResponse(ctx, d.jobseeker, &needs.SaveAssessmentParams{}, change)
		if err != nil {
			return err
		}
		for _, n := range saved.JSON200.Needs {
			if n.Category == needs.GettingThere {
				need = n.Id
			}
		}
		return nil
	}); err != nil {
		return d, err
	}
	return d, t.ask(ctx, &d, need)
}

func (t *trial) ask(ctx context.Context, d *done, need uuid.UUID) error {
	var allowance uuid.UUID
	for _, s := range []step{
		{"open an allowance", t.coach, func(ctx context.Context) error {
			opened, err := t.funding.OpenAllowanceWithResponse(ctx, nil, funding.OpenAllowanceJSONRequestBody{JobseekerId: d.jobseeker, CourseId: t.course})
			if err == nil {
				allowance = opened.JSON201.Id
			}
			return err
		}},
		{"begin a request", t.coach, func(ctx context.Context) error {
			drafted, err := t.funding.DraftRequestWithResponse(ctx, nil, funding.DraftRequestJSONRequestBody{AllowanceId: allowance})
			if err == nil {
				d.request = drafted.JSON201
			}
			return err
		}},
		{"write a line", t.coach, func(ctx context.Context) error {
			edited, err := t.funding.EditRequestWithResponse(ctx, d.request.Id, &funding.EditRequestParams{IfMatch: etag.Version(d.request.Version)}, funding.RequestEdit{Lines: []funding.NewLine{
				{What: "A bicycle", Why: "To be there at six.", NeedId: need, Category: "travel", AmountPence: line},
			}})
			if err == nil {
				d.request = edited.JSON200
			}
			return err
		}},
		{"submit it", t.coach, func(ctx context.Context) error {
			sent, err := t.funding.SubmitRequestWithResponse(ctx, d.request.Id, &funding.SubmitRequestParams{IfMatch: etag.Version(d.request.Version)})
			if err == nil {
				d.request = sent.JSON200
			}
			return err
		}},
		{"approve it", t.manager, func(ctx context.Context) error {
			approved, err := t.funding.ApproveRequestWithResponse(ctx, d.request.Id, &funding.ApproveRequestParams{IfMatch: etag.Version(d.request.Version)}, funding.Approval{
				Code: funding.ApproveCodeLeadsToJobOffer, Conflict: funding.NoConflict, OtherFunding: "None: this is a trial.", Scrutiny: "None: this is a trial.",
			})
			if err == nil {
				d.request = approved.JSON200
			}
			return err
		}},
	} {
		if err := t.step(ctx, s.by, s.what, s.do); err != nil {
			return err
		}
	}
	return nil
}

// check reads back what a job was told of, and reports whether it is lost or there
// more than once.
func (t *trial) check(ctx context.Context, d done) (lost, doubled bool, err error) {
	err = t.step(ctx, t.coach, "look for the jobseeker and the request", func(ctx context.Context) error {
		people, err := t.needs.ListJobseekersWithResponse(ctx, &needs.ListJobseekersParams{Q: &d.name})
		if err != nil {
			return err
		}
		requests, err := t.funding.ListRequestsWithResponse(ctx, &funding.ListRequestsParams{JobseekerId: &d.jobseeker})
		if err != nil {
			return err
		}
		found := requests.JSON200
		lost = people.JSON200.Total == 0 || found.Total == 0 || found.Items[0].Id != d.request.Id || found.Items[0].State != funding.Approved
		doubled = people.JSON200.Total > 1 || found.Total > 1
		return nil
	})
	return lost, doubled, err
}

// once does the main job once, sees that each service has heard of it, and gives
// back what was promised.
func (t *trial) once(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 4*time.Minute)
	defer cancel()
	if err := t.prepare(ctx); err != nil {
		return err
	}
	if err := t.visit(ctx); err != nil {
		return err
	}
	d, err := t.job(ctx)
	if err != nil {
		return err
	}
	if lost, doubled, err := t.check(ctx, d); err != nil || lost || doubled {
		return fmt.Errorf("after %s was approved: lost: %t, there twice: %t: %w", d.request.Reference, lost, doubled, orWrong(err))
	}
	fmt.Printf("A coach asked for £%d instead of a course, and a manager approved it: %s.\n", line/100, d.request.Reference)
	if err := t.heard(ctx, d); err != nil {
		return err
	}
	fmt.Println("Needs has heard of it from funding, through the broker.")
	return t.step(ctx, t.manager, "cancel it", func(ctx context.Context) error {
		_, err := t.funding.CancelRequestWithResponse(ctx, d.request.Id, &funding.CancelRequestParams{IfMatch: etag.Version(d.request.Version)}, funding.CancelRequestJSONRequestBody{Words: "The trial is over."})
		return err
	})
}

// heard waits until needs shows the need as paid for, of which only an event can
// have told it.
func (t *trial) heard(ctx context.Context, d done) error {
	for began := time.Now(); time.Since(began) < patience; {
		var states []string
		if err := t.step(ctx, t.coach, "read the needs", func(ctx context.Context) error {
			found, err := t.needs.ListNeedsWithResponse(ctx, d.jobseeker)
			if err != nil {
				return err
			}
			for _, n := range found.JSON200.Items {
				for _, s := range n.Supports {
					states = append(states, string(s.State))
				}
			}
			return nil
		}); err != nil {
			return err
		}
		if len(states) == 1 && states[0] == string(funding.Approved) {
			return nil
		}
		if err := pause(ctx, 500*time.Millisecond); err != nil {
			return err
		}
	}
	return fmt.Errorf("needs has not heard of %s after %v", d.request.Reference, patience)
}

func orWrong(err error) error {
	if err == nil {
		return errWrong
	}
	return err
}
