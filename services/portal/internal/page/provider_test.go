package page_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/instead-support/instead/pkg/identity"
)

// provider is an OpenID provider that signs in whoever is next. What can go
// wrong in signing in is tested in web; here it always works.
type provider struct {
	*httptest.Server
	mu    sync.Mutex
	next  identity.Person
	codes map[string]signingIn
}

type signingIn struct {
	who   identity.Person
	nonce string
}

var signingKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func newProvider(t *testing.T) *provider {
	t.Helper()
	p := &provider{codes: map[string]signingIn{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		write(w, map[string]any{
			"issuer": p.URL, "authorization_endpoint": p.URL + "/authorize", "token_endpoint": p.URL + "/token",
			"jwks_uri": p.URL + "/keys", "id_token_signing_alg_values_supported": []string{"RS256"},
		})
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		write(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: signingKey().Public(), KeyID: "key", Algorithm: "RS256", Use: "sig"}}})
	})
	mux.HandleFunc("GET /authorize", func(w http.ResponseWriter, r *http.Request) {
		code := rand.Text()
		p.mu.Lock()
		p.codes[code] = signingIn{p.next, r.FormValue("nonce")}
		p.mu.Unlock()
		back := url.Values{"state": {r.FormValue("state")}, "code": {code}}
		http.Redirect(w, r, r.FormValue("redirect_uri")+"?"+back.Encode(), http.StatusFound)
	})
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		in := p.codes[r.FormValue("code")]
		p.mu.Unlock()
		now := time.Now()
		claims := func(more map[string]any) string {
			more["iss"], more["sub"] = p.URL, in.who.Name
			more["iat"], more["exp"] = now.Unix(), now.Add(time.Hour).Unix()
			return sign(more)
		}
		write(w, map[string]any{
			"id_token":     claims(map[string]any{"aud": "portal", "nonce": in.nonce}),
			"access_token": claims(map[string]any{"aud": "instead", "name": in.who.Name, "roles": in.who.Roles, "areas": in.who.Areas}),
			"token_type":   "Bearer", "expires_in": 3600,
		})
	})
	p.Server = httptest.NewServer(mux)
	t.Cleanup(p.Close)
	return p
}

func sign(claims map[string]any) string {
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: signingKey(), KeyID: "key"}}, nil)
	if err != nil {
		panic(err)
	}
	token, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		panic(err)
	}
	return token
}

func write(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(body)
}
