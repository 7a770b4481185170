// Package embedpg runs a private PostgreSQL for one machine, from the binaries
// that are installed there. It listens on 127.0.0.1 alone, behind a random
// password that lies beside the data.
//
// Several processes may share one server: the first to call Start starts it,
// the others attach, and it stops after the last of them has gone, however that
// one went. The count is kept by the kernel, in shared locks on one file, so
// that a process killed outright is counted out too.
//
// It downloads nothing, keeps no backups, and is no substitute for a PostgreSQL
// that somebody looks after.
package embedpg

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// Config says where the server lives and how much its data is worth.
type Config struct {
	// Dir holds the data, the password and the log. Whoever empties it starts
	// afresh. When we are root and the server's account can't reach it, the data
	// goes to /var/lib/instead and Dir keeps a link; a temporary Dir is opened
	// for that account to pass through.
	Dir string

	// Durable keeps data through restarts and power cuts. Without it the server
	// doesn't wait for the disk, and starts empty unless it is found running.
	Durable bool

	// Settings are PostgreSQL's own, such as shared_buffers, beside those that we
	// set. A server that was found running keeps the ones it has.
	Settings map[string]string

	// Linger is how long the server runs on after its last user has gone.
	Linger time.Duration

	Log *slog.Logger // nil logs nothing
}

// usersFile is what a server's users hold a lock on. It is the first file made.
const usersFile = "users"

// Server is a running PostgreSQL that we started or found.
type Server struct {
	dir      string
	bin      binaries
	acct     account
	port     int
	password string
	linger   time.Duration
	attached bool
	users    *os.File // locked, shared, for as long as we use the server
	log      *slog.Logger
}

// Start finds the server of c.Dir running, or starts it. It fails with one line
// that names the way out when PostgreSQL 15 or newer is not on this machine.
func Start(ctx context.Context, c Config) (*Server, error) {
	s := &Server{linger: c.Linger, log: c.Log}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	var err error
	if s.acct, err = serverAccount(); err != nil {
		return nil, err
	}
	if s.dir, err = s.acct.settle(c.Dir, s.log); err != nil {
		return nil, err
	}
	// Taking our place among the users first means that nobody stops the server
	// between our finding it and our using it.
	if s.users, err = s.lock(ctx, usersFile, syscall.LOCK_SH); err != nil {
		return nil, err
	}
	if err = s.attachOrLaunch(ctx, c); err != nil {
		s.users.Close()
		return nil, err
	}
	return s, nil
}

func (s *Server) attachOrLaunch(ctx context.Context, c Config) error {
	starting, err := s.lock(ctx, "starting", syscall.LOCK_EX)
	if err != nil {
		return err
	}
	defer starting.Close()
	if s.port, err = s.running(ctx); err != nil || s.port != 0 {
		s.attached = true
		return err
	}
	if !c.Durable {
		if err := os.RemoveAll(s.data()); err != nil {
			return err
		}
	}
	if s.bin, err = find(s.madeBy()); err != nil {
		return err
	}
	if err := s.initialise(ctx); err != nil {
		return err
	}
	// The watcher comes first, so that there is no moment when our end would
	// leave a server behind.
	if err := s.watch(); err != nil {
		return err
	}
	if err := s.launch(ctx, c); err != nil {
		return err
	}
	s.log.InfoContext(ctx, "PostgreSQL started", "version", s.bin.major, "port", s.port, "data", s.data())
	return nil
}

// Attached reports whether the server was already running when we came.
func (s *Server) Attached() bool { return s.attached }

// URL is how the superuser reaches this database of the server.
func (s *Server) URL(database string) string { return s.url("postgres", s.password, database) }

func (s *Server) url(user, password, database string) string {
	u := url.URL{
		Scheme:   "postgres",
		User:     url.UserPassword(user, password),
		Host:     fmt.Sprintf("127.0.0.1:%d", s.port),
		Path:     "/" + database,
		RawQuery: "sslmode=disable",
	}
	return u.String()
}

// Stop leaves the server. If we were its last user it shuts down: at once,
// breaking off what is still connected and losing nothing committed, or after
// Config.Linger.
func (s *Server) Stop() error {
	defer s.users.Close()
	if s.linger > 0 && canWatch() {
		return nil
	}
	// Turning our shared lock into an exclusive one fails while others use it.
	err := syscall.Flock(int(s.users.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.shutDown()
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

// madeBy is the major version of the PostgreSQL that made the data, or "".
func (s *Server) madeBy() string {
	b, _ := os.ReadFile(filepath.Join(s.data(), "PG_VERSION"))
	return strings.TrimSpace(string(b))
}

// connect opens a connection as the superuser.
func (s *Server) connect(ctx context.Context, database string) (*pgx.Conn, error) {
	return pgx.Connect(ctx, s.URL(database))
}

// lock opens a file in our folder and locks it, waiting until ctx is done. The
// lock goes with the file's closing, so it can't outlive the process.
func (s *Server) lock(ctx context.Context, name string, how int) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(s.dir, name), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err = s.acct.give(f.Name()); err != nil {
		f.Close()
		return nil, err
	}
	for {
		err = syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB)
		if err == nil {
			return f, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			break
		}
		if err = pause(ctx); err != nil {
			break
		}
	}
	f.Close()
	return nil, fmt.Errorf("waiting for the PostgreSQL in %s: %w", s.dir, err)
}

// pause waits a little, or fails because ctx is done.
func pause(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(20 * time.Millisecond):
		return nil
	}
}
