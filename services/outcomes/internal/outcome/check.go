package outcome

import (
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/workday"
)

// Weeks are after how many weeks of work somebody looks.
var Weeks = []int{13, 26}

// patience is how many working days a check may be due before it is overdue.
const patience = 5

// Evidence is what an answer rests on.
type Evidence string

// The kinds of evidence.
const (
	Told            Evidence = "said"             // the person said so
	EmployerMessage Evidence = "employer-message" // their employer wrote
	Payslip         Evidence = "payslip"
	HMRC            Evidence = "hmrc" // HMRC's own record of what was earned
)

var strengths = map[Evidence]int{Told: 1, EmployerMessage: 2, Payslip: 3, HMRC: 3}

// Strength is how far it can be relied on, 3 being the most.
func (e Evidence) Strength() int { return strengths[e] }

// Answer is what somebody said to "are they still in work?".
type Answer struct {
	InWork   bool
	AsOf     time.Time // still in work: the day of which that is known
	LeftOn   time.Time // no longer: the last day
	Minutes  int       // a week, if it changed
	Pay      Pay       // if it changed
	Evidence Evidence
	Words    string
}

// Until is the last day up to which the answer tells of work.
func (a Answer) Until() time.Time {
	if a.InWork {
		return a.AsOf
	}
	return a.LeftOn
}

// Given is an answer with who gave it.
type Given struct {
	Answer
	By By
	At time.Time
}

// Check is a look at whether somebody is still in work.
type Check struct {
	ID         uuid.UUID
	Weeks      int
	DueOn      time.Time
	Waits      bool // for its answer, now or later
	Answer     *Given
	RemindedOn time.Time // when its coach was last reminded; zero for never
}

// settles reports whether g answers a check after so many weeks of work that began
// on a day. That somebody left always does, and that they are still in work once the
// weeks have passed: said of a day before, the check waits for its own.
func (g *Given) settles(started time.Time, weeks int) bool {
	return !g.InWork || !g.AsOf.Before(passed(started, weeks))
}

// State is how a check stands.
type State string

// The states of a check. They follow from the entries and the day.
const (
	Upcoming State = "upcoming"
	Due      State = "due"
	Overdue  State = "overdue"
	Recorded State = "recorded"
	NotAsked State = "not-asked"
)

// State is how the check stands on a day.
func (c Check) State(today time.Time) State {
	switch {
	case c.Answer != nil:
		return Recorded
	case !c.Waits:
		return NotAsked
	case c.DueOn.After(today):
		return Upcoming
	case c.DueOn.Before(LateBefore(today)):
		return Overdue
	default:
		return Due
	}
}

// due is the working day on which somebody is asked: the one on which the weeks
// have passed, or the next.
func due(started time.Time, weeks int) time.Time {
	day := passed(started, weeks)
	if workday.Is(day) {
		return day
	}
	return workday.After(day, 1)
}

// passed is the day on which so many weeks of work have passed.
func passed(started time.Time, weeks int) time.Time { return started.AddDate(0, 0, 7*weeks) }

// LateBefore is the day before which a check must have been due to be overdue.
func LateBefore(today time.Time) time.Time {
	day := today
	for workday.Between(day.AddDate(0, 0, -1), today) <= patience {
		day = day.AddDate(0, 0, -1)
	}
	return day
}

