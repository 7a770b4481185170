package postgres

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	told "github.com/instead-support/instead/api/events"
	"github.com/instead-support/instead/pkg/events"
	"github.com/instead-support/instead/pkg/workday"
)

// Heard are the events that reporting listens to.
func Heard() []string {
	return []string{
		told.RequestChanged{}.EventName(), told.AllowanceChanged{}.EventName(), told.BudgetChanged{}.EventName(), told.TermsAgreed{}.EventName(),
		told.QuestionChanged{}.EventName(), told.NeedAssessed{}.EventName(), told.OutcomeRecorded{}.EventName(), told.CheckRecorded{}.EventName(),
	}
}

// Take takes a batch of events into facts and totals, in tx. Whose they are it does
// not even read.
func Take(ctx context.Context, tx *gorm.DB, all []events.Envelope) error {
	return hear(ctx, tx, "take", all)
}

// hear hands a batch to one of the two functions that hear of it.
func hear(ctx context.Context, tx *gorm.DB, function string, all []events.Envelope) error {
	b := newBatch()
	for _, e := range all {
		if err := b.add(e); err != nil {
			return err
		}
	}
	facts, err := json.Marshal(b.facts())
	if err != nil {
		return err
	}
	return tx.WithContext(ctx).Exec("SELECT "+function+"(?::jsonb)", string(facts)).Error
}

// batch is what several events say together: of each thing the newest, and of the
// ledger every entry once.
type batch struct {
	at         time.Time
	requests   map[uuid.UUID]told.RequestChanged
	entries    map[entryKey]entryRow
	allowances map[uuid.UUID]told.AllowanceChanged
	budgets    map[uuid.UUID]told.BudgetChanged
	terms      []termsRow
	questions  map[uuid.UUID]questionRow
	needs      map[uuid.UUID]needRow
	outcomes   map[uuid.UUID]told.OutcomeRecorded
	checks     map[uuid.UUID]checkRow
}

// kinds are those of entries that are counted.
var kinds = []string{"hold", "release", "commit", "uncommit", "pay", "recover"}

type entryKey struct {
	request uuid.UUID
	step    int
	kind    string
}

func newBatch() *batch {
	return &batch{
		requests: map[uuid.UUID]told.RequestChanged{}, entries: map[entryKey]entryRow{}, allowances: map[uuid.UUID]told.AllowanceChanged{},
		budgets: map[uuid.UUID]told.BudgetChanged{}, questions: map[uuid.UUID]questionRow{}, needs: map[uuid.UUID]needRow{},
		outcomes: map[uuid.UUID]told.OutcomeRecorded{}, checks: map[uuid.UUID]checkRow{},
	}
}

func (b *batch) add(e events.Envelope) error {
	if e.At.After(b.at) {
		b.at = e.At
	}
	switch e.Name {
	case told.RequestChanged{}.EventName():
		var r told.RequestChanged
		if err := e.Read(&r); err != nil {
			return err
		}
		if r.AllowanceID == uuid.Nil {
			return nil // of before figures were told; it is told again whole
		}
		if b.requests[r.RequestID].Version < r.Version {
			b.requests[r.RequestID] = r
		}
		for _, m := range r.Entries {
			if !slices.Contains(kinds, m.Kind) {
				continue // of a teller newer than this
			}
			b.entries[entryKey{r.RequestID, m.Step, m.Kind}] = entryRow{
				r.RequestID, m.Step, m.Kind, m.Pence, month(m.At), r.Area, m.BudgetID, m.LineID, m.SupplierID, m.Local,
			}
		}
	case told.AllowanceChanged{}.EventName():
		var a told.AllowanceChanged
		if err := e.Read(&a); err != nil {
			return err
		}
		if b.allowances[a.AllowanceID].Version < a.Version {
			b.allowances[a.AllowanceID] = a
		}
	case told.BudgetChanged{}.EventName():
		var c told.BudgetChanged
		if err := e.Read(&c); err != nil {
			return err
		}
		if was, ok := b.budgets[c.BudgetID]; !ok || was.Version < c.Version {
			b.budgets[c.BudgetID] = c
		}
	case told.TermsAgreed{}.EventName():
		var t told.TermsAgreed
		if err := e.Read(&t); err != nil {
			return err
		}
		b.terms = append(b.terms, termsRow{t.FundID, t.Version, t.FirstDay, t.DecideDays})
	case told.QuestionChanged{}.EventName():
		var q told.QuestionChanged
		if err := e.Read(&q); err != nil {
			return err
		}
		if b.questions[q.QuestionID].AnsweredOn == nil {
			b.questions[q.QuestionID] = questionRow{q.QuestionID, q.RequestID, day(q.AskedAt), dayOf(q.AnsweredAt)}
		}
	case told.NeedAssessed{}.EventName():
		var n told.NeedAssessed
		if err := e.Read(&n); err != nil {
			return err
		}
		if b.needs[n.NeedID].Version < n.Version {
			b.needs[n.NeedID] = needRow{n.NeedID, n.Version, n.Category}
		}
	case told.OutcomeRecorded{}.EventName():
		var o told.OutcomeRecorded
		if err := e.Read(&o); err != nil {
			return err
		}
		if b.outcomes[o.OutcomeID].Version < o.Version {
			b.outcomes[o.OutcomeID] = o
		}
	case told.CheckRecorded{}.EventName():
		var c told.CheckRecorded
		if err := e.Read(&c); err != nil {
			return err
		}
		if b.checks[c.OutcomeID].Version < c.Version {
			b.checks[c.OutcomeID] = checkRow{c.OutcomeID, c.Version, c.Sustained}
		}
	}
	return nil
}

