package authority

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/funding/internal/policy"
)

// Act is one use of the system, and what the store needs to know of it.
type Act struct {
	Who       policy.Actor
	Operation policy.Operation
	Body      any // by which a retry is told from a second use of its key
}

// Store keeps grants, line managers and who the staff are, in one transaction a
// call. Every method shows and changes only what act.Who may see, answers
// NotFound for anything else, and writes what was changed into the audit trail.
// A change happens once for each Idempotency-Key.
type Store interface {
	// Meet notes who this member of staff is, so that others can choose them.
	Meet(ctx context.Context, p identity.Person) error
	// People lists staff with the role in these areas, by name.
	People(ctx context.Context, role identity.Role, areas []string) ([]Person, error)

	// Add saves a proposed grant. It returns Invalid if there is no such fund.
	Add(ctx context.Context, act Act, g Grant) (Grant, error)
	// Change saves what change does to the grant.
	Change(ctx context.Context, act Act, id uuid.UUID, change func(*Grant) error) (Grant, error)
	Grant(ctx context.Context, act Act, id uuid.UUID) (Grant, error)
	// Grants is one page of them, newest first, and how many there are.
	Grants(ctx context.Context, act Act, f Filter, p Page) ([]Grant, int, error)
	// Held lists every confirmed grant that p holds, by name or by role.
	Held(ctx context.Context, p identity.Person) ([]Grant, error)

	// SetLineManager saves who a coach's line manager is to be.
	SetLineManager(ctx context.Context, act Act, l LineManager) (LineManager, error)
	// LineManagers says of these coaches who their line managers are that day, and
	// who are to be after it, by day. Of a coach of whom nobody has said so it says
	// nothing.
	LineManagers(ctx context.Context, coaches []uuid.UUID, day time.Time) ([]LineManager, error)
}

// Person is a member of staff as others choose them.
type Person struct {
	ID   uuid.UUID
	Name string
}

// Filter narrows a list of grants.
type Filter struct {
	State State     // on Day; "" for any
	Day   time.Time // today
}

// Page is which rows of a list to answer with.
type Page struct{ Number, Size int } // Number counts from 1

// LineManager says who a coach's line manager is from a day on.
type LineManager struct {
	ID       uuid.UUID
	Coach    Person
	Manager  Person // the zero Person for nobody
	FirstDay time.Time
	Set      Hand // zero where nobody has ever said
}

// Deps is what Authorities are made of.
type Deps struct {
	Store Store
	Now   func() time.Time
	Today func(now time.Time) time.Time // the calendar day in London, at 00:00 UTC
}

// Standing is a grant as it stands for whoever looks at it.
type Standing struct {
	Grant
	State State
	Can   []Verb // what the one who looks may do with it now
}

// Verb is something that a person does with a grant.
type Verb string

// The verbs, as the contract names them.
const (
	VerbConfirm Verb = "confirm"
	VerbEnd     Verb = "end"
)

// Authorities are the use cases. Every method acts for the person in its context
// and returns Unauthenticated if there is none, Forbidden for what that person
// may see but not do, and NotFound for what they may not see.
type Authorities struct{ d Deps }

// New returns the use cases on top of d.
func New(d Deps) *Authorities { return &Authorities{d} }

// Propose asks for a grant, which counts once somebody else has confirmed it. It
// returns Forbidden to whoever would hold it, and Invalid for an area where
// whoever acts does not work and, naming every field, for a grant that could not
// be read.
func (s *Authorities) Propose(ctx context.Context, g Grant) (Standing, error) {
	who, err := s.actor(ctx, policy.ProposeGrant)
	if err != nil {
		return Standing{}, err
	}
	act := Act{who, policy.ProposeGrant, g}
	if g.Holder.Person == who.ID {
		return Standing{}, errOwn
	}
	var c fault.Check
	c.Want(within(who, policy.ProposeGrant, g.Area) == nil, "/area", "Choose an area that you work in.")
	if err := c.Err(); err != nil {
		return Standing{}, err
	}
	if g.Holder, err = s.holder(ctx, who, g); err != nil {
		return Standing{}, err
	}
	if g, err = g.propose(who.Person, s.today(), s.now()); err != nil {
		return Standing{}, err
	}
	g, err = s.d.Store.Add(ctx, act, g)
	return s.standing(who, g), err
}

