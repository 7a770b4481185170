package money_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/money"
)

func TestParseReadsAmountsAsPeopleWriteThem(t *testing.T) {
	for in, want := range map[string]money.Pence{
		"1250": 125000, "£1,250.00": 125000, " 1250.5 ": 125050, "9000.00000": 900000,
		"0": 0, "£ 3": 300, "1,234,567.89": 123456789, "0.07": 7, "£\u00a012": 1200,
		"12.5000": 1250, "10000000": money.Most,
	} {
		if got, err := money.Parse(in); err != nil || got != want {
			t.Errorf("Parse(%q) = %d, %v, want %d", in, got, err, want)
		}
	}
}

func TestParseRefusesWhatItCannotReadExactly(t *testing.T) {
	for _, in := range []string{
		"", "  ", "-5", "£-5", "(5)", "−5", "1,25", "12,50", "1.234,56", "12.345", "1 250", "five", "£", "5p",
		"10000000.01", "99999999999999999999", "1e3", "١٢",
	} {
		got, err := money.Parse(in)
		if !fault.Is(err, fault.Invalid) {
			t.Errorf("Parse(%q) = %d, %v, want an invalid fault", in, got, err)
		}
	}
}

func TestParseReadsBackWhatItShows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := money.Pence(rapid.Int64Range(0, int64(money.Most)).Draw(t, "pence"))
		for _, s := range []string{p.String(), p.Input()} {
			if got, err := money.Parse(s); err != nil || got != p {
				t.Fatalf("Parse(%q) = %d, %v, want %d", s, got, err, p)
			}
		}
	})
}

func TestNegativeAmountsShowTheirSignFirst(t *testing.T) {
	if got := money.Pence(-5).String(); got != "-£0.05" {
		t.Errorf("String() = %q, want -£0.05", got)
	}
}
