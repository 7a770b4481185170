package assessment

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/needs/internal/policy"
)

// Store keeps assessments. Each method asks the policy for the person's reach,
// in its query and again of the record it found, and returns NotFound or
// Forbidden accordingly; each writes its audit entry in the same transaction.
type Store interface {
	// Read returns the assessment as it stands, for op.
	Read(ctx context.Context, p identity.Person, op policy.Operation, jobseeker uuid.UUID) (Assessment, error)
	// Save locks the record, and keeps the next version, made of what save
	// returns as changed, if anything. What it is asked is what a repeated
	// message is recognised by.
	Save(ctx context.Context, p identity.Person, jobseeker uuid.UUID, asked any, save func(*Assessment) ([]Answer, error)) (Assessment, error)
	// Versions returns every save, newest first.
	Versions(ctx context.Context, p identity.Person, jobseeker uuid.UUID) ([]Version, error)
}

// Deps are what Assessments needs.
type Deps struct {
	Store Store
	Now   func() time.Time
}

// Assessments is the door to everything this package keeps. The person who
// acts is the one in the context; with nobody there, everything is
// Unauthenticated.
type Assessments struct {
	store Store
	now   func() time.Time
}

// New returns Assessments over d.
func New(d Deps) *Assessments { return &Assessments{store: d.Store, now: d.Now} }

// Read returns a jobseeker's assessment as it stands.
func (s *Assessments) Read(ctx context.Context, jobseeker uuid.UUID) (Assessment, error) {
	p, err := identity.From(ctx)
	if err != nil {
		return Assessment{}, err
	}
	return s.store.Read(ctx, p, policy.ReadAssessment, jobseeker)
}

// Needs returns what stands in a jobseeker's way, for a request to point at.
func (s *Assessments) Needs(ctx context.Context, jobseeker uuid.UUID) ([]Need, error) {
	p, err := identity.From(ctx)
	if err != nil {
		return nil, err
	}
	a, err := s.store.Read(ctx, p, policy.ListNeeds, jobseeker)
	if err != nil {
		return nil, err
	}
	return a.InTheWay(), nil
}

// Save makes answers the next version of a jobseeker's assessment. It returns
// Invalid naming each answer that is not whole, and Stale, saying who changed
// what, if somebody saved since version was read.
func (s *Assessments) Save(ctx context.Context, jobseeker uuid.UUID, version int64, answers []Answer) (Assessment, error) {
	p, err := identity.From(ctx)
	if err != nil {
		return Assessment{}, err
	}
	a, err := s.store.Save(ctx, p, jobseeker, []any{version, answers}, func(a *Assessment) ([]Answer, error) {
		return a.Save(version, answers, p, s.now())
	})
	if fault.Is(err, fault.Stale) {
		err = s.overtaken(ctx, p, jobseeker, version)
	}
	return a, err
}

// overtaken says who saved which answers since version.
func (s *Assessments) overtaken(ctx context.Context, p identity.Person, jobseeker uuid.UUID, version int64) error {
	saves, err := s.store.Versions(ctx, p, jobseeker)
	if err != nil {
		return err
	}
	var changes []fault.Change
	for _, save := range saves {
		if save.Number > version {
			changes = append(changes, fault.Change{By: save.ByName, What: "changed " + named(save.Changed), At: save.At})
		}
	}
	return fault.Overtaken(changes...)
}

// named lists the categories of answers, such as "health, caring and money".
func named(answers []Answer) string {
	names := make([]string, len(answers))
	for i, a := range answers {
		names[i] = strings.ReplaceAll(string(a.Category), "-", " ")
	}
	if last := len(names) - 1; last > 0 {
		return strings.Join(names[:last], ", ") + " and " + names[last]
	}
	return strings.Join(names, "")
}

// Versions returns who changed what in a jobseeker's assessment and when,
// newest first.
func (s *Assessments) Versions(ctx context.Context, jobseeker uuid.UUID) ([]Version, error) {
	p, err := identity.From(ctx)
	if err != nil {
		return nil, err
	}
	return s.store.Versions(ctx, p, jobseeker)
}
