package supplier

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/funding/internal/policy"
)

// Act is one use of the system, and what the store needs to know of it: who
// acts, doing what, and with what body, by which a retry is told from a second
// use of its key. An account is never part of the body, but what it is
// recognised by.
type Act struct {
	Who       policy.Actor
	Operation policy.Operation
	Body      any
}

// Page is which rows of a list to answer with.
type Page struct{ Number, Size int } // Number counts from 1

// Filter narrows a list of suppliers. The zero Filter narrows nothing.
type Filter struct {
	Text    string // words of a name, a postcode or a number, as typed
	LocalTo string // an area
	Open    bool   // only those that can be chosen
}

// Store keeps suppliers and bank details, in one transaction a call, and writes
// into the audit trail what was seen or changed. The methods that change
// something do so once for each Idempotency-Key. A function that fails changes
// nothing.
type Store interface {
	// Add saves a supplier. Unless different, it returns a PossibleDuplicate if
	// one is there with a name like it. It returns Conflict if one has its number.
	Add(ctx context.Context, act Act, s *Supplier, different bool) (*Supplier, error)
	// Change saves what change makes of a supplier that is locked.
	Change(ctx context.Context, act Act, id uuid.UUID, change func(*Supplier) error) (*Supplier, error)
	Suppliers(ctx context.Context, act Act, f Filter, p Page) ([]Supplier, int, error)
	Supplier(ctx context.Context, act Act, id uuid.UUID) (*Supplier, error)

	// Record is what the policy needs to know of a payee. It returns NotFound if
	// see does not show it to who.
	Record(ctx context.Context, who policy.Actor, see policy.Operation, p Payee) (policy.Record, error)
	// Propose saves the details that propose makes, which is told of the other
	// payees whose account has one of these prints. It returns Conflict if others
	// wait to be confirmed for this payee.
	Propose(ctx context.Context, act Act, p Payee, prints [][]byte, propose func(others []Alike) (*Details, error)) (*Details, error)
	// PayeeOf is whose the details are.
	PayeeOf(ctx context.Context, details uuid.UUID) (Payee, error)
	// Answer saves what answer makes of details that are locked. Once confirmed,
	// they replace those in force.
	Answer(ctx context.Context, act Act, details uuid.UUID, answer func(*Details) error) (*Details, error)
	// Details lists a payee's, those that wait first, then those in force.
	Details(ctx context.Context, act Act, p Payee) ([]Details, error)
}

// Deps is what Suppliers are made of.
type Deps struct {
	Store Store
	Vault Vault
	Now   func() time.Time
}

// Suppliers are the use cases. Every method acts for the person in its context
// and returns Unauthenticated if there is none, Forbidden for what that person
// may see but not do, and NotFound for what they may not see.
type Suppliers struct{ d Deps }

// New returns the use cases on top of d.
func New(d Deps) *Suppliers { return &Suppliers{d} }

// Add adds a supplier. It returns Invalid naming every field that is wrong, and a
// PossibleDuplicate, with who it may be, unless it is said to be another.
func (s *Suppliers) Add(ctx context.Context, n Newcomer) (*Supplier, error) {
	who, err := s.actor(ctx, policy.AddSupplier)
	if err != nil {
		return nil, err
	}
	added, err := n.add(who.Person, s.now())
	if err != nil {
		return nil, err
	}
	return s.d.Store.Add(ctx, Act{who, policy.AddSupplier, n}, added, n.Different)
}

// Edit replaces what is known of a supplier; see Supplier.Edit.
func (s *Suppliers) Edit(ctx context.Context, id uuid.UUID, version int64, f Facts, localTo []string, closed bool) (*Supplier, error) {
	who, err := s.actor(ctx, policy.EditSupplier)
	if err != nil {
		return nil, err
	}
	return s.d.Store.Change(ctx, Act{who, policy.EditSupplier, []any{id, version, f, localTo, closed}}, id, func(had *Supplier) error {
		return had.Edit(version, f, localTo, closed, who.Person, s.now())
	})
}

// Get is one supplier.
func (s *Suppliers) Get(ctx context.Context, id uuid.UUID) (*Supplier, error) {
	who, err := s.actor(ctx, policy.ReadSupplier)
	if err != nil {
		return nil, err
	}
	return s.d.Store.Supplier(ctx, Act{Who: who, Operation: policy.ReadSupplier}, id)
}

// List is one page of the suppliers, the best match first, and how many match.
func (s *Suppliers) List(ctx context.Context, f Filter, p Page) ([]Supplier, int, error) {
	who, err := s.actor(ctx, policy.ListSuppliers)
	if err != nil {
		return nil, 0, err
	}
	return s.d.Store.Suppliers(ctx, Act{Who: who, Operation: policy.ListSuppliers}, f, p)
}

// operations are what can be done about the bank details of each kind of payee.
var operations = map[Kind]struct{ see, propose policy.Operation }{
	ASupplier: {policy.ListSupplierBankDetails, policy.ProposeSupplierBankDetails},
	APerson:   {policy.ListPersonBankDetails, policy.ProposePersonBankDetails},
}

