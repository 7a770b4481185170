// Package httpx is what every HTTP service here has in common: the server around
// a contract, and the client between services.
//
// It is the only place that knows how a fault becomes a status and how a token
// becomes a person. It has no rules of any service.
package httpx

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/labstack/echo/v4"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
)

// API is what a service says about itself to get a server.
type API struct {
	Name   string // the service's, for spans
	Spec   []byte // the contract, as OpenAPI in JSON
	Tokens *Tokens
	Log    *slog.Logger
}

// most is how large a body may be: an imported file with room to spare.
const most = 24 << 20

// NewAPI returns an Echo to register generated handlers on, and the handler to
// serve. Before a request reaches them it is traced, its caller known (or
// refused), and its shape as the contract says. Every error leaves as a problem
// document. The contract itself is at /openapi.json, and at /docs for people.
func NewAPI(api API) (*echo.Echo, http.Handler, error) {
	spec, err := openapi3.NewLoader().LoadFromData(api.Spec)
	if err != nil {
		return nil, nil, fmt.Errorf("the contract of %s: %w", api.Name, err)
	}
	docs, err := newDocs(spec)
	if err != nil {
		return nil, nil, err
	}
	shape, err := newContract(spec)
	if err != nil {
		return nil, nil, fmt.Errorf("the contract of %s: %w", api.Name, err)
	}
	e := NewEcho(api.Log)
	e.HTTPErrorHandler = func(err error, c echo.Context) {
		if c.Response().Committed {
			// Too late for another answer. The one that was begun must not look whole.
			logFault(api.Log, c, err)
			panic(http.ErrAbortHandler)
		}
		err = db.OrLost(fromEcho(err))
		logFault(api.Log, c, err)
		WriteProblem(c.Response(), c.Request(), err)
	}
	e.Use(authenticate(api.Tokens), func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			if open[c.Request().URL.Path] {
				return next(c)
			}
			if err := shape.check(c); err != nil {
				return err
			}
			return next(c)
		}
	})
	e.GET("/openapi.json", func(c echo.Context) error { return c.JSONBlob(http.StatusOK, api.Spec) })
	e.GET("/docs", func(c echo.Context) error { return c.HTMLBlob(http.StatusOK, docs) })
	return e, Traced(api.Name, e), nil
}

// open lists what may be read without signing in.
var open = map[string]bool{"/openapi.json": true, "/docs": true}

// NewEcho is an Echo with what pages and APIs share: quiet, safe against a
// panic, a limit on bodies, no trust in forwarded addresses, and spans named by
// route.
func NewEcho(log *slog.Logger) *echo.Echo {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.IPExtractor = echo.ExtractIPDirect()
	e.Server.ReadHeaderTimeout = 10 * time.Second
	e.Use(func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) (err error) {
			if route := c.Path(); route != "" {
				c.Request().Pattern = route // names the span, in Traced
				trace.SpanFromContext(c.Request().Context()).SetAttributes(attribute.String("http.route", route))
			}
			c.Request().Body = http.MaxBytesReader(c.Response(), c.Request().Body, most)
			defer func() {
				if p := recover(); p != nil {
					if e, ok := p.(error); ok && errors.Is(e, http.ErrAbortHandler) {
						panic(p)
					}
					// The panic's value may hold data; its type and place do not.
					log.ErrorContext(c.Request().Context(), "panic", "type", fmt.Sprintf("%T", p), "stack", string(debug.Stack()))
					err = fault.As(fmt.Errorf("panic: %T", p))
				}
			}()
			return next(c)
		}
	})
	return e
}

// Traced begins or continues a trace around h, in a span named by the route that
// h finds: never by the address, which holds ids.
func Traced(service string, h http.Handler) http.Handler {
	traced := otelhttp.NewHandler(h, service, otelhttp.WithSpanNameFormatter(func(_ string, r *http.Request) string {
		return strings.TrimSpace(r.Method + " " + r.Pattern)
	}))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		own := *r
		own.Pattern = "" // of a router further out, which says nothing of h's routes
		traced.ServeHTTP(w, &own)
	})
}

func authenticate(tokens *Tokens) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			if open[c.Request().URL.Path] {
				return next(c)
			}
			raw := bearer(c.Request().Header)
			if raw == "" {
				return fault.New(fault.Unauthenticated, "Send an access token: Authorization: Bearer …")
			}
			ctx := c.Request().Context()
			person, err := tokens.Verify(ctx, raw)
			if err != nil {
				return err
			}
			ctx = WithToken(identity.With(ctx, person), raw)
			ctx = db.WithKey(ctx, c.Request().Header.Get("Idempotency-Key"))
			c.SetRequest(c.Request().WithContext(ctx))
			return next(c)
		}
	}
}

// logFault writes what only we can mend at error level, with its cause, and the
// rest quietly. A fault's cause comes from code, never from what people typed.
func logFault(log *slog.Logger, c echo.Context, err error) {
	f := fault.As(err)
	ctx, route := c.Request().Context(), slog.String("route", c.Request().Method+" "+c.Path())
	switch f.Kind {
	case fault.Internal, fault.Unavailable:
		log.ErrorContext(ctx, "request failed", route, "kind", f.Kind, "cause", db.Cause(f))
	default:
		log.InfoContext(ctx, "request refused", route, "kind", f.Kind)
	}
}

// Serve answers on address until ctx ends, then lets running requests finish for
// at most grace.
func Serve(ctx context.Context, address string, h http.Handler, grace time.Duration) error {
	server := &http.Server{Addr: address, Handler: h, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute}
	failed := make(chan error, 1)
	go func() { failed <- server.ListenAndServe() }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	return server.Shutdown(ctx)
}
