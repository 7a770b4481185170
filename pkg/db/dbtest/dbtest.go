// Package dbtest gives each test a real PostgreSQL database of its own:
// migrated, opened as the login that serves, and dropped after.
//
// All tests of a machine share one server, which the first of them starts and
// which stops soon after the last. Where there is no PostgreSQL a test fails; it
// never skips.
package dbtest

import (
	"context"
	"crypto/rand"
	"fmt"
	"hash/fnv"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/embedpg"
)

// Open returns a private database with these migrations applied, as the login
// of service. It may be called from tests in parallel, and more than once.
func Open(t testing.TB, migrations fs.FS, service string) *db.DB {
	t.Helper()
	return open(t, URLs(t, migrations, service).Serve)
}

// Owner opens the database of a test once more, as the login that owns its
// tables, for a test to arrange or to see what the service may not.
func Owner(t testing.TB, d *db.DB) *db.DB {
	t.Helper()
	config := d.Pool.Config().ConnConfig
	return open(t, start(t).Access(config.Database, config.User).Owner)
}

// URLs makes a private database as Open does, and returns the way in for a test
// that starts a whole service.
func URLs(t testing.TB, migrations fs.FS, service string) embedpg.Access {
	t.Helper()
	server := start(t)
	name := "test_" + strings.ToLower(rand.Text())
	exec := func(sql string) {
		t.Helper()
		if _, err := server.admin.Exec(context.Background(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	exec(fmt.Sprintf("CREATE DATABASE %s TEMPLATE %s", name, template(t, server, migrations, service)))
	t.Cleanup(func() { exec(fmt.Sprintf("DROP DATABASE %s WITH (FORCE)", name)) })
	// Everything is copied from a template but the rights on the database itself.
	exec(fmt.Sprintf(`
		REVOKE ALL ON DATABASE %[1]s FROM PUBLIC;
		GRANT CONNECT ON DATABASE %[1]s TO %[2]s;
		GRANT CONNECT, TEMPORARY, CREATE ON DATABASE %[1]s TO %[2]s_owner`, name, service))
	return server.Access(name, service)
}

func open(t testing.TB, url string) *db.DB {
	t.Helper()
	d, err := db.Open(context.Background(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d
}

// shared is the server, with connections as its superuser.
type shared struct {
	*embedpg.Server
	admin *pgxpool.Pool
}

// find finds or starts the server, once in a process. The process's end lets go
// of it, however it ends, so nothing need stop it.
var find = sync.OnceValues(func() (*shared, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	server, err := embedpg.Start(ctx, embedpg.Config{
		Dir:    filepath.Join(os.TempDir(), fmt.Sprintf("instead-test-%d", os.Getuid())),
		Linger: 10 * time.Second,
	})
	if err != nil {
		return nil, err
	}
	admin, err := pgxpool.New(ctx, server.URL("postgres"))
	return &shared{server, admin}, err
})

func start(t testing.TB) *shared {
	t.Helper()
	s, err := find()
	if err != nil {
		t.Fatalf("a test needs PostgreSQL: %v", err)
	}
	return s
}

var templates sync.Map // name → func() error, so that a process looks once

// template returns the name of a database with the migrations applied, which
// the first process to need it makes.
func template(t testing.TB, server *shared, migrations fs.FS, service string) string {
	t.Helper()
	sum, err := db.Fingerprint(migrations)
	if err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("template_%s_%.16s", service, sum)
	once, _ := templates.LoadOrStore(name, sync.OnceValue(func() error {
		return makeTemplate(context.Background(), server, name, migrations, service)
	}))
	if err := once.(func() error)(); err != nil {
		t.Fatal(err)
	}
	return name
}

func makeTemplate(ctx context.Context, server *shared, name string, migrations fs.FS, service string) error {
	conn, err := server.admin.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	lock := fnv.New64a()
	lock.Write([]byte(name))
	key := int64(lock.Sum64())
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock($1)", key); err != nil {
		return err
	}
	defer func() { _, _ = conn.Exec(ctx, "SELECT pg_advisory_unlock($1)", key) }()
	var ready bool
	if err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1 AND datistemplate)", name).Scan(&ready); err != nil || ready {
		return err
	}
	// One that is there but not marked was left half-made by a kill.
	if _, err := conn.Exec(ctx, fmt.Sprintf("DROP DATABASE IF EXISTS %s WITH (FORCE)", name)); err != nil {
		return err
	}
	access, err := server.ServiceIn(ctx, name, service)
	if err != nil {
		return err
	}
	if err := db.Migrate(ctx, access.Owner, migrations); err != nil {
		return err
	}
	_, err = conn.Exec(ctx, fmt.Sprintf("ALTER DATABASE %s WITH IS_TEMPLATE true ALLOW_CONNECTIONS false", name))
	return err
}
