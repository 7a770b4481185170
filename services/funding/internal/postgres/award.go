package postgres

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"gorm.io/gorm"

	"github.com/instead-support/instead/pkg/audit"
	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/events"
	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/funding/internal/award"
	"github.com/instead-support/instead/services/funding/internal/policy"
)

// Awards keeps allowances, requests and the ledger. It is the award.Store.
type Awards struct {
	db   *db.DB
	tell Tell
}

// Tell is how other services hear of what was done: as jobs that are written with
// it, which is events.Rows.
type Tell func(ctx context.Context, all ...events.Event) ([]events.Row, error)

// NewAwards returns the store of awards in d, which tells others through tell.
func NewAwards(d *db.DB, tell Tell) Awards { return Awards{d, tell} }

var (
	errNoRecord = fault.New(fault.NotFound, "We could not find that. It may not exist, or it may not be yours to see.")
	errTooLate  = fault.New(fault.Conflict, "Somebody else changed this at the same moment. Look at it again before you go on.")
)

// awardFaults say what a broken constraint means to the person who broke it.
// Those that stand for a rule of award's own are the second wall: what reaches
// them got past the first.
var awardFaults = db.Faults{
	"allowance_once":             fault.New(fault.Conflict, "This jobseeker already has an allowance for this course. Ask against that one."),
	"budget_within_allocation":   fault.New(fault.OverBudget, "There is not that much left of this budget. Look at what is left now."),
	"entry_within_year":          fault.New(fault.Conflict, "This budget's financial year is not the one of today. Try again."),
	"payments_within_promise":    fault.New(fault.Conflict, "Payments of this are on their way, and so much of it cannot be given back or paid another time. Have finance cancel the payment first, or look at what is left now."),
	"allowance_within_cap":       fault.New(fault.OverCap, "There is not that much left of this allowance. Look at what is available now."),
	"request_decided_by_another": fault.New(fault.Forbidden, "You have submitted, endorsed or declined this request before, so somebody else must decide it."),
	"exception_allowed":          fault.New(fault.Conflict, "Since you looked, the figures or the fund’s terms have changed. Look at it again before you decide."),
	"exception_by_another":       fault.New(fault.Forbidden, "You ask for this request yourself, so somebody else must answer this."),
	"challenge_to_another":       fault.New(fault.Forbidden, "You took part in the decision that was challenged, so somebody else must take another look."),
	"automatic_allowed":          fault.New(fault.Conflict, "The fund’s terms do not approve this by themselves."),
	"automatic_review_by_other":  fault.New(fault.Forbidden, "You submitted this request, or have paid something of it, so somebody else must review it."),
	"automatic_review_pkey":      errTooLate,
	"request_reference":          fault.New(fault.Unavailable, "The reference for this request was taken. Try again."),
	"history_arrow":              errTooLate,
	"history_goes_on":            errTooLate,
	"history_pkey":               errTooLate,
	"line_frozen":                errTooLate,
	"kept_on_once":               errTooLate,
	"kept_on_warned":             errTooLate,
	"warning_once":               errTooLate,
	"warning_in_time":            errTooLate,
	"expired_as_warned":          errTooLate,
}

// tx runs f in one transaction, and says in plain words what a constraint
// refused.
func (s Awards) tx(ctx context.Context, f func(tx *gorm.DB) error) error {
	return awardFaults.Translate(db.Tx(ctx, s.db.Gorm, f))
}

// takeOnce runs do, which returns the id of what it made or changed, unless the same
// message did so before. It returns that id either way, and whether it was seen.
func takeOnce(ctx context.Context, tx *gorm.DB, act award.Act, do func() (uuid.UUID, error)) (uuid.UUID, bool, error) {
	id, seen, err := db.Once(ctx, tx, string(act.Operation), act.Body)
	if err != nil || seen {
		return id, seen, err
	}
	if id, err = do(); err != nil {
		return uuid.Nil, false, err
	}
	return id, false, db.Did(ctx, tx, id)
}

