// Package proxy finds out who a visitor is when proxies stand between: only
// those that are trusted may say so, whatever else a header claims.
package proxy

import (
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// VerifyHeader is what a content delivery network adds to show that a request
// came through it.
const VerifyHeader = "X-Origin-Verify"

// Rules say whose word counts. The zero value trusts nobody.
type Rules struct {
	Trusted []netip.Prefix // proxies that may name the visitor
	Secrets []string       // of VerifyHeader: without one of them nobody is let in; none: no such rule
}

// maxHops bounds how much of a list is read: nobody has more proxies.
const maxHops = 16

// Handler gives requests on with the visitor's address as their RemoteAddr. Of
// the headers, X-Forwarded-Proto stays only if a trusted proxy sent it, and
// VerifyHeader never does. refuse answers those who did not come the right way.
func (r Rules) Handler(next http.Handler, refuse http.HandlerFunc) http.Handler {
	if len(r.Trusted) == 0 && len(r.Secrets) == 0 {
		return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
			q.Header.Del("X-Forwarded-Proto")
			next.ServeHTTP(w, q)
		})
	}
	secrets := hashes(r.Secrets)
	return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		verified := false
		if len(secrets) > 0 {
			verified = matches(secrets, q.Header.Values(VerifyHeader))
			q.Header.Del(VerifyHeader) // it goes no further
			if !verified && !r.ownCheck(q) {
				refuse(w, q)
				return
			}
		}
		peer, ok := address(q.RemoteAddr)
		if !ok {
			next.ServeHTTP(w, q)
			return
		}
		if !r.trusts(peer) || !oneOf(q.Header.Values("X-Forwarded-Proto"), "http", "https") {
			q.Header.Del("X-Forwarded-Proto")
		}
		q.RemoteAddr = net.JoinHostPort(r.visitor(peer, q.Header.Values("X-Forwarded-For"), verified).String(), "0")
		next.ServeHTTP(w, q)
	})
}

// visitor walks the list of hops from its end: each trusted one vouches for the
// one before it. Who came through the delivery network, whose addresses are not
// among the trusted, has one hop more. What cannot be read ends the walk, and the
// last hop that is known counts.
func (r Rules) visitor(peer netip.Addr, lists []string, verified bool) netip.Addr {
	at := peer
	hops := 0
	for i := len(lists) - 1; i >= 0; i-- {
		for list, more := lists[i], true; more; {
			if !r.trusts(at) {
				if !verified {
					return at
				}
				verified = false
			}
			var last string
			if cut := strings.LastIndexByte(list, ','); cut >= 0 {
				list, last = list[:cut], list[cut+1:]
			} else {
				last, more = list, false
			}
			next, ok := address(strings.TrimSpace(last))
			if hops++; !ok || hops > maxHops {
				return at
			}
			at = next
		}
	}
	return at
}

func (r Rules) trusts(a netip.Addr) bool {
	for _, p := range r.Trusted {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// ownCheck reports whether a program on this machine asks how the server is.
func (r Rules) ownCheck(q *http.Request) bool {
	peer, ok := address(q.RemoteAddr)
	return ok && peer.IsLoopback() && slices.Contains([]string{"/healthz", "/readyz", "/metrics"}, q.URL.Path)
}

// address reads an address, with or without a port, as proxies write it.
func address(s string) (netip.Addr, bool) {
	if len(s) > 64 {
		return netip.Addr{}, false
	}
	bare := s
	if strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]") {
		bare = s[1 : len(s)-1]
	}
	a, err := netip.ParseAddr(bare)
	if err != nil {
		with, err := netip.ParseAddrPort(s)
		if err != nil {
			return netip.Addr{}, false
		}
		a = with.Addr()
	}
	return a.Unmap().WithZone(""), true
}

// Network is what counts as one address: an IPv6 host owns a whole /64.
func Network(addr string) string {
	a, err := netip.ParseAddr(addr)
	if err != nil || a.Unmap().Is4() {
		return addr
	}
	p, err := a.Prefix(64)
	if err != nil {
		return addr
	}
	return p.String()
}

func oneOf(got []string, want ...string) bool {
	for _, w := range want {
		if len(got) == 1 && got[0] == w {
			return true
		}
	}
	return false
}

func hashes(secrets []string) (all [][sha256.Size]byte) {
	for _, s := range secrets {
		all = append(all, sha256.Sum256([]byte(s)))
	}
	return all
}

// matches takes as long whatever is wrong with what was sent.
func matches(secrets [][sha256.Size]byte, sent []string) bool {
	if len(sent) != 1 {
		return false
	}
	got, found := sha256.Sum256([]byte(sent[0])), 0
	for _, s := range secrets {
		found |= subtle.ConstantTimeCompare(got[:], s[:])
	}
	return found == 1
}
