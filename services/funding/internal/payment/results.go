package payment

import (
	"context"
	"crypto/sha256"
	"time"

	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/pkg/money"
	"github.com/instead-support/instead/services/funding/internal/award"
	"github.com/instead-support/instead/services/funding/internal/policy"
)

// ResultState says how far a result file is.
type ResultState string

// The states of a result file.
const (
	NeedsMapping ResultState = "needs-mapping" // a person must say which column is which
	Running      ResultState = "running"       // its lines are being settled
	Done         ResultState = "done"
)

// Result is a file that says what became of payments, and what came of it.
type Result struct {
	ID       uuid.UUID
	FileName string
	Area     string
	State    ResultState
	Message  string // what it needs
	Hash     []byte // SHA-256 of the file
	At       time.Time
	By       uuid.UUID
	ByName   string

	HeadingLine int
	Shown       [][]string
	Columns     map[Field]int // counted from 1
	Read        []Line        // set when it is laid out, to be saved with it

	Found []FindingTotal
}

// FindingTotal counts the lines of a result with one finding. The empty finding
// is of those that wait.
type FindingTotal struct {
	Finding Finding
	Count   int
	Pence   money.Pence
}

// arrange lays the file out and reads it, or says what it needs.
func (r *Result) arrange(file []byte, m Mapping) error {
	l, err := Inspect(file, m)
	if err != nil {
		return err
	}
	r.HeadingLine, r.Shown, r.Columns = l.HeadingLine, l.Lines, map[Field]int{}
	for f, i := range l.Columns {
		r.Columns[f] = i + 1
	}
	if r.Message = l.Why(); r.Message != "" {
		r.State = NeedsMapping
		return nil
	}
	r.State = Running
	if r.Read, err = Read(file, l); err != nil {
		return err
	}
	if len(r.Read) == 0 {
		return fault.New(fault.Invalid, "The file has headings and no payment. Choose the file that the bank or the finance system gave back.")
	}
	return nil
}

// Upload takes a result file in for an area, and settles what it says. The same
// file again does nothing: the answer is what came of it the first time.
func (s *Payments) Upload(ctx context.Context, area, fileName string, file []byte) (*Result, error) {
	who, err := s.actor(ctx, policy.UploadResults)
	if err != nil {
		return nil, err
	}
	var c fault.Check
	c.Want(who.Covers(area), "/area", "Choose an area that you pay for.")
	if err := c.Err(); err != nil {
		return nil, err
	}
	if len(file) > MostBytes {
		return nil, fault.New(fault.TooLarge, "The file is larger than 5 MB. Split it and import the parts.")
	}
	hash := sha256.Sum256(file)
	r := &Result{ID: newID(), FileName: tidy(fileName), Area: area, Hash: hash[:], At: s.now(), By: who.ID, ByName: who.Name}
	if err := r.arrange(file, Mapping{}); err != nil {
		return nil, err
	}
	act := award.Act{Who: who, Operation: policy.UploadResults, Body: []any{area, fileName, hash}}
	if r, err = s.d.Store.Import(ctx, act, r, file); err != nil {
		return nil, err
	}
	return s.settled(ctx, r.ID)
}

// Map says which column is which, and settles what the file says. It returns
// Conflict if the file was understood already.
func (s *Payments) Map(ctx context.Context, id uuid.UUID, m Mapping) (*Result, error) {
	who, err := s.actor(ctx, policy.MapResult)
	if err != nil {
		return nil, err
	}
	act := award.Act{Who: who, Operation: policy.MapResult, Body: []any{id, m}}
	_, err = s.d.Store.Map(ctx, act, id, func(r *Result, file []byte) error {
		if r.State != NeedsMapping {
			return fault.New(fault.Conflict, "This file was understood already.")
		}
		r.By, r.ByName = who.ID, who.Name
		return r.arrange(file, m)
	})
	if err != nil {
		return nil, err
	}
	return s.settled(ctx, id)
}

// patience is how long whoever sent a file in waits for its lines to be settled.
// What is left after that is settled behind their back.
const patience = 8 * time.Second

// settled settles a result as far as patience goes, and is the result then.
func (s *Payments) settled(ctx context.Context, id uuid.UUID) (*Result, error) {
	who, err := s.actor(ctx, policy.ReadResult)
	if err != nil {
		return nil, err
	}
	hurry, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := s.Run(hurry, id); err != nil && hurry.Err() == nil {
		return nil, err
	}
	return s.d.Store.Result(ctx, award.Act{Who: who, Operation: policy.ReadResult}, id)
}

// Run settles the lines of a result that wait, one transaction each, as the
// person who sent it in. A kill at any moment and another Run give the same as
// one that was never killed, and two at once do no harm: each line is settled by
// the one that locks it.
func (s *Payments) Run(ctx context.Context, id uuid.UUID) error {
	r, waiting, err := s.d.Store.Waiting(ctx, id)
	if err != nil {
		return err
	}
	by := identity.Person{ID: r.By, Name: r.ByName, Roles: []identity.Role{identity.Finance}, Areas: []string{r.Area}}
	ctx = identity.With(ctx, by)
	act := award.Act{Who: policy.Actor{Person: by}, Operation: policy.UploadResults}
	for _, line := range waiting {
		err := s.d.Store.Settle(ctx, act, id, line, func(l *Line, b *Books, p *Payment) error {
			return b.settleLine(l, p, by, s.now())
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// settleLine does what a line says to the payment that it names, if there is one
// and it may be done.
func (b *Books) settleLine(l *Line, p *Payment, by identity.Person, at time.Time) error {
	outcome, ok := l.judge(p)
	if !ok {
		return nil
	}
	if err := b.payer(by); err != nil {
		l.Finding, l.Reason = NotYoursToPay, fault.As(err).Message
		return nil
	}
	return b.Settle(p, outcome, by, at)
}

// Result is a result file and what came of it.
func (s *Payments) Result(ctx context.Context, id uuid.UUID) (*Result, error) {
	who, err := s.actor(ctx, policy.ReadResult)
	if err != nil {
		return nil, err
	}
	return s.d.Store.Result(ctx, award.Act{Who: who, Operation: policy.ReadResult}, id)
}

// Results is one page of the result files within reach, newest first.
func (s *Payments) Results(ctx context.Context, p award.Page) ([]*Result, int, error) {
	who, err := s.actor(ctx, policy.ListResults)
	if err != nil {
		return nil, 0, err
	}
	return s.d.Store.Results(ctx, award.Act{Who: who, Operation: policy.ListResults}, p)
}

// Lines is one page of the lines of a result, in their order.
func (s *Payments) Lines(ctx context.Context, id uuid.UUID, f LineFilter, p award.Page) ([]ResultLine, int, error) {
	who, err := s.actor(ctx, policy.ListResultLines)
	if err != nil {
		return nil, 0, err
	}
	return s.d.Store.Lines(ctx, award.Act{Who: who, Operation: policy.ListResultLines}, id, f, p)
}
