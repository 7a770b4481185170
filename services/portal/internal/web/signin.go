package web

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/google/uuid"
	"github.com/labstack/echo/v4"
	"golang.org/x/oauth2"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/portal/internal/component"
)

const (
	pendingFor  = 15 * time.Minute // how long somebody may take at the provider
	pendingMost = 5                // how many sign-ins one browser may have begun
	refreshing  = 10 * time.Second // how long a refresh may take
	nearEnd     = time.Minute      // an access token is refreshed this long before it ends
)

func (s *site) registerSignIn(g *Group) {
	g.Open("/sign-in", s.chooseDoor)
	for name, d := range s.doors {
		g.echo.GET("/sign-in/"+name, func(c echo.Context) error { return s.begin(c, d) })
		g.echo.GET("/sign-in/"+name+"/back", func(c echo.Context) error { return s.finish(c, d) })
	}
	g.Open("/sign-out", s.askSignOut)
	g.echo.POST("/sign-out", s.signOut)
	g.Open("/signed-out", s.signedOut)
}

// current returns a sign-in with an access token that is good for a while, or
// nil if the sign-in has ended.
func (s *site) current(ctx context.Context, id uuid.UUID) (*signIn, error) {
	unchecked := func(err error) (*signIn, error) {
		return nil, fault.Wrap(err, fault.Unavailable, "We can’t check who is signed in right now. Try again in a minute.")
	}
	sealed, found, err := s.SignIns.Find(ctx, id)
	if err != nil {
		return unchecked(err)
	}
	if !found {
		return nil, nil
	}
	in, err := unseal(sealed, id, s.sessions.Token(ctx))
	if err != nil {
		s.Log.WarnContext(ctx, "a sign-in does not belong to the session that names it")
		return nil, nil
	}
	if s.fresh(in) {
		return &in, nil
	}
	renewed, err := s.renew(ctx, id)
	switch {
	case errors.Is(err, errRefused):
		s.Log.InfoContext(ctx, "sign-in ended by its provider", "door", in.Door, "cause", err.Error())
		if err := s.SignIns.End(ctx, id); err != nil {
			return unchecked(err)
		}
		return nil, nil
	case err != nil && s.Now().Before(in.Expires):
		s.Log.WarnContext(ctx, "access token not refreshed in time", "door", in.Door, "cause", err.Error())
		return &in, nil
	case err != nil:
		return unchecked(err)
	}
	return renewed, nil
}

func (s *site) fresh(in signIn) bool { return s.Now().Add(nearEnd).Before(in.Expires) }

// renew refreshes an access token, one request at a time: a provider may take
// the second use of a refresh token for theft, and end the session. Whoever
// waited finds the token fresh. The browser's going away must not stop it half
// way, or the provider's new refresh token would be lost.
func (s *site) renew(ctx context.Context, id uuid.UUID) (renewed *signIn, err error) {
	cookie := s.sessions.Token(ctx)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), refreshing)
	defer cancel()
	found, err := s.SignIns.Change(ctx, id, func(sealed []byte) ([]byte, error) {
		in, err := unseal(sealed, id, cookie)
		if err != nil {
			return nil, err
		}
		renewed = &in
		if s.fresh(in) {
			return sealed, nil
		}
		d, ok := s.doors[in.Door]
		if !ok {
			return nil, errRefused
		}
		if in, err = d.renew(ctx, in); err != nil {
			return nil, err
		}
		return in.seal(id, cookie)
	})
	if err == nil && !found {
		return nil, nil
	}
	return renewed, err
}

// pending is a sign-in that has begun, kept by the browser that began it. It is
// in a cookie of its own, named by the state, so that two tabs can sign in at
// once and neither undoes the other.
type pending struct {
	State    string    `json:"-"`
	Nonce    string    `json:"n"`
	Verifier string    `json:"v"`
	ReturnTo string    `json:"r"`
	Began    time.Time `json:"t"`
}

const pendingCookie = "-sign-in-"

