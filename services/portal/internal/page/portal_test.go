package page_test

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2/memstore"
	"github.com/google/uuid"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	fundingapi "github.com/instead-support/instead/api/funding"
	needsapi "github.com/instead-support/instead/api/needs"
	outcomesapi "github.com/instead-support/instead/api/outcomes"
	reportingapi "github.com/instead-support/instead/api/reporting"
	"github.com/instead-support/instead/pkg/httpx"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/portal/internal/page"
	"github.com/instead-support/instead/services/portal/internal/web"
)

// portal is the real portal, with real sign-in, in front of services that keep
// everything in memory. Calls to them go through the same client and the same
// check against the contract as in production.
type portal struct {
	*httptest.Server
	t             *testing.T
	staff, public *provider
	needs         *memoryNeeds
	funding       *memoryFunding
	outcomes      *memoryOutcomes
	reporting     *memoryReporting
}

// now is when every test happens.
var now = time.Date(2026, time.March, 10, 9, 30, 0, 0, time.UTC)

func start(t *testing.T) *portal {
	t.Helper()
	t.Parallel()
	p := &portal{t: t, staff: newProvider(t), public: newProvider(t), needs: &memoryNeeds{}, funding: &memoryFunding{}, outcomes: &memoryOutcomes{}, reporting: &memoryReporting{}}
	log := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelError}))
	tokens := httpx.NewTokens(http.DefaultClient, httpx.Staff(p.staff.URL), httpx.Public(p.public.URL))

	needsSpec, err := needsapi.GetSpecJSON()
	must(t, err)
	needsEcho, needsHandler, err := httpx.NewAPI(httpx.API{Name: "needs", Spec: needsSpec, Tokens: tokens, Log: log})
	must(t, err)
	needsapi.RegisterHandlers(needsEcho, needsapi.NewStrictHandler(p.needs, nil))
	fundingSpec, err := fundingapi.GetSpecJSON()
	must(t, err)
	fundingEcho, fundingHandler, err := httpx.NewAPI(httpx.API{Name: "funding", Spec: fundingSpec, Tokens: tokens, Log: log})
	must(t, err)
	fundingapi.RegisterHandlers(fundingEcho, fundingapi.NewStrictHandler(p.funding, nil))

	outcomesSpec, err := outcomesapi.GetSpecJSON()
	must(t, err)
	outcomesEcho, outcomesHandler, err := httpx.NewAPI(httpx.API{Name: "outcomes", Spec: outcomesSpec, Tokens: tokens, Log: log})
	must(t, err)
	outcomesapi.RegisterHandlers(outcomesEcho, outcomesapi.NewStrictHandler(p.outcomes, nil))

	reportingSpec, err := reportingapi.GetSpecJSON()
	must(t, err)
	reportingEcho, reportingHandler, err := httpx.NewAPI(httpx.API{Name: "reporting", Spec: reportingSpec, Tokens: tokens, Log: log})
	must(t, err)
	reportingapi.RegisterHandlers(reportingEcho, reportingapi.NewStrictHandler(p.reporting, nil))

	services := httpx.NewClient(httpx.InProcess{Hosts: map[string]http.Handler{
		"needs": needsHandler, "funding": fundingHandler, "outcomes": outcomesHandler, "reporting": reportingHandler,
	}})
	needsClient, err := needsapi.NewClientWithResponses("http://needs", needsapi.WithHTTPClient(services))
	must(t, err)
	fundingClient, err := fundingapi.NewClientWithResponses("http://funding", fundingapi.WithHTTPClient(services))
	must(t, err)
	outcomesClient, err := outcomesapi.NewClientWithResponses("http://outcomes", outcomesapi.WithHTTPClient(services))
	must(t, err)
	reportingClient, err := reportingapi.NewClientWithResponses("http://reporting", reportingapi.WithHTTPClient(services))
	must(t, err)
	rows, err := reportingapi.NewClient("http://reporting", reportingapi.WithHTTPClient(services.Patient()))
	must(t, err)

	p.Server = httptest.NewUnstartedServer(nil)
	address, err := url.Parse("http://" + p.Listener.Addr().String())
	must(t, err)
	p.Config.Handler, err = web.New(web.Deps{
		URL:      address,
		Staff:    web.Client{Name: "staff", Issuer: p.staff.URL, ID: "portal", Secret: "secret"},
		Public:   web.Client{Name: "public", Issuer: p.public.URL, ID: "portal", Secret: "secret"},
		Tokens:   tokens,
		HTTP:     http.DefaultClient,
		Sessions: sessions{memstore.NewWithCleanupInterval(0)},
		SignIns:  &signIns{kept: map[uuid.UUID][]byte{}},
		Lifetime: time.Hour,
		Log:      log,
	}, page.All(page.Deps{Needs: needsClient, Funding: fundingClient, Outcomes: outcomesClient, Reporting: reportingClient, Rows: rows, Now: func() time.Time { return now }})...)
	must(t, err)
	p.Start()
	t.Cleanup(p.Close)
	return p
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// idOf is the id of somebody who signs in to the portal under test.
func (p *portal) idOf(who identity.Person) uuid.UUID {
	return identity.IDOf(p.door(who).URL, who.Name)
}

