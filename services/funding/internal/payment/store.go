package payment

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/money"
	"github.com/instead-support/instead/services/funding/internal/award"
)

// Store keeps payments, batches and what came back, in one transaction a call.
//
// Every method shows and changes only what act.Who may see, answers NotFound for
// anything else, and writes into the audit trail what was seen or changed. The
// methods that change something do so once for each Idempotency-Key: a retry
// runs no function and answers with the thing as it now stands. They lock the
// allowance first, then the request, the budget and the payments. A function
// that fails changes nothing.
type Store interface {
	// Plan saves what plan does to the books of this request.
	Plan(ctx context.Context, act award.Act, request uuid.UUID, plan func(*Books) error) (*Books, error)
	// Change saves what change does to this payment and the books it is in.
	Change(ctx context.Context, act award.Act, payment uuid.UUID, change func(*Books, *Payment) error) (*Payment, error)

	Payment(ctx context.Context, act award.Act, id uuid.UUID) (*Payment, []Recovery, error)
	Payments(ctx context.Context, act award.Act, f Filter, p award.Page) ([]*Payment, int, error)
	Due(ctx context.Context, act award.Act, f Filter, p award.Page) ([]Due, int, error)
	Summary(ctx context.Context, act award.Act, area string) (Summary, error)

	// Gather saves the batch that gather makes of a load: of the payments with
	// these ids, or of all that are planned for the area and leave this way.
	Gather(ctx context.Context, act award.Act, area string, m Method, ids []uuid.UUID, gather func(Load) (*Batch, error)) (*Batch, error)
	// Remove saves what remove does to a payment of a batch, and to the batch.
	Remove(ctx context.Context, act award.Act, batch, payment uuid.UUID, remove func(*Batch, *Payment) error) (*Batch, error)
	// Export keeps the file that export makes of a batch, sealed, with its hash.
	Export(ctx context.Context, act award.Act, batch uuid.UUID, export func(*Batch, Load, []Instruction) ([]byte, error)) (*Batch, error)
	Batch(ctx context.Context, act award.Act, id uuid.UUID) (*Batch, error)
	Batches(ctx context.Context, act award.Act, f BatchFilter, p award.Page) ([]*Batch, int, error)
	// File is the batch's file, to the byte as it was made.
	File(ctx context.Context, act award.Act, batch uuid.UUID) (*Batch, []byte, error)

	// Import keeps a result file and its lines, and has them settled even if
	// this process ends. The same file for the same area is there already: it
	// answers with that one.
	Import(ctx context.Context, act award.Act, r *Result, file []byte) (*Result, error)
	// Map saves what remap makes of a result whose columns nobody understood.
	Map(ctx context.Context, act award.Act, id uuid.UUID, remap func(r *Result, file []byte) error) (*Result, error)
	// Waiting lists the lines of a result that wait to be settled.
	Waiting(ctx context.Context, id uuid.UUID) (*Result, []int, error)
	// Settle saves what settle does to the payment that this line names, nil if
	// there is none in the result's area, and what it found. It does nothing if
	// the line no longer waits.
	Settle(ctx context.Context, act award.Act, id uuid.UUID, line int, settle func(*Line, *Books, *Payment) error) error
	Result(ctx context.Context, act award.Act, id uuid.UUID) (*Result, error)
	Results(ctx context.Context, act award.Act, p award.Page) ([]*Result, int, error)
	Lines(ctx context.Context, act award.Act, id uuid.UUID, f LineFilter, p award.Page) ([]ResultLine, int, error)
}

// Filter narrows a list of payments, or of requests to pay. The zero Filter
// narrows nothing.
type Filter struct {
	States    []State
	Methods   []Method
	Text      string // of a payment's or a request's reference, or part of one, as typed
	Area      string
	RequestID uuid.UUID
	BatchID   uuid.UUID
	Attention bool // only what a person has to do something about
}

// BatchFilter narrows a list of batches.
type BatchFilter struct {
	States []BatchState
	Area   string
}

// LineFilter narrows the lines of a result.
type LineFilter struct {
	Findings []Finding
}

// Due is a request of which something is left to pay.
type Due struct {
	RequestID  uuid.UUID
	Reference  string
	Area       string
	FirstLine  string
	Lines      int
	CoachName  string
	Awarded    money.Pence
	Paid       money.Pence
	InFlight   money.Pence
	Left       money.Pence
	ApprovedAt time.Time
}

// Summary is what there is to pay, and where payments stand.
type Summary struct {
	Requests  int // of which something is left to pay
	Left      money.Pence
	Payments  []StateTotal // every state in its turn
	Ready     []Ready      // planned, by area and method: what a batch could take
	Attention int          // failed or short, and nothing done about it yet
}

// StateTotal counts the payments in a state, and what they come to: what left,
// for those that are paid.
type StateTotal struct {
	State State
	Count int
	Pence money.Pence
}

// Ready is what could leave in one batch.
type Ready struct {
	Area   string
	Method Method
	Count  int
	Pence  money.Pence
}

// ResultLine is a line of a result with the payment that it settled, if any.
type ResultLine struct {
	Line
	PaymentID uuid.UUID
	RequestID uuid.UUID
}
