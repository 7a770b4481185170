package httpx_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/google/go-cmp/cmp"
	"github.com/labstack/echo/v4"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/httpx"
	"github.com/instead-support/instead/pkg/identity"
)

// provider is an OpenID provider as far as verifying its tokens goes.
type provider struct {
	issuer string
	key    *ecdsa.PrivateKey
}

func newProvider(t *testing.T, issuer string) provider {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return provider{issuer, key}
}

func (p provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		_ = json.NewEncoder(w).Encode(map[string]any{"issuer": p.issuer, "jwks_uri": p.issuer + "/keys", "id_token_signing_alg_values_supported": []string{"ES256"}})
	case "/keys":
		_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: p.key.Public(), KeyID: "1", Algorithm: "ES256", Use: "sig"}}})
	}
}

func (p provider) token(t *testing.T, change map[string]any) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: p.key, KeyID: "1"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	claims := map[string]any{"iss": p.issuer, "sub": "s", "aud": "instead", "exp": time.Now().Add(time.Minute).Unix(),
		"name": "Priya Shah", "roles": []string{"coach", "king", "jobseeker"}, "areas": []string{"Oldham"}}
	for k, v := range change {
		claims[k] = v
	}
	raw, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

const contract = `{"openapi":"3.1.0","info":{"title":"Test","version":"1","description":"For tests."},"servers":[{"url":"http://test"}],
"tags":[{"name":"Things","description":"Things."}],
"paths":{"/things/{id}":{"parameters":[{"name":"id","in":"path","required":true,"schema":{"type":"string","format":"uuid"}}],
 "put":{"operationId":"putThing","summary":"Put a thing","tags":["Things"],
  "parameters":[{"name":"size","in":"query","schema":{"type":"integer","maximum":9}}],
  "requestBody":{"required":true,"content":{"application/json":{"schema":{"type":"object","required":["name","lines"],"properties":{
   "name":{"type":"string","maxLength":3},"kind":{"type":"string","enum":["a","b"]},
   "lines":{"type":"array","items":{"type":"object","required":["pence"],"properties":{"pence":{"type":"integer","minimum":1}}}}}}}}},
  "responses":{"200":{"description":"Put"}}}}}}`

const someID = "0199a3e0-51f5-7c61-9f43-0f0c4a1f6b11"

type world struct {
	staff, public provider
	client        *httpx.Client
	log           *bytes.Buffer
}

// newWorld serves the contract with handler behind it, in process.
func newWorld(t *testing.T, handler echo.HandlerFunc) world {
	t.Helper()
	w := world{staff: newProvider(t, "http://staff"), public: newProvider(t, "http://public"), log: &bytes.Buffer{}}
	hosts := map[string]http.Handler{"staff": w.staff, "public": w.public}
	tokens := httpx.NewTokens(&http.Client{Transport: httpx.InProcess{Hosts: hosts}}, httpx.Staff("http://staff"), httpx.Public("http://public"))
	e, h, err := httpx.NewAPI(httpx.API{Name: "test", Spec: []byte(contract), Tokens: tokens, Log: slog.New(slog.NewTextHandler(w.log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	e.PUT("/things/:id", handler)
	hosts["test"] = h
	w.client = httpx.NewClient(httpx.InProcess{Hosts: hosts})
	return w
}

func (w world) put(ctx context.Context, path, body string) (string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPut, "http://test"+path, strings.NewReader(body))
	if err != nil {
		return "", err
	}
	r.Header.Set("Content-Type", "application/json")
	resp, err := w.client.Do(r)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return string(b), err
}

func whoami(c echo.Context) error {
	p, err := identity.From(c.Request().Context())
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, p)
}

const good = `{"name":"abc","lines":[]}`

func TestRolesAreBelievedOnlyFromTheProviderThatMayGiveThem(t *testing.T) {
	w := newWorld(t, whoami)
	for _, c := range []struct {
		from provider
		want identity.Person
	}{
		{w.staff, identity.Person{ID: identity.IDOf("http://staff", "s"), Name: "Priya Shah", Roles: []identity.Role{identity.Coach}, Areas: []string{"Oldham"}}},
		{w.public, identity.Person{ID: identity.IDOf("http://public", "s"), Name: "Priya Shah", Roles: []identity.Role{identity.Jobseeker}}},
	} {
		body, err := w.put(httpx.WithToken(t.Context(), c.from.token(t, nil)), "/things/"+someID, good)
		if err != nil {
			t.Fatal(err)
		}
		var got identity.Person
		if err := json.Unmarshal([]byte(body), &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Error(diff)
		}
	}
}

func TestATokenThatIsNoGoodIsRefused(t *testing.T) {
	w := newWorld(t, whoami)
	stranger := newProvider(t, "http://staff")
	for name, token := range map[string]string{
		"none":             "",
		"not a token":      "abc",
		"out of date":      w.staff.token(t, map[string]any{"exp": time.Now().Add(-time.Minute).Unix()}),
		"for someone else": w.staff.token(t, map[string]any{"aud": "other"}),
		"unknown issuer":   w.staff.token(t, map[string]any{"iss": "http://evil"}),
		"another's key":    stranger.token(t, nil),
		"public as staff":  w.public.token(t, map[string]any{"iss": "http://staff"}),
		"unsigned":         "eyJhbGciOiJub25lIn0.eyJpc3MiOiJodHRwOi8vc3RhZmYiLCJzdWIiOiJzIiwiYXVkIjoiaW5zdGVhZCIsImV4cCI6OTk5OTk5OTk5OX0.",
	} {
		if _, err := w.put(httpx.WithToken(t.Context(), token), "/things/"+someID, good); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("%s: %v, want unauthenticated", name, err)
		}
	}
}

func TestATokenThatWasGoodIsRefusedOnceItsTimeIsOver(t *testing.T) {
	w := newWorld(t, whoami)
	ends := time.Now().Add(2 * time.Second)
	ctx := httpx.WithToken(t.Context(), w.staff.token(t, map[string]any{"exp": ends.Unix()}))
	if _, err := w.put(ctx, "/things/"+someID, good); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Until(ends))
	if _, err := w.put(ctx, "/things/"+someID, good); !fault.Is(err, fault.Unauthenticated) {
		t.Errorf("after its time: %v, want unauthenticated", err)
	}
}

