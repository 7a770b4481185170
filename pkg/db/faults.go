package db

import (
	"errors"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/instead-support/instead/pkg/fault"
)

// Faults says what a broken constraint means to the person whose change broke
// it, by the constraint's name: unique, foreign key, check, exclusion, or the
// name that a trigger raised with USING CONSTRAINT.
type Faults map[string]*fault.Fault

// Translate returns the fault that err stands for, with err behind it for the
// log, or else err itself.
func (m Faults) Translate(err error) error {
	e, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return err
	}
	f, ok := m[e.ConstraintName]
	if !ok {
		return err
	}
	wrapped := fault.Wrap(err, f.Kind, f.Message)
	wrapped.Fields, wrapped.Extra = f.Fields, f.Extra
	return wrapped
}
