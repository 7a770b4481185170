package crash_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/instead-support/instead/pkg/embedpg"
	"github.com/instead-support/instead/services/standalone/internal/seed"
	"github.com/instead-support/instead/services/standalone/internal/system"
)

// machine is a computer that the system runs on, and that can be made to fail.
// The system is a child process. PostgreSQL is not its child and outlives it, and
// so does the port: a message that comes while nothing listens waits there for
// the next child, as it does in front of a pod that is restarted.
type machine struct {
	dir    string
	origin string
	port   *os.File
	pg     *embedpg.Server
	child  *exec.Cmd
}

// asChild tells this binary that it is to be the system, and where.
const asChild = "INSTEAD_TEST_CRASH"

type told struct{ Dir, Origin string }

// beSystem is the child: the whole system, on the port that it was given, until
// it is killed.
func beSystem(ctx context.Context, raw string) error {
	var where told
	if err := json.Unmarshal([]byte(raw), &where); err != nil {
		return err
	}
	port, err := net.FileListener(os.NewFile(3, "port"))
	if err != nil {
		return err
	}
	log, err := os.OpenFile(filepath.Join(where.Dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	s, err := system.Start(ctx, system.Config{Dir: where.Dir, Origin: where.Origin, Log: slog.New(slog.NewJSONHandler(log, nil))})
	if err != nil {
		return err
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // which ends with whoever started us
		os.Exit(1)
	}()
	fmt.Println("serving")
	return s.Serve(ctx, port)
}

// newMachine has the demo's people and their stories on it, and nothing running
// yet but PostgreSQL.
func newMachine(t *testing.T) *machine {
	t.Helper()
	dir, err := os.MkdirTemp("", "instead-crash-")
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	port, err := listener.File()
	if err != nil {
		t.Fatal(err)
	}
	m := &machine{dir: dir, origin: fmt.Sprintf("http://localhost:%d", listener.Addr().(*net.TCPAddr).Port), port: port}
	t.Cleanup(func() {
		m.kill()
		_ = listener.Close()
		_ = port.Close()
		if err := m.pg.Stop(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Log("the log and the data are kept in " + dir)
			return
		}
		_ = os.RemoveAll(dir)
	})
	m.startPostgres(t)
	clock := &seed.Clock{}
	s, err := system.Start(t.Context(), system.Config{Dir: dir, Origin: m.origin, Log: slog.New(slog.DiscardHandler), Now: clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	filler := &seed.Seed{Providers: s.Providers, Transport: s.Transport, Clock: clock, Step: func(string) {}}
	if err := filler.Fill(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.Stop()
	return m
}

// startPostgres starts the server, or finds it running, and holds on to it, so
// that it does not end with the children.
func (m *machine) startPostgres(t *testing.T) {
	t.Helper()
	pg, err := embedpg.Start(t.Context(), embedpg.Config{Dir: filepath.Join(m.dir, "postgres"), Durable: true})
	if err != nil {
		t.Fatal(err)
	}
	if m.pg != nil {
		_ = m.pg.Stop() // the one before, which is gone: this only lets go of it
	}
	m.pg = pg
}

// start starts the system and returns how long it took until it served.
func (m *machine) start(t *testing.T) time.Duration {
	t.Helper()
	began := time.Now()
	where, err := json.Marshal(told{m.dir, m.origin})
	if err != nil {
		t.Fatal(err)
	}
	m.child = exec.Command(os.Args[0])
	m.child.Env = append(os.Environ(), asChild+"="+string(where))
	m.child.ExtraFiles = []*os.File{m.port}
	m.child.Stderr = os.Stderr
	if _, err := m.child.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	said, err := m.child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := m.child.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(said).ReadString('\n'); line != "serving\n" {
		t.Fatalf("the system did not start: %q %v", line, err)
	}
	return time.Since(began)
}

// kill ends the system as a power cut does.
func (m *machine) kill() {
	if m.child != nil {
		_ = m.child.Process.Kill()
		_ = m.child.Wait()
		m.child = nil
	}
}

// disasters are the ways to fail, each as often as it stands here. Each leaves the
// system killed or cut off from its database, whose fault it then outlives.
var disasters = []func(*machine, *testing.T, *rand.Rand) string{
	system9, system9, system9, system9, system9, system9, backend9, postmaster9,
}

// system9 kills the system, whatever it is doing.
func system9(m *machine, _ *testing.T, _ *rand.Rand) string {
	m.kill()
	return "the system"
}

// backend9 kills one process of PostgreSQL's, which throws everybody out and
// recovers, while the system goes on.
func backend9(m *machine, t *testing.T, rng *rand.Rand) string {
	var pids []int
	conn := m.connect(t)
	defer conn.Close(context.WithoutCancel(t.Context()))
	rows, err := conn.Query(t.Context(), "SELECT pid FROM pg_stat_activity WHERE usename IN ('funding', 'needs') ORDER BY pid")
	if err == nil {
		pids, err = pgx.CollectRows(rows, pgx.RowTo[int])
	}
	if err != nil || len(pids) == 0 {
		t.Fatalf("nobody to kill: %v", err)
	}
	if err := syscall.Kill(pids[rng.IntN(len(pids))], syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		t.Fatal(err)
	}
	return "a process of PostgreSQL's"
}

// postmaster9 kills PostgreSQL itself, leaves the system without it for a moment,
// and kills that too: where PostgreSQL comes back it is found at another port.
func postmaster9(m *machine, t *testing.T, rng *rand.Rand) string {
	raw, err := os.ReadFile(filepath.Join(m.dir, "postgres", "data", "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(raw), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Duration(rng.IntN(300)) * time.Millisecond)
	m.kill()
	m.startPostgres(t)
	return "PostgreSQL and the system"
}

// recover starts what a disaster has ended.
func (m *machine) recover(t *testing.T) time.Duration {
	t.Helper()
	if m.child != nil {
		return 0 // it lives, and finds its database again by itself
	}
	return m.start(t)
}

// connect is a connection of the superuser's, who sees every schema. It waits for
// a database that is recovering.
func (m *machine) connect(t *testing.T) *pgx.Conn {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		conn, err := pgx.Connect(t.Context(), m.pg.URL("instead"))
		if err == nil {
			return conn
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}
