package embedpg_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/instead-support/instead/pkg/embedpg"
)

// holdEnv makes this test program a user of the server in that folder, for
// another test to kill.
const holdEnv = "EMBEDPG_TEST_HOLD"

func TestMain(m *testing.M) {
	if dir := os.Getenv(holdEnv); dir != "" {
		s, err := embedpg.Start(context.Background(), embedpg.Config{Dir: dir, Durable: true})
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println(s.URL("postgres"))
		_, _ = io.Copy(io.Discard, os.Stdin) // until the test goes, or kills us
		_ = s.Stop()
		return
	}
	os.Exit(m.Run())
}

// hold starts another process that uses the server in dir, and returns the
// address that it found.
func hold(t *testing.T, dir string) (p *os.Process, url string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), holdEnv+"="+dir)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stdin.Close()
		_ = cmd.Wait() // killed, as a rule
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "postgres://") {
		t.Fatalf("the other process said %q (%v)", line, err)
	}
	return cmd.Process, strings.TrimSpace(line)
}

func start(t *testing.T, dir string) *embedpg.Server {
	t.Helper()
	s, err := embedpg.Start(t.Context(), embedpg.Config{Dir: dir, Durable: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Stop() }) // a second Stop does no harm
	return s
}

func stop(t *testing.T, s *embedpg.Server) {
	t.Helper()
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
}

// newDir is a folder for a server. The one above it is closed to other accounts.
func newDir(t *testing.T) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "pg")
}

func query[T any](t *testing.T, url, sql string) (got T) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if err := conn.QueryRow(t.Context(), sql).Scan(&got); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return got
}

func note(t *testing.T, url string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), "CREATE TABLE note AS SELECT 'kept' AS words"); err != nil {
		t.Fatal(err)
	}
}

const noted = "SELECT words FROM note"

// pid is the server's process, or 0 if there is none.
func pid(t *testing.T, dir string) int {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "data", "postmaster.pid"))
	if errors.Is(err, fs.ErrNotExist) {
		return 0
	}
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(b), "\n")
	n, err := strconv.Atoi(first)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestAServerKeepsItsDataThroughARestart(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	s := start(t, dir)
	if s.Attached() {
		t.Error("a fresh server was found running")
	}
	note(t, s.URL("postgres"))
	stop(t, s)
	if n := pid(t, dir); n != 0 {
		t.Errorf("process %d is left after Stop", n)
	}
	again := start(t, dir)
	if got := query[string](t, again.URL("postgres"), noted); got != "kept" || again.Attached() {
		t.Errorf("after a restart: %q, attached %v", got, again.Attached())
	}
	for setting, want := range map[string]string{"fsync": "on", "listen_addresses": "127.0.0.1", "unix_socket_directories": ""} {
		if got := query[string](t, again.URL("postgres"), "SHOW "+setting); got != want {
			t.Errorf("%s = %q, want %q", setting, got, want)
		}
	}
}

func TestAServerThatIsNotDurableStartsEmpty(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	for range 2 {
		s, err := embedpg.Start(t.Context(), embedpg.Config{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		note(t, s.URL("postgres")) // which fails where there is one already
		if got := query[string](t, s.URL("postgres"), "SHOW fsync"); got != "off" {
			t.Errorf("fsync = %q, want off", got)
		}
		stop(t, s)
	}
}

func TestASecondStartFindsTheFirstAndTheLastOneStopsIt(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	_, theirs := hold(t, dir)
	a, b := start(t, dir), start(t, dir)
	if !a.Attached() || a.URL("postgres") != theirs || b.URL("postgres") != theirs {
		t.Errorf("three starts found three servers: %s, %s, %s", theirs, a.URL("postgres"), b.URL("postgres"))
	}
	stop(t, a)
	query[int](t, theirs, "SELECT 1")
	stop(t, b)
	query[int](t, theirs, "SELECT 1")
}

func TestManyStartsAtOnceMakeOneServer(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	servers := make([]*embedpg.Server, 5)
	var done sync.WaitGroup
	for i := range servers {
		done.Go(func() {
			var err error
			if servers[i], err = embedpg.Start(t.Context(), embedpg.Config{Dir: dir}); err != nil {
				t.Error(err)
			}
		})
	}
	done.Wait()
	if t.Failed() {
		return
	}
	for _, s := range servers {
		if s.URL("x") != servers[0].URL("x") {
			t.Errorf("%s and %s are two servers", s.URL("x"), servers[0].URL("x"))
		}
	}
	for _, s := range servers {
		stop(t, s)
	}
	if n := pid(t, dir); n != 0 {
		t.Errorf("process %d is left after the last Stop", n)
	}
}

func TestAServerStopsWhenItsLastUserIsKilled(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	other, _ := hold(t, dir)
	if err := other.Kill(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(20 * time.Second); pid(t, dir) != 0; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the server is still running")
		}
	}
}

func TestAServerIsNotStoppedUnderThoseWhoStillUseIt(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	other, url := hold(t, dir)
	s := start(t, dir)
	if err := other.Kill(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(500 * time.Millisecond) // long enough for a watcher that miscounts
	if got := query[int](t, url, "SELECT 1"); got != 1 || s.URL("postgres") != url {
		t.Errorf("after a kill: %d from %s", got, s.URL("postgres"))
	}
}

func TestAServerThatWasKilledStartsAgainWithItsData(t *testing.T) {
	t.Parallel()
	for name, killUserToo := range map[string]bool{"alone": false, "with its user": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := newDir(t)
			other, url := hold(t, dir)
			note(t, url)
			if killUserToo {
				if err := other.Kill(); err != nil {
					t.Fatal(err)
				}
			}
			if p := pid(t, dir); p != 0 { // which would mean everybody in our group
				if err := syscall.Kill(p, syscall.SIGKILL); err != nil {
					t.Fatal(err)
				}
			}
			s := start(t, dir)
			if got := query[string](t, s.URL("postgres"), noted); got != "kept" || s.Attached() {
				t.Errorf("after a kill: %q, attached %v", got, s.Attached())
			}
		})
	}
}

