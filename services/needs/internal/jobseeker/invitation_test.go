package jobseeker

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/instead-support/instead/pkg/fault"
)

func TestACodeIsReadHoweverItIsTyped(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		code := NewCode()
		var b strings.Builder
		for _, r := range code.String() {
			switch {
			case r == '0' && rapid.Bool().Draw(t, "O for nought"):
				r = 'O'
			case r == '1':
				r = rapid.SampledFrom([]rune("1Il")).Draw(t, "one")
			}
			s := string(r)
			if rapid.Bool().Draw(t, "lower case") {
				s = strings.ToLower(s)
			}
			b.WriteString(s)
			b.WriteString(rapid.SampledFrom([]string{"", " ", "-"}).Draw(t, "between"))
		}
		if got, ok := ParseCode(b.String()); !ok || got != code {
			t.Fatalf("ParseCode(%q) = %q %t, want %q", b.String(), string(got), ok, string(code))
		}
	})
}

func TestWhatCannotBeACodeIsNotOne(t *testing.T) {
	for _, typed := range []string{"", "7K3M9", "7K3M92QXABC", "7K3M9-2QXA!", "UUUUUUUUUU", "７K3M92QXAB"} {
		if code, ok := ParseCode(typed); ok {
			t.Errorf("ParseCode(%q) = %q", typed, string(code))
		}
	}
}

func TestACodeIsNeverDrawnTwiceAndHashesTheSame(t *testing.T) {
	seen := map[Code]bool{}
	for range 10_000 {
		c := NewCode()
		if seen[c] || len(c) != codeLength || strings.Trim(string(c), crockford) != "" {
			t.Fatalf("NewCode() = %q", string(c))
		}
		seen[c] = true
	}
	a, b := NewCode(), NewCode()
	if !bytes.Equal(a.Hash(), a.Hash()) || bytes.Equal(a.Hash(), b.Hash()) || bytes.Contains(a.Hash(), []byte(a)) {
		t.Error("Hash() does not stand for its code")
	}
}

func TestAnInvitationWorksOnceInItsTime(t *testing.T) {
	now := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	dan, eve := uuid.New(), uuid.New()
	fresh := Invitation{ExpiresAt: now.Add(InvitedFor)}

	for _, test := range []struct {
		name   string
		change func(*Invitation)
		at     time.Time
		ok     bool
	}{
		{"fresh", func(*Invitation) {}, now, true},
		{"on its last second", func(*Invitation) {}, now.Add(InvitedFor - time.Second), true},
		{"run out", func(*Invitation) {}, now.Add(InvitedFor), false},
		{"replaced", func(i *Invitation) { i.VoidedAt = now }, now, false},
		{"used by somebody else", func(i *Invitation) { i.UsedBy = eve }, now, false},
		{"used by the same person, long ago", func(i *Invitation) { i.UsedBy = dan }, now.Add(10 * InvitedFor), true},
	} {
		i := fresh
		test.change(&i)
		err := i.Accept(dan, test.at)
		if test.ok && (err != nil || i.UsedBy != dan) {
			t.Errorf("%s: Accept() = %v, used by %v", test.name, err, i.UsedBy)
		}
		if !test.ok && (!fault.Is(err, fault.Conflict) || i.UsedBy == dan) {
			t.Errorf("%s: Accept() = %v, used by %v", test.name, err, i.UsedBy)
		}
	}
}
