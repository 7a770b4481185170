package award_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/instead-support/instead/services/funding/internal/award"
)

func TestAReferenceCanBeReadOutAndFoundAgainAsItWasHeard(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 100)
	shape := regexp.MustCompile(`^FR-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$`)
	seen := map[string]bool{}
	for range 200 {
		ref := d.draft().Reference
		if !shape.MatchString(ref) || seen[ref] {
			t.Fatalf("reference %q", ref)
		}
		seen[ref] = true
		if got, want := award.SearchText(" "+strings.ToLower(ref)), strings.ReplaceAll(ref[3:], "-", ""); got != want {
			t.Errorf("SearchText(%q) = %q, want %q", ref, got, want)
		}
	}
	for typed, want := range map[string]string{
		"fr 7k3m 92qx": "7K3M92QX", "7k3m-92": "7K3M92", "FR-oO1l-i": "00111", "": "", "FR": "", "afr": "AFR",
	} {
		if got := award.SearchText(typed); got != want {
			t.Errorf("SearchText(%q) = %q, want %q", typed, got, want)
		}
	}
}
