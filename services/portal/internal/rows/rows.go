// Package rows writes rows into a file that a spreadsheet opens, one row at a
// time, so that a long list takes no more memory than a short one. It knows what
// kind of thing a column holds, and no more of it.
//
// What somebody typed is never run: a cell of words that a spreadsheet would take
// for a formula gets an apostrophe in front.
package rows

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // an image has no table of time zones of its own

	"github.com/xuri/excelize/v2"

	"github.com/instead-support/instead/pkg/money"
)

// Kind is what a column holds.
type Kind int

// The kinds.
const (
	Words Kind = iota
	Number
	Pounds // of a cell's pence
	Moment
)

// Column is one column.
type Column struct {
	Name string
	Kind Kind
}

// Cell is one cell: the field of its column's kind, or None for an empty one.
type Cell struct {
	None  bool
	Words string
	N     int64 // a number, or whole pence
	At    time.Time
}

// Writer takes rows. Close finishes the file.
type Writer interface {
	Row(cells []Cell) error
	Close() error
}

// london is where times are read.
var london = func() *time.Location {
	l, err := time.LoadLocation("Europe/London")
	if err != nil {
		panic("rows: " + err.Error()) // the table is linked in
	}
	return l
}()

// harmless is words that no spreadsheet takes for a formula.
func harmless(words string) string {
	if words != "" && strings.ContainsRune("=+-@\t\r\n", rune(words[0])) {
		return "'" + words
	}
	return words
}

// NewCSV returns a writer of CSV as spreadsheets read it without being told how:
// UTF-8 that says so, and lines that end as they did on a teleprinter.
func NewCSV(w io.Writer, columns []Column) (Writer, error) {
	if _, err := io.WriteString(w, "\ufeff"); err != nil {
		return nil, err
	}
	c := commas{csv.NewWriter(w), columns}
	c.UseCRLF = true
	names := make([]string, len(columns))
	for i, column := range columns {
		names[i] = harmless(column.Name)
	}
	return c, c.Write(names)
}

type commas struct {
	*csv.Writer
	columns []Column
}

func (c commas) Row(cells []Cell) error {
	row := make([]string, len(cells))
	for i, cell := range cells {
		row[i] = cell.text(c.columns[i].Kind)
	}
	return c.Write(row)
}

func (c Cell) text(k Kind) string {
	switch {
	case c.None:
		return ""
	case k == Number:
		return strconv.FormatInt(c.N, 10)
	case k == Pounds && c.N < 0:
		return "-" + money.Pence(-c.N).Input()
	case k == Pounds:
		return money.Pence(c.N).Input()
	case k == Moment:
		return c.At.In(london).Format("2006-01-02 15:04")
	}
	return harmless(c.Words)
}

func (c commas) Close() error {
	c.Flush()
	return c.Error()
}

// rowsASheet is how many rows a sheet of an XLSX file can have.
const rowsASheet = 1_048_576

// NewXLSX returns a writer of a workbook with a first sheet that tells, in words
// and what they say, what the others are, and the rows in the sheets after it.
// The file is put together on disk, and written as it is closed.
func NewXLSX(w io.Writer, about [][2]string, columns []Column) (Writer, error) {
	x := &workbook{to: w, file: excelize.NewFile(), columns: columns, most: rowsASheet}
	if err := x.begin(about); err != nil {
		_ = x.file.Close()
		return nil, err
	}
	return x, nil
}

type workbook struct {
	to      io.Writer
	file    *excelize.File
	columns []Column
	sheet   *excelize.StreamWriter
	sheets  int
	rows    int // in this sheet, with its heading
	most    int

	bold, wrapped, pounds, moment int // styles
}

func (x *workbook) begin(about [][2]string) (err error) {
	for _, s := range []struct {
		id    *int
		style excelize.Style
	}{
		{&x.bold, excelize.Style{Font: &excelize.Font{Bold: true}}},
		{&x.wrapped, excelize.Style{Alignment: &excelize.Alignment{WrapText: true, Vertical: "top"}}},
		{&x.pounds, excelize.Style{CustomNumFmt: new("£#,##0.00;-£#,##0.00")}},
		{&x.moment, excelize.Style{CustomNumFmt: new("d mmm yyyy hh:mm")}},
	} {
		if *s.id, err = x.file.NewStyle(&s.style); err != nil {
			return err
		}
	}
	if err := x.file.SetSheetName("Sheet1", "About"); err != nil {
		return err
	}
	a, err := x.file.NewStreamWriter("About")
	if err != nil {
		return err
	}
	if err := a.SetColWidth(1, 1, 32); err != nil {
		return err
	}
	if err := a.SetColWidth(2, 2, 90); err != nil {
		return err
	}
	for i, line := range about {
		row := []any{excelize.Cell{StyleID: x.bold, Value: harmless(line[0])}, excelize.Cell{StyleID: x.wrapped, Value: harmless(line[1])}}
		if err := a.SetRow("A"+strconv.Itoa(i+1), row); err != nil {
			return err
		}
	}
	if err := a.Flush(); err != nil {
		return err
	}
	return x.next()
}

// next begins another sheet of rows.
func (x *workbook) next() (err error) {
	if x.sheet != nil {
		if err := x.sheet.Flush(); err != nil {
			return err
		}
	}
	x.sheets++
	name := "Figures"
	if x.sheets > 1 {
		name += " " + strconv.Itoa(x.sheets)
	}
	if _, err := x.file.NewSheet(name); err != nil {
		return err
	}
	if x.sheet, err = x.file.NewStreamWriter(name); err != nil {
		return err
	}
	if err := x.sheet.SetColWidth(1, max(len(x.columns), 1), 20); err != nil {
		return err
	}
	if err := x.sheet.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return err
	}
	row := make([]any, len(x.columns))
	for i, c := range x.columns {
		row[i] = excelize.Cell{StyleID: x.bold, Value: harmless(c.Name)}
	}
	x.rows = 1
	return x.sheet.SetRow("A1", row)
}

func (x *workbook) Row(cells []Cell) error {
	if x.rows == x.most {
		if err := x.next(); err != nil {
			return err
		}
	}
	x.rows++
	row := make([]any, len(cells))
	for i, c := range cells {
		switch k := x.columns[i].Kind; {
		case c.None:
			row[i] = nil
		case k == Number:
			row[i] = c.N
		case k == Pounds:
			row[i] = excelize.Cell{StyleID: x.pounds, Value: float64(c.N) / 100}
		case k == Moment:
			row[i] = excelize.Cell{StyleID: x.moment, Value: wall(c.At)}
		default:
			row[i] = harmless(c.Words)
		}
	}
	return x.sheet.SetRow("A"+strconv.Itoa(x.rows), row)
}

// wall is what a clock in London showed, for a file that knows no time zones.
func wall(t time.Time) time.Time {
	t = t.In(london)
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, time.UTC)
}

func (x *workbook) Close() error {
	defer x.file.Close()
	if err := x.sheet.Flush(); err != nil {
		return err
	}
	_, err := x.file.WriteTo(x.to)
	return err
}
