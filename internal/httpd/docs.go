package httpd

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"
)

//go:embed docs.html
var docsHTML string

//go:embed docs.css
var docsCSS string

// docsRoute is one call as the page shows it.
type docsRoute struct {
	Method, Path, Does, Needs, Body string
	Query                           []param
	Gives                           []string
	Fails                           string
}

// Name and Does are for the template.
func (p param) Name() string { return p.name }

// Does says what the parameter is for.
func (p param) Does() string { return p.does }

// readableDocs makes the page once: the same table as the description, in words.
func (s *Server) readableDocs() ([]byte, error) {
	t, err := template.New("docs").Parse(docsHTML)
	if err != nil {
		return nil, fmt.Errorf("read the page of the API: %w", err)
	}
	var all []docsRoute
	for _, r := range routes() {
		d := docsRoute{Method: r.method, Path: v1 + r.path, Does: r.op.does, Body: r.op.body, Query: r.op.query}
		if r.need == anyone {
			d.Needs = "Nobody has to be signed in."
		}
		var fails []string
		for _, status := range r.statuses() {
			schema, ok := r.op.gives[status]
			switch {
			case !ok:
				fails = append(fails, fmt.Sprint(status))
			case schema == "":
				d.Gives = append(d.Gives, fmt.Sprint(status))
			default:
				d.Gives = append(d.Gives, fmt.Sprintf("%d %s", status, schema))
			}
		}
		d.Fails = strings.Join(fails, ", ")
		all = append(all, d)
	}
	slices.SortStableFunc(all, func(a, b docsRoute) int { return strings.Compare(a.Path, b.Path) })
	var b bytes.Buffer
	err = t.Execute(&b, struct {
		Style   template.CSS
		Routes  []docsRoute
		Schemas string
		Version string
	}{template.CSS(docsCSS), all, string(schemas), s.o.Version})
	if err != nil {
		return nil, fmt.Errorf("make the page of the API: %w", err)
	}
	return b.Bytes(), nil
}

func (s *Server) serveDocs(w http.ResponseWriter, _ *http.Request) {
	sum := sha256.Sum256([]byte(docsCSS))
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-cache")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	w.Write(s.docs) // a client that is gone cannot be told
}
