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

// NeedAssessed is told by needs of each part of an assessment that a save changed.
// It says neither whose it is nor what was written. Its schema is
// need-assessed.schema.json.
type NeedAssessed struct {
	NeedID   uuid.UUID `json:"need_id"`
	Version  int64     `json:"version"` // the assessment's; a higher one is newer
	Area     string    `json:"area"`
	Category string    `json:"category"`
	InTheWay bool      `json:"in_the_way"` // of work; else it is a strength, or not explored yet
	At       time.Time `json:"at"`
}

// EventName is "needs.need-assessed".
func (NeedAssessed) EventName() string { return "needs.need-assessed" }
