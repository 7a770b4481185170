package page_test

import (
	"context"
	"io"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/pkg/fault"
)

func TestAListIsImportedAndTheRowsNotTakenAreShown(t *testing.T) {
	p := start(t)
	p.funding.problems = []funding.ImportProblem{{Line: 3, Code: "X-2", Column: "price", Reason: "There is no price."}}
	b := p.as(helen)
	ask := b.get("/courses").follow("Import a course list").sound().wants("Up to 20 MB", "Importing the same list again changes nothing.")

	running := ask.press("Import", fill{"file": "code,name,price,from\nX-1,Welding,100,2025-08-01\nX-2,Painting,,2025-08-01\n"}).sound().
		wants("Importing", "courses.csv, Helen Barlow", "1 of 2 rows done")
	if got := running.header.Get("Refresh"); got != "3" {
		t.Errorf("a running import has Refresh %q, want 3: without scripts nothing else brings it up to date", got)
	}
	if !strings.Contains(p.funding.uploaded, "X-1,Welding") {
		t.Errorf("funding got %q", p.funding.uploaded)
	}
	still := running.follow("Stop that").sound().wants("This page stays as it is.")
	if got := still.header.Get("Refresh"); got != "" {
		t.Errorf("a page that was told to stay as it is has Refresh %q", got)
	}

	p.funding.finish()
	done := still.follow("See how far it is now").sound().
		wants("What came of the import", "courses.csv, Helen Barlow", "Rows read 2", "Prices added 1", "Not taken 1", "1 row left out", "3 X-2 price: There is no price.")
	file := done.follow("Download this as a CSV file")
	if !strings.Contains(file.source, "There is no price.") || !strings.Contains(file.header.Get("Content-Disposition"), "attachment") {
		t.Errorf("the download is %q with %v", file.source, file.header)
	}
	b.get("/courses/imports").sound().wants("courses.csv", "1 added, 0 updated, 1 not taken", "Done")
}

func TestAFileThatIsNoListIsSaidToBeSoBesideTheField(t *testing.T) {
	for name, c := range map[string]struct {
		file, says string
	}{
		"nothing chosen": {"", "Choose a CSV file."},
		"a spreadsheet":  {"PK\x03\x04", "This is a spreadsheet file. Open it, save it as CSV and import that."},
		"too large":      {strings.Repeat("x", 20<<20+1), "The file is larger than 20 MB. Split it and import the parts."},
	} {
		t.Run(name, func(t *testing.T) {
			p := start(t)
			typed := fill{"file": c.file}
			if c.file == "" {
				typed = nil
			}
			at := p.as(helen).get("/courses/imports/new").press("Import", typed).sound().wants("There is a problem", c.says)
			if at.status != 422 {
				t.Errorf("status %d, want 422", at.status)
			}
		})
	}
}

func TestAFileWithOtherHeadingsIsMappedColumnByColumn(t *testing.T) {
	p := start(t)
	ask := p.as(helen).get("/courses/imports/new").press("Import", fill{"file": "unknown headings"}).sound().
		wants("Which column is which?", "Say which column has the price.", "Line 2: Kurs, Titel, Betrag", "B: Titel")

	// The course code was understood; the price was not, and there is no date.
	again := ask.press("Import", fill{"column-name": "2"}).sound().
		wants("Choose the column that has the price.", "or give one day for the whole file.").
		lacks("Choose the column that has the course code.")
	if again.status != 422 {
		t.Errorf("status %d, want 422", again.status)
	}

	other := again.press("Show the headings of this line", fill{"heading": "3"}).sound().wants("B: Schweißen").lacks("There is a problem")

	done := other.press("Import", fill{"heading": "2", "column-price": "3", "from-day": "1", "from-month": "8", "from-year": "2025"}).sound().wants("Importing")
	m := p.funding.imports[0].Mapping
	if m.HeadingLine != 2 || len(m.Columns) != 3 || m.Columns[2].Field != "price" || m.Columns[2].Column != 3 || m.From.Format("2006-01-02") != "2025-08-01" {
		t.Errorf("funding was told %+v", m)
	}
	// The form sent again, as a double click does, leads to the same import.
	other.press("Import", fill{"column-price": "3"}).is(200, done.url)
}

func TestWhatFundingSaysOfAColumnIsBesideThatColumn(t *testing.T) {
	p := start(t)
	ask := p.as(helen).get("/courses/imports/new").press("Import", fill{"file": "unknown headings"})
	at := ask.press("Import", fill{"column-name": "2", "column-price": "2", "from-day": "1", "from-month": "8", "from-year": "2025"}).sound().
		wants("Column B is taken for the name.")
	if !strings.Contains(at.source, `href="#column-price"`) {
		t.Error("the error summary does not lead to the price's column")
	}
}

