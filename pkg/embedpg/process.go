package embedpg

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// initialise makes the data, unless it is there. It works on the side and
// renames, so that a kill half-way leaves nothing that looks finished.
func (s *Server) initialise(ctx context.Context) error {
	if s.madeBy() != "" {
		return s.readPassword()
	}
	s.log.InfoContext(ctx, "PostgreSQL makes its data", "version", s.bin.major, "data", s.data())
	fresh := filepath.Join(s.dir, "data.new")
	if err := os.RemoveAll(fresh); err != nil {
		return err
	}
	if err := os.WriteFile(s.passwordFile(), []byte(rand.Text()), 0o600); err != nil {
		return err
	}
	if err := s.acct.give(s.passwordFile()); err != nil {
		return err
	}
	// C.UTF-8 is the one locale that every machine has; a query that wants an
	// order for people names its collation.
	cmd := s.acct.command(s.dir, s.bin.path("initdb"), "--pgdata", fresh, "--username=postgres",
		"--pwfile", s.passwordFile(), "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, lastLine(out))
	}
	if err := os.Rename(fresh, s.data()); err != nil {
		return err
	}
	return s.readPassword()
}

func (s *Server) passwordFile() string { return filepath.Join(s.dir, "password") }
func (s *Server) logFile() string      { return filepath.Join(s.dir, "log") }

func (s *Server) readPassword() error {
	b, err := os.ReadFile(s.passwordFile())
	s.password = string(b)
	return err
}

// launch starts the server on a free port. Two things can get in the way and
// pass by themselves: somebody takes the port first, or the processes of a
// killed server are still letting go of its memory.
func (s *Server) launch(ctx context.Context, c Config) error {
	ctx, cancel := context.WithTimeoutCause(ctx, time.Minute, errors.New("PostgreSQL did not start within a minute"))
	defer cancel()
	for {
		err := s.launchOnce(ctx, c)
		if err == nil {
			return nil
		}
		if text := err.Error(); !strings.Contains(text, "listen") && !strings.Contains(text, "shared memory") {
			return err
		}
		if pause(ctx) != nil {
			return err
		}
	}
}

func (s *Server) launchOnce(ctx context.Context, c Config) error {
	port, err := freePort(ctx)
	if err != nil {
		return err
	}
	log, err := os.Create(s.logFile())
	if err != nil {
		return err
	}
	defer log.Close()
	args := []string{
		"-D", s.data(),
		"-c", "listen_addresses=127.0.0.1",
		"-c", "port=" + strconv.Itoa(port),
		"-c", "unix_socket_directories=", // a path may be too long for one
		"-c", "max_connections=300",
		"-c", "jit=off", // no query here runs for as long as it takes to compile one
		"-c", "log_error_verbosity=terse", // the detail of an error quotes people's data
	}
	for name, value := range c.Settings {
		args = append(args, "-c", name+"="+value)
	}
	if !c.Durable {
		args = append(args, "-c", "fsync=off", "-c", "full_page_writes=off", "-c", "synchronous_commit=off")
	}
	cmd := s.acct.command(s.dir, s.bin.path("postgres"), args...)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting PostgreSQL: %w", err)
	}
	gone := make(chan struct{})
	go func() {
		_ = cmd.Wait() // the log says why
		close(gone)
	}()
	for s.port = port; !s.answers(ctx); {
		select {
		case <-gone:
			return fmt.Errorf("PostgreSQL did not start: %s", s.complaint())
		default:
		}
		if err := pause(ctx); err != nil {
			_ = cmd.Process.Signal(syscall.SIGQUIT)
			return err
		}
	}
	return nil
}

// complaint is what the server last said that it could not do.
func (s *Server) complaint() string {
	b, _ := os.ReadFile(s.logFile())
	for line := range strings.Lines(string(b)) {
		if _, text, ok := strings.Cut(line, "FATAL:"); ok {
			return strings.TrimSpace(text)
		}
	}
	return lastLine(b)
}

func lastLine(b []byte) string {
	b = bytes.TrimSpace(b)
	return string(b[bytes.LastIndexByte(b, '\n')+1:])
}

