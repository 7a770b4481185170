package outcome

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/pkg/workday"
	"github.com/instead-support/instead/services/outcomes/internal/policy"
)

// Jobseeker is who supports somebody, and where, as needs says it.
type Jobseeker struct {
	ID        uuid.UUID
	Area      string
	CoachID   uuid.UUID
	CoachName string
	Version   int64 // a higher one is newer
}

// Record is what the policy needs to know of them.
func (j Jobseeker) Record() policy.Record {
	return policy.Record{Jobseeker: j.ID, Coach: j.CoachID, Area: j.Area}
}

// Needs knows who jobseekers are. It answers for the person acting in ctx, and
// returns NotFound for a jobseeker whom that person may not see and Unavailable
// while it cannot be reached.
type Needs interface {
	// Me is which jobseeker the person acting is, or uuid.Nil for one who has not
	// been linked to a record yet.
	Me(ctx context.Context) (uuid.UUID, error)
	// Jobseeker is who supports this jobseeker, and where.
	Jobseeker(ctx context.Context, id uuid.UUID) (Jobseeker, error)
}

// Funding knows what somebody could have had instead of which course.
type Funding interface {
	// Allowances are the ids of a jobseeker's allowances.
	Allowances(ctx context.Context, jobseeker uuid.UUID) ([]uuid.UUID, error)
}

// Act is one use of the system, and what the store needs to know of it: who
// acts, doing what, and with what body, by which a retry is told from a second
// use of its key.
type Act struct {
	Who       policy.Actor
	Operation policy.Operation
	Body      any
}

// Store keeps outcomes, in one transaction a call.
//
// Every method shows and changes only what act.Who may see, answers NotFound for
// anything else, and writes into the audit trail what was seen or changed. Begin
// and Change keep what needs has just said of the jobseeker, do their work once for
// each Idempotency-Key, and tell the other services: a retry runs no function and
// answers with the outcome as it now stands. A function that fails changes nothing.
type Store interface {
	Begin(ctx context.Context, act Act, j Jobseeker, begin func() (*Outcome, error)) (*Outcome, error)
	// Change locks the outcome while change looks at it and adds to its entries.
	Change(ctx context.Context, act Act, outcome uuid.UUID, j Jobseeker, change func(*Outcome) error) (*Outcome, error)
	// Whose is the outcome with this id, or that the check with this id is of, and
	// whose it is. It says nothing of anybody, and so leaves no trace in the audit
	// trail.
	Whose(ctx context.Context, who policy.Actor, id uuid.UUID) (outcome uuid.UUID, rec policy.Record, err error)

	Outcome(ctx context.Context, act Act, id uuid.UUID) (*Outcome, policy.Record, error)
	// Outcomes are those of a jobseeker, the latest start first.
	Outcomes(ctx context.Context, act Act, j Jobseeker) ([]*Outcome, error)
	// Checks is a page of those that wait, the earliest due first, how many there
	// are in all and how many of them are overdue, each 1,000 at most.
	Checks(ctx context.Context, act Act, f Filter, p Page) (found []Waiting, total, overdue int, err error)
	Trail(ctx context.Context, act Act, jobseeker uuid.UUID, p Page) ([]Trace, int, error)
	Rules(ctx context.Context) (Rules, error)

	// Remind keeps that coaches were reminded on a day, and tells of it: of up to most
	// checks, from after a place on, that are due by then and of which nobody was
	// reminded in the week before. It returns the place of the last that it looked
	// at, and at how many.
	Remind(ctx context.Context, day time.Time, after Place, most int) (last Place, n int, err error)
}

// Place is where a check is among all that wait, the earliest due first.
type Place struct {
	DueOn time.Time
	ID    uuid.UUID
}

// Filter narrows the list of checks. There is no filter that widens what the caller
// may see.
type Filter struct {
	Today      time.Time
	Upcoming   bool // also those that are not due by Today
	Mine       bool // only of the caller's own caseload
	Jobseekers []uuid.UUID
}

// Page is which rows of a list to answer with.
type Page struct{ Number, Size int } // Number counts from 1

