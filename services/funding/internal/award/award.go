// Package award decides who is funded and how much.
//
// It owns the allowance and its cap, the request and its lines, the decision,
// and the ledger of what is held and promised. It holds four rules whoever
// calls it: what is held, committed and paid never exceeds the cap; a request
// moves only along the arrows of its state machine; nobody decides what they
// submitted; and an award is the smaller of what was asked and what is left.
//
// What it promises comes out of a budget as well, within what that was given and
// within its year. It does not pay money, give budgets any, know a jobseeker's name, or set prices.
// It knows neither SQL nor HTTP: a Store keeps what it decides, and Catalogue
// and Needs say, in its own words, what it must ask of others.
package award

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/funding/internal/budget"
	"github.com/instead-support/instead/services/funding/internal/policy"
)

// Catalogue knows what courses cost.
type Catalogue interface {
	// PriceOn is what the course cost that day. It returns NotFound if there is
	// no such course, or if it had no price that day.
	PriceOn(ctx context.Context, course uuid.UUID, day time.Time) (Price, error)
}

// Needs knows who jobseekers are and what stands in their way. It answers for
// the person acting in ctx, and returns NotFound for a jobseeker whom that
// person may not see and Unavailable while it cannot be reached.
type Needs interface {
	// Me is which jobseeker the person acting is, or uuid.Nil for one who has
	// not been linked to a record yet.
	Me(ctx context.Context) (uuid.UUID, error)
	// Jobseeker is who supports this jobseeker, and where.
	Jobseeker(ctx context.Context, id uuid.UUID) (Jobseeker, error)
	// InTheWay lists the needs that stand in this jobseeker's way.
	InTheWay(ctx context.Context, jobseeker uuid.UUID) ([]uuid.UUID, error)
}

// Funds knows what funds pay for, and how they work.
type Funds interface {
	// Rulings is what the fund that this request asks says, that day, of each kind
	// of thing.
	Rulings(ctx context.Context, request uuid.UUID, day time.Time) ([]Ruling, error)
	// TermsOf is all that was ever agreed for the fund that this request asks.
	TermsOf(ctx context.Context, request uuid.UUID) ([]budget.Terms, error)
}

// Deps is what Awards are made of.
type Deps struct {
	Store     Store
	Questions QuestionStore
	Reviews   ReviewStore
	Catalogue Catalogue
	Needs     Needs
	Funds     Funds
	Drawn     func(oneIn int) bool // whether an automatic approval is drawn for review; see OneIn
	Promises  Promises
	Now       func() time.Time
}

// Awards are the use cases. Every method acts for the person in its context and
// returns Unauthenticated if there is none, Forbidden for what that person may
// see but not do, and NotFound for what they may not see.
type Awards struct{ d Deps }

// New returns the use cases on top of d.
func New(d Deps) *Awards { return &Awards{d} }

// Standing is a request as it stands for whoever looks at it.
type Standing struct {
	Case
	Can []Verb // what the one who looks may do with it now

	ChallengeUntil time.Time // the last day for another look; zero unless Get finds it declined
	Clock          Clock     // by when it is to be decided, as Get finds it
}

// Opening names the course that a jobseeker would otherwise be sent on.
type Opening struct {
	JobseekerID uuid.UUID
	CourseID    uuid.UUID
	PricedOn    time.Time // a calendar day; today in London if zero
}

// Open opens an allowance whose cap is the course's price that day. It returns
// Invalid if the day is to come, or if nobody has confirmed a price that looks
// odd, and Conflict if the jobseeker has an allowance for this course.
func (s *Awards) Open(ctx context.Context, o Opening) (*Allowance, error) {
	who, err := s.actor(ctx, policy.OpenAllowance)
	if err != nil {
		return nil, err
	}
	act := Act{who, policy.OpenAllowance, o}
	if o.PricedOn.IsZero() {
		o.PricedOn = Today(s.d.Now())
	}
	j, err := s.d.Needs.Jobseeker(ctx, o.JobseekerID)
	if err != nil {
		return nil, err
	}
	rec := policy.Record{Jobseeker: j.ID, Coach: j.CoachID, Area: j.Area}
	if err := policy.Check(who, policy.OpenAllowance, policy.ReadAllowance, rec); err != nil {
		return nil, err
	}
	p, err := s.d.Catalogue.PriceOn(ctx, o.CourseID, o.PricedOn)
	if err != nil {
		return nil, err
	}
	return s.d.Store.Open(ctx, act, func() (*Allowance, error) { return open(j, p, o.PricedOn, s.now()) })
}

