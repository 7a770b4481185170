// Package system is the whole of Instead in one process: every service, on an
// embedded PostgreSQL and NATS, with demo sign-in.
//
// The services are the same ones that run apart in Kubernetes. Only what is
// around them is put together here; there is no rule of any service in it.
package system

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/instead-support/instead/pkg/config"
	"github.com/instead-support/instead/pkg/embednats"
	"github.com/instead-support/instead/pkg/embedpg"
	"github.com/instead-support/instead/pkg/host"
	"github.com/instead-support/instead/pkg/httpx"
	"github.com/instead-support/instead/pkg/seal"
	"github.com/instead-support/instead/services/funding"
	"github.com/instead-support/instead/services/needs"
	"github.com/instead-support/instead/services/outcomes"
	"github.com/instead-support/instead/services/portal"
	"github.com/instead-support/instead/services/reporting"
	"github.com/instead-support/instead/services/standalone/internal/demo"
)

// Config says where the system lives.
type Config struct {
	Dir    string // holds all that it keeps
	Origin string // where a browser finds it, such as "http://localhost:8080"
	Log    *slog.Logger
	Now    func() time.Time                               // time.Now unless set
	Step   func(what string)                              // told of each step of starting and stopping
	Wrap   func(name string, h http.Handler) http.Handler // around a service's handler, for tests; may be nil
}

// System is a running Instead. It answers in process until Listen.
type System struct {
	Config
	Providers *demo.Providers
	// Transport leads to every service and provider of this system.
	Transport http.RoundTripper

	lock     *os.File
	postgres *embedpg.Server
	nats     *embednats.Server
	services []*host.Service
	handler  http.Handler
	bankKeys string
	stopWork context.CancelFunc
	work     sync.WaitGroup
	failed   chan error
}

// doors lists the services, in the order in which they start.
var doors = []struct {
	name string
	new  host.New
}{
	{"needs", needs.New},
	{"funding", funding.New},
	{"outcomes", outcomes.New},
	{"reporting", reporting.New},
	{"portal", portal.New},
}

// Start starts everything but the listener. On an error it stops what it had
// started.
func Start(ctx context.Context, c Config) (s *System, err error) {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Step == nil {
		c.Step = func(string) {}
	}
	if c.Dir, err = filepath.Abs(c.Dir); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(c.Dir, 0o755); err != nil {
		return nil, fmt.Errorf("the folder for its data can't be made: %w", err)
	}
	s = &System{Config: c, failed: make(chan error, len(doors))}
	defer func() {
		if err != nil {
			s.Stop()
			s = nil
		}
	}()
	if s.lock, err = lock(c.Dir); err != nil {
		return s, err
	}
	if s.postgres, err = embedpg.Start(ctx, embedpg.Config{Dir: filepath.Join(c.Dir, "postgres"), Durable: true, Log: c.Log}); err != nil {
		return s, err
	}
	c.Step("PostgreSQL is running")
	if s.nats, err = embednats.Start(filepath.Join(c.Dir, "nats")); err != nil {
		return s, fmt.Errorf("the embedded NATS: %w", err)
	}
	c.Step("NATS is running")
	if s.Providers, err = SignIn(c.Dir, c.Origin); err != nil {
		return s, err
	}
	c.Step("demo sign-in is ready")
	if s.bankKeys, err = bankKeys(filepath.Join(c.Dir, "bank-keys.json")); err != nil {
		return s, err
	}
	return s, s.startServices(ctx)
}

const (
	clientID     = "instead-portal"
	clientSecret = "demo" // guards nothing: anyone may be anyone at the demo providers
)

// SignIn returns the demo providers of the system that lives in dir.
func SignIn(dir, origin string) (*demo.Providers, error) {
	staff, public, signedOut := portal.Redirects(origin)
	return demo.New(demo.Config{
		Origin: origin, Dir: filepath.Join(dir, "sign-in"),
		Client: demo.Client{ID: clientID, Secret: clientSecret, Redirects: []string{staff, public}, AfterLogout: []string{signedOut}},
	})
}

func (s *System) startServices(ctx context.Context) error {
	hosts := map[string]http.Handler{}
	s.Transport = httpx.InProcess{Hosts: hosts, Next: s.Providers.Transport(http.DefaultTransport)}
	mux := http.NewServeMux()
	mux.Handle("/demo-sign-in/", s.Providers)
	work, stop := context.WithCancel(context.Background())
	s.stopWork = stop
	for _, door := range doors {
		access, err := s.postgres.Service(ctx, door.name)
		if err != nil {
			return err
		}
		service, err := door.new(ctx, host.Deps{
			Env: s.settings(access), Log: s.Log.With("service", door.name), Now: s.Now, Transport: s.Transport, Bus: s.nats.JetStream,
		})
		if err != nil {
			return fmt.Errorf("%s: %w", door.name, err)
		}
		s.services = append(s.services, service)
		if err := service.Migrate(ctx); err != nil {
			return fmt.Errorf("%s: its tables could not be brought up to date: %w", door.name, err)
		}
		h := host.WithHealth(work, service)
		if s.Wrap != nil {
			h = s.Wrap(door.name, h)
		}
		hosts[door.name] = h
		if door.name == "portal" {
			mux.Handle("/", h)
		} else {
			prefix := "/api/" + door.name
			mux.Handle(prefix+"/", http.StripPrefix(prefix, h))
		}
		s.Step(door.name + " is ready")
	}
	s.handler = mux
	for _, service := range s.services {
		if service.Run == nil {
			continue
		}
		s.work.Go(func() {
			if err := service.Run(work); err != nil && work.Err() == nil {
				s.failed <- fmt.Errorf("%s stopped working: %w", service.Name, err)
			}
		})
	}
	return nil
}

