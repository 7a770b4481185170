package web_test

import (
	"errors"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/portal/internal/web"
)

func (b *browser) wantSignedOut() {
	b.Helper()
	if p, to := b.hop("/jobseekers"); p.status != http.StatusSeeOther || to.Path != "/sign-in/staff" {
		b.Errorf("a page for coaches answered %d %v, want it to lead to the staff's sign-in", p.status, to)
	}
}

func TestAMemberOfStaffSignsInAndLandsOnThePageTheyAskedFor(t *testing.T) {
	b := start(t).browser(t)
	p := b.get("/requests?state=submitted")
	if p.status != http.StatusOK || p.at.RequestURI() != "/requests?state=submitted" {
		t.Fatalf("landed on %v with %d: %s", p.at, p.status, p.body)
	}
	want := "priya " + identity.IDOf(b.portal.staff.URL, "priya").String() + " token:ey"
	if !p.says(want) {
		t.Errorf("the page does not say %q: %s", want, p.body)
	}
	if got := len(b.cookies()); got != 1 {
		t.Errorf("the browser keeps %v, want the session alone", b.cookies())
	}
}

func TestAJobseekerSignsInThroughTheOtherDoor(t *testing.T) {
	b := start(t).browser(t)
	if p := b.get("/support"); p.status != http.StatusOK || !p.says("leanne") {
		t.Errorf("%v: %d %s", p.at, p.status, p.body)
	}
}

func TestSomebodyWhoMayComeInByEitherDoorIsAsked(t *testing.T) {
	b := start(t).browser(t)
	p := b.get("/everyone")
	if p.at.Path != "/sign-in" || !p.says("/sign-in/public?return-to=%2Feveryone") || !p.says("/sign-in/staff?return-to=%2Feveryone") {
		t.Errorf("%v: %s", p.at, p.body)
	}
}

func TestAPublicProviderIsNotBelievedOnStaffRoles(t *testing.T) {
	b := start(t).browser(t)
	b.portal.public.set(func(p *provider) { p.roles = []string{"manager"} })
	b.get("/sign-in/public")
	if p := b.get("/decide"); p.status != http.StatusForbidden {
		t.Errorf("a jobseeker opened a manager's page: %d", p.status)
	}
}

func TestTheCookieChangesAtSignIn(t *testing.T) {
	b := start(t).browser(t)
	b.get("/sign-in/staff")
	first := b.cookies()[0].Value
	b.get("/sign-in/staff")
	if second := b.cookies()[0].Value; second == first || len(second) < 40 {
		t.Errorf("signing in again kept cookie %q", second)
	}
	if n := len(b.portal.signIns.kept); n != 1 {
		t.Errorf("%d sign-ins are kept for one browser", n)
	}
}

func TestACookieChosenBySomebodyElseIsNotTaken(t *testing.T) {
	b := start(t).browser(t)
	planted := strings.Repeat("x", 43)
	u, _ := url.Parse(b.portal.URL)
	b.http.Jar.SetCookies(u, []*http.Cookie{{Name: "instead", Value: planted}})
	b.get("/sign-in/staff")
	if b.cookies()[0].Value == planted {
		t.Error("the planted cookie is now somebody's session")
	}
}

func TestNothingThatIsKeptSignsAnybodyIn(t *testing.T) {
	b := start(t).browser(t)
	token := b.get("/jobseekers").body
	token = token[strings.Index(token, "token:")+6:][:60]
	for id, k := range b.portal.signIns.kept {
		if s := string(k.sealed); strings.Contains(s, "priya") || strings.Contains(s, token) {
			t.Errorf("sign-in %v can be read without its cookie", id)
		}
	}
}

