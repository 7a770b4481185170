package web_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// provider is an OpenID provider that signs in the person it is told to, and
// can be told to misbehave.
type provider struct {
	*httptest.Server

	mu        sync.Mutex
	subject   string
	name      string
	roles     []string
	accessFor time.Duration
	down      bool                            // answers 503
	problem   string                          // sent back instead of a code
	spoil     func(id, access map[string]any) // of the tokens of the next sign-in
	codes     map[string]url.Values           // what was asked, by code
	refresh   map[string]string               // the subject, by refresh token, each good once
	refreshes int
	ended     []string // ID tokens whose sessions were ended
}

var signingKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func newProvider(t *testing.T, subject string, roles ...string) *provider {
	t.Helper()
	p := &provider{
		subject: subject, name: subject, roles: roles, accessFor: 15 * time.Minute,
		codes: map[string]url.Values{}, refresh: map[string]string{},
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, r *http.Request) {
		answer(w, http.StatusOK, map[string]any{
			"issuer": p.URL, "authorization_endpoint": p.URL + "/authorize", "token_endpoint": p.URL + "/token",
			"jwks_uri": p.URL + "/keys", "end_session_endpoint": p.URL + "/end", "id_token_signing_alg_values_supported": []string{"RS256"},
		})
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, r *http.Request) {
		answer(w, http.StatusOK, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: signingKey().Public(), KeyID: "key", Algorithm: "RS256", Use: "sig"}}})
	})
	mux.HandleFunc("GET /authorize", p.authorize)
	mux.HandleFunc("POST /token", p.token)
	mux.HandleFunc("GET /end", func(w http.ResponseWriter, r *http.Request) {
		p.ended = append(p.ended, r.FormValue("id_token_hint"))
		http.Redirect(w, r, r.FormValue("post_logout_redirect_uri"), http.StatusFound)
	})
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.down {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(p.Close)
	return p
}

// set changes how the provider behaves from now on.
func (p *provider) set(change func(*provider)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(p)
}

func (p *provider) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	back := url.Values{"state": {q.Get("state")}}
	if p.problem != "" {
		back.Set("error", p.problem)
		back.Set("error_description", "words of the provider's own")
	} else {
		code := rand.Text()
		p.codes[code] = q
		back.Set("code", code)
	}
	http.Redirect(w, r, q.Get("redirect_uri")+"?"+back.Encode(), http.StatusFound)
}

func (p *provider) token(w http.ResponseWriter, r *http.Request) {
	if id, secret, _ := r.BasicAuth(); id != "portal" || secret != "secret" {
		answer(w, http.StatusUnauthorized, map[string]string{"error": "invalid_client"})
		return
	}
	if r.FormValue("grant_type") == "refresh_token" {
		p.refreshes++
		subject, ok := p.refresh[r.FormValue("refresh_token")]
		delete(p.refresh, r.FormValue("refresh_token"))
		if !ok {
			answer(w, http.StatusBadRequest, map[string]string{"error": "invalid_grant"})
			return
		}
		p.tokens(w, subject, "")
		return
	}
	asked, ok := p.codes[r.FormValue("code")]
	delete(p.codes, r.FormValue("code"))
	sum := sha256.Sum256([]byte(r.FormValue("code_verifier")))
	if !ok || asked.Get("code_challenge_method") != "S256" || asked.Get("redirect_uri") != r.FormValue("redirect_uri") ||
		asked.Get("code_challenge") != base64.RawURLEncoding.EncodeToString(sum[:]) {
		answer(w, http.StatusBadRequest, map[string]string{"error": "invalid_grant"})
		return
	}
	p.tokens(w, p.subject, asked.Get("nonce"))
}

func (p *provider) tokens(w http.ResponseWriter, subject, nonce string) {
	now := time.Now()
	common := map[string]any{"iss": p.URL, "sub": subject, "iat": now.Unix(), "exp": now.Add(p.accessFor).Unix(), "jti": rand.Text()}
	id, access := maps.Clone(common), maps.Clone(common)
	maps.Copy(id, map[string]any{"aud": "portal", "nonce": nonce})
	maps.Copy(access, map[string]any{"aud": "instead", "name": p.name, "roles": p.roles, "areas": []string{"Oldham"}})
	if p.spoil != nil {
		p.spoil(id, access)
	}
	refresh := rand.Text()
	p.refresh[refresh] = subject
	answer(w, http.StatusOK, map[string]any{
		"access_token": sign(access), "id_token": sign(id), "refresh_token": refresh,
		"token_type": "Bearer", "expires_in": int(p.accessFor.Seconds()),
	})
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

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
