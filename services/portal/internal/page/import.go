package page

import (
	"bytes"
	"errors"
	"mime/multipart"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	openapi "github.com/oapi-codegen/runtime/types"

	"github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/portal/internal/component"
	"github.com/instead-support/instead/services/portal/internal/form"
	"github.com/instead-support/instead/services/portal/internal/web"
)

// Imports is how courses and their prices come in: upload a file, say which
// column is which if it does not say so itself, watch, and see what came of it.
type Imports struct{ Deps }

// Register implements web.Page.
func (i Imports) Register(g *web.Group) {
	g.Get("/courses/imports", i.history, identity.Manager)
	g.Get("/courses/imports/new", i.askFile, identity.Manager)
	g.Post("/courses/imports/new", i.upload, identity.Manager)
	g.Get("/courses/imports/:id", i.show, identity.Manager)
	g.Post("/courses/imports/:id", i.mapColumns, identity.Manager)
	g.Get("/courses/imports/:id/not-taken.csv", i.download, identity.Manager)
}

// mostBytes is the largest file that funding takes.
const mostBytes = 20 << 20

const (
	importsAPage  = 20
	problemsAPage = 50
)

// refresh is how often the page of a running import asks again.
const refresh = 3 * time.Second

func (i Imports) history(r *http.Request) (web.Answer, error) {
	resp, err := i.Funding.ListImportsWithResponse(r.Context(), &funding.ListImportsParams{Page: new(pageOf(r)), Size: new(importsAPage)})
	if err != nil {
		return nil, err
	}
	list := resp.JSON200
	layout := component.LayoutProps{
		Title:  titled("Course lists imported", list.Page, list.Size, list.Total),
		Before: component.BackLink("Courses", "/courses"),
	}
	return web.Show(layout, importHistory(list.Items, paging("/courses/imports", nil, list.Page, list.Size, list.Total))), nil
}

func (i Imports) askFile(*http.Request) (web.Answer, error) { return showUpload(form.New(nil)), nil }

func showUpload(f *form.Form) web.Answer {
	return web.Show(component.LayoutProps{
		Title: "Import a course list", Errors: f.Errors(), Before: component.BackLink("Courses", "/courses"),
	}, uploadFile(f))
}

// upload passes the file on as it is. Whether it is a good one is for funding
// to say; only what can be seen without reading it is said here, sooner.
func (i Imports) upload(r *http.Request) (web.Answer, error) {
	f := form.New(r.PostForm)
	file, header, err := r.FormFile("file")
	switch {
	case errors.Is(err, http.ErrMissingFile):
		f.Want(false, "file", "Choose a CSV file.")
	case err != nil:
		return nil, fault.Wrap(err, fault.Invalid, "We could not read what your browser sent.")
	default:
		defer file.Close()
		f.Want(header.Size > 0, "file", "The file is empty. Choose a CSV file with a heading line and a row for each price.")
		f.Want(header.Size <= mostBytes, "file", "The file is larger than 20 MB. Split it and import the parts.")
	}
	if !f.OK() {
		return showUpload(f), nil
	}
	resp, err := i.Funding.UploadImportWithBodyWithResponse(r.Context(), &funding.UploadImportParams{FileName: fileName(header)}, "text/csv", file)
	if problem := fault.As(err); problem != nil && len(problem.Fields) == 0 && (problem.Kind == fault.Invalid || problem.Kind == fault.TooLarge) {
		f.Want(false, "file", problem.Message)
	} else if err := f.Fail(err, nil); err != nil {
		return nil, err
	}
	if !f.OK() {
		return showUpload(f), nil
	}
	return web.Go(importPath(resp.JSON202)), nil
}

// fileName is what the file is called, cut to what is kept of it.
func fileName(h *multipart.FileHeader) string {
	name := []rune(strings.ToValidUTF8(h.Filename, "\uFFFD"))
	if len(name) == 0 {
		return "courses.csv"
	}
	return string(name[:min(len(name), 200)])
}

func importPath(imp *funding.Import) string { return "/courses/imports/" + imp.Id.String() }

