package postgres

import (
	"time"

	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/money"
	"github.com/instead-support/instead/services/funding/internal/award"
)

// totalsRow are the running totals, which the database keeps out of the entries.
type totalsRow struct {
	Held      int64
	Committed int64
	Paid      int64
}

func (r totalsRow) toDomain() award.Totals {
	return award.Totals{Held: money.Pence(r.Held), Committed: money.Pence(r.Committed), Paid: money.Pence(r.Paid)}
}

// allowanceRow is a row of table allowance.
type allowanceRow struct {
	ID          uuid.UUID `json:"id"`
	JobseekerID uuid.UUID `json:"jobseeker_id"`
	CourseID    uuid.UUID `json:"course_id"`
	CourseCode  string    `json:"course_code"`
	CourseName  string    `json:"course_name"`
	PriceID     uuid.UUID `json:"price_id"`
	Cap         int64     `json:"cap"`
	PricedOn    time.Time `json:"priced_on"`
	Source      string    `json:"source"`
	Area        string    `json:"area"`
	CoachID     uuid.UUID `json:"coach_id"`
	CoachName   string    `json:"coach_name"`
	Over        int64     `json:"-"`
	OpenedAt    time.Time `json:"opened_at"`
	Totals      totalsRow `json:"-" gorm:"embedded"`
	Version     int64     `json:"version"`
}

// TableName is where GORM finds it.
func (allowanceRow) TableName() string { return "allowance" }

func toAllowanceRow(a *award.Allowance) allowanceRow {
	return allowanceRow{
		ID: a.ID, JobseekerID: a.JobseekerID,
		CourseID: a.CourseID, CourseCode: a.CourseCode, CourseName: a.CourseName,
		PriceID: a.PriceID, Cap: int64(a.Cap), PricedOn: a.PricedOn, Source: a.Source,
		Area: a.Area, CoachID: a.CoachID, CoachName: a.CoachName, OpenedAt: a.OpenedAt, Version: a.Version,
	}
}

func (r allowanceRow) toDomain() *award.Allowance {
	return &award.Allowance{
		ID: r.ID, JobseekerID: r.JobseekerID,
		CourseID: r.CourseID, CourseCode: r.CourseCode, CourseName: r.CourseName,
		PriceID: r.PriceID, Cap: money.Pence(r.Cap), PricedOn: r.PricedOn, Source: r.Source,
		Area: r.Area, CoachID: r.CoachID, CoachName: r.CoachName, Over: money.Pence(r.Over), OpenedAt: r.OpenedAt,
		Totals: r.Totals.toDomain(), Version: r.Version,
	}
}

// requestRow is a row of table request, without what follows from its history.
type requestRow struct {
	ID            uuid.UUID  `json:"id"`
	Reference     string     `json:"reference"`
	AllowanceID   uuid.UUID  `json:"allowance_id"`
	JobseekerID   uuid.UUID  `json:"jobseeker_id"`
	Area          string     `json:"area"`
	FundID        uuid.UUID  `json:"fund_id"`
	FundCode      string     `json:"-" gorm:"->"`
	FundName      string     `json:"-" gorm:"->"`
	BudgetID      *uuid.UUID `json:"budget_id"`
	Elsewhere     int64      `json:"elsewhere"`
	ElsewhereFrom string     `json:"elsewhere_from"`
	Asked         int64      `json:"asked"`
	Awarded       int64      `json:"awarded"`
	Exception     string     `json:"-"`
	Over          int64      `json:"-"`
	Totals        totalsRow  `json:"-" gorm:"embedded"`
	ChangedAt     time.Time  `json:"changed_at"`
	Version       int64      `json:"version"`
}

// TableName is where GORM finds it.
func (requestRow) TableName() string { return "request" }

func toRequestRow(r *award.Request) requestRow {
	return requestRow{
		ID: r.ID, Reference: r.Reference, AllowanceID: r.AllowanceID, JobseekerID: r.JobseekerID, Area: r.Area, FundID: r.Fund.ID,
		Elsewhere: int64(r.Elsewhere.Pence), ElsewhereFrom: r.Elsewhere.From,
		Asked: int64(r.Asked()), Awarded: int64(r.Awarded), ChangedAt: r.ChangedAt, Version: r.Version,
	}
}

func (r requestRow) toDomain(lines []lineRow, steps []stepRow) *award.Request {
	req := &award.Request{
		ID: r.ID, Reference: r.Reference, AllowanceID: r.AllowanceID, JobseekerID: r.JobseekerID, Area: r.Area,
		Fund: award.Fund{ID: r.FundID, Code: r.FundCode, Name: r.FundName}, BudgetID: orNobody(r.BudgetID),
		Elsewhere: award.Elsewhere{Pence: money.Pence(r.Elsewhere), From: r.ElsewhereFrom},
		Awarded:   money.Pence(r.Awarded), Exception: award.Exception(r.Exception), Over: money.Pence(r.Over), Totals: r.Totals.toDomain(), ChangedAt: r.ChangedAt, Version: r.Version,
	}
	for _, l := range lines {
		req.Lines = append(req.Lines, l.toDomain())
	}
	for _, s := range steps {
		req.History = append(req.History, s.toDomain())
	}
	return req
}

// lineRow is a row of table line.
type lineRow struct {
	ID        uuid.UUID `json:"id"`
	RequestID uuid.UUID `json:"request_id"`
	Position  int       `json:"position"` // from 1
	What      string    `json:"what"`
	Why       string    `json:"why"`
	NeedID    uuid.UUID `json:"need_id"`
	Category  string    `json:"category"`
	Supplier  string    `json:"supplier"`
	Amount    int64     `json:"amount"`
	Quote     string    `json:"quote"`

	Granted     *int64  `json:"granted" gorm:"-"` // of the decision; null before it
	GrantedCode *string `json:"granted_code" gorm:"-"`
}

