// Package report is what the money did, as figures: which period, whose areas, what
// a breakdown shows, and what may be said of small groups or of two routes.
//
// It adds nothing up: the totals are kept by the store, which says what a request
// adds to which. It knows no jobseeker, and no name of anything.
package report

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/reporting/internal/policy"
)

// Store keeps the totals. Each method reads those of the filter's areas alone.
type Store interface {
	// Totals is a page of a breakdown, the largest by sort first, and how many rows
	// there are. By month all are there, in order, as far as anything is in them.
	Totals(ctx context.Context, f Filter, by By, sort Measure, page Page) ([]Row[Sums], int, error)
	// Sum is all of it.
	Sum(ctx context.Context, f Filter) (Sums, error)
	// Offers are allowances, by month, area, coach or course, or "" for one row of all.
	// With days set those are left out that were opened after that day.
	Offers(ctx context.Context, f Filter, by By, until *time.Time) ([]Row[Offers], error)
	// Came are outcomes, by any of what they can be, or "" for one row of all.
	Came(ctx context.Context, f Filter, by By) ([]Row[Came], error)
	// Budgets are those of the financial years of the period, and Standing their sum.
	Budgets(ctx context.Context, f Filter, page Page) ([]Budget, int, error)
	Standing(ctx context.Context, f Filter) (s Standing, ok bool, err error)
	// Requests are those behind a figure, the newest first, older than after.
	Requests(ctx context.Context, d Drill, after uuid.UUID, n int) ([]Request, error)
	Count(ctx context.Context, d Drill) (int64, error)
	// Everywhere are the totals by area of all areas there are.
	Everywhere(ctx context.Context, f Filter) ([]Row[Sums], error)
	// Since is the first month of which anything is known, or zero.
	Since(ctx context.Context, areas []string) (Month, error)
	AsAt(ctx context.Context) (*time.Time, error)
	Proxies(ctx context.Context) ([]Proxy, error)
	Worth(ctx context.Context, f Filter) ([]Worth, error)
	// Log notes an export, once for a message, with an entry in the audit trail.
	Log(ctx context.Context, e Export) (Export, error)
	Logged(ctx context.Context, id, person uuid.UUID) (Export, error)
}

// Deps is what Reports needs.
type Deps struct {
	Store Store
	Now   func() time.Time
	Lag   func(context.Context) (waiting int64, age time.Duration, err error)
}

// Reports answers with figures.
type Reports struct{ d Deps }

// New returns reports.
func New(d Deps) *Reports { return &Reports{d} }

// Ask is what somebody asks figures of.
type Ask struct {
	Areas    []string // of theirs; all if empty
	Fund     *uuid.UUID
	From, To string // months, or ""
}

// view checks that the person may do op, and of what.
func (r *Reports) view(ctx context.Context, op policy.Operation, a Ask) (View, error) {
	who, err := identity.From(ctx)
	if err != nil {
		return View{}, err
	}
	areas, err := policy.Reach(who, op)
	if err != nil {
		return View{}, err
	}
	if len(a.Areas) > 0 {
		for _, area := range a.Areas {
			if !slices.Contains(areas, area) {
				return View{}, policy.Missing()
			}
		}
		areas = a.Areas
	}
	period, err := NewPeriod(a.From, a.To, r.d.Now())
	if err != nil {
		return View{}, err
	}
	v := View{Filter: Filter{Period: period, Areas: slices.Compact(slices.Sorted(slices.Values(areas))), Fund: a.Fund}}
	if v.AsAt, err = r.d.Store.AsAt(ctx); err != nil {
		return View{}, err
	}
	v.Behind, v.Age, err = r.d.Lag(ctx)
	return v, err
}

// Overview is the headline figures.
type Overview struct {
	View
	Since  Month // zero while nothing is known
	Sums   *Sums // nil where the period lies before that
	Budget *Standing
	Offers Offers
	Came   Came
}

