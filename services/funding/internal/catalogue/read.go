package catalogue

import (
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/money"
	"github.com/instead-support/instead/services/funding/internal/sheet"
)

// Row is one good row of a file: a course and what it costs for a while.
type Row struct {
	Line int
	Code string
	Details
	Pence money.Pence
	From  time.Time
	To    time.Time // zero if the row gives no end
}

func (r Row) span() span { return span{r.From, r.To} }

// Kind says what became of a row that was not taken.
type Kind string

// The kinds of problem.
const (
	Bad       Kind = "bad"       // something in it is wrong
	Duplicate Kind = "duplicate" // it says to the letter what an earlier row says
)

// Problem is a row that was not taken, and why.
type Problem struct {
	Line   int
	Code   string
	Column string // as the file heads it
	Kind   Kind
	Reason string // whole sentences
}

// Reading is what a file says, judged by itself: every row is among its Rows or
// its Problems.
type Reading struct {
	Total    int
	Rows     []Row     // good, in the order of their lines
	Problems []Problem // in the order of their lines
}

// Count is the number of problems of this kind.
func (rd Reading) Count(kind Kind) int {
	n := 0
	for _, p := range rd.Problems {
		if p.Kind == kind {
			n++
		}
	}
	return n
}

// MostRows is the most rows that one file may have. With MostBytes it bounds
// the memory that an import takes.
const MostRows = 250_000

// MostBytes is the size of the largest file that may be imported.
const MostBytes = 20 << 20

// Read reads a whole file whose layout is known. It returns an Invalid fault if
// the file is no list, or has more than MostRows rows.
func Read(file []byte, l Layout, m Mapping) (Reading, error) {
	var out Reading
	if !m.From.IsZero() {
		m.From = Day(m.From)
	}
	in := reader{layout: l, mapping: m, seen: map[string]string{}, days: map[string]time.Time{}}
	r := sheet.New(file, l.comma)
	for {
		rec, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return Reading{}, unreadable(r.Line()+1, err)
		}
		if rec.Line <= l.HeadingLine {
			continue
		}
		if out.Total++; out.Total > MostRows {
			return Reading{}, fault.Newf(fault.Invalid, "The file has more than %d rows. Split it and import the parts.", MostRows)
		}
		row, found := in.row(rec)
		if found.faults == nil {
			out.Rows = append(out.Rows, row)
		} else {
			out.Problems = append(out.Problems, found.problem(row))
		}
	}
	out.judge(l)
	return out, nil
}

// reader turns records into rows.
type reader struct {
	layout  Layout
	mapping Mapping
	seen    map[string]string // one copy of what many rows repeat, such as a subject
	days    map[string]time.Time
}

// faults gathers what is wrong with one row. A person is told of all of it, and
// of the column of the first.
type faults struct {
	column string
	faults []string
}

func (f *faults) add(column, reason string) {
	if f.faults == nil {
		f.column = column
	}
	f.faults = append(f.faults, reason)
}

func (f *faults) problem(r Row) Problem {
	return Problem{Line: r.Line, Code: sheet.Clip(r.Code), Column: f.column, Kind: Bad, Reason: strings.Join(f.faults, " ")}
}

func (in *reader) row(rec sheet.Row) (Row, *faults) {
	r := Row{Line: rec.Line}
	bad := new(faults)
	if !rec.Whole {
		r.Code = in.text(rec, Code, 60, new(faults))
		bad.add(in.layout.heading(Name), "A quotation mark is not closed, or stands where none can.")
		return r, bad
	}
	r.Code = in.text(rec, Code, 60, bad)
	switch {
	case Fold(r.Code) == "":
		bad.add(in.layout.heading(Code), "There is no code.")
	case scientific.MatchString(r.Code):
		bad.add(in.layout.heading(Code), fmt.Sprintf("The code “%s” was spoiled by a spreadsheet. Format the column as text and type it again.", sheet.Clip(r.Code)))
	}
	r.Name = in.text(rec, Name, 300, bad)
	if Fold(r.Name) == "" {
		bad.add(in.layout.heading(Name), "There is no name.")
	}
	r.Pence = in.price(rec, bad)
	r.From, r.To = in.dates(rec, bad)
	r.Provider = in.text(rec, Provider, 200, bad)
	r.Subject = in.text(rec, Subject, 200, bad)
	r.Level = in.text(rec, Level, 200, bad)
	r.Place = in.text(rec, Place, 200, bad)
	r.Hours = in.number(rec, Hours, bad)
	r.Months = in.number(rec, Months, bad)
	return r, bad
}

