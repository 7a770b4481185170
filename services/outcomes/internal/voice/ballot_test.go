package voice

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/fault"
)

// votes is a ballot that closed with so many votes for each option.
func votes(all ...int) *Ballot {
	b := &Ballot{ClosedAt: time.Now()}
	for i, n := range all {
		b.Options = append(b.Options, Option{Number: i + 1, Text: "x", Votes: n})
	}
	return b
}

func TestWhatIsToldOfVotesTellsOfNobody(t *testing.T) {
	for name, c := range map[string]struct {
		votes, told []int
		turnout     int
	}{
		"enough for each":                       {[]int{7, 6, 12}, []int{7, 6, 12}, 25},
		"none for one":                          {[]int{7, 6, 0}, []int{7, 6, 0}, 13},
		"too few voters":                        {[]int{2, 2}, []int{-1, -1}, 0},
		"all for the same":                      {[]int{9, 0, 0}, []int{-1, -1, -1}, 9},
		"few for one, and the next hides it":    {[]int{20, 8, 3}, []int{20, -1, -1}, 31},
		"few for one, and none to hide it":      {[]int{20, 1}, []int{-1, -1}, 21},
		"few for two, who hide each other":      {[]int{20, 3, 4}, []int{20, -1, -1}, 27},
		"few for two, who are too few together": {[]int{20, 9, 1, 2}, []int{20, -1, -1, -1}, 32},
		"none beside few":                       {[]int{20, 9, 4, 0, 3}, []int{20, 9, -1, -1, -1}, 36},
	} {
		if got := votes(c.votes...).Told(); got.Turnout != c.turnout || !slices.Equal(got.Votes, c.told) {
			t.Errorf("%s: %v is told as %+v, want %v of %d", name, c.votes, got, c.told, c.turnout)
		}
	}
}

// Whatever the votes, what is not told can't be worked out from what is: it adds up
// to at least five, and is of at least two options, or there is nothing that it could
// be taken from.
func TestWhatIsNotToldCannotBeTakenFromWhatIs(t *testing.T) {
	for a := range 14 {
		for b := range 14 {
			for c := range 14 {
				all := []int{a, b, c}
				got, hidden, options := votes(all...).Told(), 0, 0
				for i, n := range got.Votes {
					switch {
					case n < 0:
						hidden += all[i]
						options++
					case n > 0 && n < fewest:
						t.Fatalf("%v tells of %d", all, n)
					case n == a+b+c:
						t.Fatalf("%v tells what each of them voted for", all)
					}
				}
				if options > 0 && got.Turnout > 0 && (hidden < fewest || options < 2) {
					t.Fatalf("%v tells %+v, so that %d votes for %d options are known", all, got, hidden, options)
				}
			}
		}
	}
}

func TestABallotIsVotedInFromItsFirstDayToItsLast(t *testing.T) {
	day := time.Date(2026, 5, 6, 0, 0, 0, 0, time.UTC)
	for days, want := range map[int]State{-1: Upcoming, 0: Open, 14: Open, 15: Closed} {
		b := votes(0, 0)
		b.ClosedAt, b.OpensOn, b.ClosesOn = time.Time{}, day, day.AddDate(0, 0, 14)
		today := day.AddDate(0, 0, days)
		if got := b.State(today); got != want {
			t.Errorf("after %d days it is %s, want %s", days, got, want)
		}
		if err := b.vote(1, today); (err == nil) != (want == Open) || err != nil && !fault.Is(err, fault.Conflict) {
			t.Errorf("after %d days a vote gives %v", days, err)
		}
	}
}

func TestABallotAsksWhatCanBeAnswered(t *testing.T) {
	day := time.Date(2026, 5, 6, 0, 0, 0, 0, time.UTC)
	course := uuid.New()
	for name, c := range map[string]struct {
		spoil   func(*Ballot)
		pointer string
	}{
		"a good one":           {func(*Ballot) {}, ""},
		"another question":     {func(b *Ballot) { b.Kind = "who" }, "/kind"},
		"from yesterday":       {func(b *Ballot) { b.OpensOn = day.AddDate(0, 0, -1) }, "/opens_on"},
		"over as it begins":    {func(b *Ballot) { b.ClosesOn = day }, "/closes_on"},
		"too long":             {func(b *Ballot) { b.ClosesOn = day.AddDate(0, 0, 93) }, "/closes_on"},
		"one thing":            {func(b *Ballot) { b.Options = b.Options[:1] }, "/priorities"},
		"nothing said":         {func(b *Ballot) { b.Options[1].Text = "" }, "/priorities"},
		"too much said":        {func(b *Ballot) { b.Options[1].Text = strings.Repeat("é", 101) }, "/priorities"},
		"the same thing twice": {func(b *Ballot) { b.Options[1].Text = "TOOLS" }, "/priorities"},
		"the same course twice": {func(b *Ballot) {
			b.Kind, b.Options = Courses, []Option{{1, "A", course, 0}, {2, "B", course, 0}}
		}, "/course_ids"},
	} {
		b := &Ballot{Kind: Priorities, OpensOn: day, ClosesOn: day.AddDate(0, 0, 14), Options: []Option{{Number: 1, Text: "Tools"}, {Number: 2, Text: "Childcare"}}}
		c.spoil(b)
		f := fault.As(b.check(day))
		if c.pointer == "" && f == nil {
			continue
		}
		if f == nil || len(f.Fields) == 0 || f.Fields[0].Pointer != c.pointer {
			t.Errorf("%s: %+v, want %q", name, f, c.pointer)
		}
	}
}
