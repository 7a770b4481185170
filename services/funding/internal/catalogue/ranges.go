package catalogue

import (
	"fmt"
	"math"
	"slices"

	"github.com/instead-support/instead/pkg/money"
)

// Ranges knows what courses of each subject cost, to tell a price that is far
// outside. Fill it with every price there is, stored and about to be, so that
// the order in which a list is imported makes no difference.
type Ranges struct {
	prices map[string]map[observed]bool
	made   map[string]quartiles
}

// observed is one price of one course. A price that a course keeps for several
// periods counts once.
type observed struct {
	course string
	pence  money.Pence
}

// quartiles of a subject's prices, as logarithms: prices spread by factors, so
// that half and double are equally far.
type quartiles struct{ low, high float64 }

// A price is far outside when it lies three times the middle half's width
// beyond it, which is where Tukey drew the line for "far out". Where nearly all
// prices of a subject are the same that width is nothing, so that the least
// width taken is a factor of one and a half. With fewer than eight prices there
// is no saying what is usual.
const (
	fences     = 3
	fewest     = 8
	leastWidth = 1.5
)

// Add notes that a course of this subject costs this much.
func (r *Ranges) Add(subject, code string, pence money.Pence) {
	subject = Fold(subject)
	if subject == "" || pence <= 0 {
		return
	}
	if r.prices == nil {
		r.prices = map[string]map[observed]bool{}
	}
	if r.prices[subject] == nil {
		r.prices[subject] = map[observed]bool{}
	}
	r.prices[subject][observed{Key(code), pence}] = true
	r.made = nil
}

// Far says in a sentence why a price of a course of this subject needs a person
// to confirm it, and how far outside the subject's range it is, or "".
func (r *Ranges) Far(subject string, pence money.Pence) (flag string, distance float64) {
	q, ok := r.quartiles(Fold(subject))
	if !ok {
		return "", 0
	}
	width := max(q.high-q.low, math.Log(leastWidth))
	p := math.Log(float64(pence))
	below, above := (q.low-p)/width, (p-q.high)/width
	side := "above"
	if below > above {
		side = "below"
	}
	distance = max(below, above)
	if distance <= fences {
		return "", 0
	}
	return fmt.Sprintf("%v is far %s what courses in %s cost: half of them are between %v and %v.",
		pence, side, subject, pounds(q.low), pounds(q.high)), distance
}

func (r *Ranges) quartiles(subject string) (quartiles, bool) {
	if q, ok := r.made[subject]; ok {
		return q, true
	}
	if len(r.prices[subject]) < fewest {
		return quartiles{}, false
	}
	logs := make([]float64, 0, len(r.prices[subject]))
	for o := range r.prices[subject] {
		logs = append(logs, math.Log(float64(o.pence)))
	}
	slices.Sort(logs)
	q := quartiles{low: at(logs, 0.25), high: at(logs, 0.75)}
	if r.made == nil {
		r.made = map[string]quartiles{}
	}
	r.made[subject] = q
	return q, true
}

// at is the value below which this share of the sorted values lies, between two
// of them in proportion.
func at(sorted []float64, share float64) float64 {
	whole, part := math.Modf(share * float64(len(sorted)-1))
	i := int(whole)
	if i+1 == len(sorted) {
		return sorted[i]
	}
	return sorted[i] + part*(sorted[i+1]-sorted[i])
}

// pounds is a logarithm of pence as whole pounds.
func pounds(log float64) money.Pence { return money.Pence(math.Round(math.Exp(log)/100)) * 100 }
