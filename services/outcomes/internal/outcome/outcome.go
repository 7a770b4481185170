// Package outcome is how it went for a jobseeker: work that began, self-employment,
// training taken up, by either route, and whether they were still in work 13 and 26
// weeks on.
//
// An outcome is what its entries come to, in the order in which they were made. An
// entry is only ever added: a correction is a further one, and the latest about a
// thing stands. The package owns what may be recorded, when a check is due, and
// whether work was sustained by the definition of the day. It does not know who
// somebody is, what was paid for them, or what they think of it (see rating), and
// knows neither SQL nor HTTP.
package outcome

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/money"
)

// Kind is what began.
type Kind string

// The kinds of outcome.
const (
	Job            Kind = "job"
	SelfEmployment Kind = "self-employment"
	Training       Kind = "training"
)

// Route is how they got there.
type Route string

// The two routes, which are there to be compared.
const (
	Instead Route = "instead" // what they needed was paid for
	Course  Route = "course"  // they went on the standard course
)

// Pay is what somebody is paid for some time of work, before tax. The zero Pay is
// that nothing was said of it.
type Pay struct {
	Pence money.Pence
	Per   Per
}

// Per is what the pay is for.
type Per string

// What pay can be for.
const (
	Hour  Per = "hour"
	Week  Per = "week"
	Month Per = "month"
	Year  Per = "year"
)

// Start is what was recorded of a start. Days are calendar days, at 00:00 UTC.
type Start struct {
	Kind       Kind
	Route      Route
	StartedOn  time.Time
	Minutes    int // of work a week
	Pay        Pay
	Employer   string      // of training, who gives it
	Occupation string      // a unit group of SOC 2020; of work only
	Allowances []uuid.UUID // with which it belongs
}

// The longest texts and weeks, and the longest ago that a start is recorded.
const (
	mostMinutes  = 100 * 60
	mostWhy      = 1000
	mostWords    = 2000
	mostEmployer = 200
	mostYears    = 5
)

// check returns Invalid naming all that is wrong with a start, on a day.
func (s Start) check(today time.Time, known func(occupation string) bool) error {
	var c fault.Check
	c.Want(slices.Contains([]Kind{Job, SelfEmployment, Training}, s.Kind), "/kind", "Choose what began: a job, self-employment or training.")
	c.Want(s.Route == Instead || s.Route == Course, "/route", "Choose whether they went on the standard course.")
	c.Want(!s.StartedOn.IsZero() && !s.StartedOn.After(today), "/started_on", "The first day must be today or before. Record it once it has come.")
	c.Want(s.StartedOn.IsZero() || s.StartedOn.AddDate(mostYears, 0, 0).After(today), "/started_on", fmt.Sprintf("The first day must be within the last %d years.", mostYears))
	c.Want(utf8.RuneCountInString(s.Employer) <= mostEmployer, "/employer", "The name must be 200 characters or fewer.")
	checkWork(&c, s.Minutes, s.Pay)
	if s.Kind == Job {
		c.Want(s.Employer != "", "/employer", "Enter who employs them.")
		c.Want(s.Minutes > 0, "/weekly_minutes", "Enter how many hours a week they work.")
		c.Want(s.Pay.Pence > 0, "/pay_pence", "Enter what they are paid, before tax.")
	}
	switch s.Kind {
	case Job, SelfEmployment:
		c.Want(known(s.Occupation), "/occupation", "Choose the occupation from the list.")
	case Training:
		c.Want(s.Occupation == "", "/occupation", "Training has no occupation. Leave it out.")
	}
	c.Want(s.Route != Course || len(s.Allowances) > 0, "/allowance_ids", "Choose the course that they went on.")
	return c.Err()
}

func checkWork(c *fault.Check, minutes int, pay Pay) {
	c.Want(minutes >= 0 && minutes <= mostMinutes, "/weekly_minutes", "The hours must be between 0 and 100 a week.")
	c.Want(pay.Pence >= 0 && pay.Pence <= money.Most, "/pay_pence", "The pay must be an amount in pounds, like 12.71.")
	c.Want((pay.Pence > 0) == (pay.Per != ""), "/pay_per", "Say what the pay is for: an hour, a week, a month or a year.")
}

// Deed is what an entry does.
type Deed string

// What entries do.
const (
	Started         Deed = "start"
	Corrected       Deed = "correction"
	Struck          Deed = "strike"
	Checked         Deed = "check"
	CheckCorrection Deed = "check-correction"
)

// By is who made an entry: a member of staff by name, or the jobseeker.
type By struct {
	ID        uuid.UUID
	Name      string // staff only
	Jobseeker bool
}

// Entry is one thing that was recorded of an outcome.
type Entry struct {
	Number  int64 // from 1; the version that it made
	Deed    Deed
	CheckID uuid.UUID // of an answer
	Start   *Start    // of a start and its correction
	Answer  *Answer   // of an answer and its correction
	Why     string    // of a correction and a strike
	By      By
	At      time.Time
}

// Outcome is what its entries come to.
type Outcome struct {
	ID          uuid.UUID
	JobseekerID uuid.UUID
	Entries     []Entry // oldest first, and at least one
	Checks      []Check // by their weeks

	Start  Start // as it stands
	Struck bool  // it never happened
}

// Version is the number of the latest entry.
func (o *Outcome) Version() int64 { return int64(len(o.Entries)) }

// Of is the outcome that these entries come to, in the order of their numbers.
func Of(id, jobseeker uuid.UUID, checks []Check, entries []Entry) *Outcome {
	o := &Outcome{ID: id, JobseekerID: jobseeker, Checks: checks}
	for _, e := range entries {
		o.apply(e)
	}
	return o
}

