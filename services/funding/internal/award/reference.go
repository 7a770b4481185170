package award

import (
	"crypto/rand"
	"strings"
)

// alphabet is Crockford's base 32: no I, L, O or U, so that a reference can be
// read out over the telephone and never spells a word.
const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// newReference is a short name for a request, such as FR-7K3M-92QX. It is
// random, so that one tells nothing about how many others there are.
func newReference() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails: it stops the program instead
	for i := range b {
		b[i] = alphabet[b[i]%32]
	}
	return "FR-" + string(b[:4]) + "-" + string(b[4:])
}

var mistyped = strings.NewReplacer("O", "0", "I", "1", "L", "1", "-", "", " ", "")

// SearchText is what people type for a reference or a part of one, as the
// reference has it after "FR-" and without hyphens: "fr 7k3m-92" becomes
// "7K3M92". Letters that are easily taken for a digit are read as that digit.
func SearchText(typed string) string {
	return strings.TrimPrefix(mistyped.Replace(strings.ToUpper(typed)), "FR")
}
