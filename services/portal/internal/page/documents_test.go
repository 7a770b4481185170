package page_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
)

// paper is a document with what is in its file.
type paper struct {
	funding.Document
	file []byte
}

// ListDocuments lists a request's.
func (m *memoryFunding) ListDocuments(ctx context.Context, in funding.ListDocumentsRequestObject) (funding.ListDocumentsResponseObject, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	me, err := identity.From(ctx)
	out := funding.ListDocuments200JSONResponse{Items: []funding.Document{}}
	for _, p := range m.papers {
		if d := p.Document; d.RequestId == in.Id {
			d.CanRemove = d.AddedById == me.ID && m.decisions == p.decisions()
			out.Items = append(out.Items, d)
		}
	}
	return out, err
}

// decisions is how many there were when the paper came.
func (p paper) decisions() int { return int(p.AddedAt.Sub(now) / time.Second) }

// AddDocument takes JPEG files alone.
func (m *memoryFunding) AddDocument(ctx context.Context, in funding.AddDocumentRequestObject) (funding.AddDocumentResponseObject, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	me, err := identity.From(ctx)
	if err != nil {
		return nil, err
	}
	part, err := in.Body.NextPart()
	if err != nil {
		return nil, err
	}
	var said funding.NewDocument
	if err := json.NewDecoder(part).Decode(&said); err != nil {
		return nil, err
	}
	if part, err = in.Body.NextPart(); err != nil {
		return nil, err
	}
	file, err := io.ReadAll(part)
	if err != nil {
		return nil, err
	}
	if !bytes.HasPrefix(file, []byte("\xff\xd8\xff")) {
		return nil, &fault.Fault{Kind: fault.Invalid, Fields: []fault.Field{{Pointer: "/file", Message: "We can’t take this kind of file."}}}
	}
	id, err := m.messages.once(ctx, said, func() (uuid.UUID, error) {
		d := funding.Document{
			Id: uuid.New(), RequestId: in.Id, Kind: said.Kind, Items: said.Items, Name: "photo.jpg", MediaType: "image/jpeg", Size: int64(len(file)),
			State: funding.DocumentUnscanned, AddedAt: now.Add(time.Duration(m.decisions) * time.Second), AddedById: me.ID, AddedByName: me.Name, Replaces: said.Replaces,
		}
		if me.Is(identity.Jobseeker) {
			d.AddedByName = "The jobseeker"
		}
		for i := range m.papers {
			if m.papers[i].Id == said.Replaces {
				m.papers[i].ReplacedBy = d.Id
			}
		}
		m.papers = append(m.papers, paper{d, file})
		return d.Id, nil
	})
	if err != nil {
		return nil, err
	}
	return funding.AddDocument201JSONResponse(m.papers[slices.IndexFunc(m.papers, func(p paper) bool { return p.Id == id })].Document), nil
}

// sentFile is a file as funding answers with it.
type sentFile struct{ paper }

// VisitDownloadDocumentResponse writes it.
func (f sentFile) VisitDownloadDocumentResponse(w http.ResponseWriter) error {
	w.Header().Set("Content-Type", f.MediaType)
	w.Header().Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", f.Name))
	_, err := w.Write(f.file)
	return err
}

// DownloadDocument is the file of one.
func (m *memoryFunding) DownloadDocument(_ context.Context, in funding.DownloadDocumentRequestObject) (funding.DownloadDocumentResponseObject, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, p := range m.papers {
		if p.Id == in.Id {
			return sentFile{p}, nil
		}
	}
	return nil, fault.New(fault.NotFound, "We could not find that.")
}

// RemoveDocument takes one away.
func (m *memoryFunding) RemoveDocument(_ context.Context, in funding.RemoveDocumentRequestObject) (funding.RemoveDocumentResponseObject, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.papers = slices.DeleteFunc(m.papers, func(p paper) bool { return p.Id == in.Id })
	return funding.RemoveDocument204Response{}, nil
}

const photo = "\xff\xd8\xff a photo of a receipt"

