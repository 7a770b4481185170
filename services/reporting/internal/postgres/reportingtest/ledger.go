package reportingtest

import (
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	told "github.com/instead-support/instead/api/events"
	"github.com/instead-support/instead/pkg/workday"
	"github.com/instead-support/instead/services/reporting/internal/report"
)

// Key is one total.
type Key struct {
	Cut, Area, Fund, Month, Key string
}

func yearOf(at time.Time) int { return report.MonthOf(at).Year() }

func monthOf(at time.Time) string { return report.MonthOf(at).String() }

// Totals is what all requests come to, worked out request by request from how they
// stand at last and from their ledger.
func (w *World) Totals() map[Key]report.Sums {
	totals := map[Key]report.Sums{}
	for _, r := range w.requests {
		w.count(r, totals)
	}
	for k, s := range totals {
		if s == (report.Sums{}) {
			delete(totals, k)
		}
	}
	return totals
}

func (w *World) count(r *Request, totals map[Key]report.Sums) {
	add := func(month, cut, key string, f func(*report.Sums)) {
		k := Key{cut, r.Area, r.FundID.String(), month, key}
		s := totals[k]
		f(&s)
		totals[k] = s
	}
	whole := [][2]string{{"all", ""}, {"coach", r.CoachID.String()}, {"course", r.offer.CourseID.String()}}
	// money adds what some lines get each, and all of it where lines don't matter.
	money := func(month string, shares []int64, supplier *uuid.UUID, f func(*report.Sums, int64)) {
		var pence int64
		for _, share := range shares {
			pence += share
		}
		for _, c := range whole {
			add(month, c[0], c[1], func(s *report.Sums) { f(s, pence) })
		}
		for i, share := range shares {
			l := r.Lines[i]
			add(month, "category", l.Category, func(s *report.Sums) { f(s, share) })
			add(month, "need", w.needs[l.NeedID], func(s *report.Sums) { f(s, share) })
		}
		if supplier != nil {
			key := ""
			if *supplier != uuid.Nil {
				key = supplier.String()
			}
			add(month, "supplier", key, func(s *report.Sums) { f(s, pence) })
		}
	}
	// once counts a request once for each key that it has.
	once := func(month string, f func(*report.Sums)) {
		keys := slices.Clone(whole)
		for _, l := range r.Lines {
			keys = append(keys, [2]string{"category", l.Category}, [2]string{"need", w.needs[l.NeedID]})
		}
		slices.SortFunc(keys, func(a, b [2]string) int { return slices.Compare(a[:], b[:]) })
		for _, c := range slices.Compact(keys) {
			add(month, c[0], c[1], f)
		}
	}

	prices, granted, unmet := weights(r.Lines)
	if r.SubmittedAt != nil {
		once(monthOf(*r.SubmittedAt), func(s *report.Sums) { s.Requests++ })
		money(monthOf(*r.SubmittedAt), spread(prices, r.AskedPence), nil, func(s *report.Sums, p int64) { s.AskedPence += p })
	}
	var promised string
	var owed, award int64
	named := make([]int64, len(r.Lines)) // by line: what its own payments came to
	for _, e := range r.Ledger {
		switch e.Kind {
		case "commit":
			promised, award, owed = monthOf(e.At), award+e.Pence, owed+e.Pence
		case "uncommit":
			owed -= e.Pence
		case "pay":
			owed -= e.Pence
			if e.LineID != nil {
				named[place(r.Lines, *e.LineID)] += e.Pence
			}
		}
	}
	rest := spread(granted, award)
	for i := range rest {
		rest[i] = max(0, rest[i]-named[i])
	}
	rest = orPrices(rest, prices)
	// What was given back or paid of no line comes off the rest, one after the other.
	gone := map[string]int64{}
	for _, e := range r.Ledger {
		var supplier *uuid.UUID
		if e.Kind == "pay" || e.Kind == "recover" {
			supplier = &uuid.UUID{}
			if e.SupplierID != nil {
				supplier = e.SupplierID
			}
		}
		by, of := rest, e.Kind
		switch e.Kind {
		case "commit":
			by = granted
		case "release":
			by = unmet
		case "uncommit":
			of = "pay"
		}
		var shares []int64
		if e.LineID != nil {
			shares = make([]int64, len(r.Lines))
			shares[place(r.Lines, *e.LineID)] = e.Pence
		} else if e.Pence != 0 {
			shares = less(spread(by, gone[of]+e.Pence), spread(by, gone[of]))
			gone[of] += e.Pence
		}
		money(monthOf(e.At), shares, supplier, func(s *report.Sums, p int64) {
			switch e.Kind {
			case "commit":
				s.ApprovedPence += p
			case "uncommit":
				s.GivenBackPence += p
			case "release":
				s.ReleasedPence += p
			case "pay", "recover":
				sign := int64(1)
				if e.Kind == "pay" {
					s.PaidPence += p
				} else {
					s.RecoveredPence += p
					sign = -1
				}
				if e.SupplierID != nil {
					s.SupplierPence += sign * p
				}
				if e.Local {
					s.LocalPence += sign * p
				}
			}
		})
	}
	if promised != "" {
		money(promised, less(spread(rest, sum(rest)), spread(rest, sum(rest)-owed)), nil, func(s *report.Sums, p int64) { s.CommittedPence += p })
	}
	if days, late, ok := w.decided(r); ok {
		once(monthOf(*r.DecidedAt), func(s *report.Sums) {
			s.Decided++
			switch r.State {
			case "approved", "cancelled", "expired":
				s.Approved++
			case "declined", "challenged":
				s.Declined++
			}
			if r.Automatic {
				s.Automatic++
				return
			}
			s.Timed++
			s.Days += int64(days)
			if late {
				s.Late++
			}
			if r.State != "returned" {
				s.EquityTimed++
				s.EquityDays += int64(days)
			}
			for _, b := range []struct {
				most int
				n    *int64
			}{{0, &s.Took0}, {1, &s.Took1}, {2, &s.Took2}, {5, &s.Took5}, {10, &s.Took10}, {20, &s.Took20}} {
				if days <= b.most {
					*b.n++
					break
				}
			}
		})
	}
}

