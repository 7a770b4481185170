package authority

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/pkg/money"
)

var errOwn = fault.New(fault.Forbidden, "This would give authority to yourself. Ask somebody else to do it.")

// propose is the grant as by asks for it.
func (g Grant) propose(by identity.Person, today, at time.Time) (Grant, error) {
	g.Why = strings.TrimSpace(g.Why)
	var c fault.Check
	c.Want(slices.Contains(Kinds, g.Kind), "/kind", "Choose what they may do.")
	c.Want(slices.Contains(Band, g.Whose), "/whose", "Choose whose requests.")
	c.Want((g.Holder.Role == "") != (g.Holder.Person == uuid.Nil), "/holder_id", "Choose one person, or all managers.")
	c.Want(g.Holder.Role == "" || g.Holder.Role == identity.Manager, "/holder_role", "Only managers decide.")
	c.Want(g.Area != "" || g.Holder.Role == "", "/area", "Choose one area. Only a person by name can have authority in every area.")
	c.Want(g.Limit >= 1, "/limit_pence", "Enter an amount of 1p or more.")
	c.Want(g.Limit <= money.Most, "/limit_pence", fmt.Sprintf("Enter an amount of %v or less.", money.Most))
	c.Want(g.Alone >= 0 && g.Alone <= g.Limit, "/alone_pence", "What they may approve alone can’t be more than what they may approve.")
	c.Want(g.Kind != Except || g.Alone == g.Limit, "/alone_pence", "An exception is one person’s to answer for. Enter the same amount as they may allow.")
	c.Want(!g.FirstDay.Before(today), "/first_day", "The first day must be today or later.")
	c.Want(g.LastDay.IsZero() || !g.LastDay.Before(g.FirstDay), "/last_day", "The last day must not be before the first.")
	checkWhy(&c, g.Why)
	if err := c.Err(); err != nil {
		return Grant{}, err
	}
	g.ID, g.Proposed, g.Confirmed, g.Ended, g.EndedWhy = newID(), Hand{by.ID, by.Name, at}, Hand{}, Hand{}, ""
	return g, nil
}

// confirmable returns Conflict unless the grant waits, and Forbidden if by's is
// the hand that proposed it or by gains anything.
func (g *Grant) confirmable(by identity.Person, today time.Time) error {
	switch {
	case g.State(today) != Waiting:
		return fault.New(fault.Conflict, "This no longer waits to be confirmed. Look at how it stands now.")
	case g.Proposed.By == by.ID:
		return fault.New(fault.Forbidden, "You proposed this, so somebody else must confirm it.")
	case g.Holder.Is(by):
		return errOwn
	}
	return nil
}

// confirm makes the grant count, if by may do that.
func (g *Grant) confirm(by identity.Person, today, at time.Time) error {
	if err := g.confirmable(by, today); err != nil {
		return err
	}
	g.Confirmed = Hand{by.ID, by.Name, at}
	return nil
}

// endable returns Conflict for a grant that has ended, or has had an end put to
// it.
func (g *Grant) endable(today time.Time) error {
	if g.Ended.By != uuid.Nil || g.State(today) == Over {
		return fault.New(fault.Conflict, "This has been ended already. Look at how it stands now.")
	}
	return nil
}

// end has the grant count until lastDay, or if that is zero not today either.
func (g *Grant) end(by identity.Person, lastDay time.Time, why string, today, at time.Time) error {
	if err := g.endable(today); err != nil {
		return err
	}
	why = strings.TrimSpace(why)
	var c fault.Check
	c.Want(lastDay.IsZero() || !lastDay.Before(today), "/last_day", "The last day must be today or later. Leave it out to end this at once.")
	c.Want(lastDay.IsZero() || g.LastDay.IsZero() || !lastDay.After(g.LastDay), "/last_day", "It ends before that. Propose a new one to give authority for longer.")
	checkWhy(&c, why)
	if err := c.Err(); err != nil {
		return err
	}
	if lastDay.IsZero() {
		lastDay = today.AddDate(0, 0, -1)
	}
	g.LastDay, g.Ended, g.EndedWhy = lastDay, Hand{by.ID, by.Name, at}, why
	return nil
}

func checkWhy(c *fault.Check, why string) {
	c.Want(why != "", "/why", "Say why.")
	c.Want(utf8.RuneCountInString(why) <= 500, "/why", "Use 500 characters or fewer.")
}

// check returns Forbidden if one of the two says so themself, and Invalid for
// what can't be.
func (l LineManager) check(today time.Time) error {
	if l.Set.By == l.Coach.ID || l.Set.By == l.Manager.ID {
		return fault.New(fault.Forbidden, "This is about yourself. Ask another manager or a finance officer to do it.")
	}
	var c fault.Check
	c.Want(l.Manager.ID != l.Coach.ID, "/manager_id", "Nobody is their own line manager. Choose somebody else.")
	c.Want(!l.FirstDay.Before(today), "/first_day", "The first day must be today or later.")
	return c.Err()
}

// Reach is what a person may decide in one area, of one fund or any, of
// everybody's requests or of their own line's.
type Reach struct {
	Area   string
	Fund   uuid.UUID // uuid.Nil for any
	Called string    // the fund
	Kind   Kind
	Whose
	Authority
}

// Reaches is what the grants let p decide that day, in each of p's areas: what
// holds for any fund and anybody's requests first.
func Reaches(grants []Grant, p identity.Person, day time.Time) []Reach {
	var all []Reach
	for _, area := range p.Areas {
		for _, g := range grants {
			// To ask about a fund of its own finds a grant for any fund as well.
			q := Question{Person: p, Kind: g.Kind, Fund: cmp.Or(g.Fund, g.ID), Area: area, Day: day, LineManager: p.ID}
			a := Of([]Grant{g}, q)
			if a == (Authority{}) {
				continue
			}
			i := slices.IndexFunc(all, func(r Reach) bool {
				return r.Area == area && r.Fund == g.Fund && r.Kind == g.Kind && r.Whose == g.Whose
			})
			if i < 0 {
				all, i = append(all, Reach{Area: area, Fund: g.Fund, Called: g.Called, Kind: g.Kind, Whose: g.Whose}), len(all)
			}
			all[i].Limit, all[i].Alone = max(all[i].Limit, a.Limit), max(all[i].Alone, a.Alone)
		}
	}
	slices.SortStableFunc(all, func(a, b Reach) int {
		return cmp.Or(
			cmp.Compare(slices.Index(p.Areas, a.Area), slices.Index(p.Areas, b.Area)),
			cmp.Compare(slices.Index(Kinds, a.Kind), slices.Index(Kinds, b.Kind)),
			cmp.Compare(slices.Index(Band, a.Whose), slices.Index(Band, b.Whose)),
			slices.Compare(a.Fund[:], b.Fund[:]),
		)
	})
	return all
}
