package document

import (
	"context"
	"io"
	"iter"
	"time"

	"github.com/google/uuid"

	"github.com/instead-support/instead/services/funding/internal/award"
	"github.com/instead-support/instead/services/funding/internal/policy"
)

// Store keeps what is known of documents, in one transaction a call.
//
// The methods that take an award.Act show and change only what its person may
// see, answer NotFound for anything else, and write into the audit trail what
// was seen or changed. Those that change something do so once for each
// Idempotency-Key. They lock the request, so that no two add to it at once.
type Store interface {
	// Request is a request with its documents. It says nothing of anybody yet,
	// and so leaves no trace in the audit trail.
	Request(ctx context.Context, who policy.Actor, request uuid.UUID) (*Request, error)
	// RequestOf is the request that this document belongs to.
	RequestOf(ctx context.Context, who policy.Actor, document uuid.UUID) (*Request, error)

	// Add saves the document that add puts at the end of the request's, or
	// answers with the one that the same message added before.
	Add(ctx context.Context, act award.Act, request uuid.UUID, add func(*Request) (Document, error)) (Document, error)
	// Remove marks the document as removed unless remove says why not.
	Remove(ctx context.Context, act award.Act, document uuid.UUID, remove func(*Request, Document) error) (Document, error)

	// List is a request with its documents, for somebody to look at.
	List(ctx context.Context, act award.Act, request uuid.UUID) (*Request, error)
	// Read is one document, for somebody to open.
	Read(ctx context.Context, act award.Act, document uuid.UUID) (Document, error)

	// ToScan is the document if its file waits to be looked through.
	ToScan(ctx context.Context, document uuid.UUID) (d Document, waits bool, err error)
	// Scanned says what came of looking through a document's file.
	Scanned(ctx context.Context, document uuid.UUID, result State) error
	// Kept are those of the keys under which a file is meant to lie.
	Kept(ctx context.Context, keys []string) (map[string]bool, error)
}

// Files keeps the bytes of files, each under its key.
type Files interface {
	Put(ctx context.Context, key, mediaType string, content []byte) error
	// Open returns NotFound if there is nothing under the key.
	Open(ctx context.Context, key string) (io.ReadCloser, error)
	// Delete does nothing if there is nothing under the key.
	Delete(ctx context.Context, key string) error
	// Before lists the keys of what was put before a moment.
	Before(ctx context.Context, moment time.Time) iter.Seq2[string, error]
}

// Scanner looks through files for what harms. An error says that it could not,
// and nothing of the file.
type Scanner interface {
	Harmless(ctx context.Context, content io.Reader) (bool, error)
}
