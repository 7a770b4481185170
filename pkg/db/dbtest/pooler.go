package dbtest

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Pooled leads where serve leads, through a PgBouncer that lends its connections
// for one transaction at a time. It has only two, so that whatever was left on
// one is soon met by somebody else.
func Pooled(t testing.TB, serve string) string {
	t.Helper()
	to, err := pgx.ParseConfig(serve)
	if err != nil {
		t.Fatal(err)
	}
	port := freePort(t)
	program := pooler(t)
	settings := filepath.Join(t.TempDir(), "pgbouncer.ini")
	if err := os.WriteFile(settings, fmt.Appendf(nil, `[databases]
%[1]s = host=%[2]s port=%[3]d dbname=%[1]s user=%[4]s password=%[5]s
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %[6]d
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 2
`, to.Database, to.Host, to.Port, to.User, to.Password, port), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{settings}
	if os.Geteuid() == 0 { // it refuses to be root; it reads its settings before it no longer is
		args = append(args, "-u", "nobody")
	}
	said := &strings.Builder{}
	running := exec.Command(program, args...)
	running.Stdout, running.Stderr = said, said
	running.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := running.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = running.Process.Kill()
		_ = running.Wait()
	})
	address := fmt.Sprintf("127.0.0.1:%d", port)
	for began := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		if c, err := net.Dial("tcp", address); err == nil {
			_ = c.Close()
			break
		}
		if time.Since(began) > 10*time.Second {
			_ = running.Process.Kill()
			_ = running.Wait()
			t.Fatalf("PgBouncer did not start: %s", said)
		}
	}
	through := url.URL{Scheme: "postgres", User: url.User(to.User), Host: address, Path: to.Database, RawQuery: "sslmode=disable&pooler=transaction"}
	return through.String()
}

// pooler finds PgBouncer: on PATH, where Debian puts it, or where scripts/need
// unpacks it.
func pooler(t testing.TB) string {
	t.Helper()
	places := []string{"pgbouncer", "/usr/sbin/pgbouncer"}
	if cache, err := os.UserCacheDir(); err == nil {
		places = append(places, filepath.Join(cache, "instead", "pgbouncer", "bin", "pgbouncer"))
	}
	for _, place := range places {
		if found, err := exec.LookPath(place); err == nil {
			return found
		}
	}
	t.Fatal("a test needs PgBouncer: run scripts/need pgbouncer")
	return ""
}

func freePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}
