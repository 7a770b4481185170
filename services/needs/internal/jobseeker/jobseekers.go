package jobseeker

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/needs/internal/policy"
)

// Store keeps jobseekers. Each method asks the policy for the person's reach,
// in its query and again of the record it found, and returns NotFound or
// Forbidden accordingly; each writes its audit entry in the same transaction.
// Where asked is a parameter, it is what a repeated message is recognised by.
type Store interface {
	// Me returns the record linked to the person's sign-in; its ID is uuid.Nil
	// if there is none. It remembers a member of staff by name and areas.
	Me(ctx context.Context, p identity.Person) (Jobseeker, error)
	// List returns a page of the jobseekers in p's reach, by name, and how many
	// there are in all.
	List(ctx context.Context, p identity.Person, q Query) ([]Summary, int, error)
	// Add adds j, unless it may be somebody already in the area and different is
	// false: then it returns a PossibleDuplicate.
	Add(ctx context.Context, p identity.Person, j Jobseeker, asked any, different bool) (Jobseeker, error)
	Read(ctx context.Context, p identity.Person, id uuid.UUID) (Jobseeker, error)
	// Change locks the record, applies change and saves what it did.
	Change(ctx context.Context, p identity.Person, id uuid.UUID, asked any, change func(*Jobseeker) error) (Jobseeker, error)

	// Changes returns what was done to the record since it was at a version, as
	// far as it was done by one of these operations, latest first.
	Changes(ctx context.Context, p identity.Person, id uuid.UUID, by []policy.Operation, since int64) ([]Change, error)

	// Coaches returns the coaches known to work in area, by name.
	Coaches(ctx context.Context, p identity.Person, area string) ([]Coach, error)
	// Transfer is Change with the coach to move to, who is nil if no such coach
	// works in the jobseeker's area.
	Transfer(ctx context.Context, p identity.Person, id, to uuid.UUID, asked any, change func(*Jobseeker, *Coach) error) (Jobseeker, error)

	// Invite keeps the invitation and voids those before it.
	Invite(ctx context.Context, p identity.Person, i Invitation) error
	// Accept counts a try by p, then asks accept, with the number of wrong tries
	// since and with the invitation that has this hash, or nil. If accept
	// agrees, p's sign-in is linked to the record in place of any other.
	Accept(ctx context.Context, p identity.Person, hash []byte, now, since time.Time, accept func(wrong int, i *Invitation) error) error

	// Statements returns all that the jobseeker said, newest first.
	Statements(ctx context.Context, p identity.Person, id uuid.UUID) ([]Statement, error)
	// Say locks the record and keeps the statement that say makes.
	Say(ctx context.Context, p identity.Person, id uuid.UUID, asked any, say func(*Jobseeker) (Statement, error)) (Statement, error)

	// Looks returns a page of the record's audit trail, newest first, and how
	// many entries there are in all.
	Looks(ctx context.Context, p identity.Person, id uuid.UUID, page Page) ([]Look, int, error)
}

// Deps are what Jobseekers needs.
type Deps struct {
	Store Store
	Now   func() time.Time
}

// Jobseekers is the door to everything this package keeps. The person who acts
// is the one in the context; with nobody there, everything is Unauthenticated.
type Jobseekers struct {
	store Store
	now   func() time.Time
}

// New returns Jobseekers over d.
func New(d Deps) *Jobseekers { return &Jobseekers{store: d.Store, now: d.Now} }

// Me is who the caller is.
type Me struct {
	identity.Person
	JobseekerID uuid.UUID // their own record, or uuid.Nil
	KnownAs     string    // what they like to be called, if they have a record
}

// Me returns who the caller is.
func (s *Jobseekers) Me(ctx context.Context) (Me, error) {
	p, err := acting(ctx, policy.ReadMe)
	if err != nil {
		return Me{}, err
	}
	j, err := s.store.Me(ctx, p)
	if err != nil {
		return Me{}, err
	}
	me := Me{Person: p, JobseekerID: j.ID, KnownAs: j.KnownAs}
	if me.KnownAs == "" {
		me.KnownAs = j.Name
	}
	return me, nil
}

