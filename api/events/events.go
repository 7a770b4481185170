// Package events is what services tell each other: one schema and one Go type an
// event. Events carry ids, states and versions, never a person's data.
package events

import (
	"time"

	"github.com/google/uuid"
)

// RequestChanged is told by funding each time a request comes into another
// state. Its schema is request-changed.schema.json.
type RequestChanged struct {
	RequestID   uuid.UUID   `json:"request_id"`
	Reference   string      `json:"reference"`
	Version     int64       `json:"version"` // the request's; a higher one is newer
	JobseekerID uuid.UUID   `json:"jobseeker_id"`
	State       string      `json:"state"`
	NeedIDs     []uuid.UUID `json:"need_ids"` // the needs that its lines meet
	At          time.Time   `json:"at"`
}

// EventName is "funding.request-changed".
func (RequestChanged) EventName() string { return "funding.request-changed" }
