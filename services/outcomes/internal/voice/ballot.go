// Package voice is what the members of a programme vote on: what money should go to
// first, and which standard course should be questioned first.
//
// A programme is an area, and its members are the jobseekers who have a record there
// and the coaches, managers and finance officers who work there. Each has one vote,
// which can be changed until the ballot closes, and which nobody else ever reads.
// The package owns what can be asked, who may vote and when, and how counts are told
// without giving anybody away. No ballot is ever about a person's case: what can be
// asked is one of two questions, and what can be answered is a course of the
// catalogue or a short text that a manager wrote. It knows neither SQL nor HTTP.
package voice

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/services/outcomes/internal/policy"
)

// Kind is what is asked. Its words are fixed, so that no ballot can ask anything else.
type Kind string

// The kinds of ballot.
const (
	Priorities Kind = "priorities" // what should money go to first?
	Courses    Kind = "courses"    // which standard course should be questioned first?
)

// Option is one thing that can be voted for.
type Option struct {
	Number   int // from 1
	Text     string
	CourseID uuid.UUID // of a ballot about courses
	Votes    int       // once closed; see Ballot.Told
}

// Ballot is a question with its options, and the days on which it can be answered.
type Ballot struct {
	ID       uuid.UUID
	Area     string
	Kind     Kind
	Options  []Option
	OpensOn  time.Time // the first day for votes, at 00:00 UTC
	ClosesOn time.Time // the last
	ByID     uuid.UUID
	ByName   string
	At       time.Time

	ClosedAt    time.Time // when its votes were counted; zero until then
	CancelledAt time.Time
	CancelledBy string
	Why         string // it was cancelled

	Mine int // the number that whoever asks voted for; 0 for none, and once it is over
}

// Version is 1, and 2 once it is over.
func (b *Ballot) Version() int64 {
	if b.ClosedAt.IsZero() && b.CancelledAt.IsZero() {
		return 1
	}
	return 2
}

// State is how a ballot stands on a day.
type State string

// The states. They follow from the day, and from whether it was cancelled.
const (
	Upcoming  State = "upcoming"
	Open      State = "open"
	Closed    State = "closed"
	Cancelled State = "cancelled"
)

// State is how the ballot stands on a day.
func (b *Ballot) State(today time.Time) State {
	switch {
	case !b.CancelledAt.IsZero():
		return Cancelled
	case !b.ClosedAt.IsZero() || b.ClosesOn.Before(today):
		return Closed
	case b.OpensOn.After(today):
		return Upcoming
	default:
		return Open
	}
}

// record is what the policy needs to know of it.
func (b *Ballot) record() policy.Record { return policy.Record{Area: b.Area} }

// What a ballot may be.
const (
	fewestOptions, mostOptions = 2, 12
	mostText                   = 100
	mostDays                   = 92
	mostWhy                    = 1000
)

// check returns Invalid naming all that is wrong with a ballot that is to be opened.
func (b *Ballot) check(today time.Time) error {
	var c fault.Check
	c.Want(b.Kind == Priorities || b.Kind == Courses, "/kind", "Choose what is asked: priorities or courses.")
	c.Want(!b.OpensOn.Before(today), "/opens_on", "The first day must be today or later.")
	c.Want(b.ClosesOn.After(b.OpensOn), "/closes_on", "The last day must be after the first.")
	c.Want(!b.ClosesOn.After(b.OpensOn.AddDate(0, 0, mostDays)), "/closes_on", fmt.Sprintf("The last day must be within %d days of the first.", mostDays))
	options := map[Kind]string{Priorities: "/priorities", Courses: "/course_ids"}[b.Kind]
	c.Want(len(b.Options) >= fewestOptions && len(b.Options) <= mostOptions, options, fmt.Sprintf("Give between %d and %d to choose from.", fewestOptions, mostOptions))
	seen := map[string]bool{}
	for _, o := range b.Options {
		text := strings.ToLower(o.Text)
		if o.CourseID != uuid.Nil {
			text = o.CourseID.String()
		}
		c.Want(o.Text != "", options, "Each must say something.")
		c.Want(o.CourseID != uuid.Nil || utf8.RuneCountInString(o.Text) <= mostText, options, fmt.Sprintf("Each must be %d characters or fewer.", mostText))
		c.Want(!seen[text], options, "“"+o.Text+"” is there twice. Leave one out.")
		seen[text] = true
	}
	return c.Err()
}

// vote returns Conflict unless the ballot is open, and Invalid for what is not one of
// its options.
func (b *Ballot) vote(option int, today time.Time) error {
	switch b.State(today) {
	case Upcoming:
		return fault.New(fault.Conflict, "Voting has not begun. It begins on "+b.OpensOn.Format("2 January 2006")+".")
	case Closed:
		return fault.New(fault.Conflict, "Voting is over, so this vote does not count. The last day was "+b.ClosesOn.Format("2 January 2006")+".")
	case Cancelled:
		return fault.New(fault.Conflict, "This vote was cancelled, so there is nothing to vote on any more.")
	}
	var c fault.Check
	c.Want(slices.ContainsFunc(b.Options, func(o Option) bool { return o.Number == option }), "/option", "Choose one of these.")
	return c.Err()
}

// cancel ends a ballot of which nothing is counted.
func (b *Ballot) cancel(by, why string, at, today time.Time) error {
	if s := b.State(today); s == Closed || s == Cancelled {
		return fault.New(fault.Conflict, "This is over already, so it can’t be cancelled.")
	}
	var c fault.Check
	c.Want(why != "", "/why", "Say why, for those who voted.")
	c.Want(utf8.RuneCountInString(why) <= mostWhy, "/why", "The reason must be 1000 characters or fewer.")
	b.CancelledBy, b.Why, b.CancelledAt = by, why, at
	return c.Err()
}

// fewest is of how few votes anything is told.
const fewest = 5

// Result is how many voted, and for what, as far as that can be told.
type Result struct {
	Turnout int   // 0 if too few voted to be told
	Votes   []int // by option, in their order; -1 for what is not told
}

// Told is the result of a ballot that is closed. Of fewer than five voters nothing is
// told, and where all voted for the same, only how many they are. An option with
// fewer than five votes is not told; nor are those with none beside it, and then as
// many of the next smallest as it takes that what is not told adds up to at least
// five, since it can be taken from the turnout.
func (b *Ballot) Told() Result {
	r := Result{Votes: make([]int, len(b.Options))}
	most, few, hidden := 0, false, 0
	for i, o := range b.Options {
		r.Votes[i] = o.Votes
		r.Turnout += o.Votes
		most, few = max(most, o.Votes), few || o.Votes > 0 && o.Votes < fewest
	}
	hide := func(i int) {
		hidden += r.Votes[i]
		r.Votes[i] = -1
	}
	switch {
	case r.Turnout < fewest:
		for i := range r.Votes {
			hide(i)
		}
		r.Turnout = 0
		return r
	case !few && most < r.Turnout:
		return r
	}
	for i, n := range r.Votes {
		if n < fewest {
			hide(i)
		}
	}
	for hidden < fewest {
		smallest := -1
		for i, n := range r.Votes {
			if n >= 0 && (smallest < 0 || n < r.Votes[smallest]) {
				smallest = i
			}
		}
		hide(smallest)
	}
	return r
}
