package httpd

import (
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"runtime/debug"
	"strings"
	"time"

	"minichat"
	"minichat/internal/auth"
)

// dataCSP is the policy of all that is no page: nothing in it may run.
const dataCSP = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"

// stsPolicy tells browsers to come by https alone for two years. Other hosts of
// the domain are not ours to speak for.
const stsPolicy = "max-age=63072000"

// alwaysSent are headers that every answer has unless its handler says otherwise.
// All share the values, which nobody changes: Set and Add make new ones.
var alwaysSent = http.Header{
	"Content-Security-Policy":      {dataCSP},
	"X-Content-Type-Options":       {"nosniff"},
	"X-Frame-Options":              {"DENY"},
	"Referrer-Policy":              {"no-referrer"},
	"Cross-Origin-Resource-Policy": {"same-origin"},
}

// secured puts the headers on every answer, the lab's and errors included, and
// gives every request a minute unless its handler knows better: deadlines stay
// on a connection, so each request must set them anew.
func (s *Server) secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		within(w, time.Minute)
		h := w.Header()
		maps.Copy(h, alwaysSent)
		local := isLoopback(hostOnly(r.Host))
		if s.secure || local {
			// Over plain http browsers ignore it, with a complaint in the console.
			h.Set("Cross-Origin-Opener-Policy", "same-origin")
		}
		if s.secure && !local { // all else that is tried on localhost shares the name
			h.Set("Strict-Transport-Security", stsPolicy)
		}
		next.ServeHTTP(w, r)
	})
}

// recovered turns a panic of one request into its answer; the process lives.
func (s *Server) recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			v := recover()
			if v == nil {
				return
			}
			if v == http.ErrAbortHandler {
				panic(v)
			}
			err := fmt.Errorf("panic: %v\n%s", v, debug.Stack())
			s.metrics.panics.Inc()
			s.fault(r, err)
			writeProblem(w, err)
		}()
		next.ServeHTTP(w, r)
	})
}

