package awardtest

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/services/funding/internal/authority"
	"github.com/instead-support/instead/services/funding/internal/award"
	"github.com/instead-support/instead/services/funding/internal/policy"
)

// Memory is a Store in memory, one transaction at a time. It keeps what it is
// told to, and so shows which rules award keeps with no database to help.
type Memory struct {
	mu         sync.Mutex
	allowances map[uuid.UUID]award.Allowance
	requests   map[uuid.UUID]award.Request
	budgets    map[uuid.UUID]award.Budget
	grants     []authority.Grant
	rules      map[uuid.UUID]award.Rule // by fund
	excepting  map[uuid.UUID]bool       // which funds have exceptions to the cap
	entries    []award.Entry
	taken      map[string]taken
	trail      []award.Trace
}

type taken struct {
	body    string
	subject uuid.UUID
}

type keyOf struct{}

// WithKey marks the next act in ctx, as an Idempotency-Key does.
func WithKey(ctx context.Context, key string) context.Context {
	return context.WithValue(ctx, keyOf{}, key)
}

// NewMemory returns an empty store.
func NewMemory() *Memory {
	return &Memory{
		allowances: map[uuid.UUID]award.Allowance{},
		requests:   map[uuid.UUID]award.Request{},
		budgets:    map[uuid.UUID]award.Budget{},
		rules:      map[uuid.UUID]award.Rule{},
		excepting:  map[uuid.UUID]bool{},
		taken:      map[string]taken{},
	}
}

var notFound = fault.New(fault.NotFound, "There is nothing like that here.")

// once runs do unless act was done before with the same key.
func (m *Memory) once(ctx context.Context, act award.Act, do func() (uuid.UUID, error)) (uuid.UUID, error) {
	key, _ := ctx.Value(keyOf{}).(string)
	if key == "" {
		return do()
	}
	key = act.Who.ID.String() + key
	body, err := json.Marshal([]any{act.Operation, act.Body})
	if err != nil {
		return uuid.Nil, err
	}
	if was, ok := m.taken[key]; ok {
		if was.body != string(body) {
			return uuid.Nil, fault.New(fault.Conflict, "This form was already used for something else.")
		}
		return was.subject, nil
	}
	subject, err := do()
	if err == nil {
		m.taken[key] = taken{string(body), subject}
	}
	return subject, err
}

// Open is award.Store's.
func (m *Memory) Open(ctx context.Context, act award.Act, open func() (*award.Allowance, error)) (*award.Allowance, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	id, err := m.once(ctx, act, func() (uuid.UUID, error) {
		a, err := open()
		if err != nil {
			return uuid.Nil, err
		}
		for _, b := range m.allowances {
			if a.JobseekerID == b.JobseekerID && a.CourseID == b.CourseID {
				return uuid.Nil, fault.New(fault.Conflict, "This jobseeker has an allowance for this course already.")
			}
		}
		m.allowances[a.ID] = *a
		return a.ID, nil
	})
	if err != nil {
		return nil, err
	}
	a := m.allowances[id]
	return &a, nil
}

// Give makes a budget and grants of authority there are.
func (m *Memory) Give(b award.Budget, g ...authority.Grant) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.grants = append(m.grants, g...)
	m.budgets[b.ID] = b
	return nil
}

// Agree makes a fund approve this much by itself, and have exceptions to the cap
// or none.
func (m *Memory) Agree(f award.Fund, u award.Rule, exceptions bool) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.rules[f.ID], m.excepting[f.ID] = u, exceptions
	return nil
}

// Leave leaves a request in this state, however it came there, for a test of
// what can be done from it.
func (m *Memory) Leave(id uuid.UUID, state award.State) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.requests[id]
	r.History = append(slices.Clone(r.History), award.Step{From: r.State(), To: state})
	m.requests[id] = r
}

// Begin is award.Store's.
func (m *Memory) Begin(ctx context.Context, act award.Act, allowance uuid.UUID, at time.Time, begin func(*award.Allowance, []award.Fund) (*award.Request, error)) (award.Case, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	id, err := m.once(ctx, act, func() (uuid.UUID, error) {
		a, ok := m.allowances[allowance]
		if !ok || !policy.Reaches(act.Who, policy.ReadAllowance, ofAllowance(a)) {
			return uuid.Nil, notFound
		}
		var open []award.Fund
		for _, b := range m.budgets {
			if b.Area == a.Area && b.Year == award.YearOf(at) {
				open = append(open, b.Fund)
			}
		}
		r, err := begin(&a, open)
		if err != nil {
			return uuid.Nil, err
		}
		m.requests[r.ID], m.allowances[a.ID] = *r, a
		return r.ID, nil
	})
	if err != nil {
		return award.Case{}, err
	}
	return m.load(act.Who, id, award.Also{})
}

