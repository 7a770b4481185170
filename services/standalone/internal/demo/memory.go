package demo

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// memory is what a provider keeps on disk, so that whoever is signed in stays
// signed in when everything is restarted: the people who came as "Someone
// new", and the sessions that may still be refreshed.
type memory struct {
	path string

	mu       sync.Mutex
	People   []Person           `json:"people"`
	Sessions map[string]session `json:"sessions"` // by the hash of their refresh token
}

// session is one person signed in to one client.
type session struct {
	ID       string    `json:"id"`
	Subject  string    `json:"subject"`
	Client   string    `json:"client"`
	Scopes   []string  `json:"scopes"`
	SignedIn time.Time `json:"signedIn"`
	Ends     time.Time `json:"ends"`
}

// remember reads what was kept at path, if anything was.
func remember(path string) (*memory, error) {
	m := &memory{path: path, Sessions: map[string]session{}}
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return m, nil
	}
	if err == nil {
		err = json.Unmarshal(b, m)
	}
	if err != nil {
		return nil, fmt.Errorf("demo sign-in cannot read %s: %w", path, err)
	}
	return m, nil
}

// change does fn alone, forgets sessions that have run out, and keeps the rest.
// A session is found by the hash of its refresh token, so that whoever reads
// the file cannot use what they read.
func (m *memory) change(now time.Time, fn func()) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	fn()
	for token, s := range m.Sessions {
		if now.After(s.Ends) {
			delete(m.Sessions, token)
		}
	}
	b, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	return replace(m.path, b)
}

// session returns the session that refreshToken belongs to.
func (m *memory) session(refreshToken string, now time.Time) (session, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, ok := m.Sessions[hash(refreshToken)]
	return s, ok && now.Before(s.Ends)
}

func (m *memory) count() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.Sessions)
}

// newcomers returns the people who came as "Someone new", the latest first.
func (m *memory) newcomers() []Person {
	m.mu.Lock()
	defer m.mu.Unlock()
	people := make([]Person, 0, len(m.People))
	for i := len(m.People) - 1; i >= 0; i-- {
		people = append(people, m.People[i])
	}
	return people
}

// signingKey returns the key kept at path, or makes one and keeps it.
func signingKey(path string) (*rsa.PrivateKey, error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return newSigningKey(path)
	}
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(b)
	if block == nil {
		return nil, fmt.Errorf("demo sign-in: %s is no PEM file; delete it to have a new key made", path)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("demo sign-in: %s holds no key; delete it to have a new one made: %w", path, err)
	}
	private, ok := key.(*rsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("demo sign-in: %s holds no RSA key; delete it to have one made", path)
	}
	return private, nil
}

func newSigningKey(path string) (*rsa.PrivateKey, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	b, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return key, replace(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: b}))
}

// replace writes b to path, for its owner alone, so that a crash half-way
// leaves the old file whole.
func replace(path string, b []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // made with mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(b)
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// hash is how a secret is kept.
func hash(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