func TestTwoTabsSignInAtOnce(t *testing.T) {
	b := start(t).browser(t)
	_, first := b.hop("/sign-in/staff?return-to=/requests")
	_, second := b.hop("/sign-in/staff?return-to=/jobseekers")
	if p := b.get(second.String()); p.at.Path != "/jobseekers" || p.status != http.StatusOK {
		t.Errorf("the second tab landed on %v with %d", p.at, p.status)
	}
	if p := b.get(first.String()); p.at.Path != "/requests" || p.status != http.StatusOK {
		t.Errorf("the first tab landed on %v with %d", p.at, p.status)
	}
}

func TestSignInsThatAreNeverFinishedDoNotFillTheBrowser(t *testing.T) {
	b := start(t).browser(t)
	var last *url.URL
	for range 20 {
		b.portal.pass(time.Second)
		_, last = b.hop("/sign-in/staff")
	}
	if got := len(b.cookies()); got > 5 {
		t.Errorf("the browser keeps %d cookies", got)
	}
	if p := b.get(last.String()); p.status != http.StatusOK || p.at.Path != "/" {
		t.Errorf("the last one: %d at %v", p.status, p.at)
	}
}

func TestAWrongStateIsRefused(t *testing.T) {
	b := start(t).browser(t)
	_, to := b.hop("/sign-in/staff")
	_, back := b.hop(to.String())
	for _, state := range []string{"", "another", "; instead"} {
		q := back.Query()
		q.Set("state", state)
		wrong := *back
		wrong.RawQuery = q.Encode()
		if p := b.get(wrong.String()); p.status != http.StatusBadRequest || !p.says("Try again") {
			t.Errorf("state %q: %d %s", state, p.status, p.body)
		}
	}
	b.wantSignedOut()
}

func TestACodeBroughtByAnotherBrowserIsRefused(t *testing.T) {
	portal := start(t)
	attacker, victim := portal.browser(t), portal.browser(t)
	_, to := attacker.hop("/sign-in/staff")
	_, back := attacker.hop(to.String())
	if p := victim.get(back.String()); p.status != http.StatusBadRequest {
		t.Errorf("the victim is signed in as the attacker: %d at %v", p.status, p.at)
	}
	victim.wantSignedOut()
}

func TestACodeUsedTwiceIsRefused(t *testing.T) {
	b := start(t).browser(t)
	_, to := b.hop("/sign-in/staff")
	_, back := b.hop(to.String())
	cookies := b.cookies()
	if p := b.get(back.String()); p.status != http.StatusOK {
		t.Fatalf("the first use: %d", p.status)
	}
	// A reload, in the same browser, is no error.
	if p := b.get(back.String()); p.status != http.StatusOK || p.at.Path != "/" {
		t.Errorf("a reload: %d at %v", p.status, p.at)
	}
	// A copy of the browser, from before the first use, is refused.
	other := b.portal.browser(t)
	u, _ := url.Parse(b.portal.URL)
	other.http.Jar.SetCookies(u, cookies)
	if p := other.get(back.String()); p.status != http.StatusBadRequest || !p.says("used already") {
		t.Errorf("the second use: %d %s", p.status, p.body)
	}
	other.wantSignedOut()
}

func TestASignInThatTookTooLongBeginsAgain(t *testing.T) {
	b := start(t).browser(t)
	_, to := b.hop("/sign-in/staff")
	_, back := b.hop(to.String())
	b.portal.pass(16 * time.Minute)
	if p := b.get(back.String()); p.status != http.StatusBadRequest || !p.says("longer than 15 minutes") {
		t.Errorf("%d %s", p.status, p.body)
	}
}

