package page

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"slices"

	"github.com/google/uuid"

	"github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/portal/internal/component"
	"github.com/instead-support/instead/services/portal/internal/form"
	"github.com/instead-support/instead/services/portal/internal/web"
)

// Documents is how quotes and receipts come in, by a telephone's camera or as a
// file, from the jobseeker or their coach, and how everybody who may opens them.
type Documents struct{ Deps }

// Register implements web.Page.
func (d Documents) Register(g *web.Group) {
	g.Get("/documents/:id", d.download, identity.Coach, identity.Manager, identity.Finance, identity.Jobseeker)
	for role, base := range map[identity.Role]string{identity.Coach: "/requests", identity.Jobseeker: "/support/requests"} {
		for _, p := range papers {
			at := base + "/:id/" + p.path + "/new"
			g.Get(at, func(r *http.Request) (web.Answer, error) { return d.ask(r, base, p) }, role)
			g.Post(at, func(r *http.Request) (web.Answer, error) { return d.add(r, base, p) }, role)
		}
		g.Get(base+"/:id/documents/:document/remove", func(r *http.Request) (web.Answer, error) { return d.askRemoval(r, base) }, role)
		g.Post(base+"/:id/documents/:document/remove", func(r *http.Request) (web.Answer, error) { return d.remove(r, base) }, role)
	}
}

// paper is a kind of document, in words.
type paper struct {
	kind  funding.DocumentKind
	path  string
	one   string // "a receipt"
	file  string // the label of the file
	parts string // the question about amounts
	hint  string
	when  []funding.State // in which it can be added
}

var papers = []paper{
	{
		kind: funding.DocumentQuote, path: "quotes", one: "a quote", file: "Photo or file of the quote",
		parts: "How much does it say for each thing? (optional)", hint: "Leave out what it does not name.",
		when: []funding.State{funding.Draft, funding.Submitted, funding.Returned, funding.Declined, funding.Challenged},
	},
	{
		kind: funding.DocumentReceipt, path: "receipts", one: "a receipt", file: "Photo or file of the receipt",
		parts: "How much was paid for each thing?", hint: "Leave out what is not on this receipt.",
		when: []funding.State{funding.Approved, funding.Paid},
	},
}

// mostOfAFile is the largest that funding takes of one.
const mostOfAFile = 10 << 20

// folder is a request's quotes and receipts, as they are shown.
type folder struct {
	*funding.Request
	all  []funding.Document
	base string  // of the pages about requests of whoever looks
	adds []paper // what they may add now
}

// folder reads them for somebody whose pages of requests begin with base. Only
// the jobseeker and their coach add to them.
func (d Deps) folder(ctx context.Context, r *funding.Request, base string) (folder, error) {
	resp, err := d.Funding.ListDocumentsWithResponse(ctx, r.Id)
	if err != nil {
		return folder{}, err
	}
	me, err := identity.From(ctx)
	if err != nil {
		return folder{}, err
	}
	f := folder{Request: r, all: resp.JSON200.Items, base: base}
	theirs := base == "/support/requests"
	if base == "/requests" {
		jobseeker, err := d.Needs.ReadJobseekerWithResponse(ctx, r.JobseekerId)
		if err != nil {
			return folder{}, err
		}
		theirs = jobseeker.JSON200.CoachId == me.ID
	}
	for _, p := range papers {
		if theirs && slices.Contains(p.when, r.State) {
			f.adds = append(f.adds, p)
		}
	}
	return f, nil
}

func (f folder) at() string { return f.base + "/" + f.Id.String() }

// line is what a line of the request is for.
func (f folder) line(id uuid.UUID) string {
	if i := slices.IndexFunc(f.Lines, func(l funding.Line) bool { return l.Id == id }); i >= 0 {
		return f.Lines[i].What
	}
	return "something that is no longer asked for"
}

func (d Documents) download(r *http.Request) (web.Answer, error) {
	id, err := idIn(r, "id")
	if err != nil {
		return nil, err
	}
	resp, err := d.Funding.DownloadDocumentWithResponse(r.Context(), id)
	if err != nil {
		return nil, err
	}
	h := resp.HTTPResponse.Header
	return web.File(nameIn(h), h.Get("Content-Type"), bytes.NewReader(resp.Body)), nil
}

func (d Documents) ask(r *http.Request, base string, p paper) (web.Answer, error) {
	f := form.New(nil)
	f.Set("replaces", r.URL.Query().Get("instead"))
	return d.show(r, base, p, f)
}

func (d Documents) show(r *http.Request, base string, p paper, f *form.Form) (web.Answer, error) {
	request, err := d.request(r)
	if err != nil {
		return nil, err
	}
	papers, err := d.folder(r.Context(), request, base)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(papers.adds, func(other paper) bool { return other.kind == p.kind }) && f.OK() {
		return web.Go(papers.at()), nil // which says how it stands
	}
	return web.Show(component.LayoutProps{
		Title: "Add " + p.one, Errors: f.Errors(), Before: component.BackLink("Back", papers.at()),
	}, addDocument(f, papers, p)), nil
}

// amountOf is the name of the field for how much is for a line.
func amountOf(l funding.Line) string { return "amount-" + l.Id.String() }

