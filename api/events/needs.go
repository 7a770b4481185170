package events

import (
	"time"

	"github.com/google/uuid"
)

// JobseekerMoved is told by needs when a jobseeker comes onto another coach's
// caseload. Its schema is jobseeker-moved.schema.json.
type JobseekerMoved struct {
	JobseekerID uuid.UUID `json:"jobseeker_id"`
	Version     int64     `json:"version"` // the jobseeker's; a higher one is newer
	CoachID     uuid.UUID `json:"coach_id"`
	At          time.Time `json:"at"`
}

// EventName is "needs.jobseeker-moved".
func (JobseekerMoved) EventName() string { return "needs.jobseeker-moved" }
