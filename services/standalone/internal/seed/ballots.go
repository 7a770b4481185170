package seed

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	openapi "github.com/oapi-codegen/runtime/types"

	"github.com/instead-support/instead/api/outcomes"
	"github.com/instead-support/instead/pkg/workday"
)

// asked is something that Oldham votes on, and who voted for which option of it.
type asked struct {
	kind       outcomes.BallotKind
	priorities []string
	courses    []string // by their codes
	begun      int      // so many days ago
	days       int      // for which it is open
	votes      map[string]int
}

// asks are a vote that is over and one that goes on.
var asks = []asked{
	{
		kind: outcomes.Courses, courses: []string{"FWK-443-3-1", "FWK-582-3-2", "FWK-488-2-1"}, begun: 30, days: 14,
		votes: map[string]int{
			"nasreen-ali": 1, "paul-hindle": 1, "craig-butterworth": 1, "amina-yusuf": 1, "tom-whitworth": 1, "dan-kershaw": 1, "helen-barlow": 1,
			"leanne-hargreaves": 2, "kwame-boateng": 2, "priya-shah": 2, "grace-oduya": 2, "rosa-fernandes": 2, "shazia-mirza": 2,
		},
	},
	{
		kind: outcomes.Priorities, priorities: []string{"Tools and work clothes", "Licences and certificates", "Childcare in the first weeks", "Getting there: bikes and bus passes"}, begun: 4, days: 21,
		votes: map[string]int{"rosa-fernandes": 3, "priya-shah": 4, "lee-ashworth": 4, "craig-butterworth": 1},
	},
}

// ballots has Helen ask Oldham, and some of its members vote. What was asked by a
// start that was broken off is not asked again.
func (s *Seed) ballots(ctx context.Context) error {
	manager, err := s.as(ctx, "helen-barlow")
	if err != nil {
		return err
	}
	had, err := s.outcomes.ListBallotsWithResponse(manager, nil)
	if err != nil || had.JSON200.Total > 0 {
		return err
	}
	for _, one := range asks {
		if err := s.askOldham(ctx, manager, one); err != nil {
			return fmt.Errorf("%s: %w", one.kind, err)
		}
	}
	s.Clock.set(0)
	s.Step("members of Oldham voted on which course to question, and vote on what money should go to first")
	return nil
}

func (s *Seed) askOldham(ctx, manager context.Context, one asked) error {
	begun := time.Now().AddDate(0, 0, -one.begun)
	s.Clock.set(time.Since(begun))
	body := outcomes.NewBallot{
		Area: "Oldham", Kind: one.kind, Priorities: one.priorities,
		OpensOn: openapi.Date{Time: workday.On(begun)}, ClosesOn: openapi.Date{Time: workday.On(begun).AddDate(0, 0, one.days)},
	}
	for _, code := range one.courses {
		id, err := s.course(manager, code)
		if err != nil {
			return err
		}
		body.CourseIds = append(body.CourseIds, id)
	}
	opened, err := s.outcomes.OpenBallotWithResponse(manager, nil, body)
	if err != nil {
		return err
	}
	return s.voteAll(ctx, opened.JSON201.Id, one.votes)
}

func (s *Seed) voteAll(ctx context.Context, id uuid.UUID, votes map[string]int) error {
	for subject, option := range votes {
		member, err := s.as(ctx, subject)
		if err != nil {
			return err
		}
		if _, err := s.outcomes.CastVoteWithResponse(member, id, nil, outcomes.CastVoteJSONRequestBody{Option: option}); err != nil {
			return fmt.Errorf("%s: %w", subject, err)
		}
	}
	return nil
}
