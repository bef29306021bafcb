package proxy

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
)

const secret, newer = "0123456789abcdef0123", "fedcba98765432100123"

func prefixes(s ...string) (all []netip.Prefix) {
	for _, p := range s {
		all = append(all, netip.MustParsePrefix(p))
	}
	return all
}

// ask sends a request through the rules; addr is "" when it was refused.
func ask(r Rules, from, path string, headers ...string) (addr string, got http.Header) {
	q := httptest.NewRequest("GET", path, nil)
	q.RemoteAddr = from
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		q.Header.Add(name, value)
	}
	r.Handler(http.HandlerFunc(func(_ http.ResponseWriter, q *http.Request) {
		addr, got = q.RemoteAddr, q.Header
	}), func(http.ResponseWriter, *http.Request) {}).ServeHTTP(httptest.NewRecorder(), q)
	return addr, got
}

func TestWhoTheVisitorIs(t *testing.T) {
	trusting := Rules{Trusted: prefixes("10.0.0.0/8", "127.0.0.1/32", "fd00::/8")}
	both := trusting
	both.Secrets = []string{secret, newer}
	network := Rules{Secrets: []string{secret}}
	const right = VerifyHeader + ": " + secret
	long := strings.Repeat("10.9.9.9, ", 200)
	for _, row := range []struct {
		name    string
		rules   Rules
		from    string
		headers []string
		want    string
	}{
		{"nobody is trusted", Rules{}, "198.51.100.7:4711", []string{"X-Forwarded-For: 203.0.113.9"}, "198.51.100.7:4711"},
		{"forged by a stranger", trusting, "198.51.100.7:4711", []string{"X-Forwarded-For: 203.0.113.9"}, "198.51.100.7"},
		{"a proxy without a word", trusting, "10.1.2.3:80", nil, "10.1.2.3"},
		{"one proxy", trusting, "10.1.2.3:80", []string{"X-Forwarded-For: 203.0.113.9"}, "203.0.113.9"},
		{"forged before one proxy", trusting, "10.1.2.3:80", []string{"X-Forwarded-For: 127.0.0.1, 203.0.113.9"}, "203.0.113.9"},
		{"two proxies", trusting, "127.0.0.1:80", []string{"X-Forwarded-For: 6.6.6.6, 203.0.113.9, 10.1.2.3"}, "203.0.113.9"},
		{"several headers", trusting, "127.0.0.1:80", []string{"X-Forwarded-For: 6.6.6.6, 203.0.113.9", "X-Forwarded-For: 10.1.2.3"}, "203.0.113.9"},
		{"a visitor in the trusted net", trusting, "127.0.0.1:80", []string{"X-Forwarded-For: 10.5.5.5, 10.1.2.3"}, "10.5.5.5"},
		{"IPv6", trusting, "[fd00::1]:80", []string{"X-Forwarded-For: 2001:db8::7"}, "2001:db8::7"},
		{"IPv4 in IPv6", trusting, "[::ffff:10.1.2.3]:80", []string{"X-Forwarded-For: ::ffff:203.0.113.9"}, "203.0.113.9"},
		{"with ports", trusting, "10.1.2.3:80", []string{"X-Forwarded-For: 203.0.113.9:5555"}, "203.0.113.9"},
		{"IPv6 with a port", trusting, "10.1.2.3:80", []string{"X-Forwarded-For: [2001:db8::7]:5555"}, "2001:db8::7"},
		{"IPv6 in brackets", trusting, "10.1.2.3:80", []string{"X-Forwarded-For: [2001:db8::7]"}, "2001:db8::7"},
		{"a zone", trusting, "10.1.2.3:80", []string{"X-Forwarded-For: fe80::1%eth0"}, "fe80::1"},
		{"garbage", trusting, "10.1.2.3:80", []string{"X-Forwarded-For: unknown"}, "10.1.2.3"},
		{"half brackets", trusting, "10.1.2.3:80", []string{"X-Forwarded-For: [203.0.113.9"}, "10.1.2.3"},
		{"garbage behind a hop", trusting, "127.0.0.1:80", []string{"X-Forwarded-For: 203.0.113.9, _hidden, 10.1.2.3"}, "10.1.2.3"},
		{"empty", trusting, "10.1.2.3:80", []string{"X-Forwarded-For: "}, "10.1.2.3"},
		{"empty elements", trusting, "10.1.2.3:80", []string{"X-Forwarded-For: 203.0.113.9,,"}, "10.1.2.3"},
		{"very long", trusting, "10.1.2.3:80", []string{"X-Forwarded-For: 203.0.113.9, " + long + "10.9.9.9"}, "10.9.9.9"},
		{"a very long word", trusting, "10.1.2.3:80", []string{"X-Forwarded-For: " + strings.Repeat("1", 5000)}, "10.1.2.3"},
		{"many headers", trusting, "10.1.2.3:80", []string{"X-Forwarded-For: 203.0.113.9", "X-Forwarded-For: 10.0.0.1", "X-Forwarded-For: 10.0.0.2", "X-Forwarded-For: 10.0.0.3"}, "203.0.113.9"},
		{"another header's word", trusting, "10.1.2.3:80", []string{"Forwarded: for=203.0.113.9", "X-Real-Ip: 203.0.113.9"}, "10.1.2.3"},
		{"no address at all", trusting, "@", []string{"X-Forwarded-For: 203.0.113.9"}, "@"},

		{"through the network", network, "198.51.100.7:443", []string{right, "X-Forwarded-For: 6.6.6.6, 203.0.113.9"}, "203.0.113.9"},
		{"through the network, no list", network, "198.51.100.7:443", []string{right}, "198.51.100.7"},
		{"through the network and a proxy", both, "127.0.0.1:443", []string{right, "X-Forwarded-For: 6.6.6.6, 203.0.113.9, 198.51.100.7"}, "203.0.113.9"},
		{"the newer secret", both, "198.51.100.7:443", []string{VerifyHeader + ": " + newer, "X-Forwarded-For: 203.0.113.9"}, "203.0.113.9"},
		{"round the network", network, "198.51.100.7:443", []string{"X-Forwarded-For: 203.0.113.9"}, ""},
		{"a proxy alone is not the network", both, "127.0.0.1:443", []string{"X-Forwarded-For: 203.0.113.9"}, ""},
		{"a wrong secret", network, "198.51.100.7:443", []string{VerifyHeader + ": " + newer}, ""},
		{"a prefix of it", network, "198.51.100.7:443", []string{VerifyHeader + ": " + secret[:19]}, ""},
		{"twice", network, "198.51.100.7:443", []string{right, right}, ""},
		{"both in one", both, "198.51.100.7:443", []string{right + "," + newer}, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			want := row.want
			if want != "" && len(row.rules.Trusted)+len(row.rules.Secrets) > 0 && want != "@" {
				want = netip.AddrPortFrom(netip.MustParseAddr(want), 0).String()
			}
			got, h := ask(row.rules, row.from, "/api/v1/me", row.headers...)
			if got != want {
				t.Errorf("got %q, want %q", got, want)
			}
			if h.Get(VerifyHeader) != "" && len(row.rules.Secrets) > 0 {
				t.Error("the secret goes on into the server")
			}
		})
	}
}

