package page_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	openapi "github.com/oapi-codegen/runtime/types"

	"github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/api/needs"
	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
)

// What a coach does, done in memory. The rules are the services' own to test;
// here are those that a page must be seen to handle: a version that moved on, a
// message that came twice, a request over its cap, and needs that are down.

// overtaken is what somebody else did while a page was open.
var overtaken = fault.Change{By: "Dev Patel", What: "changed it", At: now}

// messages is what was done with which form's key.
type messages map[string]message

type message struct {
	body    string
	subject uuid.UUID
}

// once does do unless this message came before. The same key with another body
// is a form that was used for something else.
func (m *messages) once(ctx context.Context, body any, do func() (uuid.UUID, error)) (uuid.UUID, error) {
	who, err := identity.From(ctx)
	if err != nil {
		return uuid.Nil, err
	}
	if db.Key(ctx) == "" {
		return uuid.Nil, fault.New(fault.Invalid, "This came without a form's key.")
	}
	key, said := who.ID.String()+db.Key(ctx), fmt.Sprintf("%T %+v", body, body)
	if before, ok := (*m)[key]; ok {
		if before.body != said {
			return uuid.Nil, fault.New(fault.Conflict, "This form was already used for something else.")
		}
		return before.subject, nil
	}
	subject, err := do()
	if err == nil {
		if *m == nil {
			*m = messages{}
		}
		(*m)[key] = message{said, subject}
	}
	return subject, err
}

func (m *memoryNeeds) person(id uuid.UUID) *needs.Jobseeker {
	if i := slices.IndexFunc(m.jobseekers, func(j needs.Jobseeker) bool { return j.Id == id }); i >= 0 {
		return &m.jobseekers[i]
	}
	return &needs.Jobseeker{}
}

func (m *memoryNeeds) summary(j needs.Jobseeker) needs.JobseekerSummary {
	s := needs.JobseekerSummary{Id: j.Id, Name: j.Name, KnownAs: j.KnownAs, Area: j.Area, CoachId: j.CoachId, CoachName: j.CoachName, HasStatement: len(m.statements) > 0}
	for _, a := range m.assessments {
		if a.JobseekerId == j.Id && a.Version > 0 {
			s.AssessedAt = a.At
			for _, n := range a.Needs {
				if n.Standing == needs.InTheWay {
					s.NeedsInTheWay++
				}
			}
		}
	}
	return s
}

func (m *memoryNeeds) AddJobseeker(ctx context.Context, in needs.AddJobseekerRequestObject) (needs.AddJobseekerResponseObject, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if in.Body.Email != "" && !strings.Contains(in.Body.Email, "@") {
		var c fault.Check
		c.Want(false, "/email", "Enter an e-mail address like name@example.com, or leave it empty.")
		return nil, c.Err()
	}
	id, err := m.messages.once(ctx, *in.Body, func() (uuid.UUID, error) {
		var candidates []needs.JobseekerSummary
		for _, j := range m.jobseekers {
			if j.Email == in.Body.Email && j.Email != "" {
				candidates = append(candidates, m.summary(j))
			}
		}
		if len(candidates) > 0 && !in.Body.DifferentPerson {
			return uuid.Nil, fault.New(fault.Conflict, "This may be someone who is already here.").With("candidates", candidates)
		}
		who, err := identity.From(ctx)
		j := needs.Jobseeker{
			Id: uuid.New(), Name: in.Body.Name, KnownAs: in.Body.KnownAs, Email: in.Body.Email, Phone: in.Body.Phone, Postcode: in.Body.Postcode,
			Area: in.Body.Area, CoachId: who.ID, CoachName: who.Name, CreatedAt: now, Version: 1,
		}
		m.jobseekers = append(m.jobseekers, j)
		return j.Id, err
	})
	return needs.AddJobseeker201JSONResponse{Body: *m.person(id)}, err
}

func (m *memoryNeeds) ChangeJobseeker(ctx context.Context, in needs.ChangeJobseekerRequestObject) (needs.ChangeJobseekerResponseObject, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	j := m.person(in.Id)
	_, err := m.messages.once(ctx, in, func() (uuid.UUID, error) {
		if j.Version != int64(in.Params.IfMatch) {
			return uuid.Nil, fault.Overtaken(overtaken)
		}
		j.Name, j.KnownAs, j.Email, j.Phone, j.Postcode = in.Body.Name, in.Body.KnownAs, in.Body.Email, in.Body.Phone, in.Body.Postcode
		j.Version++
		return j.Id, nil
	})
	return needs.ChangeJobseeker200JSONResponse{Body: *j}, err
}

