package jobseeker

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/instead-support/instead/pkg/fault"
)

func TestDetailsAreKeptTidy(t *testing.T) {
	got := Details{Name: "  Siân   O’Neill ", KnownAs: " Shan ", Email: " sian@example.org ", Phone: "07700  900123", Postcode: "ol11aa"}.tidy()
	want := Details{Name: "Siân O’Neill", KnownAs: "Shan", Email: "sian@example.org", Phone: "07700 900123", Postcode: "OL1 1AA"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestDetailsThatCannotBeRightAreNamedWithTheWayOut(t *testing.T) {
	for _, test := range []struct {
		name    string
		details Details
		want    []string // the pointers found wanting
	}{
		{"a name is all that is needed", Details{Name: "Dan"}, nil},
		{"everything", Details{Name: "Dan Li", KnownAs: "Dan", Email: "d.li+job@mail.example.co.uk", Phone: "+44 (0)161 496 0000", Postcode: "M1 1AE"}, nil},
		{"names from anywhere", Details{Name: "Nguyễn Thị Hương", KnownAs: "李"}, nil},

		{"no name", Details{Name: "  "}, []string{"/name"}},
		{"a name of digits", Details{Name: "1234"}, []string{"/name"}},
		{"a name with a tab in it is spaced instead", Details{Name: "Dan\tLi"}, nil},
		{"a name with a bell in it", Details{Name: "Dan\a"}, []string{"/name"}},
		{"a name too long", Details{Name: strings.Repeat("é", 121)}, []string{"/name"}},
		{"a nickname too long", Details{Name: "Dan", KnownAs: strings.Repeat("é", 61)}, []string{"/known_as"}},

		{"an e-mail without @", Details{Name: "Dan", Email: "dan.example.com"}, []string{"/email"}},
		{"an e-mail without a full stop", Details{Name: "Dan", Email: "dan@example"}, []string{"/email"}},
		{"an e-mail ending in a full stop", Details{Name: "Dan", Email: "dan@example."}, []string{"/email"}},
		{"an e-mail with a name around it", Details{Name: "Dan", Email: "Dan <dan@example.com>"}, []string{"/email"}},
		{"an e-mail in a machine's own words", Details{Name: "Dan", Email: "dan@[10.0.0.1]"}, []string{"/email"}},
		{"two e-mails", Details{Name: "Dan", Email: "a@example.com, b@example.com"}, []string{"/email"}},

		{"a phone number too short", Details{Name: "Dan", Phone: "0770090"}, []string{"/phone"}},
		{"a phone number too long", Details{Name: "Dan", Phone: "077009001234"}, []string{"/phone"}},
		{"a phone number without its nought", Details{Name: "Dan", Phone: "7700900123"}, []string{"/phone"}},
		{"a phone number with letters", Details{Name: "Dan", Phone: "07700 900123 ext 4"}, []string{"/phone"}},
		{"a plus in the middle", Details{Name: "Dan", Phone: "0770+0900123"}, []string{"/phone"}},
		{"only marks", Details{Name: "Dan", Phone: "()"}, []string{"/phone"}},

		{"half a postcode", Details{Name: "Dan", Postcode: "OL1"}, []string{"/postcode"}},
		{"not a postcode", Details{Name: "Dan", Postcode: "12345"}, []string{"/postcode"}},
		{"not even letters", Details{Name: "Dan", Postcode: "ОЛ1 1АА"}, []string{"/postcode"}},

		{"everything at once", Details{Email: "x", Phone: "y", Postcode: "z"}, []string{"/name", "/email", "/phone", "/postcode"}},
	} {
		var c fault.Check
		test.details.tidy().check(&c)
		var got []string
		if err := c.Err(); err != nil {
			for _, f := range fault.As(err).Fields {
				got = append(got, f.Pointer)
			}
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s: %s", test.name, diff)
		}
	}
}

func TestEveryShapeOfPostcodeIsTaken(t *testing.T) {
	for _, p := range []string{"M1 1AE", "B33 8TH", "CR2 6XH", "DN55 1PT", "W1A 0AX", "EC1A 1BB", "SW1W 0NY", "GIR 0AA", "OL8 4qs", "l18jq"} {
		var c fault.Check
		Details{Name: "Dan", Postcode: p}.tidy().check(&c)
		if err := c.Err(); err != nil {
			t.Errorf("%s: %v", p, fault.As(err).Fields)
		}
	}
}

func TestFoldMakesAlikeWhatPeopleTypeAlike(t *testing.T) {
	for _, test := range []struct{ a, b string }{
		{"Siân O’Neill", "sian oneill"},
		{"JOSÉ-MARÍA", "jose maria"},
		{"Łukasz Żółć", "lukasz zolc"},
		{"Søren Æbelø", "soren aebelo"},
		{"Nguyễn Thị Hương", "nguyen thi huong"},
		{"Straße", "strasse"},
		{"ol1 1aa", "OL1 1AA"},
		{" D'Arcy  Smith-Jones ", "darcy smith jones"},
	} {
		if Fold(test.a) != test.b && Fold(test.a) != Fold(test.b) {
			t.Errorf("Fold(%q) = %q, Fold(%q) = %q", test.a, Fold(test.a), test.b, Fold(test.b))
		}
	}
	if Fold("Dan Li") == Fold("Dan Lee") {
		t.Error("two names fold to one")
	}
}

func TestAJobseekerCanBeFoundByAnythingACoachWouldType(t *testing.T) {
	d := Details{Name: "Siân O’Neill", KnownAs: "Shan", Email: "S.ONeill@example.org", Postcode: "OL1 1AA"}
	for _, q := range []string{"sian", "O'Neill", "shan oneill", "OL1", "ol11aa", "ol1 1aa", "s.oneill@example"} {
		for _, w := range Words(q) {
			if !strings.Contains(d.findable(), w) {
				t.Errorf("searching %q: %q is not in %q", q, w, d.findable())
			}
		}
	}
	if !strings.HasPrefix(d.findable(), "sian oneill ") {
		t.Errorf("a caseload would not be ordered by name: %q", d.findable())
	}
}
