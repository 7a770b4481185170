package demo

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	jose "github.com/go-jose/go-jose/v4"
	"github.com/google/uuid"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"

	"github.com/instead-support/instead/pkg/identity"
)

// storage is what the op package asks of a provider: people, the client, keys,
// and where each sign-in has got to.
type storage struct {
	address   string // of the provider, in a browser
	client    Client
	people    []Person
	newcomers []identity.Role // what someone new may be; none if nobody may come
	key       signer
	kept      *memory
	now       func() time.Time

	mu       sync.Mutex
	requests map[string]asked // by id
	codes    map[string]chosen
}

var (
	_ op.Storage                        = (*storage)(nil)
	_ op.CanTerminateSessionFromRequest = (*storage)(nil)
	_ op.CanSetUserinfoFromRequest      = (*storage)(nil)
	_ op.CanGetPrivateClaimsFromRequest = (*storage)(nil)
)

// asked is a client's request that somebody be signed in.
type asked struct {
	request oidc.AuthRequest
	at      time.Time
}

// chosen is what somebody picked on the page, waiting for its code to be
// redeemed.
type chosen struct {
	id      string // of the request
	request oidc.AuthRequest
	session session
	at      time.Time
}

func newStorage(address string, c Client, people []Person, newcomers []identity.Role, key *rsa.PrivateKey, kept *memory, now func() time.Time) (*storage, error) {
	public := jose.JSONWebKey{Key: key.Public()}
	print, err := public.Thumbprint(hashOfKeys)
	if err != nil {
		return nil, err
	}
	return &storage{
		address: address, client: c, people: people, newcomers: newcomers, kept: kept, now: now,
		key:      signer{id: base64.RawURLEncoding.EncodeToString(print), key: key},
		requests: map[string]asked{},
		codes:    map[string]chosen{},
	}, nil
}

// person finds somebody by subject.
func (s *storage) person(subject string) (Person, bool) {
	for _, people := range [][]Person{s.people, s.kept.newcomers()} {
		if i := slices.IndexFunc(people, func(p Person) bool { return p.Subject == subject }); i >= 0 {
			return people[i], true
		}
	}
	return Person{}, false
}

// welcome makes somebody new of this name and keeps them.
func (s *storage) welcome(name string) (Person, error) {
	name = strings.Join(strings.Fields(name), " ")
	switch {
	case len(s.newcomers) == 0:
		return Person{}, errors.New("Nobody new can sign in here.")
	case name == "":
		return Person{}, errors.New("Enter a name.")
	case len(name) > longestName || !utf8.ValidString(name):
		return Person{}, errors.New("Enter a shorter name.")
	}
	p := Person{Subject: "new-" + uuid.NewString(), Name: name, Roles: s.newcomers}
	return p, s.kept.change(s.now(), func() { s.kept.People = append(s.kept.People, p) })
}

// CreateAuthRequest keeps a request that op has found to come from the client
// and to go back to it. It refuses one that leaves out any of what protects
// the person: op would let it through.
func (s *storage) CreateAuthRequest(_ context.Context, r *oidc.AuthRequest, _ string) (op.AuthRequest, error) {
	switch {
	case r.CodeChallenge == "" || r.CodeChallengeMethod != oidc.CodeChallengeMethodS256:
		return nil, oidc.ErrInvalidRequest().WithDescription("PKCE with S256 is required")
	case r.State == "" || r.Nonce == "":
		return nil, oidc.ErrInvalidRequest().WithDescription("state and nonce are required")
	case r.ResponseMode != "" && r.ResponseMode != oidc.ResponseModeQuery:
		return nil, oidc.ErrInvalidRequest().WithDescription("only response_mode query is supported")
	case !slices.Contains(r.Scopes, oidc.ScopeOpenID):
		return nil, oidc.ErrInvalidScope().WithDescription("scope openid is required")
	case slices.Contains(r.Prompt, oidc.PromptNone):
		return nil, oidc.ErrLoginRequired()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget()
	id := rand.Text()
	s.requests[id] = asked{*r, s.now()}
	return &visit{id: id, request: *r, grant: newGrant(session{Client: r.ClientID, Scopes: r.Scopes})}, nil
}

// forget drops what has waited too long.
func (s *storage) forget() {
	now := s.now()
	for id, a := range s.requests {
		if now.Sub(a.at) > chooseFor {
			delete(s.requests, id)
		}
	}
	for code, c := range s.codes {
		if now.Sub(c.at) > codeFor {
			delete(s.codes, code)
		}
	}
}

// waiting returns the request with this id, if it still waits for a choice.
func (s *storage) waiting(id string) (oidc.AuthRequest, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget()
	a, ok := s.requests[id]
	return a.request, ok
}

// choose signs p in to the request with this id and returns the code for it.
// A second click on the same page gets a second code: the browser follows only
// the last, and the first runs out unused.
func (s *storage) choose(id string, p Person) (oidc.AuthRequest, string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget()
	a, ok := s.requests[id]
	if !ok {
		return oidc.AuthRequest{}, "", false
	}
	code := rand.Text()
	s.codes[code] = chosen{id, a.request, session{
		ID: rand.Text(), Subject: p.Subject, Client: a.request.ClientID, Scopes: a.request.Scopes, SignedIn: s.now(),
	}, s.now()}
	return a.request, code, true
}

// AuthRequestByCode redeems a code: it is good once, even for two at once.
func (s *storage) AuthRequestByCode(_ context.Context, code string) (op.AuthRequest, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget()
	c, ok := s.codes[code]
	if !ok {
		return nil, errors.New("the code was used, has run out, or never was")
	}
	delete(s.codes, code)
	return &visit{id: c.id, request: c.request, grant: newGrant(c.session)}, nil
}

// AuthRequestByID serves op's own way of finishing a sign-in, by the request's
// id alone. It finds nothing: whoever knows the id, such as the one who made
// the link, could collect the code of the person who followed it. Here the
// page itself sends the code with the browser that made the choice.
func (s *storage) AuthRequestByID(context.Context, string) (op.AuthRequest, error) {
	return nil, errors.New("sign-in is finished on its own page")
}

// SaveAuthCode is the other half of AuthRequestByID.
func (s *storage) SaveAuthCode(context.Context, string, string) error {
	return errors.New("sign-in is finished on its own page")
}

// DeleteAuthRequest forgets a request whose code was redeemed.
func (s *storage) DeleteAuthRequest(_ context.Context, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.requests, id)
	return nil
}