// Waiting is a check that waits, as a list shows it.
type Waiting struct {
	Check
	OutcomeID   uuid.UUID
	JobseekerID uuid.UUID
	Kind        Kind
	Employer    string
	StartedOn   time.Time
	Area        string
	CoachName   string
	Version     int64 // of the outcome
}

// Trace is one entry of the audit trail.
type Trace struct {
	At        time.Time
	Person    uuid.UUID
	Action    string
	Subject   string
	SubjectID uuid.UUID
}

// Deps are what Outcomes are made of.
type Deps struct {
	Store      Store
	Needs      Needs
	Funding    Funding
	Occupation func(code string) bool // whether there is such an occupation
	Now        func() time.Time
}

// Outcomes are the use cases. Every method acts for the person in its context and
// returns Unauthenticated if there is none, Forbidden for what that person may see
// but not do, and NotFound for what they may not see.
type Outcomes struct{ d Deps }

// New returns the use cases on top of d.
func New(d Deps) *Outcomes { return &Outcomes{d} }

// Standing is an outcome as it stands for whoever looks at it.
type Standing struct {
	*Outcome
	Verdict Verdict
	Today   time.Time // by which its checks are due or not
	Can     []Verb
}

// Record records a start, and creates its checks. It returns Invalid naming all
// that is wrong with it.
func (s *Outcomes) Record(ctx context.Context, jobseeker uuid.UUID, start Start) (Standing, error) {
	who, j, err := s.Subject(ctx, policy.RecordOutcome, jobseeker)
	if err != nil {
		return Standing{}, err
	}
	if start, err = s.checked(ctx, jobseeker, start); err != nil {
		return Standing{}, err
	}
	o, err := s.d.Store.Begin(ctx, Act{who, policy.RecordOutcome, []any{jobseeker, start}}, j, func() (*Outcome, error) {
		return begin(jobseeker, start, by(who), s.now())
	})
	return s.standing(ctx, who, o, j.Record(), err)
}

// Correct corrects what was recorded of a start; see Outcome.correct.
func (s *Outcomes) Correct(ctx context.Context, id uuid.UUID, version int64, start Start, why string) (Standing, error) {
	check := func(jobseeker uuid.UUID) (err error) {
		start, err = s.checked(ctx, jobseeker, start)
		return err
	}
	return s.change(ctx, policy.CorrectOutcome, id, version, []any{start, why}, check, func(o *Outcome, who policy.Actor) error {
		return o.correct(start, tidy(why), by(who), s.now())
	})
}

// Strike says that an outcome never happened; see Outcome.strike.
func (s *Outcomes) Strike(ctx context.Context, id uuid.UUID, version int64, why string) (Standing, error) {
	return s.change(ctx, policy.StrikeOutcome, id, version, why, nil, func(o *Outcome, who policy.Actor) error {
		return o.strike(tidy(why), by(who), s.now())
	})
}

// Answer answers a check; see Outcome.answer. The version is the outcome's.
func (s *Outcomes) Answer(ctx context.Context, check uuid.UUID, version int64, a Answer) (Standing, error) {
	a.Words = tidy(a.Words)
	return s.change(ctx, policy.RecordCheck, check, version, a, nil, func(o *Outcome, who policy.Actor) error {
		return o.answer(check, a, by(who), s.now(), s.today())
	})
}

// CorrectAnswer corrects the answer to a check; see Outcome.correctAnswer.
func (s *Outcomes) CorrectAnswer(ctx context.Context, check uuid.UUID, version int64, a Answer, why string) (Standing, error) {
	a.Words = tidy(a.Words)
	return s.change(ctx, policy.CorrectCheck, check, version, []any{a, why}, nil, func(o *Outcome, who policy.Actor) error {
		return o.correctAnswer(check, a, tidy(why), by(who), s.now(), s.today())
	})
}

// Get is an outcome as it stands.
func (s *Outcomes) Get(ctx context.Context, id uuid.UUID) (Standing, error) {
	who, err := s.Actor(ctx, policy.ReadOutcome)
	if err != nil {
		return Standing{}, err
	}
	o, rec, err := s.d.Store.Outcome(ctx, Act{Who: who, Operation: policy.ReadOutcome}, id)
	return s.standing(ctx, who, o, rec, err)
}