// Overview is the figures of a period on one page.
func (r *Reports) Overview(ctx context.Context, a Ask) (o Overview, err error) {
	if o.View, err = r.view(ctx, policy.ReadOverview, a); err != nil {
		return o, err
	}
	if o.Since, err = r.d.Store.Since(ctx, o.Areas); err != nil {
		return o, err
	}
	sum, err := r.d.Store.Sum(ctx, o.Filter)
	if err != nil {
		return o, err
	}
	if !o.Since.IsZero() && !o.To.Before(o.Since) {
		o.Sums = &sum
	}
	if standing, ok, err := r.d.Store.Standing(ctx, o.Filter); err != nil {
		return o, err
	} else if ok {
		o.Budget = &standing
	}
	offers, err := r.d.Store.Offers(ctx, o.Filter, "", nil)
	if err != nil {
		return o, err
	}
	o.Offers = only(offers)
	came, err := r.d.Store.Came(ctx, o.Filter, "")
	o.Came = only(came)
	return o, err
}

// only is the one row of rows that were not broken down, or zero.
func only[T any](rows []Row[T]) (sum T) {
	if len(rows) > 0 && rows[0].Figures != nil {
		sum = *rows[0].Figures
	}
	return sum
}

// takes returns Invalid unless by is one of those.
func takes(by By, those ...By) error {
	var c fault.Check
	c.Want(slices.Contains(those, by), "/by", "There is no such breakdown of this. Choose another.")
	return c.Err()
}

// Totals is a breakdown of the money.
func (r *Reports) Totals(ctx context.Context, a Ask, by By, sort Measure, page Page) (List[Sums], error) {
	return r.totals(ctx, policy.ListTotals, a, by, sort, page, Months, Areas, Funds, Categories, Needs, Coaches, Suppliers, Courses)
}

// Decisions is how fast requests are decided.
func (r *Reports) Decisions(ctx context.Context, a Ask, by By, page Page) (List[Sums], error) {
	return r.totals(ctx, policy.ListDecisions, a, by, Late, page, Months, Areas, Coaches)
}

func (r *Reports) totals(ctx context.Context, op policy.Operation, a Ask, by By, sort Measure, page Page, those ...By) (l List[Sums], err error) {
	if l.View, err = r.view(ctx, op, a); err != nil {
		return l, err
	}
	if err := takes(by, those...); err != nil {
		return l, err
	}
	l.By, l.Page = by, page
	if by == Months {
		rows, _, err := r.d.Store.Totals(ctx, l.Filter, by, sort, Page{1, longest})
		if err != nil {
			return l, err
		}
		if l.Sum, err = r.d.Store.Sum(ctx, l.Filter); err != nil {
			return l, err
		}
		l.Rows, l.Total, err = monthly(ctx, r, l.View, rows, page)
		return l, err
	}
	if l.Rows, l.Total, err = r.d.Store.Totals(ctx, l.Filter, by, sort, page); err != nil {
		return l, err
	}
	l.Sum, err = r.d.Store.Sum(ctx, l.Filter)
	return l, err
}

// monthly is a page of all the months of a period. One from which on things are
// known, up to the one that runs, has figures, be they 0; others have none.
func monthly[T any](ctx context.Context, r *Reports, v View, rows []Row[T], page Page) ([]Row[T], int, error) {
	since, err := r.d.Store.Since(ctx, v.Areas)
	if err != nil {
		return nil, 0, err
	}
	figures := map[string]*T{}
	for _, row := range rows {
		figures[row.Key] = row.Figures
	}
	var all []Row[T]
	for _, m := range v.Months() {
		row := Row[T]{Key: m.String(), Figures: figures[m.String()]}
		if row.Figures == nil && !since.IsZero() && !m.Before(since) && !MonthOf(r.d.Now()).Before(m) {
			row.Figures = new(T)
		}
		all = append(all, row)
	}
	return paged(all, page), len(all), nil
}

func paged[T any](all []T, p Page) []T {
	from := min((p.Number-1)*p.Size, len(all))
	return all[from:min(from+p.Size, len(all))]
}

// Savings is what was saved against the courses replaced.
func (r *Reports) Savings(ctx context.Context, a Ask, by By, page Page) (List[Offers], error) {
	return r.offers(ctx, policy.ListSavings, a, by, nil, page, Offers.Saved, func(o Offers) bool { return o.Allowances > 0 })
}

