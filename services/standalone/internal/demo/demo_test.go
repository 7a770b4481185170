package demo_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/oauth2"

	"github.com/instead-support/instead/pkg/httpx"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/standalone/internal/demo"
)

const (
	origin   = "http://localhost:8080"
	redirect = origin + "/back"
)

// try is the providers and a client of one of them, without any network.
type try struct {
	*testing.T
	providers *demo.Providers
	provider  *demo.Provider
	http      *http.Client
	oauth     oauth2.Config
	oidc      *oidc.Provider
	ctx       context.Context
}

func start(t *testing.T, dir string, pick func(*demo.Providers) *demo.Provider) *try {
	t.Helper()
	return startAt(t, origin, dir, pick)
}

func startAt(t *testing.T, origin, dir string, pick func(*demo.Providers) *demo.Provider) *try {
	t.Helper()
	providers, err := demo.New(demo.Config{Origin: origin, Dir: dir, Client: demo.Client{
		ID: "portal", Secret: "a secret", Redirects: []string{redirect}, AfterLogout: []string{origin + "/signed-out"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{
		Transport:     providers.Transport(nil),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	ctx := oidc.ClientContext(t.Context(), client)
	p := pick(providers)
	discovered, err := oidc.NewProvider(ctx, p.Issuer())
	if err != nil {
		t.Fatal(err)
	}
	return &try{t, providers, p, client, oauth2.Config{
		ClientID: "portal", ClientSecret: "a secret", Endpoint: discovered.Endpoint(), RedirectURL: redirect,
		Scopes: []string{"openid", "profile", "offline_access"},
	}, discovered, ctx}
}

func staff(p *demo.Providers) *demo.Provider  { return p.Staff }
func public(p *demo.Providers) *demo.Provider { return p.Public }

// get fetches an address and returns its status, where it redirects to, and
// its text.
func (t *try) get(address string) (int, *url.URL, string) {
	t.Helper()
	return t.answer(t.http.Get(address))
}

func (t *try) post(address string, form url.Values) (int, *url.URL, string) {
	t.Helper()
	return t.answer(t.http.PostForm(address, form))
}

func (t *try) answer(resp *http.Response, err error) (int, *url.URL, string) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	to, err := resp.Location()
	if err != nil && !errors.Is(err, http.ErrNoLocation) {
		t.Fatal(err)
	}
	return resp.StatusCode, to, string(body)
}

// page is the address of the sign-in page.
func (t *try) page() string { return origin + mustParse(t.provider.Issuer()).Path + "/choose" }

// ask starts a sign-in and returns the address of the page and of its form.
func (t *try) ask(verifier string) (page *url.URL, id string) {
	t.Helper()
	_, page, body := t.get(t.oauth.AuthCodeURL("the state", oidc.Nonce("the nonce"), oauth2.S256ChallengeOption(verifier)))
	if page == nil || page.Path != mustParse(t.page()).Path {
		t.Fatalf("asking to sign in led to %v: %s", page, body)
	}
	return page, page.Query().Get("request")
}

// code picks who to be and returns the code that the browser takes back.
func (t *try) code(verifier string, pick url.Values) string {
	t.Helper()
	_, id := t.ask(verifier)
	pick.Set("request", id)
	status, back, body := t.post(t.page(), pick)
	if status != http.StatusSeeOther || !strings.HasPrefix(back.String(), redirect+"?") || back.Query().Get("state") != "the state" {
		t.Fatalf("choosing led to %d %v: %s", status, back, body)
	}
	return back.Query().Get("code")
}

// signIn signs a person in and returns their tokens.
func (t *try) signIn(pick url.Values) *oauth2.Token {
	t.Helper()
	verifier := oauth2.GenerateVerifier()
	token, err := t.oauth.Exchange(t.ctx, t.code(verifier, pick), oauth2.VerifierOption(verifier))
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func (t *try) refresh(token *oauth2.Token) (*oauth2.Token, error) {
	return t.oauth.TokenSource(t.ctx, &oauth2.Token{RefreshToken: token.RefreshToken}).Token()
}

// claims checks a token as the services do and returns what it says.
func (t *try) claims(token, audience string) (map[string]any, error) {
	verified, err := t.oidc.VerifierContext(t.ctx, &oidc.Config{ClientID: audience}).Verify(t.ctx, token)
	if err != nil {
		return nil, err
	}
	claims := map[string]any{}
	return claims, verified.Claims(&claims)
}

func as(subject string) url.Values { return url.Values{"person": {subject}} }

func mustParse(address string) *url.URL {
	u, err := url.Parse(address)
	if err != nil {
		panic(err)
	}
	return u
}

func TestAMemberOfStaffSignsInAndTheirTokenSaysWhoTheyAre(t *testing.T) {
	try := start(t, t.TempDir(), staff)
	token := try.signIn(as("dan-kershaw"))

	got, err := try.claims(token.AccessToken, httpx.Audience)
	if err != nil {
		t.Fatal(err)
	}
	for claim, want := range map[string]any{
		"iss": "http://localhost/demo-sign-in/staff", "sub": "dan-kershaw", "aud": []any{"instead"},
		"name": "Dan Kershaw", "roles": []any{"coach", "manager"}, "areas": []any{"Oldham"},
	} {
		if diff := cmp.Diff(want, got[claim]); diff != "" {
			t.Errorf("claim %s: %s", claim, diff)
		}
	}
	if left := time.Until(token.Expiry); left > 15*time.Minute || left < 14*time.Minute {
		t.Errorf("the access token is good for %v, want 15 minutes", left)
	}
}

func TestAnIDTokenIsNoAccessToken(t *testing.T) {
	try := start(t, t.TempDir(), staff)
	first := try.signIn(as("priya-shah"))
	second, err := try.refresh(first)
	if err != nil {
		t.Fatal(err)
	}
	for _, token := range []*oauth2.Token{first, second} {
		id, _ := token.Extra("id_token").(string)
		if _, err := try.claims(id, httpx.Audience); err == nil {
			t.Error("a service would take the ID token for an access token")
		}
		claims, err := try.claims(id, "portal")
		if err != nil {
			t.Fatal(err)
		}
		if claims["sub"] != "priya-shah" {
			t.Errorf("the ID token is for %v", claims["sub"])
		}
		if claims["roles"] != nil || claims["name"] != nil {
			t.Errorf("the ID token says more than the sign-in needs: %v", claims)
		}
		if _, err := try.claims(token.AccessToken, "portal"); err == nil {
			t.Error("the portal would take the access token for an ID token")
		}
	}
}

func TestTheNonceComesBack(t *testing.T) {
	try := start(t, t.TempDir(), public)
	id, _ := try.signIn(as("gary-ogden")).Extra("id_token").(string)
	claims, err := try.claims(id, "portal")
	if err != nil || claims["nonce"] != "the nonce" {
		t.Errorf("the ID token holds nonce %v (%v)", claims["nonce"], err)
	}
}

func TestSomeoneNewIsTheSamePersonTheNextTime(t *testing.T) {
	dir := t.TempDir()
	try := start(t, dir, public)
	first, err := try.claims(try.signIn(url.Values{"name": {"  Zoë   O’Neill "}}).AccessToken, httpx.Audience)
	if err != nil {
		t.Fatal(err)
	}
	if first["name"] != "Zoë O’Neill" || !cmp.Equal(first["roles"], []any{"jobseeker"}) || first["areas"] != nil {
		t.Errorf("someone new is %v", first)
	}
	other, err := try.claims(try.signIn(url.Values{"name": {"Zoë O’Neill"}}).AccessToken, httpx.Audience)
	if err != nil || other["sub"] == first["sub"] {
		t.Errorf("two people of one name are one person (%v)", err)
	}

	try = start(t, dir, public)
	again, err := try.claims(try.signIn(as(first["sub"].(string))).AccessToken, httpx.Audience)
	if err != nil || again["sub"] != first["sub"] || again["name"] != first["name"] {
		t.Errorf("after a restart they are %v, %v", again, err)
	}
}

func TestSomeoneNewNeedsAName(t *testing.T) {
	try := start(t, t.TempDir(), public)
	for name, want := range map[string]string{"  ": "Enter a name.", strings.Repeat("é", 60): "Enter a shorter name."} {
		_, id := try.ask(oauth2.GenerateVerifier())
		status, _, body := try.post(try.page(), url.Values{"request": {id}, "name": {name}})
		if status != http.StatusUnprocessableEntity || !strings.Contains(body, want) {
			t.Errorf("name %q: %d, want %q", name, status, want)
		}
	}
}

func TestNobodyNewJoinsTheStaff(t *testing.T) {
	try := start(t, t.TempDir(), staff)
	_, id := try.ask(oauth2.GenerateVerifier())
	if status, back, _ := try.post(try.page(), url.Values{"request": {id}, "name": {"Mallory"}}); back != nil {
		t.Errorf("Mallory joined the staff: %d", status)
	}
}

func TestTheTwoProvidersDoNotKnowEachOthersPeopleOrTokens(t *testing.T) {
	try := start(t, t.TempDir(), staff)
	token, err := try.providers.Public.Token(t.Context(), demo.Jobseekers[0])
	if err != nil {
		t.Fatal(err)
	}
	if _, err := try.claims(token, httpx.Audience); err == nil {
		t.Error("the staff provider's keys verify a jobseeker's token")
	}
	if _, err := try.providers.Public.Token(t.Context(), demo.Staff[0]); err == nil {
		t.Error("the public provider speaks for a coach")
	}
}

func TestATokenMintedInTheProcessVerifiesAgainstTheProvidersKeys(t *testing.T) {
	try := start(t, t.TempDir(), staff)
	for _, person := range demo.Staff {
		token, err := try.provider.Token(t.Context(), person)
		if err != nil {
			t.Fatal(err)
		}
		claims, err := try.claims(token, httpx.Audience)
		if err != nil || claims["sub"] != person.Subject || claims["name"] != person.Name {
			t.Errorf("the token of %s says %v, %v", person.Name, claims, err)
		}
		want := identity.Person{
			ID: identity.IDOf(try.provider.Issuer(), person.Subject), Name: person.Name, Roles: person.Roles, Areas: person.Areas,
		}
		services := httpx.NewTokens(try.http, httpx.Staff(try.provider.Issuer()))
		if got, err := services.Verify(t.Context(), token); err != nil || !cmp.Equal(got, want) {
			t.Errorf("services take %s for %+v, %v", person.Name, got, err)
		}
	}
}

func TestSignInIsRefusedWithoutWhatProtectsIt(t *testing.T) {
	try := start(t, t.TempDir(), staff)
	good := mustParse(try.oauth.AuthCodeURL("s", oidc.Nonce("n"), oauth2.S256ChallengeOption("v"))).Query()
	for name, spoil := range map[string]func(url.Values){
		"no PKCE":       func(q url.Values) { q.Del("code_challenge"); q.Del("code_challenge_method") },
		"plain PKCE":    func(q url.Values) { q.Set("code_challenge_method", "plain") },
		"no method":     func(q url.Values) { q.Del("code_challenge_method") },
		"no state":      func(q url.Values) { q.Del("state") },
		"no nonce":      func(q url.Values) { q.Del("nonce") },
		"implicit flow": func(q url.Values) { q.Set("response_type", "id_token token") },
		"form_post":     func(q url.Values) { q.Set("response_mode", "form_post") },
		"no openid":     func(q url.Values) { q.Set("scope", "profile") },
		"silent":        func(q url.Values) { q.Set("prompt", "none") },
	} {
		q := url.Values{}
		for k, v := range good {
			q[k] = slices.Clone(v)
		}
		spoil(q)
		status, to, body := try.get(try.oauth.Endpoint.AuthURL + "?" + q.Encode())
		refused := status == http.StatusBadRequest
		takenBack := to != nil && strings.HasPrefix(to.String(), redirect) && strings.Contains(to.String(), "error=")
		if !refused && !takenBack {
			t.Errorf("%s: led to %d %v %s, want it refused", name, status, to, body)
		}
	}
}

func TestPeopleAreTakenBackOnlyToTheClient(t *testing.T) {
	try := start(t, t.TempDir(), staff)
	for _, elsewhere := range []string{"https://evil.example/back", redirect + "/more", redirect + "?x=1", "http://localhost:8081/back", "javascript:alert(1)", ""} {
		try.oauth.RedirectURL = elsewhere
		status, to, _ := try.get(try.oauth.AuthCodeURL("s", oidc.Nonce("n"), oauth2.S256ChallengeOption("v")))
		if status != http.StatusBadRequest || to != nil {
			t.Errorf("redirect %q: %d to %v, want 400 and no redirect", elsewhere, status, to)
		}
	}
	try.oauth.RedirectURL, try.oauth.ClientID = redirect, "other"
	if status, to, _ := try.get(try.oauth.AuthCodeURL("s", oidc.Nonce("n"), oauth2.S256ChallengeOption("v"))); status != http.StatusBadRequest || to != nil {
		t.Errorf("an unknown client: %d to %v, want 400 and no redirect", status, to)
	}
}

func TestACodeIsGoodOnceEvenForTwoAtOnce(t *testing.T) {
	try := start(t, t.TempDir(), staff)
	verifier := oauth2.GenerateVerifier()
	code := try.code(verifier, as("helen-barlow"))
	var good, bad int
	var mu sync.Mutex
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			_, err := try.oauth.Exchange(try.ctx, code, oauth2.VerifierOption(verifier))
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				good++
			} else {
				bad++
			}
		})
	}
	wait.Wait()
	if good != 1 || bad != 7 {
		t.Errorf("the code was redeemed %d times", good)
	}
}

func TestACodeIsOfNoUseToAnyoneElse(t *testing.T) {
	try := start(t, t.TempDir(), staff)
	verifier := oauth2.GenerateVerifier()
	for name, exchange := range map[string]func(code string) error{
		"another verifier": func(code string) error {
			_, err := try.oauth.Exchange(try.ctx, code, oauth2.VerifierOption(oauth2.GenerateVerifier()))
			return err
		},
		"no verifier": func(code string) error {
			_, err := try.oauth.Exchange(try.ctx, code)
			return err
		},
		"wrong secret": func(code string) error {
			other := try.oauth
			other.ClientSecret = "a guess"
			_, err := other.Exchange(try.ctx, code, oauth2.VerifierOption(verifier))
			return err
		},
		"another redirect": func(code string) error {
			other := try.oauth
			other.RedirectURL = origin + "/other"
			_, err := other.Exchange(try.ctx, code, oauth2.VerifierOption(verifier))
			return err
		},
	} {
		if err := exchange(try.code(verifier, as("helen-barlow"))); err == nil {
			t.Errorf("%s: the code was redeemed", name)
		}
	}
}

func TestKnowingARequestIsNotEnoughToFinishIt(t *testing.T) {
	try := start(t, t.TempDir(), staff)
	_, id := try.ask(oauth2.GenerateVerifier())
	form := as("helen-barlow")
	form.Set("request", id)
	try.post(try.page(), form)
	if status, to, _ := try.get(try.oauth.Endpoint.AuthURL + "/callback?id=" + id); to != nil {
		t.Errorf("whoever sent the link collected the code: %d to %v", status, to)
	}
}

func TestASessionOutlivesItsAccessTokenAndARestart(t *testing.T) {
	dir := t.TempDir()
	first := start(t, dir, staff).signIn(as("grace-oduya"))
	for range 2 {
		try := start(t, dir, staff)
		fresh, err := try.refresh(first)
		if err != nil {
			t.Fatal(err)
		}
		if claims, err := try.claims(fresh.AccessToken, httpx.Audience); err != nil || claims["sub"] != "grace-oduya" {
			t.Errorf("the refreshed token says %v, %v", claims, err)
		}
		if _, err := try.claims(first.AccessToken, httpx.Audience); err != nil {
			t.Errorf("the token from before the restart: %v", err)
		}
	}
}

func TestWhoeverTriesAnotherPortIsStillThemselves(t *testing.T) {
	dir := t.TempDir()
	first := start(t, dir, staff)
	token := first.signIn(as("priya-shah"))
	second := startAt(t, "http://localhost:9090", dir, staff)
	if second.provider.Issuer() != first.provider.Issuer() {
		t.Errorf("the issuer is now %s", second.provider.Issuer())
	}
	if _, err := second.claims(token.AccessToken, httpx.Audience); err != nil {
		t.Error(err)
	}
	if got := mustParse(second.oauth.Endpoint.AuthURL).Host; got != "localhost:9090" {
		t.Errorf("browsers are sent to %s", got)
	}
}

func TestWhatIsKeptIsForItsOwnerAloneAndHoldsNoTokens(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "sign-in")
	token := start(t, dir, staff).signIn(as("grace-oduya"))
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) != 3 {
		t.Fatalf("kept %v, %v", files, err)
	}
	for _, file := range append(files, dir) {
		info, err := os.Stat(file)
		if err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v, %v", file, info.Mode(), err)
		}
		if b, _ := os.ReadFile(file); strings.Contains(string(b), token.RefreshToken) {
			t.Errorf("%s holds a refresh token", file)
		}
	}
}