func TestAnImportThatFailedSaysWhyAndTheWayOn(t *testing.T) {
	p := start(t)
	imp := funding.Import{Id: uuid.New(), FileName: "odd.csv", State: funding.Failed, At: now, ByName: "Helen Barlow", Message: "The file has more than 250000 rows. Split it and import the parts."}
	p.funding.imports = []funding.Import{imp}
	p.as(helen).get("/courses/imports").sound().follow("odd.csv").sound().
		wants("This list could not be imported", "Split it").follow("Import another file").is(200, "/courses/imports/new")
}

func (m *memoryFunding) UploadImport(_ context.Context, in funding.UploadImportRequestObject) (funding.UploadImportResponseObject, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	file, err := io.ReadAll(in.Body)
	if err != nil {
		return nil, err
	}
	m.uploaded = string(file)
	if strings.HasPrefix(m.uploaded, "PK") {
		return nil, fault.New(fault.Invalid, "This is a spreadsheet file. Open it, save it as CSV and import that.")
	}
	imp := funding.Import{Id: uuid.New(), FileName: in.Params.FileName, State: funding.Running, At: now, ByName: "Helen Barlow", Total: 2, Done: 1}
	if m.uploaded == "unknown headings" {
		imp.State, imp.Message = funding.NeedsMapping, "Say which column has the price."
		imp.Preview = funding.Preview{HeadingLine: 2, Lines: [][]string{{"Preisliste"}, {"Kurs", "Titel", "Betrag"}, {"X-1", "Schweißen", "100"}}}
		imp.Mapping.Columns = append(imp.Mapping.Columns, column("code", 1))
	}
	m.imports = append([]funding.Import{imp}, m.imports...)
	return funding.UploadImport202JSONResponse(imp), nil
}

func column(field funding.MappingColumnsField, n int) (c struct {
	Column int                         `json:"column"`
	Field  funding.MappingColumnsField `json:"field"`
}) {
	c.Field, c.Column = field, n
	return c
}

// finish is when the work behind an import is done.
func (m *memoryFunding) finish() {
	m.mu.Lock()
	defer m.mu.Unlock()
	imp := &m.imports[0]
	imp.State, imp.Done, imp.Added, imp.Bad = funding.Done, imp.Total, imp.Total-len(m.problems), len(m.problems)
}

func (m *memoryFunding) ReadImport(_ context.Context, in funding.ReadImportRequestObject) (funding.ReadImportResponseObject, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, imp := range m.imports {
		if imp.Id == in.Id {
			return funding.ReadImport200JSONResponse(imp), nil
		}
	}
	return nil, fault.New(fault.NotFound, "There is no such import.")
}

func (m *memoryFunding) MapImport(_ context.Context, in funding.MapImportRequestObject) (funding.MapImportResponseObject, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	taken := map[int]bool{}
	for i, c := range in.Body.Columns {
		if taken[c.Column] {
			f := fault.New(fault.Invalid, "Some of what you entered needs another look.")
			f.Fields = []fault.Field{{Pointer: "/columns/" + string(rune('0'+i)) + "/column", Message: "Column B is taken for the name."}}
			return nil, f
		}
		taken[c.Column] = true
	}
	imp := &m.imports[0]
	imp.Mapping, imp.State = *in.Body, funding.Running
	return funding.MapImport202JSONResponse(*imp), nil
}

func (m *memoryFunding) ListImports(context.Context, funding.ListImportsRequestObject) (funding.ListImportsResponseObject, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return funding.ListImports200JSONResponse{Items: m.imports, Total: len(m.imports), Page: 1, Size: 20}, nil
}

func (m *memoryFunding) ListImportProblems(context.Context, funding.ListImportProblemsRequestObject) (funding.ListImportProblemsResponseObject, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return funding.ListImportProblems200JSONResponse{Items: append([]funding.ImportProblem{}, m.problems...), Total: len(m.problems), Page: 1, Size: 50}, nil
}

func (m *memoryFunding) DownloadImportProblems(context.Context, funding.DownloadImportProblemsRequestObject) (funding.DownloadImportProblemsResponseObject, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var b strings.Builder
	for _, p := range m.problems {
		b.WriteString(p.Code + "," + p.Reason + "\n")
	}
	return funding.DownloadImportProblems200TextcsvResponse{Body: strings.NewReader(b.String()), ContentLength: int64(b.Len())}, nil
}
