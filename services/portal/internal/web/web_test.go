package web_test

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/services/portal/internal/form"
	"github.com/instead-support/instead/services/portal/internal/web"
)

func TestEveryKindOfErrorHasAPageInPlainWordsWithAWayOut(t *testing.T) {
	b := start(t).browser(t)
	for kind, want := range map[fault.Kind]struct {
		status int
		title  string
	}{
		fault.Invalid:         {400, "There is a problem with what was sent"},
		fault.Unauthenticated: {401, "Sign in again"},
		fault.Forbidden:       {403, "You can’t do this"},
		fault.NotFound:        {404, "Page not found"},
		fault.Conflict:        {409, "Someone else changed this"},
		fault.OverCap:         {409, "This is more than is available"},
		fault.TooLarge:        {413, "That is too large"},
		fault.Unavailable:     {503, "This is not working right now"},
		fault.Internal:        {500, "Something went wrong"},
		"unheard-of":          {500, "Something went wrong"},
	} {
		p := b.get("/fault/" + string(kind))
		if p.status != want.status || !p.says(want.title) || !p.says("The very words.") || !strings.Contains(p.body, `href="/`) {
			t.Errorf("%s: %d, want %d %q: %s", kind, p.status, want.status, want.title, p.body)
		}
		if says := p.says("About a field."); says != (kind == fault.Invalid) {
			t.Errorf("%s: says what is wrong with the field: %v", kind, says)
		}
	}
}

func TestWhatWentWrongInsideStaysInside(t *testing.T) {
	portal := start(t)
	b := portal.browser(t)
	for _, path := range []string{"/panic", "/bug", "/half"} {
		p := b.get(path)
		if p.status != http.StatusInternalServerError || !p.says("Something went wrong") {
			t.Errorf("%s: %d %s", path, p.status, p.body)
		}
		if p.says("secret") || p.says("EOF") || p.says("half a page") {
			t.Errorf("%s tells of the inside: %s", path, p.body)
		}
	}
	if log := portal.log.String(); strings.Contains(log, "a secret") || strings.Count(log, "page failed") != 3 {
		t.Errorf("the log: %s", log)
	}
}

func TestAnAddressWithNothingAndAWrongMethodHavePages(t *testing.T) {
	b := start(t).browser(t)
	if p := b.get("/nowhere"); p.status != http.StatusNotFound || !p.says("Page not found") {
		t.Errorf("%d %s", p.status, p.body)
	}
	if p := b.post("/requests", nil); p.status != http.StatusMethodNotAllowed || !p.says("can’t be opened like that") {
		t.Errorf("%d %s", p.status, p.body)
	}
}

func TestAPageCanBeAskedForItsHeadersAlone(t *testing.T) {
	b := start(t).browser(t)
	if p := b.do(b.request(http.MethodHead, "/", nil)); p.status != http.StatusOK || p.body != "" {
		t.Errorf("%d %q", p.status, p.body)
	}
}

func TestAFormThatIsTooLargeIsSaid(t *testing.T) {
	b := start(t).browser(t)
	b.get("/jobseekers")
	if p := b.post("/jobseekers", url.Values{"name": {strings.Repeat("x", 25<<20)}}); p.status != http.StatusRequestEntityTooLarge || !p.says("up to 20 MB") {
		t.Errorf("%d %s", p.status, p.body)
	}
}

func TestAPageIsForItsRolesAlone(t *testing.T) {
	b := start(t).browser(t)
	b.get("/jobseekers")
	if p := b.get("/decide"); p.status != http.StatusForbidden || !p.says("This page is for managers.") {
		t.Errorf("%d %s", p.status, p.body)
	}
	if p := b.get("/requests/FR-7K3M-92QX"); p.status != http.StatusOK || !p.says("FR-7K3M-92QX") {
		t.Errorf("%d %s", p.status, p.body)
	}
}

func TestTheMenuIsThatOfTheirRolesAndEachAddressOnce(t *testing.T) {
	b := start(t).browser(t)
	b.portal.staff.set(func(p *provider) { p.roles = []string{"manager", "coach"} })
	p := b.get("/requests")
	for _, item := range []string{"Your jobseekers", "To decide", "Requests"} {
		if strings.Count(p.body, ">"+item+"<") != 1 {
			t.Errorf("the menu has %q %d times: %s", item, strings.Count(p.body, ">"+item+"<"), p.body)
		}
	}
	if p.says("Your support") {
		t.Error("the menu has a jobseeker's page")
	}
	if !p.says(`aria-current="page"`) {
		t.Error("the menu does not say where they are")
	}
}

func TestAPageForNobodyIsASlipFoundAtTheStart(t *testing.T) {
	p := start(t)
	defer func() {
		if recover() == nil {
			t.Error("it started")
		}
	}()
	_, _ = web.New(p.deps(t, p.URL), registers(func(g *web.Group) { g.Get("/", who) }))
}

func TestWhatWasDoneIsSaidOnce(t *testing.T) {
	b := start(t).browser(t)
	b.get("/jobseekers")
	p := b.post("/jobseekers", url.Values{"name": {"Leanne & co"}})
	if p.at.RequestURI() != "/jobseekers?added=Leanne+%26+co" || !p.says("Added Leanne &amp; co") {
		t.Errorf("%v: %s", p.at, p.body)
	}
	if p := b.get("/jobseekers"); p.says("Added") {
		t.Error("it is said again")
	}
}

func TestAFormWithErrorsIsNotASuccess(t *testing.T) {
	b := start(t).browser(t)
	b.get("/jobseekers")
	if p := b.post("/wrong", nil); p.status != http.StatusUnprocessableEntity || !p.says("<title>Error: Wrong") || !p.says("the form again") {
		t.Errorf("%d %s", p.status, p.body)
	}
}

