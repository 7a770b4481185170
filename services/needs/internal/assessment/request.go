package assessment

import "github.com/google/uuid"

// Request is a funding request, as funding told of it: the needs it is to meet
// and how far it has got.
type Request struct {
	ID        uuid.UUID
	Reference string
	State     string
	Version   int64 // goes up by one with every change to the request
	Needs     []uuid.UUID
}

// Newer reports whether r says more than what was known, if anything was.
// Events come twice and out of order, so the version decides and not the
// order: whatever comes when, the last that was said is what is kept.
func (r Request) Newer(known int64) bool { return r.Version > known }
