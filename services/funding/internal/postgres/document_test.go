package postgres_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/db"
	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/pkg/money"
	"github.com/instead-support/instead/services/funding/internal/award"
	"github.com/instead-support/instead/services/funding/internal/document"
	"github.com/instead-support/instead/services/funding/internal/document/files"
	"github.com/instead-support/instead/services/funding/internal/postgres"
)

// cabinet is a desk where documents are kept as well.
type cabinet struct {
	*desk
	*document.Documents
	store postgres.Documents
	files files.Files
	clock func() time.Time
}

func newCabinet(t *testing.T, s document.Scanner) *cabinet {
	t.Helper()
	d := newDesk(t, 100_000)
	store := must(postgres.NewDocuments(d.db, false))(t) // jobs are done by hand here
	kept := must(files.Open(t.Context(), "file://"+t.TempDir()))(t)
	t.Cleanup(func() { _ = kept.Close() })
	c := &cabinet{desk: d, store: store, files: kept, clock: time.Now}
	c.Documents = document.New(document.Deps{Store: store, Files: kept, Scanner: s, Needs: d.Needs, Now: func() time.Time { return c.clock() }})
	return c
}

// photo is a file that a camera made, not like any other with another n.
func photo(n int) []byte { return fmt.Appendf([]byte("\xff\xd8\xff\xe0\x00\x10JFIF"), "%d", n) }

func quote(n int) document.Upload {
	return document.Upload{Kind: document.Quote, Name: "quote.jpg", Content: photo(n)}
}

func receipt(n int, line uuid.UUID, pence money.Pence) document.Upload {
	return document.Upload{Kind: document.Receipt, Name: "IMG 1.heic", Content: photo(n), Items: []document.Item{{LineID: line, Pence: pence}}}
}

func (c *cabinet) approved(amounts ...money.Pence) *award.Request {
	c.t.Helper()
	r := c.submitted(amounts...)
	return must(c.Approve(c.as(c.Priya), r.ID, r.Version, because))(c.t).Request
}

func (c *cabinet) add(by identity.Person, request uuid.UUID, u document.Upload) (document.Document, error) {
	_, d, err := c.Documents.Add(c.as(by), request, u)
	return d, err
}

func (c *cabinet) open(by identity.Person, id uuid.UUID) (string, error) {
	_, content, err := c.Documents.Open(c.as(by), id)
	if err != nil {
		return "", err
	}
	defer content.Close()
	b, err := io.ReadAll(content)
	return string(b), err
}

// kept is how many files lie there.
func (c *cabinet) kept() (n int) {
	c.t.Helper()
	for _, err := range c.files.Before(context.Background(), time.Now().Add(time.Hour)) {
		if err != nil {
			c.t.Fatal(err)
		}
		n++
	}
	return n
}

func kindOf(err error) fault.Kind {
	if err == nil {
		return ""
	}
	return fault.As(err).Kind
}

func TestAReceiptSaysWhatItIsForAndComesBackAsItWas(t *testing.T) {
	t.Parallel()
	c := newCabinet(t, nil)
	r := c.approved(5000, 2500)
	u := receipt(1, r.Lines[1].ID, 2400)
	u.Items = append(u.Items, document.Item{LineID: r.Lines[0].ID, Pence: 5100})
	added := must(c.add(c.Sam, r.ID, u))(t)
	if got := must(c.open(c.Amina, added.ID))(t); got != string(u.Content) {
		t.Errorf("the file came back as %q", got)
	}
	list := must(c.Documents.List(c.as(c.Priya), r.ID))(t)
	if len(list.Documents) != 1 {
		t.Fatalf("listed: %+v", list.Documents)
	}
	d := list.Documents[0]
	pence := map[uuid.UUID]money.Pence{}
	for _, i := range d.Items {
		pence[i.LineID] = i.Pence
	}
	if d.Name != "IMG 1.jpg" || d.Type != "image/jpeg" || d.Size != int64(len(u.Content)) || d.State != document.Unscanned || d.AddedByName != document.TheJobseeker ||
		len(d.Items) != 2 || pence[r.Lines[0].ID] != 5100 || pence[r.Lines[1].ID] != 2400 {
		t.Errorf("kept as %+v", d)
	}
	trail, _ := must2(c.Trail(c.as(c.Amina), r.ID, award.Page{Number: 1, Size: 50}))(t)
	seen := ""
	for _, one := range trail {
		seen += one.Action + " "
	}
	for _, action := range []string{"addDocument", "downloadDocument", "listDocuments"} {
		if !strings.Contains(seen, action) {
			t.Errorf("the request's trail does not tell of %s: %s", action, seen)
		}
	}
}