// Draft begins a request against an allowance, with no lines yet, to this fund or,
// with uuid.Nil, to the only one that is open to the area. It returns Invalid if
// that leaves any doubt.
func (s *Awards) Draft(ctx context.Context, allowance, fund uuid.UUID) (Standing, error) {
	who, err := s.actor(ctx, policy.DraftRequest)
	if err != nil {
		return Standing{}, err
	}
	taken, err := s.takenOver(ctx, who, policy.DraftRequest, allowance)
	if err != nil {
		return Standing{}, err
	}
	act := Act{who, policy.DraftRequest, []any{allowance, fund}}
	c, err := s.d.Store.Begin(ctx, act, allowance, s.now(), func(a *Allowance, open []Fund) (*Request, error) {
		a.handTo(taken)
		if err := policy.Check(who, policy.DraftRequest, policy.ReadAllowance, a.record()); err != nil {
			return nil, err
		}
		f, err := choose(open, fund, a.Area)
		if err != nil {
			return nil, err
		}
		return begin(a, f, who.Person, s.now())
	})
	return standing(who, c, err)
}

// Edit replaces the lines of a draft or returned request; see Request.Edit.
func (s *Awards) Edit(ctx context.Context, id uuid.UUID, version int64, ask Ask) (Standing, error) {
	return s.change(ctx, policy.EditRequest, id, version, ask, func(c Case, _ identity.Person) error {
		return c.Request.Edit(ask, s.now())
	})
}

// Submit asks for a decision and holds what is asked; see Request.Submit. It
// returns Unavailable, with nothing changed, while the needs cannot be checked:
// they are asked for before anything is locked, so that a slow answer keeps
// nobody waiting. It returns Invalid, in the fund's words, for a line that the fund
// does not pay for today.
//
// What the fund's own rule approves is approved at once. Nobody's submission is
// refused because of that rule: whatever it stumbles over, such as somebody
// who takes the rest of the budget at the same moment, a manager decides instead.
func (s *Awards) Submit(ctx context.Context, id uuid.UUID, version int64) (Standing, error) {
	who, err := s.actor(ctx, policy.SubmitRequest)
	if err != nil {
		return Standing{}, err
	}
	rec, err := s.d.Store.Record(ctx, who, id)
	if err != nil {
		return Standing{}, err
	}
	j, err := s.d.Needs.Jobseeker(ctx, rec.Jobseeker)
	if err != nil {
		return Standing{}, err
	}
	inTheWay, err := s.d.Needs.InTheWay(ctx, rec.Jobseeker)
	if err != nil {
		return Standing{}, err
	}
	rulings, err := s.d.Funds.Rulings(ctx, id, Today(s.now()))
	if err != nil {
		return Standing{}, err
	}
	ruled := false
	submit := func(byRule bool) (Standing, error) {
		return s.changeFor(ctx, who, policy.SubmitRequest, &j, id, version, nil, func(c Case) error {
			if err := c.Request.paidFor(rulings); err != nil {
				return err
			}
			at := s.now()
			if err := c.Request.Submit(c.Allowance, inTheWay, who.Person, at); err != nil {
				return err
			}
			if ruled = byRule && c.automatable(at); ruled {
				return c.approveAutomatically(s.d.Drawn(c.Rule.OneIn), at)
			}
			return nil
		})
	}
	standing, err := submit(true)
	if err != nil && ruled {
		return submit(false)
	}
	return standing, err
}

// Approve promises what was asked, out of the budget of today's year; see
// Request.Approve.
func (s *Awards) Approve(ctx context.Context, id uuid.UUID, version int64, why Reason) (Standing, error) {
	return s.change(ctx, policy.ApproveRequest, id, version, why, func(c Case, by identity.Person) error {
		return c.Request.Approve(c.Allowance, c.Budget, why, by, c.Authority, s.now())
	})
}

