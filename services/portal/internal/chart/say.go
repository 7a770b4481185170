package chart

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Says is the sentence, or few, that the chart of months comes to.
func (c Months) Says() string {
	known, missing := c.complete()
	var soFar *Point
	if last := len(c.Points) - 1; c.NotOver && last >= 0 && c.Points[last].Value != nil {
		soFar = &c.Points[last]
	}
	switch {
	case len(known) == 0 && soFar == nil:
		return "There is no data for " + c.span() + "."
	case len(known) == 0:
		return join(c.Subject+" in "+Month(soFar.Month)+", which is not over, is "+c.Unit.Round(*soFar.Value)+" so far.", c.compared())
	}
	var also []string
	if soFar != nil {
		also = append(also, Month(soFar.Month)+" is not over: "+c.Unit.Round(*soFar.Value)+" so far.")
	}
	if missing > 0 {
		also = append(also, "There is no data for "+number(missing, "of the months", "of the months")+".")
	}
	return join(append([]string{c.shape(known)}, append(also, c.compared())...)...)
}

// complete are the months that are over and of which something is known, and how
// many are over and of which nothing is.
func (c Months) complete() (known []Point, missing int) {
	for i, p := range c.Points {
		switch {
		case p.Value == nil:
			missing++
		case !c.NotOver || i < len(c.Points)-1:
			known = append(known, p)
		}
	}
	return known, missing
}

// over is how many months are over.
func (c Months) over() int {
	if c.NotOver {
		return len(c.Points) - 1
	}
	return len(c.Points)
}

func (c Months) span() string {
	switch n := len(c.Points); n {
	case 0:
		return "this time"
	case 1:
		return Month(c.Points[0].Month)
	default:
		return Month(c.Points[0].Month) + " to " + Month(c.Points[n-1].Month)
	}
}

// shape is how the figures of some months run.
func (c Months) shape(known []Point) string {
	first, last := known[0], known[len(known)-1]
	from, to := c.Unit.Round(*first.Value)+" in "+Month(first.Month), c.Unit.Round(*last.Value)+" in "+Month(last.Month)
	least, top := extremes(known)
	low, high := *known[least[0]].Value, *known[top[0]].Value
	switch trend := tendency(known); {
	case len(known) == 1:
		return c.Subject + " was " + from + "."
	case low == high && len(known) < c.over():
		return c.Subject + " was " + c.Unit.Round(high) + " in each of the " + strconv.Itoa(len(known)) + " months that are known of."
	case low == high:
		return c.Subject + " was " + c.Unit.Round(high) + " in every month from " + Month(first.Month) + " to " + Month(last.Month) + "."
	case len(known) == 2 && high == *last.Value:
		return c.Subject + " rose from " + from + " to " + to + "."
	case len(known) == 2:
		return c.Subject + " fell from " + from + " to " + to + "."
	case alike(low, high):
		return c.Subject + " hardly changed from month to month: it was between " + c.Unit.Round(low) + " and " + c.Unit.Round(high) + "."
	case trend >= 0.6 && *last.Value > *first.Value:
		return c.Subject + " rose from " + from + " to " + to + "." + c.highest(known, top, last)
	case trend <= -0.6 && *last.Value < *first.Value:
		return c.Subject + " fell from " + from + " to " + to + "." + c.highest(known, top, first)
	case peak(known):
		m := known[top[0]]
		return c.Subject + " was highest in " + Month(m.Month) + ", at " + c.Unit.Round(high) + ", which stands out: no other month came to half of it."
	}
	return c.Subject + " went up and down, between " + c.Unit.Round(low) + " and " + c.Unit.Round(high) + "." + c.highest(known, top, Point{})
}

// highest names the months that were highest, unless that is the one that the
// sentence before it named.
func (c Months) highest(known []Point, top []int, named Point) string {
	if len(top) == 1 && known[top[0]].Month.Equal(named.Month) {
		return ""
	}
	names := make([]string, len(top))
	for i, at := range top {
		names[i] = Month(known[at].Month)
	}
	if len(top) > 3 {
		return " It was highest, at " + c.Unit.Round(*known[top[0]].Value) + ", in " + strconv.Itoa(len(top)) + " of the months."
	}
	return " It was highest in " + listed(names) + ", at " + c.Unit.Round(*known[top[0]].Value) + "."
}

