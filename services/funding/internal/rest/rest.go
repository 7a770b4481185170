// Package rest is the funding service as HTTP: it implements the contract in
// api/funding by calling the domain and translating, and asks needs over its
// contract.
//
// It has no rules, no SQL and no status codes: an error is a fault, which httpx
// turns into an answer.
package rest

import api "github.com/instead-support/instead/api/funding"

// Handler implements the contract.
type Handler struct {
	Catalogue
	Awards
	Payments
	Budgets
	Documents

	Authority
	Suppliers
	Reconciliation
	Naming
}

var _ api.StrictServerInterface = Handler{}

// or is what p points at, or otherwise.
func or[T any](p *T, otherwise T) T {
	if p == nil {
		return otherwise
	}
	return *p
}

// each translates every one of in, and is never nil: an empty list is [] and
// not null.
func each[A, B any](in []A, f func(A) B) []B {
	out := make([]B, len(in))
	for i, a := range in {
		out[i] = f(a)
	}
	return out
}
