package award

import (
	"github.com/instead-support/instead/services/funding/internal/policy"
)

// Verb is something that a person does with a request.
type Verb string

// The verbs, as the contract names them.
const (
	VerbEdit     Verb = "edit"
	VerbSubmit   Verb = "submit"
	VerbApprove  Verb = "approve"
	VerbDecline  Verb = "decline"
	VerbReturn   Verb = "return"
	VerbWithdraw Verb = "withdraw"
)

var verbs = []struct {
	Verb      Verb
	Operation policy.Operation
	To        State // Unbegun for the one that goes nowhere
}{
	{VerbEdit, policy.EditRequest, Unbegun},
	{VerbSubmit, policy.SubmitRequest, Submitted},
	{VerbApprove, policy.ApproveRequest, Approved},
	{VerbDecline, policy.DeclineRequest, Declined},
	{VerbReturn, policy.ReturnRequest, Returned},
	{VerbWithdraw, policy.WithdrawRequest, Withdrawn},
}

// can lists what who may do with r now, so that a page offers nothing that
// would be refused. It promises nothing: the verb itself asks again.
func (r *Request) can(who policy.Actor, a *Allowance) []Verb {
	can := []Verb{}
	for _, v := range verbs {
		ok := policy.Reaches(who, v.Operation, r.record(a))
		switch {
		case v.To == Unbegun:
			ok = ok && r.State().editable()
		case v.To.decision():
			ok = ok && r.State().leadsTo(v.To) && r.decidable(who.Person) == nil
		default:
			ok = ok && r.State().leadsTo(v.To)
		}
		if ok {
			can = append(can, v.Verb)
		}
	}
	return can
}

// standing is r as it stands for who, or else err.
func standing(who policy.Actor, r *Request, a *Allowance, err error) (Standing, error) {
	if err != nil {
		return Standing{}, err
	}
	return Standing{Request: r, Allowance: a, Can: r.can(who, a)}, nil
}
