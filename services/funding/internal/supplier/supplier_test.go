package supplier

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
)

var (
	fin = identity.Person{ID: uuid.New(), Name: "Fin Doyle", Areas: []string{"Oldham"}}
	fay = identity.Person{ID: uuid.New(), Name: "Fay Kerr", Areas: []string{"Oldham"}}
	now = time.Date(2026, 6, 1, 9, 0, 0, 0, time.UTC)
)

// plain is a vault that hides nothing, and so shows what is put into it.
type plain struct{}

func (plain) Encrypt(text, of []byte) ([]byte, error) {
	return append(append([]byte{}, of...), text...), nil
}
func (plain) Decrypt(sealed, of []byte) ([]byte, error) {
	if !strings.HasPrefix(string(sealed), string(of)) {
		return nil, fmt.Errorf("it is of something else")
	}
	return sealed[len(of):], nil
}
func (plain) Prints(text []byte) [][]byte { return [][]byte{text, append([]byte("old "), text...)} }

func TestNamesAreTheSameHoweverPeopleWriteThem(t *testing.T) {
	t.Parallel()
	for _, same := range [][]string{
		{"Halfords Ltd", "HALFORDS LIMITED", "The Halfords", "Halfords  (UK) Ltd."},
		{"Marks & Spencer plc", "Marks and Spencer"},
		{"Sam's Café", "Sams café", "Sam’s Café"},
	} {
		for _, name := range same {
			if got, want := (Facts{Name: name}).Folded(), (Facts{Name: same[0]}).Folded(); got != want {
				t.Errorf("%q is %q, and %q is %q", name, got, same[0], want)
			}
		}
	}
	if (Facts{Name: "Halfords"}).Folded() == (Facts{Name: "Halfway"}).Folded() {
		t.Error("two names are one")
	}
}

func TestASupplierSaysWhatIsWrongWithIt(t *testing.T) {
	t.Parallel()
	good := Facts{Name: " Spokes  Ltd", Postcode: "ol13lg", Company: "123456", Charity: "sc012345"}
	s, err := Newcomer{Facts: good, LocalTo: []string{"Oldham"}}.add(fin, now)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Facts{Name: "Spokes Ltd", Postcode: "OL1 3LG", Company: "00123456", Charity: "SC012345"}, s.Facts); diff != "" {
		t.Error(diff)
	}
	for at, n := range map[string]Newcomer{
		"/name":           {Facts: Facts{Name: "Ltd", Postcode: "OL1 3LG"}},
		"/postcode":       {Facts: Facts{Name: "Spokes", Postcode: "OL1"}},
		"/company_number": {Facts: Facts{Name: "Spokes", Postcode: "OL1 3LG", Company: "12AB"}},
		"/charity_number": {Facts: Facts{Name: "Spokes", Postcode: "OL1 3LG", Charity: "12"}},
		"/local_to":       {Facts: Facts{Name: "Spokes", Postcode: "OL1 3LG"}, LocalTo: []string{"Rochdale"}},
	} {
		_, err := n.add(fin, now)
		if f := fault.As(err); err == nil || f.Kind != fault.Invalid || len(f.Fields) != 1 || f.Fields[0].Pointer != at {
			t.Errorf("%s: %v %+v", at, err, fault.As(err))
		}
	}
}

func TestAnEditLeavesOtherAreasAsTheyAreAndIsOfTheVersionThatWasRead(t *testing.T) {
	t.Parallel()
	s := Supplier{Facts: Facts{Name: "Spokes", Postcode: "OL1 3LG"}, LocalTo: []string{"Oldham", "Rochdale"}, ChangedByName: "Imran Sadiq", ChangedAt: now, Version: 3}
	if err := s.Edit(2, s.Facts, nil, false, fin, now); !fault.Is(err, fault.Stale) || !strings.HasPrefix(err.Error(), "Imran Sadiq changed this supplier on 1 June 2026 at 10:00am") {
		t.Errorf("Edit(stale) = %v", err)
	}
	if err := s.Edit(3, s.Facts, nil, true, fin, now); err != nil || cmp.Diff([]string{"Rochdale"}, s.LocalTo) != "" || s.Version != 4 || !s.Closed || s.ChangedBy != fin.ID {
		t.Errorf("Edit() = %v, %+v", err, s)
	}
}

