package catalogue

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/money"
	"github.com/instead-support/instead/services/funding/internal/sheet"
)

// ImportState says how far an import is.
type ImportState string

// The states.
const (
	NeedsMapping ImportState = "needs-mapping" // a person must say which column is which
	Running      ImportState = "running"
	Done         ImportState = "done"
	Failed       ImportState = "failed" // the file can't be read; nothing more happens
)

// Import is one file of courses and what became of it.
type Import struct {
	ID       uuid.UUID
	FileName string
	State    ImportState
	Message  string // what it needs, or why it failed
	At       time.Time
	By       uuid.UUID
	ByName   string
	Mapping  Mapping
	Shown    Shown

	Tally
	Applied int // how many courses of the file are done, so that a kill loses none
}

// Shown is as much of a file's layout as a person needs to map it.
type Shown struct {
	HeadingLine int           `json:"heading_line"`
	Lines       [][]string    `json:"lines"`
	Columns     map[Field]int `json:"columns"` // counted from 0
}

// Tally counts the rows of an import. Once it is done, those added, updated,
// unchanged, duplicate and bad are all of them; Flagged are some of those taken.
type Tally struct {
	Total, Done                                         int
	Added, Updated, Unchanged, Duplicates, Bad, Flagged int
}

func (t Tally) plus(u Tally) Tally {
	return Tally{
		Total: t.Total + u.Total, Done: t.Done + u.Done, Added: t.Added + u.Added, Updated: t.Updated + u.Updated,
		Unchanged: t.Unchanged + u.Unchanged, Duplicates: t.Duplicates + u.Duplicates, Bad: t.Bad + u.Bad, Flagged: t.Flagged + u.Flagged,
	}
}

// arrange looks at the file and says what the import needs, if anything.
func (i *Import) arrange(file []byte) error {
	l, err := Inspect(file, i.Mapping)
	if err != nil {
		return err
	}
	if len(l.Unknown) > 0 {
		return fault.Newf(fault.Invalid, "The file has no column “%s”. Its columns are: %s.", strings.Join(l.Unknown, "”, “"), strings.Join(l.Headings, ", "))
	}
	i.Shown = Shown{HeadingLine: l.HeadingLine, Lines: l.Lines, Columns: l.Columns}
	i.State, i.Message = Running, ""
	if len(l.Missing) > 0 {
		i.State, i.Message = NeedsMapping, l.Why()
	}
	return nil
}

// Batch is what one step of an import did to the courses that it dealt with.
type Batch struct {
	Merged []Merged
	Tally  Tally
}

// atOnce is about how many rows are applied in one transaction: enough to be
// quick, few enough to show progress and to lose little to a kill.
const atOnce = 1000

// Run does an import that is Running, from where it got to. A kill at any moment
// and another Run give the same result as one that was never killed. Two at once
// do no harm: one of them stops. What is wrong with the file is said in the
// import; an error is ours, and Run can be called again.
func Run(ctx context.Context, s Store, id uuid.UUID) error {
	imp, file, err := s.Pending(ctx, id)
	if err != nil || imp.State != Running {
		return err
	}
	l, rd, err := readAll(file, imp.Mapping)
	if fault.Is(err, fault.Invalid) {
		return s.Fail(ctx, id, fault.As(err).Message)
	} else if err != nil {
		return err
	}
	bad, duplicates := rd.Count(Bad), rd.Count(Duplicate)
	counted := Tally{Total: rd.Total, Done: bad + duplicates, Bad: bad, Duplicates: duplicates}
	if err := s.Begin(ctx, id, counted, rd.Problems); err != nil {
		return err
	}
	courses := rd.byCourse()
	ranges, err := rangesAfter(ctx, s, courses, l)
	if err != nil {
		return err
	}
	for from := imp.Applied; from < len(courses); {
		to, codes := batch(courses, from)
		ours, err := s.Apply(ctx, id, from, to, codes, func(stored map[string]Course) Batch {
			return apply(courses[from:to], stored, l, ranges, imp)
		})
		if err != nil || !ours {
			return err
		}
		from = to
	}
	return s.Finish(ctx, id)
}

