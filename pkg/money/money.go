// Package money is whole pence. Pounds exist only on a page and in a file.
package money

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/instead-support/instead/pkg/fault"
)

// Pence is an amount of sterling in whole pence.
type Pence int64

// Most is the largest amount that Parse takes: ten million pounds, far above
// any course and far below where a sum of amounts could overflow.
const Most Pence = 1_000_000_000

// A thousands comma is taken only where thousands are, so that "1,25" (a
// continental decimal) is refused instead of read as a hundred and twenty-five.
// Trailing zeros beyond the pence are exact, and common in exported files.
var shape = regexp.MustCompile(`^£?\s*(\d{1,3}(?:,\d{3})+|\d+)(?:\.(\d{1,2})0*)?$`)

// Parse reads an amount as people and spreadsheets write it: "1250",
// "£1,250.00", "1250.5", "9000.00000". The amount may not be negative. It
// returns an Invalid fault that says what is wrong with the value.
func Parse(s string) (Pence, error) {
	s = strings.TrimSpace(strings.ReplaceAll(s, "\u00a0", " "))
	if s == "" {
		return 0, fault.New(fault.Invalid, "Enter an amount in pounds, like 45 or 45.50.")
	}
	if strings.HasPrefix(s, "-") || strings.HasPrefix(s, "£-") || strings.HasPrefix(s, "−") || strings.HasPrefix(s, "(") {
		return 0, fault.New(fault.Invalid, "The amount must not be negative.")
	}
	m := shape.FindStringSubmatch(s)
	if m == nil {
		return 0, fault.New(fault.Invalid, "The amount must be in pounds and pence, like 45 or 45.50.")
	}
	pounds, err := strconv.ParseInt(strings.ReplaceAll(m[1], ",", ""), 10, 64)
	if err != nil || pounds > int64(Most/100) {
		return 0, fault.Newf(fault.Invalid, "The amount must be %v or less.", Most)
	}
	pence, _ := strconv.ParseInt((m[2] + "00")[:2], 10, 64)
	if p := Pence(pounds*100 + pence); p <= Most {
		return p, nil
	}
	return 0, fault.Newf(fault.Invalid, "The amount must be %v or less.", Most)
}

// String is the amount as a page shows it: "£1,250.00", "-£0.05".
func (p Pence) String() string {
	sign, n := "", int64(p)
	if n < 0 {
		sign, n = "-", -n
	}
	return fmt.Sprintf("%s£%s.%02d", sign, thousands(n/100), n%100)
}

// Input is the amount as a form field holds it: "1250.00", no sign or commas.
func (p Pence) Input() string { return fmt.Sprintf("%d.%02d", p/100, p%100) }

func thousands(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
