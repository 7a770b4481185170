// Package payment gets approved money to a supplier or to the person, once.
//
// It owns the payment and its state machine, the batch and the file that it
// goes out in, and the reading of what came of it. It holds four rules whoever
// calls it: nothing is paid for a request that is not approved; what is on its
// way never exceeds what is promised; nobody pays what they decided; and a
// payment that is settled is not settled again, whatever file says so.
//
// It does not approve anything, keep bank details, or move money in the ledger
// by its own arithmetic: what left and what came back is entered by award, on
// the request that promised it. It knows neither SQL nor HTTP.
package payment

import (
	"time"

	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/money"
)

// Payment is money on its way to somebody for one approved request. There may be
// several for a request, by line or for the whole of it.
type Payment struct {
	ID               uuid.UUID
	Reference        string // PY-7K3M-92QX, the same in every file however often it is sent
	RequestID        uuid.UUID
	RequestReference string
	JobseekerID      uuid.UUID
	Area             string
	LineID           uuid.UUID // uuid.Nil if it is for the whole
	Payee            Payee
	Method           Method
	Amount           money.Pence // that is to leave
	Paid             money.Pence // that left: what was asked for or less
	Recovered        money.Pence // of Paid, that came back
	State            State
	BatchID          uuid.UUID
	BatchReference   string
	Replaces         uuid.UUID // the failed payment that this one stands in for
	ReplacedBy       uuid.UUID
	Attention        bool   // it failed or fell short, and nothing was done about it yet
	Note             string // for whoever receives it
	Code             string // why it failed, as the bank codes it
	Words            string // why it failed or was cancelled, or what to know about it
	PlannedAt        time.Time
	PlannedBy        uuid.UUID
	PlannedByName    string
	SentBy           uuid.UUID // who exported the batch that it went out in
	SettledAt        time.Time // when it came to an end, if it has
	SettledBy        uuid.UUID
	SettledByName    string
	ChangedAt        time.Time
	Version          int64
}

// Kind is what kind of payee it is.
type Kind string

// The kinds of payee.
const (
	Supplier Kind = "supplier"
	Person   Kind = "person" // the jobseeker
)

// Payee is who is paid. A jobseeker is known by id alone, from the request; a
// supplier by its record, or by name where a card or a voucher needs no record.
type Payee struct {
	Kind       Kind
	SupplierID uuid.UUID
	Name       string // of a supplier
}

// Method is how a payment leaves.
type Method string

// The methods.
const (
	Card    Method = "card"    // the council's purchase card
	BACS    Method = "bacs"    // into a bank account
	Voucher Method = "voucher" // for a shop
)

// Methods lists every method.
var Methods = []Method{BACS, Card, Voucher}

// Kept is what left and has not come back.
func (p *Payment) Kept() money.Pence { return p.Paid - p.Recovered }

// Short is what was to leave and did not, of a payment that is settled.
func (p *Payment) Short() money.Pence {
	if p.State != Paid || p.Paid > p.Amount {
		return 0
	}
	return p.Amount - p.Paid
}

// move takes one arrow of the state machine. It returns Conflict if there is
// none.
func (p *Payment) move(to State, at time.Time) error {
	if !p.State.leadsTo(to) {
		return fault.Newf(fault.Conflict, "This payment is %s, so it cannot become %s. Somebody may have got there first.", p.State, to)
	}
	p.State, p.ChangedAt = to, at
	return nil
}

// notNow is the Conflict of a payment that is not where it would have to be,
// though the state machine may have an arrow from where it is.
func (p *Payment) notNow() error {
	return fault.Newf(fault.Conflict, "This payment is %s, so that can't be done to it now. Somebody may have got there first.", p.State)
}

// newID is a UUIDv7: ids made later sort later, which keeps indexes compact.
func newID() uuid.UUID { return uuid.Must(uuid.NewV7()) }
