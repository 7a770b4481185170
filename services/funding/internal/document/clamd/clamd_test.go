package clamd_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/instead-support/instead/services/funding/internal/document/clamd"
)

// daemon speaks clamd's side of INSTREAM on a real socket. It finds a virus in
// whatever contains "EICAR", takes at most limit bytes, and answers what say
// makes of what it took.
func daemon(t *testing.T, limit int, say func(content []byte) string) clamd.Scanner {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				command := make([]byte, len("zINSTREAM\x00"))
				if _, err := io.ReadFull(conn, command); err != nil || string(command) != "zINSTREAM\x00" {
					_, _ = io.WriteString(conn, "UNKNOWN COMMAND\x00")
					return
				}
				var content bytes.Buffer
				for {
					var size uint32
					if err := binary.Read(conn, binary.BigEndian, &size); err != nil {
						return
					}
					if size == 0 {
						break
					}
					if _, err := io.CopyN(&content, conn, int64(size)); err != nil {
						return
					}
					if content.Len() > limit {
						_, _ = io.WriteString(conn, "INSTREAM size limit exceeded. ERROR\x00")
						return
					}
				}
				_, _ = io.WriteString(conn, say(content.Bytes()))
			}()
		}
	}()
	return clamd.Scanner{Address: l.Addr().String()}
}

func honest(content []byte) string {
	if bytes.Contains(content, []byte("EICAR")) {
		return "stream: Eicar-Signature FOUND\x00"
	}
	return "stream: OK\x00"
}

func TestAFileIsHarmlessOrNotAsTheDaemonSays(t *testing.T) {
	t.Parallel()
	s := daemon(t, 1<<20, honest)
	long := strings.Repeat("receipt ", 40_000) // several chunks
	for content, want := range map[string]bool{"": true, "receipt": true, long: true, long + "EICAR": false, "EICAR" + long: false} {
		if got, err := s.Harmless(t.Context(), strings.NewReader(content)); err != nil || got != want {
			t.Errorf("a file of %d bytes: %v %v, want %v", len(content), got, err, want)
		}
	}
}

func TestNothingIsHarmlessUnlessTheDaemonSaysSo(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]clamd.Scanner{
		"too large for it":    daemon(t, 1, honest),
		"hangs up":            daemon(t, 1<<20, func([]byte) string { return "" }),
		"says something else": daemon(t, 1<<20, func([]byte) string { return "stream: OK, probably\x00" }),
		"is not there":        {Address: "127.0.0.1:1"},
	} {
		if ok, err := s.Harmless(t.Context(), strings.NewReader(strings.Repeat("x", 1<<19))); ok || err == nil {
			t.Errorf("a daemon that %s: %v %v, want an error", name, ok, err)
		}
	}
	s := daemon(t, 1<<20, honest)
	if ok, err := s.Harmless(t.Context(), broken{}); ok || err == nil {
		t.Errorf("a file that can't be read to its end: %v %v, want an error", ok, err)
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("the disk is gone") }

func TestADaemonThatSaysNothingIsNotWaitedForForEver(t *testing.T) {
	t.Parallel()
	hold := make(chan struct{})
	t.Cleanup(func() { close(hold) })
	s := daemon(t, 1<<20, func([]byte) string { <-hold; return "" })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	done := make(chan error, 1)
	go func() { _, err := s.Harmless(ctx, strings.NewReader("x")); done <- err }()
	select {
	case err := <-done:
		if err == nil {
			t.Error("no answer counts as one")
		}
	case <-time.After(10 * time.Second):
		t.Error("it still waits")
	}
}
