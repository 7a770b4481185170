// Package policy says who may do what, to whose record. It is one table, and the
// only one: the gate in front of every operation, the check on the record that
// was found, and the WHERE of every query are read from it.
//
// It knows roles and reach. It does not know the rules of the record itself, such
// as that a check is answered once: those are in outcome and rating.
package policy

import (
	"slices"

	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
)

// Operation is an operation id of the outcomes contract.
type Operation string

// The operations. A test holds them to the contract, so that a new operation
// without a row in the table fails the build.
const (
	SearchOccupations Operation = "searchOccupations"
	ListDefinitions   Operation = "listDefinitions"
	ListOutcomes      Operation = "listOutcomes"
	RecordOutcome     Operation = "recordOutcome"
	ReadOutcome       Operation = "readOutcome"
	CorrectOutcome    Operation = "correctOutcome"
	StrikeOutcome     Operation = "strikeOutcome"
	ListChecks        Operation = "listChecks"
	RecordCheck       Operation = "recordCheck"
	CorrectCheck      Operation = "correctCheck"
	ListRatings       Operation = "listRatings"
	Rate              Operation = "rate"
	ListUsefulness    Operation = "listUsefulness"
	ListOutcomeAudit  Operation = "listOutcomeAudit"

	ListBallots  Operation = "listBallots"
	OpenBallot   Operation = "openBallot"
	ReadBallot   Operation = "readBallot"
	CastVote     Operation = "castVote"
	CancelBallot Operation = "cancelBallot"
)

// What the service does by itself, when it is due. No contract has it: nobody can
// ask for it.
const (
	RemindCoach Operation = "remindCoach"
	CloseBallot Operation = "closeBallot"
)

// System is who acts where nobody does. No provider's subject has its id: theirs
// are all of another version of UUID.
var System = identity.Person{ID: uuid.MustParse("00000000-0000-4000-8000-000000000001"), Name: "Instead"}

// Whose is how a record stands to the person who acts.
type Whose string

// Whose record it is.
const (
	Nobodys  Whose = "nobody's" // an occupation, a definition: no person's record
	Own      Whose = "own"      // the jobseeker's, who acts
	Caseload Whose = "caseload" // of a jobseeker whose coach acts
	InArea   Whose = "in area"  // of a jobseeker in one of the areas of whoever acts, or of such an area
	AtHome   Whose = "at home"  // of the area in which whoever acts has a record
)

// Rule lets a role do something to such records.
type Rule struct {
	Role  identity.Role
	Whose Whose
}

var (
	reading = []Rule{
		{identity.Jobseeker, Own},
		{identity.Coach, Caseload},
		{identity.Coach, InArea},
		{identity.Manager, InArea},
	}
	itsCoach  = []Rule{{identity.Coach, Caseload}}
	overAreas = []Rule{{identity.Manager, InArea}, {identity.Auditor, InArea}}
	members   = []Rule{{identity.Jobseeker, AtHome}, {identity.Coach, InArea}, {identity.Manager, InArea}, {identity.Finance, InArea}}
	itsHead   = []Rule{{identity.Manager, InArea}}
)

// Table is the policy.
var Table = map[Operation][]Rule{
	SearchOccupations: {{identity.Coach, Nobodys}, {identity.Manager, Nobodys}},
	ListDefinitions: {
		{identity.Coach, Nobodys}, {identity.Manager, Nobodys}, {identity.Auditor, Nobodys}, {identity.Jobseeker, Nobodys},
	},

	ListOutcomes:   reading,
	ReadOutcome:    reading,
	RecordOutcome:  itsCoach,
	CorrectOutcome: itsCoach,
	StrikeOutcome:  itsCoach,

	ListChecks:   reading,
	RecordCheck:  {{identity.Jobseeker, Own}, {identity.Coach, Caseload}},
	CorrectCheck: itsCoach,

	ListRatings: reading,
	Rate:        {{identity.Jobseeker, Own}},

	ListUsefulness:   overAreas,
	ListOutcomeAudit: overAreas,

	ListBallots:  slices.Concat(members, []Rule{{identity.Auditor, InArea}}),
	ReadBallot:   slices.Concat(members, []Rule{{identity.Auditor, InArea}}),
	CastVote:     members,
	OpenBallot:   itsHead,
	CancelBallot: itsHead,
}

// sees is the operation through which whoever may do op sees what it is done to.
func sees(op Operation) Operation {
	switch op {
	case ListBallots, ReadBallot, CastVote, OpenBallot, CancelBallot:
		return ReadBallot
	}
	return ReadOutcome
}

// Actor is a person who acts, and which jobseeker they are, if they are one. Home is
// where their record is, as far as that was asked.
type Actor struct {
	identity.Person
	Jobseeker uuid.UUID
	Home      string
}

// Record is what the policy needs to know of a jobseeker's record, or of what is an
// area's and nobody's.
type Record struct {
	Jobseeker uuid.UUID
	Coach     uuid.UUID
	Area      string
}

// Rules are the rules of the operation that the person has the role for. What
// the person may reach is what any of them admits.
func Rules(who identity.Person, op Operation) []Rule {
	var mine []Rule
	for _, r := range Table[op] {
		if who.ID != uuid.Nil && who.Is(r.Role) {
			mine = append(mine, r)
		}
	}
	return mine
}

// Gate returns Forbidden unless some role of the person may do the operation to
// some record. It says nothing about any particular record.
func Gate(who identity.Person, op Operation) error {
	if len(Rules(who, op)) == 0 {
		return forbidden
	}
	return nil
}

// Reaches reports whether the person may do the operation to this record.
func Reaches(who Actor, op Operation, rec Record) bool {
	return slices.ContainsFunc(Rules(who.Person, op), func(r Rule) bool { return r.admits(who, rec) })
}

// Check returns nil if the person may do the operation to this record, Forbidden
// if they may only see it, and NotFound, as if it did not exist, if not even that.
func Check(who Actor, op Operation, rec Record) error {
	switch {
	case Reaches(who, op, rec):
		return nil
	case Reaches(who, sees(op), rec):
		return forbidden
	default:
		return Missing()
	}
}

// Missing is the answer about a record that is not there, and about one that is
// not for the person who asks: the two must not be told apart.
func Missing() error {
	return fault.New(fault.NotFound, "We could not find that. It may not exist, or it may not be yours to see.")
}

var forbidden = fault.New(fault.Forbidden, "You are not allowed to do this. Ask somebody who has the role for it.")

// admits reports whether the rule lets who reach the record. What is missing on
// either side matches nothing.
func (r Rule) admits(who Actor, rec Record) bool {
	switch r.Whose {
	case Nobodys:
		return true
	case Own:
		return who.Jobseeker != uuid.Nil && who.Jobseeker == rec.Jobseeker
	case Caseload:
		return who.ID != uuid.Nil && who.ID == rec.Coach
	case InArea:
		return rec.Area != "" && who.Covers(rec.Area)
	case AtHome:
		return rec.Area != "" && who.Home == rec.Area
	}
	return false
}
