package rating

import (
	"slices"

	"github.com/google/uuid"
)

// Question is one of which answers are counted, course by course.
type Question string

// The questions.
const (
	CourseHelped  Question = "course-helped"  // did it help? of the course, by those who went
	InsteadHelped Question = "instead-helped" // did it help? of what was paid for instead of it
	CourseMore    Question = "course-more"    // would the course have helped more? by the latter
)

// pointless is an answer as it is counted: no help, or harder.
const pointless = "pointless"

// Counted is how a thing that a jobseeker said counts: to which questions it is an
// answer, and which.
func (r Rating) Counted() map[Question]string {
	helped := string(r.Helped)
	if r.Helped == No || r.Helped == Harder {
		helped = pointless
	}
	if r.Kind == Course {
		return map[Question]string{CourseHelped: helped}
	}
	return map[Question]string{InsteadHelped: helped, CourseMore: string(r.Said.Course)}
}

// Move is somebody whose answer to a question is not counted as it stands: the
// answer that is, empty if none, and the one that they gave since.
type Move struct {
	Jobseeker uuid.UUID
	Was, Is   string
}

// fewest is of how few people anything is told.
const fewest = 5

// Tellable is which of those moves of one question, one course and one area can be
// let into its count without telling of anybody. What is told of later stands beside
// what was told before, and the one can be taken from the other: so answers come into
// a count as those of at least five people at once who do not all say the same, and
// so do changes of answers, which must not all have been the same either. The two
// wait apart, because whoever knows who is new would tell them apart too.
func Tellable(all []Move) []Move {
	var added, changed []Move
	for _, m := range all {
		if m.Was == "" {
			added = append(added, m)
		} else {
			changed = append(changed, m)
		}
	}
	var told []Move
	if hides(added, func(m Move) string { return m.Is }) {
		told = append(told, added...)
	}
	if hides(changed, func(m Move) string { return m.Is }) && hides(changed, func(m Move) string { return m.Was }) {
		told = append(told, changed...)
	}
	return told
}

// hides reports whether so many people moved, with such answers, that nobody's is
// known from their sum.
func hides(moves []Move, answer func(Move) string) bool {
	return len(moves) >= fewest && slices.ContainsFunc(moves, func(m Move) bool { return answer(m) != answer(moves[0]) })
}

// Shown is whether something is told of the answers to a question.
type Shown string

// What is told apart: nobody answered, too few did or all the same, and counts.
const (
	Unasked    Shown = "none"
	Suppressed Shown = "suppressed"
	Told       Shown = "told"
)

// Count is how many people answered a question, as far as it is told. Where Shown is
// not Told there is no figure in it.
type Count struct {
	Shown   Shown
	Partial bool // of some area too few answered for it to be among them
	People  int

	ALot, ALittle, Pointless          int // did it help?
	CourseMore, CourseNoMore, NotSure int // would the course have helped more?
}

// Useful is what people say of a course, each counted once a question by what they
// said last.
type Useful struct {
	CourseID      uuid.UUID
	CourseName    string
	CourseHelped  Count
	InsteadHelped Count
	CourseMore    Count
}
