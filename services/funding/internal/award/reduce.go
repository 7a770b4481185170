package award

import (
	"slices"

	"github.com/instead-support/instead/pkg/money"
)

// Reduce proposes lines that ask for over less, to be taken or left by the
// coach. It takes from the last line first and drops a line of which nothing
// remains, for two reasons. Coaches write down first what matters most. And half
// the price of a licence buys no licence: shrinking every line in proportion
// would leave nothing that can be bought, where this leaves all but one whole.
func Reduce(lines []Line, over money.Pence) []Line {
	kept := slices.Clone(lines)
	for i := len(kept) - 1; i >= 0 && over > 0; i-- {
		less := min(over, kept[i].Amount)
		kept[i].Amount -= less
		over -= less
	}
	return slices.DeleteFunc(kept, func(l Line) bool { return l.Amount == 0 })
}

// Reduction is a request made to fit what is available. It is only a proposal.
type Reduction struct {
	Asked, Available, Over money.Pence // Over is 0 when it fits as it is
	Lines                  []Line
	Elsewhere              Elsewhere
}

// Reduction proposes how r could fit what is left of its allowance. What is
// held for r already counts as left. With nothing left there is nothing to ask
// for, and so there are no lines.
func (r *Request) Reduction(a *Allowance) Reduction {
	p := Reduction{Asked: r.Asked(), Available: a.availableTo(r), Elsewhere: r.Elsewhere}
	p.Over = max(0, p.Asked-p.Available)
	if p.Available > 0 {
		p.Lines = Reduce(r.Lines, p.Over)
	}
	return p
}
