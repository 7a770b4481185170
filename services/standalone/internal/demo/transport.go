package demo

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/instead-support/instead/pkg/httpx"
)

// Transport takes requests for the providers to them without a network, and
// those for other hosts to next. Whoever signs in or checks tokens in the same
// process then reaches them whether or not anything listens at their origin.
func (p *Providers) Transport(next http.RoundTripper) http.RoundTripper {
	return httpx.InProcess{Hosts: map[string]http.Handler{p.origin.Host: p, p.origin.host(): p}, Next: next}
}

// origin is a scheme and a host, with a port or without.
type origin struct{ *url.URL }

func parseOrigin(s string) (origin, error) {
	u, err := url.Parse(strings.TrimSuffix(s, "/"))
	if err != nil || u.Host == "" || u.Path != "" || (u.Scheme != "http" && u.Scheme != "https") {
		return origin{}, fmt.Errorf("demo sign-in: %q is no origin such as http://localhost:8080", s)
	}
	return origin{u}, nil
}

// host is the host without the port.
func (o origin) host() string { return strings.TrimSuffix(o.Host, ":"+o.Port()) }

func (o origin) withoutPort() string { return o.Scheme + "://" + o.host() }

// local reports whether the origin is on this machine, or has a name that only the
// cluster or network that it is in knows: there http will do.
func (o origin) local() bool {
	return o.Scheme == "http" && (o.Hostname() == "localhost" || net.ParseIP(o.Hostname()).IsLoopback() || !strings.Contains(o.Hostname(), "."))
}
