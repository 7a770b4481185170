package award

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/pkg/money"
	"github.com/instead-support/instead/services/funding/internal/authority"
)

// Request asks for priced things against one allowance, and is what somebody
// else decides. Its state is where its history ends: there is no other record
// of it that could disagree, and only the verbs below add to the history.
type Request struct {
	ID           uuid.UUID
	Reference    string
	AllowanceID  uuid.UUID
	JobseekerID  uuid.UUID
	Area         string // where it was submitted; its managers decide it
	Fund         Fund
	BudgetID     uuid.UUID // that it was promised out of; uuid.Nil until then
	Lines        []Line
	Elsewhere    Elsewhere
	Awarded      money.Pence // what approval promised; 0 until then
	OtherFunding string      // that was considered; see Approval
	Scrutiny     string
	Exception    Exception
	Over         money.Pence // how far it may take its allowance above the cap; 0 without an exception
	Automatic    *Automatic  // how its fund's rule approved it; nil if it did not, or if that was not wanted
	Totals                   // of its own entries
	History      []Step      // oldest first, never empty once begun
	ChangedAt    time.Time
	Version      int64
}

// Step is one arrow that a request has gone along.
type Step struct {
	From, To State
	Act      Deed // "" where the state it leads to says it all
	At       time.Time
	By       uuid.UUID
	ByName   string
	Code     Code      // for a decision
	Words    string    // for the jobseeker to read
	Payment  uuid.UUID // that it is about; uuid.Nil for none
}

// submits reports whether the step asked for a decision.
func (s Step) submits() bool { return s.To == Submitted && s.Act == "" }

// decides reports whether the step answered a submission.
func (s Step) decides() bool { return s.From == Submitted && s.To.decision() }

// challenges reports whether the step asked for another look.
func (s Step) challenges() bool { return s.To == Challenged && s.Act == "" }

// Reason is why a decision is taken.
type Reason struct {
	Code     Code
	Words    string
	Approval // nothing but of an approval
}

// begin is a new request against a to fund f, with no lines yet.
func begin(a *Allowance, f Fund, by identity.Person, at time.Time) (*Request, error) {
	r := &Request{
		ID: newID(), Reference: newReference(),
		AllowanceID: a.ID, JobseekerID: a.JobseekerID, Area: a.Area, Fund: f, Version: 1,
	}
	return r, r.move(Draft, by, at, Reason{})
}

// State is where the request stands.
func (r *Request) State() State {
	if len(r.History) == 0 {
		return Unbegun
	}
	return r.History[len(r.History)-1].To
}

// Asked is what the allowance would have to meet: the full price of every line,
// less what somebody else pays.
func (r *Request) Asked() money.Pence { return total(r.Lines) - r.Elsewhere.Pence }

// Coach is whose request it is: who submitted it last, or began it. A challenge
// that goes on at once is submitted by the jobseeker, and is their coach's still.
func (r *Request) Coach() uuid.UUID {
	for _, s := range slices.Backward(r.History) {
		if s.submits() && s.ByName != TheJobseeker {
			return s.By
		}
	}
	return r.History[0].By
}

// ByRule reports whether the fund's own rule approved it.
func (r *Request) ByRule() bool {
	return slices.ContainsFunc(r.History, func(s Step) bool { return s.Act == Automatically })
}

// Submission is the latest step that asked for a decision, if any.
func (r *Request) Submission() (Step, bool) {
	for _, s := range slices.Backward(r.History) {
		if s.submits() {
			return s, true
		}
	}
	return Step{}, false
}

// Decision is the answer to the latest submission, if there is one yet.
func (r *Request) Decision() (Step, bool) {
	for _, s := range slices.Backward(r.History) {
		if s.submits() {
			break
		}
		if s.decides() {
			return s, true
		}
	}
	return Step{}, false
}

// Edit replaces the lines of a draft, returned or challenged request. It returns Conflict
// in any other state, and Invalid with a pointer to every field that is wrong.
func (r *Request) Edit(ask Ask, at time.Time) error {
	if !r.State().editable() {
		return fault.Newf(fault.Conflict, "This request is %s, so it can no longer be edited.", r.State())
	}
	ask = ask.tidy(r.Lines)
	if err := ask.check(); err != nil {
		return err
	}
	if !slices.Equal(r.Lines, ask.Lines) || r.Elsewhere != ask.Elsewhere {
		r.Exception, r.Over = NotAsked, 0
	}
	r.Lines, r.Elsewhere, r.ChangedAt = ask.Lines, ask.Elsewhere, at
	return nil
}