// CreateAccessToken names a new access token and says when it ends.
func (s *storage) CreateAccessToken(context.Context, op.TokenRequest) (string, time.Time, error) {
	return uuid.NewString(), s.now().Add(accessFor), nil
}

// CreateAccessAndRefreshTokens does the same, and keeps the session of a new
// sign-in. The refresh token stays the same for the whole session: the client
// has a secret, so the token is of no use to anyone else (RFC 9700, 4.14), and
// an answer that is lost on its way loses nobody's session.
func (s *storage) CreateAccessAndRefreshTokens(ctx context.Context, r op.TokenRequest, current string) (id, refresh string, expires time.Time, err error) {
	id, expires, err = s.CreateAccessToken(ctx, r)
	if err != nil || current != "" {
		return id, current, expires, err
	}
	v, ok := r.(*visit)
	if !ok {
		return "", "", time.Time{}, oidc.ErrServerError().WithDescription("only a sign-in starts a session")
	}
	refresh = rand.Text() + rand.Text()
	err = s.kept.change(s.now(), func() {
		kept := v.session
		kept.Ends = kept.SignedIn.Add(sessionFor)
		s.kept.Sessions[hash(refresh)] = kept
	})
	return id, refresh, expires, err
}

// TokenRequestByRefreshToken finds a session that has not ended.
func (s *storage) TokenRequestByRefreshToken(_ context.Context, token string) (op.RefreshTokenRequest, error) {
	kept, ok := s.kept.session(token, s.now())
	if !ok {
		return nil, op.ErrInvalidRefreshToken
	}
	return &renewal{newGrant(kept)}, nil
}

// TerminateSessionFromRequest ends the session whose ID token comes with the
// request; without one there is none to end, and the browser is just sent on.
func (s *storage) TerminateSessionFromRequest(_ context.Context, r *op.EndSessionRequest) (string, error) {
	if r.IDTokenHintClaims == nil {
		return r.RedirectURI, nil
	}
	id, _ := r.IDTokenHintClaims.Claims["sid"].(string)
	return r.RedirectURI, s.end(func(kept session) bool { return kept.ID == id })
}

// TerminateSession ends all of a person's sessions with a client.
func (s *storage) TerminateSession(_ context.Context, subject, client string) error {
	return s.end(func(kept session) bool { return kept.Subject == subject && kept.Client == client })
}

func (s *storage) end(which func(session) bool) error {
	return s.kept.change(s.now(), func() {
		for token, kept := range s.kept.Sessions {
			if which(kept) {
				delete(s.kept.Sessions, token)
			}
		}
	})
}

// RevokeToken ends the session of a refresh token. An access token ends by
// itself in a few minutes.
func (s *storage) RevokeToken(_ context.Context, tokenOrID, _, client string) *oidc.Error {
	err := s.kept.change(s.now(), func() {
		if kept, ok := s.kept.Sessions[hash(tokenOrID)]; ok && kept.Client == client {
			delete(s.kept.Sessions, hash(tokenOrID))
		}
	})
	if err != nil {
		return oidc.ErrServerError().WithParent(err)
	}
	return nil
}

