package events

import (
	"time"

	"github.com/google/uuid"
)

// Sustained is whether work counts as sustained, as far as is known by then, and
// with which figures.
type Sustained struct {
	Finding        string `json:"finding"`    // not-counted, open, sustained or not-sustained
	Definition     int    `json:"definition"` // the version that it is by; 0 if none counts
	WagePence      int64  `json:"wage_pence"`
	ThresholdPence int64  `json:"threshold_pence"`
	EarnedPence    int64  `json:"earned_pence"`
	Strength       int    `json:"strength"` // of the weakest answer that it rests on; 0 before the first
}

// OutcomeRecorded is told by outcomes when a start is recorded, corrected or
// struck. Its schema is outcome-recorded.schema.json.
type OutcomeRecorded struct {
	OutcomeID     uuid.UUID   `json:"outcome_id"`
	Version       int64       `json:"version"` // the outcome's; a higher one is newer
	JobseekerID   uuid.UUID   `json:"jobseeker_id"`
	Area          string      `json:"area"`
	Kind          string      `json:"kind"`
	Route         string      `json:"route"`
	StartedOn     string      `json:"started_on"`
	WeeklyMinutes int         `json:"weekly_minutes"`
	PayPence      int64       `json:"pay_pence"`
	PayPer        string      `json:"pay_per"`
	Occupation    string      `json:"occupation"`
	AllowanceIDs  []uuid.UUID `json:"allowance_ids"`
	Struck        bool        `json:"struck"` // it never happened
	Sustained     Sustained   `json:"sustained"`
	At            time.Time   `json:"at"`
}

// EventName is "outcomes.outcome-recorded".
func (OutcomeRecorded) EventName() string { return "outcomes.outcome-recorded" }

// CheckRecorded is told by outcomes when a check is answered, or the answer
// corrected. Its schema is check-recorded.schema.json.
type CheckRecorded struct {
	OutcomeID     uuid.UUID `json:"outcome_id"`
	Version       int64     `json:"version"` // the outcome's; a higher one is newer
	CheckID       uuid.UUID `json:"check_id"`
	Weeks         int       `json:"weeks"`
	JobseekerID   uuid.UUID `json:"jobseeker_id"`
	Area          string    `json:"area"`
	InWork        bool      `json:"in_work"`
	Until         string    `json:"until"` // still in work: known of that day; no longer: the last day
	WeeklyMinutes int       `json:"weekly_minutes"`
	PayPence      int64     `json:"pay_pence"`
	PayPer        string    `json:"pay_per"`
	Evidence      string    `json:"evidence"`
	ByJobseeker   bool      `json:"by_jobseeker"`
	Sustained     Sustained `json:"sustained"`
	At            time.Time `json:"at"`
}

// EventName is "outcomes.check-recorded".
func (CheckRecorded) EventName() string { return "outcomes.check-recorded" }

// CheckDue is told by outcomes when a coach is reminded of a check. Its schema is
// check-due.schema.json.
type CheckDue struct {
	OutcomeID   uuid.UUID `json:"outcome_id"`
	CheckID     uuid.UUID `json:"check_id"`
	Weeks       int       `json:"weeks"`
	JobseekerID uuid.UUID `json:"jobseeker_id"`
	CoachID     uuid.UUID `json:"coach_id"`
	DueOn       string    `json:"due_on"`
}

// EventName is "outcomes.check-due".
func (CheckDue) EventName() string { return "outcomes.check-due" }

// Rated is told by outcomes when a jobseeker says whether something was useful. Its
// schema is rated.schema.json.
type Rated struct {
	JobseekerID         uuid.UUID `json:"jobseeker_id"`
	Area                string    `json:"area"`
	About               uuid.UUID `json:"about"`   // the line, or the allowance whose course they went on
	Version             int64     `json:"version"` // of what this jobseeker said of it; a higher one is newer
	Kind                string    `json:"kind"`
	AllowanceID         uuid.UUID `json:"allowance_id"`
	CourseID            uuid.UUID `json:"course_id"`
	Helped              string    `json:"helped"`
	CourseWouldHelpMore string    `json:"course_would_help_more"`
	At                  time.Time `json:"at"`
}

// EventName is "outcomes.rated".
func (Rated) EventName() string { return "outcomes.rated" }
