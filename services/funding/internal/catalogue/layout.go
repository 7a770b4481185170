package catalogue

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/money"
	"github.com/instead-support/instead/services/funding/internal/sheet"
)

// Field is something that a column of a course list can say.
type Field string

// The fields.
const (
	Code     Field = "code"
	Name     Field = "name"
	Provider Field = "provider"
	Subject  Field = "subject"
	Level    Field = "level"
	Hours    Field = "hours"
	Months   Field = "months"
	Place    Field = "place"
	Amount   Field = "price"
	From     Field = "from"
	To       Field = "to"
)

// Fields is every field, in the order in which a page asks for them.
var Fields = []Field{Code, Name, Amount, From, To, Provider, Subject, Level, Hours, Months, Place}

// label is the field as a sentence names it.
var label = map[Field]string{
	Code: "the course code", Name: "the name", Amount: "the price", From: "the first day of the price", To: "the last day of the price",
	Provider: "the provider", Subject: "the subject", Level: "the level", Hours: "the hours", Months: "the months", Place: "the place",
}

// known is the headings by which each field goes, the surest first, with case,
// spaces, marks and units left out as headingKey does.
var known = map[Field][]string{
	Code: {"code", "coursecode", "courseid", "courseref", "coursereference", "coursenumber", "courseno", "larscode", "learnaimref",
		"learningaimreference", "learningaimref", "learningaimcode", "aimcode", "aimreference", "standardcode", "frameworkcode", "qualificationnumber",
		"qualificationcode", "qan", "productcode", "ref", "reference", "id"},
	Name: {"name", "coursename", "coursetitle", "course", "title", "learnaimreftitle", "learningaimtitle", "aimtitle", "qualificationtitle",
		"qualificationname", "qualification", "standardname", "frameworkname", "programme", "programmename", "description", "coursedescription"},
	Amount: {"price", "courseprice", "cost", "coursecost", "costofcourse", "priceofcourse", "fee", "fees", "coursefee", "coursefees", "tuitionfee", "tuitionfees",
		"unitprice", "unitcost", "maxfunding", "maximumfunding", "maxfundingcap", "fundingcap", "cap", "rate", "fullprice", "totalprice",
		"totalcost", "netprice", "amount", "netamount", "amountnet", "totalamount", "invoiceamount", "paymentamount", "value", "total", "funding"},
	From: {"effectivefrom", "validfrom", "pricefrom", "pricedfrom", "from", "fromdate", "datefrom", "startdate", "pricestartdate", "pricestart",
		"start", "effectivedate", "effective", "starts"},
	To: {"effectiveto", "validto", "validuntil", "priceto", "to", "until", "todate", "dateto", "enddate", "priceenddate", "priceend", "end", "expires",
		"expirydate", "ends"},
	Provider: {"provider", "providername", "trainingprovider", "courseprovider", "supplier", "suppliername", "college", "organisation",
		"organization", "school"},
	Subject: {"subject", "subjectarea", "coursesubject", "sectorsubjectarea", "sectorsubjectareatier1", "sectorsubjectareatier2", "sector", "category", "ssa",
		"route", "area"},
	Level:  {"level", "courselevel", "qualificationlevel", "notionallevel", "nvqlevel", "learnaimreflevel"},
	Hours:  {"hours", "guidedlearninghours", "glh", "totalhours", "coursehours", "learninghours", "durationhours", "totalqualificationtime", "tqt"},
	Months: {"months", "durationmonths", "duration", "lengthmonths", "typicalduration", "courseduration"},
	Place:  {"place", "venue", "location", "venuename", "town", "site", "campus", "address", "deliverylocation"},
}

// units are words of a heading that say what it is counted in, which is always
// pounds here. "Pence" is not among them: a column of pence must not be read as
// pounds, so it is left for a person to look at.
var units = []string{"gbp", "pounds", "sterling", "in", "inc", "incl", "including", "ex", "exc", "excl", "excluding", "vat"}

// Mapping is what a person says about a file's columns, where its headings do
// not say it.
type Mapping struct {
	HeadingLine int              `json:"heading_line,omitzero"` // 0: find it
	Columns     map[Field]string `json:"columns,omitempty"`     // a heading, a letter as in a spreadsheet, or a number
	Only        bool             `json:"only,omitzero"`         // these columns and no others, whatever the headings say
	From        time.Time        `json:"from,omitzero"`         // the first day of prices that say none
}

// Position names the column at n, counted from 1, whatever the headings say.
func Position(n int) string { return "#" + strconv.Itoa(n) }

