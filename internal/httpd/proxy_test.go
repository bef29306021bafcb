package httpd

import (
	"net/netip"
	"strings"
	"testing"

	"minichat"
	"minichat/internal/proxy"
)

// behindProxy trusts this machine, from which all tests come.
func behindProxy(o *Options) {
	o.Proxies.Trusted = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
}

const wrongPassword = `{"handle":"olga","password":"wrong horse"}`

// Row 69: the limits count the visitor whom a trusted proxy names, and nobody
// whom a stranger invents.
func TestLimitsCountTheVisitor(t *testing.T) {
	few := func(o *Options) { o.Limits.SigninFailuresPerMinuteIP, o.Limits.ConnectionsPerAddr = 2, 1 }
	from := func(addr string) string { return "X-Forwarded-For: 198.51.100.1, " + addr }

	p := newPlace(t, few, behindProxy)
	for range 2 {
		p.do("POST", "/api/v1/sessions", wrongPassword, from("203.0.113.1")).want(t, 401)
	}
	p.do("POST", "/api/v1/sessions", wrongPassword, from("203.0.113.1")).want(t, 429)
	p.do("POST", "/api/v1/sessions", wrongPassword, from("203.0.113.2")).want(t, 401)
	p.dial(from("203.0.113.1"))
	if _, res, err := p.tryDial("/api/v1/socket", from("203.0.113.1")); err == nil || res == nil || res.StatusCode != 429 {
		t.Errorf("a second socket of one visitor: got %v, %v", res, err)
	}
	p.dial(from("203.0.113.2"))
	p.dial(from("2001:db8:1:2::1"))
	if _, res, err := p.tryDial("/api/v1/socket", from("2001:db8:1:2:ffff::2")); err == nil || res == nil || res.StatusCode != 429 {
		t.Errorf("a second socket from the same network of IPv6: got %v, %v", res, err)
	}

	p = newPlace(t, few)
	for _, addr := range []string{"203.0.113.1", "203.0.113.2"} {
		p.do("POST", "/api/v1/sessions", wrongPassword, from(addr)).want(t, 401)
	}
	p.do("POST", "/api/v1/sessions", wrongPassword, from("203.0.113.3")).want(t, 429)
	p.dial(from("203.0.113.1"))
	if _, res, err := p.tryDial("/api/v1/socket", from("203.0.113.2")); err == nil || res == nil || res.StatusCode != 429 {
		t.Errorf("a second socket with an invented address: got %v, %v", res, err)
	}
}

// Without the network's secret nobody is let in, whichever door they try.
func TestOriginVerify(t *testing.T) {
	const secret = "0123456789abcdef0123"
	p := newPlace(t, func(o *Options) {
		o.PublicURL, o.Proxies.Secrets = "https://chat.example.org", []string{secret}
	})
	for _, path := range []string{"/", "/api/v1/me", "/api/v1/socket", "/files/x/y", "/nothing"} {
		a := p.as(p.owner, "GET", path, "").want(t, 403)
		if pr := a.problem(t); pr.Code != minichat.Forbidden || !strings.Contains(pr.Detail, "https://chat.example.org") {
			t.Errorf("%s: got %+v", path, pr)
		}
	}
	p.as(p.owner, "GET", "/api/v1/me", "", proxy.VerifyHeader+": "+secret+"x").want(t, 403)
	p.as(p.owner, "GET", "/api/v1/me", "", proxy.VerifyHeader+": "+secret).want(t, 200)
	p.dial(proxy.VerifyHeader+": "+secret).hello(p.owner, nil)
	for _, path := range []string{"/healthz", "/readyz", "/metrics"} {
		p.do("GET", path, "").want(t, 200)
	}
	if strings.Contains(p.logs.String(), secret) {
		t.Error("the secret is in the log")
	}
}

// A trusted proxy's word about the scheme is held against the page's origin.
func TestSchemeBehindProxy(t *testing.T) {
	p := newPlace(t, behindProxy)
	ask := func(proto, origin string) int {
		return p.as(p.owner, "GET", "/api/v1/me", "", "Host: chat.example.org", "X-Forwarded-Proto: "+proto, "Origin: "+origin).StatusCode
	}
	if https, http := ask("https", "https://chat.example.org"), ask("https", "http://chat.example.org"); https != 200 || http != 403 {
		t.Errorf("over https: got %d for our page and %d for one over http", https, http)
	}
	if got := ask("http", "http://chat.example.org"); got != 200 {
		t.Errorf("over http: got %d", got)
	}
}

func TestStrictTransportSecurity(t *testing.T) {
	const header, want = "Strict-Transport-Security", "max-age=63072000"
	p := newPlace(t, func(o *Options) { o.PublicURL = "https://chat.example.org" })
	for _, path := range []string{"/", "/api/v1/me", "/nothing"} {
		if got := p.do("GET", path, "", "Host: chat.example.org").Header.Get(header); got != want {
			t.Errorf("%s: got %q, want %q", path, got, want)
		}
	}
	if got := p.do("GET", "/", "").Header.Get(header); got != "" {
		t.Errorf("on localhost: got %q", got) // it would hold for all else there
	}
	plain := newPlace(t, func(o *Options) { o.PublicURL = "http://chat.example.org" })
	if got := plain.do("GET", "/", "", "Host: chat.example.org").Header.Get(header); got != "" {
		t.Errorf("over http: got %q", got)
	}
}

// Row 69: a server that knows its name, and has no proxy before it, answers to no other.
func TestForeignHost(t *testing.T) {
	named := newPlace(t, func(o *Options) { o.PublicURL = "https://chat.example.org" })
	behind := newPlace(t, func(o *Options) {
		o.PublicURL = "https://chat.example.org"
		o.Proxies.Trusted = []netip.Prefix{netip.MustParsePrefix("192.0.2.1/32")}
	})
	for host, want := range map[string]int{
		"evil": 421, "evil.example": 421, "chat.example.org.evil.example": 421, "evil.example:443": 421, "": 200,
		"chat.example.org": 200, "CHAT.example.org.": 200, "chat.example.org:8443": 200,
		"localhost:8000": 200, "127.0.0.1": 200, "[::1]:80": 200, "192.0.2.7": 200, "[fe80::1%25en0]:80": 200,
	} {
		a := named.do("GET", "/healthz", "", "Host: "+host).want(t, want)
		if want == 421 {
			a.problem(t)
			if !strings.Contains(string(a.body), "https://chat.example.org") {
				t.Errorf("%s: the answer does not say where to go: %s", host, a.body)
			}
		}
		behind.do("GET", "/healthz", "", "Host: "+host).want(t, 200)
	}
	newPlace(t).do("GET", "/healthz", "", "Host: evil").want(t, 200) // it does not know its name
}
