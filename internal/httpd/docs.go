package httpd

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html"
	"net/http"
	"slices"
	"strings"
)

//go:embed docs.html
var docsHTML string

//go:embed docs.css
var docsCSS string

// readableDocs makes the page: the same table as the description, in words.
// It goes without html/template, which would keep the linker from leaving out
// what nobody calls.
func (s *Server) readableDocs() []byte {
	all := routes()
	slices.SortStableFunc(all, func(a, b route) int { return strings.Compare(a.path, b.path) })
	var list strings.Builder
	for _, r := range all {
		r.describe(&list)
	}
	return []byte(strings.NewReplacer(
		"{{style}}", docsCSS, "{{version}}", html.EscapeString(s.o.Version), "{{routes}}", list.String(), "{{schemas}}", html.EscapeString(string(schemas)),
	).Replace(docsHTML))
}

// describe writes one call as the page shows it.
func (r route) describe(b *strings.Builder) {
	write := func(format string, args ...string) {
		escaped := make([]any, len(args))
		for i, a := range args {
			escaped[i] = html.EscapeString(a)
		}
		fmt.Fprintf(b, format, escaped...)
	}
	write("<h2>%s %s</h2>\n<p>%s", r.method, v1+r.path, r.op.does)
	if r.need == anyone {
		write(" Nobody has to be signed in.")
	}
	write("</p>\n<ul>\n")
	for _, p := range r.op.query {
		write("<li><code>?%s=</code> %s</li>\n", p.name, p.does)
	}
	if r.op.body != "" {
		write("<li>Body: <a href=\"#shapes\">%s</a></li>\n", r.op.body)
	}
	var fails []string
	for _, status := range r.statuses() {
		if schema, ok := r.op.gives[status]; ok {
			write("<li>Answers %s</li>\n", strings.TrimSpace(fmt.Sprint(status, " ", schema)))
		} else {
			fails = append(fails, fmt.Sprint(status))
		}
	}
	write("<li>Refuses with %s</li>\n</ul>\n", strings.Join(fails, ", "))
}

func (s *Server) serveDocs(w http.ResponseWriter, _ *http.Request) {
	sum := sha256.Sum256([]byte(docsCSS))
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-cache")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	w.Write(s.docs()) // a client that is gone cannot be told
}
