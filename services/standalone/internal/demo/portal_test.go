package demo_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/instead-support/instead/pkg/config"
	"github.com/instead-support/instead/pkg/db/dbtest"
	"github.com/instead-support/instead/pkg/embedpg"
	"github.com/instead-support/instead/pkg/host"
	"github.com/instead-support/instead/services/portal"
	"github.com/instead-support/instead/services/standalone/internal/demo"
)

// whole is the real portal on a real database, with the demo providers under
// the same origin, as standalone puts them together.
type whole struct {
	*testing.T
	origin    string
	server    *httptest.Server
	handler   atomic.Pointer[http.Handler]
	dir       string
	database  embedpg.Access
	refreshes atomic.Int32

	mu     sync.Mutex
	offset time.Duration // how far its clock is ahead
}

func startWhole(t *testing.T) *whole {
	t.Helper()
	t.Parallel()
	w := &whole{T: t, dir: t.TempDir(), database: dbtest.URLs(t, portal.Migrations, "portal")}
	w.server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		(*w.handler.Load()).ServeHTTP(rw, r)
	}))
	t.Cleanup(w.server.Close)
	w.origin = strings.Replace(w.server.URL, "127.0.0.1", "localhost", 1)
	w.restart()
	return w
}

// restart puts everything together afresh, from what is on disk and in the
// database.
func (w *whole) restart() {
	w.Helper()
	staff, public, signedOut := portal.Redirects(w.origin)
	providers, err := demo.New(demo.Config{Origin: w.origin, Dir: w.dir, Now: w.now, Client: demo.Client{
		ID: "portal", Secret: "a secret", Redirects: []string{staff, public}, AfterLogout: []string{signedOut},
	}})
	if err != nil {
		w.Fatal(err)
	}
	service, err := portal.New(w.Context(), host.Deps{
		Env: config.Env{
			"DATABASE_URL": w.database.Serve, "OWNER_DATABASE_URL": w.database.Owner, "PORTAL_URL": w.origin,
			"STAFF_ISSUER": providers.Staff.Issuer(), "STAFF_CLIENT_SECRET": "a secret",
			"PUBLIC_ISSUER": providers.Public.Issuer(), "PUBLIC_CLIENT_SECRET": "a secret",
		},
		Log: slog.New(slog.NewTextHandler(w.Output(), nil)), Now: w.now,
		Transport: counted{providers.Transport(http.DefaultTransport), &w.refreshes},
	})
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(service.Close)
	mux := http.NewServeMux()
	mux.Handle("/demo-sign-in/", providers)
	mux.Handle("/", service.Handler)
	h := http.Handler(mux)
	w.handler.Store(&h)
}

func (w *whole) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Now().Add(w.offset)
}

func (w *whole) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.offset += d
}

// counted counts the refreshes of access tokens.
type counted struct {
	next      http.RoundTripper
	refreshes *atomic.Int32
}

func (c counted) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasSuffix(r.URL.Path, "/oauth/token") {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		if strings.Contains(string(body), "grant_type=refresh_token") {
			c.refreshes.Add(1)
		}
		r.Body = io.NopCloser(strings.NewReader(string(body)))
	}
	return c.next.RoundTrip(r)
}

// browser is somebody's browser.
type browser struct {
	*whole
	http *http.Client
}

func (w *whole) browser(cookies ...*http.Cookie) *browser {
	w.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		w.Fatal(err)
	}
	jar.SetCookies(mustParse(w.origin), cookies)
	return &browser{w, &http.Client{Jar: jar}}
}

func (b *browser) cookies() []*http.Cookie { return b.http.Jar.Cookies(mustParse(b.origin)) }

// seen is the page that a browser ended up at.
type seen struct {
	status int
	at     *url.URL
	body   string
	header http.Header
}

