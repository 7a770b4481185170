package catalogue

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"pgregory.net/rapid"
)

// shelf is a catalogue in memory, importing as the store does.
type shelf map[string]Course

type tally struct {
	total, added, updated, unchanged, duplicates, bad int
	problems                                          []Problem
}

// load imports a reading, course by course, in an order of its own.
func (s shelf) load(rd Reading, l Layout) tally {
	t := tally{total: rd.Total, bad: rd.Count(Bad), duplicates: rd.Count(Duplicate), problems: slices.Clone(rd.Problems)}
	byCourse := map[string][]Row{}
	for _, r := range rd.Rows {
		byCourse[Key(r.Code)] = append(byCourse[Key(r.Code)], r)
	}
	for key, rows := range byCourse {
		m := Merge(s[key], rows, l)
		for i := range m.Course.Prices {
			if m.Course.Prices[i].ID == uuid.Nil {
				m.Course.Prices[i].ID = uuid.New()
			}
		}
		if len(m.Course.Prices) > 0 {
			s[key] = m.Course
		}
		t.added, t.updated, t.unchanged = t.added+m.Added, t.updated+m.Updated, t.unchanged+m.Unchanged
		t.bad += len(m.Problems)
		t.problems = append(t.problems, m.Problems...)
	}
	slices.SortFunc(t.problems, func(a, b Problem) int { return a.Line - b.Line })
	return t
}

// lists generates course lists in which much goes wrong: a few codes, days
// close together, repeated rows and blanks.
func lists() *rapid.Generator[string] {
	days := []string{"", "x", "2020-01-01", "2020-01-02", "01/02/2020", "31/12/2020", "1 Jan 2021", "2021-06-30", "2021-07-01", "2022-01-01"}
	line := rapid.Custom(func(t *rapid.T) string {
		return strings.Join([]string{
			rapid.SampledFrom([]string{"A", "a", "B", "C", ""}).Draw(t, "code"),
			`"` + rapid.SampledFrom([]string{"Care", "Bricks", "Care, level 2", ""}).Draw(t, "name") + `"`,
			rapid.SampledFrom([]string{"450", "£450.00", "500", "0", "-5", ""}).Draw(t, "price"),
			rapid.SampledFrom(days).Draw(t, "from"),
			rapid.SampledFrom(days).Draw(t, "to"),
			rapid.SampledFrom([]string{"", "Health"}).Draw(t, "subject"),
		}, ",")
	})
	return rapid.Custom(func(t *rapid.T) string {
		head := "Code,Name,Price,From,To,Subject\n"
		if rapid.Bool().Draw(t, "no ends") {
			head = "Code,Name,Price,From,Other,Subject\n"
		}
		return head + strings.Join(rapid.SliceOfN(line, 0, 25).Draw(t, "lines"), "\n") + "\n"
	})
}

func reading(t *rapid.T, file string) (Reading, Layout) {
	l, err := Inspect([]byte(file), Mapping{})
	if err != nil || len(l.Missing) > 0 {
		t.Fatalf("%v %v", err, l.Missing)
	}
	rd, err := Read([]byte(file), l, Mapping{})
	if err != nil {
		t.Fatal(err)
	}
	return rd, l
}

func TestImportingTwiceIsImportingOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := shelf{}
		for _, file := range rapid.SliceOfN(lists(), 1, 3).Draw(t, "files") {
			rd, l := reading(t, file)
			first := s.load(rd, l)
			if got := first.added + first.updated + first.unchanged + first.duplicates + first.bad; got != first.total || rd.Total != len(rd.Rows)+len(rd.Problems) {
				t.Fatalf("of %d rows %d are accounted for: %+v", first.total, got, first)
			}
			once := maps.Clone(s)
			again := s.load(rd, l)
			if diff := cmp.Diff(map[string]Course(once), map[string]Course(s)); diff != "" {
				t.Fatalf("the second import of\n%s changed: %s", file, diff)
			}
			if again.added != 0 || again.updated != 0 || !slices.Equal(first.problems, again.problems) {
				t.Fatalf("the second import of\n%s says %+v, the first %+v", file, again, first)
			}
		}
		for _, c := range s {
			for i, p := range c.Prices {
				if p.Pence <= 0 || c.Name == "" || !p.Open() && p.To.Before(p.From) {
					t.Fatalf("%s has a price that is none: %+v", c.Code, p)
				}
				if i > 0 && c.Prices[i-1].span().overlaps(p.span()) {
					t.Fatalf("%s has two prices on a day: %v and %v", c.Code, c.Prices[i-1].span(), p.span())
				}
			}
		}
	})
}

