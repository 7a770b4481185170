package outcome

import (
	"slices"
	"time"

	"github.com/instead-support/instead/pkg/money"
)

// Definition is one version of what counts as sustained, for starts from a day on.
type Definition struct {
	Version           int
	FirstDay          time.Time
	WeeklyHours       int // × Weeks × the wage is what has to be earned
	Weeks             int
	SelfEmployedWeeks int    // how long somebody has to be at it
	Words             string // the definition as people read it
	Source            string
}

// Wage is the National Living Wage from a day on, in pence an hour.
type Wage struct {
	FirstDay time.Time
	Pence    money.Pence
	Source   string
}

// Rules are what is sustained, by the day. Both are newest first.
type Rules struct {
	Definitions []Definition
	Wages       []Wage
}

// on is the version and the wage of a day; not ok if either is not known so far
// back.
func (r Rules) on(day time.Time) (Definition, Wage, bool) {
	d := slices.IndexFunc(r.Definitions, func(d Definition) bool { return !d.FirstDay.After(day) })
	w := slices.IndexFunc(r.Wages, func(w Wage) bool { return !w.FirstDay.After(day) })
	if d < 0 || w < 0 {
		return Definition{}, Wage{}, false
	}
	return r.Definitions[d], r.Wages[w], true
}

// Finding is whether work was sustained.
type Finding string

// What can be found.
const (
	NotCounted   Finding = "not-counted" // training, struck, or from before any definition
	Open         Finding = "open"        // too early to say
	Sustained    Finding = "sustained"
	NotSustained Finding = "not-sustained"
)

// Verdict is whether work was sustained, by which version and with which figures.
type Verdict struct {
	Finding    Finding
	Definition int // its version; 0 if none counts
	Wage       Wage
	Threshold  money.Pence // what had to be earned; of a job only
	Earned     money.Pence // what was, as far as it is known
	Weeks      int         // whole weeks of work that are known of
	KnownTo    time.Time   // zero before the first answer
	Strength   int         // of the weakest answer that it rests on; 0 before the first
}

// Sustained says whether the work counts as sustained.
func (o *Outcome) Sustained(rules Rules) Verdict {
	d, wage, ok := rules.on(o.Start.StartedOn)
	if !ok || o.Struck || o.Start.Kind == Training {
		return Verdict{Finding: NotCounted}
	}
	v := Verdict{Finding: Open, Definition: d.Version, Wage: wage}
	from, minutes, pay, over := o.Start.StartedOn, o.Start.Minutes, o.Start.Pay, false
	last, left := o.lastDay()
	for i, c := range o.Checks {
		if c.Answer == nil {
			continue
		}
		known := c.Answer.Until()
		to := known
		if left && !known.Before(last) { // whatever another answer says of a day after it
			known, to = last, last.AddDate(0, 0, 1) // the last day was worked
		}
		if c.Answer.Minutes > 0 {
			minutes = c.Answer.Minutes
		}
		if c.Answer.Pay.Pence > 0 {
			pay = c.Answer.Pay
		}
		if to.After(from) {
			v.Earned += pay.earned(minutes, days(from, to))
			from = to
		}
		v.KnownTo = known
		if v.Strength == 0 || c.Answer.Evidence.Strength() < v.Strength {
			v.Strength = c.Answer.Evidence.Strength()
		}
		if !c.Answer.InWork {
			over = true
			break
		}
		over = i == len(o.Checks)-1
	}
	v.Weeks = days(o.Start.StartedOn, from) / 7
	reached := v.Weeks >= d.SelfEmployedWeeks
	if o.Start.Kind == Job {
		v.Threshold = wage.Pence * money.Pence(d.WeeklyHours*d.Weeks)
		reached = v.Earned >= v.Threshold
	}
	switch {
	case reached:
		v.Finding = Sustained
	case over:
		v.Finding = NotSustained
	}
	return v
}

// days is how many days there are from one up to another, which is no part of it.
func days(from, to time.Time) int { return int(to.Sub(from).Hours() / 24) }

// earned is what somebody is paid in so many days, rounded down to the penny so
// that nobody reaches a threshold by rounding. A month is a twelfth of a year, and
// a year 52 weeks.
func (p Pay) earned(minutes, days int) money.Pence {
	of, n := p.Pence, money.Pence(days)
	switch p.Per {
	case Hour:
		return of * money.Pence(minutes) * n / (60 * 7)
	case Week:
		return of * n / 7
	case Month:
		return of * 12 * n / (52 * 7)
	case Year:
		return of * n / (52 * 7)
	}
	return 0
}
