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
	Ready   func(context.Context) error // whether its own database and broker answer
	Run     func(context.Context) error // background work, until the context ends; may be nil
	Close   func()                      // gives back what New took

	// Commands are what the service does instead of serving, by the first argument.
	Commands map[string]Command
}

// Command does one thing and leaves. An error is the process's failure.
type Command func(ctx context.Context, out io.Writer) error

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
	Listen string        `env:"LISTEN" envDefault:":8080"`
	NATS   string        `env:"NATS_URL" envDefault:"nats://nats:4222"`
	Grace  time.Duration `env:"GRACE" envDefault:"20s"`
}

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
	bus, err := nats.Connect(settings.NATS, nats.RetryOnFailedConnect(true), nats.MaxReconnects(-1))
	if err != nil {
		return err
	}
	defer bus.Close()
	js, err := jetstream.New(bus)
	if err != nil {
		return err
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
		return command(ctx, os.Stdout)
	}
	stop, err := telemetry.Start(ctx, "instead-"+s.Name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop(context.WithoutCancel(ctx))) }()
	return Serve(ctx, s, settings.Listen, settings.Grace)
}

// Serve answers on address and does the service's background work until ctx
// ends: then it is no longer ready, lets requests finish, and stops the work.
func Serve(ctx context.Context, s *Service, address string, grace time.Duration) error {
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
	err := httpx.Serve(serving, address, WithHealth(serving, s), grace)
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

// WithHealth adds /healthz, which answers while the process does, and /readyz,
// which answers while s has what it needs and ctx has not ended.
func WithHealth(ctx context.Context, s *Service) http.Handler {
	var leaving atomic.Bool
	context.AfterFunc(ctx, func() { leaving.Store(true) })
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
		defer cancel()
		if leaving.Load() || s.Ready != nil && s.Ready(ctx) != nil {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	mux.Handle("/", s.Handler)
	return mux
}
