package award

import "slices"

// State is where a request stands.
type State string

// The states.
const (
	Unbegun    State = "" // before it is begun; no saved request is in this state
	Draft      State = "draft"
	Submitted  State = "submitted"
	Approved   State = "approved" // some of what was promised is still to be paid
	Declined   State = "declined"
	Returned   State = "returned"
	Withdrawn  State = "withdrawn"
	Challenged State = "challenged" // declined, and the jobseeker asks for another look
	Paid       State = "paid"       // nothing that was promised is still to be paid
	Closed     State = "closed"
	Cancelled  State = "cancelled"
	Expired    State = "expired" // approved, and not used within the fund's days
)

// States lists every state a saved request can be in, in the order in which
// people meet them.
var States = []State{Draft, Submitted, Approved, Declined, Returned, Withdrawn, Challenged, Paid, Closed, Cancelled, Expired}

// Editable lists the states in which the lines of a request may change.
var Editable = []State{Draft, Returned, Challenged}

// Deed is what a step does where that is not plain from the state it leads to.
type Deed string

// The deeds that have a name.
const (
	Endorsing     Deed = "endorse"      // the first of two says yes
	Automatically Deed = "automatic"    // the fund's own rule says yes
	Paying        Deed = "pay"          // a part or the rest is paid
	Recovering    Deed = "recover"      // something that was paid comes back
	ReleasingRest Deed = "release-rest" // what will not be paid is given back

	AskingException   Deed = "ask-exception"    // the coach asks to pass the cap
	AllowingException Deed = "allow-exception"  // a senior person lets the request pass it
	RefusingException Deed = "refuse-exception" // or does not
)

// Arrow is one allowed change of a request.
type Arrow struct {
	From State
	Act  Deed // "" for a change of state that says it all
	To   State
}

// arrows is the whole state machine. The database holds the same table and
// refuses any other arrow; a test keeps the two alike.
var arrows = []Arrow{
	{Unbegun, "", Draft},
	{Draft, "", Submitted}, {Draft, "", Withdrawn},
	{Submitted, "", Approved}, {Submitted, "", Declined}, {Submitted, "", Returned}, {Submitted, "", Withdrawn},
	{Submitted, Endorsing, Submitted}, {Submitted, Automatically, Approved},
	{Returned, "", Submitted}, {Returned, "", Withdrawn},
	{Declined, "", Challenged}, {Challenged, "", Submitted}, {Challenged, "", Withdrawn},
	{Approved, "", Cancelled}, {Approved, "", Expired},
	{Approved, Paying, Approved}, {Approved, Paying, Paid},
	{Approved, Recovering, Approved}, {Paid, Recovering, Paid}, {Closed, Recovering, Closed},
	{Approved, ReleasingRest, Approved}, {Approved, ReleasingRest, Paid},
	{Paid, "", Closed},
	{Draft, AskingException, Draft}, {Draft, AllowingException, Draft}, {Draft, RefusingException, Draft},
	{Returned, AskingException, Returned}, {Returned, AllowingException, Returned}, {Returned, RefusingException, Returned},
	{Challenged, AskingException, Challenged}, {Challenged, AllowingException, Challenged}, {Challenged, RefusingException, Challenged},
}

// Arrows lists every allowed change of a request.
func Arrows() []Arrow { return slices.Clone(arrows) }

// leadsTo reports whether the machine has a plain arrow from s to the other
// state.
func (s State) leadsTo(to State) bool { return slices.Contains(arrows, Arrow{s, "", to}) }

// editable reports whether the lines of a request in this state may change.
// Once submitted they are what somebody is asked to decide, word for word.
func (s State) editable() bool { return slices.Contains(Editable, s) }

// decision reports whether coming into this state from being submitted is a
// decision, which takes authority and is never the submitter's to make.
func (s State) decision() bool { return s == Approved || s == Declined || s == Returned }

// Code is the reason for a decision, from a short list, so that reasons can be
// counted.
type Code string

// codes lists the reasons that each decision may give.
var codes = map[State][]Code{
	Approved: {"removes-need", "leads-to-job-offer", "better-than-course", "other"},
	Declined: {"not-linked-to-need", "other-funding-available", "not-value-for-money", "not-allowed",
		"insufficient-information", "other"},
	Returned: {"more-information", "quote-needed", "price-check", "need-unclear", "other"},
}

// Codes lists the reasons for deciding that a request comes into this state.
func Codes(decision State) []Code { return slices.Clone(codes[decision]) }