// Standing is bank details as they stand for whoever looks at them.
type Standing struct {
	*Details
	CanConfirm bool
	CanRefuse  bool
}

// Propose proposes an account for a payee; see Details. Those in force stay so
// until somebody else confirms these.
func (s *Suppliers) Propose(ctx context.Context, p Payee, a Account, why string) (Standing, error) {
	op := operations[p.Kind].propose
	who, rec, err := s.reach(ctx, op, p)
	if err != nil {
		return Standing{}, err
	}
	a = a.tidy()
	var c fault.Check
	a.check(&c)
	c.Want(utf8.RuneCountInString(why) <= 1000, "/alike_reason", "Use 1,000 characters or fewer.")
	if err := c.Err(); err != nil {
		return Standing{}, err
	}
	prints := s.d.Vault.Prints(a.recognised())
	d, err := s.d.Store.Propose(ctx, Act{who, op, []any{p, prints[0], strings.TrimSpace(why)}}, p, prints, func(others []Alike) (*Details, error) {
		return propose(s.d.Vault, p, a, why, others, who.Person, s.now())
	})
	return s.standing(who, rec, d, err)
}

// Confirm puts proposed details in force; see Details.Confirm.
func (s *Suppliers) Confirm(ctx context.Context, id uuid.UUID, a Account) (Standing, error) {
	typed := s.d.Vault.Prints(a.tidy().recognised())[0]
	return s.answer(ctx, policy.ConfirmBankDetails, id, typed, func(d *Details, by identity.Person) error {
		return d.Confirm(s.d.Vault, a, by, s.now())
	})
}

// Refuse ends a proposal; see Details.Refuse.
func (s *Suppliers) Refuse(ctx context.Context, id uuid.UUID, words string) (Standing, error) {
	return s.answer(ctx, policy.RefuseBankDetails, id, words, func(d *Details, by identity.Person) error {
		return d.Refuse(words, by, s.now())
	})
}

func (s *Suppliers) answer(ctx context.Context, op policy.Operation, id uuid.UUID, body any, verb func(*Details, identity.Person) error) (Standing, error) {
	if _, err := s.actor(ctx, op); err != nil {
		return Standing{}, err
	}
	p, err := s.d.Store.PayeeOf(ctx, id)
	if err != nil {
		return Standing{}, err
	}
	who, rec, err := s.reach(ctx, op, p)
	if err != nil {
		return Standing{}, err
	}
	d, err := s.d.Store.Answer(ctx, Act{who, op, []any{id, body}}, id, func(d *Details) error { return verb(d, who.Person) })
	return s.standing(who, rec, d, err)
}

// Details lists a payee's bank details, with no more of an account than its last
// four figures.
func (s *Suppliers) Details(ctx context.Context, p Payee) ([]Standing, error) {
	op := operations[p.Kind].see
	who, rec, err := s.reach(ctx, op, p)
	if err != nil {
		return nil, err
	}
	found, err := s.d.Store.Details(ctx, Act{Who: who, Operation: op}, p)
	if err != nil {
		return nil, err
	}
	all := make([]Standing, len(found))
	for i := range found {
		all[i], _ = s.standing(who, rec, &found[i], nil)
	}
	return all, nil
}

// reach is who acts, and what the policy knows of the payee, if the person may do
// op about its bank details.
func (s *Suppliers) reach(ctx context.Context, op policy.Operation, p Payee) (policy.Actor, policy.Record, error) {
	who, err := s.actor(ctx, op)
	if err != nil {
		return policy.Actor{}, policy.Record{}, err
	}
	see := operations[p.Kind].see
	rec, err := s.d.Store.Record(ctx, who, see, p)
	if err == nil && p.Kind == APerson { // a supplier is nobody's record: the role is enough
		err = policy.Check(who, op, see, rec)
	}
	return who, rec, err
}

// standing is d as it stands for who, or else err.
func (s *Suppliers) standing(who policy.Actor, rec policy.Record, d *Details, err error) (Standing, error) {
	if err != nil {
		return Standing{}, err
	}
	may := func(op policy.Operation) bool {
		if d.Payee.Kind == APerson {
			return policy.Reaches(who, op, rec)
		}
		return policy.Gate(who.Person, op) == nil
	}
	waits := d.State == Proposed
	return Standing{d, waits && d.By != who.ID && may(policy.ConfirmBankDetails), waits && may(policy.RefuseBankDetails)}, nil
}

// actor is who acts, if some role of theirs may do the operation at all.
func (s *Suppliers) actor(ctx context.Context, op policy.Operation) (policy.Actor, error) {
	p, err := identity.From(ctx)
	if err != nil {
		return policy.Actor{}, err
	}
	return policy.Actor{Person: p}, policy.Gate(p, op)
}

// now is the time as it is kept, so that what was written equals what is read.
func (s *Suppliers) now() time.Time { return s.d.Now().UTC().Truncate(time.Microsecond) }
