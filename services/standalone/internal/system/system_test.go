package system_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/instead-support/instead/api/needs"
	"github.com/instead-support/instead/pkg/httpx"
	"github.com/instead-support/instead/services/standalone/internal/demo"
	"github.com/instead-support/instead/services/standalone/internal/system"
)

const origin = "http://localhost:8080" // nothing listens: the system answers in process

// newDir is a folder that PostgreSQL's account can reach, as t.TempDir's may not
// be.
func newDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "instead-system-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "data")
}

func config(dir string) system.Config {
	return system.Config{Dir: dir, Origin: origin, Log: slog.New(slog.DiscardHandler)}
}

// coach acts as Priya Shah on s.
func coach(t *testing.T, s *system.System) (context.Context, *needs.ClientWithResponses) {
	t.Helper()
	token, err := s.Providers.Staff.Token(t.Context(), demo.Staff[0])
	if err != nil {
		t.Fatal(err)
	}
	client, err := needs.NewClientWithResponses("http://needs", needs.WithHTTPClient(httpx.NewClient(s.Transport)))
	if err != nil {
		t.Fatal(err)
	}
	return httpx.WithToken(t.Context(), token), client
}

func TestASecondStartKeepsWhatTheFirstOneKept(t *testing.T) {
	dir := newDir(t)
	s, err := system.Start(t.Context(), config(dir))
	if err != nil {
		t.Fatal(err)
	}
	ctx, client := coach(t, s)
	if _, err := client.AddJobseekerWithResponse(ctx, nil, needs.NewJobseeker{Name: "Nadia Rahman", Area: "Oldham"}); err != nil {
		t.Fatal(err)
	}
	if _, err := system.Start(t.Context(), config(dir)); !system.Running(err) || !strings.Contains(err.Error(), "--data") {
		t.Errorf("a second start beside the first = %v, want it to say that one runs, and the way out", err)
	}
	s.Stop()

	again, err := system.Start(t.Context(), config(dir))
	if err != nil {
		t.Fatal(err)
	}
	defer again.Stop()
	ctx, client = coach(t, again)
	found, err := client.ListJobseekersWithResponse(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	if found.JSON200.Total != 1 || found.JSON200.Items[0].Name != "Nadia Rahman" {
		t.Errorf("after a restart there are %+v", found.JSON200.Items)
	}
}

func TestAPortInUseIsToldWithTheWayOut(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	port := taken.Addr().(*net.TCPAddr).Port
	_, err = system.Listen(fmt.Sprintf("http://localhost:%d", port))
	if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("port %d is in use", port)) || !strings.Contains(err.Error(), "--port") {
		t.Errorf("Listen() = %v", err)
	}
}
