package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/google/uuid"
	"golang.org/x/oauth2"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/httpx"
	"github.com/instead-support/instead/pkg/identity"
)

// Client is the portal as one sign-in provider knows it.
type Client struct {
	Name   string // "staff" or "public", in addresses
	Issuer string
	ID     string
	Secret string
	Scopes []string // besides openid
}

// door is a way in: one sign-in provider. What the provider says about itself
// is fetched when the first person comes, so that the portal starts without it.
type door struct {
	Client
	back   string // the address that the provider sends people back to
	http   *http.Client
	tokens *httpx.Tokens
	found  atomic.Pointer[found]
}

// found is what a provider said about itself.
type found struct {
	oauth      oauth2.Config
	verifier   *oidc.IDTokenVerifier
	endSession string // "" if it can't end a session
}

// errRefused is a provider's own word that a sign-in is over or was never
// good. Anything else that goes wrong on the way may be right in a minute.
var errRefused = errors.New("the sign-in provider said no")

// find asks the provider about itself, until it has answered once. A provider
// that starts at the same time as the portal gets a moment to do so.
func (d *door) find(ctx context.Context) (*found, error) {
	if f := d.found.Load(); f != nil {
		return f, nil
	}
	for wait := 100 * time.Millisecond; ; wait *= 3 {
		f, err := d.discover(ctx)
		if err == nil {
			d.found.Store(f)
			return f, nil
		}
		if wait > time.Second {
			return nil, unanswered(err)
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(wait):
		}
	}
}

func (d *door) discover(ctx context.Context) (*found, error) {
	provider, err := oidc.NewProvider(oidc.ClientContext(ctx, d.http), d.Issuer)
	if err != nil {
		return nil, err
	}
	var more struct {
		EndSession string `json:"end_session_endpoint"`
	}
	if err := provider.Claims(&more); err != nil {
		return nil, err
	}
	return &found{
		oauth: oauth2.Config{
			ClientID: d.ID, ClientSecret: d.Secret, Endpoint: provider.Endpoint(), RedirectURL: d.back,
			Scopes: append([]string{oidc.ScopeOpenID}, d.Scopes...),
		},
		verifier:   provider.Verifier(&oidc.Config{ClientID: d.ID}),
		endSession: more.EndSession,
	}, nil
}

func unanswered(err error) error {
	return fault.Wrap(err, fault.Unavailable, "The sign-in service is not answering. Try again in a minute.")
}

// redeem turns the code that came back into a sign-in.
func (d *door) redeem(ctx context.Context, code string, p pending) (signIn, error) {
	f, err := d.find(ctx)
	if err != nil {
		return signIn{}, err
	}
	ctx = oidc.ClientContext(ctx, d.http)
	tokens, err := f.oauth.Exchange(ctx, code, oauth2.VerifierOption(p.Verifier))
	if err != nil {
		return signIn{}, said(err)
	}
	raw, _ := tokens.Extra("id_token").(string)
	id, err := f.verifier.Verify(ctx, raw)
	if err != nil {
		return signIn{}, fmt.Errorf("%w: ID token: %w", errRefused, err)
	}
	if id.Nonce != p.Nonce {
		return signIn{}, fmt.Errorf("%w: the ID token was made for another sign-in", errRefused)
	}
	if id.AccessTokenHash != "" {
		if err := id.VerifyAccessToken(tokens.AccessToken); err != nil {
			return signIn{}, fmt.Errorf("%w: %w", errRefused, err)
		}
	}
	in := signIn{Door: d.Name, ID: raw}
	err = in.take(ctx, d, tokens, identity.IDOf(id.Issuer, id.Subject))
	return in, err
}

// renew returns in with a fresh access token. The person is read afresh too: a
// role that was taken away is gone by the next refresh.
func (d *door) renew(ctx context.Context, in signIn) (signIn, error) {
	if in.Refresh == "" {
		return in, fmt.Errorf("%w: it gave nothing to refresh with", errRefused)
	}
	f, err := d.find(ctx)
	if err != nil {
		return in, err
	}
	ctx = oidc.ClientContext(ctx, d.http)
	tokens, err := f.oauth.TokenSource(ctx, &oauth2.Token{RefreshToken: in.Refresh}).Token()
	if err != nil {
		return in, said(err)
	}
	if raw, ok := tokens.Extra("id_token").(string); ok && raw != "" {
		in.ID = raw
	}
	err = in.take(ctx, d, tokens, in.Person.ID)
	return in, err
}

// take keeps tokens that are for this person and no other. The access token is
// checked as every service checks it, so that the portal and the services see
// the same person.
func (in *signIn) take(ctx context.Context, d *door, tokens *oauth2.Token, who uuid.UUID) error {
	person, err := d.tokens.Verify(ctx, tokens.AccessToken)
	if fault.Is(err, fault.Unavailable) {
		return err
	}
	if err != nil {
		return fmt.Errorf("%w: access token: %w", errRefused, err)
	}
	if person.ID != who {
		return fmt.Errorf("%w: its tokens are for two people", errRefused)
	}
	in.Person, in.Access, in.Expires = person, tokens.AccessToken, tokens.Expiry
	if in.Expires.IsZero() { // a provider need not say; then it is asked often
		in.Expires = time.Now().Add(5 * time.Minute)
	}
	if tokens.RefreshToken != "" {
		in.Refresh = tokens.RefreshToken
	}
	return nil
}

// said tells a refusal by the provider from a provider that did not answer.
func said(err error) error {
	answer, ok := errors.AsType[*oauth2.RetrieveError](err)
	if !ok || answer.Response != nil && answer.Response.StatusCode >= http.StatusInternalServerError {
		return unanswered(err)
	}
	// The answer's text is the provider's and stays out of the log.
	return fmt.Errorf("%w: %q", errRefused, answer.ErrorCode)
}

// leave returns where to send the browser to end the provider's session too,
// or "" if the provider has no such place or does not say.
func (d *door) leave(ctx context.Context, in signIn, to string) string {
	f, err := d.find(ctx)
	if err != nil || f.endSession == "" {
		return ""
	}
	u, err := url.Parse(f.endSession)
	if err != nil {
		return ""
	}
	q := u.Query()
	q.Set("id_token_hint", in.ID)
	q.Set("client_id", d.Client.ID)
	q.Set("post_logout_redirect_uri", to)
	u.RawQuery = q.Encode()
	return u.String()
}
