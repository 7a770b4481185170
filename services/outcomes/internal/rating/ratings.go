package rating

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/services/outcomes/internal/outcome"
	"github.com/instead-support/instead/services/outcomes/internal/policy"
)

// Funding knows what was paid for, and instead of which course. It answers for the
// person acting in ctx.
type Funding interface {
	// Paid lists the lines of a jobseeker that something was paid for.
	Paid(ctx context.Context, jobseeker uuid.UUID) ([]Subject, error)
	// Courses lists the courses of a jobseeker's allowances.
	Courses(ctx context.Context, jobseeker uuid.UUID) ([]Subject, error)
}

// Store keeps ratings, in one transaction a call, and writes into the audit trail
// what was seen or changed. It shows only what act.Who may see.
type Store interface {
	// Said is the latest that a jobseeker said of each thing, by what it is about,
	// and the allowances under which they went on the course.
	Said(ctx context.Context, act outcome.Act, j outcome.Jobseeker) (said map[uuid.UUID]Rating, went []uuid.UUID, err error)
	// Say keeps what say returns as the next that was said of a thing, once for each
	// Idempotency-Key, and tells the other services. It tells say what was said
	// last, which is locked until then. Of the counts that it belongs to, those moves
	// are let in that tellable says, while nobody else can change them.
	Say(ctx context.Context, act outcome.Act, j outcome.Jobseeker, about uuid.UUID, say func(last Rating) (Rating, error), tellable func([]Move) []Move) (Rating, error)
	// Useful is a page of courses of which somebody within reach said something, and
	// how many there are. Those of which the greatest share found them pointless come
	// first, then those that would not have helped more, and those of which nothing
	// is told last, by their names.
	Useful(ctx context.Context, act outcome.Act, words []string, p outcome.Page) ([]Useful, int, error)
}

// People says who acts, and on whom.
type People interface {
	Actor(ctx context.Context, op policy.Operation) (policy.Actor, error)
	Subject(ctx context.Context, op policy.Operation, jobseeker uuid.UUID) (policy.Actor, outcome.Jobseeker, error)
}

// Deps are what Ratings are made of.
type Deps struct {
	Store   Store
	People  People
	Funding Funding
	Now     func() time.Time
}

// Ratings are the use cases. Every method acts for the person in its context, with
// errors as those of outcome.Outcomes.
type Ratings struct{ d Deps }

// New returns the use cases on top of d.
func New(d Deps) *Ratings { return &Ratings{d} }

// Of is all that a jobseeker can rate, with what they said of it: the course first
// if they went on it, and then the lines.
func (s *Ratings) Of(ctx context.Context, jobseeker uuid.UUID) ([]Rating, error) {
	who, j, err := s.d.People.Subject(ctx, policy.ListRatings, jobseeker)
	if err != nil {
		return nil, err
	}
	said, went, err := s.d.Store.Said(ctx, outcome.Act{Who: who, Operation: policy.ListRatings}, j)
	if err != nil {
		return nil, err
	}
	subjects, err := s.subjects(ctx, jobseeker, went)
	if err != nil {
		return nil, err
	}
	all := make([]Rating, len(subjects))
	for i, subject := range subjects {
		all[i] = said[subject.About]
		all[i].Subject = subject
	}
	return all, nil
}

// Say keeps what the jobseeker who acts says of something. It returns NotFound for
// what is not theirs to rate, and Stale if they said something of it since version.
func (s *Ratings) Say(ctx context.Context, jobseeker, about uuid.UUID, version int64, said Said) (Rating, error) {
	who, j, err := s.d.People.Subject(ctx, policy.Rate, jobseeker)
	if err != nil {
		return Rating{}, err
	}
	_, went, err := s.d.Store.Said(ctx, outcome.Act{Who: who, Operation: policy.ListRatings}, j)
	if err != nil {
		return Rating{}, err
	}
	subjects, err := s.subjects(ctx, jobseeker, went)
	if err != nil {
		return Rating{}, err
	}
	said.Words = strings.TrimSpace(said.Words)
	for _, subject := range subjects {
		if subject.About != about {
			continue
		}
		if err := said.check(subject.Kind); err != nil {
			return Rating{}, err
		}
		act := outcome.Act{Who: who, Operation: policy.Rate, Body: []any{jobseeker, about, version, said}}
		kept, err := s.d.Store.Say(ctx, act, j, about, func(last Rating) (Rating, error) {
			if last.Version != version {
				return Rating{}, fault.Overtaken(fault.Change{By: "The jobseeker", What: "said what they think of it", At: last.At})
			}
			return Rating{Subject: subject, Said: said, Version: version + 1, At: s.d.Now().UTC().Truncate(time.Microsecond)}, nil
		}, Tellable)
		kept.Subject = subject
		return kept, err
	}
	return Rating{}, policy.Missing()
}

// Useful is a page of what people say of courses, and how many courses there are.
// Whatever is asked for, counts are sums of whole areas, each of which is told by
// itself, so that no two of them differ by what is not.
func (s *Ratings) Useful(ctx context.Context, words string, p outcome.Page) ([]Useful, int, error) {
	who, err := s.d.People.Actor(ctx, policy.ListUsefulness)
	if err != nil {
		return nil, 0, err
	}
	return s.d.Store.Useful(ctx, outcome.Act{Who: who, Operation: policy.ListUsefulness}, strings.Fields(words), p)
}

// subjects is what a jobseeker can rate, who went on the courses of these
// allowances.
func (s *Ratings) subjects(ctx context.Context, jobseeker uuid.UUID, went []uuid.UUID) ([]Subject, error) {
	var subjects []Subject
	if len(went) > 0 {
		courses, err := s.d.Funding.Courses(ctx, jobseeker)
		if err != nil {
			return nil, err
		}
		for _, c := range courses {
			for _, id := range went {
				if c.About == id {
					subjects = append(subjects, c)
				}
			}
		}
	}
	lines, err := s.d.Funding.Paid(ctx, jobseeker)
	return append(subjects, lines...), err
}
