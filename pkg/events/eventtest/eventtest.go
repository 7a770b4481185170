// Package eventtest finds what a service told, and what it would tell again, for
// its tests.
package eventtest

import (
	"testing"

	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/events"
)

// Told is everything that was told in transactions of d that have committed, each
// envelope as JSON, in the order in which they were written.
func Told(t testing.TB, d *db.DB) (envelopes []string) {
	t.Helper()
	if err := d.Gorm.Raw("SELECT args FROM river_job WHERE kind = 'publish-event' ORDER BY id").Scan(&envelopes).Error; err != nil {
		t.Fatal(err)
	}
	return envelopes
}

// Again is everything that these sources would tell again, read by pages that are
// small enough for there to be several.
func Again(t testing.TB, sources ...events.Source) (all []events.Event) {
	t.Helper()
	for _, s := range sources {
		for after := uuid.Nil; ; {
			page, last, err := s.Page(t.Context(), after, 2)
			if err != nil {
				t.Fatal(err)
			}
			if last == uuid.Nil {
				break
			}
			all, after = append(all, page...), last
		}
	}
	return all
}