// GetRefreshTokenInfo says whose a refresh token is.
func (s *storage) GetRefreshTokenInfo(_ context.Context, _, token string) (subject, id string, err error) {
	kept, ok := s.kept.session(token, s.now())
	if !ok {
		return "", "", op.ErrInvalidRefreshToken
	}
	return kept.Subject, token, nil
}

// GetPrivateClaimsFromRequest says who the bearer of an access token is. op
// asks for it once the token's own claims stand and before it makes the ID
// token, so this is where the grant's audience turns from the services to the
// client: an ID token that a service would take for an access token is a
// weakness, and op gives both tokens one audience.
func (s *storage) GetPrivateClaimsFromRequest(_ context.Context, r op.TokenRequest, _ []string) (map[string]any, error) {
	p, ok := s.person(r.GetSubject())
	if !ok {
		return nil, oidc.ErrInvalidGrant().WithDescription("nobody of this name is left")
	}
	if g, ok := r.(interface{ turnToClient() }); ok {
		g.turnToClient()
	}
	claims := map[string]any{"name": p.Name, "roles": p.Roles}
	if len(p.Areas) > 0 {
		claims["areas"] = p.Areas
	}
	return claims, nil
}

// SetUserinfoFromRequest puts the session's id into the ID token, for the
// client to end that session and no other. op takes the subject from here too.
func (s *storage) SetUserinfoFromRequest(_ context.Context, info *oidc.UserInfo, r op.IDTokenRequest, _ []string) error {
	info.Subject = r.GetSubject()
	if g, ok := r.(interface{ sessionID() string }); ok {
		info.AppendClaims("sid", g.sessionID())
	}
	return nil
}

// SetUserinfoFromToken answers the userinfo endpoint.
func (s *storage) SetUserinfoFromToken(_ context.Context, info *oidc.UserInfo, _, subject, _ string) error {
	p, ok := s.person(subject)
	if !ok {
		return oidc.ErrAccessDenied()
	}
	info.Subject, info.Name = p.Subject, p.Name
	return nil
}

// GetClientByClientID knows the one client.
func (s *storage) GetClientByClientID(_ context.Context, id string) (op.Client, error) {
	if id != s.client.ID {
		return nil, oidc.ErrInvalidClient().WithDescription("unknown client")
	}
	return s.clientOf(), nil
}

func (s *storage) clientOf() op.Client { return &client{s.client, s.address + "/choose?request="} }

// AuthorizeClientIDSecret checks the client's secret, in a time that tells
// nothing of how much of it was right.
func (s *storage) AuthorizeClientIDSecret(_ context.Context, id, secret string) error {
	sameID := subtle.ConstantTimeCompare([]byte(id), []byte(s.client.ID))
	sameSecret := subtle.ConstantTimeCompare([]byte(secret), []byte(s.client.Secret))
	if sameID&sameSecret != 1 || s.client.Secret == "" {
		return errors.New("wrong client id or secret")
	}
	return nil
}

// SigningKey, SignatureAlgorithms and KeySet serve the one key.
func (s *storage) SigningKey(context.Context) (op.SigningKey, error) { return s.key, nil }

// SignatureAlgorithms implements op.Storage.
func (s *storage) SignatureAlgorithms(context.Context) ([]jose.SignatureAlgorithm, error) {
	return []jose.SignatureAlgorithm{s.key.SignatureAlgorithm()}, nil
}

// KeySet implements op.Storage.
func (s *storage) KeySet(context.Context) ([]op.Key, error) { return []op.Key{verifier{s.key}}, nil }

// Health implements op.Storage.
func (s *storage) Health(context.Context) error { return nil }

var errNotOffered = oidc.ErrInvalidRequest().WithDescription("not offered by demo sign-in")

// SetUserinfoFromScopes is superseded by SetUserinfoFromRequest.
func (s *storage) SetUserinfoFromScopes(context.Context, *oidc.UserInfo, string, string, []string) error {
	return nil
}

// GetPrivateClaimsFromScopes is superseded by GetPrivateClaimsFromRequest.
func (s *storage) GetPrivateClaimsFromScopes(context.Context, string, string, []string) (map[string]any, error) {
	return nil, errNotOffered
}

// SetIntrospectionFromToken is not offered: access tokens speak for themselves.
func (s *storage) SetIntrospectionFromToken(context.Context, *oidc.IntrospectionResponse, string, string, string) error {
	return errNotOffered
}

// GetKeyByIDAndClientID is not offered: the client has a secret, not a key.
func (s *storage) GetKeyByIDAndClientID(context.Context, string, string) (*jose.JSONWebKey, error) {
	return nil, errNotOffered
}

// ValidateJWTProfileScopes is not offered, as no client signs in as itself.
func (s *storage) ValidateJWTProfileScopes(context.Context, string, []string) ([]string, error) {
	return nil, errNotOffered
}
