// Package host runs one service in a process of its own, or lets several share
// one. It knows nothing of what a service does.
package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/instead-support/instead/pkg/config"
	"github.com/instead-support/instead/pkg/httpx"
	"github.com/instead-support/instead/pkg/telemetry"
)

// Service is a service that has been wired and not yet started.
type Service struct {
	Name    string
	Handler http.Handler                // the API, or the pages
	Migrate func(context.Context) error // brings the schema up to date, as its owner
	Ready   func(context.Context) error // whether its own database and broker answer; never a neighbour
	Run     func(context.Context) error // background work, until the context ends; may be nil
	Close   func()                      // gives back what New took

	// Commands are what the service does instead of serving, by the first argument.
	Commands map[string]Command
}

// Command does one thing and leaves. args are what follows its name. An error is
// the process's failure.
type Command func(ctx context.Context, args []string, out io.Writer) error

// Deps is what a process gives each service in it.
type Deps struct {
	Env       config.Env
	Log       *slog.Logger
	Now       func() time.Time
	Transport http.RoundTripper   // to other services, and to sign-in providers
	Bus       jetstream.JetStream // nil for a service that neither tells nor hears
}

// New wires a service. It touches nothing outside the process but to open
// connections.
type New func(context.Context, Deps) (*Service, error)

// Settings are those that every API has.
type Settings struct {
	DatabaseURL  string `env:"DATABASE_URL,required"` // the serving login's
	OwnerURL     string `env:"OWNER_DATABASE_URL"`    // the owner's, to migrate with; straight, not pooled
	StaffIssuer  string `env:"STAFF_ISSUER,required"`
	PublicIssuer string `env:"PUBLIC_ISSUER,required"`
}

// Tokens verifies tokens of the two providers, asked over transport.
func (s Settings) Tokens(transport http.RoundTripper) *httpx.Tokens {
	client := &http.Client{Transport: transport, Timeout: 10 * time.Second}
	return httpx.NewTokens(client, httpx.Staff(s.StaffIssuer), httpx.Public(s.PublicIssuer))
}

type process struct {
	Listen string `env:"LISTEN" envDefault:":8080"`
	NATS   string `env:"NATS_URL" envDefault:"nats://nats:4222"` // empty for a service that has no use for it
	Leave
}

// Leave is how a process goes that was told to. What is around it must let it:
// in Kubernetes its grace period is longer than both, and 15 seconds more for
// jobs and telemetry.
type Leave struct {
	// After is how long it goes on answering, though no longer ready, until nobody
	// sends it anything new. A cluster takes a few seconds to tell everybody.
	After time.Duration `env:"LEAVE_AFTER" envDefault:"5s"`
	// Grace is how long requests may then take to finish.
	Grace time.Duration `env:"GRACE" envDefault:"20s"`
}

// flush is how long telemetry may take to send what is still waiting.
const flush = 5 * time.Second

// Main runs the service that build wires, with its settings from the
// environment: "migrate" as the first argument migrates and leaves, one of the
// service's own commands does that, and none serves until SIGTERM or an interrupt.
func Main(build New) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	log := telemetry.Logger(os.Stdout)
	if err := run(ctx, build, log, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, build New, log *slog.Logger, args []string) (err error) {
	env := config.FromOS()
	settings, err := config.Load[process](env)
	if err != nil {
		return err
	}
	js, err := connect(settings.NATS)
	if err != nil {
		return err
	}
	if js != nil {
		defer js.Conn().Close() // after the jobs, which hand events to it
	}
	s, err := build(ctx, Deps{Env: env, Log: log, Now: time.Now, Transport: http.DefaultTransport, Bus: js})
	if err != nil {
		return err
	}
	defer s.Close()
	if len(args) > 0 && args[0] == "migrate" {
		return s.Migrate(ctx)
	}
	if len(args) > 0 {
		command, ok := s.Commands[args[0]]
		if !ok {
			return fmt.Errorf("%s knows no %q", s.Name, args[0])
		}
		return command(ctx, args[1:], os.Stdout)
	}
	stop, err := telemetry.Start(ctx, "instead-"+s.Name)
	if err != nil {
		return err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), flush)
		defer cancel()
		if lost := stop(ctx); lost != nil {
			log.WarnContext(ctx, "telemetry was lost", "cause", lost.Error()) // and nothing else
		}
	}()
	return Serve(ctx, s, settings.Listen, settings.Leave)
}

// connect returns the broker at url, which need not be there yet, or none.
func connect(url string) (jetstream.JetStream, error) {
	if url == "" {
		return nil, nil //nolint:nilnil // none is what Deps has for it
	}
	bus, err := nats.Connect(url, nats.RetryOnFailedConnect(true), nats.MaxReconnects(-1))
	if err != nil {
		return nil, err
	}
	return jetstream.New(bus)
}

// Serve answers on address and does the service's background work until ctx
// ends. Then it is no longer ready, but still answers for as long as leave says;
// lets running requests finish; and stops the work, which hands on what it has
// in hand.
func Serve(ctx context.Context, s *Service, address string, leave Leave) error {
	work, stopWork := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWork()
	worked := make(chan error, 1)
	serving, stopServing := context.WithCancelCause(ctx)
	defer stopServing(nil)
	go func() {
		err := s.work(work)
		if err != nil {
			stopServing(err) // without its work the service must not look well
		}
		worked <- err
	}()
	answering, stopAnswering := context.WithCancel(context.WithoutCancel(ctx))
	defer stopAnswering()
	context.AfterFunc(serving, func() { time.AfterFunc(leave.After, stopAnswering) })
	err := httpx.Serve(answering, address, WithHealth(serving, s), leave.Grace)
	stopWork()
	return errors.Join(err, <-worked)
}

func (s *Service) work(ctx context.Context) error {
	if s.Run == nil {
		<-ctx.Done()
		return nil
	}
	return s.Run(ctx)
}

// WithHealth adds what the machinery around s asks. /healthz answers while the
// process does: nothing that a restart would not mend is in it, and so no
// database. /readyz answers while s has what it needs of its own, and ctx has not
// ended. /startz answers once s was ready: until then it is not to be restarted for
// being slow.
//
// After ctx every answer says that the connection ends with it, so that whoever
// keeps one open comes back to somebody else.
func WithHealth(ctx context.Context, s *Service) http.Handler {
	var started atomic.Bool
	ready := func(ctx context.Context) bool {
		ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
		defer cancel()
		if s.Ready != nil && s.Ready(ctx) != nil {
			return false
		}
		started.Store(true)
		return true
	}
	answer := func(w http.ResponseWriter, well bool) {
		if !well {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("GET /startz", func(w http.ResponseWriter, r *http.Request) {
		answer(w, started.Load() || ready(r.Context()))
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		answer(w, ctx.Err() == nil && ready(r.Context()))
	})
	mux.Handle("/", s.Handler)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if ctx.Err() != nil {
			w.Header().Set("Connection", "close")
		}
		mux.ServeHTTP(w, r)
	})
}
