// Package services_test holds the programs that images are made of to what an
// image must be.
package services_test

import (
	"compress/gzip"
	"debug/elf"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// largest is how many bytes of a program may have to be fetched, compressed as a
// registry keeps it. Its image adds one or two million for certificates and the
// like.
const largest = 38_000_000

// apart are what no service that people's data is in may have in it: a database
// and a broker of its own, and a sign-in that lets anybody be anybody.
var apart = []string{
	"github.com/instead-support/instead/pkg/embedpg",
	"github.com/instead-support/instead/pkg/embednats",
	"github.com/instead-support/instead/services/standalone",
	"github.com/nats-io/nats-server",
	"github.com/zitadel/oidc",
}

// programs are the folders of what becomes an image.
func programs(t *testing.T) []string {
	t.Helper()
	found, err := filepath.Glob("*/cmd/*")
	if err != nil || len(found) < 5 {
		t.Fatalf("%d programs: %v", len(found), err)
	}
	return found
}

func command(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.Command("go", args...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

func TestEveryImagesProgramIsStaticAndSmall(t *testing.T) {
	dir := t.TempDir()
	args := []string{"build", "-ldflags=-s -w", "-o", dir + "/"}
	for _, p := range programs(t) {
		args = append(args, "./"+p)
	}
	command(t, args...)
	for _, p := range programs(t) {
		file := filepath.Join(dir, filepath.Base(p))
		program, err := elf.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range program.Progs {
			if part.Type == elf.PT_INTERP {
				t.Errorf("%s needs a loader, which its image does not have", p)
			}
		}
		if libraries, err := program.ImportedLibraries(); err == nil && len(libraries) > 0 {
			t.Errorf("%s needs %v, which its image does not have", p, libraries)
		}
		whole, fetched := size(t, file)
		t.Logf("%s: %.1f MB, %.1f to fetch", p, float64(whole)/1e6, float64(fetched)/1e6)
		if fetched > largest {
			t.Errorf("%s is %d bytes to fetch, and may be %d", p, fetched, largest)
		}
	}
}

// size is how many bytes a file has, and how many of them are fetched.
func size(t *testing.T, name string) (whole, fetched int64) {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	counted := &counter{}
	small, err := gzip.NewWriterLevel(counted, gzip.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	if whole, err = io.Copy(small, f); err != nil {
		t.Fatal(err)
	}
	if err := small.Close(); err != nil {
		t.Fatal(err)
	}
	return whole, counted.n
}

// counter counts what is written to it.
type counter struct{ n int64 }

// Write counts p.
func (c *counter) Write(p []byte) (int, error) {
	c.n += int64(len(p))
	return len(p), nil
}

func TestNoServicesProgramHoldsADatabaseABrokerOrADemosSignIn(t *testing.T) {
	for _, p := range programs(t) {
		links := command(t, "list", "-deps", "./"+p)
		for _, no := range apart {
			if has := strings.Contains("\n"+links, "\n"+no); has && !strings.HasPrefix(p, "standalone") {
				t.Errorf("%s holds %s", p, no)
			}
		}
		// The trial is one that must hold some, or the test looks for nothing.
		if strings.HasPrefix(p, "standalone") && !strings.Contains(links, "github.com/zitadel/oidc") {
			t.Errorf("%s stands in for no sign-in", p)
		}
	}
}