func TestAPageCannotSendAnybodyElsewhere(t *testing.T) {
	b := start(t).browser(t)
	b.get("/jobseekers")
	if p := b.post("/away", nil); p.status != http.StatusInternalServerError {
		t.Errorf("%d at %v", p.status, p.at)
	}
}

func TestTheFormsKeyReachesTheServicesWhateverTheEncoding(t *testing.T) {
	b := start(t).browser(t)
	b.get("/jobseekers")
	if p := b.post("/key", url.Values{form.KeyName: {"k1"}}); !p.says("k1 k1/second") {
		t.Errorf("%s", p.body)
	}
	if p := b.post("/key", nil); !p.says("<h1> </h1>") {
		t.Errorf("without a key: %s", p.body)
	}
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	_ = w.WriteField(form.KeyName, "k2")
	f, _ := w.CreateFormFile("file", "prices.csv")
	_, _ = f.Write(make([]byte, 2<<20))
	_ = w.Close()
	r := b.request(http.MethodPost, "/key", &body)
	r.Header.Set("Content-Type", w.FormDataContentType())
	if p := b.do(r); !p.says("k2 k2/second") {
		t.Errorf("%d %s", p.status, p.body)
	}
}

func TestAFormOfAnotherSiteIsRefused(t *testing.T) {
	b := start(t).browser(t)
	b.get("/jobseekers")
	for name, header := range map[string][2]string{
		"a browser that says so": {"Sec-Fetch-Site", "cross-site"},
		"a neighbour's site":     {"Sec-Fetch-Site", "same-site"},
		"an older browser":       {"Origin", "https://evil.example"},
		"no origin":              {"Origin", "null"},
	} {
		for _, path := range []string{"/jobseekers", "/sign-out"} {
			r := b.request(http.MethodPost, path, strings.NewReader("name=Mallory"))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set(header[0], header[1])
			if p := b.do(r); p.status != http.StatusForbidden || !p.says("came from another website") {
				t.Errorf("%s: %d %s", name, p.status, p.body)
			}
		}
	}
	if p := b.get("/jobseekers"); p.says("Added Mallory") {
		t.Error("the form was taken all the same")
	}
}

func TestPagesCarryTheHeadersThatKeepABrowserSafe(t *testing.T) {
	b := start(t).browser(t)
	for _, path := range []string{"/", "/nowhere", "/jobseekers", "/panic"} {
		h := b.get(path).header
		for name, want := range map[string]string{
			"Cache-Control":                "no-store",
			"X-Content-Type-Options":       "nosniff",
			"Referrer-Policy":              "same-origin",
			"Cross-Origin-Opener-Policy":   "same-origin",
			"Cross-Origin-Resource-Policy": "same-origin",
			"Content-Type":                 "text/html; charset=UTF-8",
		} {
			if got := strings.Join(h.Values(name), ", "); got != want {
				t.Errorf("%s: %s is %q, want %q", path, name, got, want)
			}
		}
		csp := h.Get("Content-Security-Policy")
		if strings.Contains(csp, "unsafe") || !strings.Contains(csp, "frame-ancestors 'none'") || !strings.Contains(csp, "default-src 'none'") {
			t.Errorf("%s: Content-Security-Policy is %q", path, csp)
		}
	}
}

func TestNoPageHoldsWhatThePolicyForbids(t *testing.T) {
	b := start(t).browser(t)
	for _, path := range []string{"/sign-in", "/signed-out", "/nowhere", "/jobseekers", "/sign-out"} {
		p := b.get(path)
		for _, forbidden := range []string{" style=", "<style", " onclick=", "javascript:"} {
			if p.says(forbidden) {
				t.Errorf("%s holds %q", path, forbidden)
			}
		}
		if strings.Count(p.body, "<script") != strings.Count(p.body, "<script type=\"module\" src=\"/assets/") {
			t.Errorf("%s holds a script of its own", path)
		}
	}
}

func TestTheStylesAreServedToBeKept(t *testing.T) {
	b := start(t).browser(t)
	body := b.get("/").body
	i := strings.Index(body, "/assets/")
	css := body[i:][:strings.Index(body[i:], `"`)]
	if p := b.get(css); p.status != http.StatusOK || !strings.Contains(p.header.Get("Cache-Control"), "immutable") {
		t.Errorf("%s: %d %s", css, p.status, p.header)
	}
}

func TestAReaderWithoutASessionGetsNoCookie(t *testing.T) {
	b := start(t).browser(t)
	for _, path := range []string{"/", "/sign-in", "/signed-out", "/nowhere"} {
		if p := b.get(path); p.header.Get("Set-Cookie") != "" {
			t.Errorf("%s set a cookie", path)
		}
	}
}

func TestTheLogHoldsNoNamesTokensOrAddresses(t *testing.T) {
	portal := start(t)
	b := portal.browser(t)
	token := b.get("/jobseekers?name=Leanne").body
	token = token[strings.Index(token, "token:")+6:][:40]
	b.post("/jobseekers", url.Values{"name": {"Leanne"}})
	b.get("/decide?name=Leanne")
	b.get("/nowhere/Leanne")
	b.get("/fault/internal?name=Leanne")
	b.get("/sign-in/staff/back?error=Leanne&state=Leanne")
	log := portal.log.String()
	for _, private := range []string{"Leanne", "priya", token} {
		if strings.Contains(log, private) {
			t.Errorf("the log holds %q: %s", private, log)
		}
	}
}