// extremes are the places of the least and of the highest figures.
func extremes(known []Point) (least, top []int) {
	for i, p := range known {
		if n := *p.Value; len(top) == 0 || n > *known[top[0]].Value {
			top = []int{i}
		} else if n == *known[top[0]].Value {
			top = append(top, i)
		}
		if n := *p.Value; len(least) == 0 || n < *known[least[0]].Value {
			least = []int{i}
		}
	}
	return least, top
}

// tendency is Kendall's tau: 1 if every month is above all before it, -1 if every
// one is below, and 0 if as many rise as fall.
func tendency(known []Point) float64 {
	var sum, pairs int
	for i := range known {
		for j := range i {
			sum += cmp.Compare(*known[i].Value, *known[j].Value)
			pairs++
		}
	}
	return float64(sum) / float64(max(pairs, 1))
}

// alike reports whether figures are within a tenth of the highest.
func alike(low, high int64) bool {
	return low > 0 && float64(high-low) <= 0.1*float64(high)
}

// peak reports whether one month is more than twice every other.
func peak(known []Point) bool {
	values := make([]int64, len(known))
	for i, p := range known {
		values[i] = *p.Value
	}
	slices.Sort(values)
	return values[0] >= 0 && values[len(values)-1]/2 > values[len(values)-2]
}

// compared is how all months together stand to those they are compared with.
// A month that either knows nothing of counts on neither side.
func (c Months) compared() string {
	if c.With == "" {
		return ""
	}
	var is, was float64
	both := 0
	for _, p := range c.Points {
		if p.Value != nil && p.Other != nil {
			is, was, both = is+float64(*p.Value), was+float64(*p.Other), both+1
		}
	}
	if both == 0 {
		return "There is nothing to compare it with in " + c.With + "."
	}
	if c.Level {
		is, was = is/float64(both), was/float64(both)
	}
	what := "In all it is "
	if c.Level {
		what = "On average it is "
	}
	total, before := c.Unit.Round(int64(math.Round(is))), c.Unit.Round(int64(math.Round(was)))
	words := what + total + ", against " + before + " in " + c.With
	if both < len(c.Points) {
		words = what + total + " in the " + number(both, "month", "months") + " that both know, against " + before + " in " + c.With
	}
	switch change := (is - was) / math.Abs(was) * 100; {
	case is == was:
		return what + total + ", as much as in " + c.With + "."
	case was == 0 || math.Abs(change) < 0.5 || math.Abs(change) > 999:
		return words + "."
	case change > 0:
		return words + ": " + strconv.Itoa(int(math.Round(change))) + "% more."
	default:
		return words + ": " + strconv.Itoa(int(math.Round(-change))) + "% less."
	}
}

// Says is the sentence that the bars come to.
func (c Bars) Says() string {
	var known []Bar
	few, below := 0, 0
	var sum float64
	for _, r := range c.Rows {
		switch {
		case r.Suppressed:
			few++
		case r.Value != nil:
			known = append(known, r)
			sum += float64(*r.Value)
			if *r.Value < 0 {
				below++
			}
		}
	}
	var also []string
	if below > 0 {
		also = append(also, number(below, "is", "are")+" below zero.")
	}
	if few > 0 {
		also = append(also, number(few, "is", "are")+" not shown, because so few people are behind it that it would tell who they are.")
	}
	if c.More > 0 {
		also = append(also, number(c.More, "more is", "more are")+" not drawn here.")
	}
	if len(known) == 0 {
		return join(append([]string{"There is no data."}, also...)...)
	}
	if c.Total != nil {
		sum = float64(*c.Total)
	}
	return join(append([]string{c.largest(known, sum, below)}, also...)...)
}

