// Package fault is the few kinds of error the system can give, each with a
// message that a person can act on.
//
// It knows nothing of HTTP: httpx turns a Kind into a status, once. An error
// that is not a Fault is Internal, and its text never leaves the server.
package fault

import (
	"errors"
	"fmt"
)

// Kind says what went wrong, as far as a caller needs to know to react.
type Kind string

// The kinds. Each is a stable last part of a problem's type URI.
const (
	Invalid         Kind = "invalid"         // the input is wrong; Fields say where
	Unauthenticated Kind = "unauthenticated" // nobody is signed in
	Forbidden       Kind = "forbidden"       // signed in, but not allowed
	NotFound        Kind = "not-found"       // it is not there, or not for you to see
	Conflict        Kind = "conflict"        // it is no longer in the state you saw
	Unconditional   Kind = "unconditional"   // an edit that does not say which version it is of
	Stale           Kind = "stale"           // an edit of a version that is no longer the latest
	OverCap         Kind = "over-cap"        // it would pass the allowance's cap
	OverBudget      Kind = "over-budget"     // it would pass what is left of a budget
	TooLarge        Kind = "too-large"       // more bytes than are taken
	Unavailable     Kind = "unavailable"     // a part we need is down; try again
	Internal        Kind = "internal"        // our mistake
)

// Field is what is wrong with one field of the input.
type Field struct {
	Pointer string // JSON pointer into the request body, such as "/lines/0/amount"
	Message string // names the fault and the way out, in a whole sentence
}

// Fault is an error with a message meant for the person who met it.
type Fault struct {
	Kind    Kind
	Message string         // plain English, a whole sentence
	Fields  []Field        // for Invalid
	Extra   map[string]any // further members of the problem document, such as "cap"
	cause   error
}

// New returns a Fault with this kind and message.
func New(kind Kind, message string) *Fault { return &Fault{Kind: kind, Message: message} }

// Newf is New with formatting. Never format personal data into a message.
func Newf(kind Kind, format string, args ...any) *Fault {
	return New(kind, fmt.Sprintf(format, args...))
}

// Wrap returns a Fault that hides err from people and keeps it for the log.
func Wrap(err error, kind Kind, message string) *Fault {
	return &Fault{Kind: kind, Message: message, cause: err}
}

// Error is the message, with the hidden cause behind it, for a log.
func (f *Fault) Error() string {
	if f.cause != nil {
		return f.Message + " (" + f.cause.Error() + ")"
	}
	return f.Message
}

// Unwrap returns the hidden cause, or nil.
func (f *Fault) Unwrap() error { return f.cause }

// With returns a copy of f with one more member for the problem document.
func (f *Fault) With(name string, value any) *Fault {
	c := *f
	c.Extra = make(map[string]any, len(f.Extra)+1)
	for k, v := range f.Extra {
		c.Extra[k] = v
	}
	c.Extra[name] = value
	return &c
}

// As returns err as a Fault. An error that is none becomes Internal, with a
// message that gives nothing away; nil stays nil.
func As(err error) *Fault {
	if err == nil {
		return nil
	}
	if f, ok := errors.AsType[*Fault](err); ok {
		return f
	}
	return Wrap(err, Internal, "Something went wrong at our end. Nothing was changed. Try again in a minute.")
}

// Is reports whether err is a Fault of this kind.
func Is(err error, kind Kind) bool {
	f, ok := errors.AsType[*Fault](err)
	return ok && f.Kind == kind
}