func (i Imports) read(r *http.Request) (*funding.Import, error) {
	id, err := idIn(r, "id")
	if err != nil {
		return nil, err
	}
	resp, err := i.Funding.ReadImportWithResponse(r.Context(), id)
	if err != nil {
		return nil, err
	}
	return resp.JSON200, nil
}

// show shows an import as far as it has come.
func (i Imports) show(r *http.Request) (web.Answer, error) {
	imp, err := i.read(r)
	if err != nil {
		return nil, err
	}
	back := component.BackLink("Course lists imported", "/courses/imports")
	switch imp.State {
	case funding.NeedsMapping:
		f := form.New(nil)
		f.Set("heading", strconv.Itoa(imp.Preview.HeadingLine))
		for _, c := range imp.Mapping.Columns {
			f.Set("column-"+string(c.Field), strconv.Itoa(c.Column))
		}
		return showMapping(f, imp), nil
	case funding.Running:
		still := r.URL.Query().Has("still")
		page := web.Show(component.LayoutProps{Title: "Importing", Before: back}, importRunning(imp, still))
		if still {
			return page, nil
		}
		return web.Again(page, refresh), nil
	case funding.Failed:
		return web.Show(component.LayoutProps{Title: "This list could not be imported", Before: back}, importFailed(imp)), nil
	}
	resp, err := i.Funding.ListImportProblemsWithResponse(r.Context(), imp.Id, &funding.ListImportProblemsParams{Page: new(pageOf(r)), Size: new(problemsAPage)})
	if err != nil {
		return nil, err
	}
	bad := resp.JSON200
	layout := component.LayoutProps{Title: titled("What came of the import", bad.Page, bad.Size, bad.Total), Before: back, Wide: true}
	return web.Show(layout, importDone(imp, bad.Items, bad.Total, paging(importPath(imp), nil, bad.Page, bad.Size, bad.Total))), nil
}

func (i Imports) download(r *http.Request) (web.Answer, error) {
	id, err := idIn(r, "id")
	if err != nil {
		return nil, err
	}
	resp, err := i.Funding.DownloadImportProblemsWithResponse(r.Context(), id)
	if err != nil {
		return nil, err
	}
	return web.File("not-taken.csv", "text/csv; charset=utf-8", bytes.NewReader(resp.Body)), nil
}

// mapped are the fields that a column can say, in the order in which they are
// asked for.
var mapped = []struct {
	field    funding.MappingColumnsField
	words    string
	hint     string
	required string // what is said when no column is chosen
}{
	{funding.MappingColumnsFieldCode, "Course code", "", "Choose the column that has the course code."},
	{funding.MappingColumnsFieldName, "Name of the course", "", "Choose the column that has the name of the course."},
	{funding.MappingColumnsFieldPrice, "Price", "In pounds", "Choose the column that has the price."},
	{funding.MappingColumnsFieldFrom, "First day of the price", "", ""},
	{funding.MappingColumnsFieldTo, "Last day of the price", "", ""},
	{funding.MappingColumnsFieldProvider, "Provider", "", ""},
	{funding.MappingColumnsFieldSubject, "Subject", "", ""},
	{funding.MappingColumnsFieldLevel, "Level", "", ""},
	{funding.MappingColumnsFieldHours, "Hours", "", ""},
	{funding.MappingColumnsFieldMonths, "Length in months", "", ""},
	{funding.MappingColumnsFieldPlace, "Place", "", ""},
}

func showMapping(f *form.Form, imp *funding.Import) web.Answer {
	return web.Show(component.LayoutProps{
		Title: "Which column is which?", Errors: f.Errors(), Wide: true,
		Before: component.BackLink("Import another file", "/courses/imports/new"),
	}, mapImport(f, imp))
}

