package db

import (
	"context"
	"database/sql"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"gorm.io/gorm"
)

// Exchange is a transaction that reads once and writes once, in two round trips
// to the database instead of one for each statement: it begins together with
// what it reads, and commits together with what it writes. While it waits for
// the network others wait for its locks, so this is what makes a row that
// everybody wants quick.
//
// Between the two is plain Go. It is for the few changes that many people make
// at once; for all others there is Tx.
type Exchange struct {
	// Lock takes the locks, and answers with nothing. It is a statement of its own
	// because one that has to wait for a lock sees only the locked row as it is then,
	// and everything else as it was before.
	Lock Statement

	// Read reads what is about to change, and answers with one row at most.
	Read Statement

	// Decide reads that row and says what to write because of it. An error of
	// its own undoes the transaction and is returned.
	Decide func(row pgx.Row) (Statement, error)

	// Wrote reads the one row that the write answers with, before it is certain
	// that the transaction is kept.
	Wrote func(row pgx.Row) error
}

// Statement is one SQL statement and its arguments, $1 and on.
type Statement struct {
	SQL  string
	Args []any
}

// Say is a statement as GORM understands it: with ? for each argument, and with
// expressions and lists among them.
func Say(g *gorm.DB, sql string, args ...any) Statement {
	said := g.Raw(sql, args...).Statement
	return Statement{said.SQL.String(), said.Vars}
}

// Run does the exchange on a connection of g's. It tries again, and fails, as Tx
// does.
func (x Exchange) Run(ctx context.Context, g *gorm.DB) error {
	return patiently(ctx, func() error {
		return g.WithContext(ctx).Connection(func(g *gorm.DB) error {
			return g.Statement.ConnPool.(*sql.Conn).Raw(func(driver any) error {
				return x.on(ctx, driver.(*stdlib.Conn).Conn())
			})
		})
	})
}

func (x Exchange) on(ctx context.Context, conn *pgx.Conn) (err error) {
	defer func() {
		if err != nil && !conn.IsClosed() {
			_, undone := conn.Exec(context.WithoutCancel(ctx), "rollback")
			err = errors.Join(err, undone)
		}
	}()
	write, err := x.read(ctx, conn)
	if err != nil {
		return err
	}
	var batch pgx.Batch
	batch.Queue(write.SQL, write.Args...)
	batch.Queue("commit")
	answers := conn.SendBatch(ctx, &batch)
	defer func() { _ = answers.Close() }() // says again what was said before
	if err := x.Wrote(answers.QueryRow()); err != nil {
		return err
	}
	_, err = answers.Exec()
	return err
}

// read begins the transaction and has Decide read what there is.
func (x Exchange) read(ctx context.Context, conn *pgx.Conn) (Statement, error) {
	before := []Statement{{SQL: "begin"}, x.Lock}
	var batch pgx.Batch
	for _, s := range before {
		batch.Queue(s.SQL, s.Args...)
	}
	batch.Queue(x.Read.SQL, x.Read.Args...)
	answers := conn.SendBatch(ctx, &batch)
	defer func() { _ = answers.Close() }()
	for range before {
		if _, err := answers.Exec(); err != nil {
			return Statement{}, err
		}
	}
	return x.Decide(answers.QueryRow())
}