func (m *memoryNeeds) InviteJobseeker(_ context.Context, in needs.InviteJobseekerRequestObject) (needs.InviteJobseekerResponseObject, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.invited++
	m.code = fmt.Sprintf("7K3M9-%05d", m.invited)
	m.person(in.Id).InvitedUntil = now.Add(14 * 24 * time.Hour)
	return needs.InviteJobseeker201JSONResponse{Code: m.code, ExpiresAt: m.person(in.Id).InvitedUntil}, nil
}

// assessment is the one there is, or the blank one.
func (m *memoryNeeds) assessment(jobseeker uuid.UUID) *needs.Assessment {
	if i := slices.IndexFunc(m.assessments, func(a needs.Assessment) bool { return a.JobseekerId == jobseeker }); i >= 0 {
		return &m.assessments[i]
	}
	blank := needs.Assessment{JobseekerId: jobseeker}
	for _, c := range []needs.Category{
		needs.GettingThere, needs.Clothes, needs.ToolsAndEquipment, needs.LicencesAndCertificates, needs.Skills, needs.EnglishAndMaths,
		needs.Digital, needs.WorkHistory, needs.Confidence, needs.Health, needs.Caring, needs.Home, needs.Money,
	} {
		blank.Needs = append(blank.Needs, needs.Need{Id: uuid.New(), Category: c, Standing: needs.NotExplored, Supports: []needs.Support{}})
	}
	m.assessments = append(m.assessments, blank)
	return &m.assessments[len(m.assessments)-1]
}

func (m *memoryNeeds) ReadAssessment(_ context.Context, in needs.ReadAssessmentRequestObject) (needs.ReadAssessmentResponseObject, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return needs.ReadAssessment200JSONResponse{Body: *m.assessment(in.Id)}, nil
}

func (m *memoryNeeds) SaveAssessment(ctx context.Context, in needs.SaveAssessmentRequestObject) (needs.SaveAssessmentResponseObject, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	a := m.assessment(in.Id)
	_, err := m.messages.once(ctx, *in.Body, func() (uuid.UUID, error) {
		if a.Version != int64(in.Params.IfMatch) {
			return uuid.Nil, fault.Overtaken(overtaken)
		}
		who, err := identity.From(ctx)
		save := needs.AssessmentVersion{Version: a.Version + 1, At: now, ByName: who.Name}
		for _, to := range in.Body.Needs {
			i := slices.IndexFunc(a.Needs, func(n needs.Need) bool { return n.Category == to.Category })
			n := &a.Needs[i]
			if n.Standing == to.Standing && n.InTheWay == to.InTheWay && n.WouldRemove == to.WouldRemove {
				continue
			}
			n.Standing, n.InTheWay, n.WouldRemove = to.Standing, to.InTheWay, to.WouldRemove
			save.Changed = append(save.Changed, needs.Answer{Category: to.Category, Standing: to.Standing, InTheWay: to.InTheWay, WouldRemove: to.WouldRemove})
		}
		a.Version, a.At, a.ByName = save.Version, now, who.Name
		m.saves = append([]needs.AssessmentVersion{save}, m.saves...)
		return in.Id, err
	})
	return needs.SaveAssessment200JSONResponse{Body: *a}, err
}

func (m *memoryNeeds) ListAssessmentVersions(context.Context, needs.ListAssessmentVersionsRequestObject) (needs.ListAssessmentVersionsResponseObject, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return needs.ListAssessmentVersions200JSONResponse{Items: m.saves}, nil
}

func (m *memoryFunding) ListAllowances(_ context.Context, in funding.ListAllowancesRequestObject) (funding.ListAllowancesResponseObject, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	answer := funding.ListAllowances200JSONResponse{Items: []funding.Allowance{}}
	for _, a := range m.allowances {
		if a.JobseekerId == in.Params.JobseekerId {
			answer.Items = append(answer.Items, *a)
		}
	}
	return answer, nil
}

func (m *memoryFunding) allowance(id uuid.UUID) *funding.Allowance {
	if i := slices.IndexFunc(m.allowances, func(a *funding.Allowance) bool { return a.Id == id }); i >= 0 {
		return m.allowances[i]
	}
	return nil
}