// cleanPath refuses paths that are spelt to mean another one.
func cleanPath(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := r.URL.EscapedPath()
		ok := strings.HasPrefix(path, "/")
		parts := strings.Split(strings.TrimPrefix(path, "/"), "/")
		for i, part := range parts {
			plain, err := url.PathUnescape(part)
			ok = ok && err == nil && plain != "." && plain != ".." && !strings.ContainsRune(plain, 0) &&
				!strings.HasPrefix(plain, "../") && (plain != "" || i == len(parts)-1)
		}
		if !ok {
			notThere(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// withLab lets the classroom's requests pass before the rule of origins.
func (s *Server) withLab(next http.Handler) http.Handler {
	root := s.o.Lab.Root(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/chat":
			within(w, 0)
			s.o.Lab.Chat(w, r)
		case r.URL.Path == "/upload":
			within(w, 0) // it keeps its own time while bytes come
			s.o.Lab.Upload(w, r)
		case r.URL.Path == "/" && (r.Method == http.MethodGet || r.Method == http.MethodHead):
			root.ServeHTTP(w, r)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// guard holds the rule of origins: foreign pages are refused, listed ones are
// told by which headers they may call, and preflights are answered.
func (s *Server) guard(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		kin := s.kinshipOf(r)
		if kin == foreign && !carriesLink(r) {
			s.fault(r, errOrigin())
			writeProblem(w, errOrigin())
			return
		}
		if kin == listed {
			allowListed(w.Header(), r.Header.Get("Origin"))
		}
		if r.Method == http.MethodOptions {
			s.options(w, r, mux)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// carriesLink reports whether a request for a file brings its permission in the
// address, so that it does not matter whose page sends it.
func carriesLink(r *http.Request) bool {
	q := r.URL.Query()
	return strings.HasPrefix(r.URL.Path, "/files/") && (q.Has("signature") || q.Has("lab"))
}

// options says which methods an address takes; for a preflight, in CORS's words.
func (s *Server) options(w http.ResponseWriter, r *http.Request, mux *http.ServeMux) {
	h, _ := mux.Handler(r)
	m, ok := h.(methods)
	if !ok || m[""] != nil {
		notThere(w, r)
		return
	}
	allow := m.allow()
	if wanted := r.Header.Get("Access-Control-Request-Method"); wanted != "" {
		preflight(w, allow)
		return
	}
	w.Header().Set("Allow", allow+", OPTIONS")
	w.WriteHeader(http.StatusNoContent)
}

// identify says who is asking: a bearer token before a cookie, and a cookie only
// from our own page or from no page at all.
func (s *Server) identify(r *http.Request, kin kinship) (auth.Identity, error) {
	if h := r.Header.Values("Authorization"); len(h) > 0 {
		scheme, token, ok := strings.Cut(h[0], " ")
		if !ok || len(h) > 1 || !strings.EqualFold(scheme, "Bearer") {
			return auth.Identity{}, errUnauthenticated()
		}
		return s.o.Auth.ByToken(r.Context(), strings.TrimSpace(token))
	}
	cookie, err := r.Cookie(s.cookie)
	if err != nil || kin == listed || kin == foreign {
		return auth.Identity{}, errUnauthenticated()
	}
	safe := r.Method == http.MethodGet || r.Method == http.MethodHead
	if kin != same && (!safe || crossSite(r)) {
		return auth.Identity{}, minichat.Errorf(minichat.Forbidden, "With the cookie alone, only our own page may do this. Send a bearer token instead.")
	}
	return s.o.Auth.ByCookie(r.Context(), cookie.Value)
}

// crossSite reports whether the browser says that another site's page asks.
func crossSite(r *http.Request) bool {
	site := r.Header.Get("Sec-Fetch-Site")
	return site == "cross-site" || site == "same-site"
}

func errUnauthenticated() error {
	return minichat.Errorf(minichat.Unauthenticated, "Sign in to do this.")
}

// serveRoute runs one route of the API and answers with its error, if any.
func (s *Server) serveRoute(route route) http.HandlerFunc {
	rule := bodyRule{max: 64 << 10, tooLong: minichat.Errorf(minichat.TooLarge, "The body is larger than %d bytes.", 64<<10)}
	if s.o.Limits.FrameBytes > 0 {
		rule = bodyRule{max: s.o.Limits.FrameBytes, tooLong: minichat.Errorf(minichat.TooLarge, "The body is larger than %d bytes.", s.o.Limits.FrameBytes)}
	}
	if route.op.secret {
		rule = bodyRule{max: 4 << 10, tooLong: minichat.Errorf(minichat.BadField, "A name or a password in it is too long.")}
	}
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store, private")
		c := &call{w: w, r: r, body: rule, depth: s.o.Limits.JSONDepth, kin: s.kinshipOf(r)}
		if err := s.run(route, c); err != nil {
			s.fault(r, err)
			writeProblem(w, err)
		}
	}
}

func (s *Server) run(route route, c *call) error {
	if route.need == signedIn {
		asked := s.o.Store.Partings()
		who, err := s.identify(c.r, c.kin)
		if err != nil {
			return err
		}
		c.who = who
		c.stays = func() (err error) {
			if s.o.Store.Partings() != asked {
				c.who, err = s.identify(c.r, c.kin)
			}
			return err
		}
	}
	if err := c.checkQuery(route.op.params()); err != nil {
		return err
	}
	if route.op.body == "" {
		if err := c.nothing(); err != nil {
			return err
		}
	}
	return route.do(s, c)
}

// refuseWay answers those who did not come through the delivery network.
func (s *Server) refuseWay(w http.ResponseWriter, _ *http.Request) {
	at := "the address that people are given"
	if s.o.PublicURL != "" {
		at = s.o.PublicURL
	}
	writeProblem(w, minichat.Errorf(minichat.Forbidden, "This server is not reached directly. Open %s.", at))
}

// directed refuses a request for a host that this server is not: a page of that
// name in somebody's browser must not come to speak for it. It can only know where
// it has a name and no proxy stands before it, which may have names of its own.
func (s *Server) directed(next http.Handler) http.Handler {
	if s.o.PublicURL == "" || len(s.o.Proxies.Trusted) > 0 || len(s.o.Proxies.Secrets) > 0 {
		return next
	}
	public, err := url.Parse(s.o.PublicURL)
	if err != nil {
		return next // the command line takes none like that
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := strings.TrimSuffix(hostOnly(r.Host), ".")
		named := strings.EqualFold(host, public.Hostname()) || r.TLS != nil && strings.EqualFold(host, r.TLS.ServerName)
		if !named && host != "" && !isLoopback(host) && !isAddress(host) {
			writeStatus(w, http.StatusMisdirectedRequest, minichat.Errorf(minichat.Forbidden, "This server is %s, not %q. Open that; whoever runs it can name the proxy that calls it otherwise with --trusted-proxies.", s.o.PublicURL, cut(host, 64)))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// scheme is by which the visitor came. A header that says so has been judged
// before (package proxy).
func (s *Server) scheme(r *http.Request) string {
	if s.o.TLS || r.Header.Get("X-Forwarded-Proto") == "https" {
		return "https"
	}
	return "http"
}

// ClientAddr is the visitor's address, without a port: the other end, or whom a
// trusted proxy named (package proxy).
func ClientAddr(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

func hostOnly(hostport string) string {
	if host, _, err := net.SplitHostPort(hostport); err == nil {
		return host
	}
	return strings.Trim(hostport, "[]")
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

func isAddress(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil
}

func isHTTPS(u string) bool { return strings.HasPrefix(u, "https://") }