// add passes the file on as it is: whether it is a good one is for funding to
// say. Only what can be seen without reading it is said here, sooner.
func (d Documents) add(r *http.Request, base string, p paper) (web.Answer, error) {
	request, err := d.request(r)
	if err != nil {
		return nil, err
	}
	f := form.New(r.PostForm)
	file, name, err := fileIn(r, f)
	if err != nil {
		return nil, err
	}
	said := funding.NewDocument{Kind: p.kind}
	said.Replaces, _ = uuid.Parse(f.Value("replaces"))
	names := form.Names{"/file": "file"}
	for _, l := range request.Lines {
		if f.Text(amountOf(l)) != "" {
			names[fmt.Sprintf("/items/%d/pence", len(said.Items))] = amountOf(l)
			said.Items = append(said.Items, funding.DocumentItem{LineId: l.Id, Pence: int64(f.Money(amountOf(l)))})
		}
	}
	if p.kind == funding.DocumentReceipt && len(request.Lines) > 0 {
		f.Want(len(said.Items) > 0, amountOf(request.Lines[0]), "Enter how much was paid, like 45 or 45.50.")
	}
	if f.OK() {
		contentType, body, err := documentForm(said, name, file)
		if err != nil {
			return nil, err
		}
		_, err = d.Funding.AddDocumentWithBodyWithResponse(r.Context(), request.Id, &funding.AddDocumentParams{}, contentType, body)
		if err := f.Fail(err, names); err != nil {
			return nil, err
		}
	}
	if !f.OK() {
		f.Want(false, "file", "Choose the file again, or take the photo again: your browser does not keep it.")
		return d.show(r, base, p, f)
	}
	return web.Go(base + "/" + request.Id.String()).Saying("Thank you. The " + string(p.kind) + " is kept."), nil
}

// fileIn is the file that a form brought, if it can be one.
func fileIn(r *http.Request, f *form.Form) (content []byte, name string, err error) {
	file, header, err := r.FormFile("file")
	switch {
	case errors.Is(err, http.ErrMissingFile):
		f.Want(false, "file", "Take a photo or choose a file.")
		return nil, "", nil
	case err != nil:
		return nil, "", fault.Wrap(err, fault.Invalid, "We could not read what your browser sent.")
	}
	defer file.Close()
	f.Want(header.Size > 0, "file", "The file is empty. Choose another, or take the photo again.")
	f.Want(header.Size <= mostOfAFile, "file", "The file is larger than 10 MB. Choose a smaller one, or take the photo at a lower quality.")
	if !f.OK() {
		return nil, "", nil
	}
	content, err = io.ReadAll(file)
	return content, header.Filename, err
}

// documentForm is a document as funding's contract has it sent.
func documentForm(said funding.NewDocument, name string, content []byte) (contentType string, body io.Reader, err error) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	about, err := w.CreateFormField("document")
	if err != nil {
		return "", nil, err
	}
	if err := json.NewEncoder(about).Encode(said); err != nil {
		return "", nil, err
	}
	file, err := w.CreateFormFile("file", name)
	if err != nil {
		return "", nil, err
	}
	if _, err := file.Write(content); err != nil {
		return "", nil, err
	}
	return w.FormDataContentType(), &b, w.Close()
}

// removable is the document that the address names, with its request's others,
// if it can be removed still. If not, the request's page is the answer.
func (d Documents) removable(r *http.Request, base string) (f folder, doc funding.Document, otherwise web.Answer, err error) {
	request, err := d.request(r)
	if err != nil {
		return folder{}, funding.Document{}, nil, err
	}
	id, err := idIn(r, "document")
	if err != nil {
		return folder{}, funding.Document{}, nil, err
	}
	if f, err = d.folder(r.Context(), request, base); err != nil {
		return folder{}, funding.Document{}, nil, err
	}
	i := slices.IndexFunc(f.all, func(d funding.Document) bool { return d.Id == id && d.CanRemove })
	if i < 0 {
		return f, funding.Document{}, web.Go(f.at()), nil
	}
	return f, f.all[i], nil, nil
}

func (d Documents) askRemoval(r *http.Request, base string) (web.Answer, error) {
	return d.showRemoval(r, base, form.New(nil))
}

func (d Documents) showRemoval(r *http.Request, base string, f *form.Form) (web.Answer, error) {
	papers, doc, otherwise, err := d.removable(r, base)
	if err != nil || otherwise != nil {
		return otherwise, err
	}
	return web.Show(component.LayoutProps{
		Title: "Remove this file?", Errors: f.Errors(), Before: component.BackLink("Back", papers.at()),
	}, removeDocument(f, papers, doc)), nil
}

func (d Documents) remove(r *http.Request, base string) (web.Answer, error) {
	f := form.New(r.PostForm)
	id, err := idIn(r, "document")
	if err != nil {
		return nil, err
	}
	request, err := idIn(r, "id")
	if err != nil {
		return nil, err
	}
	_, err = d.Funding.RemoveDocumentWithResponse(r.Context(), id, &funding.RemoveDocumentParams{})
	if err := f.Fail(err, nil); err != nil {
		return nil, err
	}
	if !f.OK() {
		return d.showRemoval(r, base, f)
	}
	return web.Go(base + "/" + request.String()).Saying("The file is removed."), nil
}
