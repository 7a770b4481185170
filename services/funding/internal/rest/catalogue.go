package rest

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"iter"
	"net/http"
	"slices"
	"time"

	openapi "github.com/oapi-codegen/runtime/types"

	api "github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/services/funding/internal/catalogue"
)

// Catalogue implements the contract's operations on courses, prices and imports.
type Catalogue struct{ Courses *catalogue.Courses }

// SearchCourses finds courses by words.
func (h Catalogue) SearchCourses(ctx context.Context, in api.SearchCoursesRequestObject) (api.SearchCoursesResponseObject, error) {
	q := catalogue.Query{
		Text:     or(in.Params.Q, ""),
		PricedOn: or(in.Params.PricedOn, openapi.Date{}).Time,
		Page:     coursePage(in.Params.Page, in.Params.Size),
	}
	found, total, err := h.Courses.Search(ctx, q)
	if err != nil {
		return nil, err
	}
	return api.SearchCourses200JSONResponse{Items: each(found, fromFound), Total: total, Page: q.Page.Number, Size: q.Page.Size}, nil
}

// ReadCourse is one course with all its prices.
func (h Catalogue) ReadCourse(ctx context.Context, in api.ReadCourseRequestObject) (api.ReadCourseResponseObject, error) {
	found, err := h.Courses.Course(ctx, in.Id)
	if err != nil {
		return nil, err
	}
	return api.ReadCourse200JSONResponse(fromCourse(found)), nil
}

// ListFlaggedPrices lists the prices that wait for somebody to confirm them.
func (h Catalogue) ListFlaggedPrices(ctx context.Context, in api.ListFlaggedPricesRequestObject) (api.ListFlaggedPricesResponseObject, error) {
	page := coursePage(in.Params.Page, in.Params.Size)
	flagged, total, err := h.Courses.Flagged(ctx, page)
	if err != nil {
		return nil, err
	}
	return api.ListFlaggedPrices200JSONResponse{Items: each(flagged, fromFlagged), Total: total, Page: page.Number, Size: page.Size}, nil
}

// ConfirmPrice says that a flagged price is right.
func (h Catalogue) ConfirmPrice(ctx context.Context, in api.ConfirmPriceRequestObject) (api.ConfirmPriceResponseObject, error) {
	found, err := h.Courses.Confirm(ctx, in.Id)
	if err != nil {
		return nil, err
	}
	return api.ConfirmPrice200JSONResponse(fromCourse(found)), nil
}

// ListImports lists the course lists imported so far.
func (h Catalogue) ListImports(ctx context.Context, in api.ListImportsRequestObject) (api.ListImportsResponseObject, error) {
	page := coursePage(in.Params.Page, in.Params.Size)
	imports, total, err := h.Courses.Imports(ctx, page)
	if err != nil {
		return nil, err
	}
	return api.ListImports200JSONResponse{Items: each(imports, fromImport), Total: total, Page: page.Number, Size: page.Size}, nil
}

// UploadImport takes a file in. The whole of it is read before anything is done,
// so that a slow sender holds no transaction open.
func (h Catalogue) UploadImport(ctx context.Context, in api.UploadImportRequestObject) (api.UploadImportResponseObject, error) {
	m := catalogue.Mapping{From: or(in.Params.From, openapi.Date{}).Time}
	for _, pair := range or(in.Params.Map, nil) {
		if err := m.Map(pair); err != nil {
			return nil, err
		}
	}
	file, err := io.ReadAll(io.LimitReader(in.Body, catalogue.MostBytes+1))
	if err != nil {
		return nil, fault.Wrap(err, fault.Invalid, "The file did not arrive whole. Send it again.")
	}
	imp, err := h.Courses.Upload(ctx, in.Params.FileName, file, m)
	if err != nil {
		return nil, err
	}
	return api.UploadImport202JSONResponse(fromImport(imp)), nil
}

// ReadImport is how far an import is, and what it did.
func (h Catalogue) ReadImport(ctx context.Context, in api.ReadImportRequestObject) (api.ReadImportResponseObject, error) {
	imp, err := h.Courses.Import(ctx, in.Id)
	if err != nil {
		return nil, err
	}
	return api.ReadImport200JSONResponse(fromImport(imp)), nil
}

// MapImport says which column is which, and runs the import.
func (h Catalogue) MapImport(ctx context.Context, in api.MapImportRequestObject) (api.MapImportResponseObject, error) {
	m, err := toMapping(*in.Body)
	if err != nil {
		return nil, err
	}
	imp, err := h.Courses.Map(ctx, in.Id, m)
	if err != nil {
		return nil, err
	}
	return api.MapImport202JSONResponse(fromImport(imp)), nil
}

// ListImportProblems lists the rows of an import that were not taken.
func (h Catalogue) ListImportProblems(ctx context.Context, in api.ListImportProblemsRequestObject) (api.ListImportProblemsResponseObject, error) {
	page := coursePage(in.Params.Page, in.Params.Size)
	problems, total, err := h.Courses.Problems(ctx, in.Id, page)
	if err != nil {
		return nil, err
	}
	return api.ListImportProblems200JSONResponse{Items: each(problems, fromProblem), Total: total, Page: page.Number, Size: page.Size}, nil
}