// Map reads "price=Cost (£)" into the mapping. It returns an Invalid fault that
// names the fields there are if it is not such a pair.
func (m *Mapping) Map(pair string) error {
	field, column, ok := strings.Cut(pair, "=")
	f := Field(strings.ToLower(strings.TrimSpace(field)))
	if !ok || label[f] == "" || strings.TrimSpace(column) == "" {
		names := make([]string, len(Fields))
		for i, f := range Fields {
			names[i] = string(f)
		}
		return fault.Newf(fault.Invalid, "“%s” does not map a column. Write it like price=Cost, with one of %s before the equals sign.", sheet.Clip(pair), strings.Join(names, ", "))
	}
	if m.Columns == nil {
		m.Columns = map[Field]string{}
	}
	m.Columns[f] = sheet.Clean(column)
	return nil
}

// Layout is how a file is laid out.
type Layout struct {
	HeadingLine int           // the line of the headings, counted from 1; 0 if there are none
	Headings    []string      // as the file spells them
	Columns     map[Field]int // from 0
	Lines       [][]string    // the first lines, for a person to see
	Missing     []Field       // what must be mapped before the file can be read
	Unknown     []string      // columns of the mapping that the file has not
	comma       rune
}

// Headings are looked for in the first headLines rows, and a person who must say
// which they are is shown the first shownLines.
const (
	headLines  = 50
	shownLines = 20
)

// Inspect finds out how a file is laid out. A layout with something Missing
// needs a Mapping that says it. It returns an Invalid fault if the file is no
// list at all.
func Inspect(file []byte, m Mapping) (Layout, error) {
	if err := sheet.Text(file); err != nil {
		return Layout{}, err
	}
	var best Layout
	var most score
	for _, comma := range []rune{',', ';', '\t', '|'} {
		head, err := top(file, comma)
		if err != nil {
			return Layout{}, err
		}
		l, s := arrange(head, comma, m)
		if len(head) > 0 && (best.comma == 0 || s.compare(most) > 0) {
			best, most = l, s
		}
	}
	if best.comma == 0 {
		return Layout{}, fault.New(fault.Invalid, "The file is empty. Choose a CSV file with a heading line and a row for each price.")
	}
	return best, nil
}

// top reads the first rows of a file.
func top(file []byte, comma rune) ([]sheet.Row, error) {
	r := sheet.New(file, comma)
	var head []sheet.Row
	for len(head) < headLines {
		rec, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, unreadable(r.Line()+1, err)
		}
		head = append(head, rec)
	}
	return head, nil
}

func unreadable(line int, err error) error {
	return fault.Wrap(err, fault.Invalid, fmt.Sprintf("Line %d cannot be read. Check that this is a CSV file with a row for each price.", line))
}

// score says how well a row serves for headings: how many fields it names, and
// then how many cells it fills, since a title fills one or two.
type score struct{ fields, cells int }

func (s score) compare(t score) int {
	return cmp.Or(cmp.Compare(s.fields, t.fields), cmp.Compare(s.cells, t.cells))
}

// arrange lays a file out by the row among its first that serves best for
// headings.
func arrange(head []sheet.Row, comma rune, m Mapping) (Layout, score) {
	l := Layout{comma: comma, Columns: map[Field]int{}}
	var most score
	best, named := -1, m.named()
	for i, rec := range head {
		l.show(rec)
		if m.HeadingLine != 0 && rec.Line != m.HeadingLine {
			continue
		}
		s := score{fields: len(locate(rec.Cells, named)), cells: filled(rec.Cells)}
		if best < 0 || s.compare(most) > 0 {
			best, most = i, s
		}
	}
	// A row of data may happen to hold a word that is also a heading, but not
	// two. With less than that, and a price whose place is known, rows begin
	// where a price can be read.
	if most.fields < 2 && m.HeadingLine == 0 && placed(m) {
		i, _ := place(m.Columns[Amount])
		best = beforePrices(head, i)
	}
	if best >= 0 {
		l.HeadingLine = head[best].Line
		l.Headings = tidy(head[best].Cells)
	}
	l.Columns = locate(l.Headings, m)
	for _, f := range Fields {
		if want, mapped := m.Columns[f]; mapped {
			if _, ok := l.Columns[f]; !ok {
				l.Unknown = append(l.Unknown, strings.TrimPrefix(want, "#"))
			}
		}
	}
	for _, f := range []Field{Code, Name, Amount} {
		if _, ok := l.Columns[f]; !ok {
			l.Missing = append(l.Missing, f)
		}
	}
	if _, ok := l.Columns[From]; !ok && m.From.IsZero() {
		l.Missing = append(l.Missing, From)
	}
	return l, most
}

// show adds a row to the lines for a person to see, each at its number: lines
// that were passed over, or that a quoted cell runs over, are there as empty.
func (l *Layout) show(rec sheet.Row) {
	for len(l.Lines) < min(rec.Line-1, shownLines) {
		l.Lines = append(l.Lines, []string{})
	}
	if rec.Line <= shownLines {
		l.Lines = append(l.Lines, tidy(rec.Cells))
	}
}