// Begin is award.Store's.
func (s Awards) Begin(ctx context.Context, act award.Act, allowance uuid.UUID, at time.Time, begin func(*award.Allowance, []award.Fund) (*award.Request, error)) (c award.Case, err error) {
	err = s.tx(ctx, func(tx *gorm.DB) error {
		_, seen, err := takeOnce(ctx, tx, act, func() (uuid.UUID, error) {
			if c.Allowance, err = readAllowance(ctx, tx, act.Who, allowance); err != nil {
				return uuid.Nil, err
			}
			open, err := openFunds(ctx, tx, c.Allowance.Area, at)
			if err != nil {
				return uuid.Nil, err
			}
			had := *c.Allowance
			if c.Request, err = begin(c.Allowance, open); err != nil {
				return uuid.Nil, err
			}
			row := toRequestRow(c.Request)
			if err := tx.Omit(append(kept, "BudgetID", "FundCode", "FundName")...).Create(&row).Error; err != nil {
				return uuid.Nil, err
			}
			w, err := s.difference(ctx, act, award.Case{Request: &award.Request{}, Allowance: &had}, c)
			if err != nil {
				return uuid.Nil, err
			}
			return c.Request.ID, w.in(tx)
		})
		if err == nil && seen {
			c, err = s.again(ctx, tx, act, award.Also{})
		}
		return err
	})
	return c, err
}

// errSeen breaks off a change that its message has led to before.
var errSeen = errors.New("the message was taken before")

// Change is award.Store's: one round trip to read, the rules, and one to write.
func (s Awards) Change(ctx context.Context, act award.Act, id uuid.UUID, also award.Also, change func(award.Case) error) (c award.Case, err error) {
	m, err := db.MessageOf(ctx, string(act.Operation), act.Body)
	if err != nil {
		return award.Case{}, err
	}
	var w write
	err = db.Exchange{
		Lock: lockCase(s.db.Gorm, id),
		Read: selectCase(s.db.Gorm, act.Who, id, also, m),
		Decide: func(row pgx.Row) (db.Statement, error) {
			var found caseRow
			if err := found.scan(row); err != nil {
				return db.Statement{}, orNoRecord(err)
			}
			if found.operation != nil {
				return db.Statement{}, cmp.Or(m.Was(*found.operation, found.hash), errSeen)
			}
			c = found.toDomain(act.Who, also)
			was, had := *c.Request, *c.Allowance
			if err := change(c); err != nil {
				return db.Statement{}, err
			}
			if w, err = s.difference(ctx, act, award.Case{Request: &was, Allowance: &had}, c); err != nil {
				return db.Statement{}, err
			}
			w.messages = toMessageRows(m, id)
			return w.statement(s.db.Gorm)
		},
		Wrote: func(row pgx.Row) error { return w.wrote(row) },
	}.Run(ctx, s.db.Gorm)
	if errors.Is(err, errSeen) {
		err = s.tx(ctx, func(tx *gorm.DB) (err error) {
			c, err = s.again(ctx, tx, act, also)
			return err
		})
	}
	return c, awardFaults.Translate(err)
}

// again is what the message of act led to before, as it now stands. That it is
// sent again is a look, and no more.
func (s Awards) again(ctx context.Context, tx *gorm.DB, act award.Act, also award.Also) (award.Case, error) {
	id, _, err := db.Once(ctx, tx, string(act.Operation), act.Body)
	if err != nil {
		return award.Case{}, err
	}
	also.Automatic = true
	c, err := readCase(tx, act.Who, id, also)
	act.Operation = policy.ReadRequest
	return c, noteRequest(ctx, tx, act, c.Request, err)
}