func (c Bars) largest(known []Bar, sum float64, below int) string {
	slices.SortStableFunc(known, func(a, b Bar) int { return cmp.Compare(*b.Value, *a.Value) })
	top, least := *known[0].Value, *known[len(known)-1].Value
	words := c.Unit.Round(top)
	ties := 0
	for ties < len(known) && *known[ties].Value == top {
		ties++
	}
	names := make([]string, ties)
	for i := range ties {
		names[i] = known[i].Name
	}
	switch {
	case len(known) == 1 && c.More == 0:
		return c.Subject + " is " + words + ", all of it " + known[0].Name + "."
	case top == least && top == 0:
		return c.Subject + " is " + words + " everywhere."
	case top == least:
		return c.Subject + " is the same everywhere: " + words + "."
	case ties > 3:
		return c.Subject + " is highest, at " + words + ", in " + strconv.Itoa(ties) + " of them."
	case ties > 1:
		return c.Subject + " is highest for " + listed(names) + ", at " + words + " each."
	case c.Total == nil || below > 0 || sum <= 0:
		return c.Subject + " is highest for " + names[0] + ", at " + words + ", and lowest for " + known[len(known)-1].Name + ", at " + c.Unit.Round(least) + "."
	}
	return c.Subject + " is highest for " + names[0] + ", at " + words + ": " + share(float64(top)/sum) + " of all of it."
}

// share is a part of the whole in words.
func share(part float64) string {
	switch {
	case part > 0 && part < 0.005:
		return "less than 1%"
	case part < 1 && part >= 0.995:
		return "more than 99%"
	}
	return points(part)
}

// Says is what the forecast comes to.
func (c Forecast) Says() string {
	var known *Expected
	for i := range c.Points {
		if c.Points[i].Known != nil {
			known = &c.Points[i]
		}
	}
	if known == nil {
		return "There is no data yet."
	}
	last := c.Points[len(c.Points)-1]
	now := c.Subject + " comes to " + c.Unit.Round(*known.Known) + " by the end of " + Month(known.Month)
	if last.Value == nil || last.Low == nil || last.Top == nil {
		return now + ". There are too few months yet to say how it will go on."
	}
	words := now + ". If it goes on like this, it will be about " + c.Unit.Round(*last.Value) + " on " + c.Ends +
		", and likely between " + c.Unit.Round(*last.Low) + " and " + c.Unit.Round(*last.Top) + "."
	if c.Limit == nil {
		return words
	}
	switch left := *c.Limit - *last.Value; {
	case *last.Low > *c.Limit:
		return words + " That is more than the " + c.Unit.Round(*c.Limit) + " that there is."
	case *last.Top < *c.Limit:
		return words + " That would leave about " + c.Unit.Round(left) + " of " + c.Unit.Round(*c.Limit) + "."
	}
	return words + " There is " + c.Unit.Round(*c.Limit) + ", so it may or may not be enough."
}

// Says is what the shares come to, with what they do not say.
func (c Intervals) Says() string {
	var said []string
	few, none := 0, 0
	for _, r := range c.Rows {
		switch {
		case r.Few:
			few++
		case r.Share == nil:
			none++
		default:
			said = append(said, r.Name+", "+points(r.Share.Is)+" "+c.Of+" ("+thousands(int64(r.N))+" of "+thousands(int64(r.People))+").")
		}
	}
	if none > 0 {
		said = append(said, "There is no data of "+number(none, "group", "groups")+".")
	}
	if few > 0 {
		said = append(said, number(few, "group is", "groups are")+" not shown, because there are so few people in it that it would tell who they are.")
	}
	if len(c.Rows) < 2 {
		return join(said...)
	}
	switch d := c.Difference; {
	case d == nil:
		said = append(said, "So nothing can be said of a difference.")
	case d.Low <= 0 && d.High >= 0:
		said = append(said, "The difference could be chance.")
	default:
		said = append(said, "The difference is more than chance would easily make: likely between "+difference(min(math.Abs(d.Low), math.Abs(d.High)))+" and "+difference(max(math.Abs(d.Low), math.Abs(d.High)))+" percentage points.")
	}
	return join(append(said, "This does not prove cause: people were not sent one way or the other by lot.")...)
}

// difference is one between two shares, in whole percentage points.
func difference(d float64) string { return strconv.Itoa(int(math.Round(d * 100))) }

func number(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return thousands(int64(n)) + " " + many
}

func join(sentences ...string) string {
	return strings.Join(slices.DeleteFunc(sentences, func(s string) bool { return s == "" }), " ")
}

// listed puts words together as people do.
func listed(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}

// upper is words at the beginning of a line.
func upper(words string) string {
	if words == "" {
		return ""
	}
	return strings.ToUpper(words[:1]) + words[1:]
}
