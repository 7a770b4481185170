// Package awardtest is a small world to try awards in: people, prices, needs, a
// store in memory, and the rules that must hold whatever anybody does. Every
// store is tried by the same rules.
//
// It is for tests alone. Nothing that serves imports it.
package awardtest

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/pkg/money"
	"github.com/instead-support/instead/services/funding/internal/authority"
	"github.com/instead-support/instead/services/funding/internal/award"
	"github.com/instead-support/instead/services/funding/internal/budget"
)

// World is who and what there is. Sam's coach is Amina; Ravi's is Bilal, who is
// a manager as well; both live in Oldham.
type World struct {
	Amina, Bilal, Chloe, Priya, Owen, Rochdale, Finn, Sam, Ravi, Nobody identity.Person

	SamsRecord, RavisRecord uuid.UUID
	Needs                   *Needs
	Catalogue               Catalogue
	Funds                   *Funds
	Now                     func() time.Time `json:"-"`

	Fund   award.Fund
	Oldham award.Budget // of the fund, with more in it than anybody here asks for

	// Granted lets Oldham's managers decide more than anybody here asks for.
	Granted authority.Grant

	// Excepts lets them allow as much above a cap, where the fund has exceptions.
	Excepts authority.Grant

	Drawn bool // whether automatic approvals are drawn for review
}

// NewWorld returns a world in which nothing has been asked for yet. Ids are
// fresh, so that many worlds can share one database.
func NewWorld() *World {
	person := func(name string, area string, roles ...identity.Role) identity.Person {
		p := identity.Person{ID: newID(), Name: name, Roles: roles}
		if area != "" {
			p.Areas = []string{area}
		}
		return p
	}
	w := &World{
		Amina:    person("Amina", "Oldham", identity.Coach),
		Bilal:    person("Bilal", "Oldham", identity.Coach, identity.Manager),
		Chloe:    person("Chloe", "Oldham", identity.Coach), // nobody's coach here
		Priya:    person("Priya", "Oldham", identity.Manager),
		Owen:     person("Owen", "", identity.Manager), // whose area cannot be read
		Rochdale: person("Rochdale's manager", "Rochdale", identity.Manager),
		Finn:     person("Finn", "Oldham", identity.Finance),
		Sam:      person("", "", identity.Jobseeker),
		Ravi:     person("", "", identity.Jobseeker),
		Nobody:   person("Nobody", "Oldham"),

		SamsRecord: newID(), RavisRecord: newID(),
	}
	w.Needs = &Needs{
		Linked: map[uuid.UUID]uuid.UUID{w.Sam.ID: w.SamsRecord, w.Ravi.ID: w.RavisRecord},
		People: map[uuid.UUID]award.Jobseeker{
			w.SamsRecord:  {ID: w.SamsRecord, Area: "Oldham", CoachID: w.Amina.ID, CoachName: w.Amina.Name},
			w.RavisRecord: {ID: w.RavisRecord, Area: "Oldham", CoachID: w.Bilal.ID, CoachName: w.Bilal.Name},
		},
		Ways: map[uuid.UUID][]uuid.UUID{w.SamsRecord: {newID(), newID()}, w.RavisRecord: {newID()}},
	}
	w.Catalogue = Catalogue{}
	w.Funds, w.Now = &Funds{}, Clock()
	id := newID()
	w.Fund = award.Fund{ID: id, Code: strings.ToUpper(id.String()[24:]), Name: "Fund " + id.String()}
	w.Oldham = award.Budget{ID: newID(), Fund: w.Fund, Area: "Oldham", Year: 2026, Allocated: 1_000_000_00}
	w.Granted = authority.Grant{
		ID: newID(), Holder: authority.Holder{Role: identity.Manager}, Kind: authority.Decide, Whose: authority.Any, Fund: id, Area: "Oldham",
		Limit: money.Most, Alone: money.Most, FirstDay: time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC), Why: "The scheme of delegation.",
		Proposed: authority.Hand{By: newID(), Name: "Somebody"}, Confirmed: authority.Hand{By: newID(), Name: "Somebody else"},
	}
	w.Excepts = w.Granted
	w.Excepts.ID, w.Excepts.Kind = newID(), authority.Except
	return w
}

// Everyone lists the people of the world.
func (w *World) Everyone() []identity.Person {
	return []identity.Person{w.Amina, w.Bilal, w.Chloe, w.Priya, w.Owen, w.Rochdale, w.Finn, w.Sam, w.Ravi, w.Nobody}
}