// told is a batch as the database takes it: rows by the names of their columns.
type factRows struct {
	At                *time.Time            `json:"at,omitempty"`
	Requests          []requestRow          `json:"requests,omitempty"`
	Lines             []lineRow             `json:"lines,omitempty"`
	Entries           []entryRow            `json:"entries,omitempty"`
	Allowances        []allowanceRow        `json:"allowances,omitempty"`
	Budgets           []budgetRow           `json:"budgets,omitempty"`
	Terms             []termsRow            `json:"terms,omitempty"`
	Questions         []questionRow         `json:"questions,omitempty"`
	Needs             []needRow             `json:"needs,omitempty"`
	Outcomes          []outcomeRow          `json:"outcomes,omitempty"`
	OutcomeAllowances []outcomeAllowanceRow `json:"outcome_allowances,omitempty"`
	Checks            []checkRow            `json:"checks,omitempty"`
}

type requestRow struct {
	RequestID   uuid.UUID  `json:"request_id"`
	Version     int64      `json:"version"`
	Reference   string     `json:"reference"`
	State       string     `json:"state"`
	Area        string     `json:"area"`
	CoachID     uuid.UUID  `json:"coach_id"`
	FundID      uuid.UUID  `json:"fund_id"`
	AllowanceID uuid.UUID  `json:"allowance_id"`
	Automatic   bool       `json:"automatic"`
	AskedPence  int64      `json:"asked_pence"`
	SubmittedAt *time.Time `json:"submitted_at"`
	DecidedAt   *time.Time `json:"decided_at"`
}

type lineRow struct {
	RequestID    uuid.UUID `json:"request_id"`
	Number       int       `json:"number"`
	LineID       uuid.UUID `json:"line_id"`
	NeedID       uuid.UUID `json:"need_id"`
	Category     string    `json:"category"`
	AmountPence  int64     `json:"amount_pence"`
	GrantedPence int64     `json:"granted_pence"`
}

type entryRow struct {
	RequestID  uuid.UUID  `json:"request_id"`
	Step       int        `json:"step"`
	Kind       string     `json:"kind"`
	Pence      int64      `json:"pence"`
	Month      string     `json:"month"`
	Area       string     `json:"area"`
	BudgetID   *uuid.UUID `json:"budget_id"`
	LineID     *uuid.UUID `json:"line_id"`
	SupplierID *uuid.UUID `json:"supplier_id"`
	Local      bool       `json:"local"`
}

type allowanceRow struct {
	AllowanceID uuid.UUID `json:"allowance_id"`
	Version     int64     `json:"version"`
	Area        string    `json:"area"`
	CoachID     uuid.UUID `json:"coach_id"`
	CourseID    uuid.UUID `json:"course_id"`
	CapPence    int64     `json:"cap_pence"`
	OpenedOn    string    `json:"opened_on"`
}

