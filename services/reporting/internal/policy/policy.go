// Package policy says who may see what the money did. It is one table, and the only
// one: the gate in front of every operation and the WHERE of every query are read
// from it.
//
// There are no persons' records here, so that reach is by area alone: managers,
// finance officers and auditors see the totals of the areas in which they work.
package policy

import (
	"slices"

	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
)

// Operation is an operation id of the reporting contract.
type Operation string

// The operations. A test holds them to the contract, so that a new operation
// without a row in the table fails the build.
const (
	ReadOverview   Operation = "readOverview"
	ListTotals     Operation = "listTotals"
	ListRequests   Operation = "listRequests"
	ListUnderspend Operation = "listUnderspend"
	ReadForecast   Operation = "readForecast"
	ListDecisions  Operation = "listDecisions"
	ListEquity     Operation = "listEquity"
	ListSavings    Operation = "listSavings"
	ListUnasked    Operation = "listUnasked"
	ListOutcomes   Operation = "listOutcomes"
	CompareRoutes  Operation = "compareRoutes"
	ReadValue      Operation = "readValue"
	ListProxies    Operation = "listProxies"
	CreateExport   Operation = "createExport"
	StreamExport   Operation = "streamExport"
)

var seeing = []identity.Role{identity.Manager, identity.Finance, identity.Auditor}

// Table is the policy: the roles that may do an operation, in their own areas.
var Table = map[Operation][]identity.Role{
	ReadOverview:   seeing,
	ListTotals:     seeing,
	ListRequests:   seeing,
	ListUnderspend: seeing,
	ReadForecast:   seeing,
	ListDecisions:  seeing,
	ListEquity:     seeing,
	ListSavings:    seeing,
	ListUnasked:    seeing,
	ListOutcomes:   seeing,
	CompareRoutes:  seeing,
	ReadValue:      seeing,
	ListProxies:    seeing,
	CreateExport:   seeing,
	StreamExport:   seeing,
}

// Reach is the areas of which a person may do the operation, or Forbidden if no role
// of theirs may do it at all.
func Reach(who identity.Person, op Operation) ([]string, error) {
	if who.ID == uuid.Nil || !slices.ContainsFunc(Table[op], who.Is) {
		return nil, fault.New(fault.Forbidden, "You are not allowed to do this. Ask somebody who has the role for it.")
	}
	return who.Areas, nil
}

// Missing is the answer about what is not there, and about what is not for the
// person who asks: the two must not be told apart.
func Missing() error {
	return fault.New(fault.NotFound, "We could not find that. It may not exist, or it may not be yours to see.")
}
