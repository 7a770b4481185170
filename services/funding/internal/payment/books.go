package payment

import (
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/pkg/money"
	"github.com/instead-support/instead/services/funding/internal/award"
)

// Books are what the payments of one request are measured against: the request
// with its allowance and the budget that it was promised from, and every
// payment of it. The verbs of a payment are here, because none of them can be
// judged without these.
type Books struct {
	Request   *award.Request
	Allowance *award.Allowance
	Budget    *award.Budget
	Payments  []*Payment

	Recovered []Recovery // since they were loaded, to be saved with them
}

// Plan is one payment as somebody plans it.
type Plan struct {
	LineID   uuid.UUID // uuid.Nil for the whole request
	Payee    Payee
	Method   Method
	Amount   money.Pence
	Note     string
	Replaces uuid.UUID // a payment that failed, for which this one stands in
}

// InFlight is what is on its way already.
func (b *Books) InFlight() money.Pence {
	var sum money.Pence
	for _, p := range b.Payments {
		if p.State.inFlight() {
			sum += p.Amount
		}
	}
	return sum
}

// Left is what is promised and not on its way yet.
func (b *Books) Left() money.Pence { return b.Request.Committed - b.InFlight() }

// Plan sets a payment on its way. It returns Forbidden if the person decided
// the request, Conflict if the request is not approved, Invalid if the plan is
// not whole, and OverCap with the figures if it is more than is left to pay.
func (b *Books) Plan(plan Plan, by identity.Person, at time.Time) (*Payment, error) {
	if err := b.payer(by); err != nil {
		return nil, err
	}
	if s := b.Request.State(); s != award.Approved {
		return nil, fault.Newf(fault.Conflict, "This request is %s. Only an approved request is paid for.", s)
	}
	plan.Note, plan.Payee.Name = tidy(plan.Note), tidy(plan.Payee.Name)
	failed, err := b.check(plan)
	if err != nil {
		return nil, err
	}
	if plan.Amount > b.Left() {
		return nil, b.over(plan.Amount, b.Left())
	}
	p := &Payment{
		ID: newID(), Reference: newReference("PY"),
		RequestID: b.Request.ID, RequestReference: b.Request.Reference, JobseekerID: b.Request.JobseekerID, Area: b.Request.Area,
		LineID: plan.LineID, Payee: plan.Payee, Method: plan.Method, Amount: plan.Amount, Note: plan.Note, Replaces: plan.Replaces,
		PlannedAt: at, PlannedBy: by.ID, PlannedByName: by.Name, Version: 1,
	}
	if err := p.move(Planned, at); err != nil {
		return nil, err
	}
	if failed != nil {
		failed.ReplacedBy = p.ID
	}
	b.Payments = append(b.Payments, p)
	return p, nil
}

// check returns Invalid naming every field of the plan that is wrong, and the
// failed payment that it stands in for, if any.
func (b *Books) check(plan Plan) (*Payment, error) {
	var c fault.Check
	line := slices.ContainsFunc(b.Request.Lines, func(l award.Line) bool { return l.ID == plan.LineID })
	c.Want(plan.LineID == uuid.Nil || line, "/line_id", "Choose a line of this request, or the whole of it.")
	c.Want(slices.Contains(Methods, plan.Method), "/method", "Choose how to pay.")
	c.Want(plan.Amount >= 1, "/amount_pence", "Enter an amount of 1p or more.")
	c.Want(utf8.RuneCountInString(plan.Note) <= 200, "/note", "Use 200 characters or fewer.")
	plan.Payee.check(plan.Method, &c)
	var failed *Payment
	if plan.Replaces != uuid.Nil {
		i := slices.IndexFunc(b.Payments, func(p *Payment) bool { return p.ID == plan.Replaces })
		ok := i >= 0 && b.Payments[i].State == Failed
		c.Want(ok, "/replaces", "Only a payment of this request that failed can be planned again.")
		if ok {
			failed = b.Payments[i]
			c.Want(failed.ReplacedBy == uuid.Nil, "/replaces", "This payment has been planned again already.")
		}
	}
	return failed, c.Err()
}

