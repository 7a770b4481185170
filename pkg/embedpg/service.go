package embedpg

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"regexp"

	"github.com/jackc/pgx/v5"
)

// Access is how one service reaches its schema.
type Access struct {
	Owner string // URL of the login that migrates: it owns the schema
	Serve string // URL of the login that serves: it may do what migrations grant it
}

// Service makes ready, in the database "instead", what the service of this name
// needs, and returns the way in. Doing it again changes nothing.
func (s *Server) Service(ctx context.Context, name string) (Access, error) {
	return s.ServiceIn(ctx, "instead", name)
}

var plainName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,40}$`)

// ServiceIn is Service in a database of this name, which it makes if need be.
//
// The service gets a schema of its own and two logins: name_owner, who owns the
// schema, and name, who serves and starts with no right but to see it. Both find
// the schema, and after it "extensions" with btree_gist, pg_trgm and unaccent,
// without naming them. The owner may make further schemas, to build tables beside
// those that serve.
func (s *Server) ServiceIn(ctx context.Context, database, name string) (Access, error) {
	if !plainName.MatchString(name) || !plainName.MatchString(database) {
		return Access{}, fmt.Errorf("%q in database %q: a name is a-z, 0-9 and _", name, database)
	}
	owner := name + "_owner"
	// Logins and databases belong to the whole server, so one place guards them.
	err := s.alone(ctx, "postgres", func(conn *pgx.Conn) error {
		for _, login := range []string{owner, name} {
			if err := s.makeLogin(ctx, conn, login, name); err != nil {
				return err
			}
		}
		return makeDatabase(ctx, conn, database)
	})
	if err != nil {
		return Access{}, fmt.Errorf("logins of %s: %w", name, err)
	}
	err = s.alone(ctx, database, func(conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, fmt.Sprintf(`
			REVOKE ALL ON DATABASE %[1]s FROM PUBLIC;
			REVOKE ALL ON SCHEMA public FROM PUBLIC;
			CREATE SCHEMA IF NOT EXISTS extensions;
			GRANT USAGE ON SCHEMA extensions TO PUBLIC;
			CREATE EXTENSION IF NOT EXISTS btree_gist SCHEMA extensions;
			CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA extensions;
			CREATE EXTENSION IF NOT EXISTS unaccent SCHEMA extensions;
			CREATE SCHEMA IF NOT EXISTS %[2]s AUTHORIZATION %[3]s;
			GRANT USAGE ON SCHEMA %[2]s TO %[2]s;
			GRANT CONNECT ON DATABASE %[1]s TO %[2]s;
			GRANT CONNECT, TEMPORARY, CREATE ON DATABASE %[1]s TO %[3]s`, database, name, owner))
		return err
	})
	if err != nil {
		return Access{}, fmt.Errorf("schema %s: %w", name, err)
	}
	return s.Access(database, name), nil
}

// Access is the way in that ServiceIn returned for the same names.
func (s *Server) Access(database, name string) Access {
	owner := name + "_owner"
	return Access{
		Owner: s.url(owner, s.passwordOf(owner), database),
		Serve: s.url(name, s.passwordOf(name), database),
	}
}

// makeLogin makes a login of service. One that serves gives up waiting before
// the person at the other end does.
func (s *Server) makeLogin(ctx context.Context, conn *pgx.Conn, login, service string) error {
	var there bool
	if err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)", login).Scan(&there); err != nil || there {
		return err
	}
	ddl := fmt.Sprintf(`
		CREATE ROLE %[1]s LOGIN PASSWORD '%[2]s';
		ALTER ROLE %[1]s SET search_path = %[3]s, extensions;
		ALTER ROLE %[1]s SET timezone = 'UTC';`, login, s.passwordOf(login), service)
	if login == service {
		ddl += fmt.Sprintf(`
		ALTER ROLE %[1]s SET statement_timeout = '30s';
		ALTER ROLE %[1]s SET lock_timeout = '10s';
		ALTER ROLE %[1]s SET idle_in_transaction_session_timeout = '60s';`, login)
	}
	_, err := conn.Exec(ctx, ddl) // several statements at once are one transaction
	return err
}

func makeDatabase(ctx context.Context, conn *pgx.Conn, name string) error {
	var there bool
	if err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", name).Scan(&there); err != nil || there {
		return err
	}
	_, err := conn.Exec(ctx, "CREATE DATABASE "+name)
	return err
}

// passwordOf derives a login's password from the superuser's, so that no other
// secret need be kept.
func (s *Server) passwordOf(login string) string {
	mac := hmac.New(sha256.New, []byte(s.password))
	mac.Write([]byte(login))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// alone connects to database and runs f while nobody else is in here.
func (s *Server) alone(ctx context.Context, database string, f func(*pgx.Conn) error) error {
	conn, err := s.connect(ctx, database)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx)) // which also unlocks
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock(hashtext('embedpg'))"); err != nil {
		return err
	}
	return f(conn)
}