// Submit asks for a decision and holds what is asked against a. Every line must
// meet one of inTheWay, the needs that stand in this jobseeker's way. It returns
// Invalid if one does not or there is no line, OverCap with the figures if more
// is asked than is available, and Conflict if it cannot be submitted now.
func (r *Request) Submit(a *Allowance, inTheWay []uuid.UUID, by identity.Person, at time.Time) error {
	if err := r.canMove(Submitted); err != nil {
		return err
	}
	if err := r.ready(inTheWay); err != nil {
		return err
	}
	r.Area = a.Area
	if r.Exception != ExceptionGiven {
		r.Exception = NotAsked
	}
	if err := r.move(Submitted, by, at, Reason{}); err != nil {
		return err
	}
	return a.hold(r)
}

// Approve grants all or a part of each line and turns what is held into a
// commitment of the award out of b: the smaller of what is granted and what is
// held. What is held beyond it is released. It returns Conflict if the request is
// not waiting for a decision, Forbidden if this is not by's to decide, Invalid
// naming every field of why that is wrong, and OverBudget, with the figures, if b
// is nil or has less left.
func (r *Request) Approve(a *Allowance, b *Budget, why Reason, by identity.Person, may authority.Authority, at time.Time) error {
	if err := r.canMove(Approved); err != nil {
		return err
	}
	if err := r.approvable(by, may); err != nil {
		return err
	}
	granted, err := r.grant(why)
	if err != nil {
		return err
	}
	if err := r.decide(Approved, why, by, may, at); err != nil {
		return err
	}
	r.Awarded, err = a.commit(r, b, granted, at)
	return err
}

// Decline says no and releases what is held. The faults are those of Approve,
// and Invalid without words: somebody will read why.
func (r *Request) Decline(a *Allowance, why Reason, by identity.Person, may authority.Authority, at time.Time) error {
	if err := r.decide(Declined, why, by, may, at); err != nil {
		return err
	}
	return a.release(r)
}

// Return sends the request back to the coach with a question and releases what
// is held. The faults are those of Decline.
func (r *Request) Return(a *Allowance, why Reason, by identity.Person, may authority.Authority, at time.Time) error {
	if err := r.decide(Returned, why, by, may, at); err != nil {
		return err
	}
	return a.release(r)
}

// Withdraw takes the request back, before or after it was submitted, and
// releases what is held. It returns Conflict once it is approved or declined.
func (r *Request) Withdraw(a *Allowance, words string, by identity.Person, at time.Time) error {
	why := Reason{Words: tidy(words)}
	var c fault.Check
	checkText(&c, "/words", why.Words, 2000, "")
	if err := c.Err(); err != nil {
		return err
	}
	if err := r.move(Withdrawn, by, at, why); err != nil {
		return err
	}
	return a.release(r)
}

// Cancel gives back all that was promised, of which nothing was paid, to the
// allowance and to b. It returns Conflict if the request is not approved or
// something of it was paid, and Invalid without words.
func (r *Request) Cancel(a *Allowance, b *Budget, words string, by identity.Person, at time.Time) error {
	return r.giveUp(a, b, Cancelled, words, by, at)
}

func (r *Request) giveUp(a *Allowance, b *Budget, to State, words string, by identity.Person, at time.Time) error {
	why := Reason{Words: tidy(words)}
	var c fault.Check
	checkText(&c, "/words", why.Words, 2000, "Say why it is not needed any more.")
	if err := c.Err(); err != nil {
		return err
	}
	if r.Paid > 0 {
		return fault.New(fault.Conflict, "Something of this was paid. What is left of it can be given back instead.")
	}
	if err := r.move(to, by, at, why); err != nil {
		return err
	}
	return a.enter(r, b, Uncommit, r.Committed)
}

// decide moves to one of the decisions, which is where separation of duties is
// kept, whoever calls.
func (r *Request) decide(to State, why Reason, by identity.Person, may authority.Authority, at time.Time) error {
	if err := r.canMove(to); err != nil {
		return err
	}
	if err := r.decidable(by, may); err != nil {
		return err
	}
	why.Words = tidy(why.Words)
	if err := why.check(to); err != nil {
		return err
	}
	return r.move(to, by, at, why)
}

