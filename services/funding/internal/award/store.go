package award

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/money"
	"github.com/instead-support/instead/services/funding/internal/authority"
	"github.com/instead-support/instead/services/funding/internal/policy"
)

// Act is one use of the system, and what the store needs to know of it: who
// acts, doing what, and with what body, by which a retry is told from a second
// use of its key.
type Act struct {
	Who       policy.Actor
	Operation policy.Operation
	Body      any
}

// Case is a request with what a verb on it has to know, or changes.
type Case struct {
	Request   *Request
	Allowance *Allowance
	Budget    *Budget // see Also
	Authority authority.Authority
	Rule      Rule

	Exceptions bool                // the fund may let a request pass the cap, under its terms of today
	Excepting  authority.Authority // of whoever acts, to let it

	Promise  *Promise    // nil for none that can run out
	InFlight money.Pence // of what was promised, on its way to be paid
	Kept     *Kept       // nil if it never was kept on
}

// Also is what is wanted to know besides a request and its allowance. The zero
// Also is nothing.
type Also struct {
	// Budget is the budget that the request was promised out of or, while nothing
	// is promised, the one of its fund and area for the year of At. There may be
	// none.
	Budget bool

	// Authority is what whoever acts may decide, on the day of At, of what asks
	// this request's fund in its area and was submitted by its coach. It is none
	// at all where it is not wanted.
	Authority bool

	// Exceptions is whether the request's fund has exceptions to the cap, and what
	// whoever acts may allow there.
	Exceptions bool

	// Rule is what the request's fund approves by itself, under its terms of the
	// day of At. It is the zero Rule where it is not wanted.
	Rule bool

	// Automatic is how the request was approved automatically, if it was.
	Automatic bool

	// Promise is the promise that may run out, what of it is on its way, and whether
	// it was kept on.
	Promise bool

	At time.Time
}

// Store keeps allowances and requests, in one transaction a call.
//
// Every method shows and changes only what act.Who may see, answers NotFound for
// anything else, and writes into the audit trail what was seen or changed. The
// methods that change something do so once for each Idempotency-Key: a retry
// runs no function and answers with the thing as it now stands. They lock the
// allowance first, the request after and the budget last, always in this order.
// A function that fails changes nothing.
type Store interface {
	// Open saves the allowance that open returns. It returns Conflict if the
	// jobseeker has one for this course already.
	Open(ctx context.Context, act Act, open func() (*Allowance, error)) (*Allowance, error)

	// Begin saves the request that begin returns against this allowance, and what
	// it does to the allowance. It tells begin which funds are open to the
	// allowance's area at that moment, which are those with a budget for that year.
	Begin(ctx context.Context, act Act, allowance uuid.UUID, at time.Time, begin func(*Allowance, []Fund) (*Request, error)) (Case, error)

	// Change saves what change does to this request, its allowance and, if that is
	// wanted, its budget, and tells the other services of every step taken. It
	// returns OverCap or OverBudget if the database's own count says so.
	Change(ctx context.Context, act Act, request uuid.UUID, also Also, change func(Case) error) (Case, error)

	// Record is what the policy needs to know of a request or an allowance. It
	// says nothing of anybody, and so leaves no trace in the audit trail.
	Record(ctx context.Context, who policy.Actor, id uuid.UUID) (policy.Record, error)

	// Changes is what was done to this request since it was at a version, as far
	// as it was done by one of these operations, latest first. It returns NotFound
	// for a request that who may not see.
	Changes(ctx context.Context, who policy.Actor, request uuid.UUID, by []policy.Operation, since int64) ([]Change, error)

	// Paces is what the clock of each of these requests hangs on, as far as they
	// wait for a decision. Like Record it says nothing of anybody.
	Paces(ctx context.Context, requests []uuid.UUID) (map[uuid.UUID]Pace, error)

	Request(ctx context.Context, act Act, id uuid.UUID, also Also) (Case, error)
	Requests(ctx context.Context, act Act, f Filter, p Page) ([]Summary, int, error)
	Totals(ctx context.Context, act Act, f Filter) ([]StateTotal, error)

	Allowance(ctx context.Context, act Act, id uuid.UUID) (*Allowance, []Posting, error)
	Allowances(ctx context.Context, act Act, jobseeker uuid.UUID) ([]Allowance, error)

	Trail(ctx context.Context, act Act, request uuid.UUID, p Page) ([]Trace, int, error)
}

// Filter narrows a list of requests. The zero Filter narrows nothing; there is
// no filter that widens what the caller may see.
type Filter struct {
	States      []State
	Text        string // a reference or part of one, as typed
	Mine        bool   // only of the caller's own caseload
	Decidable   bool   // only those that the caller may decide now
	Exception   bool   // only those for which somebody waits to be let pass the cap
	Automatic   bool   // only those that were approved automatically
	Area        string
	JobseekerID uuid.UUID
	AllowanceID uuid.UUID
}

// Page is which rows of a list to answer with.
type Page struct{ Number, Size int } // Number counts from 1

// Summary is a request as a list shows it.
type Summary struct {
	ID          uuid.UUID
	Reference   string
	JobseekerID uuid.UUID
	AllowanceID uuid.UUID
	Area        string
	State       State
	CoachID     uuid.UUID
	CoachName   string
	CourseName  string
	FirstLine   string // what the first line is for; empty without lines
	Lines       int
	Asked       money.Pence
	Awarded     money.Pence
	Available   money.Pence // of the allowance as it stands
	Over        money.Pence // by how much it would take the allowance above the cap, or has
	SubmittedAt *time.Time
	DecidedAt   *time.Time
	ChangedAt   time.Time
	Clock       Clock // by when it is to be decided
}

// StateTotal counts every request in a state, and its money.
type StateTotal struct {
	State   State
	Count   int
	Asked   money.Pence
	Awarded money.Pence
	Oldest  *time.Time // when the longest waiting came into the state
}

// Change is one change of a request, and by whom: the name of a member of staff,
// or "The jobseeker".
type Change struct {
	Operation policy.Operation
	By        string
	At        time.Time
}

// Posting is an entry as a ledger shows it.
type Posting struct {
	Entry
	Reference string // of the request
	At        time.Time
}

// Trace is one entry of the audit trail.
type Trace struct {
	At        time.Time
	Person    uuid.UUID
	Action    string
	Subject   string
	SubjectID uuid.UUID
}