func (m *memoryFunding) OpenAllowance(ctx context.Context, in funding.OpenAllowanceRequestObject) (funding.OpenAllowanceResponseObject, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	id, err := m.messages.once(ctx, *in.Body, func() (uuid.UUID, error) {
		who, err := identity.From(ctx)
		if err != nil {
			return uuid.Nil, err
		}
		if slices.ContainsFunc(m.allowances, func(a *funding.Allowance) bool {
			return a.JobseekerId == in.Body.JobseekerId && a.CourseId == in.Body.CourseId
		}) {
			return uuid.Nil, fault.New(fault.Conflict, "There is an allowance for this course already.")
		}
		c := m.courses[slices.IndexFunc(m.courses, func(c funding.Course) bool { return c.Id == in.Body.CourseId })]
		a := &funding.Allowance{
			Id: uuid.New(), JobseekerId: in.Body.JobseekerId, CourseId: c.Id, CourseCode: c.Code, CourseName: c.Name, CapPence: c.Price.Pence, AvailablePence: c.Price.Pence,
			PricedOn: in.Body.PricedOn, PriceSource: c.Price.Source, Area: "Oldham", CoachId: who.ID, CoachName: who.Name, OpenedAt: now, Version: 1,
		}
		m.allowances = append(m.allowances, a)
		return a.Id, nil
	})
	if err != nil {
		return nil, err
	}
	return funding.OpenAllowance201JSONResponse{Body: *m.allowance(id)}, nil
}

func (m *memoryFunding) DraftRequest(ctx context.Context, in funding.DraftRequestRequestObject) (funding.DraftRequestResponseObject, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	id, err := m.messages.once(ctx, *in.Body, func() (uuid.UUID, error) {
		who, err := identity.From(ctx)
		a := m.allowance(in.Body.AllowanceId)
		r := &funding.Request{
			Id: uuid.New(), Reference: fmt.Sprintf("FR-7K3M-%04d", len(m.requests)+1), JobseekerId: a.JobseekerId, Allowance: *a, Area: a.Area, State: funding.Draft,
			Lines: []funding.Line{}, Version: 1, History: []funding.Happening{{To: funding.Draft, At: now, ById: who.ID, ByName: who.Name}},
		}
		m.requests = append(m.requests, r)
		return r.Id, err
	})
	if err != nil {
		return nil, err
	}
	return funding.DraftRequest201JSONResponse{Body: m.standing(ctx, m.request(id))}, nil
}

func (m *memoryFunding) request(id uuid.UUID) *funding.Request {
	return m.requests[slices.IndexFunc(m.requests, func(r *funding.Request) bool { return r.Id == id })]
}

// standing is the request as it is for whoever asks.
func (m *memoryFunding) standing(ctx context.Context, r *funding.Request) funding.Request {
	who, _ := identity.From(ctx)
	answer := *r
	if a := m.allowance(r.Allowance.Id); a != nil {
		answer.Allowance = *a
	}
	answer.Can = []funding.Verb{}
	if decidable(who, r) {
		answer.Can = append(answer.Can, funding.Approve, funding.Decline, funding.Return)
	}
	if r.State == funding.Declined && who.Is(identity.Jobseeker) {
		answer.Can = append(answer.Can, funding.Challenge)
	}
	if a := m.allowance(r.Allowance.Id); a != nil && a.CoachId == who.ID {
		switch r.State {
		case funding.Draft, funding.Returned:
			answer.Can = append(answer.Can, funding.Edit, funding.Submit, funding.Withdraw)
		case funding.Submitted:
			answer.Can = append(answer.Can, funding.Withdraw)
		}
	}
	if r.State == funding.Approved && !who.Is(identity.Jobseeker) && r.InFlightPence == 0 {
		answer.Can = append(answer.Can, funding.Cancel)
		if !r.WarnedAt.IsZero() && r.KeptOn.At.IsZero() {
			answer.Can = append(answer.Can, funding.Keep)
		}
	}
	return answer
}

// change is one of a coach's changes to a request.
func (m *memoryFunding) change(ctx context.Context, id uuid.UUID, version int64, body any, do func(*funding.Request) error) (funding.Request, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.request(id)
	_, err := m.messages.once(ctx, body, func() (uuid.UUID, error) {
		if r.Version != version {
			return uuid.Nil, fault.Overtaken(overtaken)
		}
		if err := do(r); err != nil {
			return uuid.Nil, err
		}
		r.Version++
		return id, nil
	})
	return m.standing(ctx, r), err
}

