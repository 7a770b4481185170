// Package naming says what courses, suppliers, funds and staff are called, by
// their ids, for whoever is shown figures that know them by id alone. It names no
// jobseeker: it has no way to.
package naming

import (
	"context"

	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/funding/internal/policy"
)

// Name is what one thing or person is called.
type Name struct {
	ID   uuid.UUID
	Name string
}

// Store finds names.
type Store interface {
	// Names are those of whatever has one of these ids: of staff only those who work
	// where who may see them by op. What has no name is left out.
	Names(ctx context.Context, who policy.Actor, op policy.Operation, ids []uuid.UUID) ([]Name, error)
}

// Names are the use cases.
type Names struct{ store Store }

// New returns the use cases on top of a store.
func New(s Store) *Names { return &Names{s} }

// Of are the names of whatever has one of these ids. It returns Forbidden to
// whoever is shown no figures.
func (n *Names) Of(ctx context.Context, ids []uuid.UUID) ([]Name, error) {
	p, err := identity.From(ctx)
	if err != nil {
		return nil, err
	}
	if err := policy.Gate(p, policy.ListNames); err != nil {
		return nil, err
	}
	return n.store.Names(ctx, policy.Actor{Person: p}, policy.ListNames, ids)
}
