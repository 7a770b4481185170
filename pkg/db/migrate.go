package db

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/rivermigrate"
)

//go:embed platform/*.sql
var platform embed.FS

// Migrate brings a service's schema up to date, as the login that owns it. url
// must lead straight to PostgreSQL, not through a pooler: a lock on the session
// lets one process migrate at a time, and the others wait.
//
// Three sets are applied, each with its own record of what was done: ours in
// platform/ (audit_entry, idempotency, append_only), River's jobs, and then the
// service's, which may build on both. migrations holds the service's files, or a
// folder "migrations" with them, as go:embed gives it.
//
// A migration names no schema, since the login finds its own, and grants the
// serving login what it needs, such as
//
//	GRANT SELECT, INSERT, UPDATE ON request TO funding;
//
// There is no way back down: a change that must be undone is undone by another
// migration.
func Migrate(ctx context.Context, url string, migrations fs.FS) error {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return err
	}
	if _, pooled := config.RuntimeParams["pooler"]; pooled {
		return errors.New("migrations need an address that leads straight to PostgreSQL, not through a pooler")
	}
	ours, err := sub(platform, "platform")
	if err != nil {
		return err
	}
	if migrations, err = sub(migrations, "migrations"); err != nil {
		return err
	}
	pool := stdlib.OpenDB(*config)
	defer pool.Close()
	return locked(ctx, pool, func() error {
		if err := apply(ctx, pool, ours, "platform_version"); err != nil {
			return fmt.Errorf("platform migrations: %w", err)
		}
		if err := applyRiver(ctx, pool); err != nil {
			return fmt.Errorf("river migrations: %w", err)
		}
		if err := apply(ctx, pool, migrations, "schema_version"); err != nil {
			return fmt.Errorf("migrations: %w", err)
		}
		return nil
	})
}

// sub returns the folder of this name in files, or files if there is none.
func sub(files fs.FS, folder string) (fs.FS, error) {
	if _, err := fs.Stat(files, folder); err != nil {
		return files, nil
	}
	return fs.Sub(files, folder)
}

// locked runs f while no other process migrates this database. It asks again
// and again rather than wait in PostgreSQL, where waiting would be a transaction
// that blocks CREATE INDEX CONCURRENTLY.
func locked(ctx context.Context, pool *sql.DB, f func() error) error {
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 600))
	if err != nil {
		return err
	}
	conn, err := pool.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := locker.SessionLock(ctx, conn); err != nil {
		return err
	}
	defer func() { _ = locker.SessionUnlock(context.WithoutCancel(ctx), conn) }() // the pool's closing unlocks too
	return f()
}

func apply(ctx context.Context, pool *sql.DB, files fs.FS, versions string) error {
	// goose closes nothing that we gave it, so there is nothing to close here.
	provider, err := goose.NewProvider(goose.DialectPostgres, pool, files,
		goose.WithTableName(versions), goose.WithSlog(slog.New(slog.DiscardHandler)))
	if err != nil {
		return err
	}
	_, err = provider.Up(ctx)
	return err
}

func newRiver(pool *sql.DB) (*rivermigrate.Migrator[*sql.Tx], error) {
	return rivermigrate.New(riverdatabasesql.New(pool), &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)})
}

// applyRiver makes River's tables and lets the serving login work its jobs.
func applyRiver(ctx context.Context, pool *sql.DB) error {
	migrator, err := newRiver(pool)
	if err != nil {
		return err
	}
	if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return err
	}
	_, err = pool.ExecContext(ctx, `
		DO $$
		DECLARE name text;
		BEGIN
			FOR name IN SELECT tablename FROM pg_tables
				WHERE schemaname = current_schema AND tablename LIKE 'river\_%' AND tablename <> 'river_migration'
			LOOP
				EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO %I', name, current_schema);
			END LOOP;
			FOR name IN SELECT sequencename FROM pg_sequences
				WHERE schemaname = current_schema AND sequencename LIKE 'river\_%'
			LOOP
				EXECUTE format('GRANT USAGE ON SEQUENCE %I TO %I', name, current_schema);
			END LOOP;
			EXECUTE format('GRANT SELECT ON river_migration TO %I', current_schema);
		END $$`)
	return err
}

// Fingerprint names the schema that Migrate would make of these migrations. It
// changes when any of them does, ours and River's included.
func Fingerprint(migrations fs.FS) (string, error) {
	h := sha256.New()
	for _, files := range []fs.FS{platform, migrations} {
		err := fs.WalkDir(files, ".", func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			b, err := fs.ReadFile(files, path)
			fmt.Fprintf(h, "%s %d\n%s", path, len(b), b)
			return err
		})
		if err != nil {
			return "", err
		}
	}
	migrator, err := newRiver(nil)
	if err != nil {
		return "", err
	}
	for _, v := range migrator.AllVersions() {
		fmt.Fprintln(h, v.Version, v.SQLUp)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