func TestAStrangerWithTheProcessNumberOfAKilledServerIsLeftAlone(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	stop(t, start(t, dir))
	// Our own process number: PostgreSQL itself would think the server alive.
	stale := fmt.Sprintf("%d\n%s\n1\n1\n\n127.0.0.1\n1 1\nready\n", os.Getpid(), filepath.Join(dir, "data"))
	if err := os.WriteFile(filepath.Join(dir, "data", "postmaster.pid"), []byte(stale), 0o644); err != nil {
		t.Fatal(err)
	}
	if s := start(t, dir); s.Attached() {
		t.Error("attached to ourselves")
	}
}

func TestAKillWhileTheDataIsMadeIsMadeGood(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	stop(t, start(t, dir))
	if err := os.Rename(filepath.Join(dir, "data"), filepath.Join(dir, "data.new")); err != nil {
		t.Fatal(err)
	}
	start(t, dir)
}

func TestAServerRunsWhereItsAccountCanNotReach(t *testing.T) {
	dir := newDir(t)
	t.Setenv("TMPDIR", "/nowhere") // so that the folder does not pass for temporary
	s := start(t, dir)
	note(t, s.URL("postgres"))
	data := query[string](t, s.URL("postgres"), "SHOW data_directory")
	stop(t, s)
	s = start(t, dir)
	if got := query[string](t, s.URL("postgres"), noted); got != "kept" {
		t.Errorf("after a restart: %q", got)
	}
	stop(t, s)
	if err := os.RemoveAll(filepath.Dir(data)); err != nil {
		t.Error(err)
	}
}

func TestAFolderThatHoldsOtherThingsIsLeftAlone(t *testing.T) {
	t.Parallel()
	dir := filepath.Dir(newDir(t))
	if err := os.WriteFile(filepath.Join(dir, "thesis.txt"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	before, err := os.Stat(dir)
	if err != nil {
		t.Fatal(err)
	}
	_, err = embedpg.Start(t.Context(), embedpg.Config{Dir: dir})
	after, _ := os.Stat(dir)
	if err == nil || before.Mode() != after.Mode() {
		t.Errorf("Start() = %v, and the folder went from %v to %v", err, before.Mode(), after.Mode())
	}
}

func TestWithoutPostgreSQLOneLineSaysTheWayOut(t *testing.T) {
	t.Setenv("PG_BINDIR", t.TempDir())
	_, err := embedpg.Start(t.Context(), embedpg.Config{Dir: newDir(t)})
	if err == nil || strings.Contains(err.Error(), "\n") ||
		!strings.Contains(err.Error(), "install it") || !strings.Contains(err.Error(), "PG_BINDIR") {
		t.Errorf("Start() = %v", err)
	}
}

func TestDataOfAnotherVersionIsNotTouched(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	stop(t, start(t, dir))
	version := filepath.Join(dir, "data", "PG_VERSION")
	if err := os.WriteFile(version, []byte("9\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := embedpg.Start(t.Context(), embedpg.Config{Dir: dir, Durable: true})
	if err == nil || !strings.Contains(err.Error(), "made by PostgreSQL 9") {
		t.Errorf("Start() = %v", err)
	}
}

func TestAServiceFindsItsSchemaAndNobodyElses(t *testing.T) {
	t.Parallel()
	s := start(t, newDir(t))
	funding, err := s.Service(t.Context(), "funding")
	if err != nil {
		t.Fatal(err)
	}
	needs, err := s.Service(t.Context(), "needs")
	if err != nil {
		t.Fatal(err)
	}
	again, err := s.Service(t.Context(), "funding")
	if err != nil || again != funding {
		t.Errorf("Service() again = %v, %v; want %v", again, err, funding)
	}
	note(t, funding.Owner)
	for _, url := range []string{funding.Owner, funding.Serve} {
		if got := query[string](t, url, "SELECT current_schema"); got != "funding" {
			t.Errorf("current_schema = %q", got)
		}
		query[bool](t, url, "SELECT unaccent('é') = 'e' AND similarity('a', 'a') = 1")
	}
	for name, url := range map[string]string{"the serving login": funding.Serve, "another service": needs.Owner} {
		conn, err := pgx.Connect(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(t.Context())
		for _, sql := range []string{"SELECT * FROM funding.note", "CREATE TABLE funding.mine (id int)", "CREATE TABLE public.mine (id int)"} {
			_, err := conn.Exec(t.Context(), sql)
			if e, ok := errors.AsType[*pgconn.PgError](err); !ok || e.Code != "42501" {
				t.Errorf("%s: %s = %v, want permission denied", name, sql, err)
			}
		}
	}
	wrong := strings.Replace(funding.Serve, "@", "x@", 1)
	if conn, err := pgx.Connect(t.Context(), wrong); err == nil {
		conn.Close(t.Context())
		t.Error("any password opens the door")
	}
	if _, err := s.Service(t.Context(), `x"; DROP TABLE y`); err == nil {
		t.Error("a name that is SQL was taken")
	}
}
