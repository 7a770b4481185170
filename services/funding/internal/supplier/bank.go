package supplier

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
)

// Kind is what kind of payee it is.
type Kind string

// The kinds of payee.
const (
	ASupplier Kind = "supplier"
	APerson   Kind = "person" // a jobseeker
)

// Payee is whose account it is.
type Payee struct {
	Kind Kind
	ID   uuid.UUID // of the supplier or the jobseeker
}

// Account is a bank account in clear. It is so while somebody enters it and while
// a file for the bank is made, and nowhere else.
type Account struct {
	Holder   string // the name on the account
	SortCode string // six figures
	Number   string // eight figures
}

// String gives nothing away, whoever prints it.
func (a Account) String() string { return "an account" }

// GoString gives nothing away either.
func (a Account) GoString() string { return a.String() }

// tidy is a as it is kept: a number of six or seven figures begins with noughts.
func (a Account) tidy() Account {
	a.Holder = strings.Join(strings.Fields(a.Holder), " ")
	a.SortCode = strings.NewReplacer("-", "", "–", "").Replace(squeezed(a.SortCode))
	a.Number = squeezed(a.Number)
	if n := len(a.Number); n == 6 || n == 7 {
		a.Number = strings.Repeat("0", 8-n) + a.Number
	}
	return a
}

func (a Account) check(c *fault.Check) {
	c.Want(a.Holder != "", "/holder", "Enter the name on the account.")
	c.Want(utf8.RuneCountInString(a.Holder) <= 70, "/holder", "Use 70 characters or fewer.")
	a.checkNumbers(c)
}

func (a Account) checkNumbers(c *fault.Check) {
	c.Want(figures(a.SortCode, 6), "/sort_code", "Enter the sort code: 6 figures, such as 08-99-99.")
	c.Want(figures(a.Number, 8) && a.Number != "00000000", "/account_number", "Enter the account number: 6, 7 or 8 figures.")
}

func figures(s string, n int) bool { return len(s) == n && strings.Trim(s, "0123456789") == "" }

// recognised is what two payees have in common if they have the same account,
// whatever each calls it.
func (a Account) recognised() []byte { return []byte(a.SortCode + " " + a.Number) }

// Vault makes an account unreadable, and gives what it is recognised by all the
// same.
type Vault interface {
	Encrypt(plain, of []byte) ([]byte, error)
	Decrypt(sealed, of []byte) ([]byte, error)
	// Prints are the same for the same plain, and say nothing of it. The first is
	// the one to keep; the others are by keys that came before.
	Prints(plain []byte) [][]byte
}

// State is where bank details stand.
type State string

// The states. At most one of a payee's is proposed, and at most one confirmed.
const (
	Proposed  State = "proposed"
	Confirmed State = "confirmed" // in force
	Refused   State = "refused"
	Replaced  State = "replaced" // by others that were confirmed since
)

// Details are the bank details of a payee, as one person proposed them.
type Details struct {
	ID       uuid.UUID
	Payee    Payee
	State    State
	Sealed   []byte // the account
	Print    []byte // what it is recognised by
	LastFour string // of its number, for a page to show
	Alike    string // why another payee has the same account, if one has

	By     uuid.UUID // who proposed them
	ByName string
	At     time.Time

	AnsweredBy     uuid.UUID
	AnsweredByName string
	AnsweredAt     time.Time
	Words          string // why they were refused
}

// Alike is another payee with the same account.
type Alike struct {
	Payee
	Name string // a supplier's; a person is not named
}

// propose is the details that by proposes for p. It returns Invalid for what has
// not the form of an account, and Conflict, naming them, if others have it too
// and nobody says why.
func propose(v Vault, p Payee, a Account, why string, others []Alike, by identity.Person, at time.Time) (*Details, error) {
	d := &Details{ID: uuid.Must(uuid.NewV7()), Payee: p, State: Proposed, LastFour: a.Number[4:], By: by.ID, ByName: by.Name, At: at}
	if len(others) > 0 {
		d.Alike = strings.TrimSpace(why)
		if d.Alike == "" {
			return nil, alike(others)
		}
	}
	plain, err := json.Marshal(a)
	if err != nil {
		return nil, err
	}
	if d.Sealed, err = v.Encrypt(plain, d.about()); err != nil {
		return nil, err
	}
	d.Print = v.Prints(a.recognised())[0]
	return d, nil
}

// about is what the sealed account belongs to, and opens for alone.
func (d *Details) about() []byte {
	return fmt.Appendf(nil, "%s %s %s", d.Payee.Kind, d.Payee.ID, d.ID)
}

// Account opens the sealed account.
func (d *Details) Account(v Vault) (Account, error) {
	var a Account
	plain, err := v.Decrypt(d.Sealed, d.about())
	if err != nil {
		return a, fmt.Errorf("bank details %s can't be opened: %w", d.ID, err)
	}
	return a, json.Unmarshal(plain, &a)
}

// alike says who has the same account.
func alike(others []Alike) error {
	names := make([]string, len(others))
	for i, o := range others {
		if names[i] = o.Name; o.Kind == APerson {
			names[i] = "a jobseeker"
		}
	}
	return fault.Newf(fault.Conflict, "%s has the same account. If that is right, say why. If not, check the numbers.", strings.Join(names, ", ")).
		With("alike", names)
}

// Confirm puts the details in force. by enters the account once more, from a
// paper of their own: that is how they know what they confirm. It returns
// Conflict if they were answered already, Forbidden to the one who proposed them,
// and Invalid if what was entered is another account.
func (d *Details) Confirm(v Vault, a Account, by identity.Person, at time.Time) error {
	if err := d.waits(); err != nil {
		return err
	}
	if by.ID == uuid.Nil || by.ID == d.By {
		return fault.New(fault.Forbidden, "You proposed these bank details, so somebody else must confirm them.")
	}
	a = a.tidy()
	var c fault.Check
	a.checkNumbers(&c)
	if err := c.Err(); err != nil {
		return err
	}
	same := slices.ContainsFunc(v.Prints(a.recognised()), func(p []byte) bool { return bytes.Equal(p, d.Print) })
	c.Want(same, "/account_number", "This is not the account that was proposed. Check it against the payee’s own paper. If that is right, refuse the proposal.")
	if err := c.Err(); err != nil {
		return err
	}
	d.State, d.AnsweredBy, d.AnsweredByName, d.AnsweredAt = Confirmed, by.ID, by.Name, at
	return nil
}

// Refuse ends the proposal; the one who made it takes it back this way. It
// returns Conflict if it was answered already, and Invalid without words.
func (d *Details) Refuse(words string, by identity.Person, at time.Time) error {
	if err := d.waits(); err != nil {
		return err
	}
	words = strings.TrimSpace(words)
	var c fault.Check
	c.Want(words != "", "/words", "Say why not.")
	c.Want(utf8.RuneCountInString(words) <= 1000, "/words", "Use 1,000 characters or fewer.")
	if err := c.Err(); err != nil {
		return err
	}
	d.State, d.AnsweredBy, d.AnsweredByName, d.AnsweredAt, d.Words = Refused, by.ID, by.Name, at, words
	return nil
}

func (d *Details) waits() error {
	if d.State == Proposed {
		return nil
	}
	return fault.Newf(fault.Conflict, "%s has answered this already.", d.AnsweredByName)
}
