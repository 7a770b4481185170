package events

import (
	"time"

	"github.com/google/uuid"
)

// OutcomeRecorded is told by outcomes when a start is recorded, corrected or
// struck. Whose it is stays with outcomes. Its schema is outcome-recorded.schema.json.
type OutcomeRecorded struct {
	OutcomeID       uuid.UUID   `json:"outcome_id"`
	Version         int64       `json:"version"` // the outcome's; a higher one is newer
	Area            string      `json:"area"`
	Kind            string      `json:"kind"`
	Route           string      `json:"route"`
	StartedOn       string      `json:"started_on"`
	OccupationGroup string      `json:"occupation_group"` // a major group of SOC 2020, 1 to 9; of work only
	AllowanceIDs    []uuid.UUID `json:"allowance_ids"`
	Struck          bool        `json:"struck"`         // it never happened
	AnsweredWeeks   []int       `json:"answered_weeks"` // of the checks of which an answer stands
	Sustained       string      `json:"sustained"`      // not-counted, open, sustained or not-sustained, as far as is known by then
	At              time.Time   `json:"at"`
}

// EventName is "outcomes.outcome-recorded".
func (OutcomeRecorded) EventName() string { return "outcomes.outcome-recorded" }

// CheckRecorded is told by outcomes when a check is answered, or the answer
// corrected. Its schema is check-recorded.schema.json.
type CheckRecorded struct {
	OutcomeID     uuid.UUID `json:"outcome_id"`
	Version       int64     `json:"version"` // the outcome's; a higher one is newer
	Area          string    `json:"area"`
	Weeks         int       `json:"weeks"`
	InWork        bool      `json:"in_work"`
	AnsweredWeeks []int     `json:"answered_weeks"` // of the checks of which an answer stands; without Weeks, that one waits again
	Sustained     string    `json:"sustained"`      // as in OutcomeRecorded
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

// Rated is told by outcomes when a jobseeker says whether something was useful, with
// what they said of it before, in whose place it counts, and with what everybody
// says by then of that kind of thing of that course in that area. It says neither
// who they are nor which thing it was. Told again it says the latter alone. Its
// schema is rated.schema.json.
type Rated struct {
	Area     string    `json:"area"`
	Kind     string    `json:"kind"`
	CourseID uuid.UUID `json:"course_id"`
	Now      Answered  `json:"now"`    // empty when it is told again
	Before   Answered  `json:"before"` // empty the first time, and when it is told again
	At       time.Time `json:"at"`
	Version  int64     `json:"version"` // of Counts; a higher one is newer
	Counts   []Count   `json:"counts"`  // all there are, in place of those of an older version
}

// Count is how many say one thing.
type Count struct {
	Helped              string `json:"helped"`
	CourseWouldHelpMore string `json:"course_would_help_more"` // of a line
	Answers             int64  `json:"answers"`
}

// Answered is what somebody said of something's use.
type Answered struct {
	Helped              string `json:"helped"`
	CourseWouldHelpMore string `json:"course_would_help_more"` // of a line
}

// EventName is "outcomes.rated".
func (Rated) EventName() string { return "outcomes.rated" }

// BallotClosed is told by outcomes when the votes of a ballot are counted: how many
// voted for what, as far as it can be told, and nobody's vote. Its schema is
// ballot-closed.schema.json.
type BallotClosed struct {
	BallotID uuid.UUID `json:"ballot_id"`
	Area     string    `json:"area"`
	Kind     string    `json:"kind"` // priorities or courses
	OpenedOn string    `json:"opened_on"`
	ClosedOn string    `json:"closed_on"` // the last day for votes
	Turnout  int       `json:"turnout"`   // 0 if fewer than five voted
	Options  []Choice  `json:"options"`
	At       time.Time `json:"at"`
}

// Choice is one thing that could be voted for.
type Choice struct {
	Number   int       `json:"number"`
	Text     string    `json:"text"`      // a course's name, or a priority
	CourseID uuid.UUID `json:"course_id"` // the zero id for a priority
	Told     bool      `json:"told"`      // whether votes says how many; if not, it is 0 and says nothing
	Votes    int       `json:"votes"`
}

// EventName is "outcomes.ballot-closed".
func (BallotClosed) EventName() string { return "outcomes.ballot-closed" }
