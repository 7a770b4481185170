package award

import (
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/funding/internal/policy"
)

// Verb is something that a person does with a request.
type Verb string

// The verbs, as the contract names them.
const (
	VerbEdit      Verb = "edit"
	VerbSubmit    Verb = "submit"
	VerbApprove   Verb = "approve"
	VerbEndorse   Verb = "endorse"
	VerbDecline   Verb = "decline"
	VerbReturn    Verb = "return"
	VerbWithdraw  Verb = "withdraw"
	VerbCancel    Verb = "cancel"
	VerbChallenge Verb = "challenge"
	VerbReview    Verb = "review"
	VerbKeep      Verb = "keep"

	VerbAskException    Verb = "ask-exception"
	VerbAllowException  Verb = "allow-exception"
	VerbRefuseException Verb = "refuse-exception"
)

var verbs = []struct {
	Verb      Verb
	Operation policy.Operation
	To        State // Unbegun for the one that goes nowhere
}{
	{VerbEdit, policy.EditRequest, Unbegun},
	{VerbSubmit, policy.SubmitRequest, Submitted},
	{VerbApprove, policy.ApproveRequest, Approved},
	{VerbEndorse, policy.EndorseRequest, Submitted},
	{VerbDecline, policy.DeclineRequest, Declined},
	{VerbReturn, policy.ReturnRequest, Returned},
	{VerbWithdraw, policy.WithdrawRequest, Withdrawn},
	{VerbCancel, policy.CancelRequest, Cancelled},
	{VerbChallenge, policy.ChallengeRequest, Challenged},
	{VerbReview, policy.ReviewAutomatic, Unbegun},
	{VerbKeep, policy.KeepRequest, Unbegun},
	{VerbAskException, policy.AskException, Unbegun},
	{VerbAllowException, policy.AllowException, Unbegun},
	{VerbRefuseException, policy.RefuseException, Unbegun},
}

// can lists what who may do with the request now, so that a page offers nothing
// that would be refused. It promises nothing: the verb itself asks again.
func (c Case) can(who policy.Actor) []Verb {
	can := []Verb{}
	for _, v := range verbs {
		ok, state := policy.Reaches(who, v.Operation, c.record()), c.Request.State()
		switch {
		case v.Verb == VerbEndorse:
			ok = ok && c.Request.endorsable(who.Person, c.Authority) == nil
		case v.Verb == VerbApprove:
			ok = ok && state.leadsTo(v.To) && c.Request.approvable(who.Person, c.Authority) == nil
		case v.Verb == VerbReview:
			ok = ok && c.reviewable(who.Person) == nil
		case v.Verb == VerbCancel:
			ok = ok && state.leadsTo(v.To) && c.Request.Paid == 0 && c.InFlight == 0
		case v.Verb == VerbKeep:
			ok = ok && c.Promise.keepable() == nil
		case v.Verb == VerbAskException:
			ok = ok && c.exceptionAskable() == nil
		case v.Verb == VerbAllowException:
			ok = ok && c.exceptionAnswerable(who.Person) == nil && c.Allowance.Excess(c.Request) >= 1
		case v.Verb == VerbRefuseException:
			ok = ok && c.exceptionAnswerable(who.Person) == nil
		case v.To == Unbegun:
			ok = ok && state.editable()
		case v.To.decision():
			ok = ok && state.leadsTo(v.To) && c.Request.decidable(who.Person, c.Authority) == nil
		default:
			ok = ok && state.leadsTo(v.To)
		}
		if ok {
			can = append(can, v.Verb)
		}
	}
	return can
}

// standing is c as it stands for who, or else err.
func standing(who policy.Actor, c Case, err error) (Standing, error) {
	if err != nil {
		return Standing{}, err
	}
	return Standing{Case: c, Can: c.can(who)}.seenBy(who), nil
}

// seenBy leaves out what is not who's to know: what is left of a budget, and which
// automatic approvals are looked at after, are for those who answer for the money.
func (s Standing) seenBy(who policy.Actor) Standing {
	if who.Is(identity.Manager) || who.Is(identity.Finance) || who.Is(identity.Auditor) {
		return s
	}
	s.Budget = nil
	if a := s.Request.Automatic; a != nil {
		s.Request.Automatic = &Automatic{Version: a.Version}
	}
	return s
}