func TestTokensThatDoNotBelongAreRefused(t *testing.T) {
	for name, spoil := range map[string]func(id, access map[string]any){
		"another nonce":                func(id, _ map[string]any) { id["nonce"] = "another" },
		"no nonce":                     func(id, _ map[string]any) { delete(id, "nonce") },
		"an ID token for another":      func(id, _ map[string]any) { id["aud"] = "another" },
		"an ID token of another":       func(id, _ map[string]any) { id["iss"] = "https://evil.example" },
		"an ID token that ran out":     func(id, _ map[string]any) { id["exp"] = time.Now().Add(-time.Hour).Unix() },
		"an access token for another":  func(_, access map[string]any) { access["aud"] = "another" },
		"an access token of another":   func(_, access map[string]any) { access["iss"] = "https://evil.example" },
		"an access token that ran out": func(_, access map[string]any) { access["exp"] = time.Now().Add(-time.Hour).Unix() },
		"tokens for two people":        func(_, access map[string]any) { access["sub"] = "helen" },
		"another access token's hash":  func(id, _ map[string]any) { id["at_hash"] = "AAAAAAAAAAAAAAAAAAAAAA" },
	} {
		t.Run(name, func(t *testing.T) {
			b := start(t).browser(t)
			b.portal.staff.set(func(p *provider) { p.spoil = spoil })
			if p := b.get("/sign-in/staff"); p.status != http.StatusBadRequest || !p.says("Try again") {
				t.Errorf("%d at %v: %s", p.status, p.at, p.body)
			}
			b.wantSignedOut()
		})
	}
}

func TestWhatTheProviderRefusesIsSaidKindly(t *testing.T) {
	for problem, words := range map[string]string{
		"access_denied":           "You stopped before it was finished",
		"temporarily_unavailable": "It may be better in a few minutes",
		"<script>":                "could not do it",
	} {
		t.Run(problem, func(t *testing.T) {
			b := start(t).browser(t)
			b.portal.staff.set(func(p *provider) { p.problem = problem })
			p := b.get("/requests")
			if p.status != http.StatusBadRequest || !p.says(words) || !p.says("/sign-in/staff?return-to=%2Frequests") {
				t.Errorf("%d %s", p.status, p.body)
			}
			if p.says("<script>") || p.says("words of the provider") {
				t.Errorf("the page repeats what anybody can put into an address: %s", p.body)
			}
		})
	}
}

func TestAProviderThatIsDownIsSaidAndTriedAgain(t *testing.T) {
	b := start(t).browser(t)
	b.portal.staff.set(func(p *provider) { p.down = true })
	if p := b.get("/sign-in/staff"); p.status != http.StatusServiceUnavailable || !p.says("not answering") {
		t.Errorf("down: %d %s", p.status, p.body)
	}
	b.portal.staff.set(func(p *provider) { p.down = false })
	if p := b.get("/sign-in/staff"); p.status != http.StatusOK {
		t.Errorf("up again: %d", p.status)
	}
}

func TestAProviderThatStartsWithThePortalIsWaitedFor(t *testing.T) {
	b := start(t).browser(t)
	b.portal.staff.set(func(p *provider) { p.down = true })
	time.AfterFunc(200*time.Millisecond, func() { b.portal.staff.set(func(p *provider) { p.down = false }) })
	if p := b.get("/sign-in/staff"); p.status != http.StatusOK {
		t.Errorf("%d", p.status)
	}
}

func TestReturningLeadsNowhereElse(t *testing.T) {
	portal := start(t)
	for _, to := range []string{
		"https://evil.example/", "//evil.example/", "/\\evil.example", "\\\\evil.example", "/\t/evil.example", "evil",
		"javascript:alert(1)", "/%09//evil.example\n", "//", "http:/requests", "/sign-out", "/sign-in/staff",
		"/" + strings.Repeat("a", 2000), "/\x00",
	} {
		b := portal.browser(t)
		p := b.get("/sign-in/staff?return-to=" + url.QueryEscape(to))
		if p.status != http.StatusOK || p.at.Host != portal.Listener.Addr().String() || p.at.Path != "/" {
			t.Errorf("return-to %q led to %v with %d", to, p.at, p.status)
		}
		if p := b.get("/sign-in?return-to=" + url.QueryEscape(to)); p.says("evil") || p.says("javascript") {
			t.Errorf("return-to %q is on the page: %s", to, p.body)
		}
	}
	for _, to := range []string{"/requests", "/requests?a=b&c=d", "/jobseekers?q=%C3%A9%20%26", "/requests/1#line-2"} {
		if p := portal.browser(t).get("/sign-in/staff?return-to=" + url.QueryEscape(to)); p.at.RequestURI() != strings.Split(to, "#")[0] {
			t.Errorf("return-to %q led to %v", to, p.at)
		}
	}
}

