package document

import (
	"context"
	"crypto/sha256"
	"io"
	"time"

	"github.com/google/uuid"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/pkg/identity"
	"github.com/instead-support/instead/services/funding/internal/award"
	"github.com/instead-support/instead/services/funding/internal/policy"
)

// Needs knows who jobseekers are and who supports them.
type Needs interface {
	// Me is which jobseeker the person acting is, or uuid.Nil.
	Me(ctx context.Context) (uuid.UUID, error)
	// Jobseeker is who supports this jobseeker, and where.
	Jobseeker(ctx context.Context, id uuid.UUID) (award.Jobseeker, error)
}

// Deps is what Documents are made of.
type Deps struct {
	Store   Store
	Files   Files
	Scanner Scanner // nil where none is configured
	Needs   Needs
	Now     func() time.Time
}

// Documents are the use cases. Every method that takes somebody's context acts
// for the person in it and returns Unauthenticated if there is none, Forbidden
// for what that person may see but not do, and NotFound for what they may not
// see.
type Documents struct{ d Deps }

// New returns the use cases on top of d.
func New(d Deps) *Documents { return &Documents{d} }

// Upload is a file that somebody sends in.
type Upload struct {
	Kind     Kind
	Items    []Item
	Replaces uuid.UUID // or uuid.Nil
	Name     string
	Content  []byte
}

// TheJobseeker is whom a document, or anything else here, is by when a jobseeker
// did it: funding keeps no name of theirs.
const TheJobseeker = "The jobseeker"

// Add keeps a file with a request. It returns Invalid, about "/file", for a file
// that is not taken, Invalid for items that are not of the request's lines, and
// Conflict if the request takes no such document now or has too many.
//
// The file is put first and told of after. Whatever breaks off in between leaves
// a file that nothing knows of, for Sweep, and never a document without a file.
func (s *Documents) Add(ctx context.Context, request uuid.UUID, u Upload) (*Request, Document, error) {
	who, err := s.actor(ctx, policy.AddDocument)
	if err != nil {
		return nil, Document{}, err
	}
	r, err := s.d.Store.Request(ctx, who, request)
	if err != nil {
		return nil, Document{}, err
	}
	coach, err := s.coachOf(ctx, who, policy.AddDocument, r)
	if err != nil {
		return nil, Document{}, err
	}
	is, err := typeOf(u.Content)
	if err != nil {
		return nil, Document{}, err
	}
	d := Document{
		ID: newID(), RequestID: r.ID, JobseekerID: r.JobseekerID, Kind: u.Kind, Items: u.Items, Replaces: u.Replaces,
		Name: safeName(u.Name, is), Type: is, Size: int64(len(u.Content)), Sum: sha256.Sum256(u.Content), Key: newKey(),
		State: Unscanned, AddedBy: who.ID, AddedByName: nameOf(who), AddedAt: s.now(),
	}
	if s.d.Scanner != nil {
		d.State = Quarantined
	}
	if err := r.add(d); err != nil {
		return nil, Document{}, err // before anything is put anywhere
	}
	if err := s.d.Files.Put(ctx, d.Key, d.Type, u.Content); err != nil {
		return nil, Document{}, fault.Wrap(err, fault.Unavailable, "The file could not be kept right now. Nothing was changed. Try again in a minute.")
	}
	act := award.Act{Who: who, Operation: policy.AddDocument, Body: []any{request, d.Kind, d.Items, d.Replaces, d.Name, d.Sum[:]}}
	added, err := s.d.Store.Add(ctx, act, request, func(r *Request) (Document, error) {
		r.Coach = coach
		if err := policy.Check(who, policy.AddDocument, policy.ListDocuments, r.Record()); err != nil {
			return Document{}, err
		}
		return d, r.add(d)
	})
	// On an error the file stays for now: it may be that only the answer was lost.
	if err == nil && added.ID != d.ID {
		_ = s.d.Files.Delete(ctx, d.Key) // the same message again; what it added before is there
	}
	return r, added, err
}

// Remove takes a document away: whoever added it may, while nobody has decided
// anything with it there. That it was there stays on record; the file does not.
func (s *Documents) Remove(ctx context.Context, id uuid.UUID) error {
	who, err := s.actor(ctx, policy.RemoveDocument)
	if err != nil {
		return err
	}
	r, err := s.d.Store.RequestOf(ctx, who, id)
	if err != nil {
		return err
	}
	coach, err := s.coachOf(ctx, who, policy.RemoveDocument, r)
	if err != nil {
		return err
	}
	d, err := s.d.Store.Remove(ctx, award.Act{Who: who, Operation: policy.RemoveDocument, Body: id}, id, func(r *Request, d Document) error {
		r.Coach = coach
		if err := policy.Check(who, policy.RemoveDocument, policy.ListDocuments, r.Record()); err != nil {
			return err
		}
		return r.removable(d, who.ID)
	})
	if err == nil {
		_ = s.d.Files.Delete(ctx, d.Key) // Sweep deletes it otherwise
	}
	return err
}

