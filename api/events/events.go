// Package events is what services tell each other: one schema and one Go type an
// event. Events carry ids, states, versions and figures, never a person's data.
package events

import (
	"time"

	"github.com/google/uuid"
)

// RequestChanged is told by funding with every step of a request, and with every
// edit of one that was submitted before. It says how the request stands at that
// version, so that the newest is all that need be known of it, and what was entered
// into the ledger, which adds up in whatever order it comes. Its schema is
// request-changed.schema.json.
type RequestChanged struct {
	RequestID   uuid.UUID   `json:"request_id"`
	Reference   string      `json:"reference"`
	Version     int64       `json:"version"` // the request's; a higher one is newer
	JobseekerID uuid.UUID   `json:"jobseeker_id"`
	State       string      `json:"state"`
	NeedIDs     []uuid.UUID `json:"need_ids"` // the needs that its lines meet; none of a draft
	At          time.Time   `json:"at"`

	AllowanceID uuid.UUID  `json:"allowance_id"`
	Area        string     `json:"area"`
	CoachID     uuid.UUID  `json:"coach_id"` // who submitted it last as its coach, or began it
	FundID      uuid.UUID  `json:"fund_id"`
	Code        string     `json:"code"`         // why what was submitted last was decided so; "" until then
	Automatic   bool       `json:"automatic"`    // its fund's own rule approved it
	AskedPence  int64      `json:"asked_pence"`  // of its fund; 0 of a draft
	AwardPence  int64      `json:"award_pence"`  // what an approval promised; 0 until then
	SubmittedAt *time.Time `json:"submitted_at"` // last; null until then
	DecidedAt   *time.Time `json:"decided_at"`   // when what was submitted last was approved, declined or returned; null until then
	Lines       []Line     `json:"lines"`        // in their order; none of a draft
	Entries     []Entry    `json:"entries"`      // that this change made, or all there are when it is told again
}

// Line is one priced thing that a request asks for.
type Line struct {
	LineID       uuid.UUID `json:"line_id"`
	NeedID       uuid.UUID `json:"need_id"`
	Category     string    `json:"category"`
	AmountPence  int64     `json:"amount_pence"`  // its price, whoever pays it
	GrantedPence int64     `json:"granted_pence"` // 0 until it is approved
}

// Entry is one line of the ledger. A request has at most one of a kind in a step,
// and what was told once of it never changes.
type Entry struct {
	Step       int        `json:"step"`
	Kind       string     `json:"kind"`
	Pence      int64      `json:"pence"`
	At         time.Time  `json:"at"`
	BudgetID   *uuid.UUID `json:"budget_id"`   // null of what is merely held or released
	LineID     *uuid.UUID `json:"line_id"`     // of a payment for one line, and of what came back of it
	SupplierID *uuid.UUID `json:"supplier_id"` // of a payment to one, and of what came back of it
	Local      bool       `json:"local"`       // that supplier was local to the area when it was paid
}

// EventName is "funding.request-changed".
func (RequestChanged) EventName() string { return "funding.request-changed" }

// AllowanceChanged is told by funding when an allowance is opened, or comes to
// another coach. Its schema is allowance-changed.schema.json.
type AllowanceChanged struct {
	AllowanceID uuid.UUID `json:"allowance_id"`
	Version     int64     `json:"version"` // the allowance's; a higher one is newer
	Area        string    `json:"area"`
	CoachID     uuid.UUID `json:"coach_id"`
	CourseID    uuid.UUID `json:"course_id"`
	CapPence    int64     `json:"cap_pence"`
	OpenedAt    time.Time `json:"opened_at"`
}

// EventName is "funding.allowance-changed".
func (AllowanceChanged) EventName() string { return "funding.allowance-changed" }

// BudgetChanged is told by funding when a budget is opened, and when it is given
// more or less. Its schema is budget-changed.schema.json.
type BudgetChanged struct {
	BudgetID       uuid.UUID `json:"budget_id"`
	Version        int64     `json:"version"` // the budget's; a higher one is newer
	FundID         uuid.UUID `json:"fund_id"`
	Area           string    `json:"area"`
	Year           int       `json:"year"` // in which its financial year begins, on 1 April
	AllocatedPence int64     `json:"allocated_pence"`
}

// EventName is "funding.budget-changed".
func (BudgetChanged) EventName() string { return "funding.budget-changed" }

// TermsAgreed is told by funding when terms of a fund are agreed. Its schema is
// terms-agreed.schema.json.
type TermsAgreed struct {
	FundID     uuid.UUID `json:"fund_id"`
	Version    int       `json:"version"`
	FirstDay   string    `json:"first_day"`
	DecideDays int       `json:"decide_days"` // working days in which a request is to be decided
}

// EventName is "funding.terms-agreed".
func (TermsAgreed) EventName() string { return "funding.terms-agreed" }

// QuestionChanged is told by funding when a question about a request is asked, and
// when it is answered: the clock of the request stands in between. One that is
// answered is newer than one that is not. Its schema is question-changed.schema.json.
type QuestionChanged struct {
	QuestionID uuid.UUID  `json:"question_id"`
	RequestID  uuid.UUID  `json:"request_id"`
	AskedAt    time.Time  `json:"asked_at"`
	AnsweredAt *time.Time `json:"answered_at"` // null while it waits
}

// EventName is "funding.question-changed".
func (QuestionChanged) EventName() string { return "funding.question-changed" }