// check wants a payee that can be paid in this way.
func (p Payee) check(m Method, c *fault.Check) {
	switch p.Kind {
	case Supplier:
		c.Want(p.SupplierID != uuid.Nil || m != BACS, "/payee/supplier_id", "Choose the supplier. A bank payment goes to the bank details that are kept for it.")
		c.Want(p.SupplierID != uuid.Nil || p.Name != "", "/payee/name", "Enter who is paid.")
		c.Want(utf8.RuneCountInString(p.Name) <= 200, "/payee/name", "Use 200 characters or fewer.")
	case Person:
		c.Want(m != Card, "/method", "A purchase card buys from a supplier. Choose the supplier, or pay the person by bank or voucher.")
		c.Want(p.SupplierID == uuid.Nil && p.Name == "", "/payee", "A payment to the person names no supplier.")
	default:
		c.Want(false, "/payee/kind", "Choose who is paid.")
	}
}

// payer returns Forbidden if by decided the request, or ever did: who says yes
// to money never hands it out. Somebody who cannot be told from a decider is one.
func (b *Books) payer(by identity.Person) error {
	if by.ID == uuid.Nil || b.Request.DecidedBy(by.ID) {
		return fault.New(fault.Forbidden, "You asked for this request or decided it, so somebody else must pay it.")
	}
	return nil
}

// over says by how much a payment is too much, and what to do about it.
func (b *Books) over(asked, left money.Pence) error {
	return fault.Newf(fault.OverCap,
		"This would pay %v, but %v of request %s is left to pay. Pay %v less, or ask %s for a further request for the rest.",
		asked, left, b.Request.Reference, asked-left, b.Allowance.CoachName).
		With("cap", map[string]any{
			"asked_pence":     int64(asked),
			"available_pence": int64(left),
			"over_pence":      int64(asked - left),
		})
}

// Complete records that a card or a voucher paid, and what was really paid: less
// than was planned, or more if that much is left. It returns OverCap with the
// figures if it is not, and Conflict if the payment is not planned.
func (b *Books) Complete(p *Payment, actual money.Pence, words string, by identity.Person, at time.Time) error {
	if err := b.payer(by); err != nil {
		return err
	}
	if p.Method == BACS {
		return fault.New(fault.Conflict, "A bank payment leaves in a batch, and is settled by the file that comes back.")
	}
	if p.State != Planned {
		return p.notNow()
	}
	words = tidy(words)
	var c fault.Check
	c.Want(actual >= 1, "/amount_pence", "Enter what was paid, 1p or more. If nothing was, cancel the payment.")
	c.Want(utf8.RuneCountInString(words) <= 500, "/words", "Use 500 characters or fewer.")
	if err := c.Err(); err != nil {
		return err
	}
	if most := p.Amount + b.Left(); actual > most {
		return b.over(actual, most)
	}
	p.Words = words
	return b.pay(p, actual, by, at)
}

// Settle records what the bank says of a payment that was sent: paid, paid in
// part, or not. It returns Conflict if the payment waits for no such word.
func (b *Books) Settle(p *Payment, o Outcome, by identity.Person, at time.Time) error {
	if err := b.payer(by); err != nil {
		return err
	}
	if p.State != Sent {
		return p.notNow()
	}
	if o.Paid > p.Amount {
		return b.over(o.Paid, p.Amount)
	}
	p.Code, p.Words = o.Code, o.Words
	if o.Paid > 0 {
		return b.pay(p, o.Paid, by, at)
	}
	return b.end(p, Failed, by, at)
}

// Cancel takes back a payment that has not been put into a batch. What it
// claimed is left to pay again.
func (b *Books) Cancel(p *Payment, words string, by identity.Person, at time.Time) error {
	if err := b.payer(by); err != nil {
		return err
	}
	if p.State == Batched {
		return fault.New(fault.Conflict, "This payment is in a batch. Take it out of the batch first.")
	}
	words = tidy(words)
	var c fault.Check
	c.Want(words != "", "/words", "Say why the payment is cancelled.")
	c.Want(utf8.RuneCountInString(words) <= 500, "/words", "Use 500 characters or fewer.")
	if err := c.Err(); err != nil {
		return err
	}
	p.Words = words
	return b.end(p, Cancelled, by, at)
}

// pay enters into the ledger that so much left.
func (b *Books) pay(p *Payment, pence money.Pence, by identity.Person, at time.Time) error {
	if err := b.end(p, Paid, by, at); err != nil {
		return err
	}
	p.Paid = pence
	return b.Request.Pay(b.Allowance, b.Budget, p.ID, pence, by, at)
}

