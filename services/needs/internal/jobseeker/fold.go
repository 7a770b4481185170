package jobseeker

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Fold returns s as names are compared and searched: in lower case, without
// accents or apostrophes, with a space for every other mark. "Siân O’Neill" and
// "sian oneill" fold to the same.
//
// It is done here and not in PostgreSQL so that adding, searching and ordering
// can't differ between versions of the database or its unaccent rules.
func Fold(s string) string {
	var b strings.Builder
	for _, r := range norm.NFKD.String(strings.ToLower(s)) {
		switch {
		case unicode.Is(unicode.Mn, r), strings.ContainsRune("'’‘ʼ`", r):
		case plain[r] != "":
			b.WriteString(plain[r])
		case unicode.IsLetter(r), unicode.IsDigit(r), strings.ContainsRune("@.", r):
			b.WriteRune(r)
		default:
			b.WriteByte(' ')
		}
	}
	return spaced(b.String())
}

// plain spells the letters that are no letter-and-accent to Unicode, but are
// typed as plain ones by somebody with a British keyboard.
var plain = map[rune]string{
	'ß': "ss", 'æ': "ae", 'œ': "oe", 'ø': "o", 'ł': "l", 'đ': "d", 'ð': "d", 'þ': "th", 'ı': "i",
}

// findable is everything by which a jobseeker can be found, folded, the name
// first: it is also what a caseload is ordered by. The postcode is there with
// its space and without.
func (d Details) findable() string {
	return Fold(strings.Join([]string{d.Name, d.KnownAs, d.Postcode, strings.ReplaceAll(d.Postcode, " ", ""), d.Email}, "\n"))
}

// Words returns the folded words of a search, each of which must be found.
func Words(q string) []string { return strings.Fields(Fold(q)) }