// Endorse says yes as the first of two; see Request.Endorse.
func (s *Awards) Endorse(ctx context.Context, id uuid.UUID, version int64, why Reason) (Standing, error) {
	return s.change(ctx, policy.EndorseRequest, id, version, why, func(c Case, by identity.Person) error {
		return c.Request.Endorse(why, by, c.Authority, s.now())
	})
}

// Decline says no; see Request.Decline.
func (s *Awards) Decline(ctx context.Context, id uuid.UUID, version int64, why Reason) (Standing, error) {
	return s.change(ctx, policy.DeclineRequest, id, version, why, func(c Case, by identity.Person) error {
		return c.Request.Decline(c.Allowance, why, by, c.Authority, s.now())
	})
}

// Return sends a request back to its coach; see Request.Return.
func (s *Awards) Return(ctx context.Context, id uuid.UUID, version int64, why Reason) (Standing, error) {
	return s.change(ctx, policy.ReturnRequest, id, version, why, func(c Case, by identity.Person) error {
		return c.Request.Return(c.Allowance, why, by, c.Authority, s.now())
	})
}

// Withdraw takes a request back; see Request.Withdraw.
func (s *Awards) Withdraw(ctx context.Context, id uuid.UUID, version int64, words string) (Standing, error) {
	return s.change(ctx, policy.WithdrawRequest, id, version, words, func(c Case, by identity.Person) error {
		return c.Request.Withdraw(c.Allowance, words, by, s.now())
	})
}

// Cancel gives back all that was promised; see Request.Cancel.
func (s *Awards) Cancel(ctx context.Context, id uuid.UUID, version int64, words string) (Standing, error) {
	return s.change(ctx, policy.CancelRequest, id, version, words, func(c Case, by identity.Person) error {
		return c.cancel(words, by, s.now())
	})
}

// Get is a request as it stands.
func (s *Awards) Get(ctx context.Context, id uuid.UUID) (Standing, error) {
	who, err := s.actor(ctx, policy.ReadRequest)
	if err != nil {
		return Standing{}, err
	}
	c, err := s.d.Store.Request(ctx, Act{Who: who, Operation: policy.ReadRequest}, id, s.seen(who))
	if err != nil {
		return Standing{}, err
	}
	return s.timed(ctx, Standing{Case: c, Can: c.can(who)}.seenBy(who))
}

// Reduction proposes how a request could fit what is available.
func (s *Awards) Reduction(ctx context.Context, id uuid.UUID) (Reduction, error) {
	who, err := s.reader(ctx, policy.ProposeReduction, id)
	if err != nil {
		return Reduction{}, err
	}
	c, err := s.d.Store.Request(ctx, Act{Who: who, Operation: policy.ProposeReduction}, id, Also{})
	if err != nil {
		return Reduction{}, err
	}
	return c.Request.Reduction(c.Allowance), nil
}

// List is one page of the requests within reach, and how many there are in all.
// Those waiting for a decision come oldest first, others latest change first.
func (s *Awards) List(ctx context.Context, f Filter, p Page) ([]Summary, int, error) {
	who, err := s.actor(ctx, policy.ListRequests)
	if err != nil {
		return nil, 0, err
	}
	found, total, err := s.d.Store.Requests(ctx, Act{Who: who, Operation: policy.ListRequests}, f, p)
	if err != nil {
		return nil, 0, err
	}
	return found, total, s.clock(ctx, found)
}

// Totals counts the requests within reach, every state in its turn.
func (s *Awards) Totals(ctx context.Context, f Filter) ([]StateTotal, error) {
	who, err := s.actor(ctx, policy.SummariseRequests)
	if err != nil {
		return nil, err
	}
	return s.d.Store.Totals(ctx, Act{Who: who, Operation: policy.SummariseRequests}, f)
}

