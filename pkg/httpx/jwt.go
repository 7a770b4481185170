package httpx

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
)

// issuerOf reads who a token says it is from, unverified: only to choose whose
// keys to verify it with.
func issuerOf(raw string) (string, error) {
	parts := strings.Split(raw, ".")
	if len(parts) != 3 {
		return "", errors.New("not a JWT")
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return "", errors.New("not a JWT")
	}
	var claims struct {
		Issuer string `json:"iss"`
	}
	if err := json.Unmarshal(payload, &claims); err != nil {
		return "", errors.New("not a JWT")
	}
	return claims.Issuer, nil
}
