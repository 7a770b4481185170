package db

import (
	"context"
	"database/sql"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/gorm"

	"github.com/instead-support/instead/pkg/fault"
)

// attempts is how often Tx tries, in all.
const attempts = 5

// Tx runs f in one transaction: all of it happens, or none. PostgreSQL may break
// a transaction off to save another one, by no fault of its own; f is then run
// again from the start, so it must change nothing but the database and what it
// sets afresh each time. If that doesn't help, or the database went away, Tx
// returns Unavailable.
//
// Inside another Tx it is a savepoint: its failure undoes f alone.
func Tx(ctx context.Context, g *gorm.DB, f func(tx *gorm.DB) error) error {
	g = g.WithContext(ctx)
	if inTx(g) {
		return g.Transaction(f)
	}
	return patiently(ctx, func() error { return g.Transaction(f) })
}

// patiently runs f until PostgreSQL does not break it off, a few times at most.
func patiently(ctx context.Context, f func() error) error {
	for attempt := 1; ; attempt++ {
		err := f()
		code := codeOf(err)
		again := code == serializationFailure || code == deadlockDetected
		switch {
		case !again && code != lockNotAvailable:
			return OrLost(err)
		case !again || attempt == attempts:
			return fault.Wrap(err, fault.Unavailable, "Too many people are changing this at once. Nothing was changed. Try again in a minute.")
		}
		// A random wait, growing, lets those who collided pass one by one.
		select {
		case <-ctx.Done():
			return err
		case <-time.After(rand.N(time.Duration(attempt) * 20 * time.Millisecond)):
		}
	}
}

// SQLTx is the transaction under tx, for libraries that write through
// database/sql, such as River's InsertTx. It panics outside of Tx, where such a
// write would not be part of anything.
func SQLTx(tx *gorm.DB) *sql.Tx { return tx.Statement.ConnPool.(*sql.Tx) }

func inTx(g *gorm.DB) bool {
	_, ok := g.Statement.ConnPool.(*sql.Tx)
	return ok
}

// What PostgreSQL says when a transaction had to give way, which may go better
// the next time, or waited for another one for longer than anybody should.
const (
	serializationFailure = "40001"
	deadlockDetected     = "40P01"
	lockNotAvailable     = "55P03"
)

// codeOf is PostgreSQL's code for err, or "" if err is not its own.
func codeOf(err error) string {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code
	}
	return ""
}