func must2[A, B any](a A, b B, err error) func(testing.TB) (A, B) {
	return func(t testing.TB) (A, B) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return a, b
	}
}

func TestWhoMayAddSeeAndRemoveADocument(t *testing.T) {
	t.Parallel()
	c := newCabinet(t, nil)
	r := c.approved(5000)
	line := r.Lines[0].ID
	theirs := must(c.add(c.Sam, r.ID, receipt(0, line, 100)))(t)
	const yes = fault.Kind("")
	for i, test := range []struct {
		who                identity.Person
		add, open, removal fault.Kind // of what Sam added
	}{
		{c.Chloe, fault.Forbidden, yes, fault.Forbidden},
		{c.Amina, yes, yes, fault.Forbidden},
		{c.Priya, fault.Forbidden, yes, fault.Forbidden},
		{c.Rochdale, fault.Forbidden, fault.NotFound, fault.Forbidden},
		{c.Owen, fault.Forbidden, fault.NotFound, fault.Forbidden},
		{c.Finn, fault.Forbidden, yes, fault.Forbidden},
		{c.Ravi, fault.NotFound, fault.NotFound, fault.NotFound},
		{c.Nobody, fault.Forbidden, fault.Forbidden, fault.Forbidden},
		{c.Sam, yes, yes, yes},
	} {
		_, added := c.add(test.who, r.ID, receipt(i+1, line, 100))
		_, opened := c.open(test.who, theirs.ID)
		removed := c.Remove(c.as(test.who), theirs.ID)
		if kindOf(added) != test.add || kindOf(opened) != test.open || kindOf(removed) != test.removal {
			t.Errorf("%s: add %v, open %v, remove %v; want %q, %q, %q", test.who.Name, added, opened, removed, test.add, test.open, test.removal)
		}
	}
	if _, err := c.open(c.Sam, theirs.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("what was removed: %v, want not-found", err)
	}
	draft := c.draft(100)
	if _, err := c.add(c.Sam, draft.ID, quote(99)); !fault.Is(err, fault.NotFound) {
		t.Errorf("a jobseeker adds to a draft: %v, want not-found", err)
	}
}

func TestEachKindOfDocumentHasItsTime(t *testing.T) {
	t.Parallel()
	c := newCabinet(t, nil)
	for name, r := range map[string]*award.Request{"draft": c.draft(100), "submitted": c.submitted(100)} {
		if _, err := c.add(c.Amina, r.ID, quote(1)); err != nil {
			t.Errorf("a quote for a request that is %s: %v", name, err)
		}
		if _, err := c.add(c.Amina, r.ID, receipt(1, r.Lines[0].ID, 100)); !fault.Is(err, fault.Conflict) {
			t.Errorf("a receipt for a request that is %s: %v, want conflict", name, err)
		}
	}
	r := c.approved(100)
	if _, err := c.add(c.Amina, r.ID, quote(2)); !fault.Is(err, fault.Conflict) {
		t.Errorf("a quote for what is approved: %v, want conflict", err)
	}
	one := document.Item{LineID: r.Lines[0].ID, Pence: 1}
	for name, u := range map[string]document.Upload{
		"for nothing":       {Kind: document.Receipt, Content: photo(3)},
		"of another line":   receipt(3, uuid.New(), 100),
		"of no money":       receipt(3, r.Lines[0].ID, 0),
		"of less than none": receipt(3, r.Lines[0].ID, -1),
		"of all the money":  receipt(3, r.Lines[0].ID, money.Most+1),
		"of a line twice":   {Kind: document.Receipt, Content: photo(3), Items: []document.Item{one, one}},
		"that is no file":   {Kind: document.Receipt, Content: []byte("<html>"), Items: []document.Item{one}},
		"instead of nothing": {Kind: document.Receipt, Content: photo(3), Items: []document.Item{one},
			Replaces: uuid.New()},
	} {
		if _, err := c.add(c.Amina, r.ID, u); !fault.Is(err, fault.Invalid) {
			t.Errorf("a receipt %s: %v, want invalid", name, err)
		}
	}
	if n := c.kept(); n != 2 {
		t.Errorf("%d files lie there, want the two that were taken", n)
	}
}

