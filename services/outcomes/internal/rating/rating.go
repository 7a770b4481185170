// Package rating is what jobseekers say was useful: each thing that was paid for
// them, and the standard course if they went on it, in their own words.
//
// Only the jobseeker says it, and nobody edits it: what they say again stands
// beside what they said before, and the latest counts. The package owns what can be
// rated, and how counts are told without giving anybody away. It does not know what
// was paid for (funding says), or how it went (see outcome).
package rating

import (
	"slices"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/fault"
)

// Kind is what is rated.
type Kind string

// The kinds of thing that can be rated.
const (
	Line   Kind = "line"   // something that was paid for
	Course Kind = "course" // the standard course, of somebody who went
)

// Subject is a thing that a jobseeker can rate.
type Subject struct {
	About      uuid.UUID // the line, or the allowance whose course it is
	Kind       Kind
	What       string // as funding calls it; not kept
	Allowance  uuid.UUID
	CourseID   uuid.UUID
	CourseName string
	Request    uuid.UUID // that a line is in
	Reference  string    // of that request; not kept
}

// Helped answers "did this help you get closer to work?".
type Helped string

// The answers.
const (
	ALot    Helped = "a-lot"
	ALittle Helped = "a-little"
	No      Helped = "no"
	Harder  Helped = "harder"
)

// WouldHelp answers "would the course have helped more?".
type WouldHelp string

// The answers.
const (
	WouldYes WouldHelp = "yes"
	WouldNo  WouldHelp = "no"
	NotSure  WouldHelp = "not-sure"
)

// Said is what a jobseeker says of something.
type Said struct {
	Helped Helped
	Course WouldHelp // of a line
	Words  string
}

// mostWords is the longest that they can write, in characters.
const mostWords = 2000

// check returns Invalid naming all that is wrong with what is said of something of
// this kind.
func (s Said) check(of Kind) error {
	var c fault.Check
	c.Want(slices.Contains([]Helped{ALot, ALittle, No, Harder}, s.Helped), "/helped", "Choose how much it helped.")
	if of == Line {
		c.Want(slices.Contains([]WouldHelp{WouldYes, WouldNo, NotSure}, s.Course), "/course_would_help_more", "Choose whether the course would have helped more.")
	} else {
		c.Want(s.Course == "", "/course_would_help_more", "You went on the course, so there is nothing to compare it with. Leave this out.")
	}
	c.Want(utf8.RuneCountInString(s.Words) <= mostWords, "/words", "What you write must be 2000 characters or fewer.")
	return c.Err()
}

// Rating is a thing with what was said of it last. Without a version nothing was.
type Rating struct {
	Subject
	Said
	Version int64 // how often something was said
	At      time.Time
}