// end brings a payment into a state out of which it does not come again.
func (b *Books) end(p *Payment, to State, by identity.Person, at time.Time) error {
	if err := p.move(to, at); err != nil {
		return err
	}
	p.SettledAt, p.SettledBy, p.SettledByName = at, by.ID, by.Name
	return nil
}

// Recovery is money that came back after it was paid.
type Recovery struct {
	ID        uuid.UUID
	PaymentID uuid.UUID
	Kind      RecoveryKind
	Pence     money.Pence
	Document  string // the number of the credit note, or the bank's reference
	Words     string // why
	At        time.Time
	By        uuid.UUID
	ByName    string
}

// RecoveryKind is how money comes back.
type RecoveryKind string

// The kinds of recovery.
const (
	CreditNote RecoveryKind = "credit-note" // the supplier takes something back
	Returned   RecoveryKind = "recovery"    // the payee or the bank sent it back
)

// Recover records that some of what was paid came back. It goes back to the
// allowance and the budget at once. It returns Conflict if nothing was paid,
// and OverCap with the figures if it is more than was paid and not yet
// recovered.
func (b *Books) Recover(p *Payment, r Recovery, by identity.Person, at time.Time) error {
	if err := b.payer(by); err != nil {
		return err
	}
	if p.State != Paid {
		return fault.Newf(fault.Conflict, "This payment is %s, so nothing of it can have come back.", p.State)
	}
	r.Document, r.Words = tidy(r.Document), tidy(r.Words)
	var c fault.Check
	c.Want(r.Kind == CreditNote || r.Kind == Returned, "/kind", "Choose how the money came back.")
	c.Want(r.Pence >= 1, "/amount_pence", "Enter an amount of 1p or more.")
	c.Want(r.Document != "", "/document", "Enter the number of the credit note, or the bank’s reference.")
	c.Want(utf8.RuneCountInString(r.Document) <= 60, "/document", "Use 60 characters or fewer.")
	c.Want(r.Words != "", "/words", "Say why the money came back.")
	c.Want(utf8.RuneCountInString(r.Words) <= 500, "/words", "Use 500 characters or fewer.")
	if err := c.Err(); err != nil {
		return err
	}
	if r.Pence > p.Kept() {
		return fault.Newf(fault.OverCap, "%v was paid and not yet recovered, so %v cannot have come back.", p.Kept(), r.Pence).
			With("cap", map[string]any{
				"asked_pence": int64(r.Pence), "available_pence": int64(p.Kept()), "over_pence": int64(r.Pence - p.Kept()),
			})
	}
	r.ID, r.PaymentID, r.At, r.By, r.ByName = newID(), p.ID, at, by.ID, by.Name
	p.Recovered, p.ChangedAt = p.Recovered+r.Pence, at
	b.Recovered = append(b.Recovered, r)
	return b.Request.Recover(b.Allowance, b.Budget, p.ID, r.Pence, r.Words, by, at)
}

// Release gives back what is left of the promise: to the allowance and to the
// budget at once. It returns Conflict if nothing is left, or if nothing was paid
// yet, since a request that is not needed at all is cancelled.
func (b *Books) Release(words string, by identity.Person, at time.Time) error {
	if err := b.payer(by); err != nil {
		return err
	}
	words = tidy(words)
	var c fault.Check
	c.Want(words != "", "/words", "Say why the rest is not needed.")
	c.Want(utf8.RuneCountInString(words) <= 500, "/words", "Use 500 characters or fewer.")
	if err := c.Err(); err != nil {
		return err
	}
	if b.Left() == 0 {
		return fault.New(fault.Conflict, "Nothing of this request is left to give back. A payment that is planned is cancelled first.")
	}
	return b.Request.ReleaseRest(b.Allowance, b.Budget, b.Left(), words, by, at)
}

// Close says that all is paid that will be. What comes back later is still
// recorded.
// It returns Conflict unless everything that was promised is paid or given back.
func (b *Books) Close(by identity.Person, at time.Time) error {
	if err := b.payer(by); err != nil {
		return err
	}
	return b.Request.Close(by, at)
}

// tidy is text without spaces around it and without control characters.
func tidy(text string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, text))
}