// holder is the grant's holder with their name, if they are a manager there.
func (s *Authorities) holder(ctx context.Context, who policy.Actor, g Grant) (Holder, error) {
	if g.Holder.Person == uuid.Nil {
		return Holder{Role: g.Holder.Role}, nil
	}
	areas := []string{g.Area}
	if g.Area == "" {
		areas = who.Areas
	}
	p, err := s.person(ctx, identity.Manager, areas, g.Holder.Person, "/holder_id", "Choose a manager who works there and has signed in.")
	return Holder{Role: g.Holder.Role, Person: p.ID, Name: p.Name}, err
}

// person is one of the people with the role in these areas, or else Invalid at
// pointer.
func (s *Authorities) person(ctx context.Context, role identity.Role, areas []string, id uuid.UUID, pointer, otherwise string) (Person, error) {
	all, err := s.d.Store.People(ctx, role, areas)
	if err != nil {
		return Person{}, err
	}
	i := slices.IndexFunc(all, func(p Person) bool { return p.ID == id })
	var c fault.Check
	c.Want(i >= 0, pointer, otherwise)
	if err := c.Err(); err != nil {
		return Person{}, err
	}
	return all[i], nil
}

// Confirm makes a proposed grant count. It returns Forbidden to whoever proposed
// it or would hold it, and Conflict unless it waits.
func (s *Authorities) Confirm(ctx context.Context, id uuid.UUID) (Standing, error) {
	return s.change(ctx, policy.ConfirmGrant, id, nil, func(g *Grant, by identity.Person) error {
		return g.confirm(by, s.today(), s.now())
	})
}

// End has a grant count no longer than until this day, which counts still, or
// not a moment longer if lastDay is zero. One person is enough to take authority
// away. It returns Conflict for one that has been ended or is over.
func (s *Authorities) End(ctx context.Context, id uuid.UUID, lastDay time.Time, why string) (Standing, error) {
	body := []any{lastDay, why}
	return s.change(ctx, policy.EndGrant, id, body, func(g *Grant, by identity.Person) error {
		return g.end(by, lastDay, why, s.today(), s.now())
	})
}

func (s *Authorities) change(ctx context.Context, op policy.Operation, id uuid.UUID, body any, verb func(*Grant, identity.Person) error) (Standing, error) {
	who, err := s.actor(ctx, op)
	if err != nil {
		return Standing{}, err
	}
	g, err := s.d.Store.Change(ctx, Act{who, op, []any{id, body}}, id, func(g *Grant) error {
		if err := within(who, op, g.Area); err != nil {
			return err
		}
		return verb(g, who.Person)
	})
	return s.standing(who, g), err
}

// Get is one grant.
func (s *Authorities) Get(ctx context.Context, id uuid.UUID) (Standing, error) {
	who, err := s.actor(ctx, policy.ReadGrant)
	if err != nil {
		return Standing{}, err
	}
	g, err := s.d.Store.Grant(ctx, Act{Who: who, Operation: policy.ReadGrant}, id)
	return s.standing(who, g), err
}

// List is one page of the grants within reach, newest first, and how many there
// are in all.
func (s *Authorities) List(ctx context.Context, state State, p Page) ([]Standing, int, error) {
	who, err := s.actor(ctx, policy.ListGrants)
	if err != nil {
		return nil, 0, err
	}
	found, total, err := s.d.Store.Grants(ctx, Act{Who: who, Operation: policy.ListGrants}, Filter{state, s.today()}, p)
	all := make([]Standing, len(found))
	for i, g := range found {
		all[i] = s.standing(who, g)
	}
	return all, total, err
}

// Mine is what the person acting may decide today, where. It notes who they are,
// so that others can choose them.
func (s *Authorities) Mine(ctx context.Context) ([]Reach, error) {
	who, err := s.actor(ctx, policy.ReadMyAuthority)
	if err != nil {
		return nil, err
	}
	if err := s.d.Store.Meet(ctx, who.Person); err != nil {
		return nil, err
	}
	held, err := s.d.Store.Held(ctx, who.Person)
	if err != nil {
		return nil, err
	}
	return Reaches(held, who.Person, s.today()), nil
}

// People lists the managers or coaches, of the areas of whoever asks, who have
// signed in.
func (s *Authorities) People(ctx context.Context, role identity.Role) ([]Person, error) {
	who, err := s.actor(ctx, policy.ListStaff)
	if err != nil {
		return nil, err
	}
	return s.d.Store.People(ctx, role, who.Areas)
}