// Trail is one page of who changed or looked at a request, newest first.
func (s *Awards) Trail(ctx context.Context, id uuid.UUID, p Page) ([]Trace, int, error) {
	who, err := s.reader(ctx, policy.ListRequestAudit, id)
	if err != nil {
		return nil, 0, err
	}
	return s.d.Store.Trail(ctx, Act{Who: who, Operation: policy.ListRequestAudit}, id, p)
}

// Allowance is an allowance with its ledger, oldest entry first.
func (s *Awards) Allowance(ctx context.Context, id uuid.UUID) (*Allowance, []Posting, error) {
	who, err := s.actor(ctx, policy.ReadAllowance)
	if err != nil {
		return nil, nil, err
	}
	return s.d.Store.Allowance(ctx, Act{Who: who, Operation: policy.ReadAllowance}, id)
}

// Allowances lists a jobseeker's allowances, newest first.
func (s *Awards) Allowances(ctx context.Context, jobseeker uuid.UUID) ([]Allowance, error) {
	who, err := s.actor(ctx, policy.ListAllowances)
	if err != nil {
		return nil, err
	}
	return s.d.Store.Allowances(ctx, Act{Who: who, Operation: policy.ListAllowances}, jobseeker)
}

// change runs a verb on the request that was read at this version, if the
// person acting may do that to it.
func (s *Awards) change(ctx context.Context, op policy.Operation, id uuid.UUID, version int64, body any,
	verb func(Case, identity.Person) error) (Standing, error) {
	who, err := s.actor(ctx, op)
	if err != nil {
		return Standing{}, err
	}
	taken, err := s.takenOver(ctx, who, op, id)
	if err != nil {
		return Standing{}, err
	}
	return s.changeFor(ctx, who, op, taken, id, version, body, func(c Case) error { return verb(c, who.Person) })
}

// changeFor is change by who, with j as needs has just told it, or nil.
func (s *Awards) changeFor(ctx context.Context, who policy.Actor, op policy.Operation, j *Jobseeker, id uuid.UUID, version int64, body any,
	verb func(Case) error) (Standing, error) {
	act := Act{who, op, []any{id, version, body}}
	also := Also{
		Budget: slices.Contains(promising, op), Authority: slices.Contains(deciding, op), Rule: op == policy.SubmitRequest,
		Exceptions: slices.Contains(excepting, op), Promise: op == policy.CancelRequest, At: s.now(),
	}
	c, err := s.d.Store.Change(ctx, act, id, also, func(c Case) error {
		if err := c.admit(who, op, j, version); err != nil {
			return err
		}
		return verb(c)
	})
	if fault.Is(err, fault.Stale) {
		err = s.overtaken(ctx, who, id, version)
	}
	return standing(who, c, err)
}

// admit lets who do op to the request that was read at this version, with j as
// needs has just told it, or nil.
func (c Case) admit(who policy.Actor, op policy.Operation, j *Jobseeker, version int64) error {
	c.Allowance.handTo(j)
	if err := policy.Check(who, op, policy.ReadRequest, c.record()); err != nil {
		return err
	}
	if c.Request.Version != version {
		return fault.Overtaken()
	}
	return nil
}

// promising are the operations that may move a budget. No other waits for one.
var promising = []policy.Operation{policy.SubmitRequest, policy.ApproveRequest, policy.CancelRequest}

// deciding are the operations that take authority.
var deciding = []policy.Operation{policy.ApproveRequest, policy.EndorseRequest, policy.DeclineRequest, policy.ReturnRequest}

// excepting are the operations that are about passing the cap.
var excepting = []policy.Operation{policy.AskException, policy.AllowException, policy.RefuseException}

// seen is what somebody who looks at a request sees besides. What is left of a
// budget is for those to know who decide or pay out of it.
func (s *Awards) seen(who policy.Actor) Also {
	return Also{
		Budget: who.Is(identity.Manager) || who.Is(identity.Finance), Authority: who.Is(identity.Manager), Automatic: true,
		Exceptions: who.Is(identity.Coach) || who.Is(identity.Manager), Promise: true, At: s.now(),
	}
}