func TestTwentyFilesAtMostHoweverManyAddAtOnce(t *testing.T) {
	t.Parallel()
	c := newCabinet(t, nil)
	r := c.submitted(100)
	var mu sync.Mutex
	var wg sync.WaitGroup
	answers := map[fault.Kind]int{}
	for i := range document.Most + 8 {
		wg.Go(func() {
			_, err := c.add(c.Amina, r.ID, quote(i))
			mu.Lock()
			answers[kindOf(err)]++
			mu.Unlock()
		})
	}
	wg.Wait()
	list := must(c.Documents.List(c.as(c.Amina), r.ID))(t)
	if len(list.Documents) != document.Most || answers[""] != document.Most || answers[fault.Conflict] != 8 {
		t.Fatalf("%d documents, answers %v; want %d kept and 8 conflicts", len(list.Documents), answers, document.Most)
	}
	// One goes, and there is room for one.
	if err := c.Remove(c.as(c.Amina), list.Documents[0].ID); err != nil {
		t.Fatal(err)
	}
	if _, err := c.add(c.Amina, r.ID, quote(100)); err != nil {
		t.Error(err)
	}
}

func TestTheSameUploadTwiceIsOneDocumentAndOneFile(t *testing.T) {
	t.Parallel()
	c := newCabinet(t, nil)
	r := c.approved(100)
	ctx := db.WithKey(c.as(c.Sam), "sent twice")
	_, first, err := c.Documents.Add(ctx, r.ID, receipt(1, r.Lines[0].ID, 100))
	if err != nil {
		t.Fatal(err)
	}
	_, again, err := c.Documents.Add(ctx, r.ID, receipt(1, r.Lines[0].ID, 100))
	if err != nil || again.ID != first.ID {
		t.Errorf("sent again: %v %v, want the first one", again.ID, err)
	}
	if n := c.kept(); n != 1 {
		t.Errorf("%d files lie there, want 1", n)
	}
	if got := must(c.open(c.Sam, first.ID))(t); got != string(photo(1)) {
		t.Errorf("the file is %q", got)
	}
	if _, _, err := c.Documents.Add(ctx, r.ID, receipt(2, r.Lines[0].ID, 100)); !fault.Is(err, fault.Conflict) {
		t.Errorf("another file under the same key: %v, want conflict", err)
	}
}

func TestWhatSomethingWasDecidedWithStaysAndCanBeReplaced(t *testing.T) {
	t.Parallel()
	c := newCabinet(t, nil)
	// The desk's clock and this one tell different times; what counts is the order.
	c.clock = func() time.Time { return time.Date(2026, 6, 1, 9, 0, 1, 0, time.UTC) }
	r := c.submitted(100)
	mistaken := must(c.add(c.Amina, r.ID, quote(1)))(t)
	if err := c.Remove(c.as(c.Amina), mistaken.ID); err != nil {
		t.Errorf("before anything was decided: %v", err)
	}
	used := must(c.add(c.Amina, r.ID, quote(2)))(t)
	back := must(c.Return(c.as(c.Priya), r.ID, r.Version, award.Reason{Code: "quote-needed", Words: "This is last year's."}))(t).Request
	if err := c.Remove(c.as(c.Amina), used.ID); !fault.Is(err, fault.Conflict) {
		t.Errorf("after it was decided with: %v, want conflict", err)
	}
	c.clock = time.Now
	better := quote(3)
	better.Replaces = used.ID
	replacing := must(c.add(c.Amina, back.ID, better))(t)
	list := must(c.Documents.List(c.as(c.Priya), r.ID))(t)
	for _, d := range list.Documents {
		if d.ID == used.ID && d.ReplacedBy != replacing.ID {
			t.Errorf("nothing says that it was replaced: %+v", d)
		}
	}
	if _, err := c.add(c.Amina, back.ID, better); !fault.Is(err, fault.Invalid) {
		t.Errorf("replaced a second time: %v, want invalid", err)
	}
	if got := must(c.open(c.Priya, used.ID))(t); got != string(photo(2)) {
		t.Errorf("what was decided with reads %q", got)
	}
}

// sniffer finds something in whatever says "virus".
type sniffer struct{ ill bool }

func (s *sniffer) Harmless(_ context.Context, content io.Reader) (bool, error) {
	b, err := io.ReadAll(content)
	if s.ill {
		err = errors.New("it is unwell")
	}
	return !bytes.Contains(b, []byte("virus")), err
}

