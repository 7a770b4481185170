package voice

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/pkg/workday"
	"github.com/instead-support/instead/services/outcomes/internal/outcome"
	"github.com/instead-support/instead/services/outcomes/internal/policy"
)

// Store keeps ballots and votes, in one transaction a call, and writes into the audit
// trail what was changed: that somebody voted, and never for what. It shows and
// changes only what act.Who may see. Open, Vote and Cancel do their work once for
// each Idempotency-Key.
type Store interface {
	Open(ctx context.Context, act outcome.Act, b *Ballot) (*Ballot, error)
	// Ballots is a page of those within reach, the last to close first.
	Ballots(ctx context.Context, act outcome.Act, member uuid.UUID, p outcome.Page) ([]*Ballot, int, error)
	Ballot(ctx context.Context, act outcome.Act, member, id uuid.UUID) (*Ballot, error)
	// Vote keeps a member's vote, in place of the one that they had, if vote has
	// nothing against it. The ballot can't end meanwhile.
	Vote(ctx context.Context, act outcome.Act, member, id uuid.UUID, option int, vote func(*Ballot) error) (*Ballot, error)
	// Cancel ends a ballot, and every vote is gone.
	Cancel(ctx context.Context, act outcome.Act, id uuid.UUID, cancel func(*Ballot) error) (*Ballot, error)
	// Close counts the votes of ballots whose last day was before a day, tells of
	// them, and keeps no vote.
	Close(ctx context.Context, day, at time.Time) error
}

// People says who acts, and where they belong.
type People interface {
	Member(ctx context.Context, op policy.Operation) (policy.Actor, error)
}

// Catalogue knows courses.
type Catalogue interface {
	// Course is what a course is called. It returns NotFound for one that there is
	// not.
	Course(ctx context.Context, id uuid.UUID) (string, error)
}

// Deps are what Ballots are made of.
type Deps struct {
	Store     Store
	People    People
	Catalogue Catalogue
	Now       func() time.Time
}

// Ballots are the use cases. Every method acts for the person in its context, with
// errors as those of outcome.Outcomes.
type Ballots struct{ d Deps }

// New returns the use cases on top of d.
func New(d Deps) *Ballots { return &Ballots{d} }

// Standing is a ballot as it stands for whoever looks at it.
type Standing struct {
	*Ballot
	State State
	Can   []Verb
}

// Verb is what somebody can do with a ballot.
type Verb string

// The verbs.
const (
	ToVote   Verb = "vote"
	ToCancel Verb = "cancel"
)

// member is as whom somebody votes: a jobseeker as their record, whatever they sign
// in with, and a member of staff as themself.
func member(who policy.Actor) uuid.UUID {
	if who.Jobseeker != uuid.Nil {
		return who.Jobseeker
	}
	return who.ID
}

// Open sets a ballot up, whose options are these texts or these courses. It returns
// Invalid naming all that is wrong with it.
func (s *Ballots) Open(ctx context.Context, b Ballot, priorities []string, courses []uuid.UUID) (Standing, error) {
	who, err := s.d.People.Member(ctx, policy.OpenBallot)
	if err != nil {
		return Standing{}, err
	}
	if !policy.Reaches(who, policy.OpenBallot, b.record()) {
		return Standing{}, fault.New(fault.Forbidden, "You can only set up a vote in an area that you manage.")
	}
	body := []any{b.Area, b.Kind, b.OpensOn, b.ClosesOn, priorities, courses}
	if b.Kind == Priorities {
		for i, text := range priorities {
			b.Options = append(b.Options, Option{Number: i + 1, Text: strings.TrimSpace(text)})
		}
	}
	if b.Kind == Courses {
		for i, id := range courses {
			name, err := s.d.Catalogue.Course(ctx, id)
			if fault.Is(err, fault.NotFound) {
				var c fault.Check
				c.Want(false, "/course_ids", "One of these is not a course of the catalogue.")
				err = c.Err()
			}
			if err != nil {
				return Standing{}, err
			}
			b.Options = append(b.Options, Option{Number: i + 1, Text: name, CourseID: id})
		}
	}
	if err := b.check(s.today()); err != nil {
		return Standing{}, err
	}
	if b.ID, err = uuid.NewV7(); err != nil {
		return Standing{}, err
	}
	b.ByID, b.ByName, b.At = who.ID, who.Name, s.now()
	opened, err := s.d.Store.Open(ctx, outcome.Act{Who: who, Operation: policy.OpenBallot, Body: body}, &b)
	return s.standing(who, opened, err)
}

