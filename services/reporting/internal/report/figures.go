package report

import (
	"time"

	"github.com/google/uuid"
)

// Sums are the columns of a total, under their names there.
type Sums struct {
	Requests, AskedPence, ApprovedPence, GivenBackPence, CommittedPence int64
	PaidPence, RecoveredPence, ReleasedPence, SupplierPence, LocalPence int64

	Decided, Approved, Declined, Automatic, Timed, Days, Late int64
	Took0, Took1, Took2, Took5, Took10, Took20                int64
	EquityTimed, EquityDays                                   int64
}

// Spent is what left and did not come back.
func (s Sums) Spent() int64 { return s.PaidPence - s.RecoveredPence }

// Buckets are how many of those timed took 0, 1, 2, 3 to 5, 6 to 10, 11 to 20 and
// more working days.
func (s Sums) Buckets() []int64 {
	all := []int64{s.Took0, s.Took1, s.Took2, s.Took5, s.Took10, s.Took20}
	rest := s.Timed
	for _, n := range all {
		rest -= n
	}
	return append(all, rest)
}

// Offers are what allowances come to.
type Offers struct {
	Opened, Unasked, UnaskedCapPence            int64
	Allowances, CapPence, ApprovedPence         int64
	Settled, SettledCapPence, SettledSpentPence int64
	Instead, InsteadStarted, InsteadSustained   int64
	Course, CourseStarted, CourseSustained      int64
}

// Saved is by decision: what the courses would have cost, less what was approved.
func (o Offers) Saved() int64 { return o.CapPence - o.ApprovedPence }

// Realised is what was saved of allowances that nothing is to come of any more.
func (o Offers) Realised() int64 { return o.SettledCapPence - o.SettledSpentPence }

// Came is what outcomes come to.
type Came struct {
	Starts, Sustained, NotSustained, Open, NotCounted, Training int64
	CostPence, CostedStarts, CostedSustained                    int64
}

// PerStart is what a start cost, and PerSustained what one that lasted did, to the
// nearest penny. ok is false where there is none.
func (c Came) PerStart() (pence int64, ok bool)     { return per(c.CostPence, c.CostedStarts) }
func (c Came) PerSustained() (pence int64, ok bool) { return per(c.CostPence, c.CostedSustained) }

func per(pence, n int64) (int64, bool) {
	if n == 0 {
		return 0, false
	}
	return (pence + n/2) / n, true
}

// Standing is how budgets stand.
type Standing struct{ AllocatedPence, CommittedPence, SpentPence int64 }

// Left is what can still be promised.
func (s Standing) Left() int64 { return s.AllocatedPence - s.CommittedPence - s.SpentPence }

// Budget is a fund's money for an area in a financial year.
type Budget struct {
	BudgetID, FundID uuid.UUID
	Area             string
	Year             int
	Standing
}

// Row is a row of a breakdown. Its figures are nil of a month of which nothing is
// known, which is not the same as nothing having happened in it.
type Row[T any] struct {
	Key     string
	Figures *T
}

// List is a page of a breakdown, with the sum of all pages.
type List[T any] struct {
	View
	By    By
	Rows  []Row[T]
	Sum   T
	Total int
	Page  Page
}

// View is what figures are of, and how fresh they are.
type View struct {
	Filter
	Freshness
}

// Freshness says how far reporting has got.
type Freshness struct {
	AsAt   *time.Time // nil while nothing was heard yet
	Behind int64      // events that wait
	Age    time.Duration
}

// Filter is what figures are of.
type Filter struct {
	Period
	Areas []string   // never empty but for somebody who works in none
	Fund  *uuid.UUID // nil for all
}

// Page is which rows of a list are shown.
type Page struct{ Number, Size int }

// By is what a breakdown is by.
type By string

// What breakdowns are by.
const (
	Months      By = "month"
	Areas       By = "area"
	Funds       By = "fund"
	Categories  By = "category"
	Needs       By = "need"
	Coaches     By = "coach"
	Suppliers   By = "supplier"
	Courses     By = "course"
	Kinds       By = "kind"
	Routes      By = "route"
	Occupations By = "occupation"
)

// Measure is one of the figures of a breakdown of the money.
type Measure string

// The measures.
const (
	Requests  Measure = "requests"
	Asked     Measure = "asked"
	Approved  Measure = "approved"
	GivenBack Measure = "given_back"
	Committed Measure = "committed"
	Paid      Measure = "paid"
	Recovered Measure = "recovered"
	Spent     Measure = "spent"
	Released  Measure = "released"
	Supplier  Measure = "supplier"
	Local     Measure = "local"
	Decided   Measure = "decided"
	Late      Measure = "late"
)

// Of is that measure of s.
func (m Measure) Of(s Sums) int64 {
	switch m {
	case Requests:
		return s.Requests
	case Asked:
		return s.AskedPence
	case Approved:
		return s.ApprovedPence
	case GivenBack:
		return s.GivenBackPence
	case Committed:
		return s.CommittedPence
	case Paid:
		return s.PaidPence
	case Recovered:
		return s.RecoveredPence
	case Spent:
		return s.Spent()
	case Released:
		return s.ReleasedPence
	case Supplier:
		return s.SupplierPence
	case Local:
		return s.LocalPence
	case Decided:
		return s.Decided
	case Late:
		return s.Late
	}
	return 0
}

// Drill asks for the requests behind a figure.
type Drill struct {
	Filter
	By      By // "" for all of them
	Key     string
	Measure Measure
}

// Request is one of the requests behind a figure.
type Request struct {
	RequestID, CoachID, FundID, AllowanceID uuid.UUID
	CourseID                                *uuid.UUID // nil while it is not known
	Reference, Area, State                  string
	Automatic                               bool
	SubmittedAt, DecidedAt                  *time.Time
	Sums                                          // all that it adds in the period
	Part                                    int64 // what it adds to the measure and key
}

// Unit is what a proxy is a value of.
type Unit string

// The units.
const (
	Start     Unit = "start"
	Sustained Unit = "sustained"
)

// Proxy is what an outcome is held to be worth, from a day on.
type Proxy struct {
	Name                                  string
	Unit                                  Unit
	Pence                                 int64
	Year                                  int
	Source                                string
	AttributionPercent, DeadweightPercent int64
	ValidFrom                             time.Time
}

// Worth is what the outcomes of a period come to by one proxy.
type Worth struct {
	Proxy
	Units int64
}

// Gross is what the units would be worth alone.
func (w Worth) Gross() int64 { return w.Units * w.Pence }

// Value is what of that is put down to the support and would not have happened
// anyway, rounded down.
func (w Worth) Value() int64 {
	return w.Gross() * w.AttributionPercent / 100 * (100 - w.DeadweightPercent) / 100
}

// Export is a note that somebody saved rows in a file.
type Export struct {
	ID       uuid.UUID
	PersonID uuid.UUID
	Of       string // totals or requests
	Drill
	Rows int64
	At   time.Time
}
