package httpd

import (
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"minichat"
)

// kinship is how the page that sent a request stands to this server.
type kinship int

const (
	unnamed kinship = iota // no Origin and no word of the browser: programs, navigation
	same                   // our own page
	listed                 // a page of --origins: bearer tokens only
	foreign
)

// kinshipOf reads the Origin header, and Sec-Fetch-Site where there is none.
func (s *Server) kinshipOf(r *http.Request) kinship {
	origins := r.Header.Values("Origin")
	if len(origins) == 0 {
		if r.Header.Get("Sec-Fetch-Site") == "same-origin" {
			return same
		}
		return unnamed
	}
	o := origins[0]
	switch {
	case len(origins) > 1:
		return foreign
	case o == s.o.PublicURL || s.isOwnHost(o, r):
		return same
	case slices.Contains(s.o.Origins, o):
		return listed
	}
	return foreign
}

// isOwnHost reports whether origin names the host that the request was sent to.
// The scheme is only held against it when this server itself speaks https, is
// known by an https address, or a trusted proxy said so: else it cannot know.
func (s *Server) isOwnHost(origin string, r *http.Request) bool {
	host := r.Host
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.User != nil || u.Fragment != "" {
		return false
	}
	if u.Scheme != "https" && (u.Scheme != "http" || s.scheme(r) == "https" || s.o.PublicURL == "https://"+strings.ToLower(u.Host)) {
		return false
	}
	return withPort(u.Host, u.Scheme) == withPort(host, u.Scheme)
}

func withPort(host, scheme string) string {
	host = strings.ToLower(host)
	if _, _, err := net.SplitHostPort(host); err == nil {
		return host
	}
	if scheme == "https" {
		return host + ":443"
	}
	return host + ":80"
}

// errOrigin is the answer to a page that may not call.
func errOrigin() error {
	return minichat.Errorf(minichat.Forbidden, "Pages of this origin may not call this server. An admin can allow one with --origins.")
}

// allowListed adds the headers by which a browser lets a page of --origins call.
// Credentials are never allowed: such pages send a bearer token.
func allowListed(h http.Header, origin string) {
	h.Add("Vary", "Origin")
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Access-Control-Expose-Headers", "ETag, Retry-After")
}

// preflight answers a browser that asks before it calls.
func preflight(w http.ResponseWriter, allow string) {
	h := w.Header()
	h.Set("Access-Control-Allow-Methods", allow)
	h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, Idempotency-Key")
	h.Set("Access-Control-Max-Age", "600")
	w.WriteHeader(http.StatusNoContent)
}
