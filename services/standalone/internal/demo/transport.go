package demo

import (
	"net"
	"net/http"
	"net/url"

	"github.com/instead-support/instead/pkg/httpx"
)

// Transport takes requests for the providers to them without a network, and
// those for other hosts to next. Whoever signs in or checks tokens in the same
// process then reaches them whether or not anything listens at their origin.
func (p *Providers) Transport(next http.RoundTripper) http.RoundTripper {
	return httpx.InProcess{Hosts: map[string]http.Handler{p.host: p}, Next: next}
}

// hostOf is the host of an origin, or "" if it is none.
func hostOf(origin string) string {
	u, err := url.Parse(origin)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") {
		return ""
	}
	return u.Host
}

// local reports whether an origin is on this machine, where http is safe.
func local(origin string) bool {
	u, err := url.Parse(origin)
	if err != nil || u.Scheme != "http" {
		return false
	}
	return u.Hostname() == "localhost" || net.ParseIP(u.Hostname()).IsLoopback()
}
