package budget

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/pkg/money"
)

// Terms are how a fund works from a day on. A version that was confirmed is never
// changed: the next takes over from its own first day.
type Terms struct {
	Version  int       // from 1; 0 while it is only proposed
	First    time.Time // a calendar day
	Proposal uuid.UUID // that made it

	AutoUpTo       money.Pence // what is asked up to this is approved by itself; 0 is nothing
	AutoCategories []string    // if all of it is of these
	SampleOneIn    int         // so many of those are looked at after: 1 is every one

	ExpiresDays   int // calendar days that an approval stands unused
	WarnDays      int // calendar days before that, the coach is told
	ChallengeDays int // working days to ask for another look
	DecideDays    int // working days in which a request is to be decided
	ReceiptDays   int // working days in which a receipt is due

	Exceptions bool // the cap may be passed, by a decision of its own
}

// tidy is the terms as they are kept.
func (t Terms) tidy() Terms {
	t.Version, t.AutoCategories = 0, slices.Clone(t.AutoCategories)
	if t.AutoUpTo == 0 {
		t.AutoCategories, t.SampleOneIn = nil, 0
	}
	slices.Sort(t.AutoCategories)
	t.AutoCategories = slices.Compact(t.AutoCategories)
	return t
}

// check returns Invalid naming every field that is wrong.
func (t Terms) check(c *fault.Check, today time.Time) {
	checkFirst(c, "/terms/first_day", t.First, today)
	c.Want(t.AutoUpTo >= 0 && t.AutoUpTo <= money.Most, "/terms/auto_up_to_pence", "Enter an amount of "+money.Most.String()+" or less, or 0 for no automatic approval.")
	if t.AutoUpTo > 0 {
		c.Want(len(t.AutoCategories) > 0, "/terms/auto_categories", "Choose what may be approved by itself.")
		between(c, "/terms/sample_one_in", t.SampleOneIn, 1, 1000, "One in how many automatic approvals is looked at")
	}
	between(c, "/terms/expires_days", t.ExpiresDays, 2, 730, "The days until an unused approval ends")
	between(c, "/terms/warn_days", t.WarnDays, 1, max(t.ExpiresDays-1, 1), "The days of warning")
	between(c, "/terms/challenge_days", t.ChallengeDays, 1, 60, "The days to challenge")
	between(c, "/terms/decide_days", t.DecideDays, 1, 60, "The days to decide")
	between(c, "/terms/receipt_days", t.ReceiptDays, 1, 120, "The days for a receipt")
}

func between(c *fault.Check, pointer string, n, least, most int, what string) {
	c.Want(n >= least && n <= most, pointer, fmt.Sprintf("%s must be a number from %d to %d.", what, least, most))
}

// checkFirst wants a day that has not passed: what was asked and decided keeps
// the terms of its day.
func checkFirst(c *fault.Check, pointer string, first, today time.Time) {
	c.Want(!first.Before(today), pointer, "The first day must be today or later.")
}

// On is the terms in force on a day, out of all that were ever confirmed, and
// whether there are any: those that began last and, of several that began that
// day, the latest.
func On(all []Terms, day time.Time) (Terms, bool) {
	var found Terms
	for _, t := range all {
		if !t.First.After(day) && cmp.Or(t.First.Compare(found.First), cmp.Compare(t.Version, found.Version)) > 0 {
			found = t
		}
	}
	return found, found.Version > 0
}

// Category is what a fund says of one kind of thing from a day on.
type Category struct {
	Code     string // such as travel, the same in every fund
	Allowed  bool
	Label    string    // what people call it
	Words    string    // what counts or, if it is not allowed, why not and what then
	First    time.Time // a calendar day
	Last     time.Time // zero while no end is known
	Proposal uuid.UUID // that made it
}

var categoryShape = regexp.MustCompile(`^[a-z0-9-]{2,40}$`)

func (k Category) check(c *fault.Check, at string, today time.Time) {
	c.Want(categoryShape.MatchString(k.Code), at+"/category", "Enter a code of 2 to 40 small letters, numbers and hyphens, such as work-clothing.")
	wantText(c, at+"/label", k.Label, 60, "Enter what people call it.")
	missing := "Say what counts."
	if !k.Allowed {
		missing = "Say why the fund does not pay for it, and what then."
	}
	wantText(c, at+"/words", k.Words, 500, missing)
	checkFirst(c, at+"/first_day", k.First, today)
	c.Want(k.Last.IsZero() || !k.Last.Before(k.First), at+"/last_day", "The last day must not be before the first.")
}

// CategoriesOn is what a fund says on a day, out of all that it ever said in the
// order of confirmation: of each kind what began last, unless that has ended.
// What is allowed comes first, each part by its label.
func CategoriesOn(all []Category, day time.Time) []Category {
	last := map[string]Category{}
	for _, k := range all {
		if was, ok := last[k.Code]; !k.First.After(day) && (!ok || !k.First.Before(was.First)) {
			last[k.Code] = k
		}
	}
	var on []Category
	for _, k := range last {
		if k.Last.IsZero() || !k.Last.Before(day) {
			on = append(on, k)
		}
	}
	slices.SortFunc(on, func(a, b Category) int {
		switch {
		case a.Allowed && !b.Allowed:
			return -1
		case b.Allowed && !a.Allowed:
			return 1
		}
		return cmp.Or(cmp.Compare(a.Label, b.Label), cmp.Compare(a.Code, b.Code))
	})
	return on
}

// mostCategories is how many a proposal may hold.
const mostCategories = 50

// agree proposes the fund's terms from a day on. It returns Invalid naming every
// field that is wrong.
func agree(f Fund, t Terms, reason string, by identity.Person, at, today time.Time) (*Proposal, error) {
	p := propose(reason, by, at)
	t = t.tidy()
	p.Fund, p.Terms = f, &t
	var c fault.Check
	t.check(&c, today)
	wantText(&c, "/reason", p.Reason, 1000, "Say why.")
	return p, c.Err()
}

// list proposes what the fund says of some kinds of thing. It returns Invalid
// naming every field that is wrong.
func list(f Fund, all []Category, reason string, by identity.Person, at, today time.Time) (*Proposal, error) {
	p := propose(reason, by, at)
	p.Fund, p.Categories = f, slices.Clone(all)
	var c fault.Check
	c.Want(len(all) > 0, "/categories", "Add at least one kind of thing.")
	c.Want(len(all) <= mostCategories, "/categories", fmt.Sprintf("Propose %d kinds of thing at most.", mostCategories))
	seen := map[string]bool{}
	for i := range p.Categories {
		k, place := &p.Categories[i], fmt.Sprintf("/categories/%d", i)
		k.Label, k.Words = tidy(k.Label), tidy(k.Words)
		k.check(&c, place, today)
		c.Want(!seen[k.Code], place+"/category", "This kind of thing is there twice.")
		seen[k.Code] = true
	}
	wantText(&c, "/reason", p.Reason, 1000, "Say why.")
	return p, c.Err()
}
