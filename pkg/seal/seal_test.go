package seal_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/instead-support/instead/pkg/seal"
)

func open(t *testing.T) *seal.Seal {
	t.Helper()
	keys, err := seal.NewKeys()
	if err != nil {
		t.Fatal(err)
	}
	s, err := seal.Open(keys)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestWhatIsSealedOpensAsWhatItIsOfAlone(t *testing.T) {
	t.Parallel()
	s, plain := open(t), []byte("20-00-00 55779911")
	sealed, err := s.Encrypt(plain, []byte("one"))
	if err != nil || bytes.Contains(sealed, []byte("55779911")) {
		t.Fatalf("sealed = %q %v", sealed, err)
	}
	if got, err := s.Decrypt(sealed, []byte("one")); err != nil || !bytes.Equal(got, plain) {
		t.Errorf("opened = %q %v", got, err)
	}
	if _, err := s.Decrypt(sealed, []byte("two")); err == nil {
		t.Error("it opens as something else")
	}
	sealed[len(sealed)-1] ^= 1
	if _, err := s.Decrypt(sealed, []byte("one")); err == nil {
		t.Error("it opens although a bit of it was changed")
	}
	if _, err := open(t).Decrypt(sealed, []byte("one")); err == nil {
		t.Error("it opens under another key")
	}
}

func TestKeysThatAreNoneAreRefusedWithoutBeingShown(t *testing.T) {
	t.Parallel()
	for _, keys := range []string{"", "{}", "s3cret"} {
		if _, err := seal.Open(keys); err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("Open(%q) = %v", keys, err)
		}
	}
}
