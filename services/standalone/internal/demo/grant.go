package demo

import (
	"crypto"
	"crypto/rsa"
	"time"

	jose "github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"

	"github.com/instead-support/instead/pkg/httpx"
)

const hashOfKeys = crypto.SHA256

// grant is what tokens are made from, whether at sign-in or at a refresh.
type grant struct {
	session
	audience []string
}

func newGrant(s session) *grant { return &grant{s, []string{httpx.Audience}} }

// turnToClient makes the tokens that follow ones for the client to read.
func (g *grant) turnToClient() { g.audience = []string{g.Client} }

func (g *grant) sessionID() string { return g.ID }

func (g *grant) GetSubject() string     { return g.Subject }
func (g *grant) GetAudience() []string  { return g.audience }
func (g *grant) GetScopes() []string    { return g.Scopes }
func (g *grant) GetClientID() string    { return g.Client }
func (g *grant) GetAuthTime() time.Time { return g.SignedIn }

// GetAMR says how the person proved who they are: they did not.
func (g *grant) GetAMR() []string { return nil }

// visit is one sign-in through the page: op's view of a request.
type visit struct {
	*grant
	id      string
	request oidc.AuthRequest
}

func (v *visit) GetID() string                      { return v.id }
func (v *visit) GetACR() string                     { return "" }
func (v *visit) GetNonce() string                   { return v.request.Nonce }
func (v *visit) GetState() string                   { return v.request.State }
func (v *visit) GetRedirectURI() string             { return v.request.RedirectURI }
func (v *visit) GetResponseType() oidc.ResponseType { return v.request.ResponseType }
func (v *visit) GetResponseMode() oidc.ResponseMode { return v.request.ResponseMode }

// Done is asked of a request found by its id alone, and those are never done.
func (v *visit) Done() bool { return false }

func (v *visit) GetCodeChallenge() *oidc.CodeChallenge {
	return &oidc.CodeChallenge{Challenge: v.request.CodeChallenge, Method: v.request.CodeChallengeMethod}
}

// renewal is a session whose access token is being refreshed.
type renewal struct{ *grant }

func (r *renewal) SetCurrentScopes(scopes []string) { r.Scopes = scopes }

// client is op's view of a Client: confidential, code flow only.
type client struct {
	Client
	page string // where the request's id is put at the end
}

func (c *client) GetID() string                       { return c.ID }
func (c *client) RedirectURIs() []string              { return c.Redirects }
func (c *client) PostLogoutRedirectURIs() []string    { return c.AfterLogout }
func (c *client) ApplicationType() op.ApplicationType { return op.ApplicationTypeWeb }
func (c *client) AuthMethod() oidc.AuthMethod         { return oidc.AuthMethodBasic }
func (c *client) ResponseTypes() []oidc.ResponseType {
	return []oidc.ResponseType{oidc.ResponseTypeCode}
}
func (c *client) LoginURL(id string) string            { return c.page + id }
func (c *client) AccessTokenType() op.AccessTokenType  { return op.AccessTokenTypeJWT }
func (c *client) IDTokenLifetime() time.Duration       { return accessFor }
func (c *client) DevMode() bool                        { return false }
func (c *client) IsScopeAllowed(string) bool           { return false }
func (c *client) IDTokenUserinfoClaimsAssertion() bool { return false }
func (c *client) ClockSkew() time.Duration             { return 0 }
func (c *client) GrantTypes() []oidc.GrantType {
	return []oidc.GrantType{oidc.GrantTypeCode, oidc.GrantTypeRefreshToken}
}
func (c *client) RestrictAdditionalIdTokenScopes() func([]string) []string     { return same } //nolint:revive // op's spelling
func (c *client) RestrictAdditionalAccessTokenScopes() func([]string) []string { return same }

func same(scopes []string) []string { return scopes }

// signer is op's view of the signing key, and verifier of its public half.
// RS256 is the one algorithm that every OpenID client must know.
type signer struct {
	id  string
	key *rsa.PrivateKey
}

func (s signer) ID() string                                  { return s.id }
func (s signer) Key() any                                    { return s.key }
func (s signer) SignatureAlgorithm() jose.SignatureAlgorithm { return jose.RS256 }

type verifier struct{ signer }

func (v verifier) Key() any                           { return v.key.Public() }
func (v verifier) Use() string                        { return "sig" }
func (v verifier) Algorithm() jose.SignatureAlgorithm { return jose.RS256 }
