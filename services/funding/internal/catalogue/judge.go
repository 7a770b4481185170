package catalogue

import (
	"cmp"
	"fmt"
	"slices"
)

// judge compares the rows of each course with each other. Of two rows that
// can't both be right the earlier is kept, so that the same file is always
// judged alike.
func (rd *Reading) judge(l Layout) {
	// Where no row gives an end, each price holds until the next begins, and
	// prices can't overlap.
	ends := slices.ContainsFunc(rd.Rows, func(r Row) bool { return !r.To.IsZero() })
	kept := make(map[string][]int, len(rd.Rows)) // a course's rows by their first day, as indices
	good := rd.Rows[:0]
	for _, r := range rd.Rows {
		key := Key(r.Code)
		mine := kept[key]
		at, _ := slices.BinarySearchFunc(mine, r, func(i int, r Row) int { return good[i].From.Compare(r.From) })
		if kind, field, reason := clash(r, good, mine, at, ends); reason != "" {
			rd.Problems = append(rd.Problems, Problem{Line: r.Line, Code: r.Code, Column: l.heading(field), Kind: kind, Reason: reason})
			continue
		}
		good = append(good, r)
		kept[key] = slices.Insert(mine, at, len(good)-1)
	}
	rd.Rows = good
	slices.SortFunc(rd.Problems, func(a, b Problem) int { return cmp.Compare(a.Line, b.Line) })
}

// clash says why r can't stand beside the rows kept of its course, or "". Kept
// rows never overlap, so that only r's neighbours can be in its way.
func clash(r Row, good []Row, mine []int, at int, ends bool) (kind Kind, field Field, reason string) {
	if at < len(mine) && good[mine[at]].From.Equal(r.From) {
		k := good[mine[at]]
		same := k
		same.Line, same.Code = r.Line, r.Code
		switch {
		case same == r:
			return Duplicate, Code, fmt.Sprintf("The same as line %d.", k.Line)
		case k.Pence != r.Pence:
			return Bad, Amount, fmt.Sprintf("Line %d gives another price, %v, from the same day.", k.Line, k.Pence)
		}
		return Bad, From, fmt.Sprintf("Line %d gives this price from the same day, but with another end or other details.", k.Line)
	}
	if !ends {
		return "", "", ""
	}
	for _, i := range mine[max(at-1, 0):min(at+1, len(mine))] {
		if k := good[i]; k.span().overlaps(r.span()) {
			return Bad, From, fmt.Sprintf("Its dates overlap those of line %d, %v.", k.Line, k.span())
		}
	}
	return "", "", ""
}
