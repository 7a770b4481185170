// Package assessment keeps what stands between a jobseeker and work, and what
// would remove it: one page, one standing for each category, saved as a whole.
//
// It also remembers which funding requests support which need, as funding last
// told. It does not keep who the jobseeker is (that is jobseeker), price
// anything or fund anything (that is the funding service).
package assessment

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
)

// Category is a part of life that can stand in the way of work.
type Category string

// Categories lists every category, in the order that a coach asks about them.
var Categories = []Category{
	"getting-there",
	"clothes",
	"tools-and-equipment",
	"licences-and-certificates",
	"skills",
	"english-and-maths",
	"digital",
	"work-history",
	"confidence",
	"health",
	"caring",
	"home",
	"money",
}

// Standing is what was found about a category.
type Standing string

// The standings.
const (
	InTheWay    Standing = "in-the-way"
	Strength    Standing = "strength"
	NotExplored Standing = "not-explored"
)

// longest is how many characters each answer may have.
const longest = 1000

// Answer is what a coach and a jobseeker found about one category.
type Answer struct {
	Category    Category
	Standing    Standing
	InTheWay    string // what stands in the way; only, and always, with that standing
	WouldRemove string // what would remove it; likewise
}

// Need is an answer with an identity, for a funding request to point at.
type Need struct {
	ID uuid.UUID
	Answer
	Supports []Support
}

// Support is a funding request that meets a need, as funding last told.
type Support struct {
	RequestID uuid.UUID
	Reference string
	State     string
}

// NeedID is the id of a jobseeker's need in a category. It is worked out rather
// than drawn, so that it is the same across saves, even two at once, and before
// the first; the jobseeker's id makes it as hard to guess as their own.
func NeedID(jobseeker uuid.UUID, c Category) uuid.UUID {
	return uuid.NewSHA1(jobseeker, []byte(c))
}

// Assessment is the page as it stood at a version.
type Assessment struct {
	JobseekerID uuid.UUID
	Version     int64 // 0 before the first save
	At          time.Time
	By          uuid.UUID
	ByName      string
	Needs       []Need // one for each category, in order
}

// Blank is the assessment of somebody with whom nothing has been explored.
func Blank(jobseeker uuid.UUID) Assessment {
	a := Assessment{JobseekerID: jobseeker, Needs: make([]Need, len(Categories))}
	for i, c := range Categories {
		a.Needs[i] = Need{ID: NeedID(jobseeker, c), Answer: Answer{Category: c, Standing: NotExplored}}
	}
	return a
}

// Put sets the answer for its category, and reports whether that changed
// anything. An answer in no known category is left out.
func (a *Assessment) Put(answer Answer) bool {
	i := slices.Index(Categories, answer.Category)
	if i < 0 || a.Needs[i].Answer == answer {
		return false
	}
	a.Needs[i].Answer = answer
	return true
}

// InTheWay returns the needs that stand in the way.
func (a Assessment) InTheWay() []Need {
	var needs []Need
	for _, n := range a.Needs {
		if n.Standing == InTheWay {
			needs = append(needs, n)
		}
	}
	return needs
}

// Save makes the answers the next version, by p, and returns those that differ
// from what was there. Categories left out keep what they had; if nothing
// differs, the version stays as it is.
//
// It returns Invalid naming each answer that is not whole, and Stale if somebody
// saved since version was read.
func (a *Assessment) Save(version int64, answers []Answer, p identity.Person, now time.Time) ([]Answer, error) {
	answers, err := tidy(answers)
	if err != nil {
		return nil, err
	}
	if version != a.Version {
		return nil, fault.Overtaken()
	}
	var changed []Answer
	for _, answer := range answers {
		if a.Put(answer) {
			changed = append(changed, answer)
		}
	}
	if len(changed) > 0 {
		a.Version++
		a.At, a.By, a.ByName = now, p.ID, p.Name
	}
	return changed, nil
}

// tidy returns the answers as they are kept, or what is wrong with them.
func tidy(answers []Answer) ([]Answer, error) {
	var c fault.Check
	seen := map[Category]bool{}
	out := make([]Answer, len(answers))
	for i, a := range answers {
		a.InTheWay, a.WouldRemove = words(a.InTheWay), words(a.WouldRemove)
		at := func(field string) string { return fmt.Sprintf("/needs/%d/%s", i, field) }

		c.Want(slices.Contains(Categories, a.Category), at("category"), "Choose one of the categories on the page.")
		c.Want(!seen[a.Category], at("category"), "Answer each category once.")
		seen[a.Category] = true

		switch a.Standing {
		case InTheWay:
			c.Want(a.InTheWay != "", at("in_the_way"), "Enter what stands in the way, or choose another answer.")
			c.Want(a.WouldRemove != "", at("would_remove"), "Enter what would remove it, or choose another answer.")
		case Strength, NotExplored:
			c.Want(a.InTheWay == "" && a.WouldRemove == "", at("standing"), "You wrote what stands in the way. Choose “In the way”, or clear what you wrote.")
		default:
			c.Want(false, at("standing"), "Choose in the way, a strength, or not explored.")
		}
		c.Want(utf8.RuneCountInString(a.InTheWay) <= longest, at("in_the_way"), "Shorten this to 1,000 characters or fewer.")
		c.Want(utf8.RuneCountInString(a.WouldRemove) <= longest, at("would_remove"), "Shorten this to 1,000 characters or fewer.")
		out[i] = a
	}
	return out, c.Err()
}

// words returns s as it is kept: without the space around it, or characters
// that no database or page can hold.
func words(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, ""), "\x00", "")
	return strings.TrimSpace(strings.ReplaceAll(s, "\r\n", "\n"))
}

// Version is one save of an assessment: who changed what, and when.
type Version struct {
	Number  int64
	At      time.Time
	By      uuid.UUID
	ByName  string
	Changed []Answer // in the order of Categories
}
