package report

import (
	"math"
	"slices"
)

// Interval is a share, or a difference of two, with the bounds within which it lies
// in 95 of 100 cases if nothing but chance was at work.
type Interval struct{ Share, Low, High float64 }

// z bounds the middle 95 % of a normal distribution.
const z = 1.959963984540054

// Wilson is the score interval of k out of n. It stays within 0 and 1, and is not
// fooled by small groups, as the usual one is. ok is false of an empty group.
//
// Wilson, E. B. (1927), Probable inference, the law of succession, and statistical
// inference. Journal of the American Statistical Association 22, 209–212.
func Wilson(k, n int64) (i Interval, ok bool) {
	if n <= 0 {
		return Interval{}, false
	}
	N := float64(n)
	p := float64(k) / N
	middle := (p + z*z/(2*N)) / (1 + z*z/N)
	half := z / (1 + z*z/N) * math.Sqrt(p*(1-p)/N+z*z/(4*N*N))
	// Rounding must not leave the share itself outside.
	return Interval{p, min(p, max(0, middle-half)), max(p, min(1, middle+half))}, true
}

// Newcombe is the interval of the difference a − b of two independent shares, made
// of Wilson's of each.
//
// Newcombe, R. G. (1998), Interval estimation for the difference between
// independent proportions. Statistics in Medicine 17, 873–890, method 10.
func Newcombe(a, b Interval) Interval {
	d := a.Share - b.Share
	return Interval{d,
		d - math.Hypot(a.Share-a.Low, b.High-b.Share),
		d + math.Hypot(a.High-a.Share, b.Share-b.Low),
	}
}

// Least is the smallest group of which a figure is told to whom it is not about.
const Least = 5

// Suppress says which of these groups are not to be told of: those smaller than
// Least, and where one alone would be hidden the smallest of the others too, since
// it could be worked out from a sum. An empty group tells nothing of anybody and
// stays.
func Suppress(sizes []int64) []bool {
	hidden := make([]bool, len(sizes))
	n := 0
	for i, size := range sizes {
		if size > 0 && size < Least {
			hidden[i] = true
			n++
		}
	}
	if n != 1 {
		return hidden
	}
	next := -1
	for i, size := range sizes {
		if !hidden[i] && size > 0 && (next < 0 || size < sizes[next]) {
			next = i
		}
	}
	if next >= 0 {
		hidden[next] = true
	}
	return hidden
}

// Expected is what will be used by the end of a financial year.
type Expected struct {
	Used, Expected, Low, High int64
	Months                    int // that it is worked out from
}

// students is Student's t for a band of 90 %, by degrees of freedom from 2 to 11.
var students = []float64{2.919986, 2.353363, 2.131847, 2.015048, 1.943180, 1.894579, 1.859548, 1.833113, 1.812461, 1.795885}

// Fewest and most months that a forecast is worked out from.
const (
	fewest = 3
	most   = 12
)

// Forecast says what a year will come to: what was used of it already, and for each
// of the months that are left, counting whole months as behind, the mean of the
// last twelve. Used of the month that runs is known in part, and is taken for what it is
// or the mean, whichever is more.
//
// The band is that of a sum of as many months that are alike and independent of
// those behind: t·s·√(left + left²/n), of which the first part is chance to come and
// the second that the mean is a guess. ok is false of fewer than three months.
func Forecast(behind []int64, used, running int64, left int) (e Expected, ok bool) {
	if len(behind) < fewest {
		return Expected{}, false
	}
	last := behind[max(0, len(behind)-most):]
	n := float64(len(last))
	var sum float64
	for _, v := range last {
		sum += float64(v)
	}
	mean := sum / n
	var squares float64
	for _, v := range last {
		squares += (float64(v) - mean) * (float64(v) - mean)
	}
	s := math.Sqrt(squares / (n - 1))
	rest := max(float64(running), mean) - float64(running) + mean*float64(left)
	months := float64(left + 1)
	half := students[len(last)-fewest] * s * math.Sqrt(months+months*months/n)
	middle := float64(used) + rest
	return Expected{
		Used: used, Expected: int64(math.Round(middle)), Months: len(last),
		Low: max(used, int64(math.Round(middle-half))), High: max(used, int64(math.Round(middle+half))),
	}, true
}

// largest sorts by a measure, the largest first, and by key where they are alike.
func largest[T any](rows []T, measure func(T) int64, key func(T) string) {
	slices.SortFunc(rows, func(a, b T) int {
		if d := measure(b) - measure(a); d != 0 {
			return int(max(-1, min(1, d)))
		}
		if key(a) < key(b) {
			return -1
		}
		return 1
	})
}