// Unasked is how many allowances nothing was asked for, of those opened at least so
// many days ago.
func (r *Reports) Unasked(ctx context.Context, a Ask, by By, days int, page Page) (List[Offers], error) {
	until := r.d.Now().AddDate(0, 0, -days)
	return r.offers(ctx, policy.ListUnasked, a, by, &until, page, func(o Offers) int64 { return o.Unasked }, func(o Offers) bool { return o.Opened > 0 })
}

func (r *Reports) offers(ctx context.Context, op policy.Operation, a Ask, by By, until *time.Time, page Page, measure func(Offers) int64, shown func(Offers) bool) (l List[Offers], err error) {
	if l.View, err = r.view(ctx, op, a); err != nil {
		return l, err
	}
	if err := takes(by, Months, Areas, Coaches, Courses); err != nil {
		return l, err
	}
	l.By, l.Page = by, page
	sum, err := r.d.Store.Offers(ctx, l.Filter, "", until)
	if err != nil {
		return l, err
	}
	l.Sum = only(sum)
	rows, err := r.d.Store.Offers(ctx, l.Filter, by, until)
	if err != nil {
		return l, err
	}
	rows = slices.DeleteFunc(rows, func(row Row[Offers]) bool { return !shown(*row.Figures) })
	l.Rows, l.Total, err = arranged(ctx, r, l.View, by, rows, page, measure)
	return l, err
}

// arranged is a page of rows that were all read: months in order, others the
// largest first.
func arranged[T any](ctx context.Context, r *Reports, v View, by By, rows []Row[T], page Page, measure func(T) int64) ([]Row[T], int, error) {
	if by == Months {
		return monthly(ctx, r, v, rows, page)
	}
	largest(rows, func(row Row[T]) int64 { return measure(*row.Figures) }, func(row Row[T]) string { return row.Key })
	return paged(rows, page), len(rows), nil
}

// Outcomes is who got into work and stayed.
func (r *Reports) Outcomes(ctx context.Context, a Ask, by By, page Page) (l List[Came], err error) {
	if l.View, err = r.view(ctx, policy.ListOutcomes, a); err != nil {
		return l, err
	}
	if err := takes(by, Months, Areas, Kinds, Routes, Occupations); err != nil {
		return l, err
	}
	l.By, l.Page = by, page
	sum, err := r.d.Store.Came(ctx, l.Filter, "")
	if err != nil {
		return l, err
	}
	l.Sum = only(sum)
	rows, err := r.d.Store.Came(ctx, l.Filter, by)
	if err != nil {
		return l, err
	}
	l.Rows, l.Total, err = arranged(ctx, r, l.View, by, rows, page, func(c Came) int64 { return c.Starts })
	return l, err
}

// Side is one of two routes. Its shares are nil of an empty group.
type Side struct {
	Group, Started, Sustained    int64
	StartedShare, SustainedShare *Interval
}

func side(group, started, sustained int64) Side {
	s := Side{Group: group, Started: started, Sustained: sustained}
	if i, ok := Wilson(started, group); ok {
		s.StartedShare = &i
	}
	if i, ok := Wilson(sustained, group); ok {
		s.SustainedShare = &i
	}
	return s
}

// Compared is two routes beside each other.
type Compared struct {
	View
	Instead, Course                        Side
	StartedDifference, SustainedDifference *Interval
}

// Caution is what a comparison of the routes does not prove.
const Caution = "This does not prove cause. Who is supported instead of going on a course is not chance: the two groups differ in more than the route, and those who began lately have had less time to find work and to stay in it."

// Compare puts the two routes beside each other.
func (r *Reports) Compare(ctx context.Context, a Ask) (c Compared, err error) {
	if c.View, err = r.view(ctx, policy.CompareRoutes, a); err != nil {
		return c, err
	}
	rows, err := r.d.Store.Offers(ctx, c.Filter, "", nil)
	if err != nil {
		return c, err
	}
	o := only(rows)
	c.Instead, c.Course = side(o.Instead, o.InsteadStarted, o.InsteadSustained), side(o.Course, o.CourseStarted, o.CourseSustained)
	if o.Instead > 0 && o.Course > 0 {
		c.StartedDifference = new(Newcombe(*c.Instead.StartedShare, *c.Course.StartedShare))
		c.SustainedDifference = new(Newcombe(*c.Instead.SustainedShare, *c.Course.SustainedShare))
	}
	return c, nil
}

