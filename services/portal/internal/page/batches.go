package page

import (
	"bytes"
	"net/http"
	"strconv"

	"github.com/google/uuid"
	openapi "github.com/oapi-codegen/runtime/types"

	"github.com/instead-support/instead/api/etag"
	"github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/portal/internal/component"
	"github.com/instead-support/instead/services/portal/internal/form"
	"github.com/instead-support/instead/services/portal/internal/web"
)

// Batches is where payments are gathered, and leave in a file.
type Batches struct{ Deps }

// Register implements web.Page.
func (b Batches) Register(g *web.Group) {
	g.Menu(identity.Finance, "Batches", "/batches")
	g.Get("/batches", b.list, identity.Finance)
	g.Post("/batches", b.gather, identity.Finance)
	g.Get("/batches/:id", b.read, identity.Finance)
	g.Post("/batches/:id/export", b.export, identity.Finance)
	g.Post("/batches/:id/removal", b.remove, identity.Finance)
	g.Get("/batches/:id/file", b.download, identity.Finance)
}

func batchPath(id uuid.UUID) string { return "/batches/" + id.String() }

func batchTag(s funding.BatchState) component.TagProps {
	switch s {
	case funding.BatchOpen:
		return component.TagProps{Text: "Open", Colour: component.Blue}
	case funding.BatchExported:
		return component.TagProps{Text: "Sent", Colour: component.Yellow}
	}
	return component.TagProps{Text: "Settled", Colour: component.Green}
}

func (b Batches) list(r *http.Request) (web.Answer, error) { return b.show(r, form.New(nil)) }

func (b Batches) show(r *http.Request, f *form.Form) (web.Answer, error) {
	sum, err := b.Funding.SummarisePaymentsWithResponse(r.Context(), &funding.SummarisePaymentsParams{})
	if err != nil {
		return nil, err
	}
	found, err := b.Funding.ListBatchesWithResponse(r.Context(), &funding.ListBatchesParams{Page: new(pageOf(r)), Size: new(paymentsAPage)})
	if err != nil {
		return nil, err
	}
	list := found.JSON200
	layout := component.LayoutProps{Title: titled("Batches", list.Page, list.Size, list.Total), Errors: f.Errors(), Wide: true}
	return web.Show(layout, batchList(f, sum.JSON200, list.Items, paging("/batches", nil, list.Page, list.Size, list.Total))), nil
}

func (b Batches) gather(r *http.Request) (web.Answer, error) {
	f := form.New(r.PostForm)
	resp, err := b.Funding.CreateBatchWithResponse(r.Context(), &funding.CreateBatchParams{}, funding.CreateBatchJSONRequestBody{
		Area: f.Text("area"), Method: funding.PaymentMethod(f.Text("method")),
	})
	if err := mended(f, err, nil); err != nil {
		return nil, err
	}
	if !f.OK() {
		return b.show(r, f)
	}
	return web.Go(batchPath(resp.JSON201.Id)), nil
}

func (b Batches) batch(r *http.Request) (*funding.Batch, error) {
	id, err := idIn(r, "id")
	if err != nil {
		return nil, err
	}
	resp, err := b.Funding.ReadBatchWithResponse(r.Context(), id)
	if err != nil {
		return nil, err
	}
	return resp.JSON200, nil
}

func (b Batches) read(r *http.Request) (web.Answer, error) {
	f := form.New(nil)
	f.Set("format", string(funding.FormatCSV))
	return b.showOne(r, f)
}

func (b Batches) showOne(r *http.Request, f *form.Form) (web.Answer, error) {
	one, err := b.batch(r)
	if err != nil {
		return nil, err
	}
	f.Set("version", strconv.FormatInt(one.Version, 10))
	found, err := b.Funding.ListPaymentsWithResponse(r.Context(), &funding.ListPaymentsParams{BatchId: &one.Id, Page: new(pageOf(r)), Size: new(paymentsAPage)})
	if err != nil {
		return nil, err
	}
	list := found.JSON200
	layout := component.LayoutProps{
		Title: titled("Batch "+one.Reference, list.Page, list.Size, list.Total), Errors: f.Errors(), Before: component.BackLink("Batches", "/batches"), Wide: true,
	}
	return web.Show(layout, batchView(f, one, list.Items, paging(batchPath(one.Id), nil, list.Page, list.Size, list.Total))), nil
}

func (b Batches) export(r *http.Request) (web.Answer, error) {
	id, f, version, err := editIn(r)
	if err != nil {
		return nil, err
	}
	body := funding.ExportBatchJSONRequestBody{
		Format: funding.BatchFormat(f.Choice("format", "Choose what the file is for.", string(funding.FormatCSV), string(funding.FormatBACS))),
	}
	if f.Value("day-day")+f.Value("day-month")+f.Value("day-year") != "" {
		body.ProcessingDay = openapi.Date{Time: f.Day("day", "The day")}
	}
	if f.OK() {
		_, err := b.Funding.ExportBatchWithResponse(r.Context(), id, &funding.ExportBatchParams{IfMatch: etag.Version(version)}, body)
		if err == nil {
			return web.Go(batchPath(id)).Saying("The file is made. Download it, and give it to the bank or the finance system."), nil
		}
		if err := mended(f, err, form.Names{"/format": "format", "/processing_day": "day"}); err != nil {
			return nil, err
		}
	}
	return b.showOne(r, f)
}

func (b Batches) remove(r *http.Request) (web.Answer, error) {
	id, err := idIn(r, "id")
	if err != nil {
		return nil, err
	}
	f := form.New(r.PostForm)
	payment, err := uuid.Parse(f.Text("payment"))
	if err != nil {
		return nil, fault.New(fault.Invalid, "We could not read what your browser sent.")
	}
	_, err = b.Funding.RemoveFromBatchWithResponse(r.Context(), id, payment, &funding.RemoveFromBatchParams{})
	if err := mended(f, err, nil); err != nil {
		return nil, err
	}
	if !f.OK() {
		return b.showOne(r, f)
	}
	return web.Go(batchPath(id)).Saying("Payment taken out of the batch."), nil
}

func (b Batches) download(r *http.Request) (web.Answer, error) {
	one, err := b.batch(r)
	if err != nil {
		return nil, err
	}
	resp, err := b.Funding.DownloadBatchWithResponse(r.Context(), one.Id)
	if err != nil {
		return nil, err
	}
	kind := "text/plain; charset=us-ascii"
	if one.Format == funding.FormatCSV {
		kind = "text/csv; charset=utf-8"
	}
	return web.File(one.FileName, kind, bytes.NewReader(resp.Body)), nil
}
