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

func TestKeysAreRotatedAndWhatWasSealedStillOpensAndIsStillRecognised(t *testing.T) {
	t.Parallel()
	before, err := seal.NewKeys()
	if err != nil {
		t.Fatal(err)
	}
	after, err := seal.Rotate(before)
	if err != nil {
		t.Fatal(err)
	}
	open := func(keys string) *seal.Seal {
		s, err := seal.Open(keys)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	old, now := open(before), open(after)
	plain, of := []byte("089999 66374958"), []byte("a payee")
	sealed, err := old.Encrypt(plain, of)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := now.Decrypt(sealed, of); err != nil || string(got) != string(plain) {
		t.Errorf("sealed before, opened after: %q %v", got, err)
	}
	if sealed, err = now.Encrypt(plain, of); err != nil {
		t.Fatal(err)
	}
	if got, err := old.Decrypt(sealed, of); err == nil {
		t.Errorf("the key before opens what the new one sealed: %q", got)
	}
	was, is := old.Prints(plain), now.Prints(plain)
	if len(was) != 1 || len(is) != 2 || string(is[1]) != string(was[0]) || string(is[0]) == string(was[0]) {
		t.Errorf("prints before %x and after %x", was, is)
	}
	if other := now.Prints([]byte("089999 66374959")); string(other[0]) == string(is[0]) {
		t.Error("another account has the same print")
	}
	if _, err := seal.Rotate("hunter2"); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("Rotate() = %v", err)
	}
}