func (p *portal) door(who identity.Person) *provider {
	if who.Is(identity.Jobseeker) {
		return p.public
	}
	return p.staff
}

// as is the browser of somebody who has signed in.
func (p *portal) as(who identity.Person) *browser {
	p.t.Helper()
	jar, err := cookiejar.New(nil)
	must(p.t, err)
	b := &browser{p.t, p, &http.Client{Jar: jar}}
	door := p.door(who)
	door.mu.Lock()
	door.next = who
	door.mu.Unlock()
	name := "staff"
	if door == p.public {
		name = "public"
	}
	if at := b.get("/sign-in/" + name + "?return-to=/accessibility"); at.status != http.StatusOK {
		p.t.Fatalf("signing in as %s ended at %s with status %d", who.Name, at.url, at.status)
	}
	return b
}

// browser keeps cookies, follows redirects and runs no scripts.
type browser struct {
	t      *testing.T
	portal *portal
	http   *http.Client
}

func (b *browser) do(method, path, contentType string, body io.Reader) seen {
	b.t.Helper()
	r, err := http.NewRequest(method, b.portal.URL+path, body)
	must(b.t, err)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	resp, err := b.http.Do(r)
	must(b.t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	must(b.t, err)
	tree, err := html.Parse(bytes.NewReader(text))
	must(b.t, err)
	return seen{b, resp.StatusCode, resp.Request.URL.RequestURI(), resp.Header, string(text), tree}
}

func (b *browser) get(path string) seen {
	b.t.Helper()
	return b.do(http.MethodGet, path, "", nil)
}

// seen is a page as a browser got it.
type seen struct {
	b      *browser
	status int
	url    string // path and query
	header http.Header
	source string
	tree   *html.Node
}

// text is what the page says, with single spaces, as somebody reads it.
func (s seen) text() string { return textOf(s.tree) }

func textOf(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode && d.Parent.DataAtom != atom.Script && d.Parent.DataAtom != atom.Style {
			b.WriteString(d.Data)
			b.WriteByte(' ')
		}
	}
	words := strings.Join(strings.Fields(b.String()), " ")
	return strings.NewReplacer(" .", ".", " ,", ",", " :", ":").Replace(words)
}

// wants fails the test unless the page says all of these.
func (s seen) wants(words ...string) seen {
	s.b.t.Helper()
	for _, w := range words {
		if !strings.Contains(s.text(), w) {
			s.b.t.Errorf("%s (status %d) does not say %q. It says:\n%s", s.url, s.status, w, s.text())
		}
	}
	return s
}

// lacks fails the test if the page says any of these.
func (s seen) lacks(words ...string) seen {
	s.b.t.Helper()
	for _, w := range words {
		if strings.Contains(s.text(), w) {
			s.b.t.Errorf("%s says %q. It should not. It says:\n%s", s.url, w, s.text())
		}
	}
	return s
}

// is fails the test unless the page is at this address with this status.
func (s seen) is(status int, path string) seen {
	s.b.t.Helper()
	if s.status != status || s.url != path {
		s.b.t.Fatalf("at %s with status %d, want %s with %d:\n%s", s.url, s.status, path, status, s.text())
	}
	return s
}

func (s seen) find(ok func(*html.Node) bool) *html.Node {
	for n := range s.tree.Descendants() {
		if n.Type == html.ElementNode && ok(n) {
			return n
		}
	}
	return nil
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, name string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
}

// follow follows the first link with these words.
func (s seen) follow(words string) seen {
	s.b.t.Helper()
	a := s.find(func(n *html.Node) bool { return n.DataAtom == atom.A && textOf(n) == words })
	if a == nil {
		s.b.t.Fatalf("%s has no link %q:\n%s", s.url, words, s.text())
	}
	base, err := url.Parse(s.url)
	must(s.b.t, err)
	to, err := base.Parse(attr(a, "href"))
	must(s.b.t, err)
	return s.b.get(to.RequestURI())
}

// fill is what is typed into a form, by the name of the field.
type fill map[string]string

// press fills in the form that the button with these words belongs to, and
// presses it. What is not filled in is sent as the page has it. A file is
// filled in as its content, and called courses.csv.
func (s seen) press(button string, typed fill) seen {
	s.b.t.Helper()
	press := s.find(func(n *html.Node) bool { return n.DataAtom == atom.Button && textOf(n) == button })
	if press == nil {
		s.b.t.Fatalf("%s has no button %q:\n%s", s.url, button, s.text())
	}
	form := press.Parent
	for form != nil && form.DataAtom != atom.Form {
		form = form.Parent
	}
	if form == nil {
		s.b.t.Fatalf("%s: the button %q is in no form", s.url, button)
	}
	values, file := fields(form)
	for name, v := range typed {
		if _, there := values[name]; !there && name != file {
			s.b.t.Fatalf("%s: the form has no field %q: %v", s.url, name, values)
		}
		values.Set(name, v)
	}
	if name := attr(press, "name"); name != "" {
		values.Set(name, attr(press, "value"))
	}
	for name, vs := range values { // boxes and buttons that nobody ticked are not sent
		if slices.Equal(vs, []string{unticked}) {
			delete(values, name)
		}
	}
	action := cmp.Or(attr(form, "action"), s.url)
	switch {
	case attr(form, "method") != "post":
		return s.b.get(action + "?" + values.Encode())
	case file != "":
		return s.b.upload(action, values, file)
	}
	return s.b.do(http.MethodPost, action, "application/x-www-form-urlencoded", strings.NewReader(values.Encode()))
}

