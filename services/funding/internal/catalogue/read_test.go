package catalogue

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/services/funding/internal/sheet"
)

func day(s string) time.Time {
	if s == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return t
}

// read inspects and reads a file that needs no mapping but m.
func read(t *testing.T, file string, m Mapping) (Reading, Layout) {
	t.Helper()
	l, err := Inspect([]byte(file), m)
	if err != nil {
		t.Fatal(err)
	}
	if len(l.Missing) > 0 {
		t.Fatalf("the layout misses %v: %s", l.Missing, l.Why())
	}
	r, err := Read([]byte(file), l, m)
	if err != nil {
		t.Fatal(err)
	}
	return r, l
}

const plainFile = "Code,Name,Price,From,To\n" +
	"A1,Café work,\"£1,250.00\",01 May 2017,31 Jul 2018\n" +
	"A1,Café work,1300,2018-08-01,\n"

var plainRows = []Row{
	{Line: 2, Code: "A1", Details: Details{Name: "Café work"}, Pence: 125000, From: day("2017-05-01"), To: day("2018-07-31")},
	{Line: 3, Code: "A1", Details: Details{Name: "Café work"}, Pence: 130000, From: day("2018-08-01")},
}

func TestAFileIsReadWhateverItsEncoding(t *testing.T) {
	encodings := map[string]encoding.Encoding{
		"UTF-8":                    encoding.Nop,
		"UTF-8 with BOM":           unicode.UTF8BOM,
		"UTF-16 little-endian BOM": unicode.UTF16(unicode.LittleEndian, unicode.UseBOM),
		"UTF-16 big-endian BOM":    unicode.UTF16(unicode.BigEndian, unicode.UseBOM),
		"UTF-16 little-endian":     unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM),
		"UTF-16 big-endian":        unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM),
		"Windows-1252":             charmap.Windows1252,
	}
	for name, e := range encodings {
		t.Run(name, func(t *testing.T) {
			file, err := e.NewEncoder().String(plainFile)
			if err != nil {
				t.Fatal(err)
			}
			got, _ := read(t, file, Mapping{})
			if diff := cmp.Diff(plainRows, got.Rows); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAFileIsReadWhateverItsLinesAndColumnsEndWith(t *testing.T) {
	for _, end := range []string{"\n", "\r", "\r\n"} {
		for _, comma := range []string{",", ";", "\t", "|"} {
			t.Run(fmt.Sprintf("%q %q", end, comma), func(t *testing.T) {
				file := strings.ReplaceAll(plainFile, "\n", end)
				file = strings.ReplaceAll(file, "1,250", "1 250")
				file = strings.ReplaceAll(strings.ReplaceAll(file, ",", comma), "1 250", "1,250")
				got, _ := read(t, file, Mapping{})
				if diff := cmp.Diff(plainRows, got.Rows); diff != "" {
					t.Error(diff)
				}
			})
		}
	}
}

func TestHeadingsAreKnownInManySpellings(t *testing.T) {
	for _, headings := range []string{
		"code,name,price,from,to",
		"CODE,NAME,PRICE,FROM,TO",
		"Course code,Course name,Course cost,Valid from,Valid to",
		"CourseCode,CourseName,CourseFee,EffectiveFrom,EffectiveTo",
		"course_code,course_name,course_fee,effective_from,effective_to",
		"LearnAimRef,LearnAimRefTitle,MaxFundingGBP,Effective from,Effective to",
		"Learning Aim Reference,Learning Aim Title,Max. funding (£),Start date,End date",
		"Ref.,Title,Amount,Start,End",
		"Reference,Description,Amount (£),Date from,Date to",
		"Course ID,Course,Net Amount,Price from,Price to",
		"Course ref,Qualification title,Fee (inc. VAT),From date,Until",
		"Standard code,Standard name,Total cost £,Effective date,Expiry date",
		"Product Code,Programme,Value in pounds,valid-from,valid-until",
		"QAN,Qualification,Tuition fee,from,ends",
	} {
		t.Run(headings, func(t *testing.T) {
			got, _ := read(t, strings.Replace(plainFile, "Code,Name,Price,From,To", headings, 1), Mapping{})
			if diff := cmp.Diff(plainRows, got.Rows); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestEveryKnownHeadingIsSpelledAsItIsLookedUp(t *testing.T) {
	owner := map[string]Field{}
	for f, keys := range known {
		for _, k := range keys {
			if headingKey(k) != k {
				t.Errorf("%q would never be found: it is looked up as %q", k, headingKey(k))
			}
			if owner[k] != "" {
				t.Errorf("%q means both %s and %s", k, owner[k], f)
			}
			owner[k] = f
		}
	}
}

func TestTitleLinesAboveTheHeadingsAreSkipped(t *testing.T) {
	file := "Oldham course list,,,,\n\nFor 2017/18: prices agreed by the board,,\nPrinted,01/04/2017\n" + plainFile
	got, l := read(t, file, Mapping{})
	if l.HeadingLine != 5 || got.Total != 2 || len(got.Rows) != 2 || got.Rows[0].Line != 6 {
		t.Errorf("headings on line %d, %d rows, %+v", l.HeadingLine, got.Total, got.Rows)
	}
}

func TestColumnsCanBeMapped(t *testing.T) {
	file := "Course list 2017\nWhat,No,Artikelpreis,Ab\nCafé work,A1,1250,01.05.2017\n"
	for name, m := range map[string]Mapping{
		"by heading": {Columns: map[Field]string{Name: "what", Code: "No", Amount: "Artikelpreis", From: "AB"}},
		"by letter":  {Columns: map[Field]string{Name: "A", Code: "b", Amount: "C", From: "D"}},
		"by number":  {Columns: map[Field]string{Name: "1", Code: "2", Amount: "3", From: "4"}},
		"by place": {HeadingLine: 2, Only: true,
			Columns: map[Field]string{Name: Position(1), Code: Position(2), Amount: Position(3), From: Position(4)}},
	} {
		t.Run(name, func(t *testing.T) {
			got, l := read(t, file, m)
			want := []Row{{Line: 3, Code: "A1", Details: Details{Name: "Café work"}, Pence: 125000, From: day("2017-05-01")}}
			if diff := cmp.Diff(want, got.Rows); diff != "" || l.HeadingLine != 2 {
				t.Errorf("headings on line %d %s", l.HeadingLine, diff)
			}
		})
	}
}

func TestAFileWithNoHeadingsIsReadByPlace(t *testing.T) {
	m := Mapping{From: day("2026-04-01"), Columns: map[Field]string{Code: "A", Name: "B", Amount: "C"}}
	got, l := read(t, "A1,Care,450\nA2,Bricks,500\n", m)
	if l.HeadingLine != 0 || len(got.Rows) != 2 || !got.Rows[0].From.Equal(m.From) {
		t.Errorf("headings on line %d, rows %+v", l.HeadingLine, got.Rows)
	}
}

func TestAFileThatCannotBeUnderstoodSaysWhatItNeeds(t *testing.T) {
	for _, c := range []struct {
		file, why string
		missing   []Field
	}{
		{"Artikel,Preis,From\nCare,450,1/4/26\n", "Say which column has the course code, the name and the price.", []Field{Code, Name, Amount}},
		{"Code,Name,Artikelpreis,From\n", "Say which column has the price.", []Field{Amount}},
		{"Code,Name,Price (pence),From\n", "Say which column has the price.", []Field{Amount}},
		{"Code,Name,Price\n", "No column says when the prices start. Give the day from which they hold, or say which column has it.", []Field{From}},
	} {
		l, err := Inspect([]byte(c.file), Mapping{})
		if err != nil || l.Why() != c.why || !slices.Equal(l.Missing, c.missing) || l.HeadingLine != 1 || len(l.Lines) == 0 {
			t.Errorf("Inspect(%q) = %+v %v: %q", c.file, l, err, l.Why())
		}
	}
}

func TestAFileThatIsNoListIsRefusedInPlainWords(t *testing.T) {
	for file, want := range map[string]string{
		"":               "The file is empty.",
		"\n\n , ,\n":     "The file is empty.",
		"PK\x03\x04rest": "This is a spreadsheet file.",
		"%PDF-1.7":       "This is a PDF.",
		"a,b\n" + strings.Repeat("x", sheet.LineBytes+1): "Line 2 cannot be read.",
	} {
		_, err := Inspect([]byte(file), Mapping{})
		if !fault.Is(err, fault.Invalid) || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("Inspect(%.10q) = %v, want %q", file, err, want)
		}
	}
}

func TestEachBadRowIsListedWithItsLineAndReason(t *testing.T) {
	const good = "G1,Care,450,01/04/2026,31/03/2027,Health,\n"
	for row, want := range map[string]Problem{
		",Care,450,01/04/2026,,,":                         {Column: "Code", Reason: "There is no code."},
		"6.00E+07,Care,450,01/04/2026,,,":                 {Column: "Code", Code: "6.00E+07", Reason: "The code “6.00E+07” was spoiled by a spreadsheet. Format the column as text and type it again."},
		"B1,,450,01/04/2026,,,":                           {Column: "Name", Code: "B1", Reason: "There is no name."},
		"B1,Care,,01/04/2026,,,":                          {Column: "Price", Code: "B1", Reason: "There is no price."},
		"B1,Care,0.00,01/04/2026,,,":                      {Column: "Price", Code: "B1", Reason: "The price is zero."},
		"B1,Care,-450,01/04/2026,,,":                      {Column: "Price", Code: "B1", Reason: "The price “-450” is negative."},
		"B1,Care,(450.00),01/04/2026,,,":                  {Column: "Price", Code: "B1", Reason: "The price “(450.00)” is negative."},
		"B1,Care,450.00-,01/04/2026,,,":                   {Column: "Price", Code: "B1", Reason: "The price “450.00-” is negative."},
		"B1,Care,n/a,01/04/2026,,,":                       {Column: "Price", Code: "B1", Reason: "The price “n/a” cannot be read. The amount must be in pounds and pence, like 45 or 45.50."},
		"B1,Care,450,,,,":                                 {Column: "From", Code: "B1", Reason: "There is no first day for the price."},
		"B1,Care,450,31/02/2026,,,":                       {Column: "From", Code: "B1", Reason: "The first day “31/02/2026” cannot be read. Write it like 1 May 2017 or 01/05/2017."},
		"B1,Care,450,04/13/2026,,,":                       {Column: "From", Code: "B1", Reason: "The first day “04/13/2026” cannot be read. Write it like 1 May 2017 or 01/05/2017."},
		"B1,Care,450,01/04/1066,,,":                       {Column: "From", Code: "B1", Reason: "The first day, 1 April 1066, is not of this age."},
		"B1,Care,450,01/04/2026,soon,,":                   {Column: "To", Code: "B1", Reason: "The last day “soon” cannot be read. Write it like 1 May 2017 or 01/05/2017."},
		"B1,Care,450,01/04/2026,31/03/2026,,":             {Column: "To", Code: "B1", Reason: "The last day, 31 March 2026, is before the first, 1 April 2026."},
		"B1,Care,450,01/04/2026,,,a while":                {Column: "Months", Code: "B1", Reason: "“a while” is not a number of months."},
		"B1,,0,01/04/2026,,,":                             {Column: "Name", Code: "B1", Reason: "There is no name. The price is zero."},
		"B1,\"Care,450,01/04/2026,,,":                     {Column: "Name", Code: "B1", Reason: "A quotation mark is not closed, or stands where none can."},
		"B1,\"Care\" work,450,01/04/2026,,,":              {Column: "Name", Code: "B1", Reason: "A quotation mark is not closed, or stands where none can."},
		"G1,Care,450,01/04/2027,,Health,":                 {}, // the day after the good row's last
		"G1,Care,450,31/03/2027,,Health,":                 {Column: "From", Code: "G1", Reason: "Its dates overlap those of line 2, 1 April 2026 to 31 March 2027."},
		"G1,Care,450,01/04/2025,01/04/2026,Health,":       {Column: "From", Code: "G1", Reason: "Its dates overlap those of line 2, 1 April 2026 to 31 March 2027."},
		"g1,Care,460,01/04/2026,31/03/2027,Health,":       {Column: "Price", Code: "g1", Reason: "Line 2 gives another price, £450.00, from the same day."},
		"G1,Care,450,01/04/2026,30/03/2027,Health,":       {Column: "From", Code: "G1", Reason: "Line 2 gives this price from the same day, but with another end or other details."},
		"G1,Care,£450.00,1 Apr 2026,2027-03-31, Health ,": {Column: "Code", Code: "G1", Kind: Duplicate, Reason: "The same as line 2."},
	} {
		t.Run(row, func(t *testing.T) {
			got, _ := read(t, "Code,Name,Price,From,To,Subject,Months\n"+good+row+"\n"+"Z9,Last,99,01/04/2026,,,12.00\n", Mapping{})
			var wanted []Problem
			if want.Reason != "" {
				want.Line = 3
				if want.Kind == "" {
					want.Kind = Bad
				}
				wanted = []Problem{want}
			}
			if diff := cmp.Diff(wanted, got.Problems); diff != "" {
				t.Error(diff)
			}
			if got.Total != 3 || len(got.Rows)+len(got.Problems) != 3 {
				t.Errorf("%d rows of which %d are good and %d bad", got.Total, len(got.Rows), len(got.Problems))
			}
			if last := got.Rows[len(got.Rows)-1]; last.Code != "Z9" || last.Months != 12 {
				t.Errorf("the row after it was read as %+v", last)
			}
		})
	}
}

func TestWithoutEndsAPriceHoldsUntilTheNext(t *testing.T) {
	got, l := read(t, "Code,Name,Price,From\nA,Care,500,1/4/2026\nA,Care,450,1/4/2025\n", Mapping{})
	if len(got.Problems) > 0 {
		t.Fatal(got.Problems)
	}
	m := Merge(Course{}, got.Rows, l)
	want := []Price{{Pence: 45000, From: day("2025-04-01"), To: day("2026-03-31")}, {Pence: 50000, From: day("2026-04-01")}}
	if diff := cmp.Diff(want, m.Course.Prices); diff != "" {
		t.Error(diff)
	}
}

func TestDaysAreReadAsPeopleAndSpreadsheetsWriteThem(t *testing.T) {
	for _, s := range []string{
		"01 May 2017", "1 May 2017", "1st May 2017", "01-May-2017", "1-May-17", "01 MAY 2017", "May 1, 2017", "2017-05-01", "2017/05/01", "20170501",
		"01/05/2017", "1/5/2017", "1/5/17", "01.05.2017", "01-05-2017", "2017-05-01T00:00:00Z", "01/05/2017 00:00", "42856", "42856.0",
	} {
		if got, ok := parseDay(s); !ok || !got.Equal(day("2017-05-01")) {
			t.Errorf("parseDay(%q) = %v, %v", s, got, ok)
		}
	}
	if got, ok := parseDay("3 Sept 2019"); !ok || !got.Equal(day("2019-09-03")) {
		t.Errorf("Sept: %v, %v", got, ok)
	}
	for _, s := range []string{"", "x", "2017", "31/02/2017", "05/13/2017", "1234", "123456", "May 2017"} {
		if got, ok := parseDay(s); ok {
			t.Errorf("parseDay(%q) = %v", s, got)
		}
	}
}

func TestTheEndOfTimeIsNoEnd(t *testing.T) {
	got, _ := read(t, "Code,Name,Price,From,To\nA,Care,450,1/4/2026,31/12/9999\n", Mapping{})
	if len(got.Rows) != 1 || !got.Rows[0].To.IsZero() {
		t.Errorf("%+v", got)
	}
}

func TestAMappingIsReadFromAPair(t *testing.T) {
	var m Mapping
	for _, pair := range []string{"price=Cost (£) = net", " Code = No.\x00 "} {
		if err := m.Map(pair); err != nil {
			t.Error(err)
		}
	}
	if diff := cmp.Diff(map[Field]string{Amount: "Cost (£) = net", Code: "No."}, m.Columns); diff != "" {
		t.Error(diff)
	}
	for _, pair := range []string{"", "price", "price=", "colour=Red"} {
		if err := m.Map(pair); !fault.Is(err, fault.Invalid) {
			t.Errorf("Map(%q) = %v", pair, err)
		}
	}
}

// The counts were made apart from this code, with awk over the file: 2,150 rows
// after the headings, of which 103 have nothing in the third column; no course
// has overlapping dates; and four prices lie far outside their subject's range.
func TestTheRealFileGivesItsCounts(t *testing.T) {
	file, err := os.ReadFile("../../../../pkg/sampledata/courses.csv")
	if err != nil {
		t.Fatal(err)
	}
	got, l := read(t, string(file), Mapping{})
	if got.Total != 2150 || len(got.Rows) != 2047 || got.Count(Bad) != 103 || got.Count(Duplicate) != 0 {
		t.Errorf("%d rows: %d good, %d bad, %d duplicates", got.Total, len(got.Rows), got.Count(Bad), got.Count(Duplicate))
	}
	for _, p := range got.Problems {
		if p.Reason != "There is no name." || p.Column != "name" {
			t.Errorf("line %d: %s: %s", p.Line, p.Column, p.Reason)
		}
	}
	courses, flagged := catalogueOf(got, l)
	if len(courses) != 1189 {
		t.Errorf("%d courses", len(courses))
	}
	slices.Sort(flagged)
	if diff := cmp.Diff([]string{"FWK-418-3-1 £3,500.00", "STD-209-25-0 £15,000.00", "STD-209-25-0 £15,000.00", "STD-398-25-0 £21,000.00", "STD-517-25-0 £22,000.00"}, flagged); diff != "" {
		t.Error(diff)
	}
	// A cap can be taken from any good row on any date it was priced.
	for _, r := range got.Rows {
		for _, on := range []time.Time{r.From, r.To} {
			if on.IsZero() {
				on = r.From.AddDate(3, 0, 0)
			}
			if p, ok := courses[r.Code].PriceOn(on); !ok || p.Pence != r.Pence {
				t.Fatalf("line %d: the price of %s on %s is %v", r.Line, r.Code, Written(on), p.Pence)
			}
		}
	}
}

// catalogueOf merges a reading into an empty catalogue.
func catalogueOf(rd Reading, l Layout) (courses map[string]Course, flagged []string) {
	rows := map[string][]Row{}
	for _, r := range rd.Rows {
		rows[r.Code] = append(rows[r.Code], r)
	}
	courses = map[string]Course{}
	var ranges Ranges
	for code, rs := range rows {
		courses[code] = Merge(Course{}, rs, l).Course
		for _, r := range rs {
			ranges.Add(courses[code].Subject, code, r.Pence)
		}
	}
	for code, c := range courses {
		for _, p := range c.Prices {
			if why, _ := ranges.Far(c.Subject, p.Pence); why != "" {
				flagged = append(flagged, code+" "+p.Pence.String())
			}
		}
	}
	return courses, flagged
}