var account = Account{Holder: "Spokes Ltd", SortCode: "08-99-99", Number: "6374958"}.tidy()

func TestAnAccountHasTheFormOfOne(t *testing.T) {
	t.Parallel()
	if account.SortCode != "089999" || account.Number != "06374958" {
		t.Fatalf("%q %q", account.SortCode, account.Number)
	}
	for at, a := range map[string]Account{
		"/holder":         {SortCode: "089999", Number: "66374958"},
		"/sort_code":      {Holder: "Spokes", SortCode: "08999", Number: "66374958"},
		"/account_number": {Holder: "Spokes", SortCode: "089999", Number: "66374"},
	} {
		var c fault.Check
		a.tidy().check(&c)
		if f := fault.As(c.Err()); f == nil || len(f.Fields) != 1 || f.Fields[0].Pointer != at {
			t.Errorf("%s: %v", at, c.Err())
		}
	}
}

func TestAnAccountIsNeverPrinted(t *testing.T) {
	t.Parallel()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if got := fmt.Sprintf(verb, account); strings.Contains(got, account.Number) || strings.Contains(got, account.SortCode) {
			t.Errorf("%s prints %q", verb, got)
		}
	}
}

func TestBankDetailsAreConfirmedByAnotherWhoKnowsTheAccount(t *testing.T) {
	t.Parallel()
	fresh := func() *Details {
		d, err := propose(plain{}, Payee{ASupplier, uuid.New()}, account, "", nil, fin, now)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	d := fresh()
	if err := d.Confirm(plain{}, account, fin, now); !fault.Is(err, fault.Forbidden) {
		t.Errorf("the proposer confirms: %v", err)
	}
	if err := d.Confirm(plain{}, account, identity.Person{}, now); !fault.Is(err, fault.Forbidden) {
		t.Errorf("nobody confirms: %v", err)
	}
	other := account
	other.Number = "06374959"
	if err := d.Confirm(plain{}, other, fay, now); !fault.Is(err, fault.Invalid) || d.State != Proposed {
		t.Errorf("another account confirms: %v, %s", err, d.State)
	}
	if err := d.Confirm(plain{}, account, fay, now); err != nil || d.State != Confirmed || d.AnsweredBy != fay.ID {
		t.Errorf("Confirm() = %v, %+v", err, d)
	}
	if got, err := d.Account(plain{}); err != nil || got != account || d.LastFour != "4958" {
		t.Errorf("Account() = %v %v", got, err)
	}
	if err := d.Refuse("No.", fay, now); !fault.Is(err, fault.Conflict) {
		t.Errorf("refused after it was confirmed: %v", err)
	}
	d = fresh()
	d.Payee.ID = uuid.New()
	if got, err := d.Account(plain{}); err == nil {
		t.Errorf("opened for another payee: %v", got)
	}
	d = fresh()
	d.Print = plain{}.Prints(account.recognised())[1]
	if err := d.Confirm(plain{}, account, fay, now); err != nil {
		t.Errorf("proposed under the key before: %v", err)
	}
	if err := fresh().Refuse(" ", fay, now); !fault.Is(err, fault.Invalid) {
		t.Errorf("refused without a word: %v", err)
	}
}

func TestTheSameAccountUnderTwoPayeesTakesAReason(t *testing.T) {
	t.Parallel()
	others := []Alike{{Payee{ASupplier, uuid.New()}, "Wheels"}, {Payee{APerson, uuid.New()}, "hidden"}}
	_, err := propose(plain{}, Payee{ASupplier, uuid.New()}, account, " ", others, fin, now)
	if !fault.Is(err, fault.Conflict) || !strings.HasPrefix(err.Error(), "Wheels, a jobseeker has the same account.") {
		t.Errorf("propose() = %v", err)
	}
	d, err := propose(plain{}, Payee{ASupplier, uuid.New()}, account, "One shop, two names.", others, fin, now)
	if err != nil || d.Alike != "One shop, two names." {
		t.Errorf("propose() = %v %+v", err, d)
	}
}