func TestSigningOutEndsThatSessionAndNoOther(t *testing.T) {
	try := start(t, t.TempDir(), staff)
	ended, other := try.signIn(as("tom-whitworth")), try.signIn(as("tom-whitworth"))
	hint, _ := ended.Extra("id_token").(string)
	var discovered struct {
		EndSession string `json:"end_session_endpoint"`
	}
	if err := try.oidc.Claims(&discovered); err != nil {
		t.Fatal(err)
	}

	bad := url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {"https://evil.example/"}}
	if _, to, _ := try.get(discovered.EndSession + "?" + bad.Encode()); to != nil {
		t.Errorf("signing out leads to %v", to)
	}
	good := url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {origin + "/signed-out"}}
	if _, to, body := try.get(discovered.EndSession + "?" + good.Encode()); to == nil || to.String() != origin+"/signed-out" {
		t.Errorf("signing out leads to %v: %s", to, body)
	}
	if _, err := try.refresh(ended); err == nil {
		t.Error("the ended session was refreshed")
	}
	if _, err := try.refresh(other); err != nil {
		t.Errorf("another session ended too: %v", err)
	}
}

func TestThePageListsEverybodyAndNeedsNoScript(t *testing.T) {
	for _, c := range []struct {
		pick   func(*demo.Providers) *demo.Provider
		people []demo.Person
	}{{staff, demo.Staff}, {public, demo.Jobseekers}} {
		try := start(t, t.TempDir(), c.pick)
		page, _ := try.ask(oauth2.GenerateVerifier())
		status, _, body := try.get(page.String())
		if status != http.StatusOK || !strings.Contains(body, "Demo sign-in: no password") {
			t.Errorf("the page: %d %s", status, body)
		}
		for _, p := range c.people {
			if !strings.Contains(body, "Sign in<span class=\"hidden\"> as "+p.Name) {
				t.Errorf("the page does not offer to be %s", p.Name)
			}
		}
		if strings.Contains(body, "<script") || strings.Contains(body, "style=") {
			t.Error("the page holds what its own policy forbids")
		}
	}
}