// List returns a page of the caller's caseload and areas, and how many
// jobseekers there are on all its pages.
func (s *Jobseekers) List(ctx context.Context, q Query) ([]Summary, int, error) {
	p, err := acting(ctx, policy.ListJobseekers)
	if err != nil {
		return nil, 0, err
	}
	return s.store.List(ctx, p, q)
}

// Newcomer is a jobseeker to be added.
type Newcomer struct {
	Details
	Area string
	// Different is true when a person has looked at who it may be already and
	// says that it is somebody else.
	Different bool
}

// Add puts a jobseeker on the caller's caseload. It returns Invalid for details
// that can't be right, and PossibleDuplicate, which is a Conflict, for somebody
// who may be in the area already.
func (s *Jobseekers) Add(ctx context.Context, n Newcomer) (Jobseeker, error) {
	p, err := acting(ctx, policy.AddJobseeker)
	if err != nil {
		return Jobseeker{}, err
	}
	n.Details = n.tidy()
	var c fault.Check
	n.check(&c)
	c.Want(p.Covers(n.Area), "/area", "Choose one of the areas you work in.")
	if err := c.Err(); err != nil {
		return Jobseeker{}, err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return Jobseeker{}, err
	}
	return s.store.Add(ctx, p, Jobseeker{
		ID: id, Details: n.Details, Area: n.Area,
		CoachID: p.ID, CoachName: p.Name,
		CreatedAt: s.now(), Version: 1,
	}, n, n.Different)
}

// Read returns one jobseeker.
func (s *Jobseekers) Read(ctx context.Context, id uuid.UUID) (Jobseeker, error) {
	p, err := identity.From(ctx)
	if err != nil {
		return Jobseeker{}, err
	}
	return s.store.Read(ctx, p, id)
}

// Correct replaces a jobseeker's details. It returns Invalid for details that
// can't be right, and Stale, saying who did what, if somebody changed them since
// version.
func (s *Jobseekers) Correct(ctx context.Context, id uuid.UUID, version int64, d Details) (Jobseeker, error) {
	p, err := identity.From(ctx)
	if err != nil {
		return Jobseeker{}, err
	}
	d = d.tidy()
	j, err := s.store.Change(ctx, p, id, []any{version, d}, func(j *Jobseeker) error {
		var c fault.Check
		d.check(&c)
		if err := c.Err(); err != nil {
			return err
		}
		return j.Correct(version, d)
	})
	return j, s.overtaken(ctx, p, id, version, err)
}

// did says what each operation that changes a record did to it, in words that
// go on from a name.
var did = map[policy.Operation]string{
	policy.ChangeJobseeker:   "corrected the details",
	policy.TransferJobseeker: "moved the jobseeker to another work coach",
}

// overtaken adds to a Stale err who changed the record since it was at version.
func (s *Jobseekers) overtaken(ctx context.Context, p identity.Person, id uuid.UUID, version int64, err error) error {
	if !fault.Is(err, fault.Stale) {
		return err
	}
	done, err := s.store.Changes(ctx, p, id, slices.Sorted(maps.Keys(did)), version)
	if err != nil {
		return err
	}
	changes := make([]fault.Change, len(done))
	for i, d := range done {
		changes[i] = fault.Change{By: d.By, What: did[d.Operation], At: d.At}
	}
	return fault.Overtaken(changes...)
}

// Coaches returns the coaches to whom jobseekers of an area can be moved: those
// who work there and have signed in at least once.
func (s *Jobseekers) Coaches(ctx context.Context, area string) ([]Coach, error) {
	p, err := acting(ctx, policy.ListCoaches)
	if err != nil {
		return nil, err
	}
	if !p.Covers(area) {
		return nil, fault.New(fault.NotFound, "There is no such area, or not one that you work in.")
	}
	return s.store.Coaches(ctx, p, area)
}