// Of are a jobseeker's outcomes, the latest start first.
func (s *Outcomes) Of(ctx context.Context, jobseeker uuid.UUID) ([]Standing, error) {
	who, j, err := s.Subject(ctx, policy.ListOutcomes, jobseeker)
	if err != nil {
		return nil, err
	}
	found, err := s.d.Store.Outcomes(ctx, Act{Who: who, Operation: policy.ListOutcomes}, j)
	if err != nil {
		return nil, err
	}
	all := make([]Standing, len(found))
	for i, o := range found {
		if all[i], err = s.standing(ctx, who, o, j.Record(), nil); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// Checks is a page of the checks that wait within reach, the earliest due first;
// how many there are in all, and how many of them are overdue, each 1,000 at most.
func (s *Outcomes) Checks(ctx context.Context, f Filter, p Page) (found []Waiting, total, overdue int, err error) {
	who, err := s.Actor(ctx, policy.ListChecks)
	if err != nil {
		return nil, 0, 0, err
	}
	f.Today = s.today()
	return s.d.Store.Checks(ctx, Act{Who: who, Operation: policy.ListChecks}, f, p)
}

// Trail is a page of who changed or looked at what is kept of a jobseeker, newest
// first.
func (s *Outcomes) Trail(ctx context.Context, jobseeker uuid.UUID, p Page) ([]Trace, int, error) {
	who, err := s.Actor(ctx, policy.ListOutcomeAudit)
	if err != nil {
		return nil, 0, err
	}
	return s.d.Store.Trail(ctx, Act{Who: who, Operation: policy.ListOutcomeAudit}, jobseeker, p)
}

// Rules are what counts as sustained, newest first.
func (s *Outcomes) Rules(ctx context.Context) (Rules, error) {
	if _, err := s.Actor(ctx, policy.ListDefinitions); err != nil {
		return Rules{}, err
	}
	return s.d.Store.Rules(ctx)
}

// atOnce is of how many checks coaches are reminded in one transaction, so that it
// is short.
const atOnce = 500

// Remind reminds coaches of what is due. It may be done at any time and as often as
// one likes: of a check nobody is reminded twice in a week.
func (s *Outcomes) Remind(ctx context.Context) error {
	ctx = identity.With(ctx, policy.System)
	for last, n := (Place{}), atOnce; n == atOnce; {
		var err error
		if last, n, err = s.d.Store.Remind(ctx, s.today(), last, atOnce); err != nil {
			return err
		}
	}
	return nil
}

// Today is the day in London by which checks are due or not.
func (s *Outcomes) Today() time.Time { return s.today() }

// change runs a verb on the outcome, or the outcome of the check, with this id that
// was read at this version. Whatever must be asked of other services is asked
// first, before anything is locked: needs, because only whoever supports the
// jobseeker now may change what is theirs, and what check asks, if it is not nil.
func (s *Outcomes) change(ctx context.Context, op policy.Operation, id uuid.UUID, version int64, body any,
	check func(jobseeker uuid.UUID) error, verb func(*Outcome, policy.Actor) error) (Standing, error) {
	who, err := s.Actor(ctx, op)
	if err != nil {
		return Standing{}, err
	}
	outcome, rec, err := s.d.Store.Whose(ctx, who, id)
	if err != nil {
		return Standing{}, err
	}
	j, err := s.d.Needs.Jobseeker(ctx, rec.Jobseeker)
	if err != nil {
		return Standing{}, err
	}
	if err := policy.Check(who, op, j.Record()); err != nil {
		return Standing{}, err
	}
	if check != nil {
		if err := check(rec.Jobseeker); err != nil {
			return Standing{}, err
		}
	}
	o, err := s.d.Store.Change(ctx, Act{who, op, []any{id, version, body}}, outcome, j, func(o *Outcome) error {
		if o.Version() != version {
			return fault.Overtaken(o.since(version)...)
		}
		return verb(o, who)
	})
	return s.standing(ctx, who, o, j.Record(), err)
}

// checked is a start as it is kept, if nothing is wrong with it: each allowance must
// be this jobseeker's.
func (s *Outcomes) checked(ctx context.Context, jobseeker uuid.UUID, start Start) (Start, error) {
	start.Employer = tidy(start.Employer)
	slices.SortFunc(start.Allowances, func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) })
	start.Allowances = slices.Compact(start.Allowances)
	if err := start.check(s.today(), s.d.Occupation); err != nil || len(start.Allowances) == 0 {
		return start, err
	}
	theirs, err := s.d.Funding.Allowances(ctx, jobseeker)
	if err != nil {
		return start, err
	}
	for _, id := range start.Allowances {
		if !slices.Contains(theirs, id) {
			return start, field("/allowance_ids", "Choose from this jobseeker's own allowances.")
		}
	}
	return start, nil
}

