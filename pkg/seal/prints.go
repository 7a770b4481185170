package seal

import (
	"bytes"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/proto/tink_go_proto"
)

// printKeys are a key to make prints with for each key of the keyset that is in
// use, the one that seals first. They are derived, so that there is one secret to
// keep, and no use of either tells of the other.
func printKeys(handle *keyset.Handle) ([][]byte, error) {
	set := insecurecleartextkeyset.KeysetMaterial(handle)
	var all [][]byte
	for _, k := range set.GetKey() {
		if k.GetStatus() != tink_go_proto.KeyStatusType_ENABLED {
			continue
		}
		key, err := hkdf.Key(sha256.New, k.GetKeyData().GetValue(), nil, "instead prints", sha256.Size)
		if err != nil {
			return nil, err
		}
		if k.GetKeyId() == set.GetPrimaryKeyId() {
			all = append([][]byte{key}, all...)
		} else {
			all = append(all, key)
		}
	}
	return all, nil
}

// Prints are what plain is recognised by: the same for the same plain, and
// telling nothing of it to who has not the keys. The first, by the key that seals,
// is the one to keep; the others are what it was by keys before.
func (s *Seal) Prints(plain []byte) [][]byte {
	all := make([][]byte, len(s.prints))
	for i, key := range s.prints {
		mac := hmac.New(sha256.New, key)
		mac.Write(plain)
		all[i] = mac.Sum(nil)
	}
	return all
}

// Rotate returns the keyset with a fresh key that seals from now on. Those in it
// stay, to open what they sealed.
func Rotate(keys string) (string, error) {
	handle, err := read(keys)
	if err != nil {
		return "", err
	}
	m := keyset.NewManagerFromHandle(handle)
	id, err := m.Add(aead.AES256GCMKeyTemplate())
	if err != nil {
		return "", err
	}
	if err := m.SetPrimary(id); err != nil {
		return "", err
	}
	if handle, err = m.Handle(); err != nil {
		return "", err
	}
	var out bytes.Buffer
	if err := insecurecleartextkeyset.Write(handle, keyset.NewJSONWriter(&out)); err != nil {
		return "", fmt.Errorf("the keys can't be written: %w", err)
	}
	return out.String(), nil
}
