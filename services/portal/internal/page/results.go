package page

import (
	"errors"
	"net/http"
	"strconv"

	"github.com/google/uuid"

	"github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/portal/internal/component"
	"github.com/instead-support/instead/services/portal/internal/form"
	"github.com/instead-support/instead/services/portal/internal/web"
)

// Results is how what became of payments comes in: upload the file, say which
// column is which if it does not say so itself, and see to what needs somebody.
type Results struct{ Deps }

// Register implements web.Page.
func (p Results) Register(g *web.Group) {
	g.Menu(identity.Finance, "Results", "/results")
	g.Get("/results", p.list, identity.Finance)
	g.Get("/results/new", p.askFile, identity.Finance)
	g.Post("/results/new", p.upload, identity.Finance)
	g.Get("/results/:id", p.read, identity.Finance)
	g.Post("/results/:id", p.mapColumns, identity.Finance)
}

// mostOfAResult is the largest result file that funding takes.
const mostOfAResult = 5 << 20

const linesAPage = 50

func resultPath(id uuid.UUID) string { return "/results/" + id.String() }

func (p Results) list(r *http.Request) (web.Answer, error) {
	resp, err := p.Funding.ListResultsWithResponse(r.Context(), &funding.ListResultsParams{Page: new(pageOf(r)), Size: new(paymentsAPage)})
	if err != nil {
		return nil, err
	}
	list := resp.JSON200
	layout := component.LayoutProps{Title: titled("Results", list.Page, list.Size, list.Total), Wide: true}
	return web.Show(layout, resultList(list.Items, paging("/results", nil, list.Page, list.Size, list.Total))), nil
}

func (p Results) askFile(r *http.Request) (web.Answer, error) {
	me, err := identity.From(r.Context())
	if err != nil {
		return nil, err
	}
	return showResultUpload(form.New(nil), me.Areas), nil
}

func showResultUpload(f *form.Form, areas []string) web.Answer {
	return web.Show(component.LayoutProps{
		Title: "Import a result file", Errors: f.Errors(), Before: component.BackLink("Results", "/results"),
	}, uploadResult(f, areas))
}

// upload passes the file on as it is. Whether it is a good one is for funding to
// say; only what can be seen without reading it is said here, sooner.
func (p Results) upload(r *http.Request) (web.Answer, error) {
	me, err := identity.From(r.Context())
	if err != nil {
		return nil, err
	}
	f := form.New(r.PostForm)
	if len(me.Areas) == 1 {
		f.Set("area", me.Areas[0])
	}
	area := f.Choice("area", "Choose the area whose payments these are.", me.Areas...)
	file, header, err := r.FormFile("file")
	switch {
	case errors.Is(err, http.ErrMissingFile):
		f.Want(false, "file", "Choose the file that the bank or the finance system gave back.")
	case err != nil:
		return nil, fault.Wrap(err, fault.Invalid, "We could not read what your browser sent.")
	default:
		defer file.Close()
		f.Want(header.Size > 0, "file", "The file is empty. Choose the CSV file that the bank or the finance system gave back.")
		f.Want(header.Size <= mostOfAResult, "file", "The file is larger than 5 MB. Split it and import the parts.")
	}
	if !f.OK() {
		return showResultUpload(f, me.Areas), nil
	}
	resp, err := p.Funding.UploadResultsWithBodyWithResponse(r.Context(), &funding.UploadResultsParams{Area: area, FileName: fileName(header)}, "text/csv", file)
	if problem := fault.As(err); problem != nil && len(problem.Fields) == 0 && (problem.Kind == fault.Invalid || problem.Kind == fault.TooLarge) {
		f.Want(false, "file", problem.Message)
	} else if err := f.Fail(err, form.Names{"/area": "area"}); err != nil {
		return nil, err
	}
	if !f.OK() {
		return showResultUpload(f, me.Areas), nil
	}
	return web.Go(resultPath(resp.JSON201.Id)), nil
}

func (p Results) result(r *http.Request) (*funding.Result, error) {
	id, err := idIn(r, "id")
	if err != nil {
		return nil, err
	}
	resp, err := p.Funding.ReadResultWithResponse(r.Context(), id)
	if err != nil {
		return nil, err
	}
	return resp.JSON200, nil
}

