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

	"github.com/jackc/pgx/v5"

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
	ctx := context.Background()
	template := template(t, server, migrations, service)
	name := "test_" + strings.ToLower(rand.Text())
	exec := func(sql string) {
		conn, err := pgx.Connect(ctx, server.URL("postgres"))
		if err == nil {
			defer conn.Close(ctx)
			_, err = conn.Exec(ctx, sql)
		}
		if err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	exec(fmt.Sprintf("CREATE DATABASE %s TEMPLATE %s", name, template))
	t.Cleanup(func() { exec(fmt.Sprintf("DROP DATABASE %s WITH (FORCE)", name)) })
	if err := grantConnect(ctx, server, name, service); err != nil {
		t.Fatal(err)
	}
	return server.Access(name, service)
}

// grantConnect lets the logins into a clone, and nobody else: rights on the
// database itself are not copied from a template.
func grantConnect(ctx context.Context, server *embedpg.Server, name, service string) error {
	conn, err := pgx.Connect(ctx, server.URL("postgres"))
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, fmt.Sprintf(`
		REVOKE ALL ON DATABASE %[1]s FROM PUBLIC;
		GRANT CONNECT ON DATABASE %[1]s TO %[2]s;
		GRANT CONNECT, TEMPORARY ON DATABASE %[1]s TO %[2]s_owner`, name, service))
	return err
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

// server is started once in a process. The process's end lets go of it, however
// it ends, so nothing need stop it.
var server = sync.OnceValues(func() (*embedpg.Server, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return embedpg.Start(ctx, embedpg.Config{
		Dir:    filepath.Join(os.TempDir(), fmt.Sprintf("instead-test-%d", os.Getuid())),
		Linger: 10 * time.Second,
	})
})

func start(t testing.TB) *embedpg.Server {
	t.Helper()
	s, err := server()
	if err != nil {
		t.Fatalf("a test needs PostgreSQL: %v", err)
	}
	return s
}

var templates sync.Map // name → func() error, so that a process looks once

// template returns the name of a database with the migrations applied, which
// the first process to need it makes.
func template(t testing.TB, server *embedpg.Server, migrations fs.FS, service string) string {
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

func makeTemplate(ctx context.Context, server *embedpg.Server, name string, migrations fs.FS, service string) error {
	conn, err := pgx.Connect(ctx, server.URL("postgres"))
	if err != nil {
		return err
	}
	defer conn.Close(ctx) // which also unlocks
	lock := fnv.New64a()
	lock.Write([]byte(name))
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock($1)", int64(lock.Sum64())); err != nil {
		return err
	}
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
