// Package embednats is a NATS with JetStream inside this process, for one
// machine. It listens on no port.
package embednats

import (
	"errors"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Server is a running NATS and a connection to it.
type Server struct {
	JetStream jetstream.JetStream
	server    *server.Server
	conn      *nats.Conn
}

// Start begins a NATS that keeps its streams in dir.
func Start(dir string) (*Server, error) {
	s, err := server.NewServer(&server.Options{DontListen: true, JetStream: true, StoreDir: dir, NoSigs: true, NoLog: true, SyncInterval: time.Second})
	if err != nil {
		return nil, err
	}
	s.Start()
	if !s.ReadyForConnections(10 * time.Second) {
		s.Shutdown()
		return nil, errors.New("the embedded NATS did not start within 10 seconds")
	}
	conn, err := nats.Connect("", nats.InProcessServer(s))
	if err != nil {
		s.Shutdown()
		return nil, err
	}
	js, err := jetstream.New(conn)
	if err != nil {
		s.Shutdown()
		return nil, err
	}
	return &Server{JetStream: js, server: s, conn: conn}, nil
}

// Stop closes the connection and the server, with everything written down.
func (s *Server) Stop() {
	s.conn.Close()
	s.server.Shutdown()
	s.server.WaitForShutdown()
}