func TestAFileIsNotOpenedBeforeItWasLookedThroughNorIfItHarms(t *testing.T) {
	t.Parallel()
	dog := &sniffer{ill: true}
	c := newCabinet(t, dog)
	r := c.approved(100)
	good := must(c.add(c.Sam, r.ID, receipt(1, r.Lines[0].ID, 100)))(t)
	bad := receipt(2, r.Lines[0].ID, 100)
	bad.Content = append(bad.Content, "virus"...)
	ill := must(c.add(c.Sam, r.ID, bad))(t)

	if err := c.Scan(t.Context(), good.ID); err == nil {
		t.Error("a scanner that is unwell looked through a file")
	}
	for _, d := range []document.Document{good, ill} {
		if _, err := c.open(c.Priya, d.ID); !fault.Is(err, fault.Conflict) {
			t.Errorf("before it was looked through: %v, want conflict", err)
		}
	}
	dog.ill = false
	for range 2 { // as a job that was killed is done again
		for _, d := range []document.Document{good, ill} {
			if err := c.Scan(t.Context(), d.ID); err != nil {
				t.Error(err)
			}
		}
	}
	if got := must(c.open(c.Priya, good.ID))(t); got != string(photo(1)) {
		t.Errorf("a good file reads %q", got)
	}
	if _, err := c.open(c.Priya, ill.ID); !fault.Is(err, fault.Conflict) {
		t.Errorf("a file with a virus: %v, want conflict", err)
	}
	if n := c.kept(); n != 1 {
		t.Errorf("%d files lie there, want the good one alone", n)
	}
}

func TestFilesThatNothingKnowsOfAreSweptAndNoOthers(t *testing.T) {
	t.Parallel()
	c := newCabinet(t, nil)
	r := c.approved(100)
	kept := must(c.add(c.Sam, r.ID, receipt(1, r.Lines[0].ID, 100)))(t)
	if err := c.files.Put(t.Context(), strings.Repeat("0", 32), "image/jpeg", photo(9)); err != nil {
		t.Fatal(err)
	}
	if err := c.Sweep(t.Context()); err != nil || c.kept() != 2 {
		t.Errorf("swept what may belong to an upload still under way: %d left, %v", c.kept(), err)
	}
	c.clock = func() time.Time { return time.Now().Add(25 * time.Hour) }
	if err := c.Sweep(t.Context()); err != nil || c.kept() != 1 {
		t.Errorf("a day later %d files lie there, %v; want 1", c.kept(), err)
	}
	if got := must(c.open(c.Sam, kept.ID))(t); got != string(photo(1)) {
		t.Errorf("what is known of reads %q", got)
	}
}

func TestTheDatabaseHoldsDocumentsToTheRulesWhoeverAsks(t *testing.T) {
	t.Parallel()
	c := newCabinet(t, nil)
	r := c.approved(100)
	d := must(c.add(c.Sam, r.ID, receipt(1, r.Lines[0].ID, 100)))(t)
	open := c.draft(7)
	const row = `INSERT INTO document (id, request_id, kind, name, type, size, sum, key, added_by, added_by_name, added_at, state)
		VALUES (gen_random_uuid(), $1, $2, 'a.pdf', $3, $4, sha256(''), md5(random()::text), gen_random_uuid(), 'A', now(), $5)`
	for what, sql := range map[string][]any{
		"a page kept as a receipt":         {row, r.ID, "receipt", "text/html", 1, "unscanned"},
		"a file of more than 10 MB":        {row, r.ID, "receipt", "image/png", 10<<20 + 1, "unscanned"},
		"a quote once it is approved":      {row, r.ID, "quote", "image/png", 1, "unscanned"},
		"a receipt for nothing":            {row, r.ID, "receipt", "image/png", 1, "unscanned"},
		"a file that was never scanned":    {row, open.ID, "quote", "image/png", 1, "clean"},
		"a removal by somebody else":       {"UPDATE document SET state = 'removed', removed_by = gen_random_uuid() WHERE id = $1", d.ID},
		"a removal by nobody":              {"UPDATE document SET state = 'removed' WHERE id = $1", d.ID},
		"another file under its key":       {"UPDATE document SET key = md5('') WHERE id = $1", d.ID},
		"another amount":                   {"UPDATE document_item SET pence = 1 WHERE document_id = $1", d.ID},
		"no document":                      {"DELETE FROM document WHERE id = $1", d.ID},
		"an amount for some other request": {"INSERT INTO document_item VALUES ($1, $2, 1)", d.ID, open.Lines[0].ID},
	} {
		if _, err := c.db.Pool.Exec(t.Context(), sql[0].(string), sql[1:]...); err == nil {
			t.Errorf("the database took %s", what)
		}
	}
	if _, err := c.db.Pool.Exec(t.Context(), row, open.ID, "quote", "image/png", 1, "unscanned"); err != nil {
		t.Errorf("a quote for a draft is refused, so the others may have been for something else: %v", err)
	}
	if _, err := c.db.Pool.Exec(t.Context(), "UPDATE document SET state = 'clean' WHERE id = $1", d.ID); err != nil {
		t.Fatal(err)
	}
	for _, state := range []string{"quarantined", "unscanned", "refused"} {
		if _, err := c.db.Pool.Exec(t.Context(), "UPDATE document SET state = $2 WHERE id = $1", d.ID, state); err == nil {
			t.Errorf("a file that was looked through became %s", state)
		}
	}
}
