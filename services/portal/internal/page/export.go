package page

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/instead-support/instead/api/reporting"
	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/httpx"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/portal/internal/chart"
	"github.com/instead-support/instead/services/portal/internal/component"
	"github.com/instead-support/instead/services/portal/internal/form"
	"github.com/instead-support/instead/services/portal/internal/rows"
	"github.com/instead-support/instead/services/portal/internal/web"
)

// Exports saves figures in a file. Reporting logs each one and gives its rows; the
// file is made of them as they come.
type Exports struct{ Deps }

// exportPath is where figures are saved in a file.
const exportPath = "/figures/export"

// Register implements web.Page.
func (p Exports) Register(g *web.Group) {
	g.Get(exportPath, p.ask, bookReaders...)
	g.Post(exportPath, p.make, bookReaders...)
	g.Post(exportPath+"/file", p.download, bookReaders...)
}

// The files that can be made.
const (
	asXLSX = "xlsx"
	asCSV  = "csv"
)

// wanted is what somebody wants to save.
type wanted struct {
	scope
	of      reporting.ExportOf
	by      reporting.By // "" where requests are of no row
	key     string
	called  string // what that row is called
	measure reporting.Measure
}

func (p Exports) wanted(r *http.Request, q url.Values) (wanted, error) {
	s, err := p.scopeIn(r, q)
	if err != nil {
		return wanted{}, err
	}
	s.with = ""
	w := wanted{scope: s, of: one(q.Get("of"), []reporting.ExportOf{reporting.ExportTotals, reporting.ExportRequests})}
	if by := reporting.By(q.Get("by")); slices.Contains(spendBys, by) {
		w.by = by
	}
	if w.of == reporting.ExportTotals {
		w.by = one(string(w.by), spendBys)
		return w, nil
	}
	w.measure, w.key = one(q.Get("measure"), allMeasures), q.Get("key")
	if w.by != "" {
		names, err := p.namesOf(r.Context(), w.by, []string{w.key})
		if err != nil {
			return wanted{}, err
		}
		w.called = names[w.key]
	}
	return w, nil
}

// fields are what the form has to carry.
func (w wanted) fields() url.Values {
	q := w.query()
	q.Set("of", string(w.of))
	for name, value := range map[string]string{"by": string(w.by), "key": w.key, "measure": string(w.measure)} {
		if value != "" {
			q.Set(name, value)
		}
	}
	return q
}

// words say what the rows are.
func (w wanted) rowWords() string {
	if w.of == reporting.ExportTotals {
		return "Totals, by " + lowered(wordsFor(byWords, w.by))
	}
	return joined(", ", "Requests behind “"+measures[w.measure].title+"”", w.called)
}

func (w wanted) back() component.Link {
	if w.of == reporting.ExportTotals {
		return component.Link{Text: spendView.title, Href: w.at(spendView.path, "by", string(w.by))}
	}
	q := w.fields()
	q.Del("of")
	return component.Link{Text: "The requests", Href: behindPath + "?" + q.Encode()}
}

func (w wanted) layout(f *form.Form) component.LayoutProps {
	back := w.back()
	return component.LayoutProps{Title: "Save figures in a file", Errors: f.Errors(), Before: component.BackLink(back.Text, back.Href)}
}

func (p Exports) ask(r *http.Request) (web.Answer, error) {
	w, err := p.wanted(r, r.URL.Query())
	if err != nil {
		return nil, err
	}
	f := form.New(nil)
	return web.Show(w.layout(f), askExport(f, w)), nil
}

// formats are the files to choose from.
var formats = []component.Choice{
	{Value: asXLSX, Text: "A spreadsheet (XLSX)", Hint: "With a first sheet that says what the figures are. Opens in Excel, LibreOffice and Numbers."},
	{Value: asCSV, Text: "Plain rows (CSV)", Hint: "For another system. It begins with the names of the columns."},
}

func (p Exports) make(r *http.Request) (web.Answer, error) {
	w, f, err := p.formOf(r)
	if err != nil {
		return nil, err
	}
	if !f.OK() {
		return web.Show(w.layout(f), askExport(f, w)), nil
	}
	made, err := p.export(r.Context(), w)
	if err != nil {
		return nil, err
	}
	layout := w.layout(f)
	layout.Title = "Your file"
	return web.Show(layout, exportMade(f, w, made)), nil
}

func (p Exports) formOf(r *http.Request) (wanted, *form.Form, error) {
	f := form.New(r.PostForm)
	f.Choice("format", "Choose a kind of file.", asXLSX, asCSV)
	w, err := p.wanted(r, r.PostForm)
	return w, f, err
}

