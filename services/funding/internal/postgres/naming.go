package postgres

import (
	"context"

	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/services/funding/internal/naming"
	"github.com/instead-support/instead/services/funding/internal/policy"
)

// Naming finds what things are called. It is the naming.Store.
type Naming struct{ db *db.DB }

// NewNaming returns the store of names in d.
func NewNaming(d *db.DB) Naming { return Naming{d} }

// Names is naming.Store's. No two of these tables share an id.
func (n Naming) Names(ctx context.Context, who policy.Actor, op policy.Operation, ids []uuid.UUID) ([]naming.Name, error) {
	all := []naming.Name{}
	if len(ids) == 0 {
		return all, nil
	}
	err := n.db.Gorm.WithContext(ctx).Raw(`
		SELECT id, name FROM course WHERE id IN ?
		UNION ALL SELECT id, name FROM supplier WHERE id IN ?
		UNION ALL SELECT id, name FROM fund WHERE id IN ?
		UNION ALL SELECT person, min(name) FROM staff s WHERE person IN ? AND ? GROUP BY person`,
		ids, ids, ids, ids, within(who, op, columns{"NULL", "NULL", "s.area", "''"})).Scan(&all).Error
	return all, err
}
