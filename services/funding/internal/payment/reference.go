package payment

import (
	"crypto/rand"
	"regexp"
	"strings"
)

// alphabet is Crockford's base 32, as in the references of requests: no I, L, O
// or U, so that a reference can be read out over the telephone.
const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// newReference is a short name such as PY-7K3M-92QX. Its marks are all in the
// character set of BACS, and it fits the reference of a bank statement.
func newReference(prefix string) string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails: it stops the program instead
	for i := range b {
		b[i] = alphabet[b[i]%32]
	}
	return prefix + "-" + string(b[:4]) + "-" + string(b[4:])
}

// somewhere is a reference of ours inside of what a finance system made of it:
// with something before and behind, and with other marks between its parts or
// none.
var somewhere = regexp.MustCompile(`(?:^|[^0-9A-Z])PY[^0-9A-Z]?([0-9A-Z]{4})[^0-9A-Z]?([0-9A-Z]{4})(?:[^0-9A-Z]|$)`)

// mistyped reads letters that are easily taken for a digit as that digit.
var mistyped = strings.NewReplacer("O", "0", "I", "1", "L", "1")

// findReference is the reference of ours that text holds, or "" if it holds none.
func findReference(text string) string {
	m := somewhere.FindStringSubmatch(strings.ToUpper(text))
	if m == nil {
		return ""
	}
	return "PY-" + mistyped.Replace(m[1]) + "-" + mistyped.Replace(m[2])
}

// SearchText is what people type for a reference or a part of one, as references
// have it behind their first two letters and without hyphens: "py 7k3m-92"
// becomes "7K3M92". It serves for references of requests as well.
func SearchText(typed string) string {
	text := strings.NewReplacer("-", "", " ", "").Replace(strings.ToUpper(typed))
	for _, prefix := range []string{"PY", "FR"} {
		text = strings.TrimPrefix(text, prefix)
	}
	return mistyped.Replace(text)
}