// Transfer moves a jobseeker to the caseload of another coach of the same
// area. It returns Invalid if the coach does not work there, and Stale, saying
// who did what, if somebody changed the record since version.
func (s *Jobseekers) Transfer(ctx context.Context, id uuid.UUID, version int64, to uuid.UUID) (Jobseeker, error) {
	p, err := identity.From(ctx)
	if err != nil {
		return Jobseeker{}, err
	}
	j, err := s.store.Transfer(ctx, p, id, to, []any{version, to}, func(j *Jobseeker, coach *Coach) error {
		var c fault.Check
		c.Want(coach != nil, "/coach_id", "Choose a work coach who works in the jobseeker's area and has signed in here.")
		if err := c.Err(); err != nil {
			return err
		}
		return j.Move(version, *coach)
	})
	return j, s.overtaken(ctx, p, id, version, err)
}

// Invite makes a code with which the jobseeker can link their own sign-in to
// their record, voids the code before it, and says when the new one runs out.
// Only the caller ever sees the code.
func (s *Jobseekers) Invite(ctx context.Context, id uuid.UUID) (Code, time.Time, error) {
	p, err := identity.From(ctx)
	if err != nil {
		return "", time.Time{}, err
	}
	invitation, err := uuid.NewV7()
	if err != nil {
		return "", time.Time{}, err
	}
	code, now := NewCode(), s.now()
	i := Invitation{
		ID: invitation, JobseekerID: id, Hash: code.Hash(),
		MadeBy: p.ID, MadeAt: now, ExpiresAt: now.Add(InvitedFor),
	}
	return code, i.ExpiresAt, s.store.Invite(ctx, p, i)
}

// Accept links the caller's sign-in to the record that the code is for. It
// returns Invalid for a wrong code, Forbidden after too many of them, and
// Conflict for one that no longer works.
func (s *Jobseekers) Accept(ctx context.Context, typed string) (Me, error) {
	p, err := acting(ctx, policy.AcceptInvitation)
	if err != nil {
		return Me{}, err
	}
	code, ok := ParseCode(typed)
	if !ok {
		return Me{}, wrongCode()
	}
	now := s.now()
	err = s.store.Accept(ctx, p, code.Hash(), now, now.Add(-TriesWithin), func(wrong int, i *Invitation) error {
		switch {
		case wrong >= MaxTries:
			return tooManyTries()
		case i == nil:
			return wrongCode()
		}
		return i.Accept(p.ID, now)
	})
	if err != nil {
		return Me{}, err
	}
	return s.Me(ctx)
}

// Statements returns what the jobseeker said, newest first.
func (s *Jobseekers) Statements(ctx context.Context, id uuid.UUID) ([]Statement, error) {
	p, err := identity.From(ctx)
	if err != nil {
		return nil, err
	}
	return s.store.Statements(ctx, p, id)
}

// Say keeps what the jobseeker says would get them into work: as they write it
// or, until they first have, as their coach takes it down. It returns Invalid
// without words.
func (s *Jobseekers) Say(ctx context.Context, id uuid.UUID, words string) (Statement, error) {
	p, err := identity.From(ctx)
	if err != nil {
		return Statement{}, err
	}
	return s.store.Say(ctx, p, id, words, func(j *Jobseeker) (Statement, error) {
		return j.Say(p, words, s.now())
	})
}

// Looks returns a page of who changed or looked at a record, newest first, and
// how many entries there are in all.
func (s *Jobseekers) Looks(ctx context.Context, id uuid.UUID, page Page) ([]Look, int, error) {
	p, err := identity.From(ctx)
	if err != nil {
		return nil, 0, err
	}
	return s.store.Looks(ctx, p, id, page)
}

// acting returns who is acting, if anybody with their roles may do op at all.
// Operations on one record don't ask it: whoever may not see the record must be
// told the same, whatever they tried.
func acting(ctx context.Context, op policy.Operation) (identity.Person, error) {
	p, err := identity.From(ctx)
	if err != nil {
		return identity.Person{}, err
	}
	return p, policy.MayAtAll(p, op)
}