// unticked is a group of boxes or buttons of which none is ticked.
const unticked = "\x00unticked"

func fields(form *html.Node) (values url.Values, file string) {
	values = url.Values{}
	for n := range form.Descendants() {
		name := attr(n, "name")
		if name == "" {
			continue
		}
		switch n.DataAtom {
		case atom.Input:
			switch attr(n, "type") {
			case "file":
				file = name
			case "radio", "checkbox":
				switch {
				case has(n, "checked"):
					if values.Get(name) == unticked {
						values.Del(name)
					}
					values.Add(name, attr(n, "value"))
				case !values.Has(name):
					values.Set(name, unticked)
				}
			default:
				values.Add(name, attr(n, "value"))
			}
		case atom.Textarea:
			if n.FirstChild != nil {
				values.Add(name, n.FirstChild.Data)
			} else {
				values.Add(name, "")
			}
		case atom.Select:
			chosen, first := "", true
			for o := range n.Descendants() {
				if o.DataAtom == atom.Option && (first || has(o, "selected")) {
					chosen, first = attr(o, "value"), false
				}
			}
			values.Add(name, chosen)
		}
	}
	return values, file
}

func (b *browser) upload(action string, values url.Values, file string) seen {
	b.t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for name, vs := range values {
		for _, v := range vs {
			if name != file {
				must(b.t, w.WriteField(name, v))
			}
		}
	}
	name := "courses.csv"
	if !values.Has(file) {
		name = "" // as a browser sends a field without a file
	}
	part, err := w.CreateFormFile(file, name)
	must(b.t, err)
	_, err = io.WriteString(part, values.Get(file))
	must(b.t, err)
	must(b.t, w.Close())
	return b.do(http.MethodPost, action, w.FormDataContentType(), &body)
}

// sound fails the test unless the page keeps what every page keeps: one
// heading of the first level which the title begins with, labels on fields,
// ids that are there once, and nothing personal in a link.
func (s seen) sound() seen {
	s.b.t.Helper()
	var headings []string
	ids := map[string]int{}
	for n := range s.tree.Descendants() {
		if n.DataAtom == atom.H1 {
			headings = append(headings, textOf(n))
		}
		if id := attr(n, "id"); id != "" {
			ids[id]++
		}
	}
	if len(headings) != 1 {
		s.b.t.Errorf("%s has %d headings of the first level: %q", s.url, len(headings), headings)
		return s
	}
	title := textOf(s.find(func(n *html.Node) bool { return n.DataAtom == atom.Title }))
	if !strings.HasPrefix(strings.TrimPrefix(title, "Error: "), headings[0]) {
		s.b.t.Errorf("%s is called %q in its tab and %q on the page", s.url, title, headings[0])
	}
	for id, n := range ids {
		if n > 1 {
			s.b.t.Errorf("%s has %d elements with the id %q", s.url, n, id)
		}
	}
	for n := range s.tree.Descendants() {
		id := attr(n, "id")
		switch {
		case n.DataAtom == atom.A && strings.HasPrefix(attr(n, "href"), "#") && ids[attr(n, "href")[1:]] == 0:
			s.b.t.Errorf("%s has a link to %s, which is not there", s.url, attr(n, "href"))
		case n.DataAtom == atom.Input && attr(n, "type") != "hidden", n.DataAtom == atom.Textarea, n.DataAtom == atom.Select:
			if s.find(func(l *html.Node) bool { return l.DataAtom == atom.Label && attr(l, "for") == id }) == nil {
				s.b.t.Errorf("%s has a field %q without a label", s.url, attr(n, "name"))
			}
		}
	}
	return s
}

// signIns keeps sign-ins in memory.
type signIns struct {
	mu   sync.Mutex
	kept map[uuid.UUID][]byte
}

func (s *signIns) Begin(_ context.Context, id uuid.UUID, sealed []byte, _ time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept[id] = sealed
	return nil
}

func (s *signIns) Find(_ context.Context, id uuid.UUID) ([]byte, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sealed, ok := s.kept[id]
	return sealed, ok, nil
}

func (s *signIns) Change(_ context.Context, id uuid.UUID, fn func([]byte) ([]byte, error)) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sealed, ok := s.kept[id]
	if !ok {
		return false, nil
	}
	sealed, err := fn(sealed)
	if err == nil {
		s.kept[id] = sealed
	}
	return true, err
}

func (s *signIns) End(_ context.Context, id uuid.UUID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.kept, id)
	return nil
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
