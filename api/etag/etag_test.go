package etag_test

import (
	"testing"

	"github.com/instead-support/instead/api/etag"
)

func TestAVersionComesBackFromItsHeader(t *testing.T) {
	for _, want := range []etag.Version{0, 7, 1 << 40} {
		text, err := want.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		var got etag.Version
		if err := got.UnmarshalText(text); err != nil || got != want {
			t.Errorf("%s came back as %v, %v", text, got, err)
		}
	}
}

func TestWhatCouldMatchAnythingIsNoVersion(t *testing.T) {
	for _, text := range []string{``, `*`, `7`, `""`, `W/"7"`, `"7", "8"`, `"-1"`, `"x"`, `"99999999999999999999"`} {
		var v etag.Version
		if err := v.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%s was taken as %v", text, v)
		}
	}
}
