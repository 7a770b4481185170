package component_test

import (
	"testing"
	"time"

	"github.com/instead-support/instead/services/portal/internal/component"
)

func TestWaitingIsCountedInTheDaysOfLondon(t *testing.T) {
	for _, c := range []struct{ since, now, want string }{
		{"2026-03-10T09:00:00Z", "2026-03-10T17:00:00Z", "less than a day"},
		{"2026-03-09T17:00:00Z", "2026-03-10T09:00:00Z", "1 day"},
		{"2026-03-27T12:00:00Z", "2026-03-30T12:00:00Z", "3 days"}, // the clocks change
		{"2026-07-01T22:30:00Z", "2026-07-01T23:30:00Z", "1 day"},  // midnight in London
	} {
		since, err := time.Parse(time.RFC3339, c.since)
		if err != nil {
			t.Fatal(err)
		}
		now, err := time.Parse(time.RFC3339, c.now)
		if err != nil {
			t.Fatal(err)
		}
		if got := component.Waited(since, now); got != c.want {
			t.Errorf("Waited(%s, %s) = %q, want %q", c.since, c.now, got, c.want)
		}
	}
}