// Change is award.Store's.
func (m *Memory) Change(ctx context.Context, act award.Act, request uuid.UUID, also award.Also, change func(award.Case) error) (award.Case, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, err := m.once(ctx, act, func() (uuid.UUID, error) {
		c, err := m.load(act.Who, request, also)
		if err != nil {
			return uuid.Nil, err
		}
		if err := change(c); err != nil {
			return uuid.Nil, err
		}
		r, a := c.Request, c.Allowance
		m.entries = append(m.entries, a.Entered...)
		a.Entered = nil
		r.Version++
		a.Version++
		m.requests[r.ID], m.allowances[a.ID] = *r, *a
		if c.Budget != nil {
			m.budgets[c.Budget.ID] = *c.Budget
		}
		m.trail = append(m.trail, award.Trace{Person: act.Who.ID, Action: string(act.Operation), Subject: "request", SubjectID: r.ID})
		return r.ID, nil
	})
	if err != nil {
		return award.Case{}, err
	}
	return m.load(act.Who, request, also)
}

// load returns copies, so that a change that fails changes nothing.
func (m *Memory) load(who policy.Actor, id uuid.UUID, also award.Also) (award.Case, error) {
	r, ok := m.requests[id]
	if !ok || !policy.Reaches(who, policy.ReadRequest, m.ofRequest(r)) {
		return award.Case{}, notFound
	}
	a := m.allowances[r.AllowanceID]
	r.Lines, r.History = slices.Clone(r.Lines), slices.Clone(r.History)
	c := award.Case{Request: &r, Allowance: &a}
	q := authority.Question{Person: who.Person, Kind: authority.Decide, Fund: r.Fund.ID, Area: r.Area, Day: award.Today(also.At)}
	if also.Authority {
		c.Authority = authority.Of(m.grants, q)
	}
	if also.Exceptions {
		q.Kind = authority.Except
		c.Exceptions, c.Excepting = m.excepting[r.Fund.ID], authority.Of(m.grants, q)
	}
	if also.Rule {
		c.Rule = m.rules[r.Fund.ID]
		for _, o := range m.requests {
			if o.Automatic != nil && o.JobseekerID == r.JobseekerID && o.Fund == r.Fund {
				c.Rule.Standing += o.Committed + o.Paid
			}
		}
	}
	if !also.Rule && !also.Automatic {
		r.Automatic = nil
	}
	for _, b := range m.budgets {
		today := r.BudgetID == uuid.Nil && b.Fund.ID == r.Fund.ID && b.Area == r.Area && b.Year == award.YearOf(also.At)
		if also.Budget && (today || r.BudgetID == b.ID) {
			c.Budget = &b
		}
	}
	return c, nil
}

// Record is award.Store's.
func (m *Memory) Record(_ context.Context, who policy.Actor, id uuid.UUID) (policy.Record, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if r, ok := m.requests[id]; ok && policy.Reaches(who, policy.ReadRequest, m.ofRequest(r)) {
		return m.ofRequest(r), nil
	}
	if a, ok := m.allowances[id]; ok && policy.Reaches(who, policy.ReadAllowance, ofAllowance(a)) {
		return ofAllowance(a), nil
	}
	return policy.Record{}, notFound
}

// Changes is award.Store's. Memory knows nobody's name.
func (m *Memory) Changes(_ context.Context, who policy.Actor, request uuid.UUID, by []policy.Operation, since int64) ([]award.Change, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c, err := m.load(who, request, award.Also{})
	if err != nil {
		return nil, err
	}
	var done []award.Change
	for _, t := range slices.Backward(m.trail) {
		if t.SubjectID == request && slices.Contains(by, policy.Operation(t.Action)) && int64(len(done)) < c.Request.Version-since {
			done = append(done, award.Change{Operation: policy.Operation(t.Action), By: "Somebody", At: t.At})
		}
	}
	return done, nil
}

