package rows

import (
	"bytes"
	"encoding/csv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
)

var columns = []Column{{"Name", Words}, {"People", Number}, {"Spent", Pounds}, {"When", Moment}}

// summer is 9am in London.
var summer = time.Date(2026, time.July, 1, 8, 0, 0, 0, time.UTC)

var rows = [][]Cell{
	{{Words: "Oldham"}, {N: 3}, {N: 123456}, {At: summer}},
	{{Words: `=HYPERLINK("http://example.org")`}, {N: -1}, {N: -5}, {None: true}},
}

func write(t *testing.T, w Writer, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if err := w.Row(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestACSVFileIsReadByASpreadsheetAndRunsNothing(t *testing.T) {
	var b bytes.Buffer
	w, err := NewCSV(&b, columns)
	write(t, w, err)
	words, ok := strings.CutPrefix(b.String(), "\ufeff")
	if !ok {
		t.Error("nothing says that it is UTF-8")
	}
	if n := strings.Count(words, "\r\n"); n != 3 {
		t.Errorf("%d lines end as spreadsheets like it, want 3", n)
	}
	got, err := csv.NewReader(strings.NewReader(words)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{
		{"Name", "People", "Spent", "When"},
		{"Oldham", "3", "1234.56", "2026-07-01 09:00"},
		{`'=HYPERLINK("http://example.org")`, "-1", "-0.05", ""},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func open(t *testing.T, b *bytes.Buffer) *excelize.File {
	t.Helper()
	f, err := excelize.OpenReader(b)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func TestAWorkbookHoldsNumbersAndDaysAndSaysWhatItIs(t *testing.T) {
	var b bytes.Buffer
	w, err := NewXLSX(&b, [][2]string{{"Months", "April 2026"}, {"Rows", "=2"}}, columns)
	write(t, w, err)
	f := open(t, &b)
	if diff := cmp.Diff([]string{"About", "Figures"}, f.GetSheetList()); diff != "" {
		t.Error(diff)
	}
	for cell, want := range map[string]string{"About!A1": "Months", "About!B1": "April 2026", "About!B2": "'=2", "Figures!A1": "Name", "Figures!A3": `'=HYPERLINK("http://example.org")`,
		"Figures!B2": "3", "Figures!C2": "1234.56", "Figures!C3": "-0.05", "Figures!D2": "46204.375", "Figures!D3": ""} {
		sheet, at, _ := strings.Cut(cell, "!")
		got, err := f.GetCellValue(sheet, at, excelize.Options{RawCellValue: true})
		if err != nil || got != want {
			t.Errorf("%s is %q, want %q (%v)", cell, got, want, err)
		}
		if formula, err := f.GetCellFormula(sheet, at); err != nil || formula != "" {
			t.Errorf("%s would run %q", cell, formula)
		}
	}
	for cell, want := range map[string]string{"C2": "£1,234.56", "C3": "-£0.05", "D2": "1 Jul 2026 09:00"} {
		if got, err := f.GetCellValue("Figures", cell); err != nil || got != want {
			t.Errorf("%s shows %q, want %q (%v)", cell, got, want, err)
		}
	}
}

func TestMoreRowsThanASheetHoldsGoOnInAnother(t *testing.T) {
	var b bytes.Buffer
	w, err := NewXLSX(&b, nil, columns)
	if err != nil {
		t.Fatal(err)
	}
	w.(*workbook).most = 2 // a heading and a row
	write(t, w, nil)
	f := open(t, &b)
	for sheet, want := range map[string]string{"Figures": "Oldham", "Figures 2": `'=HYPERLINK("http://example.org")`} {
		if got, err := f.GetCellValue(sheet, "A2"); err != nil || got != want {
			t.Errorf("%s begins with %q, want %q (%v)", sheet, got, want, err)
		}
		if got, err := f.GetCellValue(sheet, "A1"); err != nil || got != "Name" {
			t.Errorf("%s has the heading %q (%v)", sheet, got, err)
		}
	}
}