// Subject is who acts, and the jobseeker on whom, if the policy lets them.
func (s *Outcomes) Subject(ctx context.Context, op policy.Operation, jobseeker uuid.UUID) (policy.Actor, Jobseeker, error) {
	who, err := s.Actor(ctx, op)
	if err != nil {
		return policy.Actor{}, Jobseeker{}, err
	}
	j, err := s.d.Needs.Jobseeker(ctx, jobseeker)
	if err != nil {
		return policy.Actor{}, Jobseeker{}, err
	}
	return who, j, policy.Check(who, op, j.Record())
}

// Actor is who acts, if some role of theirs may do the operation at all. Only a
// jobseeker has to be looked up.
func (s *Outcomes) Actor(ctx context.Context, op policy.Operation) (policy.Actor, error) {
	p, err := identity.From(ctx)
	if err != nil {
		return policy.Actor{}, err
	}
	if err := policy.Gate(p, op); err != nil {
		return policy.Actor{}, err
	}
	who := policy.Actor{Person: p}
	if p.Is(identity.Jobseeker) {
		who.Jobseeker, err = s.d.Needs.Me(ctx)
	}
	return who, err
}

// Member is Actor with where a jobseeker belongs: the area of their record, of which
// needs knows.
func (s *Outcomes) Member(ctx context.Context, op policy.Operation) (policy.Actor, error) {
	who, err := s.Actor(ctx, op)
	if err != nil || who.Jobseeker == uuid.Nil {
		return who, err
	}
	j, err := s.d.Needs.Jobseeker(ctx, who.Jobseeker)
	who.Home = j.Area
	return who, err
}

// standing is o as it stands for who, unless err says that there is none.
func (s *Outcomes) standing(ctx context.Context, who policy.Actor, o *Outcome, rec policy.Record, err error) (Standing, error) {
	if err != nil {
		return Standing{}, err
	}
	rules, err := s.d.Store.Rules(ctx)
	if err != nil {
		return Standing{}, err
	}
	return Standing{Outcome: o, Verdict: o.Sustained(rules), Today: s.today(), Can: o.can(who, rec)}, nil
}

// can is what who may do with it now.
func (o *Outcome) can(who policy.Actor, rec policy.Record) []Verb {
	var can []Verb
	if o.Struck {
		return nil
	}
	if policy.Reaches(who, policy.CorrectOutcome, rec) {
		can = append(can, Correct, Strike)
	}
	if slices.ContainsFunc(o.Checks, func(c Check) bool { return c.Waits }) && policy.Reaches(who, policy.RecordCheck, rec) {
		can = append(can, ToAnswer)
	}
	if slices.ContainsFunc(o.Checks, func(c Check) bool { return c.Answer != nil }) && o.Start.Kind != Training && policy.Reaches(who, policy.CorrectCheck, rec) {
		can = append(can, CorrectAnswer)
	}
	return can
}

// by is how an entry says who made it. What a jobseeker's sign-in calls them is
// never kept.
func by(who policy.Actor) By {
	if who.Jobseeker != uuid.Nil && !who.Is(identity.Coach) {
		return By{ID: who.ID, Jobseeker: true}
	}
	return By{ID: who.ID, Name: who.Name}
}

func (s *Outcomes) now() time.Time { return s.d.Now().UTC().Truncate(time.Microsecond) }

func (s *Outcomes) today() time.Time { return workday.On(s.d.Now()) }
