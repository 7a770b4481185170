package funding_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"github.com/instead-support/instead/api/etag"
	api "github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/services/funding/internal/document"
)

// form is a document as a page sends it.
func form(t *testing.T, said api.NewDocument, name string, content []byte) (contentType, body string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	first, err := w.CreateFormField("document")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.NewEncoder(first).Encode(said); err != nil {
		t.Fatal(err)
	}
	file, err := w.CreateFormFile("file", name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return w.FormDataContentType(), b.String()
}

var jpeg = []byte("\xff\xd8\xff\xe0\x00\x10JFIF and so on")

func TestAReceiptIsSentInAsAPhotographAndDownloadedAsAnAttachment(t *testing.T) {
	t.Parallel()
	s := start(t)
	r := s.submit(s.draft(s.open(dansRecord).Id, 100))
	if _, err := s.client().ApproveRequestWithResponse(s.As(mo), r.Id, &api.ApproveRequestParams{IfMatch: etag.Version(r.Version)}, approval(api.ApproveCodeOther)); err != nil {
		t.Fatal(err)
	}
	path := "/requests/" + r.Id.String() + "/documents"
	kind, body := form(t, api.NewDocument{Kind: api.DocumentReceipt, Items: []api.DocumentItem{{LineId: r.Lines[0].Id, Pence: 100}}}, `boots".html`, jpeg)
	status, answer := s.SendAs(kind, &dan, http.MethodPost, path, body)
	if status != http.StatusCreated {
		t.Fatalf("sending it in answers %d %s", status, answer)
	}
	var d api.Document
	if err := json.Unmarshal([]byte(answer), &d); err != nil || d.Name != "boots.jpg" || d.AddedByName != "The jobseeker" || !d.CanRemove || d.State != api.DocumentUnscanned {
		t.Errorf("kept as %s", answer)
	}
	got, err := s.client().DownloadDocument(s.As(fin), d.Id)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	content, err := io.ReadAll(got.Body)
	if err != nil || !bytes.Equal(content, jpeg) {
		t.Errorf("the file came back as %q %v", content, err)
	}
	for name, want := range map[string]string{
		"Content-Type": "image/jpeg", "Content-Disposition": "attachment; filename=boots.jpg", "X-Content-Type-Options": "nosniff",
		"Content-Security-Policy": "default-src 'none'; sandbox", "Cache-Control": "no-store",
	} {
		if is := got.Header.Get(name); is != want {
			t.Errorf("%s: %q, want %q", name, is, want)
		}
	}
}

func TestABadFileIsRefusedInWordsAboutTheField(t *testing.T) {
	t.Parallel()
	s := start(t)
	path := "/requests/" + s.submit(s.draft(s.open(dansRecord).Id, 100)).Id.String() + "/documents"
	for what, content := range map[string][]byte{
		"a page": []byte("<html><script>alert(1)</script>"), "nothing": nil, "too much": append(bytes.Clone(jpeg), make([]byte, document.Largest)...),
	} {
		kind, body := form(t, api.NewDocument{Kind: api.DocumentQuote}, "a.jpg", content)
		if status, answer := s.SendAs(kind, &dan, http.MethodPost, path, body); status != http.StatusBadRequest || !strings.Contains(answer, `"/file"`) {
			t.Errorf("%s answers %d %s", what, status, answer)
		}
	}
	for what, in := range map[string][2]string{
		"JSON": {"application/json", `{}`}, "no form": {"multipart/form-data; boundary=X", "--X--"}, "a form without an end": {"multipart/form-data; boundary=X", "--X\r\n"},
		"no file": {"multipart/form-data; boundary=X", fmt.Sprintf("--X\r\n%s\r\n\r\n{}\r\n--X--", `Content-Disposition: form-data; name="document"`)},
	} {
		if status, answer := s.SendAs(in[0], &dan, http.MethodPost, path, in[1]); status != http.StatusBadRequest {
			t.Errorf("%s answers %d %s", what, status, answer)
		}
	}
}