// scientific is what Excel makes of a long code made of figures.
var scientific = regexp.MustCompile(`^\d(?:\.\d+)?[eE]\+\d+$`)

func (in *reader) cell(rec sheet.Row, f Field) string {
	i, ok := in.layout.Columns[f]
	if !ok {
		return ""
	}
	return rec.Cell(i)
}

func (in *reader) text(rec sheet.Row, f Field, most int, bad *faults) string {
	s := in.cell(rec, f)
	if utf8.RuneCountInString(s) > most {
		bad.add(in.layout.heading(f), fmt.Sprintf("This is longer than %d characters.", most))
		return sheet.Clip(s)
	}
	if f == Name || f == Code {
		return strings.Clone(s)
	}
	if _, ok := in.seen[s]; !ok {
		s = strings.Clone(s)
		in.seen[s] = s
	}
	return in.seen[s]
}

var currency = regexp.MustCompile(`(?i)^GBP\s*|\s*GBP$`)

func (in *reader) price(rec sheet.Row, bad *faults) money.Pence {
	s, column := in.cell(rec, Amount), in.layout.heading(Amount)
	if s == "" {
		bad.add(column, "There is no price.")
		return 0
	}
	plain := currency.ReplaceAllString(s, "")
	p, err := money.Parse(plain)
	switch {
	case err == nil && p == 0:
		bad.add(column, "The price is zero.")
	case err != nil && negative(plain):
		bad.add(column, fmt.Sprintf("The price “%s” is negative.", sheet.Clip(s)))
	case err != nil:
		bad.add(column, fmt.Sprintf("The price “%s” cannot be read. %s", sheet.Clip(s), fault.As(err).Message))
	}
	return p
}

// negative reports whether s is an amount but for a sign: "-12", "12.00-",
// "£-12" or "(12.00)".
func negative(s string) bool {
	bare := strings.NewReplacer("-", "", "−", "", "–", "", "(", "", ")", "").Replace(s)
	_, err := money.Parse(bare)
	return err == nil && bare != s
}

// dates reads the days from and to which a price holds.
func (in *reader) dates(rec sheet.Row, bad *faults) (from, to time.Time) {
	from = in.mapping.From
	if s := in.cell(rec, From); s != "" {
		from = in.day(s, From, "first", bad)
	} else if from.IsZero() {
		bad.add(in.layout.heading(From), "There is no first day for the price.")
	}
	if s := in.cell(rec, To); s != "" {
		to = in.day(s, To, "last", bad)
	}
	if to.Year() > lastYear {
		to = time.Time{}
	}
	switch {
	case !from.IsZero() && (from.Year() < firstYear || from.Year() > lastYear):
		bad.add(in.layout.heading(From), fmt.Sprintf("The first day, %s, is not of this age.", Written(from)))
	case !to.IsZero() && !from.IsZero() && to.Before(from):
		bad.add(in.layout.heading(To), fmt.Sprintf("The last day, %s, is before the first, %s.", Written(to), Written(from)))
	}
	return from, to
}

func (in *reader) day(s string, f Field, which string, bad *faults) time.Time {
	if day, ok := in.days[s]; ok {
		return day
	}
	day, ok := parseDay(s)
	if !ok {
		bad.add(in.layout.heading(f), fmt.Sprintf("The %s day “%s” cannot be read. Write it like 1 May 2017 or 01/05/2017.", which, sheet.Clip(s)))
		return time.Time{}
	}
	if len(in.days) < 10_000 {
		in.days[s] = day
	}
	return day
}

var count = regexp.MustCompile(`(?i)^(\d{1,6}(?:\.\d+)?)\s*(?:h|hrs?|hours?|m|mths?|months?)?\.?$`)

// number reads how long a course takes, to the nearest whole hour or month.
func (in *reader) number(rec sheet.Row, f Field, bad *faults) int {
	s := in.cell(rec, f)
	if s == "" {
		return 0
	}
	m := count.FindStringSubmatch(s)
	if m == nil {
		bad.add(in.layout.heading(f), fmt.Sprintf("“%s” is not a number of %s.", sheet.Clip(s), f))
		return 0
	}
	n, _ := strconv.ParseFloat(m[1], 64) // the pattern takes nothing that does not parse
	return int(math.Round(n))
}