// export logs that rows are saved. The same form again is the same export, so the
// page that offers the file and the file itself are of one entry in the audit trail.
func (p Exports) export(ctx context.Context, w wanted) (*reporting.Export, error) {
	body := reporting.NewExport{Of: w.of, By: w.by, Measure: w.measure, Fund: w.ofFund(), From: w.from.Format(monthForm), To: w.to.Format(monthForm)}
	if w.area != "" {
		body.Area = []string{w.area}
	}
	if w.by != "" && w.of == reporting.ExportRequests {
		body.Key = &w.key
	}
	resp, err := p.Reporting.CreateExportWithResponse(ctx, &reporting.CreateExportParams{}, body)
	if err != nil {
		return nil, err
	}
	return resp.JSON201, nil
}

// download makes the file while it is sent, and nothing keeps it. A CSV is never
// whole in memory; a workbook is, once all its rows are there.
func (p Exports) download(r *http.Request) (web.Answer, error) {
	w, f, err := p.formOf(r)
	if err != nil {
		return nil, err
	}
	if !f.OK() {
		return web.Show(w.layout(f), askExport(f, w)), nil
	}
	me, err := identity.From(r.Context())
	if err != nil {
		return nil, err
	}
	made, err := p.export(r.Context(), w)
	if err != nil {
		return nil, err
	}
	// Rows are asked for without the form's key: reading them changes nothing.
	stream, err := p.Rows.StreamExport(db.WithKey(r.Context(), ""), made.Id)
	if err != nil {
		return nil, err
	}
	format := f.Value("format")
	file := httpx.Piped(func(to io.Writer) error {
		defer stream.Body.Close()
		return p.write(r.Context(), to, stream.Body, w, made, format, me)
	})
	return web.File(w.fileName(made, format), contentTypes[format], file), nil
}

func (w wanted) fileName(made *reporting.Export, format string) string {
	what := string(w.of)
	if w.by != "" {
		what += "-by-" + string(w.by)
	}
	return "instead-" + what + "-" + made.Period.From + "-to-" + made.Period.To + "." + format
}

var contentTypes = map[string]string{
	asXLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", asCSV: "text/csv; charset=utf-8",
}

// write makes the file of an export's rows.
func (p Exports) write(ctx context.Context, to io.Writer, from io.Reader, w wanted, made *reporting.Export, format string, me identity.Person) error {
	columns := totalColumns(w.by)
	if w.of == reporting.ExportRequests {
		columns = requestColumns(w.measure)
	}
	var file rows.Writer
	var err error
	if format == asCSV {
		file, err = rows.NewCSV(to, columns)
	} else {
		file, err = rows.NewXLSX(to, w.about(made, me), columns)
	}
	if err != nil {
		return err
	}
	if w.of == reporting.ExportRequests {
		err = inBatches(from, func(batch []reporting.ExportedRequest) error { return p.writeRequests(ctx, file, batch, w.measure) })
	} else {
		err = inBatches(from, func(batch []reporting.Total) error { return p.writeTotals(ctx, file, batch, w.by) })
	}
	if err != nil {
		return err
	}
	return file.Close()
}

// errBrokeOff is of rows that ended before their end.
var errBrokeOff = errors.New("the rows of an export broke off")

// inBatches reads one JSON object a line and hands on as many as names are asked
// for at once. Rows that do not end with how many they are, are not all there are.
func inBatches[T any](from io.Reader, do func([]T) error) error {
	lines := json.NewDecoder(bufio.NewReader(from))
	for sent := int64(0); ; {
		var batch []T
		var end struct {
			RowsSent *int64 `json:"rows_sent"`
		}
		for len(batch) < mostNames {
			var line json.RawMessage
			if err := lines.Decode(&line); errors.Is(err, io.EOF) {
				return errBrokeOff
			} else if err != nil {
				return err
			}
			if err := json.Unmarshal(line, &end); err != nil {
				return err
			}
			if end.RowsSent != nil {
				break
			}
			var row T
			if err := json.Unmarshal(line, &row); err != nil {
				return err
			}
			batch = append(batch, row)
		}
		sent += int64(len(batch))
		if end.RowsSent != nil && *end.RowsSent != sent {
			return errBrokeOff
		}
		if len(batch) > 0 {
			if err := do(batch); err != nil {
				return err
			}
		}
		if end.RowsSent != nil {
			return nil
		}
	}
}