// settings are those of any service here; each takes what it knows.
func (s *System) settings(access embedpg.Access) config.Env {
	return config.Env{
		"DATABASE_URL":         access.Serve,
		"OWNER_DATABASE_URL":   access.Owner,
		"STAFF_ISSUER":         s.Providers.Staff.Issuer(),
		"PUBLIC_ISSUER":        s.Providers.Public.Issuer(),
		"PORTAL_URL":           s.Origin,
		"DOCUMENTS_URL":        s.documents(),
		"BANK_KEYS":            s.bankKeys,
		"BACS_SERVICE_USER":    "999999", // the demo's own: no bank takes a file from it
		"BACS_SORT_CODE":       "089999",
		"BACS_ACCOUNT":         "66374958",
		"BACS_NAME":            "Instead demo",
		"STAFF_CLIENT_ID":      clientID,
		"STAFF_CLIENT_SECRET":  clientSecret,
		"PUBLIC_CLIENT_ID":     clientID,
		"PUBLIC_CLIENT_SECRET": clientSecret,
	}
}

// bankKeys are the keys that bank details are sealed with, made the first time.
// Without that file what is sealed is lost, which is why it lies with the data.
func bankKeys(file string) (string, error) {
	keys, err := os.ReadFile(file) //nolint:gosec // a file of the system's own folder
	if !errors.Is(err, fs.ErrNotExist) {
		return string(keys), err
	}
	made, err := seal.NewKeys()
	if err != nil {
		return "", err
	}
	return made, os.WriteFile(file, []byte(made), 0o600)
}

// documents is the folder of quotes and receipts, as an address.
func (s *System) documents() string {
	folder := url.URL{Scheme: "file", Path: filepath.ToSlash(filepath.Join(s.Dir, "documents"))}
	return folder.String() + "?create_dir=true&no_tmp_dir=true"
}

// Serve answers on the listener until ctx ends or a part fails, and then lets
// running requests finish.
func (s *System) Serve(ctx context.Context, l net.Listener) error {
	server := &http.Server{Handler: s.handler, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	var failure error
	select {
	case err := <-ended:
		return err
	case failure = <-s.failed:
	case <-ctx.Done():
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return errors.Join(failure, server.Shutdown(ctx))
}

// Listen opens the port of the origin, on this machine alone. The error for a
// port in use says what to do.
func Listen(origin string) (net.Listener, error) {
	u, err := url.Parse(origin)
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:"+u.Port())
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("port %[1]s is in use by another program: stop that one, or choose another port with --port, such as: make run ARGS='--port 8090'", u.Port())
	}
	return l, err
}

// Command does what a command of a service does in a program of its own.
func (s *System) Command(ctx context.Context, service, name string, args []string, out io.Writer) error {
	for _, each := range s.services {
		if command, ok := each.Commands[name]; ok && each.Name == service {
			return command(ctx, args, out)
		}
	}
	return fmt.Errorf("%s knows no %q", service, name)
}

// Stop stops everything, in the opposite order, and keeps the data.
func (s *System) Stop() {
	if s.stopWork != nil {
		s.stopWork()
		s.work.Wait()
	}
	for _, service := range s.services {
		if service.Close != nil {
			service.Close()
		}
	}
	if s.nats != nil {
		s.nats.Stop()
	}
	if s.postgres != nil {
		if err := s.postgres.Stop(); err != nil {
			s.Log.Error("PostgreSQL did not stop", "cause", err.Error())
		}
	}
	if s.lock != nil {
		_ = s.lock.Close()
	}
}

// errRunning tells of another standalone on the same folder.
var errRunning = errors.New("is already running")

// Running reports whether err is that Instead already runs in this folder.
func Running(err error) bool { return errors.Is(err, errRunning) }

// lock makes sure that one process at a time uses dir.
func lock(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("the folder %s can't be written to: %w", dir, err)
	}
	if syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil {
		_ = f.Close()
		return nil, fmt.Errorf("Instead %w from the folder %s: use that one, stop it, or choose another folder with --data", errRunning, strings.TrimSpace(dir))
	}
	return f, nil
}