// DownloadImportProblems is the same as a file for a spreadsheet.
func (h Catalogue) DownloadImportProblems(ctx context.Context, in api.DownloadImportProblemsRequestObject) (api.DownloadImportProblemsResponseObject, error) {
	rows, err := h.Courses.AllProblems(ctx, in.Id)
	if err != nil {
		return nil, err
	}
	return problemsFile(rows), nil
}

// problemsFile writes rows as they come, however many they are.
type problemsFile iter.Seq2[[]string, error]

// VisitDownloadImportProblemsResponse writes the file, with the mark by which
// Excel knows UTF-8.
func (rows problemsFile) VisitDownloadImportProblemsResponse(w http.ResponseWriter) error {
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="rows-not-imported.csv"`)
	if _, err := io.WriteString(w, "\ufeff"); err != nil {
		return err
	}
	out := csv.NewWriter(w)
	for row, err := range rows {
		if err != nil {
			return err
		}
		if err := out.Write(row); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// coursePage is the page asked for, or the first.
func coursePage(number, size *int) catalogue.Page {
	return catalogue.Page{Number: or(number, 1), Size: or(size, 25)}
}

func toMapping(in api.Mapping) (catalogue.Mapping, error) {
	m := catalogue.Mapping{HeadingLine: in.HeadingLine, Only: true, Columns: map[catalogue.Field]string{}, From: in.From.Time}
	var check fault.Check
	taken := map[int]bool{}
	for i, c := range in.Columns {
		at := fmt.Sprintf("/columns/%d/", i)
		_, twice := m.Columns[catalogue.Field(c.Field)]
		check.Want(!twice, at+"field", "This is chosen for two columns. Choose one of them.")
		check.Want(!taken[c.Column], at+"column", "This column is chosen twice. Choose another for one of them.")
		taken[c.Column] = true
		m.Columns[catalogue.Field(c.Field)] = catalogue.Position(c.Column)
	}
	return m, check.Err()
}

func fromFound(f catalogue.Found) api.CourseSummary {
	out := api.CourseSummary{
		Id: f.Course.ID, Code: f.Course.Code, Name: f.Course.Name, Provider: f.Course.Provider, Subject: f.Course.Subject,
		Level: f.Course.Level, Place: f.Course.Place, Hours: f.Course.Hours, Months: f.Course.Months,
	}
	if f.Price != nil {
		out.Price = fromPrice(*f.Price)
	}
	return out
}

func fromCourse(f catalogue.Found) api.Course {
	s := fromFound(f)
	newestFirst := slices.Clone(f.Course.Prices)
	slices.Reverse(newestFirst)
	return api.Course{
		Id: s.Id, Code: s.Code, Name: s.Name, Provider: s.Provider, Subject: s.Subject, Level: s.Level, Place: s.Place,
		Hours: s.Hours, Months: s.Months, Price: s.Price, Prices: each(newestFirst, fromPrice),
	}
}

func fromFlagged(f catalogue.Flagged) api.FlaggedPrice {
	return api.FlaggedPrice{Course: fromFound(catalogue.Found{Course: f.Course}), Price: fromPrice(f.Price)}
}

func fromProblem(p catalogue.Problem) api.ImportProblem {
	return api.ImportProblem{Line: p.Line, Code: p.Code, Column: p.Column, Reason: p.Reason}
}

func fromPrice(p catalogue.Price) api.Price {
	return api.Price{
		Id: p.ID, Pence: int64(p.Pence), From: openapi.Date{Time: p.From}, To: openapi.Date{Time: p.To}, Source: p.Source,
		Flag: p.Flag, Confirmed: p.Confirmed(), ConfirmedBy: p.ConfirmedName, ConfirmedAt: p.ConfirmedAt,
	}
}

func fromImport(imp catalogue.Import) api.Import {
	out := api.Import{
		Id: imp.ID, FileName: imp.FileName, State: api.ImportState(imp.State), Message: imp.Message, At: imp.At, ByName: imp.ByName,
		Total: imp.Total, Done: imp.Done, Added: imp.Added, Updated: imp.Updated, Unchanged: imp.Unchanged,
		Duplicates: imp.Duplicates, Bad: imp.Bad, Flagged: imp.Flagged,
		Mapping: fromShown(imp.Shown, imp.Mapping.From),
	}
	if imp.State == catalogue.NeedsMapping {
		out.Preview = api.Preview{HeadingLine: imp.Shown.HeadingLine, Lines: imp.Shown.Lines}
	}
	return out
}

// fromShown is how the columns were understood, whoever said so.
func fromShown(s catalogue.Shown, from time.Time) api.Mapping {
	type column = struct {
		Column int                     `json:"column"`
		Field  api.MappingColumnsField `json:"field"`
	}
	out := api.Mapping{HeadingLine: s.HeadingLine, From: openapi.Date{Time: from}, Columns: []column{}}
	for _, f := range catalogue.Fields {
		if i, ok := s.Columns[f]; ok {
			out.Columns = append(out.Columns, column{i + 1, api.MappingColumnsField(f)})
		}
	}
	return out
}