func TestASessionThatIsNotUsedEnds(t *testing.T) {
	b := start(t).browser(t)
	b.get("/jobseekers")
	b.portal.pass(59 * time.Minute)
	if p, _ := b.hop("/jobseekers"); p.status != http.StatusOK {
		t.Errorf("after 59 minutes: %d", p.status)
	}
	b.portal.pass(time.Hour)
	b.wantSignedOut()
	if p := b.get("/jobseekers"); p.status != http.StatusOK || p.at.Path != "/jobseekers" {
		t.Errorf("signing in again led to %v with %d", p.at, p.status)
	}
}

func TestASessionEndsHoweverMuchItIsUsed(t *testing.T) {
	b := start(t).browser(t)
	b.get("/jobseekers")
	for range 24 {
		b.portal.pass(30*time.Minute - time.Second)
		if p, _ := b.hop("/jobseekers"); p.status != http.StatusOK {
			t.Fatalf("it ended early: %d", p.status)
		}
	}
	b.portal.pass(time.Minute)
	b.wantSignedOut()
}

func TestAFormSentAfterTheSessionEndedSaysSo(t *testing.T) {
	b := start(t).browser(t)
	b.get("/jobseekers")
	b.portal.pass(2 * time.Hour)
	r := b.request(http.MethodPost, "/jobseekers", strings.NewReader("name=Leanne"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Referer", b.portal.URL+"/jobseekers?page=2")
	p := b.do(r)
	if p.status != http.StatusUnauthorized || !p.says("was not saved") || !p.says("/sign-in?return-to=%2Fjobseekers%3Fpage%3D2") {
		t.Errorf("%d %s", p.status, p.body)
	}
}

func TestAnAccessTokenIsRefreshedBeforeItEnds(t *testing.T) {
	b := start(t).browser(t)
	first := b.get("/jobseekers").body
	b.portal.pass(10 * time.Minute)
	if b.get("/jobseekers").body != first {
		t.Error("the token changed although it was good")
	}
	b.portal.staff.set(func(p *provider) { p.accessFor = time.Hour }) // the provider's clock stands still
	b.portal.pass(4*time.Minute + 30*time.Second)
	second := b.get("/jobseekers").body
	if second == first || b.portal.staff.refreshes != 1 {
		t.Errorf("the token was refreshed %d times", b.portal.staff.refreshes)
	}
	if b.get("/requests"); b.portal.staff.refreshes != 1 {
		t.Error("the fresh token was not kept")
	}
}

func TestRequestsAtOnceRefreshOnce(t *testing.T) {
	b := start(t).browser(t)
	b.get("/jobseekers")
	b.portal.staff.set(func(p *provider) { p.accessFor = time.Hour })
	b.portal.pass(15 * time.Minute)
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			if p, _ := b.hop("/jobseekers"); p.status != http.StatusOK {
				t.Errorf("%d", p.status)
			}
		})
	}
	wait.Wait()
	if b.portal.staff.refreshes != 1 {
		t.Errorf("8 requests refreshed the token %d times", b.portal.staff.refreshes)
	}
}

func TestARoleThatWasTakenAwayIsGoneAtTheNextRefresh(t *testing.T) {
	b := start(t).browser(t)
	b.get("/jobseekers")
	b.portal.staff.set(func(p *provider) { p.roles = []string{"finance"} })
	b.portal.pass(15 * time.Minute)
	if p := b.get("/jobseekers"); p.status != http.StatusForbidden || !p.says("This page is for work coaches.") {
		t.Errorf("%d %s", p.status, p.body)
	}
}

