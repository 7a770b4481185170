package award_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/instead-support/instead/pkg/money"
	"github.com/instead-support/instead/services/funding/internal/award"
)

func lines(amounts ...money.Pence) []award.Line {
	var all []award.Line
	for _, a := range amounts {
		all = append(all, award.Line{Amount: a})
	}
	return all
}

func TestReduceTakesFromTheLastLineFirstAndDropsWhatIsEmpty(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		in   []award.Line
		over money.Pence
		want []award.Line
	}{
		{"nothing over", lines(100, 50), 0, lines(100, 50)},
		{"a part of the last", lines(100, 50), 20, lines(100, 30)},
		{"all of the last", lines(100, 50), 50, lines(100)},
		{"into the line before", lines(100, 50, 30), 90, lines(90)},
		{"everything", lines(100, 50), 150, []award.Line{}},
	} {
		was := append([]award.Line(nil), c.in...)
		if diff := cmp.Diff(c.want, award.Reduce(c.in, c.over)); diff != "" {
			t.Errorf("%s:\n%s", c.name, diff)
		}
		if diff := cmp.Diff(was, c.in); diff != "" {
			t.Errorf("%s changed what it was given:\n%s", c.name, diff)
		}
	}
}

func TestAReducedRequestAsksForExactlySoMuchLessAndKeepsAllButOneLineWhole(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var in []award.Line
		var sum money.Pence
		for _, n := range rapid.SliceOfN(rapid.Int64Range(1, 1000), 1, 30).Draw(t, "amounts") {
			in = append(in, award.Line{Amount: money.Pence(n)})
			sum += money.Pence(n)
		}
		over := money.Pence(rapid.Int64Range(0, int64(sum)).Draw(t, "over"))
		out := award.Reduce(in, over)
		var left money.Pence
		for i, l := range out {
			left += l.Amount
			if whole := l.Amount == in[i].Amount; !whole && i != len(out)-1 || l.Amount < 1 || l.Amount > in[i].Amount {
				t.Fatalf("line %d of %d went from %d to %d", i, len(out), in[i].Amount, l.Amount)
			}
		}
		if left != sum-over {
			t.Fatalf("%d left of %d less %d", left, sum, over)
		}
	})
}
