package httpd

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"
)

// page serves the web client: plain files of the program, packed once on first
// use, asked for again each time and answered with 304 while they are the same.
// What is large comes packed, and is unpacked for who cannot. A copy in memory
// has only what was asked for.
type page struct {
	files map[string]*pageFile // by name, such as app/main.js
}

type pageFile struct {
	body   func() []byte
	packed func() []byte // gives nil where it is not worth it
	etag   string
	typ    string
	policy string
}

// pageTypes is what the page is made of; other files are given as plain bytes.
var pageTypes = map[string]string{
	".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".mjs": "text/javascript; charset=utf-8",
	".css": "text/css; charset=utf-8", ".json": "application/json", ".svg": "image/svg+xml", ".png": "image/png",
	".ico": "image/x-icon", ".woff2": "font/woff2", ".txt": "text/plain; charset=utf-8", ".webmanifest": "application/manifest+json",
	".ts": "text/plain; charset=utf-8", ".mp3": "audio/mpeg", ".ogg": "audio/ogg", ".wav": "audio/wav",
}

// loadPage reads the page. bucket is the origin to which browsers send the bytes
// of files and from which they fetch them, "" if that is this server; the page's
// own policy then has to name it as well as the header.
func loadPage(files fs.FS, bucket string) (*page, error) {
	p := &page{files: map[string]*pageFile{}}
	widen := func(text string) (string, error) { return text, nil }
	if bucket != "" {
		widen = func(text string) (string, error) { return Widen(text, []string{bucket}, []string{bucket}) }
	}
	policy, err := widen(pageCSP)
	if err != nil {
		return nil, err
	}
	err = fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		kept := name
		read := func() ([]byte, error) {
			body, err := fs.ReadFile(files, kept)
			if err == nil && kept == "index.html" {
				var text string
				text, err = widen(string(body))
				body = []byte(text)
			}
			return body, err
		}
		body, err := read()
		if err != nil {
			return err
		}
		sum := sha256.Sum256(body)
		again := func() []byte { b, _ := read(); return b } // it worked, and is part of the program
		f := &pageFile{body: sync.OnceValue(again), etag: hex.EncodeToString(sum[:8]), policy: policy}
		f.packed = sync.OnceValue(func() []byte { return pack(again()) })
		if plain, ok := strings.CutSuffix(name, ".gz"); ok {
			name, f.packed = plain, f.body
			f.body = func() []byte { b, _ := Unpack(f.packed()); return b } // hardly anybody asks, and it is large
		}
		if strings.HasSuffix(name, "-worker.js") {
			f.policy = workerCSP
		}
		f.typ = pageTypes[path.Ext(name)]
		if f.typ == "" {
			f.typ = "application/octet-stream"
		}
		p.files[name] = f
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the page: %w", err)
	}
	return p, nil
}

func (p *page) names() []string {
	names := make([]string, 0, len(p.files))
	for name := range p.files {
		names = append(names, name)
	}
	return names
}

// ServeHTTP answers with the file that the path names; the mux has found it.
func (p *page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, "/")
	if name == "" {
		name = "index.html"
	}
	f := p.files[name]
	if f == nil {
		notThere(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", f.typ)
	h.Set("Content-Security-Policy", f.policy)
	h.Set("Cache-Control", "no-cache")
	h.Add("Vary", "Accept-Encoding")
	var body []byte
	etag := f.etag
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		body = f.packed()
	}
	if body != nil {
		h.Set("Content-Encoding", "gzip")
		etag += "-gz"
	} else {
		body = f.body()
	}
	h.Set("ETag", `"`+etag+`"`)
	r.Header.Del("Range")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}

// pack gives nil where it is not worth it.
func pack(body []byte) []byte {
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // the level is a valid one
	z.Write(body)                                         // a buffer takes everything
	z.Close()
	if b.Len() >= len(body)*9/10 {
		return nil
	}
	return b.Bytes()
}

// Unpack gives the plain bytes of a file of the page that comes packed.
func Unpack(packed []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}