func TestARefusedRefreshMeansSigningInAgainAndComingBack(t *testing.T) {
	b := start(t).browser(t)
	b.get("/jobseekers")
	b.portal.staff.set(func(p *provider) { clear(p.refresh) })
	b.portal.pass(15 * time.Minute)
	if p, to := b.hop("/requests?a=b"); p.status != http.StatusSeeOther || to.RequestURI() != "/sign-in/staff?return-to=%2Frequests%3Fa%3Db" {
		t.Errorf("%d to %v", p.status, to)
	}
	if p := b.get("/requests?a=b"); p.status != http.StatusOK || p.at.RequestURI() != "/requests?a=b" {
		t.Errorf("%d at %v", p.status, p.at)
	}
}

func TestARefreshForSomebodyElseEndsTheSignIn(t *testing.T) {
	b := start(t).browser(t)
	b.get("/jobseekers")
	b.portal.staff.set(func(p *provider) { p.spoil = func(_, access map[string]any) { access["sub"] = "helen" } })
	b.portal.pass(15 * time.Minute)
	b.wantSignedOut()
}

func TestAProviderThatIsDownDoesNotSignPeopleOut(t *testing.T) {
	b := start(t).browser(t)
	b.get("/jobseekers")
	b.portal.staff.set(func(p *provider) { p.down = true })
	b.portal.pass(14*time.Minute + 30*time.Second)
	if p, _ := b.hop("/jobseekers"); p.status != http.StatusOK {
		t.Errorf("with a token good for half a minute: %d", p.status)
	}
	b.portal.pass(time.Minute)
	if p, _ := b.hop("/jobseekers"); p.status != http.StatusServiceUnavailable {
		t.Errorf("with a token that ran out: %d", p.status)
	}
	b.portal.staff.set(func(p *provider) { p.down = false })
	if p, _ := b.hop("/jobseekers"); p.status != http.StatusOK {
		t.Errorf("when the provider is back: %d", p.status)
	}
}

func TestSigningOutEndsTheSessionHereAndAtTheProvider(t *testing.T) {
	b := start(t).browser(t)
	b.get("/jobseekers")
	before := b.cookies()
	p := b.post("/sign-out", nil)
	there, ok := strings.CutPrefix(p.header.Get("Refresh"), "0; url="+b.portal.staff.URL)
	if p.status != http.StatusOK || !ok || !p.says("Signing you out") || p.says("priya") {
		t.Fatalf("%d %s, then %q", p.status, p.body, p.header.Get("Refresh"))
	}
	p = b.get(b.portal.staff.URL + there)
	if p.status != http.StatusOK || p.at.Path != "/signed-out" || !p.says("You have signed out") {
		t.Errorf("%d at %v", p.status, p.at)
	}
	if len(b.portal.staff.ended) != 1 || len(b.portal.signIns.kept) != 0 || len(b.cookies()) != 0 {
		t.Errorf("left: %d ended there, %d kept here, cookies %v", len(b.portal.staff.ended), len(b.portal.signIns.kept), b.cookies())
	}
	copied := b.portal.browser(t)
	u, _ := url.Parse(b.portal.URL)
	copied.http.Jar.SetCookies(u, before)
	copied.wantSignedOut()
}

func TestALinkDoesNotSignAnybodyOut(t *testing.T) {
	b := start(t).browser(t)
	b.get("/jobseekers")
	if p := b.get("/sign-out"); p.status != http.StatusOK || !p.says("Do you want to sign out?") {
		t.Errorf("%d %s", p.status, p.body)
	}
	if p, _ := b.hop("/jobseekers"); p.status != http.StatusOK {
		t.Error("reading the question signed them out")
	}
}

