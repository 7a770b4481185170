// Package clamd has the ClamAV daemon look through files, over its INSTREAM
// command. It keeps no file and knows nothing of documents.
package clamd

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
)

// Scanner is a document.Scanner that asks the daemon at an address.
type Scanner struct {
	Address string // host:port
}

const (
	chunk = 64 << 10
	// patience is how long one file may take in all: the daemon loads its
	// signatures anew from time to time, and answers nobody meanwhile.
	patience = 2 * time.Minute
)

// Harmless sends content to the daemon and reports whether it found nothing. Any
// answer but a plain yes or no is an error, so that a daemon that is unwell
// never makes a file look clean.
func (s Scanner) Harmless(ctx context.Context, content io.Reader) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", s.Address)
	if err != nil {
		return false, fmt.Errorf("clamd: %w", err)
	}
	defer func() { _ = conn.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	sent, err := stream(conn, content)
	if err != nil {
		return false, fmt.Errorf("clamd: the file could not be read: %w", err)
	}
	// The daemon may answer, and hang up, before it has had everything: it has
	// seen enough, or the file is larger than it takes. So a write that failed is
	// told of only if there is no answer to read.
	answer, err := io.ReadAll(io.LimitReader(conn, 4<<10))
	said := strings.TrimRight(string(answer), "\x00\n")
	switch {
	case said == "stream: OK" && sent == nil:
		return true, nil
	case strings.HasPrefix(said, "stream: ") && strings.HasSuffix(said, " FOUND"):
		return false, nil
	case sent != nil:
		return false, fmt.Errorf("clamd: %w", sent)
	case err != nil:
		return false, fmt.Errorf("clamd: %w", err)
	}
	return false, fmt.Errorf("clamd answered %q", said)
}

// stream writes content as the protocol has it: each chunk behind its length,
// and a chunk of nothing at the end. It tells what could not be sent from what
// could not be read.
func stream(conn io.Writer, content io.Reader) (sent, read error) {
	if _, err := io.WriteString(conn, "zINSTREAM\x00"); err != nil {
		return err, nil
	}
	var b [4 + chunk]byte
	for {
		n, err := io.ReadFull(content, b[4:])
		if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
			return nil, err
		}
		binary.BigEndian.PutUint32(b[:4], uint32(n))
		if _, err := conn.Write(b[:4+n]); err != nil || n == 0 {
			return err, nil
		}
	}
}