// begin sends the browser to the provider.
func (s *site) begin(c echo.Context, d *door) error {
	f, err := d.find(c.Request().Context())
	if err != nil {
		return err
	}
	p := pending{State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(), ReturnTo: "/", Began: s.Now().Truncate(time.Second)}
	if to, ok := within(c.QueryParam(returnTo)); ok {
		p.ReturnTo = to
	}
	b, err := json.Marshal(p)
	if err != nil {
		return err
	}
	s.forgetOldest(c)
	c.SetCookie(s.cookie(pendingCookie+p.State, base64.RawURLEncoding.EncodeToString(b), pendingFor))
	return c.Redirect(http.StatusSeeOther, f.oauth.AuthCodeURL(p.State, oidc.Nonce(p.Nonce), oauth2.S256ChallengeOption(p.Verifier)))
}

// forgetOldest keeps sign-ins that were begun and never finished from filling
// the browser's cookies.
func (s *site) forgetOldest(c echo.Context) {
	var begun []pending
	for _, cookie := range c.Cookies() {
		if state, ok := strings.CutPrefix(cookie.Name, s.prefix+pendingCookie); ok {
			p, _ := readPending(cookie)
			p.State = state
			begun = append(begun, p)
		}
	}
	slices.SortFunc(begun, func(a, b pending) int { return cmp.Compare(b.Began.Unix(), a.Began.Unix()) })
	for i, p := range begun {
		if i >= pendingMost-1 {
			c.SetCookie(s.cookie(pendingCookie+p.State, "", -time.Second))
		}
	}
}

func readPending(cookie *http.Cookie) (p pending, err error) {
	b, err := base64.RawURLEncoding.DecodeString(cookie.Value)
	if err != nil {
		return p, err
	}
	return p, json.Unmarshal(b, &p)
}

// takePending returns the sign-in that this browser began with this state, once.
func (s *site) takePending(c echo.Context, state string) (pending, bool) {
	cookie, err := c.Cookie(s.prefix + pendingCookie + state)
	if err != nil || state == "" {
		return pending{}, false
	}
	c.SetCookie(s.cookie(pendingCookie+state, "", -time.Second))
	p, err := readPending(cookie)
	return p, err == nil && p.Nonce != "" && s.Now().Sub(p.Began) < pendingFor
}

// finish signs in whoever comes back from the provider.
func (s *site) finish(c echo.Context, d *door) error {
	ctx := c.Request().Context()
	p, ok := s.takePending(c, c.QueryParam("state"))
	if !ok {
		if visitOf(c).signIn != nil { // back, or reload, after signing in
			return Go("/").send(s, c)
		}
		return s.notSignedIn(c, d, "/", "It took longer than 15 minutes, or it was begun in another browser.")
	}
	if problem := c.QueryParam("error"); problem != "" {
		return s.refused(c, d, p, problem)
	}
	in, err := d.redeem(ctx, c.QueryParam("code"), p)
	if errors.Is(err, errRefused) {
		s.Log.WarnContext(ctx, "sign-in refused", "door", d.Name, "cause", err.Error())
		return s.notSignedIn(c, d, p.ReturnTo, "What the sign-in service sent back could not be used. It may have been used already.")
	}
	if err != nil {
		return err
	}
	if err := s.enter(c, in); err != nil {
		return err
	}
	return Go(p.ReturnTo).send(s, c)
}

// enter makes the browser's session that of in, under a new cookie: one that
// somebody planted before is worth nothing after.
func (s *site) enter(c echo.Context, in signIn) error {
	ctx, v := c.Request().Context(), visitOf(c)
	unkept := func(err error) error {
		return fault.Wrap(err, fault.Unavailable, "We can’t sign you in right now. Try again in a minute.")
	}
	if v.signIn != nil {
		if err := s.SignIns.End(ctx, v.id); err != nil {
			return unkept(err)
		}
	}
	if err := s.sessions.RenewToken(ctx); err != nil {
		return unkept(err)
	}
	id, err := uuid.NewV7()
	if err != nil {
		return err
	}
	sealed, err := in.seal(id, s.sessions.Token(ctx))
	if err != nil {
		return err
	}
	if err := s.SignIns.Begin(ctx, id, sealed, s.Now().Add(s.Lifetime)); err != nil {
		return unkept(err)
	}
	s.sessions.Put(ctx, signInKey, id.String())
	return nil
}

