package web_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/a-h/templ"
	"github.com/alexedwards/scs/v2/memstore"
	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/httpx"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/portal/internal/component"
	"github.com/instead-support/instead/services/portal/internal/web"
)

// portal is a running portal with pages for testing, and the providers that
// people sign in to it with.
type portal struct {
	*httptest.Server
	staff, public *provider
	signIns       *signIns
	log           *lines

	mu     sync.Mutex
	offset time.Duration // how far its clock is ahead
}

func (p *portal) now() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return time.Now().Add(p.offset)
}

// pass moves the portal's clock.
func (p *portal) pass(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.offset += d
}

func start(t *testing.T, pages ...web.Page) *portal {
	t.Helper()
	t.Parallel()
	p := &portal{staff: newProvider(t, "priya", "coach"), public: newProvider(t, "leanne"), log: &lines{}}
	p.signIns = &signIns{now: p.now, kept: map[uuid.UUID]kept{}}
	p.Server = httptest.NewUnstartedServer(nil)
	address := "http://" + p.Listener.Addr().String()
	handler, err := web.New(p.deps(t, address), append([]web.Page{testPages{}}, pages...)...)
	if err != nil {
		t.Fatal(err)
	}
	p.Config.Handler = handler
	p.Start()
	t.Cleanup(p.Close)
	return p
}

func (p *portal) deps(t *testing.T, address string) web.Deps {
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return web.Deps{
		URL:      u,
		Staff:    web.Client{Name: "staff", Issuer: p.staff.URL, ID: "portal", Secret: "secret"},
		Public:   web.Client{Name: "public", Issuer: p.public.URL, ID: "portal", Secret: "secret"},
		Tokens:   httpx.NewTokens(http.DefaultClient, httpx.Staff(p.staff.URL), httpx.Public(p.public.URL)),
		HTTP:     http.DefaultClient,
		Sessions: sessions{memstore.NewWithCleanupInterval(0)},
		SignIns:  p.signIns,
		Lifetime: 12 * time.Hour,
		Log:      slog.New(slog.NewTextHandler(p.log, nil)),
		Now:      p.now,
	}
}

// testPages do what real pages do, and fail in every way there is.
type testPages struct{}

func (testPages) Register(g *web.Group) {
	g.Open("/", func(r *http.Request) (web.Answer, error) { return say("Start", "the start page"), nil })
	g.Home(identity.Coach, "Your jobseekers", "/jobseekers", who)
	g.Menu(identity.Coach, "Requests", "/requests")
	g.Home(identity.Manager, "To decide", "/decide", who)
	g.Menu(identity.Manager, "Requests", "/requests")
	g.Home(identity.Jobseeker, "Your support", "/support", who)
	g.Get("/requests", who, identity.Coach, identity.Manager)
	g.Get("/requests/:id", func(r *http.Request) (web.Answer, error) { return say("Request", r.PathValue("id")), nil }, identity.Coach)
	g.Get("/everyone", who, identity.Coach, identity.Jobseeker)
	g.Post("/jobseekers", func(r *http.Request) (web.Answer, error) {
		return web.Go("/jobseekers?added=" + url.QueryEscape(r.PostForm.Get("name"))).Saying("Added " + r.PostForm.Get("name")), nil
	}, identity.Coach)
	g.Post("/key", func(r *http.Request) (web.Answer, error) {
		return say("Key", db.Key(r.Context())+" "+db.Key(web.Step(r.Context(), "second"))), nil
	}, identity.Coach)
	g.Post("/wrong", func(r *http.Request) (web.Answer, error) {
		return web.Show(component.LayoutProps{Title: "Wrong", Errors: []component.ErrorItem{{Text: "Enter a name."}}}, words("the form again")), nil
	}, identity.Coach)
	g.Post("/away", func(r *http.Request) (web.Answer, error) { return web.Go("//evil.example"), nil }, identity.Coach)
	g.Open("/fault/:kind", func(r *http.Request) (web.Answer, error) {
		f := fault.New(fault.Kind(r.PathValue("kind")), "The very words.")
		f.Fields = []fault.Field{{Pointer: "/a", Message: "About a field."}}
		return nil, f
	})
	g.Open("/panic", func(r *http.Request) (web.Answer, error) { panic("a secret") })
	g.Open("/bug", func(r *http.Request) (web.Answer, error) { return nil, io.ErrUnexpectedEOF })
	g.Open("/half", func(r *http.Request) (web.Answer, error) {
		return web.Show(component.LayoutProps{Title: "Half"}, templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
			_, _ = io.WriteString(w, "half a page")
			return io.ErrUnexpectedEOF
		})), nil
	})
}

