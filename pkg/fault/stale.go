package fault

import (
	"fmt"
	"time"
	_ "time/tzdata" // a small container has no time zones of its own
)

// Change is what somebody did to a thing after somebody else had read it.
type Change struct {
	By   string    `json:"by"`   // the name of a member of staff, or "The jobseeker"
	What string    `json:"what"` // in words that go on from the name: "submitted it"
	At   time.Time `json:"at"`
}

var london = func() *time.Location {
	l, err := time.LoadLocation("Europe/London")
	if err != nil {
		panic(err) // tzdata is linked in, so this is a broken build
	}
	return l
}()

// String is the change as a sentence says it, with the time in London.
func (c Change) String() string {
	at := c.At.In(london)
	return fmt.Sprintf("%s %s on %s at %s", c.By, c.What, at.Format("2 January 2006"), at.Format("3:04pm"))
}

// Overtaken returns Stale, saying who changed what and when since the version
// that an edit began from. The latest change comes first; all of them go along
// as "changes", so that a page can show what there is to look at again.
func Overtaken(changes ...Change) *Fault {
	const rest = " Nothing of yours was saved. Look at it as it is now, then go on."
	if len(changes) == 0 {
		return New(Stale, "This is not as you last saw it."+rest)
	}
	return New(Stale, changes[0].String()+", after you had opened this."+rest).With("changes", changes)
}
