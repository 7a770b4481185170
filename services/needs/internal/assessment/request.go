package assessment

import "github.com/google/uuid"

// Request is a funding request, as funding told of it: the needs it is to meet
// and how far it has got. Tellings come twice and out of order, so what is kept
// is decided by the version: the highest is the last that was said.
type Request struct {
	ID          uuid.UUID
	JobseekerID uuid.UUID
	Reference   string
	State       string
	Version     int64 // goes up with every change to the request
	Needs       []uuid.UUID
}
