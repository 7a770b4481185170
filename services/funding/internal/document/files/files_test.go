package files_test

import (
	"io"
	"slices"
	"testing"
	"time"

	"github.com/instead-support/instead/pkg/fault"
	"github.com/instead-support/instead/services/funding/internal/document/files"
)

func TestAFileComesBackAsItWasPutAndIsGoneOnceDeleted(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	f, err := files.Open(ctx, "file://"+t.TempDir()+"/documents?create_dir=true")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	if err := f.Put(ctx, "0a", "image/png", []byte("picture")); err != nil {
		t.Fatal(err)
	}
	r, err := f.Open(ctx, "0a")
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(r)
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if err != nil || string(got) != "picture" {
		t.Errorf("read %q %v, want what was put", got, err)
	}
	if keys := before(t, f, time.Now().Add(time.Hour)); !slices.Equal(keys, []string{"0a"}) {
		t.Errorf("put an hour ago or less: %v", keys)
	}
	if keys := before(t, f, time.Now().Add(-time.Hour)); len(keys) > 0 {
		t.Errorf("put before an hour ago: %v, want none", keys)
	}
	for range 2 {
		if err := f.Delete(ctx, "0a"); err != nil {
			t.Errorf("deleting: %v", err)
		}
	}
	if _, err := f.Open(ctx, "0a"); !fault.Is(err, fault.NotFound) {
		t.Errorf("what was deleted: %v, want not-found", err)
	}
}

func before(t *testing.T, f files.Files, moment time.Time) (keys []string) {
	t.Helper()
	for key, err := range f.Before(t.Context(), moment) {
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, key)
	}
	return keys
}

func TestAnAddressThatNothingOpensIsSaidSo(t *testing.T) {
	t.Parallel()
	if _, err := files.Open(t.Context(), "carrier-pigeon://loft"); err == nil {
		t.Error("opened")
	}
}
