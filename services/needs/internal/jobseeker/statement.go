package jobseeker

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
)

// Statement is what a jobseeker said, in their own words, would get them into
// work. It is only ever added: no verb here changes one, and the database gives
// the service no right to.
type Statement struct {
	ID          uuid.UUID
	JobseekerID uuid.UUID
	Words       string
	By          uuid.UUID // who typed it
	TakenDown   bool      // by their coach, as they said it
	CoachName   string    // who took it down
	At          time.Time
}

// Say returns words as a statement about the jobseeker by p, who is either the
// jobseeker or the coach who takes it down. Once the jobseeker has written one,
// the policy lets nobody else add another.
func (j *Jobseeker) Say(p identity.Person, words string, now time.Time) (Statement, error) {
	words, err := said(words)
	if err != nil {
		return Statement{}, err
	}
	s := Statement{JobseekerID: j.ID, Words: words, By: p.ID, At: now}
	if p.ID == j.Person {
		j.Spoken = true
	} else {
		s.TakenDown, s.CoachName = true, p.Name
	}
	s.ID, err = uuid.NewV7()
	return s, err
}

// longest is how many characters a statement may have: two pages.
const longest = 4000

// said returns the words as they are kept, which is as they were said, less
// the space around them.
func said(words string) (string, error) {
	words = strings.TrimSpace(strings.ReplaceAll(words, "\r\n", "\n"))
	var c fault.Check
	c.Want(words != "", "/words", "Enter what would get you into work, in your own words.")
	c.Want(utf8.RuneCountInString(words) <= longest, "/words", "Shorten this to 4,000 characters or fewer, or say it in two parts.")
	c.Want(utf8.ValidString(words) && !strings.ContainsRune(words, 0), "/words", "Remove the characters that can't be shown, and try again.")
	return words, c.Err()
}
