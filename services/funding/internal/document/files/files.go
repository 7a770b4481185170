// Package files keeps the bytes of documents in a folder, or in whatever else
// gocloud.dev/blob can open by an address: an S3 bucket where the program links
// that in. It does not know what a document is.
package files

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"gocloud.dev/blob"
	_ "gocloud.dev/blob/fileblob" // file:///folder
	"gocloud.dev/gcerrors"

	"github.com/instead-support/instead/pkg/fault"
)

// Files is a document.Files.
type Files struct{ bucket *blob.Bucket }

// Open opens the bucket at an address, such as
// file:///var/lib/instead/documents?create_dir=true or s3://documents?region=eu-west-2.
// It touches nothing of the bucket's own until a file is put there.
func Open(ctx context.Context, address string) (Files, error) {
	b, err := blob.OpenBucket(ctx, address)
	if err != nil {
		return Files{}, fmt.Errorf("the place to keep documents: %w", err)
	}
	return Files{b}, nil
}

// Close gives back what Open took.
func (f Files) Close() error { return f.bucket.Close() }

// Put keeps content under key.
func (f Files) Put(ctx context.Context, key, mediaType string, content []byte) error {
	return f.bucket.Upload(ctx, key, bytes.NewReader(content), &blob.WriterOptions{ContentType: mediaType, DisableContentTypeDetection: true})
}

// Open reads what is under key.
func (f Files) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	r, err := f.bucket.NewReader(ctx, key, nil)
	if gcerrors.Code(err) == gcerrors.NotFound {
		return nil, fault.Wrap(err, fault.NotFound, "There is no such file.")
	}
	if err != nil {
		return nil, err
	}
	return r, nil
}

// Delete takes away what is under key, if anything is.
func (f Files) Delete(ctx context.Context, key string) error {
	err := f.bucket.Delete(ctx, key)
	if gcerrors.Code(err) == gcerrors.NotFound {
		return nil
	}
	return err
}

// Before lists the keys of what was put before a moment.
func (f Files) Before(ctx context.Context, moment time.Time) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		all := f.bucket.List(nil)
		for {
			o, err := all.Next(ctx)
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield("", err)
				return
			}
			if o.ModTime.Before(moment) && !yield(o.Key, nil) {
				return
			}
		}
	}
}