// checkAnswer returns Invalid naming all that is wrong with an answer to c, on a
// day. A correction may say that they were still in work before the weeks had passed:
// it takes back what was said, and the check waits again.
func (o *Outcome) checkAnswer(deed Deed, c Check, a Answer, by By, today time.Time) error {
	var v fault.Check
	if a.InWork {
		earliest := passed(o.Start.StartedOn, c.Weeks)
		v.Want(deed == CheckCorrection || !a.AsOf.Before(earliest), "/as_of",
			fmt.Sprintf("This check is for after %d weeks, and those have passed on %s. It can be answered from then on.", c.Weeks, earliest.Format("2 January 2006")))
		v.Want(!a.AsOf.Before(o.Start.StartedOn), "/as_of", "The day must be "+o.Start.StartedOn.Format("2 January 2006")+" or later, which is when they started.")
		v.Want(!a.AsOf.After(today), "/as_of", "The day must be today or before.")
		v.Want(a.LeftOn.IsZero(), "/left_on", "Somebody who is still in work has no last day. Leave it out.")
	} else {
		v.Want(!a.LeftOn.IsZero(), "/left_on", "Enter their last day in this work.")
		v.Want(a.LeftOn.IsZero() || !a.LeftOn.Before(o.Start.StartedOn), "/left_on",
			"The last day must be "+o.Start.StartedOn.Format("2 January 2006")+" or later, which is when they started.")
		v.Want(!a.LeftOn.After(today), "/left_on", "The last day must be today or before. Answer this once it has come.")
		v.Want(a.AsOf.IsZero(), "/as_of", "Somebody who left has a last day instead. Leave this out.")
	}
	checkWork(&v, a.Minutes, a.Pay)
	v.Want(a.Evidence.Strength() > 0, "/evidence", "Choose how this is known.")
	v.Want(!by.Jobseeker || a.Evidence == Told, "/evidence", "What you tell us yourself is kept as said. Show your coach what you have.")
	v.Want(utf8.RuneCountInString(a.Words) <= mostWords, "/words", "The note must be 2000 characters or fewer.")
	return v.Err()
}

// answer records the first answer to a check. It returns Conflict if there is one,
// or if it is not to be asked.
func (o *Outcome) answer(check uuid.UUID, a Answer, by By, at, today time.Time) error {
	c, err := o.check(check)
	if err != nil {
		return err
	}
	if c.Answer != nil {
		return fault.New(fault.Conflict, "This has been answered already. Their work coach can correct the answer.")
	}
	if !c.Waits {
		return fault.New(fault.Conflict, "This is not asked any more, since they left this work before.")
	}
	return o.add(Checked, c, a, "", by, at, today)
}

// correctAnswer makes a what stands of a check that was answered. Where a does not
// settle it, nothing does any more, and it waits again.
func (o *Outcome) correctAnswer(check uuid.UUID, a Answer, why string, by By, at, today time.Time) error {
	c, err := o.check(check)
	if err != nil {
		return err
	}
	if c.Answer == nil {
		return fault.New(fault.Conflict, "Nobody has answered this yet, so there is nothing to correct.")
	}
	if err := reason(why); err != nil {
		return err
	}
	if a.InWork && a.AsOf.IsZero() && c.Answer.InWork {
		a.AsOf = c.Answer.AsOf // what is not said anew is of the day it was of
	}
	return o.add(CheckCorrection, c, a, why, by, at, today)
}

// check is the one with this id, of an outcome that stands.
func (o *Outcome) check(id uuid.UUID) (Check, error) {
	if err := o.standing(); err != nil {
		return Check{}, err
	}
	i := slices.IndexFunc(o.Checks, func(c Check) bool { return c.ID == id })
	if i < 0 {
		return Check{}, fmt.Errorf("outcome %s has no check %s", o.ID, id)
	}
	if o.Start.Kind == Training {
		return Check{}, fault.New(fault.Conflict, "Nothing is asked of training. If work began, record that.")
	}
	return o.Checks[i], nil
}

func (o *Outcome) add(deed Deed, c Check, a Answer, why string, by By, at, today time.Time) error {
	if a.InWork && a.AsOf.IsZero() {
		a.AsOf = today
	}
	if a.Evidence == "" {
		a.Evidence = Told
	}
	if err := o.checkAnswer(deed, c, a, by, today); err != nil {
		return err
	}
	e := o.next(deed, by, at)
	e.CheckID, e.Answer, e.Why = c.ID, &a, why
	o.apply(e)
	return nil
}

// Verb is what somebody can do with an outcome.
type Verb string

// The verbs.
const (
	Correct       Verb = "correct"
	Strike        Verb = "strike"
	ToAnswer      Verb = "answer"
	CorrectAnswer Verb = "correct-answer"
)
