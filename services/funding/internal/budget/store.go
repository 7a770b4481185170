package budget

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/money"
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

// Store keeps funds, budgets and proposals, in one transaction a call.
//
// Every method shows and changes only what act.Who may see and answers NotFound
// for anything else. The methods that change something do so once for each
// Idempotency-Key, write it into the audit trail, and lock budgets in the order
// of their ids. A function that fails changes nothing.
type Store interface {
	// OpenFund saves a fund. It returns Conflict if its code or name is taken.
	OpenFund(ctx context.Context, act Act, f Fund) (Fund, error)
	Funds(ctx context.Context, p Page) ([]Fund, int, error)
	Fund(ctx context.Context, id uuid.UUID) (Fund, error)

	// Open saves a budget. It returns Conflict if the fund has one for this area
	// and year.
	Open(ctx context.Context, act Act, fund uuid.UUID, open func(Fund) (*Budget, error)) (*Budget, error)
	// Budgets and Budget answer with the totals as at the end of a day, made out of
	// the movements and the entries alone; with those of now, if it is zero.
	Budgets(ctx context.Context, act Act, f Filter, p Page, asAt time.Time) ([]Budget, int, error)
	Budget(ctx context.Context, act Act, id uuid.UUID, asAt time.Time) (*Budget, error)
	// Ledger is what happened to a budget up to the end of a day, the latest first.
	Ledger(ctx context.Context, act Act, id uuid.UUID, asAt time.Time, p Page) ([]Posting, int, error)

	// Propose saves the proposal that propose makes of these budgets, in this
	// order. An id that is Nil is a nil budget.
	Propose(ctx context.Context, act Act, budgets [2]uuid.UUID, propose func(from, to *Budget) (*Proposal, error)) (*Proposal, error)
	// ProposeFor saves the proposal that propose makes for this fund.
	ProposeFor(ctx context.Context, act Act, fund uuid.UUID, propose func(Fund) (*Proposal, error)) (*Proposal, error)
	// Answer saves what answer makes of the proposal, whose budgets are locked.
	// Money is moved, and terms and categories come into being, by what it saves.
	Answer(ctx context.Context, act Act, id uuid.UUID, answer func(*Proposal) error) (*Proposal, error)
	Proposals(ctx context.Context, act Act, f ProposalFilter, p Page) ([]Proposal, int, error)
	Proposal(ctx context.Context, act Act, id uuid.UUID) (*Proposal, error)

	// Terms and Categories are all that were ever confirmed for a fund, in the
	// order of confirmation. There are none for no fund.
	Terms(ctx context.Context, fund uuid.UUID) ([]Terms, error)
	Categories(ctx context.Context, fund uuid.UUID) ([]Category, error)
}

// Posting is one thing that happened to a budget: a movement, or an entry of the
// ledger of awards.
type Posting struct {
	At    time.Time
	Kind  string // allocation, reduction, transfer-in, transfer-out, or the entry's
	Pence money.Pence

	Proposal  uuid.UUID // of a movement
	Reason    string
	Request   uuid.UUID // of an entry
	Reference string
}

// Page is which rows of a list to answer with.
type Page struct{ Number, Size int } // Number counts from 1

// Filter narrows a list of budgets. The zero Filter narrows nothing.
type Filter struct {
	Fund uuid.UUID
	Area string
	Year Year
}

// Kind is what a proposal is about.
type Kind string

// The kinds of proposal.
const (
	OfMovement   Kind = "movement"
	OfTerms      Kind = "terms"
	OfCategories Kind = "category"
)

// ProposalFilter narrows a list of proposals. The zero one narrows nothing.
type ProposalFilter struct {
	Waiting bool
	Fund    uuid.UUID
	Budget  uuid.UUID
	Kind    Kind
}
