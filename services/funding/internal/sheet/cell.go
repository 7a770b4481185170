package sheet

import (
	"bytes"
	"strings"
	"unicode"

	"github.com/instead-support/instead/pkg/fault"
)

// Text refuses what is plainly not a text file, in words that help.
func Text(file []byte) error {
	switch {
	case bytes.HasPrefix(file, []byte("PK\x03\x04")), bytes.HasPrefix(file, []byte("\xd0\xcf\x11\xe0")):
		return fault.New(fault.Invalid, "This is a spreadsheet file. Open it, save it as CSV and import that.")
	case bytes.HasPrefix(file, []byte("%PDF")):
		return fault.New(fault.Invalid, "This is a PDF. Ask whoever made it for the list as a CSV file.")
	}
	return nil
}

// Clean makes a cell safe to keep and to compare: no marks that cannot be seen
// (PostgreSQL refuses the zero byte) and single spaces.
func Clean(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), r == unicode.ReplacementChar:
			return -1
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

// Clip shortens what is shown of a value.
func Clip(s string) string {
	const most = 60
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}

// Harmless keeps a spreadsheet from taking text for a formula.
func Harmless(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}
