package db

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/instead-support/instead/pkg/fault"
)

// OrLost is err, or Unavailable if err says that the database went away or can't
// be reached. Where it went away as a transaction was about to be kept nobody can
// tell whether it was, so this says nothing of the kind: a message with a key is
// done once, however often it is sent. Tx and Exchange return it by themselves;
// it is for what is read outside of both.
func OrLost(err error) error {
	if !isLost(err) {
		return err
	}
	if _, known := errors.AsType[*fault.Fault](err); known {
		return err
	}
	return fault.Wrap(err, fault.Unavailable, "What we keep things in is not answering. Try again in a minute: what was done already is not done twice.")
}

func isLost(err error) bool {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false // whoever asked has gone
	}
	switch code := codeOf(err); {
	case code == adminShutdown, code == crashShutdown, code == cannotConnectNow, code == tooManyConnections, strings.HasPrefix(code, connectionException):
		return true
	case code != "":
		return false
	}
	_, refused := errors.AsType[*pgconn.ConnectError](err)
	_, network := errors.AsType[net.Error](err)
	return refused || network || pgconn.SafeToRetry(err) || errors.Is(err, driver.ErrBadConn) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed)
}

// What PostgreSQL says as it goes, or before it is there.
const (
	connectionException = "08"
	tooManyConnections  = "53300"
	adminShutdown       = "57P01"
	crashShutdown       = "57P02"
	cannotConnectNow    = "57P03"
)
