package httpx

import (
	"context"
	"crypto/sha256"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/hashicorp/golang-lru/v2/expirable"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
)

// Audience is what an access token must be for.
const Audience = "instead"

// Issuer is a sign-in provider and the roles it is believed on. A public
// provider that claimed "manager" for somebody is not believed.
type Issuer struct {
	URL   string
	Roles []identity.Role
	// Everyone is the role of all who sign in there, whatever their claims.
	Everyone identity.Role
}

// Staff is the provider of the council's own people.
func Staff(url string) Issuer {
	return Issuer{URL: url, Roles: []identity.Role{identity.Coach, identity.Manager, identity.Finance, identity.Auditor}}
}

// Public is the provider that jobseekers sign in with.
func Public(url string) Issuer { return Issuer{URL: url, Everyone: identity.Jobseeker} }

// Tokens verifies access tokens: signature, issuer, audience and time. Each
// issuer's keys are fetched when its first token comes, so that a service starts
// without its providers.
type Tokens struct {
	client  *http.Client
	issuers []Issuer

	mu        sync.Mutex
	verifiers map[string]*oidc.IDTokenVerifier

	good *expirable.LRU[[sha256.Size]byte, known] // by the token's hash
}

// known is whom a token spoke for when it was verified.
type known struct {
	person identity.Person
	until  time.Time
}

// believedFor is how long a token that was good is believed without its
// signature being checked again, which costs more than all else that a call does
// before it reaches the database. A key that its provider takes back counts for
// that long at most, and no token outlives its own time.
const believedFor = time.Minute

// NewTokens returns a verifier for these issuers, which are asked over client.
func NewTokens(client *http.Client, issuers ...Issuer) *Tokens {
	return &Tokens{
		client: client, issuers: issuers, verifiers: map[string]*oidc.IDTokenVerifier{},
		good: expirable.NewLRU[[sha256.Size]byte, known](4096, nil, believedFor),
	}
}

// Verify returns who the token speaks for. It returns Unauthenticated for a
// token that is no good, and Unavailable if its issuer can't be asked for keys.
func (t *Tokens) Verify(ctx context.Context, raw string) (identity.Person, error) {
	hash := sha256.Sum256([]byte(raw))
	if k, ok := t.good.Get(hash); ok && time.Now().Before(k.until) {
		return k.person, nil
	}
	person, until, err := t.verify(ctx, raw)
	if err == nil {
		t.good.Add(hash, known{person, until})
	}
	return person, err
}

// verify is Verify, and until when the token is good.
func (t *Tokens) verify(ctx context.Context, raw string) (identity.Person, time.Time, error) {
	refused := func(err error) (identity.Person, time.Time, error) {
		return identity.Person{}, time.Time{}, fault.Wrap(err, fault.Unauthenticated, "Your sign-in has ended. Sign in again.")
	}
	claimed, err := issuerOf(raw)
	if err != nil {
		return refused(err)
	}
	at := slices.IndexFunc(t.issuers, func(i Issuer) bool { return i.URL == claimed })
	if at < 0 {
		return refused(nil)
	}
	verifier, err := t.verifier(ctx, t.issuers[at].URL)
	if err != nil {
		return identity.Person{}, time.Time{}, fault.Wrap(err, fault.Unavailable, "Sign-in can't be checked right now. Try again in a minute.")
	}
	token, err := verifier.Verify(oidc.ClientContext(ctx, t.client), raw)
	if err != nil {
		return refused(err)
	}
	var claims struct {
		Name  string          `json:"name"`
		Roles []identity.Role `json:"roles"`
		Areas []string        `json:"areas"`
	}
	if err := token.Claims(&claims); err != nil {
		return refused(err)
	}
	return t.issuers[at].person(token, claims.Name, claims.Roles, claims.Areas), token.Expiry, nil
}

func (i Issuer) person(token *oidc.IDToken, name string, roles []identity.Role, areas []string) identity.Person {
	p := identity.Person{ID: identity.IDOf(token.Issuer, token.Subject), Name: name}
	if i.Everyone != "" {
		p.Roles = []identity.Role{i.Everyone}
		return p
	}
	for _, r := range roles {
		if slices.Contains(i.Roles, r) {
			p.Roles = append(p.Roles, r)
		}
	}
	p.Areas = areas
	return p
}

func (t *Tokens) verifier(ctx context.Context, issuer string) (*oidc.IDTokenVerifier, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if v := t.verifiers[issuer]; v != nil {
		return v, nil
	}
	// The key set outlives this call, so it must not die with its context.
	provider, err := oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(ctx), t.client), issuer)
	if err != nil {
		return nil, err
	}
	v := provider.Verifier(&oidc.Config{ClientID: Audience})
	t.verifiers[issuer] = v
	return v, nil
}

// bearer is the token of an Authorization header, or "".
func bearer(h http.Header) string {
	scheme, token, _ := strings.Cut(h.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

type tokenKey struct{}

// WithToken keeps the caller's access token, for calls made on their behalf.
func WithToken(ctx context.Context, token string) context.Context {
	return context.WithValue(ctx, tokenKey{}, token)
}

// Token is the access token of who is acting, or "".
func Token(ctx context.Context) string {
	token, _ := ctx.Value(tokenKey{}).(string)
	return token
}