func TestWhoSaysByWhichScheme(t *testing.T) {
	trusting := Rules{Trusted: prefixes("10.0.0.0/8")}
	network := Rules{Secrets: []string{secret}}
	const https = "X-Forwarded-Proto: https"
	for _, row := range []struct {
		name    string
		rules   Rules
		headers []string
		want    string
	}{
		{"nobody is trusted", Rules{}, []string{https}, ""},
		{"trusted", trusting, []string{https}, "https"},
		{"http", trusting, []string{"X-Forwarded-Proto: http"}, "http"},
		{"twice", trusting, []string{https, https}, ""},
		{"something else", trusting, []string{"X-Forwarded-Proto: gopher"}, ""},
		{"a visitor of the network may send it too", network, []string{https, VerifyHeader + ": " + secret}, ""},
	} {
		_, h := ask(row.rules, "10.1.2.3:80", "/", row.headers...)
		if got := h.Get("X-Forwarded-Proto"); got != row.want {
			t.Errorf("%s: got %q, want %q", row.name, got, row.want)
		}
	}
}

// Programs of this machine ask how the server is without the secret.
func TestOwnChecks(t *testing.T) {
	network := Rules{Secrets: []string{secret}}
	for _, row := range []struct {
		from, path string
		in         bool
	}{
		{"127.0.0.1:1", "/healthz", true}, {"[::1]:1", "/readyz", true}, {"127.0.0.1:1", "/metrics", true},
		{"127.0.0.1:1", "/api/v1/me", false}, {"127.0.0.1:1", "/readyz/x", false}, {"198.51.100.7:1", "/readyz", false},
	} {
		if got, _ := ask(network, row.from, row.path); (got != "") != row.in {
			t.Errorf("%s from %s: got %q", row.path, row.from, got)
		}
	}
}

func TestNetwork(t *testing.T) {
	for give, want := range map[string]string{
		"203.0.113.9": "203.0.113.9", "::ffff:203.0.113.9": "::ffff:203.0.113.9", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "": "", "unknown": "unknown",
	} {
		if got := Network(give); got != want {
			t.Errorf("%q: got %q, want %q", give, got, want)
		}
	}
}

func FuzzVisitor(f *testing.F) {
	f.Add("203.0.113.9, 10.1.2.3", "[::1]:80", true)
	f.Add(",,,", "unknown", false)
	trusting := Rules{Trusted: prefixes("10.0.0.0/8")}
	f.Fuzz(func(t *testing.T, a, b string, verified bool) {
		if got := trusting.visitor(netip.MustParseAddr("10.0.0.1"), []string{a, b}, verified); !got.IsValid() || got.Zone() != "" {
			t.Errorf("got %v", got)
		}
		if got := trusting.visitor(netip.MustParseAddr("198.51.100.7"), []string{a, b}, false); got != netip.MustParseAddr("198.51.100.7") {
			t.Errorf("a stranger is taken for %v", got)
		}
	})
}
