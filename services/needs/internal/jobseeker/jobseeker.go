package jobseeker

import (
	"time"

	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/services/needs/internal/policy"
)

// Jobseeker is one person's record.
type Jobseeker struct {
	ID uuid.UUID
	Details
	Area      string
	CoachID   uuid.UUID
	CoachName string
	CreatedAt time.Time
	Version   int64 // goes up by one with every change

	// Person is whose sign-in is linked to the record, or uuid.Nil.
	Person uuid.UUID
	// Spoken is true from the first statement that the jobseeker writes themself.
	Spoken bool
	// InvitedUntil is when an unused invitation stops working, if there is one.
	InvitedUntil time.Time
}

// Record is the jobseeker as the policy sees them.
func (j Jobseeker) Record() policy.Record {
	return policy.Record{Area: j.Area, Coach: j.CoachID, Person: j.Person, Spoken: j.Spoken}
}

// Online reports whether the jobseeker has linked their own sign-in.
func (j Jobseeker) Online() bool { return j.Person != uuid.Nil }

// Findable is what a search looks through, and what a caseload is ordered by.
func (j Jobseeker) Findable() string { return j.findable() }

// Correct replaces the details. It returns Stale if somebody changed the record
// since version was read.
func (j *Jobseeker) Correct(version int64, d Details) error {
	if version != j.Version {
		return fault.Overtaken()
	}
	j.Details = d
	j.Version++
	return nil
}

// Coach is a work coach, as their sign-in provider last described them.
type Coach struct {
	ID   uuid.UUID
	Name string
}

// Move puts the jobseeker on another coach's caseload. It returns Stale if
// somebody changed the record since version was read.
func (j *Jobseeker) Move(version int64, to Coach) error {
	if version != j.Version {
		return fault.Overtaken()
	}
	j.CoachID, j.CoachName = to.ID, to.Name
	j.Version++
	return nil
}

// Change is one change of a record, and the name of who made it.
type Change struct {
	Operation policy.Operation
	By        string
	At        time.Time
}

// Summary is a jobseeker as a row of a caseload.
type Summary struct {
	ID           uuid.UUID
	Name         string
	KnownAs      string
	Area         string
	CoachID      uuid.UUID
	CoachName    string
	Online       bool // they have linked their own sign-in
	HasStatement bool
	InTheWay     int       // how many needs stand in the way
	AssessedAt   time.Time // zero until the first assessment
}

// Query says which jobseekers to list.
type Query struct {
	Words      []string // folded; each must be in a name, postcode or e-mail address
	Mine       bool     // only the person's own caseload
	Unassessed bool     // only those with no assessment yet
	IDs        []uuid.UUID
	Page       Page
}

// Page says which part of a list is wanted: rows Size, page Number counted
// from 1.
type Page struct{ Number, Size int }

// Skip is how many rows come before the page.
func (p Page) Skip() int { return (p.Number - 1) * p.Size }

// PossibleDuplicate is the error of adding somebody who may be in the area
// already. It is a Conflict, and carries who they may be, for a person to look
// at; nothing was added. The candidates are for the person who asked alone:
// they are no part of the error's text.
type PossibleDuplicate struct{ Candidates []Summary }

// Error says that there are candidates, and not who.
func (e *PossibleDuplicate) Error() string { return e.Unwrap().Error() }

// Unwrap is the fault that people see.
func (e *PossibleDuplicate) Unwrap() error {
	return fault.New(fault.Conflict, "This may be someone who is already here. Look at who it may be. If it is somebody else, say so and add them.")
}

// Look is one line of a record's audit trail.
type Look struct {
	At         time.Time
	Person     uuid.UUID
	PersonName string // staff only
	Action     string // the contract's operation
	Subject    string
	SubjectID  uuid.UUID
}