func TestSigningOutWorksWhileTheProviderIsDown(t *testing.T) {
	b := start(t).browser(t)
	b.get("/jobseekers")
	b.portal.staff.set(func(p *provider) { p.down = true })
	r := b.request(http.MethodPost, "/sign-out", nil)
	still := *b.http
	still.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	if _, err := still.Do(r); err != nil {
		t.Fatal(err)
	}
	b.wantSignedOut()
}

func TestASlowRequestDoesNotBringBackWhoSignedOut(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	slow := registers(func(g *web.Group) {
		g.Post("/slow", func(*http.Request) (web.Answer, error) {
			close(entered)
			<-release
			return web.Go("/jobseekers").Saying("Done."), nil // writes the session
		}, identity.Coach)
	})
	b := start(t, slow).browser(t)
	b.get("/jobseekers")
	u, _ := url.Parse(b.portal.URL)
	jar, _ := cookiejar.New(nil)
	jar.SetCookies(u, b.cookies())
	other := &browser{t, b.portal, &http.Client{Jar: jar}}
	done := make(chan page)
	go func() { done <- other.post("/slow", nil) }()
	<-entered
	b.post("/sign-out", nil)
	close(release)
	<-done
	b.wantSignedOut()
}

type registers func(*web.Group)

func (f registers) Register(g *web.Group) { f(g) }

func TestOverTLSTheCookieIsBoundToTheHost(t *testing.T) {
	p := start(t)
	deps := p.deps(t, "https://instead.example")
	handler, err := web.New(deps, testPages{})
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "https://instead.example/sign-in/staff", nil))
	cookies := w.Result().Cookies()
	if len(cookies) != 1 {
		t.Fatalf("cookies: %v", cookies)
	}
	c := cookies[0]
	if !strings.HasPrefix(c.Name, "__Host-instead-sign-in-") || !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" {
		t.Errorf("the cookie is %v", c)
	}
	if got := w.Header().Get("Strict-Transport-Security"); got == "" {
		t.Error("no Strict-Transport-Security")
	}

	to, err := url.Parse(w.Header().Get("Location"))
	if err != nil || to.Query().Get("redirect_uri") != "https://instead.example/sign-in/staff/back" || to.Query().Get("code_challenge_method") != "S256" {
		t.Errorf("the provider is asked for %v", to)
	}
	resp, err := (&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Get(to.String())
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	r := httptest.NewRequest(http.MethodGet, resp.Header.Get("Location"), nil)
	r.AddCookie(c)
	w = httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		if c.MaxAge < 0 {
			continue
		}
		if c.Name != "__Host-instead" || !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || c.MaxAge != 0 || !c.Expires.IsZero() {
			t.Errorf("the session's cookie is %v", c)
		}
	}
}

func TestThePortalDoesNotStartWithoutAnAddress(t *testing.T) {
	p := start(t)
	for _, address := range []string{"", "localhost:8080", "ftp://instead.example", "/"} {
		if _, err := web.New(p.deps(t, address)); err == nil {
			t.Errorf("it started at %q", address)
		}
	}
}

func TestAStoreThatIsDownIsSaidAndSignsNobodyOut(t *testing.T) {
	b := start(t).browser(t)
	b.get("/jobseekers")
	b.portal.signIns.fail(errors.New("connection refused"))
	if p, _ := b.hop("/jobseekers"); p.status != http.StatusServiceUnavailable || !p.says("can’t check who is signed in") {
		t.Errorf("%d %s", p.status, p.body)
	}
	if p := b.post("/sign-out", nil); p.status != http.StatusServiceUnavailable {
		t.Errorf("signing out: %d", p.status)
	}
	if p := b.portal.browser(t).get("/sign-in/staff"); p.status != http.StatusServiceUnavailable {
		t.Errorf("signing in: %d", p.status)
	}
	b.portal.signIns.fail(nil)
	if p, _ := b.hop("/jobseekers"); p.status != http.StatusOK {
		t.Errorf("when the store is back: %d", p.status)
	}
}
