// Package reconcile says whether the books agree: every total with the entries
// that it is the sum of, every state with the history that leads to it, every
// payment with what was entered for it.
//
// It looks and changes nothing. What disagrees is for people to put right, and
// must never be there: the database refuses what would make it so.
package reconcile

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/funding/internal/policy"
)

// Report is what was found, as of one moment.
type Report struct {
	At       time.Time
	Areas    []string // nil for all
	Checked  []Count
	Wrong    int64          // how many disagree
	Examples []Disagreement // the first of them
}

// Most is how many disagreements a report spells out.
const Most = 100

// Count is how many of a thing were looked at.
type Count struct {
	What string // in the plural, such as "allowances"
	N    int64
}

// Disagreement is one thing that is not what it should follow from.
type Disagreement struct {
	What string // in words
	ID   uuid.UUID
	Area string // empty where it cannot be told
}

// Books are what is reconciled.
type Books interface {
	// Reconcile looks at everything in these areas, or everywhere for nil, as it
	// was at one moment.
	Reconcile(ctx context.Context, areas []string) (Report, error)
}

// Reconciliation is the use case.
type Reconciliation struct{ Books Books }

// For reconciles the books of the areas that the person acting works in, or of
// the one named. It returns Unauthenticated if nobody acts, Forbidden without the
// role, and NotFound for an area that is not theirs.
func (r Reconciliation) For(ctx context.Context, area string) (Report, error) {
	p, err := identity.From(ctx)
	if err != nil {
		return Report{}, err
	}
	if err := policy.Gate(p, policy.ReadReconciliation); err != nil {
		return Report{}, err
	}
	areas := slices.Clone(p.Areas)
	if area != "" {
		if !p.Covers(area) {
			return Report{}, fault.New(fault.NotFound, "There is no such area, or not one that you work in.")
		}
		areas = []string{area}
	}
	if len(areas) == 0 {
		areas = []string{} // nowhere, which is not everywhere
	}
	return r.Books.Reconcile(ctx, areas)
}
