// Package web is what all pages have in common: addresses and the roles they
// are for, who is signed in, what was just done, what goes wrong, and the
// headers that keep a browser safe.
//
// A page is registered on a Group and answers with Show or Go. It sees neither
// Echo nor cookies nor tokens:
//
//	// Caseload is a coach's home.
//	type Caseload struct{ Needs needs.Client }
//
//	func (c Caseload) Register(g *web.Group) {
//		g.Home(identity.Coach, "Your jobseekers", "/jobseekers", c.show)
//		g.Post("/jobseekers", c.add, identity.Coach)
//	}
//
//	func (c Caseload) show(r *http.Request) (web.Answer, error) {
//		list, err := c.Needs.ListJobseekers(r.Context())
//		if err != nil {
//			return nil, err
//		}
//		return web.Show(component.LayoutProps{Title: "Your jobseekers"}, caseload(list)), nil
//	}
//
// Who is acting is in the request's context: identity.From(r.Context()). Their
// access token and their form's key are there too, for httpx.Client to pass on
// to services. Roles checked here are a courtesy, so that nobody walks into a
// page that is not theirs; what may be done is for each service to decide.
package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/instead-support/instead/pkg/httpx"
	"github.com/instead-support/instead/services/portal/assets"
	"github.com/instead-support/instead/services/portal/internal/component"
)

// Deps is what New needs.
type Deps struct {
	URL      *url.URL // where people reach the portal
	Staff    Client   // at the staff's sign-in provider
	Public   Client   // and at the public's
	Tokens   *httpx.Tokens
	HTTP     *http.Client // to the providers
	Sessions scs.CtxStore
	SignIns  SignIns
	Lifetime time.Duration // after which everybody signs in again
	Log      *slog.Logger
	Now      func() time.Time
}

// SignIns keeps who is signed in, for as long as they use it. What it keeps is
// sealed: it can't be read without the browser's cookie.
type SignIns interface {
	// Begin keeps a new sign-in until ends.
	Begin(ctx context.Context, id uuid.UUID, sealed []byte, ends time.Time) error
	// Find returns a sign-in, which counts as using it; found is false for one
	// that has ended.
	Find(ctx context.Context, id uuid.UUID) (sealed []byte, found bool, err error)
	// Change replaces what is kept by what fn makes of it, one fn at a time.
	Change(ctx context.Context, id uuid.UUID, fn func(sealed []byte) ([]byte, error)) (found bool, err error)
	// End forgets a sign-in.
	End(ctx context.Context, id uuid.UUID) error
}

// site is the portal put together.
type site struct {
	Deps
	doors    map[string]*door // by name
	sessions *scs.SessionManager
	prefix   string // of every cookie's name
	menus    []menu
	cross    *http.CrossOriginProtection
}

// footer is at the bottom of every page.
var footer = []component.Link{
	{Text: "Accessibility", Href: "/accessibility"},
	{Text: "Cookies", Href: "/cookies"},
	{Text: "Privacy", Href: "/privacy"},
}

// New returns the portal with these pages.
func New(d Deps, pages ...Page) (http.Handler, error) {
	if d.URL == nil || d.URL.Host == "" || (d.URL.Scheme != "http" && d.URL.Scheme != "https") {
		return nil, errors.New("the portal's address must be one that people can open, such as https://instead.example")
	}
	if d.Now == nil {
		d.Now = time.Now
	}
	s := &site{Deps: d, prefix: cookiePrefix(d.URL), cross: http.NewCrossOriginProtection()}
	if err := s.cross.AddTrustedOrigin(s.origin()); err != nil {
		return nil, err
	}
	s.doors = map[string]*door{}
	for _, c := range []Client{d.Staff, d.Public} {
		issuer, err := url.Parse(c.Issuer)
		if err != nil || issuer.Host == "" {
			return nil, fmt.Errorf("the %s sign-in provider needs the address of its issuer", c.Name)
		}
		s.doors[c.Name] = &door{Client: c, http: d.HTTP, tokens: d.Tokens, back: s.origin() + "/sign-in/" + c.Name + "/back"}
	}
	s.sessions = newSessions(d, s.prefix)

	e := httpx.NewEcho(d.Log)
	e.HTTPErrorHandler = s.fail
	e.Use(s.safe, s.load, s.who)
	g := &Group{site: s, echo: e}
	s.registerSignIn(g)
	for _, p := range pages {
		p.Register(g)
	}
	mux := http.NewServeMux()
	mux.Handle("GET "+assets.Prefix, assets.Handler())
	mux.Handle("/", httpx.Traced("portal", e))
	return mux, nil
}

// origin is the portal's address without a path.
func (s *site) origin() string { return s.URL.Scheme + "://" + s.URL.Host }

func (s *site) secure() bool { return s.URL.Scheme == "https" }

// safe refuses forms of other sites and sets the headers that keep a page from
// being framed, run foreign scripts, or be seen by the next person at the same
// computer.
func (s *site) safe(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		h := c.Response().Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
		h.Set("Cache-Control", "no-store")
		if s.secure() {
			h.Set("Strict-Transport-Security", "max-age=63072000")
		}
		if s.cross.Check(c.Request()) != nil {
			return errOtherSite
		}
		return next(c)
	}
}

// policy is the Content-Security-Policy of every page.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; " +
	"connect-src 'self'; manifest-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