// List is a page of the ballots of wherever somebody belongs, and how many there are.
func (s *Ballots) List(ctx context.Context, p outcome.Page) ([]Standing, int, error) {
	who, err := s.member(ctx, policy.ListBallots)
	if err != nil {
		return nil, 0, err
	}
	found, total, err := s.d.Store.Ballots(ctx, outcome.Act{Who: who, Operation: policy.ListBallots}, member(who), p)
	all := make([]Standing, len(found))
	for i, b := range found {
		all[i], _ = s.standing(who, b, nil)
	}
	return all, total, err
}

// Get is one ballot.
func (s *Ballots) Get(ctx context.Context, id uuid.UUID) (Standing, error) {
	who, err := s.member(ctx, policy.ReadBallot)
	if err != nil {
		return Standing{}, err
	}
	b, err := s.d.Store.Ballot(ctx, outcome.Act{Who: who, Operation: policy.ReadBallot}, member(who), id)
	return s.standing(who, b, err)
}

// Vote votes, or changes the vote that somebody has. It returns Conflict unless the
// ballot is open.
func (s *Ballots) Vote(ctx context.Context, id uuid.UUID, option int) (Standing, error) {
	who, err := s.member(ctx, policy.CastVote)
	if err != nil {
		return Standing{}, err
	}
	act := outcome.Act{Who: who, Operation: policy.CastVote, Body: []any{id, option}}
	b, err := s.d.Store.Vote(ctx, act, member(who), id, option, func(b *Ballot) error {
		if err := policy.Check(who, policy.CastVote, b.record()); err != nil {
			return err
		}
		return b.vote(option, s.today())
	})
	return s.standing(who, b, err)
}

// Cancel ends a ballot before its votes are counted, with the reason, and no vote is
// kept. It returns Stale if it is over since version.
func (s *Ballots) Cancel(ctx context.Context, id uuid.UUID, version int64, why string) (Standing, error) {
	who, err := s.member(ctx, policy.CancelBallot)
	if err != nil {
		return Standing{}, err
	}
	why = strings.TrimSpace(why)
	act := outcome.Act{Who: who, Operation: policy.CancelBallot, Body: []any{id, version, why}}
	b, err := s.d.Store.Cancel(ctx, act, id, func(b *Ballot) error {
		if err := policy.Check(who, policy.CancelBallot, b.record()); err != nil {
			return err
		}
		if b.Version() != version {
			return fault.Overtaken(b.since()...)
		}
		return b.cancel(who.Name, why, s.now(), s.today())
	})
	return s.standing(who, b, err)
}

// since is what was done to a ballot after it was opened.
func (b *Ballot) since() []fault.Change {
	if b.CancelledAt.IsZero() {
		return nil
	}
	return []fault.Change{{By: b.CancelledBy, What: "cancelled it", At: b.CancelledAt}}
}

// Close counts the votes of what is over. It may be done at any time: whoever looks
// first after the last day has it done as well.
func (s *Ballots) Close(ctx context.Context) error {
	return s.d.Store.Close(identity.With(ctx, policy.System), s.today(), s.now())
}

// member is who acts, once whatever is over is closed.
func (s *Ballots) member(ctx context.Context, op policy.Operation) (policy.Actor, error) {
	who, err := s.d.People.Member(ctx, op)
	if err != nil {
		return who, err
	}
	return who, s.Close(ctx)
}

func (s *Ballots) standing(who policy.Actor, b *Ballot, err error) (Standing, error) {
	if err != nil {
		return Standing{}, err
	}
	of := Standing{Ballot: b, State: b.State(s.today())}
	if of.State == Open && policy.Reaches(who, policy.CastVote, b.record()) {
		of.Can = append(of.Can, ToVote)
	}
	if slices.Contains([]State{Upcoming, Open}, of.State) && policy.Reaches(who, policy.CancelBallot, b.record()) {
		of.Can = append(of.Can, ToCancel)
	}
	return of, nil
}

func (s *Ballots) now() time.Time { return s.d.Now().UTC().Truncate(time.Microsecond) }

func (s *Ballots) today() time.Time { return workday.On(s.d.Now()) }
