package award

import (
	"context"
	"crypto/rand"
	"fmt"
	"math/big"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/pkg/money"
	"github.com/instead-support/instead/services/funding/internal/policy"
)

// Rule is what a fund approves by itself, under its terms of a day, and what it
// has come to so far. The zero Rule approves nothing, and so does one that cannot
// be read.
type Rule struct {
	Version    int         // of the terms
	UpTo       money.Pence // for one jobseeker, all together
	Categories []Category
	OneIn      int         // of so many, one is drawn for review
	Standing   money.Pence // approved so for this jobseeker out of this fund, under any terms, and not given back
}

// Automatic says by which rule a request was approved, and what came of it.
type Automatic struct {
	Version int     // of the fund's terms
	Sampled bool    // it was drawn for review
	Review  *Review // nil until somebody has looked
}

// Review is what a manager says of an automatic approval, once it has happened.
// It changes nothing of the request: who would not have approved it can cancel
// it, as long as nothing is paid.
type Review struct {
	Agrees bool // they would have approved it as well
	Words  string
	By     uuid.UUID
	ByName string
	At     time.Time
}

// OneIn reports true by chance, one time in n: whoever asks for money cannot know
// which approvals will be looked at.
func OneIn(n int) bool {
	drawn, err := rand.Int(rand.Reader, big.NewInt(int64(max(n, 1))))
	return err != nil || drawn.Sign() == 0 // what cannot be left to chance is looked at
}

// allows reports whether the rule approves what r asks. It is for a request that
// was just submitted for the first time: what somebody has sent back, declined or
// taken another look at is for people to decide from there on. What the rule
// approved before counts, so that nothing gets through in pieces.
func (u Rule) allows(r *Request) bool {
	readable := u.Version > 0 && u.OneIn > 0 && u.UpTo > 0 && u.Standing >= 0
	first := len(r.History) == 2 && r.State() == Submitted
	return readable && first && r.Asked() > 0 && r.Asked() <= u.UpTo-u.Standing &&
		!slices.ContainsFunc(r.Lines, func(l Line) bool { return !slices.Contains(u.Categories, l.Category) })
}

// automatable reports whether the case, which has just been submitted, is one
// that its fund's rule approves, out of a budget that has the money.
func (c Case) automatable(at time.Time) bool {
	return c.Rule.allows(c.Request) && c.Budget.afford(c.Request, c.Request.Asked(), at) == nil
}

// approveAutomatically takes the step that the fund's rule takes: it grants all
// that is asked. It is for a case that is automatable.
func (c Case) approveAutomatically(sampled bool, at time.Time) error {
	r := c.Request
	granted, err := r.grant(Reason{Approval: Approval{
		OtherFunding: "The fund’s terms do not ask for it.",
		Scrutiny:     "Two people agreed the fund’s terms, which approve small amounts for things of this kind without a decision each time.",
		Conflict:     NoConflict,
	}})
	if err != nil {
		return err
	}
	err = r.take(Step{Act: Automatically, To: Approved, At: at, By: System.ID, ByName: System.Name, Words: fmt.Sprintf(
		"Approved automatically under terms %d of %s: up to %v for one person, for things of this kind, needs nobody’s decision.",
		c.Rule.Version, r.Fund.Name, c.Rule.UpTo)})
	if err != nil {
		return err
	}
	r.Automatic = &Automatic{Version: c.Rule.Version, Sampled: sampled}
	r.Awarded, err = c.Allowance.commit(r, c.Budget, granted, at)
	return err
}

// review keeps what by says of the case, which was approved automatically. It
// returns Conflict unless it was drawn and nobody has looked yet, Forbidden unless
// by could have approved as much, and Invalid without words from somebody who
// would not have.
func (c Case) review(agrees bool, words string, by identity.Person, at time.Time) error {
	if err := c.reviewable(by); err != nil {
		return err
	}
	words = tidy(words)
	var k fault.Check
	missing := ""
	if !agrees {
		missing = "Say why you would not have approved it."
	}
	checkText(&k, "/words", words, 2000, missing)
	if err := k.Err(); err != nil {
		return err
	}
	c.Request.Automatic.Review = &Review{Agrees: agrees, Words: words, By: by.ID, ByName: by.Name, At: at}
	return nil
}

// reviewable returns nil if by may review the case; see review.
func (c Case) reviewable(by identity.Person) error {
	switch a := c.Request.Automatic; {
	case a == nil:
		return fault.New(fault.Conflict, "This request was not approved automatically, so there is nothing to review.")
	case !a.Sampled:
		return fault.New(fault.Conflict, "This request was not drawn for review. Chance decides which are, so that they stand for all the others.")
	case a.Review != nil:
		return fault.Newf(fault.Conflict, "%s has reviewed this already.", a.Review.ByName)
	}
	if err := c.Request.decidable(by, c.Authority); err != nil {
		return err
	}
	return c.Authority.Check(c.Request.Awarded, true)
}

// ReviewStore keeps what was approved automatically, and what people say of it.
type ReviewStore interface {
	// Automatics is one page of what was approved automatically, those that have
	// waited longest first, and how many there are in all.
	Automatics(ctx context.Context, act Act, f AutomaticFilter, p Page) ([]AutomaticSummary, int, error)

	// Review saves the review that review leaves on this case, once for each
	// Idempotency-Key. It returns Forbidden to whoever has paid something of it.
	Review(ctx context.Context, act Act, request uuid.UUID, also Also, review func(Case) error) (Case, error)
}

// AutomaticFilter narrows a list of what was approved automatically.
type AutomaticFilter struct {
	Review ReviewState // "" for any
	Area   string
}

// ReviewState is where the review of an automatic approval stands.
type ReviewState string

// The states of a review.
const (
	ReviewWaiting  ReviewState = "waiting" // drawn, and nobody has looked
	ReviewAgrees   ReviewState = "agrees"  // somebody would have approved it too
	ReviewDiffers  ReviewState = "differs" // somebody would not have
	ReviewNotDrawn ReviewState = "not-drawn"
)

// State is where the review stands.
func (a Automatic) State() ReviewState {
	switch {
	case a.Review != nil && a.Review.Agrees:
		return ReviewAgrees
	case a.Review != nil:
		return ReviewDiffers
	case a.Sampled:
		return ReviewWaiting
	}
	return ReviewNotDrawn
}

// AutomaticSummary is an automatic approval as a list shows it.
type AutomaticSummary struct {
	Summary
	Fund Fund
	Automatic
}

// Automatics is one page of what was approved automatically within reach, and how
// many there are in all.
func (s *Awards) Automatics(ctx context.Context, f AutomaticFilter, p Page) ([]AutomaticSummary, int, error) {
	who, err := s.actor(ctx, policy.ListAutomatic)
	if err != nil {
		return nil, 0, err
	}
	return s.d.Reviews.Automatics(ctx, Act{Who: who, Operation: policy.ListAutomatic}, f, p)
}

// Review says whether a person would have approved what the fund's rule did.
func (s *Awards) Review(ctx context.Context, id uuid.UUID, agrees bool, words string) (Standing, error) {
	who, err := s.actor(ctx, policy.ReviewAutomatic)
	if err != nil {
		return Standing{}, err
	}
	act := Act{who, policy.ReviewAutomatic, []any{id, agrees, words}}
	c, err := s.d.Reviews.Review(ctx, act, id, s.seen(who), func(c Case) error {
		if err := policy.Check(who, policy.ReviewAutomatic, policy.ReadRequest, c.record()); err != nil {
			return err
		}
		return c.review(agrees, words, who.Person, s.now())
	})
	return standing(who, c, err)
}
