package award

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/pkg/money"
	"github.com/instead-support/instead/services/funding/internal/authority"
	"github.com/instead-support/instead/services/funding/internal/policy"
)

// Exception is where it stands that a request may take its allowance above the
// cap. It is for the very lines for which it was asked, and what somebody else pays
// of them: a change of either ends it.
//
// It is a decision of its own, which comes before the one on the request and
// never takes its place: a senior person says by how much the cap may be passed,
// and somebody decides the request then as they would any other. It is off unless
// the fund's terms say otherwise, and nobody may allow one without authority for
// exceptions, which authority to decide is not.
type Exception string

// Where an exception stands.
const (
	NotAsked        Exception = "" // or not for the lines that there are now
	ExceptionAsked  Exception = "asked"
	ExceptionGiven  Exception = "allowed"
	ExceptionDenied Exception = "refused"
)

// exceptionCodes lists the reasons that each answer may give.
var exceptionCodes = map[Deed][]Code{
	AllowingException: {"leads-to-job-offer", "nothing-cheaper", "several-needs", "other"},
	RefusingException: {"possible-for-less", "other-funding-available", "not-value-for-money", "other"},
}

// ExceptionCodes lists the reasons for this answer to somebody who asks to pass
// the cap.
func ExceptionCodes(answer Deed) []Code { return slices.Clone(exceptionCodes[answer]) }

// askException asks that the case may take its allowance above the cap. It returns
// Conflict unless the fund has exceptions, the lines can still be edited and come
// to more than is available, and nobody has asked yet; and Invalid without words.
func (c Case) askException(words string, by identity.Person, at time.Time) error {
	if err := c.exceptionAskable(); err != nil {
		return err
	}
	words = tidy(words)
	var k fault.Check
	checkText(&k, "/words", words, 2000, "Say why it takes this much, and why it can’t be had for less.")
	if err := k.Err(); err != nil {
		return err
	}
	r := c.Request
	r.Exception, r.Over = ExceptionAsked, 0
	return r.take(Step{Act: AskingException, To: r.State(), At: at, By: by.ID, ByName: by.Name, Words: words})
}

func (c Case) exceptionAskable() error {
	switch r := c.Request; {
	case !c.Exceptions:
		return fault.New(fault.Conflict, "This fund makes no exceptions to the cap. Reduce the request, or record who else pays the rest.")
	case !r.State().editable():
		return fault.Newf(fault.Conflict, "This request is %s, so nobody can ask to pass the cap for it now.", r.State())
	case r.Exception == ExceptionAsked:
		return fault.New(fault.Conflict, "Somebody has asked for this already. It waits for an answer.")
	case r.Exception == ExceptionDenied:
		return fault.New(fault.Conflict, "This was refused for what the request asks for now. Change what it asks for first.")
	case r.Asked() <= c.Allowance.availableTo(r):
		return fault.New(fault.Conflict, "What this asks for is available, so it needs no exception. Submit it.")
	}
	return nil
}

// Answer is what a senior person says to somebody who asks to pass the cap.
type Answer struct {
	Allow bool
	Over  money.Pence // by how much at most the cap is passed, as whoever answers saw it; nothing where it is refused
	Code  Code
	Words string
}

// act is the deed that the answer is.
func (n Answer) act() Deed {
	if n.Allow {
		return AllowingException
	}
	return RefusingException
}

// answerException allows or refuses that the case takes its allowance above the
// cap. It returns Conflict if nobody waits for that or, where it is allowed, if it
// takes more by now than whoever answers saw or nothing at all; Forbidden if it is not by's to answer;
// and Invalid, naming every field, for what the answer lacks.
func (c Case) answerException(n Answer, by identity.Person, at time.Time) error {
	if err := c.exceptionAnswerable(by); err != nil {
		return err
	}
	n.Words = tidy(n.Words)
	var k fault.Check
	k.Want(slices.Contains(exceptionCodes[n.act()], n.Code), "/code", "Choose a reason from the list.")
	checkText(&k, "/words", n.Words, 2000, "Say why, in words that the jobseeker can understand.")
	if err := k.Err(); err != nil {
		return err
	}
	r, over := c.Request, c.Allowance.Excess(c.Request)
	step := Step{Act: n.act(), To: r.State(), At: at, By: by.ID, ByName: by.Name, Code: n.Code, Words: n.Words}
	if !n.Allow {
		r.Exception = ExceptionDenied
		return r.take(step)
	}
	switch {
	case over < 1:
		return fault.New(fault.Conflict, "What this asks for is available by now, so it needs no exception. The coach can submit it.")
	case over > n.Over:
		return fault.Newf(fault.Conflict, "By now this would be %v above the cap, not %v. Look at it again before you decide.", over, n.Over)
	}
	r.Exception, r.Over, c.Allowance.Over = ExceptionGiven, over, max(c.Allowance.Over, over)
	return r.take(step)
}

