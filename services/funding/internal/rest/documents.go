package rest

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strconv"

	"github.com/google/uuid"

	api "github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/pkg/money"
	"github.com/instead-support/instead/services/funding/internal/document"
)

// Documents implements the contract's operations on quotes and receipts.
type Documents struct{ Documents *document.Documents }

// ListDocuments lists a request's.
func (h Documents) ListDocuments(ctx context.Context, in api.ListDocumentsRequestObject) (api.ListDocumentsResponseObject, error) {
	r, err := h.Documents.List(ctx, in.Id)
	if err != nil {
		return nil, err
	}
	out := api.ListDocuments200JSONResponse{Items: []api.Document{}}
	for _, d := range r.Documents {
		if d.State != document.Removed {
			out.Items = append(out.Items, fromDocument(ctx, r, d))
		}
	}
	return out, nil
}

// AddDocument keeps a file with a request.
func (h Documents) AddDocument(ctx context.Context, in api.AddDocumentRequestObject) (api.AddDocumentResponseObject, error) {
	u, err := readUpload(in.Body)
	if err != nil {
		return nil, err
	}
	r, d, err := h.Documents.Add(ctx, in.Id, u)
	if err != nil {
		return nil, err
	}
	return api.AddDocument201JSONResponse(fromDocument(ctx, r, d)), nil
}

// DownloadDocument is the file itself.
func (h Documents) DownloadDocument(ctx context.Context, in api.DownloadDocumentRequestObject) (api.DownloadDocumentResponseObject, error) {
	d, content, err := h.Documents.Open(ctx, in.Id)
	if err != nil {
		return nil, err
	}
	return attachment{d, content}, nil
}

// RemoveDocument takes a document away.
func (h Documents) RemoveDocument(ctx context.Context, in api.RemoveDocumentRequestObject) (api.RemoveDocumentResponseObject, error) {
	if err := h.Documents.Remove(ctx, in.Id); err != nil {
		return nil, err
	}
	return api.RemoveDocument204Response{}, nil
}

// readUpload reads the two parts of a form: what is said of the file, and then
// the file. Of a file that is too large it reads one byte more than is taken,
// which is enough to say so.
func readUpload(form *multipart.Reader) (document.Upload, error) {
	unreadable := func(err error) error {
		if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return tooLarge
		}
		return fault.Wrap(err, fault.Invalid, "The form could not be read: send `document` as JSON, and then `file`.")
	}
	part, err := form.NextPart()
	if err != nil {
		return document.Upload{}, unreadable(err)
	}
	var said api.NewDocument
	if err := json.NewDecoder(io.LimitReader(part, 64<<10)).Decode(&said); err != nil || part.FormName() != "document" {
		return document.Upload{}, unreadable(err)
	}
	file, err := form.NextPart()
	if err != nil || file.FormName() != "file" {
		return document.Upload{}, unreadable(err)
	}
	content, err := io.ReadAll(io.LimitReader(file, document.Largest+1))
	if err != nil {
		return document.Upload{}, unreadable(err)
	}
	return document.Upload{
		Kind: document.Kind(said.Kind), Replaces: said.Replaces, Name: file.FileName(), Content: content,
		Items: each(said.Items, func(i api.DocumentItem) document.Item {
			return document.Item{LineID: i.LineId, Pence: money.Pence(i.Pence)}
		}),
	}, nil
}

// attachment is a file for a browser to keep and never to show: what is in it
// came from outside, and must not run as a page of ours.
type attachment struct {
	document.Document
	content io.ReadCloser
}

// VisitDownloadDocumentResponse writes the file.
func (a attachment) VisitDownloadDocumentResponse(w http.ResponseWriter) error {
	defer a.content.Close()
	h := w.Header()
	h.Set("Content-Type", a.Type)
	h.Set("Content-Length", strconv.FormatInt(a.Size, 10))
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": a.Name}))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Cache-Control", "no-store")
	_, err := io.Copy(w, a.content)
	return err
}

func fromDocument(ctx context.Context, r *document.Request, d document.Document) api.Document {
	me, err := identity.From(ctx)
	return api.Document{
		Id: d.ID, RequestId: d.RequestID, Kind: api.DocumentKind(d.Kind), Name: d.Name, MediaType: d.Type, Size: d.Size,
		State: api.DocumentState(d.State), AddedAt: d.AddedAt, AddedById: d.AddedBy, AddedByName: d.AddedByName,
		Replaces: d.Replaces, ReplacedBy: d.ReplacedBy, CanRemove: err == nil && me.ID != uuid.Nil && r.Removable(d, me.ID),
		Items: each(d.Items, func(i document.Item) api.DocumentItem {
			return api.DocumentItem{LineId: i.LineID, Pence: int64(i.Pence)}
		}),
	}
}
