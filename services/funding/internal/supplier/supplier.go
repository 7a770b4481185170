// Package supplier knows who can be paid: suppliers, and the bank accounts of
// suppliers and of jobseekers.
//
// It holds that a supplier is kept once; that an account is proposed by one
// person and confirmed by another, who enters it from a paper of their own; that
// the one before stays in force until then; and that one account under two
// payees is there only because somebody said why.
//
// It pays nobody: payment does, and is given an account in clear as it makes a
// file for the bank. It checks that a sort code and an account number have the
// form of one; whether the bank knows them, the bank says. It knows neither SQL
// nor HTTP.
package supplier

import (
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
)

// Facts are what is known of a supplier.
type Facts struct {
	Name     string
	Postcode string
	Company  string // its number at Companies House, or ""
	Charity  string // its number at a charity regulator, or ""
}

// Supplier is somebody who sells what a request asks for.
type Supplier struct {
	ID uuid.UUID
	Facts
	LocalTo []string // the areas that it is local to, in order
	Closed  bool     // it is kept, and can no longer be chosen

	ChangedAt     time.Time
	ChangedBy     uuid.UUID
	ChangedByName string
	Version       int64
}

// Folded is the name as names are compared: without what two people write
// differently, such as case, "&" and "Ltd".
func (f Facts) Folded() string {
	var words []string
	for _, w := range strings.FieldsFunc(strings.ToLower(strings.ReplaceAll(f.Name, "&", " and ")), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '\'' && r != '’'
	}) {
		w = strings.NewReplacer("'", "", "’", "").Replace(w)
		if !slices.Contains(unsaid, w) && w != "" {
			words = append(words, w)
		}
	}
	return strings.Join(words, " ")
}

// unsaid are the words of a name that some leave out.
var unsaid = []string{"the", "ltd", "limited", "plc", "llp", "cic", "cio", "co", "company", "uk", "t", "a"}

var (
	postcode = regexp.MustCompile(`^([A-Z]{1,2}[0-9][A-Z0-9]?)([0-9][A-Z]{2})$`)
	company  = regexp.MustCompile(`^([0-9]{8}|[A-Z]{2}[0-9]{6}|R[0-9]{7})$`)
	charity  = regexp.MustCompile(`^([0-9]{6,7}|SC[0-9]{6}|NIC[0-9]{6})$`)
)

// tidy is f as it is kept.
func (f Facts) tidy() Facts {
	f.Name = strings.Join(strings.Fields(f.Name), " ")
	f.Postcode, f.Company, f.Charity = squeezed(f.Postcode), squeezed(f.Company), squeezed(f.Charity)
	if parts := postcode.FindStringSubmatch(f.Postcode); parts != nil {
		f.Postcode = parts[1] + " " + parts[2]
	}
	// Companies House writes eight figures; people leave out the nought in front.
	if strings.Trim(f.Company, "0123456789") == "" && len(f.Company) >= 6 && len(f.Company) < 8 {
		f.Company = strings.Repeat("0", 8-len(f.Company)) + f.Company
	}
	return f
}

// squeezed is s without spaces and in capitals, as numbers and postcodes are.
func squeezed(s string) string { return strings.ToUpper(strings.Join(strings.Fields(s), "")) }

func (f Facts) check(c *fault.Check) {
	c.Want(f.Name != "" && f.Folded() != "", "/name", "Enter the supplier’s name.")
	c.Want(utf8.RuneCountInString(f.Name) <= 200, "/name", "Use 200 characters or fewer.")
	c.Want(postcode.MatchString(squeezed(f.Postcode)), "/postcode", "Enter a full UK postcode, such as OL1 3LG.")
	c.Want(f.Company == "" || company.MatchString(f.Company), "/company_number",
		"Enter the company number as Companies House has it: 8 figures, or 2 letters and 6 figures. Leave it empty if there is none.")
	c.Want(f.Charity == "" || charity.MatchString(f.Charity), "/charity_number",
		"Enter the charity number as its register has it: 6 or 7 figures, or SC or NIC and 6 figures. Leave it empty if there is none.")
}

// local is the areas, of which only those of by may differ from was.
func local(was, to []string, by identity.Person, c *fault.Check) []string {
	for _, area := range to {
		c.Want(by.Covers(area) || slices.Contains(was, area), "/local_to", "Choose among the areas you work in.")
	}
	var now []string
	for _, area := range slices.Concat(was, to) {
		stays := slices.Contains(was, area) && !by.Covers(area)
		if stays || slices.Contains(to, area) {
			now = append(now, area)
		}
	}
	slices.Sort(now)
	return slices.Compact(now)
}

// Newcomer is a supplier to be added.
type Newcomer struct {
	Facts
	LocalTo []string
	// Different is true when a person has looked at who it may be already and
	// says that it is somebody else.
	Different bool
}

// add is the supplier that by adds. It returns Invalid for what can't be right.
func (n Newcomer) add(by identity.Person, at time.Time) (*Supplier, error) {
	s := &Supplier{ID: uuid.Must(uuid.NewV7()), Version: 1}
	return s, s.set(n.Facts, n.LocalTo, false, by, at)
}

// Edit replaces what is known of the supplier. It returns Stale, saying who
// changed it, if it is no longer at version, and Invalid for what can't be right.
func (s *Supplier) Edit(version int64, f Facts, localTo []string, closed bool, by identity.Person, at time.Time) error {
	if version != s.Version {
		return fault.Overtaken(fault.Change{By: s.ChangedByName, What: "changed this supplier", At: s.ChangedAt})
	}
	if err := s.set(f, localTo, closed, by, at); err != nil {
		return err
	}
	s.Version++
	return nil
}

func (s *Supplier) set(f Facts, localTo []string, closed bool, by identity.Person, at time.Time) error {
	f = f.tidy()
	var c fault.Check
	f.check(&c)
	now := local(s.LocalTo, localTo, by, &c)
	if err := c.Err(); err != nil {
		return err
	}
	s.Facts, s.LocalTo, s.Closed = f, now, closed
	s.ChangedAt, s.ChangedBy, s.ChangedByName = at, by.ID, by.Name
	return nil
}

// PossibleDuplicate is the error of adding a supplier that may be there already.
// It is a Conflict, and carries who it may be; nothing was added.
type PossibleDuplicate struct{ Candidates []Supplier }

// Error says that there are candidates.
func (e *PossibleDuplicate) Error() string { return e.Unwrap().Error() }

// Unwrap is the fault that people see.
func (e *PossibleDuplicate) Unwrap() error {
	return fault.New(fault.Conflict, "This supplier may be here already. Look at who it may be. If it is another, say so and add it.")
}