// weights are those of lines, by price, by what was granted and by what was not.
func weights(lines []told.Line) (prices, granted, unmet []int64) {
	for _, l := range lines {
		prices, granted = append(prices, l.AmountPence), append(granted, l.GrantedPence)
		unmet = append(unmet, l.AmountPence-l.GrantedPence)
	}
	return prices, orPrices(granted, prices), orPrices(unmet, prices)
}

// orPrices are weights, or prices where nothing weighs anything.
func orPrices(weights, prices []int64) []int64 {
	if sum(weights) == 0 {
		return prices
	}
	return weights
}

func sum(all []int64) (n int64) {
	for _, one := range all {
		n += one
	}
	return n
}

func less(a, b []int64) []int64 {
	for i := range a {
		a[i] -= b[i]
	}
	return a
}

func place(lines []told.Line, id uuid.UUID) int {
	return slices.IndexFunc(lines, func(l told.Line) bool { return l.LineID == id })
}

// spread is what of pence each line gets: with those before it, its part rounded up.
func spread(weights []int64, pence int64) []int64 {
	shares := make([]int64, len(weights))
	whole := sum(weights)
	var before, upto int64
	for i, weight := range weights {
		upto += weight
		part := pence * upto / whole
		if pence*upto%whole > 0 {
			part++
		}
		shares[i] = part - before
		before = part
	}
	return shares
}

// decided is after how many working days, and whether that was late.
func (w *World) decided(r *Request) (days int, late, ok bool) {
	if r.SubmittedAt == nil || r.DecidedAt == nil || r.DecidedAt.Before(*r.SubmittedAt) || r.State == "submitted" || r.State == "withdrawn" {
		return 0, false, false
	}
	sent, decided := workday.On(*r.SubmittedAt), workday.On(*r.DecidedAt)
	for d := sent.AddDate(0, 0, 1); !d.After(decided); d = d.AddDate(0, 0, 1) {
		waits := slices.ContainsFunc(r.Questions, func(q told.QuestionChanged) bool {
			until := decided
			if q.AnsweredAt != nil {
				until = workday.On(*q.AnsweredAt)
			}
			return d.After(workday.On(q.AskedAt)) && !d.After(until)
		})
		if workday.Is(d) && !waits {
			days++
		}
	}
	given := 0
	for _, t := range w.terms[r.FundID] {
		if t.FirstDay <= sent.Format(time.DateOnly) {
			given = t.DecideDays
		}
	}
	return days, given > 0 && days > given && !r.Automatic, true
}

// OfferKey is one total of allowances.
type OfferKey struct{ Cut, Area, Grain, Period, Key string }

