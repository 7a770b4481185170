// Package demo is sign-in without passwords, for trying Instead on one
// machine: two OpenID Connect providers, one for staff and one for the public,
// whose sign-in page is a list of people to be.
//
// It keeps to the protocol in full (authorization code with PKCE, registered
// redirects, single-use codes, refresh, end of session), so that what is tried
// with it is what a council's own provider will do. It proves nobody's
// identity. Only standalone may link it: no service's image contains it.
package demo

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/zitadel/oidc/v3/pkg/op"

	"github.com/instead-support/instead/pkg/identity"
)

// The paths of the two providers below the origin.
const (
	StaffPath  = "/demo-sign-in/staff"
	PublicPath = "/demo-sign-in/public"
)

const (
	accessFor   = 15 * time.Minute // how long an access token is good
	sessionFor  = 24 * time.Hour   // how long it can be refreshed
	chooseFor   = 15 * time.Minute // how long the sign-in page waits
	codeFor     = time.Minute      // how long a code waits to be redeemed
	longestName = 100              // of someone new, in bytes
)

// Config says where the providers are and whom they sign people in to.
type Config struct {
	Origin string // where browsers find them, such as "http://localhost:8080"
	Dir    string // keeps the signing keys and sessions, for its owner alone
	Client Client // the portal
	Now    func() time.Time
}

// Client is an application that people sign in to.
type Client struct {
	ID, Secret  string
	Redirects   []string // where it takes people back to, signed in
	AfterLogout []string // and signed out
}

// Providers are the two providers of one origin. They answer requests whose
// path starts with StaffPath or PublicPath.
type Providers struct {
	Staff  *Provider
	Public *Provider
	origin origin
}

// New returns the providers, with the keys and sessions they had before if
// they ran before.
func New(c Config) (*Providers, error) {
	if c.Now == nil {
		c.Now = time.Now
	}
	origin, err := parseOrigin(c.Origin)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return nil, err
	}
	staff, err := newProvider(c, origin, StaffPath, Staff, nil)
	if err != nil {
		return nil, err
	}
	public, err := newProvider(c, origin, PublicPath, Jobseekers, jobseeker)
	if err != nil {
		return nil, err
	}
	return &Providers{Staff: staff, Public: public, origin: origin}, nil
}

// ServeHTTP passes a request on to the provider it is for.
func (p *Providers) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	for _, provider := range []*Provider{p.Staff, p.Public} {
		if strings.HasPrefix(r.URL.Path, provider.path+"/") {
			provider.ServeHTTP(w, r)
			return
		}
	}
	http.NotFound(w, r)
}

// Provider is one OpenID Connect provider.
type Provider struct {
	issuer  string
	path    string
	address string // in a browser: the issuer, with the port
	store   *storage
	op      *op.Provider
	handler http.Handler
}

func newProvider(c Config, at origin, path string, people []Person, newcomers []identity.Role) (*Provider, error) {
	name := filepath.Join(c.Dir, filepath.Base(path))
	key, err := signingKey(name + "-key.pem")
	if err != nil {
		return nil, err
	}
	kept, err := remember(name + "-sessions.json")
	if err != nil {
		return nil, err
	}
	p := &Provider{issuer: at.withoutPort() + path, path: path, address: at.String() + path}
	p.store, err = newStorage(p.address, c.Client, people, newcomers, key, kept, c.Now)
	if err != nil {
		return nil, err
	}
	config := &op.Config{
		CodeMethodS256:           true,
		GrantTypeRefreshToken:    true,
		DefaultLogoutRedirectURI: at.String() + "/",
		SupportedScopes:          []string{"openid", "profile", "offline_access"},
		SupportedClaims:          []string{"iss", "sub", "aud", "exp", "iat", "nonce", "name", "roles", "areas"},
	}
	// Codes alone are sealed with this key, and no code outlives the process.
	if _, err := rand.Read(config.CryptoKey[:]); err != nil {
		return nil, err
	}
	options := []op.Option{
		op.WithCORSOptions(nil), // no page of another origin has any business here
		op.WithCustomAuthEndpoint(op.NewEndpointWithURL("authorize", p.address+"/authorize")),
		op.WithCustomEndSessionEndpoint(op.NewEndpointWithURL("end-session", p.address+"/end-session")),
	}
	if at.local() {
		options = append(options, op.WithAllowInsecure())
	}
	p.op, err = op.NewProvider(config, p.store, op.StaticIssuer(p.issuer), options...)
	if err != nil {
		return nil, fmt.Errorf("demo sign-in at %s: %w", p.issuer, err)
	}
	p.handler = http.StripPrefix(path, p.routes(at.String()))
	return p, nil
}

// ServeHTTP answers requests whose path is below the provider's.
func (p *Provider) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.handler.ServeHTTP(w, r) }

// Issuer is the provider's name in every token. The port is not part of it:
// people's ids are made from it, and whoever tries another port is still
// themselves. It is therefore an address that only Transport can be relied on
// to reach.
func (p *Provider) Issuer() string { return p.issuer }

// Sessions is how many sessions can still be refreshed.
func (p *Provider) Sessions() int { return p.store.kept.count() }

// Token returns an access token for someone whom the provider knows, as if
// they had just signed in. It is for code in the same process that acts as a
// person: demo data, and imports from the command line.
func (p *Provider) Token(ctx context.Context, person Person) (string, error) {
	if _, ok := p.store.person(person.Subject); !ok {
		return "", fmt.Errorf("%s does not know %q", p.issuer, person.Subject)
	}
	s := session{Subject: person.Subject, Client: p.store.client.ID, SignedIn: p.store.now()}
	id, expires, err := p.store.CreateAccessToken(ctx, newGrant(s))
	if err != nil {
		return "", err
	}
	return op.CreateJWT(ctx, p.issuer, newGrant(s), expires, id, p.store.clientOf(), p.store)
}
