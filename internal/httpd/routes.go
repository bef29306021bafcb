package httpd

import (
	"net/http"
	"slices"
	"strings"
)

// need is what a route asks of its caller before it runs. Who may do what is
// judged behind it, by minichat.Can.
type need int

const (
	anyone   need = iota // the route judges by itself
	signedIn             // a session's cookie or a bearer token
)

// route is one call of the API: the table below is both what is served and what
// /api/openapi.json describes.
type route struct {
	method, path string
	need         need
	do           func(*Server, *call) error
	op           op
}

const v1 = "/api/v1"

// routes is every call under /api/v1 that speaks JSON.
func routes() []route {
	return slices.Concat(authRoutes(), peopleRoutes(), roomRoutes(), messageRoutes(), fileRoutes(), adminRoutes())
}

// build makes the handler: each path once, then what stands before all of them.
func (s *Server) build() http.Handler {
	mux := http.NewServeMux()
	for path, m := range s.methodsByPath() {
		mux.Handle(path, m)
	}
	front := http.Handler(s.guard(mux))
	if s.o.Lab != nil {
		front = s.withLab(front)
	}
	front = s.o.Proxies.Handler(cleanPath(front), s.refuseWay)
	return s.secured(s.metrics.count(s.recovered(s.directed(front))))
}

// methodsByPath gathers all that is served, the plain doors beside the API.
func (s *Server) methodsByPath() map[string]methods {
	all := map[string]methods{}
	add := func(method, path string, h http.HandlerFunc) {
		if all[path] == nil {
			all[path] = methods{}
		}
		all[path][method] = h
	}
	for _, r := range routes() {
		add(r.method, v1+r.path, s.serveRoute(r))
	}
	add("GET", v1+"/socket", s.serveSocket)
	if s.o.Parts != nil {
		add("PUT", v1+"/parts/", s.serveParts)
	}
	add("GET", "/api/openapi.json", s.serveOpenAPI)
	add("GET", "/api/docs", s.serveDocs)
	add("GET", "/files/{file}/{name}", s.serveFile)
	add("GET", "/healthz", s.serveHealth)
	add("GET", "/readyz", s.serveReady)
	add("GET", "/metrics", s.serveMetrics)
	for _, name := range s.page.names() {
		add("GET", pattern(name), s.page.ServeHTTP)
	}
	all["/"] = methods{"": notThere}
	return all
}

// pattern is the mux pattern of one file of the page.
func pattern(name string) string {
	if name == "index.html" {
		return "/{$}"
	}
	return "/" + name
}

// methods is one path: a handler for each method. "" takes every method.
type methods map[string]http.HandlerFunc

func (m methods) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	h := m[method]
	if h == nil {
		h = m[""]
	}
	if h == nil {
		w.Header().Set("Allow", m.allow())
		writeProblem(w, errMethod(r.Method))
		return
	}
	h(w, r)
}

// allow lists the methods as the Allow header does.
func (m methods) allow() string {
	var names []string
	for name := range m {
		names = append(names, name)
		if name == http.MethodGet {
			names = append(names, http.MethodHead)
		}
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}
