package catalogue

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Fold returns s as courses are searched and compared: in lower case, without
// accents or apostrophes, and with one space for every other mark. "Café & Bar"
// and "cafe bar" fold to the same.
//
// It is done here and not in PostgreSQL so that what was stored and what is
// asked are folded by the same code, whatever the database's version.
func Fold(s string) string {
	var b strings.Builder
	gap := false
	for _, r := range norm.NFKD.String(s) {
		switch {
		case unicode.Is(unicode.Mn, r), strings.ContainsRune("'’‘ʼ`", r):
			continue
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			gap = true
			continue
		}
		if gap && b.Len() > 0 {
			b.WriteByte(' ')
		}
		gap = false
		if p, ok := plain[unicode.ToLower(r)]; ok {
			b.WriteString(p)
		} else {
			b.WriteRune(unicode.ToLower(r))
		}
	}
	return b.String()
}

// plain spells letters that are no letter-and-accent to Unicode but are typed
// as plain ones on a British keyboard.
var plain = map[rune]string{
	'ß': "ss", 'æ': "ae", 'œ': "oe", 'ø': "o", 'ł': "l", 'đ': "d", 'ð': "d", 'þ': "th", 'ı': "i",
}

// Words is the folded words of s.
func Words(s string) []string { return strings.Fields(Fold(s)) }

// CodeKey is a code as it is searched: folded, and without the marks between
// its parts, so that "FWK-403-2" is found by "fwk 4032".
func CodeKey(s string) string { return strings.ReplaceAll(Fold(s), " ", "") }
