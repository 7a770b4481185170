package web

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/httpx"
	"github.com/instead-support/instead/pkg/identity"
)

// What a session holds.
const (
	signInKey = "sign-in" // the id of the browser's sign-in
	noticeKey = "notice"  // what was just done, to be said once
)

// cookiePrefix begins the name of every cookie. Over https a browser takes a
// __Host- cookie only from this very host, over https. Over http, which is for
// trying things out on one machine, Safari keeps no Secure cookie even from
// localhost, so there they are plain and have another name.
func cookiePrefix(u *url.URL) string {
	if u.Scheme == "https" {
		return "__Host-instead"
	}
	return "instead"
}

// newSessions returns the sessions of browsers. They end after d.Lifetime, or
// when the browser is closed. That they end when unused is for SignIns to see
// to: scs would write every session at every request to know it.
func newSessions(d Deps, name string) *scs.SessionManager {
	m := scs.New()
	m.Store = d.Sessions
	m.HashTokenInStore = true
	m.Lifetime = d.Lifetime
	m.Cookie.Name = name
	m.Cookie.Secure = d.URL.Scheme == "https"
	m.Cookie.Persist = false
	return m
}

// visit is what is known of the browser that a request came from.
type visit struct {
	loaded bool // its session
	id     uuid.UUID
	signIn *signIn // nil if nobody is signed in
	ended  bool    // somebody was signed in, and that has run out
}

const visitKey = "visit"

// visitOf is never nil.
func visitOf(c echo.Context) *visit {
	v, ok := c.Get(visitKey).(*visit)
	if !ok {
		v = &visit{}
		c.Set(visitKey, v)
	}
	return v
}

// load finds the browser's session. One that sends no cookie costs nothing.
func (s *site) load(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r, token := c.Request(), ""
		if cookie, err := r.Cookie(s.sessions.Cookie.Name); err == nil {
			token = cookie.Value
		}
		ctx, err := s.sessions.Load(r.Context(), token)
		if err != nil {
			return fault.Wrap(err, fault.Unavailable, "We can’t check who is signed in right now. Try again in a minute.")
		}
		c.SetRequest(r.WithContext(ctx))
		visitOf(c).loaded = true
		return next(c)
	}
}

// save keeps the session if it changed. It must come before the answer is
// written, since it may set the cookie.
func (s *site) save(c echo.Context) error {
	if !visitOf(c).loaded {
		return nil
	}
	ctx := c.Request().Context()
	switch s.sessions.Status(ctx) {
	case scs.Modified:
		token, expires, err := s.sessions.Commit(ctx)
		if err != nil {
			return fault.Wrap(err, fault.Unavailable, "We can’t keep you signed in right now. Try again in a minute.")
		}
		s.sessions.WriteSessionCookie(ctx, c.Response(), token, expires)
	case scs.Destroyed:
		s.sessions.WriteSessionCookie(ctx, c.Response(), "", time.Time{})
	}
	// scs lets a page with a new cookie be kept by the browser; ours is not to be.
	c.Response().Header().Set("Cache-Control", "no-store")
	return nil
}

// who finds out who is signed in, refreshes their access token if it is about
// to end, and puts both where pages and clients find them.
func (s *site) who(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r, v := c.Request(), visitOf(c)
		id, err := uuid.Parse(s.sessions.GetString(r.Context(), signInKey))
		if err != nil {
			return next(c) // nobody is
		}
		current, err := s.current(r.Context(), id)
		if err != nil {
			return err
		}
		if current == nil {
			v.ended = true
			s.sessions.Remove(r.Context(), signInKey)
			return next(c)
		}
		v.id, v.signIn = id, current
		ctx := withCookie(identity.With(r.Context(), current.Person), s.sessions.Token(r.Context()))
		c.SetRequest(r.WithContext(httpx.WithToken(ctx, current.Access)))
		return next(c)
	}
}

// signIn is who is signed in, and the tokens that prove it.
type signIn struct {
	Door    string // the provider it came through
	Person  identity.Person
	Access  string
	Expires time.Time // of Access
	Refresh string    // "" if the provider gave none
	ID      string    // the ID token, which ends the provider's session
}

// seal makes in unreadable without the browser's cookie, which is nowhere
// kept: somebody with a copy of the database can be nobody.
func (in signIn) seal(id uuid.UUID, cookie string) ([]byte, error) {
	plain, err := json.Marshal(in)
	if err != nil {
		return nil, err
	}
	box, err := sealer(cookie)
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, box.NonceSize())
	if _, err := rand.Read(nonce); err != nil {
		return nil, err
	}
	return box.Seal(nonce, nonce, plain, id[:]), nil
}

func unseal(sealed []byte, id uuid.UUID, cookie string) (in signIn, err error) {
	box, err := sealer(cookie)
	if err != nil {
		return in, err
	}
	if len(sealed) < box.NonceSize() {
		return in, errors.New("a sealed sign-in is too short")
	}
	plain, err := box.Open(nil, sealed[:box.NonceSize()], sealed[box.NonceSize():], id[:])
	if err != nil {
		return in, err
	}
	return in, json.Unmarshal(plain, &in)
}

// sealer needs no slow key derivation: the cookie is 256 random bits.
func sealer(cookie string) (cipher.AEAD, error) {
	key := sha256.Sum256([]byte("instead sign-in\x00" + cookie))
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// cookie returns a cookie of the portal's own for this name below the prefix.
func (s *site) cookie(name, value string, age time.Duration) *http.Cookie {
	return &http.Cookie{
		Name: s.prefix + name, Value: value, Path: "/", MaxAge: int(age.Seconds()),
		Secure: s.secure(), HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
}