func freePort(ctx context.Context) (int, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp4", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// running returns the port of the server on our data, or 0 if there is none. It
// waits for one that is on its way up or down, and tidies up after one that was
// killed.
func (s *Server) running(ctx context.Context) (int, error) {
	for {
		pid, port, err := s.pidFile()
		if err != nil || pid == 0 {
			return 0, err
		}
		if !s.alive(pid) {
			// Left alone, PostgreSQL would take any process with this number for
			// the old server, and refuse to start.
			return 0, os.Remove(s.pidPath())
		}
		if s.port = port; port != 0 && s.readPassword() == nil && s.answers(ctx) {
			return port, nil
		}
		if err := pause(ctx); err != nil {
			return 0, fmt.Errorf("the PostgreSQL with process number %d does not answer: %w", pid, err)
		}
	}
}

func (s *Server) answers(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	conn, err := s.connect(ctx, "postgres")
	if err != nil {
		return false
	}
	defer conn.Close(ctx)
	var dir string
	return conn.QueryRow(ctx, "SHOW data_directory").Scan(&dir) == nil && dir == s.data()
}

func (s *Server) pidPath() string { return filepath.Join(s.data(), "postmaster.pid") }

// pidFile reads what the server wrote about itself: its process number on the
// first line and, once known, its port on the fourth.
func (s *Server) pidFile() (pid, port int, err error) {
	b, err := os.ReadFile(s.pidPath())
	if errors.Is(err, os.ErrNotExist) {
		return 0, 0, nil
	}
	if err != nil {
		return 0, 0, err
	}
	lines := strings.Split(string(b), "\n")
	pid, _ = strconv.Atoi(strings.TrimSpace(lines[0]))
	if len(lines) > 3 {
		port, _ = strconv.Atoi(strings.TrimSpace(lines[3]))
	}
	return pid, port, nil
}

// alive reports whether pid is a server on our data, and neither a zombie nor a
// stranger who was given the same number.
func (s *Server) alive(pid int) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil {
		_, err := os.Stat("/proc/self")
		return err != nil && syscall.Kill(pid, 0) == nil
	}
	return bytes.Contains(b, []byte(s.data()))
}

// shutDown stops the server and waits until it is gone.
func (s *Server) shutDown() error {
	for wait, sent := time.Now(), false; ; time.Sleep(10 * time.Millisecond) {
		pid, _, err := s.pidFile()
		if err != nil || pid == 0 || !s.alive(pid) {
			return err
		}
		if !sent {
			sent = true
			if err := syscall.Kill(pid, syscall.SIGINT); err != nil {
				return fmt.Errorf("stopping PostgreSQL: %w", err)
			}
		}
		if time.Since(wait) > time.Minute {
			return fmt.Errorf("the PostgreSQL with process number %d did not stop within a minute", pid)
		}
	}
}

// watcher stops the server when its last user has gone without calling Stop. It
// waits until nobody holds the lock, lingers, and takes the lock alone if nobody
// has come, so that a newcomer then waits until the server is down. Like alive,
// it makes sure of the process: pg_ctl would stop any that has the number.
const watcher = `
exec 9<users
while flock 9; do
	flock --unlock 9
	sleep "$1"
	flock --nonblock 9 || continue
	pid=$(head -n 1 "$2/postmaster.pid") && grep -qsF "$2" "/proc/$pid/cmdline" &&
		exec "$3" stop --pgdata "$2" --mode fast --silent
	exit
done`

func canWatch() bool {
	_, err := exec.LookPath("flock")
	return err == nil
}

// watch starts the watcher. Without flock(1) there is none, and a server whose
// last user was killed runs on until the next one stops it.
func (s *Server) watch() error {
	if !canWatch() {
		return nil
	}
	cmd := s.acct.command(s.dir, "/bin/sh", "-c", watcher, "instead-postgresql-watch",
		strconv.Itoa(int(s.linger.Seconds())), s.data(), s.bin.path("pg_ctl"))
	if err := cmd.Start(); err != nil {
		return err
	}
	go func() { _ = cmd.Wait() }() // it outlives us, or has nothing to say
	return nil
}