func TestAJobseekerSendsInAReceiptFromTheirPhone(t *testing.T) {
	p := start(t)
	r := p.asks("Leanne Hargreaves", "A set of chef’s knives", priya, 24*time.Hour)
	p.approves(r)
	p.links(r)
	ask := p.as(leanne).get("/support/requests/"+r.Id.String()).sound().wants("Quotes and receipts", "None yet.").follow("Add a receipt").sound().
		wants("How much was paid for each thing?", "A set of chef’s knives", "up to 10 MB")
	if !strings.Contains(ask.source, `accept="image/*,application/pdf,.heic,.heif"`) || strings.Contains(ask.source, "capture") {
		t.Error("a phone would not offer both its camera and its files")
	}
	amount := "amount-" + r.Lines[0].Id.String()
	ask.press("Send", nil).sound().wants("Take a photo or choose a file.", "Enter how much was paid, like 45 or 45.50.")
	bad := ask.press("Send", fill{"file": "<html>", amount: "185.50"}).sound().wants("We can’t take this kind of file.")
	if bad.status != 422 || !strings.Contains(bad.source, `value="185.50"`) {
		t.Errorf("what was typed is not kept: status %d", bad.status)
	}
	bad.press("Send", fill{"file": photo, amount: "a lot"}).sound().wants("The amount must be in pounds and pence", "Choose the file again, or take the photo again")
	kept := bad.press("Send", fill{"file": photo}).sound().is(200, "/support/requests/"+r.Id.String()).
		wants("Thank you. The receipt is kept.", "Receipt: photo.jpg", "£185.50 for a set of chef’s knives", "Added by you", "Files are not checked for viruses here.")
	bad.press("Send", fill{"file": photo}) // as an impatient thumb does
	if n := len(p.funding.papers); n != 1 {
		t.Fatalf("%d receipts were kept, want 1", n)
	}
	kept.follow("Remove photo.jpg").sound().wants("Remove this file?").follow("Keep it")
	kept.follow("Remove photo.jpg").press("Remove it", nil).sound().wants("The file is removed.", "None yet.")
}

func TestEverybodyWhoMayOpensAFileAsADownload(t *testing.T) {
	p := start(t)
	r := p.asks("Leanne Hargreaves", "A set of chef’s knives", priya, 24*time.Hour)
	p.as(priya).get("/requests/"+r.Id.String()).sound().follow("Add a quote").sound().
		press("Send", fill{"file": photo}).wants("Thank you. The quote is kept.", "Added by Priya Shah")
	id := p.funding.papers[0].Id
	p.as(helen).get("/decisions/"+r.Id.String()).sound().wants("Quotes and receipts", "Quote: photo.jpg", "Added by Priya Shah").lacks("Add a quote", "Remove photo.jpg")
	for _, who := range []identity.Person{priya, helen} {
		got := p.as(who).get("/documents/" + id.String())
		if got.source != photo || got.header.Get("Content-Disposition") != "attachment; filename=photo.jpg" || got.header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s gets %q with %v", who.Name, got.source, got.header)
		}
	}
	if got := p.as(priya).get("/documents/" + uuid.NewString()); got.status != http.StatusNotFound {
		t.Errorf("a file that is not there answers %d", got.status)
	}
}

func TestWhatWasDecidedWithIsReplacedAndNotRemoved(t *testing.T) {
	p := start(t)
	r := p.asks("Leanne Hargreaves", "A set of chef’s knives", priya, 24*time.Hour)
	at := "/requests/" + r.Id.String()
	p.as(priya).get(at).follow("Add a quote").press("Send", fill{"file": photo})
	p.as(helen).get("/decisions/"+r.Id.String()+"/return").press("Continue", fill{"reason": "quote-needed", "words": "This is last year’s."}).press("Send back with a question", nil)
	p.as(priya).get(at).sound().lacks("Remove photo.jpg").follow("Replace photo.jpg").sound().wants("This replaces photo.jpg").
		press("Send", fill{"file": photo + " of this year"}).sound().wants("Replaced")
	if n := len(p.funding.papers); n != 2 || p.funding.papers[0].ReplacedBy != p.funding.papers[1].Id {
		t.Errorf("%d papers; the first is replaced by %v", n, p.funding.papers[0].ReplacedBy)
	}
}