// Paces is award.Store's. Memory knows no terms, and so no day.
func (m *Memory) Paces(context.Context, []uuid.UUID) (map[uuid.UUID]award.Pace, error) {
	return map[uuid.UUID]award.Pace{}, nil
}

// Request is award.Store's.
func (m *Memory) Request(_ context.Context, act award.Act, id uuid.UUID, also award.Also) (award.Case, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.load(act.Who, id, also)
}

// Requests is award.Store's.
func (m *Memory) Requests(_ context.Context, act award.Act, f award.Filter, p award.Page) ([]award.Summary, int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := m.matching(act, f)
	slices.SortFunc(all, func(a, b award.Summary) int {
		return cmp.Or(b.ChangedAt.Compare(a.ChangedAt), strings.Compare(a.ID.String(), b.ID.String()))
	})
	from := min((p.Number-1)*p.Size, len(all))
	return all[from:min(from+p.Size, len(all))], len(all), nil
}

// Totals is award.Store's.
func (m *Memory) Totals(_ context.Context, act award.Act, f award.Filter) ([]award.StateTotal, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := m.matching(act, f)
	totals := make([]award.StateTotal, len(award.States))
	for i, state := range award.States {
		totals[i].State = state
		for _, r := range all {
			if r.State == state {
				totals[i].Count++
				totals[i].Asked += r.Asked
				totals[i].Awarded += r.Awarded
			}
		}
	}
	return totals, nil
}

func (m *Memory) matching(act award.Act, f award.Filter) []award.Summary {
	var all []award.Summary
	for _, r := range m.requests {
		if !policy.Reaches(act.Who, act.Operation, m.ofRequest(r)) ||
			len(f.States) > 0 && !slices.Contains(f.States, r.State()) ||
			f.Automatic && r.Automatic == nil || f.AllowanceID != uuid.Nil && f.AllowanceID != r.AllowanceID {
			continue
		}
		all = append(all, award.Summary{
			ID: r.ID, Reference: r.Reference, JobseekerID: r.JobseekerID, AllowanceID: r.AllowanceID,
			Area: r.Area, State: r.State(), Lines: len(r.Lines), Asked: r.Asked(), Awarded: r.Awarded,
			ChangedAt: r.ChangedAt,
		})
	}
	return all
}

// Allowance is award.Store's.
func (m *Memory) Allowance(_ context.Context, act award.Act, id uuid.UUID) (*award.Allowance, []award.Posting, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	a, ok := m.allowances[id]
	if !ok || !policy.Reaches(act.Who, policy.ReadAllowance, ofAllowance(a)) {
		return nil, nil, notFound
	}
	var postings []award.Posting
	for _, e := range m.entries {
		if e.AllowanceID == id {
			postings = append(postings, award.Posting{Entry: e, Reference: m.requests[e.RequestID].Reference})
		}
	}
	return &a, postings, nil
}

// Allowances is award.Store's.
func (m *Memory) Allowances(_ context.Context, act award.Act, jobseeker uuid.UUID) ([]award.Allowance, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []award.Allowance
	for _, a := range m.allowances {
		if a.JobseekerID == jobseeker && policy.Reaches(act.Who, policy.ReadAllowance, ofAllowance(a)) {
			all = append(all, a)
		}
	}
	slices.SortFunc(all, func(a, b award.Allowance) int { return b.OpenedAt.Compare(a.OpenedAt) })
	return all, nil
}

// Trail is award.Store's.
func (m *Memory) Trail(_ context.Context, _ award.Act, request uuid.UUID, p award.Page) ([]award.Trace, int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []award.Trace
	for _, t := range slices.Backward(m.trail) {
		if t.SubjectID == request {
			all = append(all, t)
		}
	}
	from := min((p.Number-1)*p.Size, len(all))
	return all[from:min(from+p.Size, len(all))], len(all), nil
}

func ofAllowance(a award.Allowance) policy.Record {
	return policy.Record{Jobseeker: a.JobseekerID, Coach: a.CoachID, Area: a.Area}
}

func (m *Memory) ofRequest(r award.Request) policy.Record {
	return policy.Record{Jobseeker: r.JobseekerID, Coach: m.allowances[r.AllowanceID].CoachID, Area: r.Area, State: string(r.State())}
}
