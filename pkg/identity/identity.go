// Package identity says who is acting and how far they may reach. It carries
// that person in the context. It checks no token and decides nothing: tokens
// are verified in httpx, and each service has its own policy.
package identity

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/fault"
)

// Role is what a person does here. A person may have several.
type Role string

// The roles, as the sign-in providers name them in the "roles" claim.
const (
	Coach     Role = "coach"
	Manager   Role = "manager"
	Finance   Role = "finance"
	Auditor   Role = "auditor"
	Jobseeker Role = "jobseeker"
)

// Roles lists every role.
var Roles = []Role{Coach, Manager, Finance, Auditor, Jobseeker}

// Person is somebody who signed in.
type Person struct {
	ID    uuid.UUID // derived from the provider and its subject: the same at every sign-in
	Name  string    // as the provider gives it; staff only, never kept for a jobseeker
	Roles []Role
	Areas []string // the areas a member of staff works in
}

// Is reports whether the person has this role.
func (p Person) Is(role Role) bool { return slices.Contains(p.Roles, role) }

// Covers reports whether the person works in this area.
func (p Person) Covers(area string) bool { return slices.Contains(p.Areas, area) }

// namespace keeps our ids apart from anyone else's name-based UUIDs.
var namespace = uuid.MustParse("0199a3e0-51f5-7c61-9f43-0f0c4a1f6b11")

// IDOf is the id of the person whom the provider at issuer knows as subject.
func IDOf(issuer, subject string) uuid.UUID {
	return uuid.NewSHA1(namespace, []byte(issuer+"\x00"+subject))
}

type key struct{}

// With returns a context in which p is acting.
func With(ctx context.Context, p Person) context.Context {
	return context.WithValue(ctx, key{}, p)
}

// From returns who is acting, or an Unauthenticated fault if nobody is.
func From(ctx context.Context) (Person, error) {
	p, ok := ctx.Value(key{}).(Person)
	if !ok || p.ID == uuid.Nil {
		return Person{}, fault.New(fault.Unauthenticated, "You need to sign in first.")
	}
	return p, nil
}