type budgetRow struct {
	BudgetID       uuid.UUID `json:"budget_id"`
	Version        int64     `json:"version"`
	FundID         uuid.UUID `json:"fund_id"`
	Area           string    `json:"area"`
	Year           int       `json:"year"`
	AllocatedPence int64     `json:"allocated_pence"`
}

type termsRow struct {
	FundID     uuid.UUID `json:"fund_id"`
	Version    int       `json:"version"`
	FirstDay   string    `json:"first_day"`
	DecideDays int       `json:"decide_days"`
}

type questionRow struct {
	QuestionID uuid.UUID `json:"question_id"`
	RequestID  uuid.UUID `json:"request_id"`
	AskedOn    string    `json:"asked_on"`
	AnsweredOn *string   `json:"answered_on"`
}

type needRow struct {
	NeedID   uuid.UUID `json:"need_id"`
	Version  int64     `json:"version"`
	Category string    `json:"category"`
}

type outcomeRow struct {
	OutcomeID        uuid.UUID `json:"outcome_id"`
	Version          int64     `json:"version"`
	Area             string    `json:"area"`
	Kind             string    `json:"kind"`
	Route            string    `json:"route"`
	StartedOn        string    `json:"started_on"`
	OccupationGroup  string    `json:"occupation_group"`
	Struck           bool      `json:"struck"`
	Sustained        string    `json:"sustained"`
	SustainedVersion int64     `json:"sustained_version"`
}

type outcomeAllowanceRow struct {
	AllowanceID uuid.UUID `json:"allowance_id"`
	OutcomeID   uuid.UUID `json:"outcome_id"`
}

type checkRow struct {
	OutcomeID uuid.UUID `json:"outcome_id"`
	Version   int64     `json:"version"`
	Sustained string    `json:"sustained"`
}

func (b *batch) facts() factRows {
	f := factRows{Terms: b.terms}
	if !b.at.IsZero() {
		f.At = &b.at
	}
	for _, r := range b.requests {
		f.Requests = append(f.Requests, requestRow{
			r.RequestID, r.Version, r.Reference, r.State, r.Area, r.CoachID, r.FundID, r.AllowanceID, r.Automatic, r.AskedPence, r.SubmittedAt, r.DecidedAt,
		})
		for i, l := range r.Lines {
			f.Lines = append(f.Lines, lineRow{r.RequestID, i + 1, l.LineID, l.NeedID, l.Category, l.AmountPence, l.GrantedPence})
		}
	}
	for _, e := range b.entries {
		f.Entries = append(f.Entries, e)
	}
	for _, a := range b.allowances {
		f.Allowances = append(f.Allowances, allowanceRow{a.AllowanceID, a.Version, a.Area, a.CoachID, a.CourseID, a.CapPence, day(a.OpenedAt)})
	}
	for _, c := range b.budgets {
		f.Budgets = append(f.Budgets, budgetRow{c.BudgetID, c.Version, c.FundID, c.Area, c.Year, c.AllocatedPence})
	}
	for _, q := range b.questions {
		f.Questions = append(f.Questions, q)
	}
	for _, n := range b.needs {
		f.Needs = append(f.Needs, n)
	}
	for _, o := range b.outcomes {
		f.Outcomes = append(f.Outcomes, outcomeRow{o.OutcomeID, o.Version, o.Area, o.Kind, o.Route, o.StartedOn, o.OccupationGroup, o.Struck, o.Sustained, o.Version})
		for _, a := range o.AllowanceIDs {
			f.OutcomeAllowances = append(f.OutcomeAllowances, outcomeAllowanceRow{a, o.OutcomeID})
		}
	}
	for _, c := range b.checks {
		f.Checks = append(f.Checks, c)
	}
	return f
}

// day and month are those of London, and dayOf is nil of none.
func day(at time.Time) string { return workday.On(at).Format(time.DateOnly) }

func dayOf(at *time.Time) *string {
	if at == nil {
		return nil
	}
	return new(day(*at))
}

func month(at time.Time) string { return workday.On(at).Format("2006-01") + "-01" }
