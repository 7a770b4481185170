package payment

import (
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/pkg/money"
	"github.com/instead-support/instead/pkg/workday"
)

// Batch is payments of one area and one method that leave in one file.
type Batch struct {
	ID            uuid.UUID
	Reference     string // PB-7K3M-92QX
	Area          string
	Method        Method
	State         BatchState
	Format        Format    // of the file, once there is one
	ProcessingDay time.Time // when the bank is to act on it
	Serial        int64     // the number of the submission, for BACS
	Hash          []byte    // SHA-256 of the file
	CreatedAt     time.Time
	CreatedBy     uuid.UUID
	CreatedByName string
	ExportedAt    time.Time
	ExportedBy    uuid.UUID
	ExportedName  string
	Version       int64
	Figures
}

// Figures are how many payments of a batch, or of a list, stand where.
type Figures struct {
	Count, Waiting, Paid, Failed                       int
	Pence, WaitingPence, PaidPence, FailedPence, Short money.Pence
}

// Format is how a batch's file is written.
type Format string

// The formats.
const (
	CSVFormat  Format = "csv"     // for a finance system
	BACSFormat Format = "bacs-18" // for a bank: BACS Standard 18
)

// MostInBatch is how many payments one batch takes, which bounds the time that
// its file takes to make.
const MostInBatch = 2000

// Load is payments that are to leave together, and which of their requests the
// person acting has decided.
type Load struct {
	Payments []*Payment
	Decided  map[uuid.UUID]bool // by the request's id
}

// payer returns Forbidden if the person acting decided the request of one.
func (l Load) payer(by identity.Person) error {
	for _, p := range l.Payments {
		if by.ID == uuid.Nil || l.Decided[p.RequestID] {
			return fault.Newf(fault.Forbidden, "You decided request %s, so somebody else must pay it.", p.RequestReference)
		}
	}
	return nil
}

// gather is a new batch of this load. It returns Conflict if one of the payments
// is not planned, of another area or leaves another way, and Forbidden if by
// decided the request of one.
func gather(area string, m Method, load Load, by identity.Person, at time.Time) (*Batch, error) {
	var c fault.Check
	c.Want(area != "", "/area", "Choose the area whose payments leave.")
	c.Want(slices.Contains(Methods, m), "/method", "Choose how they leave.")
	if err := c.Err(); err != nil {
		return nil, err
	}
	if len(load.Payments) == 0 {
		return nil, fault.New(fault.Conflict, "No payment is planned that could go into this batch.")
	}
	if len(load.Payments) > MostInBatch {
		return nil, fault.Newf(fault.Conflict, "A batch takes %d payments at most. Choose fewer.", MostInBatch)
	}
	if err := load.payer(by); err != nil {
		return nil, err
	}
	b := &Batch{
		ID: newID(), Reference: newReference("PB"), Area: area, Method: m, State: Open,
		CreatedAt: at, CreatedBy: by.ID, CreatedByName: by.Name, Version: 1,
	}
	for _, p := range load.Payments {
		if p.Area != area || p.Method != m {
			return nil, fault.Newf(fault.Conflict, "Payment %s does not belong into this batch: it leaves another way, or for another area.", p.Reference)
		}
		if p.State != Planned {
			return nil, fault.Newf(fault.Conflict, "Payment %s is %s, so it cannot go into a batch. Somebody may have got there first.", p.Reference, p.State)
		}
		if err := p.move(Batched, at); err != nil {
			return nil, err
		}
		p.BatchID = b.ID
	}
	return b, nil
}

// remove takes a payment out of a batch that is still open. It can be changed
// then, or go into another.
func (b *Batch) remove(p *Payment, at time.Time) error {
	if b.State != Open || p.BatchID != b.ID {
		return fault.New(fault.Conflict, "The file of this batch is made, so what is in it stays in it.")
	}
	if err := p.move(Planned, at); err != nil {
		return err
	}
	p.BatchID = uuid.Nil
	return nil
}

// Account is a bank account. It is seen in clear in an export, and nowhere else.
type Account struct{ Name, SortCode, Number string }

// Instruction is a payment with where it goes. To is empty for one that goes to
// no account.
type Instruction struct {
	*Payment
	To Account
}

// Originator is the account that bank payments leave from, and the number by
// which BACS knows who sends them.
type Originator struct {
	ServiceUser string // six figures
	Account
}

// Known reports whether there is an account to pay from.
func (o Originator) Known() bool { return o.ServiceUser != "" }

// Check returns an error that names what is not as BACS has it.
func (o Originator) Check() error {
	switch {
	case !digits(o.ServiceUser, 6):
		return fmt.Errorf("a BACS service user number has 6 figures")
	case !digits(o.SortCode, 6):
		return fmt.Errorf("a sort code has 6 figures")
	case !digits(o.Number, 8):
		return fmt.Errorf("an account number has 8 figures")
	case field(o.Name, 18) == field("", 18):
		return fmt.Errorf("an account has a name")
	}
	return nil
}

// export makes the batch's file, once and for all. It returns Conflict if the
// file is made, Forbidden if by decided the request of a payment in it, and
// Invalid if the file cannot be written, or not for that day.
func (b *Batch) export(f Format, day time.Time, from Originator, load Load, all []Instruction, by identity.Person, at, today time.Time) ([]byte, error) {
	if b.State != Open {
		return nil, fault.New(fault.Conflict, "The file of this batch is made. Download it: it is always the same.")
	}
	if len(all) == 0 {
		return nil, fault.New(fault.Conflict, "There is no payment in this batch.")
	}
	if err := load.payer(by); err != nil {
		return nil, err
	}
	if day.IsZero() {
		day = workday.After(today, 1)
	}
	var c fault.Check
	c.Want(f == CSVFormat || f == BACSFormat && b.Method == BACS, "/format", "Choose a format that this batch can leave in.")
	c.Want(f != BACSFormat || from.Known(), "/format", "This system has not been told which account bank payments leave from. Export a CSV file, or have the account set up.")
	c.Want(day.After(today), "/processing_day", "The bank needs a day after today.")
	c.Want(!day.After(today.AddDate(0, 0, 30)), "/processing_day", "Choose a day within 30 days.")
	c.Want(workday.Is(day), "/processing_day", "Banks do not work on this day. Choose a working day.")
	if err := c.Err(); err != nil {
		return nil, err
	}
	b.Format, b.ProcessingDay = f, day
	for _, i := range all {
		if err := i.move(Sent, at); err != nil {
			return nil, err
		}
		i.SentBy = by.ID
	}
	b.State, b.ExportedAt, b.ExportedBy, b.ExportedName = Exported, at, by.ID, by.Name
	if f == BACSFormat {
		return Standard18(*b, from, all, today)
	}
	return CSV(*b, all), nil
}

// FileName is what the batch's file is called.
func (b *Batch) FileName() string {
	if b.Format == BACSFormat {
		return b.Reference + ".bacs18.txt"
	}
	return b.Reference + ".csv"
}

func digits(s string, n int) bool {
	return len(s) == n && !slices.ContainsFunc([]byte(s), func(c byte) bool { return c < '0' || c > '9' })
}