// apply adds an entry, and works out what follows from it.
func (o *Outcome) apply(e Entry) {
	o.Entries = append(o.Entries, e)
	switch e.Deed {
	case Started, Corrected:
		o.Start = *e.Start
	case Struck:
		o.Struck = true
	}
	for i := range o.Checks {
		c := &o.Checks[i]
		c.DueOn, c.Answer = due(o.Start.StartedOn, c.Weeks), nil
		if said := o.said(c.ID); said != nil && said.settles(o.Start.StartedOn, c.Weeks) {
			c.Answer = said
		}
	}
	asked := o.Start.Kind != Training && !o.Struck && !o.left()
	for i := range o.Checks {
		c := &o.Checks[i]
		c.Waits = asked && c.Answer == nil
	}
}

// said is what was said last of a check; nil if nothing was.
func (o *Outcome) said(check uuid.UUID) *Given {
	for _, e := range slices.Backward(o.Entries) {
		if e.Answer != nil && e.CheckID == check {
			return &Given{*e.Answer, e.By, e.At}
		}
	}
	return nil
}

// left reports whether some answer says that they are no longer in this work.
func (o *Outcome) left() bool {
	_, ok := o.lastDay()
	return ok
}

// lastDay is the earliest last day in this work that some answer gives; not ok if
// none says that they left.
func (o *Outcome) lastDay() (day time.Time, ok bool) {
	for _, c := range o.Checks {
		if c.Answer != nil && !c.Answer.InWork && (!ok || c.Answer.LeftOn.Before(day)) {
			day, ok = c.Answer.LeftOn, true
		}
	}
	return day, ok
}

// next is an entry to be added.
func (o *Outcome) next(deed Deed, by By, at time.Time) Entry {
	return Entry{Number: o.Version() + 1, Deed: deed, By: by, At: at}
}

// begin is a new outcome, with its checks.
func begin(jobseeker uuid.UUID, s Start, by By, at time.Time) (*Outcome, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return nil, err
	}
	o := &Outcome{ID: id, JobseekerID: jobseeker}
	for _, weeks := range Weeks {
		check, err := uuid.NewV7()
		if err != nil {
			return nil, err
		}
		o.Checks = append(o.Checks, Check{ID: check, Weeks: weeks})
	}
	e := o.next(Started, by, at)
	e.Start = &s
	o.apply(e)
	return o, nil
}

// correct makes s what stands of the start. A check whose weeks had not passed, by
// the new first day, when it was answered waits again. It returns Invalid without a reason, or
// if an answer is of a day before the work began, and Conflict if the outcome was
// struck.
func (o *Outcome) correct(s Start, why string, by By, at time.Time) error {
	if err := o.standing(); err != nil {
		return err
	}
	if err := reason(why); err != nil {
		return err
	}
	for _, c := range o.Checks {
		if c.Answer != nil && c.Answer.Until().Before(s.StartedOn) {
			return field("/started_on", fmt.Sprintf("The check after %d weeks was answered for a day before that. Correct that answer first.", c.Weeks))
		}
	}
	e := o.next(Corrected, by, at)
	e.Start, e.Why = &s, why
	o.apply(e)
	return nil
}

// strike says that it never happened.
func (o *Outcome) strike(why string, by By, at time.Time) error {
	if err := o.standing(); err != nil {
		return err
	}
	if err := reason(why); err != nil {
		return err
	}
	e := o.next(Struck, by, at)
	e.Why = why
	o.apply(e)
	return nil
}

// standing returns Conflict if the outcome was struck.
func (o *Outcome) standing() error {
	if o.Struck {
		return fault.New(fault.Conflict, "This was recorded in error and counts for nothing. If something did begin, record it anew.")
	}
	return nil
}

func reason(why string) error {
	var c fault.Check
	c.Want(why != "", "/why", "Say why, for whoever reads this later.")
	c.Want(utf8.RuneCountInString(why) <= mostWhy, "/why", "The reason must be 1000 characters or fewer.")
	return c.Err()
}

// field is an Invalid fault about one field.
func field(pointer, message string) error {
	var c fault.Check
	c.Want(false, pointer, message)
	return c.Err()
}

// since is what was done after version, latest first, in words that go on from a
// name.
func (o *Outcome) since(version int64) []fault.Change {
	var changes []fault.Change
	for _, e := range slices.Backward(o.Entries) {
		if e.Number > version {
			changes = append(changes, fault.Change{By: e.By.name(), What: o.did(e), At: e.At})
		}
	}
	return changes
}

func (o *Outcome) did(e Entry) string {
	switch e.Deed {
	case Corrected:
		return "corrected it"
	case Struck:
		return "said that it never happened"
	case Checked:
		return fmt.Sprintf("answered the check after %d weeks", o.WeeksOf(e.CheckID))
	case CheckCorrection:
		return fmt.Sprintf("corrected the answer after %d weeks", o.WeeksOf(e.CheckID))
	default:
		return "recorded it"
	}
}

func (b By) name() string {
	if b.Jobseeker {
		return "The jobseeker"
	}
	return b.Name
}

// WeeksOf is after how many weeks the check with this id looks; 0 for none of this
// outcome's.
func (o *Outcome) WeeksOf(check uuid.UUID) int {
	for _, c := range o.Checks {
		if c.ID == check {
			return c.Weeks
		}
	}
	return 0
}

// tidy is a text as it is kept.
func tidy(words string) string { return strings.TrimSpace(words) }
