package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	told "github.com/instead-support/instead/api/events"
	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/events"
	"github.com/instead-support/instead/services/funding/internal/award"
)

// tellingRequest says how r stands, and what was entered for it. It says neither
// what is asked for nor in which words: whoever may know that asks, and is checked.
func tellingRequest(r *award.Request, entries []told.Entry) told.RequestChanged {
	e := told.RequestChanged{
		RequestID: r.ID, Reference: r.Reference, Version: r.Version, JobseekerID: r.JobseekerID,
		State: string(r.State()), NeedIDs: []uuid.UUID{}, At: r.ChangedAt,
		AllowanceID: r.AllowanceID, Area: r.Area, CoachID: r.Coach(), FundID: r.Fund.ID, Automatic: r.ByRule(), AwardPence: int64(r.Awarded),
		Lines: []told.Line{}, Entries: entries,
	}
	if s, ok := r.Submission(); ok {
		e.SubmittedAt = timeOrNull(s.At)
	}
	if s, ok := r.Decision(); ok {
		e.DecidedAt, e.Code = timeOrNull(s.At), string(s.Code)
	}
	if r.State() == award.Draft {
		return e // what is still being written is not asked for
	}
	e.AskedPence = int64(r.Asked())
	for _, l := range r.Lines {
		e.NeedIDs = append(e.NeedIDs, l.NeedID)
		e.Lines = append(e.Lines, told.Line{
			LineID: l.ID, NeedID: l.NeedID, Category: string(l.Category), AmountPence: int64(l.Amount), GrantedPence: int64(l.Granted),
		})
	}
	return e
}

// tellingEntries are those that have just been made of r. None of them is of a
// payment: those are told by toldEntries, which knows whom it was to.
func tellingEntries(r *award.Request, entered []award.Entry) []told.Entry {
	all := make([]told.Entry, len(entered))
	for i, e := range entered {
		all[i] = told.Entry{Step: e.Step, Kind: string(e.Kind), Pence: int64(e.Pence), At: r.History[e.Step-1].At, BudgetID: idOrNil(e.BudgetID)}
	}
	return all
}

// toldEntryRow is an entry with when it was made, and whom what it pays was to.
type toldEntryRow struct {
	RequestID  uuid.UUID
	Step       int
	Kind       string
	Pence      int64
	At         time.Time
	BudgetID   *uuid.UUID
	LineID     *uuid.UUID
	SupplierID *uuid.UUID
	Local      bool
}

const selectToldEntries = `SELECT e.request_id, e.step, e.kind, e.pence, h.at, e.budget_id, p.line_id, p.supplier_id, coalesce(p.local, false) AS local
	FROM entry e JOIN history h ON h.request_id = e.request_id AND h.step = e.step LEFT JOIN payment p ON p.id = h.payment_id`

func (r toldEntryRow) toEvent() told.Entry {
	return told.Entry{
		Step: r.Step, Kind: r.Kind, Pence: r.Pence, At: r.At.UTC(), BudgetID: r.BudgetID, LineID: r.LineID, SupplierID: r.SupplierID, Local: r.Local,
	}
}

// tellPaid tells of r, whose entries after this step are written and have settled
// what they settle.
func (s Awards) tellPaid(ctx context.Context, tx *gorm.DB, r *award.Request, after int) error {
	rows, err := db.Find[toldEntryRow](ctx, tx, selectToldEntries+" WHERE e.request_id = ? AND e.step > ? ORDER BY e.step, e.kind", r.ID, after)
	if err != nil {
		return err
	}
	entries := make([]told.Entry, len(rows))
	for i, row := range rows {
		entries[i] = row.toEvent()
	}
	return s.tellIn(ctx, tx, tellingRequest(r, entries))
}

// tellIn tells others of this as a part of tx.
func (s Awards) tellIn(ctx context.Context, tx *gorm.DB, e events.Event) error {
	rows, err := s.tell(ctx, e)
	if err != nil {
		return err
	}
	return events.Add(ctx, tx, rows)
}

func tellingAllowance(a *award.Allowance) told.AllowanceChanged {
	return told.AllowanceChanged{
		AllowanceID: a.ID, Version: a.Version, Area: a.Area, CoachID: a.CoachID, CourseID: a.CourseID, CapPence: int64(a.Cap), OpenedAt: a.OpenedAt,
	}
}

func tellingQuestion(q award.Question) told.QuestionChanged {
	return told.QuestionChanged{QuestionID: q.ID, RequestID: q.RequestID, AskedAt: q.At, AnsweredAt: timeOrNull(q.AnsweredAt)}
}
