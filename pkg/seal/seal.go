// Package seal keeps what must not be read in a database, such as bank details,
// encrypted under keys that are not in it.
//
// The keys are a Tink keyset as JSON: the first among them seals, all of them
// open, so that a new key can be added before an old one is retired. Where they
// are kept is for whoever runs the system; they come in by the environment.
package seal

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// Seal seals and opens under one keyset.
type Seal struct {
	aead   tink.AEAD
	prints [][]byte // keys, not prints
}

// NewKeys makes a keyset with one fresh key.
func NewKeys() (string, error) {
	handle, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return "", err
	}
	var keys bytes.Buffer
	if err := insecurecleartextkeyset.Write(handle, keyset.NewJSONWriter(&keys)); err != nil {
		return "", err
	}
	return keys.String(), nil
}

// Open reads a keyset. The error says nothing of what is in it.
func Open(keys string) (*Seal, error) {
	handle, err := read(keys)
	if err != nil {
		return nil, err
	}
	a, err := aead.New(handle)
	if err != nil {
		return nil, errors.New("the keys can't seal")
	}
	prints, err := printKeys(handle)
	return &Seal{a, prints}, err
}

func read(keys string) (*keyset.Handle, error) {
	handle, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(strings.NewReader(keys)))
	if err != nil {
		return nil, errors.New("the keys are not a Tink keyset")
	}
	return handle, nil
}

// Encrypt seals plain as something that is of whatever that says, such as an id.
// It opens as that and as nothing else, so that no sealed value can be put in the
// place of another.
func (s *Seal) Encrypt(plain, of []byte) ([]byte, error) { return s.aead.Encrypt(plain, of) }

// Decrypt opens what was sealed as this.
func (s *Seal) Decrypt(sealed, of []byte) ([]byte, error) {
	plain, err := s.aead.Decrypt(sealed, of)
	if err != nil {
		return nil, fmt.Errorf("what is sealed can't be opened with these keys, or is of something else: %w", err)
	}
	return plain, nil
}
