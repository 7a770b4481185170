package identity_test

import (
	"context"
	"testing"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
)

func TestNobodyActsUnlessSomebodySignedIn(t *testing.T) {
	if _, err := identity.From(context.Background()); !fault.Is(err, fault.Unauthenticated) {
		t.Errorf("From(empty) = %v, want unauthenticated", err)
	}
	if _, err := identity.From(identity.With(context.Background(), identity.Person{Roles: identity.Roles})); !fault.Is(err, fault.Unauthenticated) {
		t.Errorf("From(person without id) = %v, want unauthenticated", err)
	}
}

func TestAPersonIsTheSameAtEverySignInAndNeverTheSameAsAnother(t *testing.T) {
	a := identity.IDOf("https://one", "sub")
	if a != identity.IDOf("https://one", "sub") {
		t.Error("the id changed between sign-ins")
	}
	if a == identity.IDOf("https://two", "sub") || identity.IDOf("a", "bc") == identity.IDOf("ab", "c") {
		t.Error("two people share an id")
	}
}