// List is a request with the documents that are there, oldest first.
func (s *Documents) List(ctx context.Context, request uuid.UUID) (*Request, error) {
	who, err := s.actor(ctx, policy.ListDocuments)
	if err != nil {
		return nil, err
	}
	return s.d.Store.List(ctx, award.Act{Who: who, Operation: policy.ListDocuments}, request)
}

// Open is a document and what is in its file, for the caller to close. It
// returns Conflict while the file is not to be opened.
func (s *Documents) Open(ctx context.Context, id uuid.UUID) (Document, io.ReadCloser, error) {
	who, err := s.actor(ctx, policy.DownloadDocument)
	if err != nil {
		return Document{}, nil, err
	}
	d, err := s.d.Store.Read(ctx, award.Act{Who: who, Operation: policy.DownloadDocument}, id)
	if err != nil {
		return Document{}, nil, err
	}
	switch {
	case d.State == Quarantined:
		return Document{}, nil, fault.New(fault.Conflict, "This file is still being checked for viruses. Try again in a minute.")
	case d.State == Refused:
		return Document{}, nil, fault.New(fault.Conflict, "A virus was found in this file, so it was deleted. Ask whoever added it for another.")
	case !d.State.readable():
		return Document{}, nil, fault.New(fault.NotFound, "This file has been removed.")
	}
	content, err := s.d.Files.Open(ctx, d.Key)
	if err != nil {
		return Document{}, nil, fault.Wrap(err, fault.Unavailable, "The file can’t be read right now. Try again in a minute.")
	}
	return d, content, nil
}

// Scan looks through the file of a document that waits for it, and deletes the
// file if something harmful is in it. It does nothing to one that was looked
// through before. An error means that it has to be tried again.
func (s *Documents) Scan(ctx context.Context, id uuid.UUID) error {
	d, waits, err := s.d.Store.ToScan(ctx, id)
	if err != nil || !waits || s.d.Scanner == nil {
		return err
	}
	content, err := s.d.Files.Open(ctx, d.Key)
	if err != nil {
		return err
	}
	defer content.Close()
	harmless, err := s.d.Scanner.Harmless(ctx, content)
	if err != nil {
		return err
	}
	if harmless {
		return s.d.Store.Scanned(ctx, id, Clean)
	}
	if err := s.d.Store.Scanned(ctx, id, Refused); err != nil {
		return err
	}
	return s.d.Files.Delete(ctx, d.Key)
}

// grace is how long a file may lie there before something must know of it: far
// longer than any upload takes.
const grace = 24 * time.Hour

// Sweep deletes files that nothing knows of: of uploads that broke off, and of
// documents that were removed or refused.
func (s *Documents) Sweep(ctx context.Context) error {
	const atOnce = 500
	var keys []string
	sweep := func() error {
		kept, err := s.d.Store.Kept(ctx, keys)
		if err != nil {
			return err
		}
		for _, key := range keys {
			if kept[key] {
				continue
			}
			if err := s.d.Files.Delete(ctx, key); err != nil {
				return err
			}
		}
		keys = keys[:0]
		return nil
	}
	for key, err := range s.d.Files.Before(ctx, s.now().Add(-grace)) {
		if err != nil {
			return err
		}
		if keys = append(keys, key); len(keys) == atOnce {
			if err := sweep(); err != nil {
				return err
			}
		}
	}
	return sweep()
}

// actor is who acts, if some role of theirs may do the operation at all.
func (s *Documents) actor(ctx context.Context, op policy.Operation) (policy.Actor, error) {
	p, err := identity.From(ctx)
	if err != nil {
		return policy.Actor{}, err
	}
	if err := policy.Gate(p, op); err != nil {
		return policy.Actor{}, err
	}
	who := policy.Actor{Person: p}
	if p.Is(identity.Jobseeker) {
		who.Jobseeker, err = s.d.Needs.Me(ctx)
	}
	return who, err
}

// coachOf is whose caseload the request is on, if who may do op to it. A coach
// who took somebody over may have done so without funding having heard of it, so
// needs is asked before a coach is refused.
func (s *Documents) coachOf(ctx context.Context, who policy.Actor, op policy.Operation, r *Request) (uuid.UUID, error) {
	rec := r.Record()
	if who.Is(identity.Coach) && !policy.Reaches(who, op, rec) {
		j, err := s.d.Needs.Jobseeker(ctx, r.JobseekerID)
		if err != nil {
			return uuid.Nil, err
		}
		rec.Coach = j.CoachID
	}
	return rec.Coach, policy.Check(who, op, policy.ListDocuments, rec)
}

// nameOf is what is kept of who acted, for others to read.
func nameOf(who policy.Actor) string {
	if who.Jobseeker != uuid.Nil {
		return TheJobseeker
	}
	return who.Name
}

// now is the time as it is kept, so that what was written equals what is read.
func (s *Documents) now() time.Time { return s.d.Now().UTC().Truncate(time.Microsecond) }