// refused says kindly what the provider said curtly.
func (s *site) refused(c echo.Context, d *door, p pending, problem string) error {
	s.Log.InfoContext(c.Request().Context(), "sign-in failed at the provider", "door", d.Name, "error", known(problem))
	switch problem {
	case "access_denied":
		return s.notSignedIn(c, d, p.ReturnTo, "You stopped before it was finished, or your account may not use this service.")
	case "server_error", "temporarily_unavailable":
		return s.notSignedIn(c, d, p.ReturnTo, "The sign-in service has a problem. It may be better in a few minutes.")
	}
	return s.notSignedIn(c, d, p.ReturnTo, "The sign-in service could not do it.")
}

// known keeps what anybody can put into an address out of the log.
func known(problem string) string {
	switch problem {
	case "access_denied", "server_error", "temporarily_unavailable", "invalid_request", "unauthorized_client",
		"unsupported_response_type", "invalid_scope", "login_required", "interaction_required", "consent_required":
		return problem
	}
	return "other"
}

func (s *site) notSignedIn(c echo.Context, d *door, to, why string) error {
	return shown{
		component.LayoutProps{Title: "You are not signed in"},
		notSignedIn(why, doorHref(d.Name, to)), http.StatusBadRequest,
	}.send(s, c)
}

// signOut ends the sign-in here first, whatever becomes of the provider's. Then
// a page leads on to the provider, by itself: were it a redirect, browsers would
// hold every address that the provider goes through against our form-action.
func (s *site) signOut(c echo.Context) error {
	ctx, v := c.Request().Context(), visitOf(c)
	there := ""
	if v.signIn != nil {
		if err := s.SignIns.End(ctx, v.id); err != nil {
			return fault.Wrap(err, fault.Unavailable, "We can’t sign you out right now. Try again, or close all your browser’s windows.")
		}
		if d, ok := s.doors[v.signIn.Door]; ok {
			there = d.leave(ctx, *v.signIn, s.origin()+"/signed-out")
		}
		v.signIn = nil
	}
	if err := s.sessions.Destroy(ctx); err != nil {
		s.Log.WarnContext(ctx, "an empty session was left behind", "cause", err.Error())
	}
	if there == "" {
		return s.redirect(c, "/signed-out")
	}
	c.Response().Header().Set("Refresh", "0; url="+there)
	return Show(component.LayoutProps{Title: "Signing you out"}, signingOut(there)).send(s, c)
}

func (s *site) chooseDoor(r *http.Request) (Answer, error) {
	to, ok := within(r.URL.Query().Get(returnTo))
	if !ok {
		to = "/"
	}
	return Show(component.LayoutProps{Title: "Sign in"}, chooseDoor(to)), nil
}

func (s *site) askSignOut(r *http.Request) (Answer, error) {
	if _, err := identity.From(r.Context()); err != nil {
		return Go("/signed-out"), nil
	}
	return Show(component.LayoutProps{Title: "Do you want to sign out?"}, askSignOut()), nil
}

func (s *site) signedOut(*http.Request) (Answer, error) {
	return Show(component.LayoutProps{Title: "You have signed out"}, signedOut()), nil
}

// returnTo is where to go after signing in, as a query parameter.
const returnTo = "return-to"

// doorHref is the address that begins a sign-in and comes back to a page.
func doorHref(door, to string) string {
	if to == "" || to == "/" {
		return "/sign-in/" + door
	}
	return "/sign-in/" + door + "?" + url.Values{returnTo: {to}}.Encode()
}

// within returns address if it is one of the portal's own pages, by path alone.
// Browsers read "//host" and "/\host" as another host, so those are not.
func within(address string) (string, bool) {
	if len(address) > 1000 || strings.ContainsFunc(address, func(r rune) bool { return r <= ' ' || r == '\\' || r == 0x7f }) {
		return "", false
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || u.Opaque != "" ||
		!strings.HasPrefix(u.Path, "/") || strings.HasPrefix(u.Path, "//") || strings.HasPrefix(u.Path, "/sign-") {
		return "", false
	}
	return u.String(), true
}