func readAll(file []byte, m Mapping) (Layout, Reading, error) {
	l, err := Inspect(file, m)
	if err != nil {
		return l, Reading{}, err
	}
	rd, err := Read(file, l, m)
	return l, rd, err
}

// byCourse gathers the good rows of each course, in the order in which the file
// first names them. It is the same order each time, so that a number says how
// far an import got.
func (rd Reading) byCourse() [][]Row {
	at := map[string]int{}
	var courses [][]Row
	for _, r := range rd.Rows {
		key := Key(r.Code)
		i, ok := at[key]
		if !ok {
			i = len(courses)
			at[key] = i
			courses = append(courses, nil)
		}
		courses[i] = append(courses[i], r)
	}
	return courses
}

// batch says up to which course a step goes, and the codes of its courses.
func batch(courses [][]Row, from int) (to int, codes []string) {
	rows := 0
	for to = from; to < len(courses) && rows < atOnce; to++ {
		rows += len(courses[to])
		codes = append(codes, Key(courses[to][0].Code))
	}
	return to, codes
}

// rangesAfter is what courses of each subject will cost when the import is done.
// It is the same whether the import has begun or not.
func rangesAfter(ctx context.Context, s Store, courses [][]Row, l Layout) (*Ranges, error) {
	ranges, ours := &Ranges{}, map[string]bool{}
	for from := 0; from < len(courses); {
		to, codes := batch(courses, from)
		stored, err := s.Coded(ctx, codes)
		if err != nil {
			return nil, err
		}
		for i, key := range codes {
			c := Merge(stored[key], courses[from+i], l).Course
			for _, p := range c.Prices {
				ranges.Add(c.Subject, key, p.Pence)
			}
			ours[key] = true
		}
		from = to
	}
	return ranges, s.EachPrice(ctx, func(subject, code string, pence money.Pence) {
		if !ours[Key(code)] {
			ranges.Add(subject, code, pence)
		}
	})
}

// apply merges the rows of some courses into what is stored of them, and flags
// the new prices that are far outside their subject's range.
func apply(courses [][]Row, stored map[string]Course, l Layout, ranges *Ranges, imp Import) Batch {
	var b Batch
	for _, rows := range courses {
		m := Merge(stored[Key(rows[0].Code)], rows, l)
		for i := range m.Course.Prices {
			if p := &m.Course.Prices[i]; p.ID == uuid.Nil {
				p.ImportID, p.Source = imp.ID, imp.FileName
				p.Flag, p.Distance = ranges.Far(m.Course.Subject, p.Pence)
			}
		}
		b.Merged = append(b.Merged, m)
		b.Tally = b.Tally.plus(Tally{
			Done: len(rows), Added: m.Added, Updated: m.Updated, Unchanged: m.Unchanged, Bad: len(m.Problems), Flagged: m.flagged(rows),
		})
	}
	return b
}

// flagged counts the rows whose price waits for somebody to confirm it.
func (m *Merged) flagged(rows []Row) int {
	n := 0
	for _, r := range rows {
		refused := slices.ContainsFunc(m.Problems, func(p Problem) bool { return p.Line == r.Line })
		if i, ok := m.find(r.From); ok && !refused && !m.Course.Prices[i].Confirmed() {
			n++
		}
	}
	return n
}

// Table is the problems as rows of a table, the headings first. No cell is one
// that a spreadsheet would run as a formula.
func Table(problems iter.Seq2[Problem, error]) iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		if !yield([]string{"Line", "Code", "Column", "Reason"}, nil) {
			return
		}
		for p, err := range problems {
			if !yield([]string{fmt.Sprint(p.Line), sheet.Harmless(p.Code), sheet.Harmless(p.Column), sheet.Harmless(p.Reason)}, err) || err != nil {
				return
			}
		}
	}
}