// placed reports whether the mapping names the price's column by its place.
func placed(m Mapping) bool {
	_, ok := place(m.Columns[Amount])
	return ok
}

// named is the part of the mapping that helps to know a row of headings.
func (m Mapping) named() Mapping {
	columns := map[Field]string{}
	for f, want := range m.Columns {
		if _, ok := place(want); !ok {
			columns[f] = want
		}
	}
	return Mapping{Columns: columns}
}

// beforePrices is the index of the last row above the first whose price can be
// read, or -1.
func beforePrices(head []sheet.Row, column int) int {
	return slices.IndexFunc(head, func(rec sheet.Row) bool {
		_, err := money.Parse(rec.Cell(column))
		return err == nil
	}) - 1
}

// locate finds the columns that a row of headings names. What a person mapped
// comes first, and a column says one thing only.
func locate(headings []string, m Mapping) map[Field]int {
	keys := make([]string, len(headings))
	for i, h := range headings {
		keys[i] = headingKey(h)
	}
	found, taken := map[Field]int{}, map[int]bool{}
	for _, f := range Fields {
		if want, ok := m.Columns[f]; ok {
			if i, ok := column(headings, want); ok {
				found[f], taken[i] = i, true
			}
		}
	}
	for _, f := range Fields {
		if _, mapped := m.Columns[f]; mapped || m.Only {
			continue
		}
		for _, k := range known[f] {
			if i := slices.Index(keys, k); i >= 0 && !taken[i] {
				found[f], taken[i] = i, true
				break
			}
		}
	}
	return found
}

// column finds a column by its heading, or else by its letter or number.
func column(headings []string, want string) (int, bool) {
	if !strings.HasPrefix(want, "#") {
		same := func(h string) bool { return sheet.Clean(h) == sheet.Clean(want) }
		if i := slices.IndexFunc(headings, same); i >= 0 {
			return i, true
		}
		fold := func(h string) bool { return Fold(h) != "" && Fold(h) == Fold(want) }
		if i := slices.IndexFunc(headings, fold); i >= 0 {
			return i, true
		}
	}
	i, ok := place(want)
	return i, ok && (len(headings) == 0 || i < len(headings))
}

// place reads "#3", "3" and "C" as the third column.
func place(s string) (int, bool) {
	if n, err := strconv.Atoi(strings.TrimPrefix(s, "#")); err == nil {
		return n - 1, n >= 1 && n <= 1000
	}
	n := 0
	for _, r := range strings.ToUpper(s) {
		if r < 'A' || r > 'Z' || len(s) > 2 {
			return 0, false
		}
		n = n*26 + int(r-'A') + 1
	}
	return n - 1, n >= 1
}

// headingKey is a heading as known spells it: "Max. Funding (GBP)",
// "MaxFundingGBP" and "max_funding_gbp" are all "maxfunding".
func headingKey(h string) string {
	var apart strings.Builder
	runes := []rune(h)
	for i, r := range runes {
		upper := unicode.IsUpper(r)
		if i > 0 && upper && (unicode.IsLower(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1])) {
			apart.WriteByte(' ')
		}
		apart.WriteRune(r)
	}
	words := slices.DeleteFunc(Words(apart.String()), func(w string) bool { return slices.Contains(units, w) })
	return strings.Join(words, "")
}

// Why says what a layout needs before its file can be read, or "".
func (l Layout) Why() string {
	if len(l.Missing) == 0 {
		return ""
	}
	if len(l.Missing) == 1 && l.Missing[0] == From {
		return "No column says when the prices start. Give the day from which they hold, or say which column has it."
	}
	names := make([]string, len(l.Missing))
	for i, f := range l.Missing {
		names[i] = label[f]
	}
	return "Say which column has " + and(names) + "."
}

// heading is how the file calls the column of f.
func (l Layout) heading(f Field) string {
	i, ok := l.Columns[f]
	switch {
	case !ok:
		return string(f)
	case i < len(l.Headings) && l.Headings[i] != "":
		return l.Headings[i]
	}
	return fmt.Sprintf("column %d", i+1)
}

func and(names []string) string {
	last := len(names) - 1
	if last == 0 {
		return names[0]
	}
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

func filled(cells []string) int {
	n := 0
	for _, c := range cells {
		if strings.TrimSpace(c) != "" {
			n++
		}
	}
	return n
}

func tidy(cells []string) []string {
	out := make([]string, len(cells))
	for i, c := range cells {
		out[i] = sheet.Clip(sheet.Clean(c))
	}
	return out
}
