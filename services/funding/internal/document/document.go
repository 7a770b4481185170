// Package document keeps quotes and receipts: what a price was taken from, and
// what was bought.
//
// It owns which files are taken (how large, how many, of which types, seen by
// their content and not by their name), what a receipt says of which line, who
// may take a document away and until when. It does not own the request, nor
// decide or pay anything, nor read what a document says.
//
// It knows neither SQL nor HTTP, nor where files lie: a Store keeps what is known
// of a document, Files keeps its bytes, and a Scanner, where there is one, looks
// through them for what harms before anybody may open them.
package document

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/money"
	"github.com/instead-support/instead/services/funding/internal/award"
	"github.com/instead-support/instead/services/funding/internal/policy"
)

// Kind is what a document is evidence of.
type Kind string

// The kinds.
const (
	Quote   Kind = "quote"   // what something will cost
	Receipt Kind = "receipt" // what something did cost
)

// State is what may be done with a document's file.
type State string

// The states.
const (
	Unscanned   State = "unscanned"   // nothing here looks through files; open it with care
	Quarantined State = "quarantined" // it waits to be looked through, and nobody may open it
	Clean       State = "clean"       // it was looked through
	Refused     State = "refused"     // something harmful was found in it, and it was deleted
	Removed     State = "removed"     // whoever added it took it away
)

// readable reports whether people may open the file.
func (s State) readable() bool { return s == Unscanned || s == Clean }

// counts reports whether a document in this state has a file still, and so takes
// up one of the request's places.
func (s State) counts() bool { return s != Refused && s != Removed }

// Item says how much of a document is for which line of its request.
type Item struct {
	LineID uuid.UUID
	Pence  money.Pence
}

// Document is a quote or a receipt of a request.
type Document struct {
	ID          uuid.UUID
	RequestID   uuid.UUID
	JobseekerID uuid.UUID
	Kind        Kind
	Items       []Item // never empty for a receipt
	Name        string // as whoever added it called the file, made safe
	Type        string // a media type, seen from the content
	Size        int64  // in bytes
	Sum         [32]byte
	Key         string // under which Files has it; random, and shown to nobody
	State       State
	AddedBy     uuid.UUID
	AddedByName string
	AddedAt     time.Time
	Replaces    uuid.UUID // the one that this is sent instead of, or uuid.Nil
	ReplacedBy  uuid.UUID
}

// Request is a request as far as its documents go.
type Request struct {
	ID          uuid.UUID
	JobseekerID uuid.UUID
	Coach       uuid.UUID
	Area        string
	State       award.State
	Lines       []uuid.UUID
	Decided     time.Time  // when something about it was last decided; zero if nothing was
	Documents   []Document // all there ever were, oldest first
}

// Record is what the policy needs to know of it.
func (r *Request) Record() policy.Record {
	return policy.Record{Jobseeker: r.JobseekerID, Coach: r.Coach, Area: r.Area, State: string(r.State)}
}

// Most is how many documents a request may have at once.
const Most = 20

// takes says where a request must stand for a kind of document to be added: a
// quote helps to decide, so until it is decided or while that is challenged; a
// receipt is for money that was promised. The database holds the same.
var takes = map[Kind][]award.State{
	Quote:   {"draft", "submitted", "returned", "declined", "challenged"},
	Receipt: {"approved", "paid"},
}

// add puts a document among those of the request. It returns Invalid if it is
// not about lines of this request, and Conflict if the request takes no such
// document where it stands or has too many.
func (r *Request) add(d Document) error {
	if !slices.Contains(takes[d.Kind], r.State) {
		if d.Kind == Receipt {
			return fault.New(fault.Conflict, "A receipt can be added once the request is approved.")
		}
		return fault.New(fault.Conflict, "This request is decided, so a quote can no longer be added. Add a receipt instead.")
	}
	var c fault.Check
	c.Want(len(d.Items) > 0 || d.Kind != Receipt, "/items", "Enter how much of the receipt is for what was asked for.")
	seen := map[uuid.UUID]bool{}
	for i, item := range d.Items {
		at := fmt.Sprintf("/items/%d/", i)
		c.Want(slices.Contains(r.Lines, item.LineID) && !seen[item.LineID], at+"line_id", "Choose one of the things that were asked for, once.")
		c.Want(item.Pence >= 1, at+"pence", "Enter an amount of 1p or more.")
		c.Want(item.Pence <= money.Most, at+"pence", fmt.Sprintf("Enter an amount of %v or less.", money.Most))
		seen[item.LineID] = true
	}
	if d.Replaces != uuid.Nil {
		old, ok := r.document(d.Replaces)
		c.Want(ok && old.Kind == d.Kind && old.State != Removed && old.ReplacedBy == uuid.Nil, "/replaces", "Choose a document of this request that has not been replaced yet.")
	}
	if err := c.Err(); err != nil {
		return err
	}
	kept := 0
	for _, other := range r.Documents {
		if other.State.counts() {
			kept++
		}
	}
	if kept >= Most {
		return errTooMany
	}
	r.Documents = append(r.Documents, d)
	return nil
}

var errTooMany = fault.Newf(fault.Conflict, "This request has %d files, which is the most it can have. Remove one that is not needed, or put several pages into one file.", Most)

// document is the one with this id.
func (r *Request) document(id uuid.UUID) (Document, bool) {
	i := slices.IndexFunc(r.Documents, func(d Document) bool { return d.ID == id })
	if i < 0 {
		return Document{}, false
	}
	return r.Documents[i], true
}

// Removable reports whether this person may take the document away: whoever
// added it may, for as long as nobody has decided anything with it there.
func (r *Request) Removable(d Document, by uuid.UUID) bool { return r.removable(d, by) == nil }

func (r *Request) removable(d Document, by uuid.UUID) error {
	switch {
	case by == uuid.Nil || d.AddedBy != by:
		return fault.New(fault.Forbidden, "Only whoever added a file can remove it.")
	case d.State == Removed:
		return fault.New(fault.Conflict, "This file has been removed.")
	case d.ReplacedBy != uuid.Nil, r.Decided.After(d.AddedAt), r.State == "closed":
		return fault.New(fault.Conflict, "Something was decided with this file here, so it stays. Add another that replaces it.")
	}
	return nil
}

// newKey is a name that tells nothing and that nobody can guess.
func newKey() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails: it stops the program instead
	return hex.EncodeToString(b[:])
}

// newID is a UUIDv7: ids made later sort later, which keeps indexes compact.
func newID() uuid.UUID { return uuid.Must(uuid.NewV7()) }
