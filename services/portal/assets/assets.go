// Package assets is the portal's stylesheet, script and icon, built into the
// program. It owns the look; which classes a page uses is component's business.
//
// What it serves is in dist, built by build.sh and committed, so that building
// the portal needs Go and nothing else.
package assets

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"
)

//go:embed dist
var dist embed.FS

// Prefix is where Handler expects to be mounted.
const Prefix = "/assets/"

type file struct {
	kind           string
	plain, gzipped []byte
}

// The files by name, and one hash of them all. They share a hash, and so a
// folder, so that the script can import its neighbour by a relative address.
var files, version = load()

func load() (map[string]file, string) {
	all, hash := map[string]file{}, sha256.New()
	err := fs.WalkDir(dist, "dist", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		plain, err := dist.ReadFile(name)
		if err != nil {
			return err
		}
		base := path.Base(name)
		fmt.Fprintf(hash, "%s %d\n", base, len(plain))
		hash.Write(plain)
		all[base] = file{kind: kindOf(base), plain: plain, gzipped: compress(plain)}
		return nil
	})
	if err != nil {
		panic("assets: " + err.Error()) // embedded at build: it can't fail in use
	}
	return all, hex.EncodeToString(hash.Sum(nil))[:12]
}

// kindOf does not ask the machine's own table of types, which may be missing
// or strange: a browser refuses a module script of the wrong type.
func kindOf(name string) string {
	switch path.Ext(name) {
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	}
	return "text/plain; charset=utf-8"
}

func compress(plain []byte) []byte {
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.BestCompression)
	_, _ = w.Write(plain) // into memory, which takes it all
	_ = w.Close()
	return b.Bytes()
}

// URL is the address of the file with this name. It changes when any file
// does, so a browser may keep what it has for as long as it likes. It panics
// if there is no such file: that is a misprint in a template.
func URL(name string) string {
	if _, ok := files[name]; !ok {
		panic("assets: there is no " + name)
	}
	return Prefix + version + "/" + name
}

// Handler serves the files under Prefix. An address of another version gets
// today's file, not to be kept: while a new version rolls out, a page of one
// may ask the other for its styles.
func Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked, name, ok := strings.Cut(strings.TrimPrefix(r.URL.Path, Prefix), "/")
		f, found := files[name]
		if !ok || !found {
			http.NotFound(w, r)
			return
		}
		h := w.Header()
		h.Set("Content-Type", f.kind)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Vary", "Accept-Encoding")
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
		if asked != version {
			h.Set("Cache-Control", "no-cache")
		}
		body := f.plain
		if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			h.Set("Content-Encoding", "gzip")
			body = f.gzipped
		}
		http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(body))
	})
}