func TestAPublishedPriceStaysWhatItWas(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := shelf{}
		published := map[string]string{}
		for _, file := range rapid.SliceOfN(lists(), 1, 4).Draw(t, "files") {
			rd, l := reading(t, file)
			s.load(rd, l)
			for key, c := range s {
				for _, p := range c.Prices {
					from := key + p.From.Format(time.DateOnly)
					if was, ok := published[from]; ok && was != p.Pence.String() {
						t.Fatalf("%s was %s and is %v", from, was, p.Pence)
					}
					published[from] = p.Pence.String()
				}
			}
		}
	})
}

// importAnything reads a file as an import does and checks that every row is
// accounted for, whatever the bytes.
func importAnything(file []byte, m Mapping) error {
	l, err := Inspect(file, m)
	if err != nil || len(l.Missing) > 0 {
		return nil
	}
	rd, err := Read(file, l, m)
	if err != nil {
		return nil
	}
	if rd.Total != len(rd.Rows)+len(rd.Problems) {
		return fmt.Errorf("%d rows, %d good, %d not", rd.Total, len(rd.Rows), len(rd.Problems))
	}
	for _, r := range rd.Rows {
		for _, s := range []string{r.Code, r.Name, r.Subject, r.Provider, r.Level, r.Place} {
			if strings.ContainsRune(s, 0) || !strings.EqualFold(s, strings.TrimSpace(s)) {
				return fmt.Errorf("line %d keeps %q", r.Line, s)
			}
		}
	}
	t := shelf{}.load(rd, l)
	if t.added+t.updated+t.unchanged+t.duplicates+t.bad != t.total {
		return fmt.Errorf("%+v", t)
	}
	return nil
}

func TestNoBytesPanic(t *testing.T) {
	real, err := os.ReadFile("../../../../pkg/sampledata/courses.csv")
	if err != nil {
		t.Fatal(err)
	}
	real = real[:4000]
	rapid.Check(t, func(t *rapid.T) {
		soup := rapid.SliceOf(rapid.Byte()).Draw(t, "soup")
		spoon := rapid.SliceOfN(rapid.SampledFrom([]byte(",;\t\"\r\n\x00£-.1\xff\xfe")), 0, 20).Draw(t, "spoon")
		at := rapid.IntRange(0, len(real)).Draw(t, "at")
		m := Mapping{From: day("2026-04-01"), Columns: map[Field]string{Code: "A", Name: "B", Amount: "C"}}
		for _, file := range [][]byte{soup, slices.Insert(slices.Clone(real), at, spoon...), append(slices.Clone(real[:at]), soup...)} {
			for _, m := range []Mapping{{}, m} {
				if err := importAnything(file, m); err != nil {
					t.Fatalf("%v\n%q", err, file)
				}
			}
		}
	})
}

func FuzzImport(f *testing.F) {
	f.Add([]byte(plainFile))
	f.Add([]byte("Title\r\rCode;Name;Price;From\r\"A\";B;\"1,250\";42856\r"))
	f.Add([]byte("\xff\xfeC\x00o\x00d\x00e\x00"))
	f.Fuzz(func(t *testing.T, file []byte) {
		for _, m := range []Mapping{{}, {From: day("2026-04-01"), Columns: map[Field]string{Code: "A", Name: "B", Amount: "C"}}} {
			if err := importAnything(file, m); err != nil {
				t.Error(err)
			}
		}
	})
}