// exceptionAnswerable returns nil if by may answer who asks to pass the cap: a
// manager there with authority for an exception of this much, who is not the
// jobseeker's coach, has neither begun the request, nor asked for this, nor ever
// submitted it, and took no part in a decision on it that was challenged.
func (c Case) exceptionAnswerable(by identity.Person) error {
	r := c.Request
	if by.ID == uuid.Nil || r.Area == "" || !by.Is(identity.Manager) || !by.Covers(r.Area) {
		return fault.New(fault.Forbidden, "Only a manager of this request’s area can answer this.")
	}
	if by.ID == c.Allowance.CoachID || slices.ContainsFunc(r.History, func(s Step) bool {
		return s.By == by.ID && (s.From == Unbegun || s.submits() || s.Act == AskingException)
	}) {
		return fault.New(fault.Forbidden, "You ask for this request yourself, so somebody else must answer this.")
	}
	for i, s := range r.History {
		if s.By == by.ID && r.wasChallenged(i) {
			return errChallenged
		}
	}
	if err := mayExceed(c.Excepting, max(1, c.Allowance.Excess(r))); err != nil {
		return err
	}
	switch {
	case !c.Exceptions:
		return fault.New(fault.Conflict, "This fund makes no exceptions to the cap any more.")
	case !r.State().editable() || r.Exception != ExceptionAsked:
		return fault.New(fault.Conflict, "Nobody waits for an answer about the cap here. Somebody may have got there first, or the request has changed.")
	}
	return nil
}

// mayExceed returns Forbidden unless whoever holds the authority for exceptions may
// allow one of this much. It is one person's to answer for, and so goes as far as
// they may go alone.
func mayExceed(may authority.Authority, over money.Pence) error {
	switch {
	case may.Alone < 1:
		return fault.New(fault.Forbidden, "You have no authority to allow more than the cap. Ask finance who has.")
	case over > may.Alone:
		return fault.Newf(fault.Forbidden, "You may allow up to %v above the cap here, and this is %v. Somebody with authority for that much must answer.", may.Alone, over)
	}
	return nil
}

// AskException asks a senior person to let a request take its allowance above the
// cap.
func (s *Awards) AskException(ctx context.Context, id uuid.UUID, version int64, words string) (Standing, error) {
	return s.change(ctx, policy.AskException, id, version, words, func(c Case, by identity.Person) error {
		return c.askException(words, by, s.now())
	})
}

// AllowException lets a request take its allowance above the cap, by so much at
// most.
func (s *Awards) AllowException(ctx context.Context, id uuid.UUID, version int64, over money.Pence, code Code, words string) (Standing, error) {
	return s.answerException(ctx, policy.AllowException, id, version, Answer{Allow: true, Over: over, Code: code, Words: words})
}

// RefuseException keeps a request within the cap.
func (s *Awards) RefuseException(ctx context.Context, id uuid.UUID, version int64, code Code, words string) (Standing, error) {
	return s.answerException(ctx, policy.RefuseException, id, version, Answer{Code: code, Words: words})
}

// answerException asks needs first whose coach the jobseeker has today: who has just
// become that asks for the request from now on.
func (s *Awards) answerException(ctx context.Context, op policy.Operation, id uuid.UUID, version int64, n Answer) (Standing, error) {
	who, err := s.actor(ctx, op)
	if err != nil {
		return Standing{}, err
	}
	rec, err := s.d.Store.Record(ctx, who, id)
	if err != nil {
		return Standing{}, err
	}
	if err := policy.Check(who, op, policy.ReadRequest, rec); err != nil {
		return Standing{}, err
	}
	j, err := s.d.Needs.Jobseeker(ctx, rec.Jobseeker)
	if err != nil {
		return Standing{}, err
	}
	return s.changeFor(ctx, who, op, &j, id, version, n, func(c Case) error { return c.answerException(n, who.Person, s.now()) })
}
