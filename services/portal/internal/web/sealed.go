package web

import (
	"context"
	"crypto/rand"
	"encoding/base64"
)

type cookieKey struct{}

// withCookie has Seal use the cookie of the browser that is signed in.
func withCookie(ctx context.Context, cookie string) context.Context {
	return context.WithValue(ctx, cookieKey{}, cookie)
}

// sealedFor sets what is sealed for an address apart from a sealed sign-in.
var sealedFor = []byte("address")

// Seal returns text as an address can carry it: unreadable to everybody but
// this browser, for as long as it stays signed in. Nothing is kept here. It
// returns "" for no text, and where nobody is signed in.
//
// It is for searching by name. A name has no place in an address, where
// histories, proxies and logs keep it; and a form that is answered with the
// list itself breaks the way back and the pages of the list. So the form is
// sent with POST and answered with
//
//	web.Go("/jobseekers?search=" + web.Seal(ctx, name))
func Seal(ctx context.Context, text string) string {
	cookie, _ := ctx.Value(cookieKey{}).(string)
	if text == "" || cookie == "" {
		return ""
	}
	box, err := sealer(cookie)
	if err != nil {
		return ""
	}
	nonce := make([]byte, box.NonceSize())
	_, _ = rand.Read(nonce) // never fails: it stops the program instead
	return base64.RawURLEncoding.EncodeToString(box.Seal(nonce, nonce, []byte(text), sealedFor))
}

// Unseal returns the text that Seal made an address carry. It returns false for
// what was sealed for another browser, or before this one last signed in.
func Unseal(ctx context.Context, sealed string) (text string, ok bool) {
	cookie, _ := ctx.Value(cookieKey{}).(string)
	raw, err := base64.RawURLEncoding.DecodeString(sealed)
	if err != nil || cookie == "" {
		return "", false
	}
	box, err := sealer(cookie)
	if err != nil || len(raw) < box.NonceSize() {
		return "", false
	}
	plain, err := box.Open(nil, raw[:box.NonceSize()], raw[box.NonceSize():], sealedFor)
	return string(plain), err == nil
}
