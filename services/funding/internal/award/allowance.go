package award

import (
	"time"

	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/money"
)

// Allowance is what may be spent on one jobseeker instead of one course. The
// cap is that course's price on one day, frozen: a later price changes nothing.
type Allowance struct {
	ID          uuid.UUID
	JobseekerID uuid.UUID

	CourseID   uuid.UUID
	CourseCode string
	CourseName string
	PriceID    uuid.UUID
	Cap        money.Pence
	PricedOn   time.Time // a calendar day, at 00:00 UTC
	Source     string    // where the price was published

	Area      string // as needs told it, and so with the coach
	CoachID   uuid.UUID
	CoachName string

	Over     money.Pence // how far above the cap it may be, by the widest exception ever allowed; mostly 0
	OpenedAt time.Time
	Totals           // of every entry, kept by the database
	Entered  []Entry // since it was loaded; saved with it, and nothing else about money is
	Version  int64
}

// Price is what a course cost on one day, as the catalogue tells it.
type Price struct {
	CourseID   uuid.UUID
	CourseCode string
	CourseName string
	PriceID    uuid.UUID
	Pence      money.Pence
	Source     string
	Confirmed  bool // never flagged as odd, or confirmed by a person since
}

// Jobseeker is who supports a jobseeker and where, as needs tells it. There is
// no name here, nor anywhere in funding.
type Jobseeker struct {
	ID        uuid.UUID
	Area      string
	CoachID   uuid.UUID
	CoachName string
}

// open is a new allowance for j, capped at the price that day. It returns
// Invalid if the day has not come yet, or if the price is one that nobody has
// confirmed.
func open(j Jobseeker, p Price, day, now time.Time) (*Allowance, error) {
	var c fault.Check
	c.Want(!day.After(Today(now)), "/priced_on", "The date of the price must be today or in the past.")
	c.Want(p.Confirmed, "/course_id", "This price is far from others like it. A manager must confirm it before it can be used.")
	c.Want(p.Pence >= 1, "/course_id", "This course has no price that day. Choose another date or another course.")
	if err := c.Err(); err != nil {
		return nil, err
	}
	return &Allowance{
		ID: newID(), JobseekerID: j.ID,
		CourseID: p.CourseID, CourseCode: p.CourseCode, CourseName: p.CourseName,
		PriceID: p.PriceID, Cap: p.Pence, PricedOn: day, Source: p.Source,
		Area: j.Area, CoachID: j.CoachID, CoachName: j.CoachName,
		OpenedAt: now, Version: 1,
	}, nil
}

// Available is what is neither held, committed nor paid of the cap. An exception
// leaves nothing to anybody but the request that it is for.
func (a *Allowance) Available() money.Pence {
	return max(0, a.Cap-a.Held-a.Committed-a.Paid)
}

// availableTo is what r may ask for: all that stands for nothing else, and what an
// exception adds.
func (a *Allowance) availableTo(r *Request) money.Pence {
	return max(0, a.Cap+r.Over-a.besides(r))
}

// Excess is by how much a is above its cap with all that r asks, or by how much it
// is not, below zero.
func (a *Allowance) Excess(r *Request) money.Pence { return a.besides(r) + r.Asked() - a.Cap }

// besides is what is held, committed and paid for everything but r.
func (a *Allowance) besides(r *Request) money.Pence {
	return a.Held - r.Held + a.Committed - r.Committed + a.Paid - r.Paid
}

// Award is what a request gets that asks for asked where available is left:
// the smaller of the two. The cap has no say, or the second request against an
// allowance would be measured against money that the first has spent.
func Award(asked, available money.Pence) money.Pence { return min(asked, available) }

// handTo makes the allowance the business of the jobseeker's coach of today, as
// needs has just told it, who may have taken over from another. A nil j tells
// nothing.
func (a *Allowance) handTo(j *Jobseeker) {
	if j != nil {
		a.CoachID, a.CoachName = j.CoachID, j.CoachName
	}
}

// hold sets aside what r asks. It returns OverCap, with the figures, if that is
// more than is available to it.
func (a *Allowance) hold(r *Request) error {
	asked, available := r.Asked(), a.availableTo(r)
	if asked > available {
		return overCap(asked, available)
	}
	return a.enter(r, nil, Hold, asked)
}

// commit promises what is granted of r, as far as it is held for it, out of b, and
// releases the rest. It returns what it promised, or OverBudget if b has less
// left.
func (a *Allowance) commit(r *Request, b *Budget, granted money.Pence, at time.Time) (money.Pence, error) {
	awarded := Award(granted, r.Held)
	if err := b.afford(r, awarded, at); err != nil {
		return 0, err
	}
	if err := a.enter(r, b, Commit, awarded); err != nil {
		return 0, err
	}
	return awarded, a.release(r)
}

// release makes available again whatever is held for r.
func (a *Allowance) release(r *Request) error {
	if r.Held == 0 {
		return nil
	}
	return a.enter(r, nil, Release, r.Held)
}

// overCap says by how much a request asks for too much. The figures go with it,
// so that a page can offer to reduce the request without asking again.
func overCap(asked, available money.Pence) error {
	return fault.Newf(fault.OverCap, "You asked for %v, but %v is available. Reduce the request by %v, or record who else pays that part.",
		asked, available, asked-available).
		With("cap", map[string]any{
			"asked_pence":     int64(asked),
			"available_pence": int64(available),
			"over_pence":      int64(asked - available),
		})
}