// exceptions are the findings that somebody has to do something about, in the
// order in which they are shown.
var exceptions = []funding.Finding{
	funding.FoundFailed, funding.FoundShort, funding.FoundWrongAmount, funding.FoundAlreadySettled, funding.FoundNotSent,
	funding.FoundDecidedByYou, funding.FoundUnknown, funding.FoundRepeated, funding.FoundUnreadable,
}

func (p Results) read(r *http.Request) (web.Answer, error) {
	one, err := p.result(r)
	if err != nil {
		return nil, err
	}
	back := component.BackLink("Results", "/results")
	switch one.State {
	case funding.ResultNeedsMapping:
		f := form.New(nil)
		f.Set("heading", strconv.Itoa(one.Preview.HeadingLine))
		for _, c := range one.Mapping.Columns {
			f.Set("column-"+string(c.Field), strconv.Itoa(c.Column))
		}
		return showResultMapping(f, one), nil
	case funding.ResultRunning:
		still := r.URL.Query().Has("still")
		page := web.Show(component.LayoutProps{Title: "Recording what became of the payments", Before: back}, resultRunning(one, still))
		if still {
			return page, nil
		}
		return web.Again(page, refresh), nil
	}
	lines, err := p.Funding.ListResultLinesWithResponse(r.Context(), one.Id, &funding.ListResultLinesParams{
		Finding: &exceptions, Page: new(pageOf(r)), Size: new(linesAPage),
	})
	if err != nil {
		return nil, err
	}
	list := lines.JSON200
	layout := component.LayoutProps{Title: titled("What became of the payments", list.Page, list.Size, list.Total), Before: back, Wide: true}
	return web.Show(layout, resultView(one, list.Items, list.Total, paging(resultPath(one.Id), nil, list.Page, list.Size, list.Total))), nil
}

// resultFields are what a column can say, in the order in which they are asked.
var resultFields = []struct {
	field    funding.ResultField
	words    string
	hint     string
	required string
}{
	{funding.ResultReference, "Reference of the payment", "Such as PY-7K3M-92QX, with or without something around it", "Choose the column that has the payment’s reference."},
	{funding.ResultOutcome, "What became of it", "Paid, partially paid or rejected", "Choose the column that says what became of the payment."},
	{funding.ResultAmount, "Amount", "In pounds", "Choose the column that has the amount."},
	{funding.ResultCode, "Code of the reason", "", ""},
	{funding.ResultWords, "The reason in words", "", ""},
}

func showResultMapping(f *form.Form, one *funding.Result) web.Answer {
	return web.Show(component.LayoutProps{
		Title: "Which column is which?", Errors: f.Errors(), Wide: true, Before: component.BackLink("Import another file", "/results/new"),
	}, mapResult(f, one))
}

func (p Results) mapColumns(r *http.Request) (web.Answer, error) {
	one, err := p.result(r)
	if err != nil {
		return nil, err
	}
	if one.State != funding.ResultNeedsMapping { // it was sent twice, or by somebody else too
		return web.Go(resultPath(one.Id)), nil
	}
	f := form.New(r.PostForm)
	if f.Value("step") == "headings" { // only the line of the headings was chosen
		return showResultMapping(f, one), nil
	}
	names := form.Names{"/heading_line": "heading"}
	var m funding.ResultMapping
	m.HeadingLine, _ = strconv.Atoi(f.Text("heading")) // none means that there are no headings
	for _, c := range resultFields {
		name := "column-" + string(c.field)
		n, _ := strconv.Atoi(f.Text(name))
		f.Want(n > 0 || c.required == "", name, c.required)
		if n == 0 {
			continue
		}
		names["/columns/"+strconv.Itoa(len(m.Columns))+"/column"] = name
		m.Columns = append(m.Columns, funding.ResultColumn{Column: n, Field: c.field})
	}
	if f.OK() {
		_, err := p.Funding.MapResultWithResponse(r.Context(), one.Id, &funding.MapResultParams{}, m)
		if err == nil || fault.Is(err, fault.Conflict) {
			return web.Go(resultPath(one.Id)), nil
		}
		if err := mended(f, err, names); err != nil {
			return nil, err
		}
	}
	return showResultMapping(f, one), nil
}