func (i Imports) mapColumns(r *http.Request) (web.Answer, error) {
	imp, err := i.read(r)
	if err != nil {
		return nil, err
	}
	if imp.State != funding.NeedsMapping { // it was sent twice, or by somebody else too
		return web.Go(importPath(imp)), nil
	}
	f := form.New(r.PostForm)
	if f.Value("step") == "headings" { // only the line of the headings was chosen
		return showMapping(f, imp), nil
	}
	mapping, names := readMapping(f)
	if !f.OK() {
		return showMapping(f, imp), nil
	}
	resp, err := i.Funding.MapImportWithResponse(r.Context(), imp.Id, &funding.MapImportParams{}, mapping)
	if fault.Is(err, fault.Conflict) {
		return web.Go(importPath(imp)), nil
	}
	if err := f.Fail(err, names); err != nil {
		return nil, err
	}
	if !f.OK() {
		return showMapping(f, imp), nil
	}
	return web.Go(importPath(resp.JSON202)), nil
}

// readMapping also returns where what funding says of each column belongs.
func readMapping(f *form.Form) (funding.Mapping, form.Names) {
	names := form.Names{"/heading_line": "heading", "/from": "from"}
	var m funding.Mapping
	m.HeadingLine, _ = strconv.Atoi(f.Text("heading")) // none means that there are no headings
	for _, c := range mapped {
		name := "column-" + string(c.field)
		n, _ := strconv.Atoi(f.Text(name))
		f.Want(n > 0 || c.required == "", name, c.required)
		if n == 0 {
			continue
		}
		at := "/columns/" + strconv.Itoa(len(m.Columns))
		names[at], names[at+"/column"], names[at+"/field"] = name, name, name
		m.Columns = append(m.Columns, struct {
			Column int                         `json:"column"`
			Field  funding.MappingColumnsField `json:"field"`
		}{n, c.field})
	}
	given := f.Value("from-day")+f.Value("from-month")+f.Value("from-year") != ""
	switch {
	case given:
		m.From = openapi.Date{Time: f.Day("from", "The day that the prices start")}
	case f.Text("column-from") == "":
		f.Want(false, "column-from", "Choose the column that has the first day of each price, or give one day for the whole file.")
	}
	return m, names
}

// previewColumns are the columns of the file, called as a spreadsheet does and
// by what the line of headings says.
func previewColumns(p funding.Preview, heading int) []component.Option {
	choices := []component.Option{{Value: "", Text: "Not in this file"}}
	for n := range width(p) {
		words := cellAt(p, heading, n)
		if words == "" {
			words = example(p, heading, n)
		}
		choices = append(choices, component.Option{Value: strconv.Itoa(n + 1), Text: joined(": ", letters(n), words)})
	}
	return choices
}

func width(p funding.Preview) int {
	most := 0
	for _, line := range p.Lines {
		most = max(most, len(line))
	}
	return most
}

// cellAt is what a line, counted from 1, says in a column, counted from 0.
func cellAt(p funding.Preview, line, column int) string {
	if line < 1 || line > len(p.Lines) || column >= len(p.Lines[line-1]) {
		return ""
	}
	return p.Lines[line-1][column]
}

// example is the first thing that a column says below a line.
func example(p funding.Preview, line, column int) string {
	for n := line + 1; n <= len(p.Lines); n++ {
		if s := cellAt(p, n, column); s != "" {
			return "such as " + s
		}
	}
	return ""
}

// headingChoices are the lines that could be the headings: those that say
// something.
func headingChoices(p funding.Preview) []component.Option {
	choices := []component.Option{{Value: "0", Text: "There are no headings"}}
	for n, line := range p.Lines {
		says := joined(", ", slices.Clone(line)...)
		if says == "" {
			continue
		}
		const most = 50
		if utf8.RuneCountInString(says) > most {
			says = string([]rune(says)[:most]) + "…"
		}
		choices = append(choices, component.Option{Value: strconv.Itoa(n + 1), Text: "Line " + strconv.Itoa(n+1) + ": " + says})
	}
	if n := p.HeadingLine; n > len(p.Lines) { // found further down than what is shown
		choices = append(choices, component.Option{Value: strconv.Itoa(n), Text: "Line " + strconv.Itoa(n)})
	}
	return choices
}

// letters is what a spreadsheet calls the column at n, counted from 0.
func letters(n int) string {
	s := string(rune('A' + n%26))
	if n >= 26 {
		return letters(n/26-1) + s
	}
	return s
}