func (m *memoryFunding) EditRequest(ctx context.Context, in funding.EditRequestRequestObject) (funding.EditRequestResponseObject, error) {
	r, err := m.change(ctx, in.Id, int64(in.Params.IfMatch), in, func(r *funding.Request) error {
		m.edits++
		var lines []funding.Line
		var sum int64
		for i, l := range in.Body.Lines {
			if l.What == "forbidden" {
				var c fault.Check
				c.Want(false, fmt.Sprintf("/lines/%d/what", i), "That can’t be bought.")
				return c.Err()
			}
			if l.Id == uuid.Nil {
				l.Id = uuid.New()
			}
			sum += l.AmountPence
			lines = append(lines, funding.Line{
				Id: l.Id, What: l.What, Why: l.Why, NeedId: l.NeedId, Category: l.Category, Supplier: l.Supplier, AmountPence: l.AmountPence, Quote: l.Quote,
			})
		}
		if in.Body.Elsewhere.Pence > 0 && in.Body.Elsewhere.Pence >= sum {
			var c fault.Check
			c.Want(false, "/elsewhere/pence", "What somebody else pays must be less than the lines come to.")
			return c.Err()
		}
		r.Lines, r.Elsewhere, r.AskedPence = lines, in.Body.Elsewhere, sum-in.Body.Elsewhere.Pence
		return nil
	})
	return funding.EditRequest200JSONResponse{Body: r}, err
}

func (m *memoryFunding) SubmitRequest(ctx context.Context, in funding.SubmitRequestRequestObject) (funding.SubmitRequestResponseObject, error) {
	r, err := m.change(ctx, in.Id, int64(in.Params.IfMatch), in, func(r *funding.Request) error {
		a := m.allowance(r.Allowance.Id)
		switch {
		case m.needsDown:
			return fault.New(fault.Unavailable, "The needs cannot be checked right now. Nothing was changed.")
		case r.AskedPence > a.AvailablePence:
			return fault.New(fault.OverCap, "You asked for too much.")
		}
		who, err := identity.From(ctx)
		r.History = append(r.History, funding.Happening{From: string(r.State), To: funding.Submitted, At: now, ById: who.ID, ByName: who.Name})
		r.State, r.SubmittedAt, r.SubmittedById, r.SubmittedByName = funding.Submitted, now, who.ID, who.Name
		a.HeldPence, a.AvailablePence = a.HeldPence+r.AskedPence, a.AvailablePence-r.AskedPence
		return err
	})
	return funding.SubmitRequest200JSONResponse{Body: r}, err
}

func (m *memoryFunding) WithdrawRequest(ctx context.Context, in funding.WithdrawRequestRequestObject) (funding.WithdrawRequestResponseObject, error) {
	r, err := m.change(ctx, in.Id, int64(in.Params.IfMatch), in, func(r *funding.Request) error {
		who, err := identity.From(ctx)
		r.History = append(r.History, funding.Happening{From: string(r.State), To: funding.Withdrawn, At: now, ById: who.ID, ByName: who.Name, Words: in.Body.Words})
		r.State = funding.Withdrawn
		return err
	})
	return funding.WithdrawRequest200JSONResponse{Body: r}, err
}

func (m *memoryFunding) ProposeReduction(_ context.Context, in funding.ProposeReductionRequestObject) (funding.ProposeReductionResponseObject, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.request(in.Id)
	p := funding.ProposeReduction200JSONResponse{AskedPence: r.AskedPence, AvailablePence: m.allowance(r.Allowance.Id).AvailablePence, Elsewhere: r.Elsewhere, Lines: slices.Clone(r.Lines)}
	p.OverPence = max(0, p.AskedPence-p.AvailablePence)
	for i, over := len(p.Lines)-1, p.OverPence; i >= 0 && over > 0; i-- {
		less := min(over, p.Lines[i].AmountPence)
		p.Lines[i].AmountPence -= less
		over -= less
	}
	p.Lines = slices.DeleteFunc(p.Lines, func(l funding.Line) bool { return l.AmountPence == 0 })
	return p, nil
}

// today is the day of every test.
var today = openapi.Date{Time: time.Date(2026, time.March, 10, 0, 0, 0, 0, time.UTC)}
