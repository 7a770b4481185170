// Package policy says who may do what in the needs service: one table of
// operation × role × whose record × state, and nothing else.
//
// It reads no database and knows no HTTP. The same table is asked twice: here,
// of a record in hand, and by postgres, which turns Reach into a WHERE, so that
// neither a forgotten check nor a careless query is enough to show a person's
// record to somebody who has no business with it.
package policy

import (
	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
)

// Operation is an operation's id in the contract. An audit entry's action is
// one of these too.
type Operation string

// The operations of api/needs. A test fails when the contract has one more.
const (
	ReadMe                 Operation = "readMe"
	AcceptInvitation       Operation = "acceptInvitation"
	ListCoaches            Operation = "listCoaches"
	ListJobseekers         Operation = "listJobseekers"
	AddJobseeker           Operation = "addJobseeker"
	ReadJobseeker          Operation = "readJobseeker"
	ChangeJobseeker        Operation = "changeJobseeker"
	TransferJobseeker      Operation = "transferJobseeker"
	InviteJobseeker        Operation = "inviteJobseeker"
	ListStatements         Operation = "listStatements"
	AddStatement           Operation = "addStatement"
	ReadAssessment         Operation = "readAssessment"
	ListAssessmentVersions Operation = "listAssessmentVersions"
	SaveAssessment         Operation = "saveAssessment"
	ListNeeds              Operation = "listNeeds"
	ListJobseekerAudit     Operation = "listJobseekerAudit"
)

// Whose says how a record stands to the person who acts.
type Whose string

// The ways a record can stand to a person.
const (
	Nobodys  Whose = "nobody's" // the operation is about no record in particular
	Own      Whose = "own"      // the jobseeker it is about
	Caseload Whose = "caseload" // the person is its coach
	Area     Whose = "area"     // it is in an area the person works in
)

// State is what must be true of a record, besides whose it is.
type State string

// The states that matter to what a person may do.
const (
	Always   State = ""
	Unspoken State = "unspoken" // the jobseeker has yet to write a statement themself
)

// Rule lets people with a role act on the records that stand to them as said,
// in the state said.
type Rule struct {
	Role  identity.Role
	Whose Whose
	State State
}

// reading is who may see a record. A person outside these rules is not told that
// it exists, but for an auditor, who reads who looked at it and not the record.
var reading = []Rule{
	{identity.Jobseeker, Own, Always},
	{identity.Coach, Caseload, Always},
	{identity.Coach, Area, Always},
	{identity.Manager, Area, Always},
}

// table is the policy.
var table = map[Operation][]Rule{
	ReadMe: {
		{identity.Coach, Nobodys, Always},
		{identity.Manager, Nobodys, Always},
		{identity.Finance, Nobodys, Always},
		{identity.Auditor, Nobodys, Always},
		{identity.Jobseeker, Nobodys, Always},
	},
	AcceptInvitation: {{identity.Jobseeker, Nobodys, Always}},

	ListCoaches: {{identity.Manager, Area, Always}},
	ListJobseekers: {
		{identity.Coach, Caseload, Always},
		{identity.Coach, Area, Always},
		{identity.Manager, Area, Always},
	},
	AddJobseeker: {{identity.Coach, Area, Always}},

	ReadJobseeker:     reading,
	ChangeJobseeker:   {{identity.Coach, Caseload, Always}},
	TransferJobseeker: {{identity.Manager, Area, Always}},
	InviteJobseeker:   {{identity.Coach, Caseload, Always}},

	ListStatements: reading,
	AddStatement: {
		{identity.Jobseeker, Own, Always},
		{identity.Coach, Caseload, Unspoken},
	},

	ReadAssessment:         reading,
	ListAssessmentVersions: reading,
	SaveAssessment:         {{identity.Coach, Caseload, Always}},
	ListNeeds:              reading,

	ListJobseekerAudit: {{identity.Manager, Area, Always}, {identity.Auditor, Area, Always}},
}

// Has reports whether the policy says anything about op. An operation about
// which it says nothing is refused to everybody.
func Has(op Operation) bool { return len(table[op]) > 0 }

// Record is a jobseeker's record, as far as permission goes.
type Record struct {
	Area   string
	Coach  uuid.UUID
	Person uuid.UUID // whose sign-in is linked to it, or uuid.Nil
	Spoken bool      // the jobseeker has written a statement themself
}

// stands reports whether the record stands to p as said.
func (r Record) stands(p identity.Person, w Whose) bool {
	switch w {
	case Own:
		return r.Person != uuid.Nil && r.Person == p.ID
	case Caseload:
		return r.Coach == p.ID
	case Area:
		return p.Covers(r.Area)
	}
	return false
}

// May returns nil if p may do op to the record. It returns NotFound if p may
// not even see the record, and Forbidden if p may see it but not do this.
func May(p identity.Person, op Operation, r Record) error {
	ok, butForState := r.let(p, table[op])
	if ok {
		return nil
	}
	if seen, _ := r.let(p, reading); !seen {
		return Missing()
	}
	if butForState {
		return fault.New(fault.Forbidden, "This jobseeker has written in their own words. From now on only they can add to it.")
	}
	return fault.New(fault.Forbidden, "You can look at this record, but you can't do this. Ask the jobseeker's work coach.")
}

// let reports whether a rule lets p act on the record, and, if none does,
// whether it is only the record's state that stands in the way.
func (r Record) let(p identity.Person, rules []Rule) (ok, butForState bool) {
	for _, rule := range rules {
		if !p.Is(rule.Role) || !r.stands(p, rule.Whose) {
			continue
		}
		if rule.State == Unspoken && r.Spoken {
			butForState = true
			continue
		}
		return true, false
	}
	return false, butForState
}

// Missing is the answer about a record that is not there, and about one that
// is not for the person who asks: the two must not be told apart.
func Missing() error {
	return fault.New(fault.NotFound, "There is no such jobseeker, or not one that you can see.")
}

// MayAtAll returns nil if somebody with p's roles may do op to some record or
// other, and Forbidden if not. It is for operations that start from no record.
func MayAtAll(p identity.Person, op Operation) error {
	for _, rule := range table[op] {
		if p.Is(rule.Role) {
			return nil
		}
	}
	return fault.New(fault.Forbidden, "Your role does not let you do this.")
}

// Reach returns the rules through which p could do op to a record: those for
// roles that p has. With none, p reaches nothing.
func Reach(p identity.Person, op Operation) []Rule {
	var rules []Rule
	for _, rule := range table[op] {
		if p.Is(rule.Role) && rule.Whose != Nobodys {
			rules = append(rules, rule)
		}
	}
	return rules
}