// TableName is where GORM finds it.
func (lineRow) TableName() string { return "line" }

func toLineRows(r *award.Request) []lineRow {
	rows := make([]lineRow, len(r.Lines))
	for i, l := range r.Lines {
		rows[i] = lineRow{
			ID: l.ID, RequestID: r.ID, Position: i + 1, What: l.What, Why: l.Why, NeedID: l.NeedID,
			Category: string(l.Category), Supplier: l.Supplier, Amount: int64(l.Amount), Quote: l.Quote,
		}
	}
	return rows
}

func (r lineRow) toDomain() award.Line {
	l := award.Line{
		ID: r.ID, What: r.What, Why: r.Why, NeedID: r.NeedID, Category: award.Category(r.Category),
		Supplier: r.Supplier, Amount: money.Pence(r.Amount), Quote: r.Quote,
	}
	if r.Granted != nil && r.GrantedCode != nil {
		l.Granted, l.GrantedCode = money.Pence(*r.Granted), award.Code(*r.GrantedCode)
	}
	return l
}

// decisionRow is a row of table decision.
type decisionRow struct {
	RequestID    uuid.UUID `json:"request_id"`
	Step         int       `json:"step"`
	OtherFunding string    `json:"other_funding"`
	Scrutiny     string    `json:"scrutiny"`
}

// grantedRow is a row of table decision_line.
type grantedRow struct {
	RequestID uuid.UUID `json:"request_id"`
	LineID    uuid.UUID `json:"line_id"`
	Granted   int64     `json:"granted"`
	Code      string    `json:"code"`
}

// toDecisionRows are the decision that r has just come to, with what it grants of
// each line.
func toDecisionRows(r *award.Request) ([]decisionRow, []grantedRow) {
	lines := make([]grantedRow, len(r.Lines))
	for i, l := range r.Lines {
		lines[i] = grantedRow{r.ID, l.ID, int64(l.Granted), string(l.GrantedCode)}
	}
	return []decisionRow{{r.ID, len(r.History), r.OtherFunding, r.Scrutiny}}, lines
}

// exceptionStepRow is a row of table exception.
type exceptionStepRow struct {
	RequestID uuid.UUID `json:"request_id"`
	Step      int       `json:"step"`
	Over      int64     `json:"over"`
}

// stepRow is a row of table history.
type stepRow struct {
	RequestID uuid.UUID  `json:"request_id"`
	Step      int        `json:"step"` // from 1
	FromState string     `json:"from_state"`
	ToState   string     `json:"to_state"`
	Act       string     `json:"act"`
	At        time.Time  `json:"at"`
	ByID      uuid.UUID  `json:"by_id"`
	ByName    string     `json:"by_name"`
	Code      string     `json:"code"`
	Words     string     `json:"words"`
	PaymentID *uuid.UUID `json:"payment_id"`
}

// TableName is where GORM finds it.
func (stepRow) TableName() string { return "history" }

func toStepRows(r *award.Request) []stepRow {
	rows := make([]stepRow, len(r.History))
	for i, s := range r.History {
		rows[i] = stepRow{
			RequestID: r.ID, Step: i + 1, FromState: string(s.From), ToState: string(s.To), Act: string(s.Act),
			At: s.At, ByID: s.By, ByName: s.ByName, Code: string(s.Code), Words: s.Words, PaymentID: idOrNil(s.Payment),
		}
	}
	return rows
}

func (r stepRow) toDomain() award.Step {
	return award.Step{
		From: award.State(r.FromState), To: award.State(r.ToState), Act: award.Deed(r.Act), At: r.At.UTC(),
		By: r.ByID, ByName: r.ByName, Code: award.Code(r.Code), Words: r.Words, Payment: orNobody(r.PaymentID),
	}
}

// entryRow is a row of table entry.
type entryRow struct {
	ID          uuid.UUID  `json:"id"`
	AllowanceID uuid.UUID  `json:"allowance_id"`
	RequestID   uuid.UUID  `json:"request_id"`
	BudgetID    *uuid.UUID `json:"budget_id"`
	Step        int        `json:"step"`
	Kind        string     `json:"kind"`
	Pence       int64      `json:"pence"`
}

// TableName is where GORM finds it.
func (entryRow) TableName() string { return "entry" }

func toEntryRows(entries []award.Entry) []entryRow {
	rows := make([]entryRow, len(entries))
	for i, e := range entries {
		rows[i] = entryRow{ID: e.ID, AllowanceID: e.AllowanceID, RequestID: e.RequestID, BudgetID: idOrNil(e.BudgetID), Step: e.Step, Kind: string(e.Kind), Pence: int64(e.Pence)}
	}
	return rows
}

// postingRow is an entry with what a ledger shows beside it.
type postingRow struct {
	Entry     entryRow `gorm:"embedded"`
	Reference string
	At        time.Time
}

func (r postingRow) toDomain() award.Posting {
	e := r.Entry
	return award.Posting{
		Entry: award.Entry{
			ID: e.ID, AllowanceID: e.AllowanceID, RequestID: e.RequestID, BudgetID: orNobody(e.BudgetID), Step: e.Step,
			Kind: award.Kind(e.Kind), Pence: money.Pence(e.Pence),
		},
		Reference: r.Reference, At: r.At,
	}
}