func TestWhatIsNotAsTheContractSaysIsPointedAtWithoutEchoingIt(t *testing.T) {
	w := newWorld(t, whoami)
	ctx := httpx.WithToken(t.Context(), w.staff.token(t, nil))
	_, err := w.put(ctx, "/things/"+someID+"?size=99", `{"name":"secret","kind":"secret","lines":[{"pence":1},{"pence":0},{}]}`)
	f := fault.As(err)
	want := []fault.Field{
		{Pointer: "/kind", Message: "This must be one of [a b]."},
		{Pointer: "/lines/1/pence", Message: "This must be 1 or more."},
		{Pointer: "/lines/2/pence", Message: "This is required."},
		{Pointer: "/name", Message: "This must have at most 3 characters."},
		{Pointer: "/query/size", Message: "This must be 9 or less."},
	}
	if f.Kind != fault.Invalid || !cmp.Equal(want, f.Fields) {
		t.Errorf("%v: %s", f.Kind, cmp.Diff(want, f.Fields))
	}
	for _, body := range []string{"", "{", "null", `"secret"`, `{"name":1,"lines":[]}`} {
		_, err := w.put(ctx, "/things/"+someID, body)
		if !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: %v, want invalid", body, err)
		}
	}
	if _, err := w.put(ctx, "/things/secret", good); !fault.Is(err, fault.Invalid) {
		t.Errorf("a bad id: %v, want invalid", err)
	}
	if _, err := w.put(ctx, "/nothing", good); !fault.Is(err, fault.NotFound) {
		t.Errorf("no such path: %v, want not found", err)
	}
	if strings.Contains(w.log.String(), "secret") {
		t.Errorf("what was sent is in the log: %s", w.log)
	}
}

func TestAFaultCrossesBetweenServicesWhole(t *testing.T) {
	sent := &fault.Fault{Kind: fault.OverCap, Message: "Too much.", Fields: []fault.Field{{Pointer: "/lines", Message: "Less."}},
		Extra: map[string]any{"cap": map[string]any{"over_pence": 5.0}}}
	w := newWorld(t, func(echo.Context) error { return sent })
	_, err := w.put(httpx.WithToken(t.Context(), w.staff.token(t, nil)), "/things/"+someID, good)
	got := fault.As(err)
	if got.Kind != sent.Kind || got.Message != sent.Message || !cmp.Equal(got.Fields, sent.Fields) || !cmp.Equal(got.Extra, sent.Extra) {
		t.Errorf("arrived as %+v", got)
	}
}

func TestAPanicAndAnUnknownErrorAnswerTheSameAndGiveNothingAway(t *testing.T) {
	for _, h := range []echo.HandlerFunc{
		func(echo.Context) error { panic("hunter2") },
		func(echo.Context) error { return errors.New("hunter2") },
	} {
		w := newWorld(t, h)
		_, err := w.put(httpx.WithToken(t.Context(), w.staff.token(t, nil)), "/things/"+someID, good)
		if f := fault.As(err); f.Kind != fault.Internal || strings.Contains(f.Message, "hunter2") {
			t.Errorf("answered %v %q", f.Kind, f.Message)
		}
	}
}

func TestAServiceThatIsAwayIsUnavailable(t *testing.T) {
	client := httpx.NewClient(httpx.InProcess{})
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://away/", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Do(r); !fault.Is(err, fault.Unavailable) {
		t.Errorf("Do() = %v, want unavailable", err)
	}
}

func TestTheContractAndItsPageAreThereForAnyone(t *testing.T) {
	w := newWorld(t, whoami)
	for path, want := range map[string]string{"/openapi.json": `"openapi":"3.1.0"`, "/docs": "Put a thing"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://test"+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := w.client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		b, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if !strings.Contains(string(b), want) {
			t.Errorf("%s does not show %q", path, want)
		}
	}
}

func TestAnErrorAfterTheAnswerBeganBreaksItOff(t *testing.T) {
	w := newWorld(t, func(c echo.Context) error {
		c.Response().WriteHeader(http.StatusOK)
		_, _ = c.Response().Write([]byte("half"))
		c.Response().Flush()
		return errors.New("the rest is lost")
	})
	ctx := httpx.WithToken(t.Context(), w.staff.token(t, nil))
	if body, err := w.put(ctx, "/things/"+someID, good); err == nil {
		t.Errorf("it ends as if %q were all", body)
	}
	if !strings.Contains(w.log.String(), "request failed") {
		t.Error("nothing is logged of it")
	}
}
