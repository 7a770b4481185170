package httpx

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/fault"
)

// Client calls other services on behalf of whoever is acting in the context: it
// passes on their access token, the key of their message and the trace. An
// answer that is an error comes back as the fault it was, so that callers of a
// generated client look at err alone.
type Client struct{ http http.Client }

// NewClient returns a Client over transport, which in one process leads straight
// to the other service's handler.
func NewClient(transport http.RoundTripper) *Client {
	return &Client{http.Client{Transport: otelhttp.NewTransport(unsearched{transport}), Timeout: 30 * time.Second}}
}

// Patient returns a Client that waits for the whole of an answer as long as whoever
// asked does: for one that comes row by row.
func (c *Client) Patient() *Client {
	patient := *c
	patient.http.Timeout = 0
	return &patient
}

// unsearched takes the query off the address in the span of each call: what is
// searched for may be somebody's name.
type unsearched struct{ next http.RoundTripper }

// RoundTrip sends r as it is.
func (u unsearched) RoundTrip(r *http.Request) (*http.Response, error) {
	address := *r.URL
	address.RawQuery, address.User = "", nil
	trace.SpanFromContext(r.Context()).SetAttributes(attribute.String("url.full", address.String()))
	return u.next.RoundTrip(r)
}

// Do sends r. It returns Unavailable when the service can't be reached.
func (c *Client) Do(r *http.Request) (*http.Response, error) {
	ctx := r.Context()
	if token := Token(ctx); token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if key := db.Key(ctx); key != "" && r.Method != http.MethodGet && r.Header.Get("Idempotency-Key") == "" {
		r.Header.Set("Idempotency-Key", key)
	}
	resp, err := c.http.Do(r)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err() // nobody waits for the answer any more
		}
		return nil, fault.Wrap(errors.Unwrap(err), fault.Unavailable, "A part of the service is not answering. Nothing was changed. Try again in a minute.")
	}
	if resp.StatusCode < http.StatusBadRequest {
		return resp, nil
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "A part of the service stopped half-way through its answer. Try again in a minute.")
	}
	return nil, readProblem(resp.StatusCode, body)
}

// InProcess is a transport that leads each host to a handler of this process,
// and everything else to next.
type InProcess struct {
	Hosts map[string]http.Handler
	Next  http.RoundTripper
}

// RoundTrip calls the handler of r's host directly.
func (t InProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	h, ok := t.Hosts[r.URL.Host]
	if !ok {
		if t.Next == nil {
			return nil, errors.New("no such service in this process: " + r.URL.Host)
		}
		return t.Next.RoundTrip(r)
	}
	in := r.Clone(r.Context())
	in.RequestURI = in.URL.RequestURI()
	in.Host = in.URL.Host
	in.RemoteAddr = "127.0.0.1:0"
	if in.Body == nil {
		in.Body = http.NoBody
	}
	w := &recorder{header: http.Header{}, flushed: make(chan struct{})}
	ended := make(chan struct{})
	var broke error // what a panic came to, known once it has ended
	go func() {
		defer close(ended)
		if r.Body != nil {
			defer r.Body.Close()
		}
		defer func() { w.end(broke) }()
		defer rescue(&broke)
		h.ServeHTTP(w, in)
	}()
	select {
	case <-ended:
		if broke != nil && w.rest == nil {
			return nil, broke // as of a connection that was closed without an answer
		}
	case <-w.flushed:
		// Whoever no longer wants the answer must not leave its handler waiting.
		context.AfterFunc(r.Context(), func() { w.rest.CloseWithError(context.Cause(r.Context())) })
	}
	return w.response(r), nil
}

// recorder keeps what a handler wrote, to hand it on as a response. From the first
// flush on nothing is kept: what is written waits until it is read, so that an
// answer of any length takes little memory.
type recorder struct {
	header  http.Header
	sent    http.Header
	status  int
	body    bytes.Buffer
	flushed chan struct{}
	read    *io.PipeReader
	rest    *io.PipeWriter // nil until the first flush
}

// Header is what the handler sets.
func (w *recorder) Header() http.Header { return w.header }

// WriteHeader keeps the first status.
func (w *recorder) WriteHeader(status int) {
	if w.status == 0 {
		w.status, w.sent = status, w.header.Clone()
	}
}

// Write keeps b, or hands it on.
func (w *recorder) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	if w.rest != nil {
		return w.rest.Write(b)
	}
	return w.body.Write(b)
}

// Flush lets the caller have what was written, and the rest as it comes.
func (w *recorder) Flush() {
	if w.rest != nil {
		return
	}
	w.WriteHeader(http.StatusOK)
	w.read, w.rest = io.Pipe()
	close(w.flushed)
}

// end ends the answer, with an error if it broke off.
func (w *recorder) end(err error) {
	if w.rest != nil {
		_ = w.rest.CloseWithError(err)
	}
}

func (w *recorder) response(r *http.Request) *http.Response {
	w.WriteHeader(http.StatusOK)
	body, length := io.ReadCloser(io.NopCloser(&w.body)), int64(w.body.Len())
	if w.read != nil {
		body, length = struct {
			io.Reader
			io.Closer
		}{io.MultiReader(&w.body, w.read), w.read}, -1
	}
	return &http.Response{
		Status: fmt.Sprintf("%d %s", w.status, http.StatusText(w.status)), StatusCode: w.status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: w.sent, Body: body, ContentLength: length, Request: r,
	}
}