func (b *browser) send(method, address string, form url.Values, header ...string) seen {
	b.Helper()
	r, err := http.NewRequestWithContext(b.Context(), method, address, strings.NewReader(form.Encode()))
	if err != nil {
		b.Fatal(err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := b.http.Do(r)
	if err != nil {
		b.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		b.Fatal(err)
	}
	return seen{resp.StatusCode, resp.Request.URL, string(body), resp.Header}
}

func (b *browser) get(path string) seen {
	b.Helper()
	return b.send(http.MethodGet, b.origin+path, nil)
}

// stop asks for an address and follows no redirect.
func (b *browser) stop(method, address string, form url.Values) *url.URL {
	b.Helper()
	still := *b.http
	still.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	s := (&browser{b.whole, &still}).send(method, address, form)
	to, err := s.at.Parse(s.header.Get("Location"))
	if err != nil || s.header.Get("Location") == "" {
		b.Fatalf("%s led nowhere: %d %s", address, s.status, s.body)
	}
	return to
}

// chosen signs in as far as the address that the provider sends the browser
// back to, code and all, and stops before going there.
func (b *browser) chosen(door, returnTo string, pick url.Values) *url.URL {
	b.Helper()
	page := b.get("/sign-in/" + door + "?" + url.Values{"return-to": {returnTo}}.Encode())
	if page.status != http.StatusOK || page.at.Path != "/demo-sign-in/"+door+"/choose" {
		b.Fatalf("signing in led to %v with %d: %s", page.at, page.status, page.body)
	}
	form := url.Values{"request": {page.at.Query().Get("request")}}
	for k, v := range pick {
		form[k] = v
	}
	return b.stop(http.MethodPost, b.origin+"/demo-sign-in/"+door+"/choose", form)
}

// enter signs in and returns the page that the person lands on.
func (b *browser) enter(door, returnTo string, pick url.Values) seen {
	b.Helper()
	return b.send(http.MethodGet, b.chosen(door, returnTo, pick).String(), nil)
}

// is reports whether the portal greets this person by name.
func (b *browser) is(name string) bool {
	b.Helper()
	return strings.Contains(b.get("/accessibility").body, ">"+name+"<")
}

func (b *browser) signedOut() bool {
	b.Helper()
	return !strings.Contains(b.get("/accessibility").body, "/sign-out")
}

func TestEveryDemoPersonSignsInToThePortal(t *testing.T) {
	w := startWhole(t)
	for _, p := range demo.Staff {
		b := w.browser()
		if page := b.enter("staff", "/privacy", as(p.Subject)); page.status != http.StatusOK || page.at.Path != "/privacy" || !b.is(p.Name) {
			t.Errorf("%s landed on %v with %d", p.Name, page.at, page.status)
		}
	}
	for _, p := range demo.Jobseekers {
		b := w.browser()
		if page := b.enter("public", "/privacy", as(p.Subject)); page.status != http.StatusOK || page.at.Path != "/privacy" || !b.is(p.Name) {
			t.Errorf("%s landed on %v with %d", p.Name, page.at, page.status)
		}
	}
	b := w.browser()
	if b.enter("public", "/", url.Values{"name": {"Rosa Smith"}}); !b.is("Rosa Smith") {
		t.Error("someone new is not signed in")
	}
}

func TestASignInStandsThroughARestartAndIsRefreshedAfterIt(t *testing.T) {
	w := startWhole(t)
	b := w.browser()
	b.enter("staff", "/", as("priya-shah"))
	w.restart()
	if !b.is("Priya Shah") || w.refreshes.Load() != 0 {
		t.Errorf("the restart signed her out, or refreshed her token %d times", w.refreshes.Load())
	}
	w.pass(14*time.Minute + 30*time.Second)
	if !b.is("Priya Shah") || w.refreshes.Load() != 1 {
		t.Errorf("her token was refreshed %d times, want once", w.refreshes.Load())
	}
}

func TestRequestsAtOnceRefreshTheTokenOnce(t *testing.T) {
	w := startWhole(t)
	b := w.browser()
	b.enter("staff", "/", as("priya-shah"))
	w.pass(14*time.Minute + 30*time.Second)
	var wait sync.WaitGroup
	for range 6 {
		wait.Go(func() {
			if !b.is("Priya Shah") {
				t.Error("she was signed out")
			}
		})
	}
	wait.Wait()
	if n := w.refreshes.Load(); n != 1 {
		t.Errorf("6 requests refreshed the token %d times", n)
	}
}

func TestASessionEndsWhenUnusedAndSigningInLeadsBack(t *testing.T) {
	w := startWhole(t)
	b := w.browser()
	b.enter("staff", "/", as("tom-whitworth"))
	w.pass(time.Hour)
	if !b.signedOut() {
		t.Error("he is still signed in after an hour away")
	}
	if page := b.enter("staff", "/cookies?from=before", as("tom-whitworth")); page.at.RequestURI() != "/cookies?from=before" || !b.is("Tom Whitworth") {
		t.Errorf("signing in again led to %v", page.at)
	}
}

func TestSigningOutEndsBothSessions(t *testing.T) {
	w := startWhole(t)
	b := w.browser()
	b.enter("staff", "/", as("helen-barlow"))
	copied := w.browser(b.cookies()...)
	page := b.send(http.MethodPost, b.origin+"/sign-out", url.Values{})
	there, ok := strings.CutPrefix(page.header.Get("Refresh"), "0; url=")
	if !ok {
		t.Fatalf("%d %v", page.status, page.header)
	}
	if page := b.send(http.MethodGet, there, nil); page.at.Path != "/signed-out" || page.status != http.StatusOK {
		t.Errorf("the provider led to %v with %d", page.at, page.status)
	}
	if !b.signedOut() || !copied.signedOut() {
		t.Error("she is still signed in")
	}
	kept, err := demo.New(demo.Config{Origin: w.origin, Dir: w.dir})
	if err != nil || kept.Staff.Sessions() != 0 {
		t.Errorf("the provider keeps %d sessions (%v)", kept.Staff.Sessions(), err)
	}
}

func TestTwoTabsOfOneBrowserSignInAtOnce(t *testing.T) {
	w := startWhole(t)
	b := w.browser()
	first := b.chosen("staff", "/cookies", as("priya-shah"))
	second := b.chosen("staff", "/privacy", as("priya-shah"))
	for address, want := range map[*url.URL]string{second: "/privacy", first: "/cookies"} {
		if page := b.send(http.MethodGet, address.String(), nil); page.at.Path != want || page.status != http.StatusOK {
			t.Errorf("a tab landed on %v with %d, want %s", page.at, page.status, want)
		}
	}
}

func TestWhatComesBackMustBelongToThisBrowserAndBeNew(t *testing.T) {
	w := startWhole(t)
	b := w.browser()
	back := b.chosen("staff", "/", as("priya-shah"))
	before := b.cookies()

	wrong := *back
	wrong.RawQuery = url.Values{"code": {back.Query().Get("code")}, "state": {"another"}}.Encode()
	if page := b.send(http.MethodGet, wrong.String(), nil); page.status != http.StatusBadRequest || !b.signedOut() {
		t.Errorf("a wrong state: %d", page.status)
	}
	if page := w.browser().send(http.MethodGet, back.String(), nil); page.status != http.StatusBadRequest {
		t.Errorf("another browser: %d", page.status)
	}
	if page := b.send(http.MethodGet, back.String(), nil); page.status == http.StatusBadRequest || !b.is("Priya Shah") {
		t.Errorf("its own browser: %d", page.status)
	}
	replay := w.browser(before...)
	if page := replay.send(http.MethodGet, back.String(), nil); page.status != http.StatusBadRequest || !replay.signedOut() {
		t.Errorf("the same code again: %d", page.status)
	}
}

func TestSigningInLeadsNowhereElse(t *testing.T) {
	w := startWhole(t)
	for _, to := range []string{"https://evil.example/", "//evil.example", "/\\evil.example"} {
		b := w.browser()
		if at := b.stop(http.MethodGet, b.chosen("staff", to, as("priya-shah")).String(), nil); at.String() != w.origin+"/" {
			t.Errorf("return-to %q led to %v", to, at)
		}
	}
}

func TestAnotherSiteCannotSignAnybodyOutOrIn(t *testing.T) {
	w := startWhole(t)
	b := w.browser()
	b.enter("staff", "/", as("priya-shah"))
	if page := b.send(http.MethodPost, b.origin+"/sign-out", url.Values{}, "Sec-Fetch-Site", "cross-site"); page.status != http.StatusForbidden {
		t.Errorf("signing out: %d", page.status)
	}
	if page := b.send(http.MethodPost, b.origin+"/demo-sign-in/staff/choose", as("tom-whitworth"), "Sec-Fetch-Site", "cross-site"); page.status != http.StatusForbidden {
		t.Errorf("choosing: %d", page.status)
	}
	if !b.is("Priya Shah") {
		t.Error("she is not signed in any more")
	}
}