// who says who is signed in and with which token.
func who(r *http.Request) (web.Answer, error) {
	p, err := identity.From(r.Context())
	if err != nil {
		return nil, err
	}
	return say(r.URL.Path, p.Name+" "+p.ID.String()+" token:"+httpx.Token(r.Context())), nil
}

func say(title, text string) web.Answer {
	return web.Show(component.LayoutProps{Title: title}, words(text))
}

func words(text string) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		_, err := io.WriteString(w, "<h1>"+templ.EscapeString(text)+"</h1>")
		return err
	})
}

// browser is a person's browser: it keeps cookies and follows redirects.
type browser struct {
	*testing.T
	portal *portal
	http   *http.Client
}

func (p *portal) browser(t *testing.T) *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{t, p, &http.Client{Jar: jar}}
}

// page is where a browser ended up.
type page struct {
	status int
	at     *url.URL
	body   string
	header http.Header
}

func (p page) says(words string) bool { return strings.Contains(p.body, words) }

func (b *browser) do(r *http.Request) page {
	b.Helper()
	resp, err := b.http.Do(r)
	if err != nil {
		b.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		b.Fatal(err)
	}
	return page{resp.StatusCode, resp.Request.URL, string(body), resp.Header}
}

func (b *browser) request(method, path string, body io.Reader) *http.Request {
	b.Helper()
	if strings.HasPrefix(path, "/") {
		path = b.portal.URL + path
	}
	r, err := http.NewRequest(method, path, body)
	if err != nil {
		b.Fatal(err)
	}
	return r
}

func (b *browser) get(path string) page {
	b.Helper()
	return b.do(b.request(http.MethodGet, path, nil))
}

func (b *browser) post(path string, form url.Values) page {
	b.Helper()
	r := b.request(http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return b.do(r)
}

// hop asks for one address and follows no redirect.
func (b *browser) hop(path string) (page, *url.URL) {
	b.Helper()
	still := *b.http
	still.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	one := &browser{b.T, b.portal, &still}
	p := one.get(path)
	to, _ := p.at.Parse(p.header.Get("Location"))
	if p.header.Get("Location") == "" {
		to = nil
	}
	return p, to
}

func (b *browser) cookies() []*http.Cookie {
	u, _ := url.Parse(b.portal.URL)
	return b.http.Jar.Cookies(u)
}

// signIns keeps sign-ins in memory.
type signIns struct {
	mu   sync.Mutex
	now  func() time.Time
	kept map[uuid.UUID]kept
	err  error // of every call
}

func (s *signIns) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

type kept struct {
	sealed     []byte
	seen, ends time.Time
}

func (s *signIns) Begin(_ context.Context, id uuid.UUID, sealed []byte, ends time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.kept[id] = kept{sealed, s.now(), ends}
	}
	return s.err
}

func (s *signIns) Find(_ context.Context, id uuid.UUID) ([]byte, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, ok := s.kept[id]
	if s.err != nil || !ok || !s.now().Before(k.ends) || s.now().Sub(k.seen) >= time.Hour {
		return nil, false, s.err
	}
	k.seen = s.now()
	s.kept[id] = k
	return k.sealed, true, nil
}

func (s *signIns) Change(_ context.Context, id uuid.UUID, fn func([]byte) ([]byte, error)) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, ok := s.kept[id]
	if s.err != nil || !ok {
		return false, s.err
	}
	sealed, err := fn(k.sealed)
	if err == nil {
		k.sealed = sealed
		s.kept[id] = k
	}
	return true, err
}

func (s *signIns) End(_ context.Context, id uuid.UUID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		delete(s.kept, id)
	}
	return s.err
}

// sessions keeps sessions in memory.
type sessions struct{ *memstore.MemStore }

func (s sessions) FindCtx(_ context.Context, token string) ([]byte, bool, error) {
	return s.Find(token)
}
func (s sessions) CommitCtx(_ context.Context, token string, b []byte, ends time.Time) error {
	return s.Commit(token, b, ends)
}
func (s sessions) DeleteCtx(_ context.Context, token string) error { return s.Delete(token) }

// lines is a log that a test reads.
type lines struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