// about says in a file what its figures are.
func (w wanted) about(made *reporting.Export, me identity.Person) [][2]string {
	asAt, behind := fresh(made.Freshness)
	lines := [][2]string{
		{"What this is", w.rowWords()},
		{"Areas", strings.Join(made.Period.Areas, ", ")},
		{"Fund", w.fundWords()},
		{"Months", w.monthWords()},
		{"As at", asAt},
	}
	if behind != "" {
		lines = append(lines, [2]string{"Not in it yet", behind})
	}
	lines = append(lines, [][2]string{
		{"Rows", grouped(int(made.Rows)) + ", as it was logged"},
		{"Saved by", me.Name + ", on " + component.Moment(made.At)},
		{"Number of this export", made.Id.String()},
		{"", ""},
		{"What the columns count", ""},
	}...)
	for _, m := range w.columnMeasures() {
		lines = append(lines, [2]string{measures[m].title, measures[m].means})
	}
	return append(lines, [2]string{"Amounts", "in pounds. A month is one of London, and a financial year begins on 1 April."})
}

func (w wanted) columnMeasures() []reporting.Measure {
	if w.of == reporting.ExportTotals && w.by == reporting.BySupplier {
		return paidMeasures
	}
	return allMeasures
}

func measureColumns(all []reporting.Measure) []rows.Column {
	columns := make([]rows.Column, len(all))
	for i, m := range all {
		columns[i] = measureColumn(m)
	}
	return columns
}

func measureColumn(m reporting.Measure) rows.Column {
	kind := rows.Pounds
	if measures[m].unit != chart.Pounds {
		kind = rows.Number
	}
	return rows.Column{Name: measures[m].title, Kind: kind}
}

func measureCells(all []reporting.Measure, of *reporting.Measures) []rows.Cell {
	cells := make([]rows.Cell, len(all))
	for i, m := range all {
		cells[i].None = of == nil
		if of != nil {
			cells[i].N = measures[m].of(*of)
		}
	}
	return cells
}

func totalColumns(by reporting.By) []rows.Column {
	w := wanted{of: reporting.ExportTotals, by: by}
	return append([]rows.Column{{Name: "Key"}, {Name: wordsFor(byWords, by)}}, measureColumns(w.columnMeasures())...)
}

func (p Exports) writeTotals(ctx context.Context, file rows.Writer, batch []reporting.Total, by reporting.By) error {
	keys := make([]string, len(batch))
	for i, t := range batch {
		keys[i] = t.Key
	}
	names, err := p.namesOf(ctx, by, keys)
	if err != nil {
		return err
	}
	w := wanted{of: reporting.ExportTotals, by: by}
	for _, t := range batch {
		row := append([]rows.Cell{{Words: t.Key}, {Words: names[t.Key]}}, measureCells(w.columnMeasures(), t.Measures)...)
		if err := file.Row(row); err != nil {
			return err
		}
	}
	return nil
}

func requestColumns(m reporting.Measure) []rows.Column {
	share := measureColumn(m)
	share.Name = "Share in “" + share.Name + "”"
	columns := []rows.Column{
		{Name: "Request"}, {Name: "Reference"}, {Name: "Area"}, {Name: "State"}, {Name: "Approved by itself"},
		{Name: "Submitted", Kind: rows.Moment}, {Name: "Decided", Kind: rows.Moment},
		{Name: "Work coach"}, {Name: "Work coach’s id"}, {Name: "Fund"}, {Name: "Fund’s id"}, {Name: "Course replaced"}, {Name: "Course’s id"}, {Name: "Allowance’s id"},
		share,
	}
	return append(columns, measureColumns(allMeasures)...)
}

func (p Exports) writeRequests(ctx context.Context, file rows.Writer, batch []reporting.ExportedRequest, m reporting.Measure) error {
	var ids []uuid.UUID
	for _, r := range batch {
		for _, id := range []uuid.UUID{r.CoachId, r.FundId, r.CourseId} {
			if id != uuid.Nil && !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	names, err := p.called(ctx, ids)
	if err != nil {
		return err
	}
	for _, r := range batch {
		row := []rows.Cell{
			{Words: r.RequestId.String()}, {Words: r.Reference}, {Words: r.Area}, {Words: component.StateWords(r.State)}, {Words: yesOrNo(r.Automatic)},
			{None: r.SubmittedAt == nil}, {None: r.DecidedAt == nil},
			{Words: names[r.CoachId]}, {Words: r.CoachId.String()}, {Words: names[r.FundId]}, {Words: r.FundId.String()},
			{Words: names[r.CourseId]}, {Words: idOrNothing(r.CourseId)}, {Words: r.AllowanceId.String()},
			{N: r.Share},
		}
		if r.SubmittedAt != nil {
			row[5].At = *r.SubmittedAt
		}
		if r.DecidedAt != nil {
			row[6].At = *r.DecidedAt
		}
		if err := file.Row(append(row, measureCells(allMeasures, &r.Measures)...)); err != nil {
			return err
		}
	}
	return nil
}

func yesOrNo(yes bool) string {
	if yes {
		return "Yes"
	}
	return "No"
}