// difference is what has to be written so that was, which is kept, becomes c. It
// counts up the versions of what it finds changed.
func (s Awards) difference(ctx context.Context, act award.Act, was, c award.Case) (w write, err error) {
	r, a := c.Request, c.Allowance
	w.id = r.ID
	if was.Request.Version > 0 {
		r.Version++
		approved := was.Request.Awarded == 0 && r.Awarded > 0
		if w.relined = !approved && !slices.Equal(was.Request.Lines, r.Lines); w.relined {
			w.lines = toLineRows(r)
		}
		if approved {
			w.decisions, w.granted = toDecisionRows(r)
			w.automatic = toAutomaticRows(r)
		}
		w.requests = []requestRow{toRequestRow(r)}
	}
	w.steps = toStepRows(r)[len(was.Request.History):]
	if len(w.steps) > 0 && r.Over > was.Request.Over {
		w.exceptions = []exceptionStepRow{{r.ID, len(r.History), int64(r.Over)}}
	}
	var told []events.Event
	if len(w.steps) > 0 || r.State() != award.Draft { // of what is still being written nobody is told
		told = append(told, tellingRequest(r, tellingEntries(r, a.Entered)))
	}
	handed := a.CoachID != was.Allowance.CoachID
	if len(a.Entered) > 0 || handed || a.CoachName != was.Allowance.CoachName {
		w.entries = toEntryRows(a.Entered)
		a.Version, a.Entered = a.Version+1, nil
		w.allowances = []allowanceRow{toAllowanceRow(a)}
	}
	if handed {
		told = append(told, tellingAllowance(a))
	}
	if w.jobs, err = s.tell(ctx, told...); err != nil {
		return write{}, err
	}
	if w.notes, err = audit.Rows(ctx, note(act, r)); err == nil && len(w.automatic) > 0 {
		var own []audit.Row
		own, err = audit.Rows(identity.With(ctx, award.System), note(award.Act{Operation: policy.ApproveAutomatically}, r))
		w.notes = append(w.notes, own...)
	}
	return w, err
}

// Request is award.Store's.
func (s Awards) Request(ctx context.Context, act award.Act, id uuid.UUID, also award.Also) (c award.Case, err error) {
	err = s.tx(ctx, func(tx *gorm.DB) (err error) {
		c, err = readCase(tx, act.Who, id, also)
		return noteRequest(ctx, tx, act, c.Request, err)
	})
	return c, err
}

// recordRow is what the policy needs to know of a record.
type recordRow struct {
	Jobseeker uuid.UUID
	Coach     uuid.UUID
	Area      string
	State     string
}

// Record is award.Store's.
func (s Awards) Record(ctx context.Context, who policy.Actor, id uuid.UUID) (policy.Record, error) {
	rows, err := db.Find[recordRow](ctx, s.db.Gorm, `
		SELECT r.jobseeker_id AS jobseeker, a.coach_id AS coach, r.area, r.state
		FROM request r JOIN allowance a ON a.id = r.allowance_id WHERE r.id = ? AND ?
		UNION ALL
		SELECT a.jobseeker_id, a.coach_id, a.area, '' FROM allowance a WHERE a.id = ? AND ?`,
		id, within(who, policy.ReadRequest, ofRequest), id, within(who, policy.ReadAllowance, ofAllowance))
	if err != nil {
		return policy.Record{}, err
	}
	if len(rows) == 0 {
		return policy.Record{}, errNoRecord
	}
	return policy.Record(rows[0]), nil
}

// kept are the columns that the database keeps out of the entries, or begins by
// itself.
var kept = []string{"Held", "Committed", "Paid", "Exception", "Over", "Version"}

// note is the entry in the audit trail that says that act was done to r.
func note(act award.Act, r *award.Request) audit.Entry {
	return audit.Entry{Action: string(act.Operation), Subject: "request", SubjectID: r.ID, Jobseeker: r.JobseekerID}
}

// noteRequest writes into the audit trail that act was done to r, unless err
// says that it was not.
func noteRequest(ctx context.Context, tx *gorm.DB, act award.Act, r *award.Request, err error) error {
	if err != nil {
		return err
	}
	return audit.Write(ctx, tx, note(act, r))
}
