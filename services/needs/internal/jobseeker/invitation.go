package jobseeker

import (
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/fault"
)

// InvitedFor is how long an invitation works.
const InvitedFor = 14 * 24 * time.Hour

// A person may try MaxTries wrong codes in TriesWithin, and no more.
const (
	MaxTries    = 5
	TriesWithin = time.Hour
)

// Invitation lets whoever has its code link their sign-in to a jobseeker's
// record, once. The code itself is not in it.
type Invitation struct {
	ID          uuid.UUID
	JobseekerID uuid.UUID
	Hash        []byte
	MadeBy      uuid.UUID
	MadeAt      time.Time
	ExpiresAt   time.Time
	VoidedAt    time.Time // when a newer one took its place
	UsedBy      uuid.UUID
	UsedAt      time.Time
}

// Accept uses the invitation for person. It returns Conflict, saying which, if
// it was used, replaced or has run out. Accepting it twice is once.
func (i *Invitation) Accept(person uuid.UUID, now time.Time) error {
	switch {
	case i.UsedBy == person:
		return nil
	case i.UsedBy != uuid.Nil:
		return fault.New(fault.Conflict, "This code has been used. Ask your work coach for a new one.")
	case !i.VoidedAt.IsZero():
		return fault.New(fault.Conflict, "Your work coach has made a newer code. Use that one, or ask them for it.")
	case !now.Before(i.ExpiresAt):
		return fault.New(fault.Conflict, "This code has run out. Ask your work coach for a new one.")
	}
	i.UsedBy, i.UsedAt = person, now
	return nil
}

// wrongCode and tooManyTries are what somebody gets who guesses.
func wrongCode() error {
	var c fault.Check
	c.Want(false, "/code", "That code is not one of ours. Check each letter and number, or ask your work coach for a new code.")
	return c.Err()
}

func tooManyTries() error {
	return fault.New(fault.Forbidden, "You have tried too many codes that are not ours. Wait an hour and try again, or ask your work coach for a new code.")
}

// Code is the ten characters of an invitation: fifty random bits. It is shown
// once, to the coach who made it.
type Code string

// crockford is Douglas Crockford's alphabet: no I, L, O or U to misread.
const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// codeLength is how many characters a code has.
const codeLength = 10

// NewCode returns a code that nobody can guess.
func NewCode() Code {
	b := make([]byte, codeLength)
	_, _ = rand.Read(b) // it ends the program rather than fail
	for i := range b {
		b[i] = crockford[b[i]&31]
	}
	return Code(b)
}

// ParseCode reads a code as a person typed it: any case, with spaces and
// hyphens, with O for nought and I or L for one. It reports false if it can't
// be a code.
func ParseCode(typed string) (Code, bool) {
	s := strings.NewReplacer(" ", "", "-", "", "O", "0", "I", "1", "L", "1").Replace(strings.ToUpper(typed))
	if len(s) != codeLength || strings.Trim(s, crockford) != "" {
		return "", false
	}
	return Code(s), true
}

// String is the code as it is read out: two groups of five.
func (c Code) String() string { return string(c[:5]) + "-" + string(c[5:]) }

// rounds make trying every code against a stolen backup take centuries, where
// a plain hash of so few characters would fall in days. It costs the one person
// who accepts an invitation some twenty milliseconds.
const rounds = 100_000

// Hash is the code as it is kept. It is the same each time, so that an
// invitation can be found by it: codes are random, so a salt would hide nothing.
func (c Code) Hash() []byte {
	h, err := pbkdf2.Key(sha256.New, string(c), []byte("instead needs invitation"), rounds, sha256.Size)
	if err != nil {
		panic(err) // only for a key length that SHA-256 can't give
	}
	return h
}
