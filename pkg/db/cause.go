package db

import (
	"errors"

	"github.com/jackc/pgx/v5/pgconn"
)

// Cause says for a log what is behind err. PostgreSQL's messages quote the row
// that failed, which may be somebody's data, so of those only the code and the
// constraint are kept.
func Cause(err error) string {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return "PostgreSQL " + pg.Code + " " + pg.ConstraintName
	}
	return err.Error()
}