// Awards are the use cases on top of this store.
func (w *World) Awards(store award.Store) *award.Awards {
	questions, _ := store.(award.QuestionStore)
	reviews, _ := store.(award.ReviewStore) // memory is neither
	return award.New(award.Deps{
		Store: store, Questions: questions, Reviews: reviews, Catalogue: w.Catalogue, Needs: w.Needs, Funds: w.Funds,
		Drawn: func(int) bool { return w.Drawn }, Now: func() time.Time { return w.Now() },
	})
}

// Line is a line for this amount that meets a need in the jobseeker's way.
func (w *World) Line(jobseeker uuid.UUID, amount money.Pence) award.Line {
	return award.Line{
		What: "Provisional licence", Why: "The job on offer needs one.", NeedID: w.Needs.Ways[jobseeker][0],
		Category: "licence", Supplier: "DVLA", Amount: amount, Quote: "gov.uk",
	}
}

// Yes is what an approval in full says, with this code.
func Yes(code award.Code, words string) award.Reason {
	return award.Reason{Code: code, Words: words, Approval: award.Approval{
		OtherFunding: "None.", Scrutiny: "It costs less than the course and gets somebody into work.", Conflict: award.NoConflict,
	}}
}

// Clock returns a clock that moves on by a second each time it is read.
func Clock() func() time.Time {
	var reads atomic.Int64
	start := time.Date(2026, 6, 1, 9, 0, 0, 0, time.UTC)
	return func() time.Time { return start.Add(time.Duration(reads.Add(1)) * time.Second) }
}

// Funds stands in for what funds pay for, licences every day and never fines, and
// for the terms that were agreed.
type Funds struct{ Agreed []budget.Terms }

// Rulings is the same for every fund and day.
func (*Funds) Rulings(context.Context, uuid.UUID, time.Time) ([]award.Ruling, error) {
	return []award.Ruling{
		{Category: "licence", Allowed: true, Label: "Licence", Words: "What the work may not be done without."},
		{Category: "fines", Label: "Fines", Words: "This fund does not pay fines. Ask the court to agree smaller payments."},
	}, nil
}

// TermsOf is the same for every request.
func (f *Funds) TermsOf(context.Context, uuid.UUID) ([]budget.Terms, error) { return f.Agreed, nil }

// Needs stands in for the needs service.
type Needs struct {
	Down atomic.Bool
	// Speechless has the question of what stands in somebody's way, and no
	// other, go unanswered.
	Speechless atomic.Bool
	Linked     map[uuid.UUID]uuid.UUID // person → jobseeker
	People     map[uuid.UUID]award.Jobseeker
	Ways       map[uuid.UUID][]uuid.UUID // jobseeker → needs in the way
}

func (n *Needs) up() error {
	if n.Down.Load() {
		return fault.New(fault.Unavailable, "The needs cannot be checked right now. Nothing was changed. Try again in a minute.")
	}
	return nil
}

// Me is the jobseeker that the person acting is linked to.
func (n *Needs) Me(ctx context.Context) (uuid.UUID, error) {
	p, err := identity.From(ctx)
	if err != nil {
		return uuid.Nil, err
	}
	return n.Linked[p.ID], n.up()
}

// Jobseeker is one of People.
func (n *Needs) Jobseeker(_ context.Context, id uuid.UUID) (award.Jobseeker, error) {
	if err := n.up(); err != nil {
		return award.Jobseeker{}, err
	}
	j, ok := n.People[id]
	if !ok {
		return award.Jobseeker{}, fault.New(fault.NotFound, "There is no such jobseeker.")
	}
	return j, nil
}

// InTheWay is one of Ways.
func (n *Needs) InTheWay(_ context.Context, jobseeker uuid.UUID) ([]uuid.UUID, error) {
	if n.Speechless.Load() {
		return nil, fault.New(fault.Unavailable, "The needs cannot be checked right now.")
	}
	return slices.Clone(n.Ways[jobseeker]), n.up()
}

// Catalogue is a price for each course.
type Catalogue map[uuid.UUID]award.Price

// Add adds a course at this price.
func (c Catalogue) Add(pence money.Pence) award.Price {
	p := award.Price{
		CourseID: newID(), CourseCode: "C1", CourseName: "Warehouse skills", PriceID: newID(),
		Pence: pence, Source: "prices-2026.csv", Confirmed: true,
	}
	c[p.CourseID] = p
	return p
}

// PriceOn is the price of the course on any day.
func (c Catalogue) PriceOn(_ context.Context, course uuid.UUID, _ time.Time) (award.Price, error) {
	p, ok := c[course]
	if !ok {
		return award.Price{}, fault.New(fault.NotFound, "There is no such course.")
	}
	return p, nil
}

func newID() uuid.UUID { return uuid.Must(uuid.NewV7()) }