// Value is what the outcomes are worth, and what stayed local.
type Value struct {
	View
	Items []Worth
	Sums  Sums
}

// Value is what the outcomes of a period are worth by the proxies of their day.
func (r *Reports) Value(ctx context.Context, a Ask) (v Value, err error) {
	if v.View, err = r.view(ctx, policy.ReadValue, a); err != nil {
		return v, err
	}
	if v.Items, err = r.d.Store.Worth(ctx, v.Filter); err != nil {
		return v, err
	}
	v.Sums, err = r.d.Store.Sum(ctx, v.Filter)
	return v, err
}

// Worth is what all of them come to. ok is false where there is no proxy to say.
func (v Value) Worth() (pence int64, ok bool) {
	for _, w := range v.Items {
		pence += w.Value()
	}
	return pence, len(v.Items) > 0
}

// PerPound is that for each pound that was spent, in pence.
func (v Value) PerPound() (pence int64, ok bool) {
	worth, ok := v.Worth()
	if !ok || v.Sums.Spent() <= 0 {
		return 0, false
	}
	return worth * 100 / v.Sums.Spent(), true
}

// Proxies are all there are.
func (r *Reports) Proxies(ctx context.Context) ([]Proxy, error) {
	who, err := identity.From(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := policy.Reach(who, policy.ListProxies); err != nil {
		return nil, err
	}
	return r.d.Store.Proxies(ctx)
}

// Underspent is a page of budgets.
type Underspent struct {
	View
	Budgets []Budget
	Sum     Standing
	Total   int
	Page    Page
}

// Underspend is what is left of budgets.
func (r *Reports) Underspend(ctx context.Context, a Ask, page Page) (u Underspent, err error) {
	if u.View, err = r.view(ctx, policy.ListUnderspend, a); err != nil {
		return u, err
	}
	u.Page = page
	if u.Sum, _, err = r.d.Store.Standing(ctx, u.Filter); err != nil {
		return u, err
	}
	u.Budgets, u.Total, err = r.d.Store.Budgets(ctx, u.Filter, page)
	return u, err
}

// Used is what was used of budgets in a month.
type Used struct {
	Month Month
	Pence int64
	Whole bool // it is over, and all of it was known
}

// Foreseen is what will have been used by the end of the year.
type Foreseen struct {
	View
	Months   []Used
	Expected *Expected
	WhyNot   string
	Budget   *Standing
}

// Forecast is what a financial year will come to.
func (r *Reports) Forecast(ctx context.Context, a Ask) (f Foreseen, err error) {
	now := MonthOf(r.d.Now())
	opening := Opening(now.Year())
	a.From, a.To = opening.String(), now.String()
	if from := now.Add(-most); from.Before(opening) {
		a.From = from.String()
	}
	if f.View, err = r.view(ctx, policy.ReadForecast, a); err != nil {
		return f, err
	}
	rows, _, err := r.d.Store.Totals(ctx, f.Filter, Months, Approved, Page{1, longest})
	if err != nil {
		return f, err
	}
	since, err := r.d.Store.Since(ctx, f.Areas)
	if err != nil {
		return f, err
	}
	known := map[string]Sums{}
	for _, row := range rows {
		known[row.Key] = *row.Figures
	}
	var behind []int64
	var used, running int64
	for _, m := range f.Period.Months() {
		s := known[m.String()]
		u := Used{Month: m, Pence: s.ApprovedPence - s.GivenBackPence - s.RecoveredPence, Whole: !since.IsZero() && since.Before(m) && m.Before(now)}
		f.Months = append(f.Months, u)
		if u.Whole {
			behind = append(behind, u.Pence)
		}
		if !m.Before(opening) {
			used += u.Pence
		}
		if m == now {
			running = u.Pence
		}
	}
	if standing, ok, err := r.d.Store.Standing(ctx, Filter{Period: Period{now, now}, Areas: f.Areas, Fund: f.Fund}); err != nil {
		return f, err
	} else if ok {
		f.Budget = &standing
	}
	left := 0
	for m := now.Add(1); m.Before(opening.Add(12)); m = m.Add(1) {
		left++
	}
	if e, ok := Forecast(behind, used, running, left); ok {
		f.Expected = &e
	} else {
		f.WhyNot = "A forecast needs three whole months behind it. Come back when there are."
	}
	return f, nil
}

// Group is how one group of requests fared.
type Group struct {
	Key        string
	Elsewhere  bool
	Suppressed bool
	Sums       Sums // zero of one that is suppressed
}

// Fared is a page of groups.
type Fared struct {
	View
	By     By
	Groups []Group
	Total  int
	Page   Page
}

// Equity is whether people fare alike. Groups of fewer than Least are not told of.
func (r *Reports) Equity(ctx context.Context, a Ask, by By, elsewhere bool, page Page) (e Fared, err error) {
	if e.View, err = r.view(ctx, policy.ListEquity, a); err != nil {
		return e, err
	}
	if err := takes(by, Needs, Areas, Coaches); err != nil {
		return e, err
	}
	e.By, e.Page = by, page
	var rows []Row[Sums]
	if by == Areas && elsewhere {
		rows, err = r.d.Store.Everywhere(ctx, e.Filter)
	} else {
		rows, _, err = r.d.Store.Totals(ctx, e.Filter, by, Decided, Page{1, all})
	}
	if err != nil {
		return e, err
	}
	answered := func(row Row[Sums]) int64 { return row.Figures.Approved + row.Figures.Declined }
	rows = slices.DeleteFunc(rows, func(row Row[Sums]) bool { return answered(row) == 0 })
	largest(rows, answered, func(row Row[Sums]) string { return row.Key })
	sizes := make([]int64, len(rows))
	for i, row := range rows {
		sizes[i] = answered(row)
	}
	hidden := Suppress(sizes)
	groups := make([]Group, len(rows))
	for i, row := range rows {
		groups[i] = Group{Key: row.Key, Suppressed: hidden[i], Elsewhere: by == Areas && !slices.Contains(e.Areas, row.Key)}
		if !hidden[i] {
			groups[i].Sums = *row.Figures
		}
	}
	e.Groups, e.Total = paged(groups, page), len(groups)
	return e, nil
}

// all is more rows than there are keys of anything.
const all = 1_000_000

// Behind is a page of the requests behind a figure.
type Behind struct {
	View
	Requests []Request
	Sum      int64
	Next     string // "" on the last page
	Size     int
}

// Requests are those behind a figure.
func (r *Reports) Requests(ctx context.Context, a Ask, d Drill, after string, size int) (b Behind, err error) {
	if b.View, err = r.view(ctx, policy.ListRequests, a); err != nil {
		return b, err
	}
	d.Filter, b.Size = b.Filter, size
	if err := d.check(); err != nil {
		return b, err
	}
	from := uuid.Max
	if after != "" {
		if from, err = uuid.Parse(after); err != nil {
			var c fault.Check
			c.Want(false, "/after", "Send what the page before gave as next, or nothing.")
			return b, c.Err()
		}
	}
	if b.Requests, err = r.d.Store.Requests(ctx, d, from, size+1); err != nil {
		return b, err
	}
	if len(b.Requests) > size {
		b.Requests = b.Requests[:size]
		b.Next = b.Requests[size-1].RequestID.String()
	}
	b.Sum, err = r.figure(ctx, d)
	return b, err
}

// figure is what the requests behind it come to, read from the totals.
func (r *Reports) figure(ctx context.Context, d Drill) (int64, error) {
	rows := []Row[Sums]{}
	switch d.By {
	case "":
		sum, err := r.d.Store.Sum(ctx, d.Filter)
		return d.Measure.Of(sum), err
	default:
		var err error
		if rows, _, err = r.d.Store.Totals(ctx, d.Filter, d.By, d.Measure, Page{1, all}); err != nil {
			return 0, err
		}
	}
	for _, row := range rows {
		if row.Key == d.Key {
			return d.Measure.Of(*row.Figures), nil
		}
	}
	return 0, nil
}

// check returns Invalid of a drill that no figure leads to.
func (d *Drill) check() error {
	var c fault.Check
	switch d.By {
	case "", Categories, Needs, Suppliers:
	case Funds, Coaches, Courses:
		_, err := uuid.Parse(d.Key)
		// Only a request's course can be unknown.
		c.Want(err == nil || d.Key == "" && d.By == Courses, "/key", "Give the id that stands in the row.")
	case Months:
		m, err := ParseMonth(d.Key)
		c.Want(err == nil, "/key", "Give a month such as 2026-04.")
		c.Want(err != nil || !m.Before(d.From) && !d.To.Before(m), "/key", "That month is not in the period.")
		d.Period = Period{m, m}
	case Areas:
		if !slices.Contains(d.Areas, d.Key) {
			return policy.Missing()
		}
		d.Areas = []string{d.Key}
	default:
		c.Want(false, "/by", "There is no such breakdown of this. Choose another.")
	}
	if d.By == Suppliers && d.Key != "" {
		_, err := uuid.Parse(d.Key)
		c.Want(err == nil, "/key", "Give the id that stands in the row.")
	}
	if d.By == Months || d.By == Areas {
		d.By, d.Key = "", ""
	}
	return c.Err()
}

// What an export is of.
const (
	OfTotals   = "totals"
	OfRequests = "requests"
)

// Export logs that rows are saved in a file.
func (r *Reports) Export(ctx context.Context, a Ask, of string, d Drill) (View, Export, error) {
	v, err := r.view(ctx, policy.CreateExport, a)
	if err != nil {
		return v, Export{}, err
	}
	who, err := identity.From(ctx)
	if err != nil {
		return v, Export{}, err
	}
	d.Filter = v.Filter
	e := Export{ID: uuid.Must(uuid.NewV7()), PersonID: who.ID, Of: of, Drill: d, At: r.d.Now()}
	if of == OfTotals {
		if err := takes(d.By, Months, Areas, Funds, Categories, Needs, Coaches, Suppliers, Courses); err != nil {
			return v, e, err
		}
		list, err := r.totals(ctx, policy.CreateExport, a, d.By, Spent, Page{1, all}, d.By)
		if err != nil {
			return v, e, err
		}
		e.Rows = int64(list.Total)
	} else {
		if e.Measure == "" {
			e.Measure = Requests
		}
		counted := e.Drill
		if err := counted.check(); err != nil {
			return v, e, err
		}
		if e.Rows, err = r.d.Store.Count(ctx, counted); err != nil {
			return v, e, err
		}
	}
	e, err = r.d.Store.Log(ctx, e)
	return v, e, err
}

// Stream hands the rows of an export to one of the two, in order, as they are now.
// It is for whoever made it, and of the areas in which they still work.
func (r *Reports) Stream(ctx context.Context, id uuid.UUID) (rows func(totals func(Row[Sums]) error, requests func(Request) error) error, err error) {
	who, err := identity.From(ctx)
	if err != nil {
		return nil, err
	}
	areas, err := policy.Reach(who, policy.StreamExport)
	if err != nil {
		return nil, err
	}
	e, err := r.d.Store.Logged(ctx, id, who.ID)
	if err != nil {
		return nil, err
	}
	for _, area := range e.Areas {
		if !slices.Contains(areas, area) {
			return nil, policy.Missing()
		}
	}
	ask := Ask{Areas: e.Areas, Fund: e.Fund, From: e.From.String(), To: e.To.String()}
	return func(totals func(Row[Sums]) error, requests func(Request) error) error {
		if e.Of == OfTotals {
			list, err := r.totals(ctx, policy.StreamExport, ask, e.By, Spent, Page{1, all}, e.By)
			for _, row := range list.Rows {
				if err == nil {
					err = totals(row)
				}
			}
			return err
		}
		d := e.Drill
		if err := d.check(); err != nil {
			return err
		}
		for after := uuid.Max; ; {
			page, err := r.d.Store.Requests(ctx, d, after, chunk)
			if err != nil {
				return err
			}
			for _, q := range page {
				if err := requests(q); err != nil {
					return err
				}
				after = q.RequestID
			}
			if len(page) < chunk {
				return nil
			}
		}
	}, nil
}

// chunk is how many requests of an export are read at once.
const chunk = 500
