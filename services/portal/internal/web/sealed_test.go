package web

import (
	"context"
	"strings"
	"testing"
)

func TestANameInAnAddressIsReadableOnlyToTheBrowserItIsFor(t *testing.T) {
	mine, theirs := withCookie(context.Background(), "my cookie"), withCookie(context.Background(), "their cookie")
	const name = "Siân O’Neill"
	sealed := Seal(mine, name)
	if strings.Contains(sealed, "O") && strings.Contains(sealed, "Neill") || strings.Trim(sealed, "-_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != "" {
		t.Errorf("Seal() = %q, which is readable or no part of an address", sealed)
	}
	if got, ok := Unseal(mine, sealed); !ok || got != name {
		t.Errorf("Unseal() = %q, %v", got, ok)
	}
	for what, ctx := range map[string]context.Context{"another browser": theirs, "nobody": context.Background()} {
		if got, ok := Unseal(ctx, sealed); ok || got != "" {
			t.Errorf("%s reads %q", what, got)
		}
	}
	for _, odd := range []string{"", "x", sealed[1:], sealed + "A", strings.Repeat("A", 60), "not base64 €"} {
		if got, ok := Unseal(mine, odd); ok || got != "" {
			t.Errorf("Unseal(%q) = %q, %v", odd, got, ok)
		}
	}
	if Seal(mine, "") != "" || Seal(context.Background(), name) != "" {
		t.Error("nothing, or something for nobody, was sealed")
	}
	if Seal(mine, name) == sealed {
		t.Error("the same name twice looks the same twice")
	}
}
