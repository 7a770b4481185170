package document

import (
	"bytes"
	"strings"
	"testing"

	"github.com/instead-support/instead/pkg/fault"
)

// The beginnings of files, as cameras and programs write them.
var beginnings = map[string]string{
	"application/pdf": "%PDF-1.7\n",
	"image/jpeg":      "\xff\xd8\xff\xe0\x00\x10JFIF",
	"image/png":       "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
	"image/heic":      "\x00\x00\x00\x18ftypheic\x00\x00\x00\x00",
	"image/webp":      "RIFF\x24\x00\x00\x00WEBPVP8 ",
}

func TestAFileIsWhatItsContentSaysWhateverItIsCalled(t *testing.T) {
	t.Parallel()
	for want, begins := range beginnings {
		if got, err := typeOf([]byte(begins + strings.Repeat("\x00", 600))); got != want || err != nil {
			t.Errorf("a file that begins %q is %q %v, want %s", begins, got, err, want)
		}
	}
	for what, content := range map[string][]byte{
		"nothing":      nil,
		"a page":       []byte("<!doctype html><script>alert(1)</script>"),
		"a drawing":    []byte(`<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>`),
		"a program":    []byte("MZ\x90\x00\x03\x00\x00\x00"),
		"a script":     []byte("#!/bin/sh\nrm -rf /\n"),
		"an archive":   []byte("PK\x03\x04\x14\x00\x00\x00"),
		"an animation": []byte("GIF89a\x01\x00"),
		"some words":   []byte("I paid £20 for boots"),
		"too much":     append([]byte(beginnings["image/jpeg"]), make([]byte, Largest)...),
	} {
		_, err := typeOf(content)
		f := fault.As(err)
		if err == nil || f.Kind != fault.Invalid || len(f.Fields) != 1 || f.Fields[0].Pointer != "/file" {
			t.Errorf("%s: %v, want Invalid about /file", what, err)
		}
	}
	whole := append([]byte(beginnings["image/jpeg"]), make([]byte, Largest-len(beginnings["image/jpeg"]))...)
	if _, err := typeOf(whole); err != nil || len(whole) != Largest {
		t.Errorf("a file of exactly the largest size: %v", err)
	}
}

func TestANameIsMadeSafeAndEndsAsItsTypeDoes(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"IMG_2044.HEIC":                   "IMG_2044.jpg",
		"receipt":                         "receipt.jpg",
		"":                                "file.jpg",
		"../../etc/passwd":                "passwd.jpg",
		`C:\Users\me\My receipt.png`:      "My receipt.jpg",
		"receipt.pdf.exe":                 "receipt.jpg",
		"\u202egpj.exe":                   "gpj.jpg",
		"a\r\nSet-Cookie: x=1.jpg":        "aSet-Cookie x=1.jpg",
		`"><script>.html`:                 "script.jpg",
		"...":                             "file.jpg",
		"Квитанция №4.jpeg":               "Квитанция №4.jpg",
		strings.Repeat("é", 300) + ".jpg": strings.Repeat("é", 96) + ".jpg",
		"bad\xffutf8.jpg":                 "badutf8.jpg",
	} {
		if got := safeName(name, "image/jpeg"); got != want {
			t.Errorf("safeName(%q) = %q, want %q", name, got, want)
		}
	}
}

func FuzzNoNameLeadsAnywhere(f *testing.F) {
	for _, s := range []string{"a.jpg", "../a", "a\x00b", strings.Repeat(".", 400)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		got := safeName(name, "application/pdf")
		if n := len([]rune(got)); n > longestName || n < len("x.pdf") || !strings.HasSuffix(got, ".pdf") || strings.ContainsAny(got, "/\\\"\r\n\x00") || got[0] == '.' {
			t.Errorf("safeName(%q) = %q", name, got)
		}
	})
}

func TestKeysDoNotRepeat(t *testing.T) {
	t.Parallel()
	if a, b := newKey(), newKey(); a == b || len(a) != 32 || bytes.ContainsAny([]byte(a), "/.") {
		t.Errorf("keys %q and %q", a, b)
	}
}
