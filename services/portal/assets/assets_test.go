package assets_test

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/instead-support/instead/services/portal/assets"
)

func get(t *testing.T, path, encoding string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.Header.Set("Accept-Encoding", encoding)
	w := httptest.NewRecorder()
	assets.Handler().ServeHTTP(w, r)
	return w.Result()
}

func TestABrowserKeepsAFileUntilItsAddressChanges(t *testing.T) {
	for name, kind := range map[string]string{
		"instead.css": "text/css; charset=utf-8", "instead.js": "text/javascript; charset=utf-8",
		"govuk-frontend.min.js": "text/javascript; charset=utf-8", "favicon.svg": "image/svg+xml",
	} {
		res := get(t, assets.URL(name), "")
		if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != kind {
			t.Errorf("%s: %d %s, want 200 %s", name, res.StatusCode, res.Header.Get("Content-Type"), kind)
		}
		if got := res.Header.Get("Cache-Control"); got != "public, max-age=31536000, immutable" {
			t.Errorf("%s: Cache-Control %q", name, got)
		}
	}
}

func TestAnotherVersionsAddressGetsTodaysFileNotToBeKept(t *testing.T) {
	res := get(t, "/assets/0123456789ab/instead.css", "")
	if res.StatusCode != http.StatusOK || res.Header.Get("Cache-Control") != "no-cache" {
		t.Errorf("%d %q, want 200 no-cache", res.StatusCode, res.Header.Get("Cache-Control"))
	}
	for _, path := range []string{"/assets/", "/assets/instead.css", "/assets/x/none.css", "/assets/x/../assets.go"} {
		if res := get(t, path, ""); res.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d, want 404", path, res.StatusCode)
		}
	}
}

func TestAFileComesCompressedToThoseWhoTakeIt(t *testing.T) {
	res := get(t, assets.URL("instead.css"), "gzip, br")
	if res.Header.Get("Content-Encoding") != "gzip" {
		t.Fatal("not compressed")
	}
	zr, err := gzip.NewReader(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(zr)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != built(t) {
		t.Error("it came out different")
	}
}

func TestAMisprintInATemplateIsFoundAtOnce(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("URL of a file that is not there did not panic")
		}
	}()
	assets.URL("instaed.css")
}

func built(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("dist/instead.css")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// The crown, the crest and the typeface belong to central government.
func TestNothingOfCentralGovernmentsIsServed(t *testing.T) {
	css := strings.ToLower(built(t))
	for _, theirs := range []string{"transport", "crest", "crown", "govuk-header", "govuk-footer", "url("} {
		if strings.Contains(css, theirs) {
			t.Errorf("the stylesheet has %q", theirs)
		}
	}
}

func TestTheLockNamesNoRegistry(t *testing.T) {
	b, err := os.ReadFile("package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	var lock struct {
		Packages map[string]struct{ Resolved, Integrity string }
	}
	if err := json.Unmarshal(b, &lock); err != nil {
		t.Fatal(err)
	}
	for name, p := range lock.Packages {
		if p.Resolved != "" {
			t.Errorf("%s is tied to %s", name, p.Resolved)
		}
		if name != "" && p.Integrity == "" {
			t.Errorf("%s has no integrity", name)
		}
	}
}

// The colours as the built stylesheet has them; the palette can't drift from
// what is promised here without this failing.
func TestTextCanBeReadOnItsBackground(t *testing.T) {
	css := built(t)
	functional := func(name string) string {
		m := regexp.MustCompile(`--govuk-` + name + `-colour: (#[0-9a-f]{6})`).FindStringSubmatch(css)
		if m == nil {
			t.Fatalf("the stylesheet has no colour %q", name)
		}
		return m[1]
	}
	const aa, aaa, shape = 4.5, 7.0, 3.0
	const white, paper, deep, gold, plum, button, hover = "#ffffff", "#f5f1e8", "#14464f", "#f2b544", "#5b3a78", "#0f5c66", "#0a454d"
	for _, own := range []string{paper, deep, gold, plum, button, hover} {
		if !strings.Contains(css, own) {
			t.Errorf("the stylesheet no longer has %s", own)
		}
	}
	for _, c := range []struct {
		what, front, back string
		least             float64
	}{
		{"text", functional("text"), white, aaa},
		{"text on paper", functional("text"), paper, aaa},
		{"secondary text", functional("secondary-text"), white, aaa},
		{"secondary text on paper", functional("secondary-text"), paper, aa},
		{"link", functional("link"), white, aaa},
		{"link on paper", functional("link"), paper, aa},
		{"visited link", functional("link-visited"), white, aaa},
		{"error", functional("error"), white, aa},
		{"focused text", functional("focus-text"), functional("focus"), aaa},
		{"header", white, deep, aaa},
		{"button", white, button, aaa},
		{"button under the pointer", white, hover, aaa},
		{"confirmation", white, functional("success"), aa},
		{"notice", white, functional("brand"), aaa},
		{"the mark on the header", gold, deep, shape},
		{"committed beside available", deep, white, shape},
		{"committed beside held", deep, gold, shape},
		{"paid beside available", plum, white, shape},
		{"an input's edge", functional("input-border"), white, shape},
	} {
		if got := contrast(t, c.front, c.back); got < c.least {
			t.Errorf("%s: %s on %s is %.2f to 1, want %.1f", c.what, c.front, c.back, got, c.least)
		}
	}
}

// contrast is WCAG's ratio of relative luminance.
func contrast(t *testing.T, a, b string) float64 {
	la, lb := luminance(t, a), luminance(t, b)
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

func luminance(t *testing.T, colour string) float64 {
	t.Helper()
	var r, g, b int
	if _, err := fmt.Sscanf(colour, "#%02x%02x%02x", &r, &g, &b); err != nil {
		t.Fatal(err)
	}
	linear := func(c int) float64 {
		if v := float64(c) / 255; v <= 0.04045 {
			return v / 12.92
		} else {
			return math.Pow((v+0.055)/1.055, 2.4)
		}
	}
	return 0.2126*linear(r) + 0.7152*linear(g) + 0.0722*linear(b)
}