func TestAPageThatWaitedTooLongSaysSo(t *testing.T) {
	try := start(t, t.TempDir(), staff)
	for _, address := range []string{"/choose", "/choose?request=unknown"} {
		if status, _, body := try.get(strings.TrimSuffix(try.page(), "/choose") + address); status != http.StatusBadRequest || !strings.Contains(body, "start again") {
			t.Errorf("%s: %d %s", address, status, body)
		}
	}
	if status, _, body := try.post(try.page(), as("tom-whitworth")); status != http.StatusBadRequest || !strings.Contains(body, "start again") {
		t.Errorf("choosing without a request: %d %s", status, body)
	}
}

func TestAFormOfAnotherSiteIsRefused(t *testing.T) {
	try := start(t, t.TempDir(), staff)
	_, id := try.ask(oauth2.GenerateVerifier())
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, try.page(), strings.NewReader("person=priya-shah&request="+id))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	if status, to, _ := try.answer(try.http.Do(r)); status != http.StatusForbidden || to != nil {
		t.Errorf("another site's form: %d to %v", status, to)
	}
}

func TestOnlyThisMachineIsServedWithoutTLS(t *testing.T) {
	for address, ok := range map[string]bool{
		"http://localhost:8080": true, "http://127.0.0.1:8080": true, "https://instead.example": true,
		"http://instead.example": false, "http://localhost:8080/path": false, "localhost:8080": false, "": false,
	} {
		_, err := demo.New(demo.Config{Origin: address, Dir: t.TempDir(), Client: demo.Client{ID: "portal"}})
		if (err == nil) != ok {
			t.Errorf("origin %q: %v", address, err)
		}
	}
}

func TestTheDemoPeopleAreWhoTheySayTheyAre(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range slices.Concat(demo.Staff, demo.Jobseekers) {
		if seen[p.Subject] || seen[p.Name] || p.About == "" || len(p.Roles) == 0 {
			t.Errorf("%+v is not ready to be anybody", p)
		}
		seen[p.Subject], seen[p.Name] = true, true
		if slices.Contains(p.Roles, identity.Jobseeker) != (len(p.Areas) == 0) {
			t.Errorf("%s: staff have areas and jobseekers have none", p.Name)
		}
	}
	if _, err := json.Marshal(demo.Staff); err != nil {
		t.Error(err)
	}
}