// SetLineManager says who a coach's line manager is from today or a later day
// on; a zero manager is nobody. It returns Forbidden to the coach and to the
// manager, and Invalid for people who don't work where whoever acts does.
func (s *Authorities) SetLineManager(ctx context.Context, coach, manager uuid.UUID, firstDay time.Time) (LineManager, error) {
	who, err := s.actor(ctx, policy.SetLineManager)
	if err != nil {
		return LineManager{}, err
	}
	act := Act{who, policy.SetLineManager, []any{coach, manager, firstDay}}
	l := LineManager{ID: newID(), FirstDay: firstDay, Set: Hand{who.ID, who.Name, s.now()}}
	if l.Coach, err = s.person(ctx, identity.Coach, who.Areas, coach, "/coach_id", "Choose a work coach of your areas who has signed in."); err != nil {
		return LineManager{}, err
	}
	if manager != uuid.Nil {
		if l.Manager, err = s.person(ctx, identity.Manager, who.Areas, manager, "/manager_id", "Choose a manager of your areas who has signed in."); err != nil {
			return LineManager{}, err
		}
	}
	if err := l.check(s.today()); err != nil {
		return LineManager{}, err
	}
	return s.d.Store.SetLineManager(ctx, act, l)
}

// Led is a coach, with who leads them today and who is to after that.
type Led struct {
	Coach Person
	Now   LineManager // the zero LineManager where nobody has said
	Next  []LineManager
}

// LineManagers is one page of the coaches within reach, by name, with their line
// managers, and how many coaches there are.
func (s *Authorities) LineManagers(ctx context.Context, p Page) ([]Led, int, error) {
	who, err := s.actor(ctx, policy.ListLineManagers)
	if err != nil {
		return nil, 0, err
	}
	coaches, err := s.d.Store.People(ctx, identity.Coach, who.Areas)
	if err != nil {
		return nil, 0, err
	}
	begin := min((p.Number-1)*p.Size, len(coaches))
	led, ids := []Led{}, []uuid.UUID{}
	for _, c := range coaches[begin:min(begin+p.Size, len(coaches))] {
		led, ids = append(led, Led{Coach: c}), append(ids, c.ID)
	}
	today := s.today()
	said, err := s.d.Store.LineManagers(ctx, ids, today)
	for _, l := range said {
		switch of := &led[slices.Index(ids, l.Coach.ID)]; {
		case l.FirstDay.After(today):
			of.Next = append(of.Next, l)
		default:
			of.Now = l
		}
	}
	return led, len(coaches), err
}

// standing is g as it stands for who. What it says they can do promises nothing:
// the verbs themselves ask again.
func (s *Authorities) standing(who policy.Actor, g Grant) Standing {
	at := Standing{Grant: g, State: g.State(s.today()), Can: []Verb{}}
	if within(who, policy.ConfirmGrant, g.Area) == nil && g.confirmable(who.Person, s.today()) == nil {
		at.Can = append(at.Can, VerbConfirm)
	}
	if within(who, policy.EndGrant, g.Area) == nil && g.endable(s.today()) == nil {
		at.Can = append(at.Can, VerbEnd)
	}
	return at
}

func (s *Authorities) actor(ctx context.Context, op policy.Operation) (policy.Actor, error) {
	p, err := identity.From(ctx)
	if err != nil {
		return policy.Actor{}, err
	}
	return policy.Actor{Person: p}, policy.Gate(p, op)
}

// within checks that whoever acts works in the area of the grant. One for every
// area is anybody's who has the role: it is held by one person by name, and is
// no wider than the areas where that person works.
func within(who policy.Actor, op policy.Operation, area string) error {
	if area == "" {
		return policy.Gate(who.Person, op)
	}
	return policy.Check(who, op, policy.ReadGrant, policy.Record{Area: area})
}

func (s *Authorities) today() time.Time { return s.d.Today(s.d.Now()) }

// now is the time as it is kept, so that what was written equals what is read.
func (s *Authorities) now() time.Time { return s.d.Now().UTC().Truncate(time.Microsecond) }

// newID is a UUIDv7: ids made later sort later.
func newID() uuid.UUID { return uuid.Must(uuid.NewV7()) }
