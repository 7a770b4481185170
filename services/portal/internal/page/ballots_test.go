package page_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	openapi "github.com/oapi-codegen/runtime/types"

	"github.com/instead-support/instead/api/outcomes"
	"github.com/instead-support/instead/pkg/fault"
)

// aBallot is one that is open to whoever looks.
func aBallot() outcomes.Ballot {
	return outcomes.Ballot{
		Id: uuid.New(), Area: "Oldham", Kind: outcomes.Priorities, State: outcomes.BallotOpen, Can: []outcomes.BallotCan{outcomes.BallotVote},
		OpensOn: openapi.Date{Time: time.Date(2026, 1, 20, 0, 0, 0, 0, time.UTC)}, ClosesOn: openapi.Date{Time: time.Date(2026, 3, 3, 0, 0, 0, 0, time.UTC)},
		ByName: "Helen Barlow", Version: 1, TurnoutShown: outcomes.ShownNone,
		Options: []outcomes.BallotOption{
			{Number: 1, Text: "Tools", Shown: outcomes.ShownNone}, {Number: 2, Text: "Childcare", Shown: outcomes.ShownNone}, {Number: 3, Text: "Bus passes", Shown: outcomes.ShownNone},
		},
	}
}

func TestAJobseekerVotesInOneStepAndIsToldWhereItIsTooLate(t *testing.T) {
	p := start(t)
	p.links(p.asks("Leanne Hargreaves", "A set of chef’s knives", priya, 24*time.Hour))
	b := aBallot()
	p.outcomes.ballots = []outcomes.Ballot{b}
	p.as(leanne).get("/support").sound().wants("What should money go to first? You have one vote, until the end of 3 March 2026.")
	page := p.as(leanne).get("/ballots/"+b.Id.String()).sound().wants("Nobody else is shown what you vote for.", "Childcare").lacks("Cancel this vote")
	page.press("Vote", nil).sound().wants("There is a problem", "Choose one of these.")
	page.press("Vote", fill{"option": "2"}).sound().wants("Your vote counts. You can change it until the end of 3 March 2026.")
	if !slices.Equal(p.outcomes.votes, []int{2}) {
		t.Errorf("voted for %v", p.outcomes.votes)
	}
	p.outcomes.fails = fault.New(fault.Conflict, "Voting is over, so this vote does not count.")
	page.press("Vote", fill{"option": "3"}).sound().wants("Voting is over, so this vote does not count.").lacks("Your vote counts.")
}

func TestWhatCameOfAVoteIsSaidInASentenceForEachShape(t *testing.T) {
	told := func(n int) outcomes.BallotOption { return outcomes.BallotOption{Shown: outcomes.ShownTold, Votes: n} }
	kept := outcomes.BallotOption{Shown: outcomes.ShownSuppressed}
	p := start(t)
	for want, c := range map[string]struct {
		turnout int
		options [3]outcomes.BallotOption
	}{
		"32 people voted. Most votes, 19, went to “Childcare”.":                            {32, [3]outcomes.BallotOption{told(13), told(19), told(0)}},
		"24 people voted. Most votes, 10 each, went to “Tools” and “Bus passes”.":          {24, [3]outcomes.BallotOption{told(10), kept, told(10)}},
		"9 people voted. How is not shown, because it would tell what some of them chose.": {9, [3]outcomes.BallotOption{kept, kept, kept}},
		"Fewer than five people voted, so nothing is shown.":                               {0, [3]outcomes.BallotOption{kept, kept, kept}},
	} {
		b := aBallot()
		b.State, b.Can, b.Turnout, b.TurnoutShown = outcomes.BallotClosed, nil, c.turnout, outcomes.ShownTold
		if c.turnout == 0 {
			b.TurnoutShown = outcomes.ShownSuppressed
		}
		for i, o := range c.options {
			b.Options[i].Shown, b.Options[i].Votes = o.Shown, o.Votes
		}
		p.outcomes.ballots = []outcomes.Ballot{b}
		p.as(helen).get("/ballots/" + b.Id.String()).sound().wants(want)
	}
}