// Offers is what all allowances come to.
func (w *World) Offers() map[OfferKey]report.Offers {
	totals := map[OfferKey]report.Offers{}
	for _, a := range w.offers {
		var asked, waits bool
		var approved, committed, spent int64
		var first time.Time
		for _, r := range w.requests {
			if r.offer != a {
				continue
			}
			asked = asked || r.SubmittedAt != nil
			waits = waits || r.State == "submitted" || r.State == "returned" || r.State == "challenged"
			for _, e := range r.Ledger {
				switch e.Kind {
				case "commit":
					approved, committed = approved+e.Pence, committed+e.Pence
					if first.IsZero() || e.At.Before(first) {
						first = e.At
					}
				case "uncommit":
					approved, committed = approved-e.Pence, committed-e.Pence
				case "pay":
					committed, spent = committed-e.Pence, spent+e.Pence
				case "recover":
					spent -= e.Pence
				}
			}
		}
		var went, started, sustained bool
		for _, o := range w.outcomes {
			if o.Struck || !slices.Contains(o.AllowanceIDs, a.AllowanceID) {
				continue
			}
			went = went || o.Route == "course"
			started = started || o.Kind != "training"
			sustained = sustained || o.Kind != "training" && o.Sustained == "sustained"
		}
		add := func(grain, period string, f func(*report.Offers)) {
			for _, c := range [][2]string{{"all", ""}, {"coach", a.CoachID.String()}, {"course", a.CourseID.String()}} {
				k := OfferKey{c[0], a.Area, grain, period, c[1]}
				o := totals[k]
				f(&o)
				totals[k] = o
			}
		}
		opened := func(o *report.Offers) {
			o.Opened++
			if !asked {
				o.Unasked++
				o.UnaskedCapPence += a.CapPence
			}
			n := func(yes bool) int64 {
				if yes {
					return 1
				}
				return 0
			}
			if spent > 0 && !went {
				o.Instead, o.InsteadStarted, o.InsteadSustained = o.Instead+1, o.InsteadStarted+n(started), o.InsteadSustained+n(sustained)
			}
			if spent <= 0 && went {
				o.Course, o.CourseStarted, o.CourseSustained = o.Course+1, o.CourseStarted+n(started), o.CourseSustained+n(sustained)
			}
		}
		add("day", workday.On(a.OpenedAt).Format(time.DateOnly), opened)
		add("month", monthOf(a.OpenedAt)+"-01", opened)
		if approved > 0 {
			add("month", monthOf(first)+"-01", func(o *report.Offers) {
				o.Allowances, o.CapPence, o.ApprovedPence = o.Allowances+1, o.CapPence+a.CapPence, o.ApprovedPence+approved
				if committed == 0 && !waits {
					o.Settled, o.SettledCapPence, o.SettledSpentPence = o.Settled+1, o.SettledCapPence+a.CapPence, o.SettledSpentPence+spent
				}
			})
		}
	}
	return totals
}

// CameKey is one total of outcomes.
type CameKey struct{ Area, Day, Kind, Route, Occupation string }

// Came is what all outcomes come to.
func (w *World) Came() map[CameKey]report.Came {
	spent := map[uuid.UUID]int64{}
	for _, r := range w.requests {
		for _, e := range r.Ledger {
			spent[r.AllowanceID] += map[string]int64{"pay": 1, "recover": -1}[e.Kind] * e.Pence
		}
	}
	led := map[uuid.UUID]*Outcome{} // by allowance: the earliest start that names it
	for _, o := range w.outcomes {
		if o.Struck || o.Kind == "training" || o.Route != "instead" {
			continue
		}
		for _, a := range o.AllowanceIDs {
			if was := led[a]; was == nil || o.StartedOn < was.StartedOn || o.StartedOn == was.StartedOn && o.OutcomeID.String() < was.OutcomeID.String() {
				led[a] = o
			}
		}
	}
	totals := map[CameKey]report.Came{}
	for _, o := range w.outcomes {
		if o.Struck {
			continue
		}
		k := CameKey{o.Area, o.StartedOn, o.Kind, o.Route, o.OccupationGroup}
		c := totals[k]
		if o.Kind == "training" {
			c.Training++
		} else {
			c.Starts++
			switch o.Sustained {
			case "sustained":
				c.Sustained++
			case "not-sustained":
				c.NotSustained++
			case "open":
				c.Open++
			case "not-counted":
				c.NotCounted++
			default:
				panic(fmt.Sprintf("%q is no finding", o.Sustained))
			}
			if o.Route == "instead" && len(o.AllowanceIDs) > 0 {
				c.CostedStarts++
				if o.Sustained == "sustained" {
					c.CostedSustained++
				}
				for _, a := range o.AllowanceIDs {
					if led[a] == o {
						c.CostPence += spent[a]
					}
				}
			}
		}
		totals[k] = c
	}
	return totals
}

// Budgets is what each budget has promised and spent.
func (w *World) Budgets() map[uuid.UUID][2]int64 {
	all := map[uuid.UUID][2]int64{}
	for id, b := range w.spent {
		all[id] = *b
	}
	return all
}
