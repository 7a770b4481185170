// Package db is the one way a service reaches PostgreSQL: it opens the pool,
// runs transactions, migrates the schema, turns a broken constraint into a
// fault that a person can act on, and sees to it that the same message twice
// does its work once.
//
// Each service has a schema of its own with two logins: service_owner migrates
// and owns the tables, service serves and has only the rights that migrations
// grant it. The schema, and the serving login, are called like the service.
//
// It holds no queries and no rows: those are each service's own.
package db

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/exaring/otelpgx"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"
)

// DB is one login's pool of connections, as GORM and as bare pgx.
type DB struct {
	Gorm *gorm.DB
	Pool *pgxpool.Pool
	// Pooled is whether a pooler is in between. Then nothing lasts longer than a
	// transaction: no LISTEN, no session's lock, no prepared statement.
	Pooled bool
	sql    *sql.DB
}

// Open connects to the database at url and checks that it answers. Every
// statement leaves a span, without its arguments: they are people's data.
//
// A url with the parameter pooler=transaction leads through a pooler, such as
// PgBouncer, that lends a connection for a transaction at a time.
func Open(ctx context.Context, url string) (*DB, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, err // pgx leaves the password out
	}
	pooled, err := throughPooler(config.ConnConfig)
	if err != nil {
		return nil, err
	}
	config.ConnConfig.Tracer = otelpgx.NewTracer(otelpgx.WithDisableConnectionDetailsInAttributes())
	config.AfterConnect = func(_ context.Context, conn *pgx.Conn) error {
		conn.TypeMap().RegisterType(&pgtype.Type{
			Name: "timestamptz", OID: pgtype.TimestamptzOID,
			Codec: &pgtype.TimestamptzCodec{ScanLocation: time.UTC},
		})
		return nil
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	d := &DB{Pool: pool, Pooled: pooled, sql: stdlib.OpenDBFromPool(pool)}
	if err = d.Ready(ctx); err == nil {
		d.Gorm, err = gorm.Open(postgres.New(postgres.Config{Conn: d.sql}), &gorm.Config{
			SkipDefaultTransaction: true, // Tx says where one begins
			NowFunc:                now,
			// Errors are returned and logged once, by whoever answers. GORM's own
			// log would add nothing but the risk of a person's data in it.
			Logger: logger.Discard,
		})
	}
	if err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

// throughPooler reports whether config leads through a pooler, and makes it fit
// for one.
func throughPooler(config *pgx.ConnConfig) (bool, error) {
	how, pooled := config.RuntimeParams["pooler"]
	if !pooled {
		return false, nil
	}
	if how != "transaction" {
		return false, fmt.Errorf("pooler=%s in a database's address: the only word for it is transaction", how)
	}
	delete(config.RuntimeParams, "pooler")
	// A statement that was prepared stays behind on a connection that is somebody
	// else's by the next time. What it takes and gives can be remembered here.
	config.DefaultQueryExecMode = pgx.QueryExecModeCacheDescribe
	return true, nil
}

// now is the time as PostgreSQL keeps it, so that what was written equals what
// is read.
func now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

// Ready reports whether the database answers.
func (d *DB) Ready(ctx context.Context) error {
	if err := d.Pool.Ping(ctx); err != nil {
		return fmt.Errorf("the database doesn't answer: %w", err)
	}
	return nil
}

// Close waits for what is running and closes every connection.
func (d *DB) Close() {
	_ = d.sql.Close() // it only borrows from the pool
	d.Pool.Close()
}