// decidable returns Forbidden unless by is a manager of the request's area who
// has never submitted it, has not declined it before nor taken part in what was
// then challenged, is not the first of two to say yes to it, and has authority to
// decide something there. Authority that is missing or cannot be read is none.
func (r *Request) decidable(by identity.Person, may authority.Authority) error {
	if by.ID == uuid.Nil || r.Area == "" || !by.Is(identity.Manager) || !by.Covers(r.Area) {
		return fault.New(fault.Forbidden, "Only a manager of this request's area can decide it.")
	}
	for i, s := range r.History {
		switch {
		case s.By != by.ID:
		case s.submits():
			return fault.New(fault.Forbidden, "You submitted this request, so somebody else must decide it.")
		case s.To == Declined:
			return fault.New(fault.Forbidden, "You declined this request before, so somebody else must take another look.")
		case r.wasChallenged(i):
			return errChallenged
		case s.Act == Endorsing && !slices.ContainsFunc(r.History[i:], Step.submits):
			return fault.New(fault.Forbidden, "You have endorsed this request, so a second person must decide it.")
		}
	}
	return may.Check(1, true)
}

// errChallenged is for whoever took part in what was challenged.
var errChallenged = fault.New(fault.Forbidden, "You took part in the decision that was challenged, so somebody else must take another look.")

// wasChallenged reports whether step i took part in a decision that was challenged
// after.
func (r *Request) wasChallenged(i int) bool {
	s := r.History[i]
	return (s.decides() || s.Act == Endorsing) && slices.ContainsFunc(r.History[i:], Step.challenges)
}

// approvable returns Forbidden unless this is by's to decide, by may approve all
// that is asked, and where that takes two the first has endorsed it.
func (r *Request) approvable(by identity.Person, may authority.Authority) error {
	if err := r.decidable(by, may); err != nil {
		return err
	}
	return may.Check(r.Asked(), r.endorsed())
}

// endorsed reports whether somebody has said yes, as the first of two, to what
// was submitted last. It is never who decides then: that is decidable's to see.
func (r *Request) endorsed() bool {
	for _, s := range slices.Backward(r.History) {
		if s.submits() {
			return false
		}
		if s.Act == Endorsing {
			return true
		}
	}
	return false
}

// endorsable returns Forbidden unless this is by's to decide and by may approve
// all that is asked, and Conflict where no endorsement is wanted.
func (r *Request) endorsable(by identity.Person, may authority.Authority) error {
	switch err := r.decidable(by, may); {
	case r.State() != Submitted:
		return fault.Newf(fault.Conflict, "This request is %s, so it cannot be endorsed now.", r.State())
	case err != nil:
		return err
	case r.endorsed():
		return fault.New(fault.Conflict, "Somebody has endorsed this already. You can decide it.")
	case r.Asked() <= may.Alone:
		return fault.New(fault.Conflict, "This takes no second person. You can decide it.")
	}
	return may.Check(r.Asked(), true)
}

// Endorse says yes as the first of two, where by may not approve so much alone:
// nothing is promised until a second person approves. The faults are those of
// Approve, and Conflict where no endorsement is wanted.
func (r *Request) Endorse(why Reason, by identity.Person, may authority.Authority, at time.Time) error {
	if err := r.endorsable(by, may); err != nil {
		return err
	}
	why.Words = tidy(why.Words)
	if err := why.check(Approved); err != nil {
		return err
	}
	return r.take(Step{Act: Endorsing, To: Submitted, At: at, By: by.ID, ByName: by.Name, Code: why.Code, Words: why.Words})
}

// canMove returns Conflict unless the state machine has this plain arrow.
func (r *Request) canMove(to State) error {
	if r.State().leadsTo(to) {
		return nil
	}
	return fault.Newf(fault.Conflict, "This request is %s, so it cannot become %s. Somebody may have got there first.", r.State(), to)
}

// move takes one plain arrow of the state machine.
func (r *Request) move(to State, by identity.Person, at time.Time, why Reason) error {
	if err := r.canMove(to); err != nil {
		return err
	}
	return r.take(Step{To: to, At: at, By: by.ID, ByName: by.Name, Code: why.Code, Words: why.Words})
}

// take writes a step from where the request stands into its history. It returns
// Conflict unless the state machine has its arrow.
func (r *Request) take(s Step) error {
	s.From = r.State()
	if !slices.Contains(arrows, Arrow{s.From, s.Act, s.To}) {
		return fault.Newf(fault.Conflict, "This request is %s, so that can't be done to it now. Somebody may have got there first.", s.From)
	}
	r.History = append(r.History, s)
	r.ChangedAt = s.At
	return nil
}

// newID is a UUIDv7: ids made later sort later, which keeps indexes compact.
func newID() uuid.UUID { return uuid.Must(uuid.NewV7()) }