// did says what each operation that changes a request did to it, in words that
// go on from a name.
var did = map[policy.Operation]string{
	policy.EditRequest:      "changed what it asks for",
	policy.SubmitRequest:    "submitted it",
	policy.ApproveRequest:   "approved it",
	policy.EndorseRequest:   "endorsed it",
	policy.DeclineRequest:   "declined it",
	policy.ReturnRequest:    "sent it back with a question",
	policy.WithdrawRequest:  "withdrew it",
	policy.CompletePayment:  "recorded a payment",
	policy.UploadResults:    "recorded what became of a payment",
	policy.RecoverPayment:   "recorded that money came back",
	policy.ReleaseRest:      "gave back what was left",
	policy.CloseRequest:     "closed it",
	policy.CancelRequest:    "cancelled it",
	policy.ChallengeRequest: "asked for another look",
	policy.KeepRequest:      "kept it on",
	policy.ExpireRequest:    "let it run out",
	policy.AskException:     "asked to pass the cap",
	policy.AllowException:   "let it pass the cap",
	policy.RefuseException:  "did not let it pass the cap",
}

// Did says what an operation that changes a request did to it, in words that go
// on from a name. It is empty for one that changes no request.
func Did(op policy.Operation) string { return did[op] }

// overtaken says who changed a request since it was at version.
func (s *Awards) overtaken(ctx context.Context, who policy.Actor, id uuid.UUID, version int64) error {
	done, err := s.d.Store.Changes(ctx, who, id, slices.Sorted(maps.Keys(did)), version)
	if err != nil {
		return err
	}
	changes := make([]fault.Change, len(done))
	for i, d := range done {
		changes[i] = fault.Change{By: d.By, What: Did(d.Operation), At: d.At}
	}
	return fault.Overtaken(changes...)
}

// takenOver asks needs about a jobseeker who was, as far as is known here, on
// the caseload of another coach than the one who acts on what is theirs. It is
// nil if that is still so, or if nothing hangs on it.
func (s *Awards) takenOver(ctx context.Context, who policy.Actor, op policy.Operation, id uuid.UUID) (*Jobseeker, error) {
	if !who.Is(identity.Coach) {
		return nil, nil
	}
	rec, err := s.d.Store.Record(ctx, who, id)
	if err != nil || policy.Reaches(who, op, rec) {
		return nil, err
	}
	j, err := s.d.Needs.Jobseeker(ctx, rec.Jobseeker)
	if err != nil || j.CoachID != who.ID {
		return nil, err
	}
	return &j, nil
}

// actor is who acts, if some role of theirs may do the operation at all. Only a
// jobseeker has to be looked up: no staff request waits for needs because of it.
func (s *Awards) actor(ctx context.Context, op policy.Operation) (policy.Actor, error) {
	p, err := identity.From(ctx)
	if err != nil {
		return policy.Actor{}, err
	}
	if err := policy.Gate(p, op); err != nil {
		return policy.Actor{}, err
	}
	who := policy.Actor{Person: p}
	if p.Is(identity.Jobseeker) {
		who.Jobseeker, err = s.d.Needs.Me(ctx)
	}
	return who, err
}

// reader is the actor, if they may do to this request what takes more than
// seeing it and yet changes nothing.
func (s *Awards) reader(ctx context.Context, op policy.Operation, id uuid.UUID) (policy.Actor, error) {
	who, err := s.actor(ctx, op)
	if err != nil {
		return policy.Actor{}, err
	}
	rec, err := s.d.Store.Record(ctx, who, id)
	if err != nil {
		return policy.Actor{}, err
	}
	return who, policy.Check(who, op, policy.ReadRequest, rec)
}

// now is the time as it is kept, so that what was written equals what is read.
func (s *Awards) now() time.Time { return s.d.Now().UTC().Truncate(time.Microsecond) }

func (a *Allowance) record() policy.Record {
	return policy.Record{Jobseeker: a.JobseekerID, Coach: a.CoachID, Area: a.Area}
}

func (c Case) record() policy.Record {
	r := c.Request
	return policy.Record{Jobseeker: r.JobseekerID, Coach: c.Allowance.CoachID, Area: r.Area, State: string(r.State())}
}
