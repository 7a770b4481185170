package journey_test

import (
	"bytes"
	"compress/gzip"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"

	collect "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	"google.golang.org/protobuf/proto"
)

// collector is a real OTLP receiver that keeps every span it is sent.
type collector struct {
	server *httptest.Server
	mu     sync.Mutex
	spans  []span
}

type span struct {
	trace, name string
	attributes  map[string]string
}

func newCollector() (*collector, error) {
	c := &collector{}
	c.server = httptest.NewServer(http.HandlerFunc(c.receive))
	return c, nil
}

func (c *collector) url() string { return c.server.URL }
func (c *collector) close()      { c.server.Close() }

func (c *collector) receive(w http.ResponseWriter, r *http.Request) {
	var body io.Reader = r.Body
	if r.Header.Get("Content-Encoding") == "gzip" {
		unzipped, err := gzip.NewReader(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		body = unzipped
	}
	b, err := io.ReadAll(body)
	var sent collect.ExportTraceServiceRequest
	if err == nil {
		err = proto.Unmarshal(b, &sent)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, resource := range sent.ResourceSpans {
		for _, scope := range resource.ScopeSpans {
			for _, s := range scope.Spans {
				kept := span{trace: hex.EncodeToString(s.TraceId), name: s.Name, attributes: map[string]string{}}
				for _, a := range s.Attributes {
					kept.attributes[a.Key] = text(a.Value)
				}
				for _, e := range s.Events {
					for _, a := range e.Attributes {
						kept.attributes[e.Name+"/"+a.Key] = text(a.Value)
					}
				}
				c.spans = append(c.spans, kept)
			}
		}
	}
}

func text(v *common.AnyValue) string {
	if s := v.GetStringValue(); s != "" {
		return s
	}
	return v.String()
}

// all returns every span received so far.
func (c *collector) all() []span {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]span(nil), c.spans...)
}

// buffer is a log that can be read while it is written.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write keeps p.
func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
