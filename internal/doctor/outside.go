package doctor

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const leastHSTS = 180 * 24 * 60 * 60 // s: below it browsers soon forget

// checkOutside looks from the address that people type, through whatever stands
// in front.
func checkOutside(ctx context.Context, v *visit) {
	if v.Config.PublicURL == "" {
		return
	}
	u, err := url.Parse(v.Config.PublicURL)
	if err != nil {
		return // the settings were checked
	}
	if !v.checkName(ctx, u.Hostname()) || !v.checkCertificate(ctx, u) {
		return
	}
	if !v.Folder.Held || v.Folder.Base == "" {
		v.warn("outside.reach", "start the server, then run doctor again", "the server does not run: what stands in front of it was not tried")
		return
	}
	a, ok := v.checkSame(ctx)
	if !ok {
		return
	}
	v.checkVisitor(ctx, a)
	v.checkRedirect(ctx, u)
	v.checkHSTS(ctx, u)
	v.checkBody(ctx, u)
	v.checkSocket(ctx)
}

func (v *visit) checkName(ctx context.Context, host string) bool {
	addrs, err := net.DefaultResolver.LookupHost(ctx, host)
	if err != nil {
		v.fail("outside.name", "make a DNS record (A, AAAA) of "+host+", or mend --public-url", "%s leads nowhere: %v", host, rootOf(err))
		return false
	}
	v.ok("outside.name", "%s is %s", host, strings.Join(addrs, ", "))
	return true
}

// checkCertificate does what a browser does before it sends anything.
func (v *visit) checkCertificate(ctx context.Context, u *url.URL) bool {
	if u.Scheme == "http" {
		if isLoopback(u.Hostname()) {
			v.ok("outside.tls", "plain http, on this machine alone")
		} else {
			v.warn("outside.tls", "--tls CERT,KEY, or a proxy that speaks https, and --public-url https://"+u.Host, "people send their passwords to %s without encryption", v.Config.PublicURL)
		}
		return true
	}
	d := tls.Dialer{Config: v.tls(true)}
	conn, err := d.DialContext(ctx, "tcp", net.JoinHostPort(u.Hostname(), firstOf(u.Port(), "443")))
	if err != nil {
		v.fail("outside.tls", "start what stands in front, open the port in the firewall, and give it a certificate for "+u.Hostname(), "%s: %v", v.Config.PublicURL, rootOf(err))
		return false
	}
	defer conn.Close()
	if t, ok := conn.(*tls.Conn); ok {
		v.checkExpiry("outside.tls", u.Host, t.ConnectionState().PeerCertificates[0])
	}
	return true
}

// checkSame finds out whether the public address leads to the server of this
// database.
func (v *visit) checkSame(ctx context.Context) (*answer, bool) {
	const id = "outside.reach"
	base := v.Config.PublicURL
	a, err := v.askWho(ctx, base, "", true)
	switch {
	case err != nil:
		v.fail(id, "start what stands in front and let it pass requests to "+v.server(), "%s does not answer: %v", base, rootOf(err))
	case a.ours:
		v.ok(id, "%s leads to this server", base)
		return a, true
	case a.OK && v.facts.secret == nil:
		v.warn(id, "start the server once more: it shows whose it is from this version on", "a MiniChat answers at %s; whose, cannot be told", base)
	case a.OK:
		v.fail(id, "let what stands in front pass requests to "+v.server()+", or mend --public-url", "the MiniChat at %s is of another database", base)
	case a.status == http.StatusBadGateway || a.status == http.StatusGatewayTimeout || a.status == http.StatusServiceUnavailable:
		v.fail(id, "let what stands in front pass requests to "+v.server(), "what stands at %s (Server: %s) finds no server behind it (%d)", base, firstOf(a.server, "not named"), a.status)
	default:
		v.fail(id, "let what stands in front pass every path to "+v.server(), "at %s something else answers (%d, Server: %s) %s", base, a.status, firstOf(a.server, "not named"), a.cutOff)
	}
	return nil, false
}

// checkVisitor judges whom the server takes the visitor for: us, what stands in
// front, or whomever we claim to be.
func (v *visit) checkVisitor(ctx context.Context, a *answer) {
	const id = "outside.visitor"
	claimed, err := v.askWho(ctx, v.Config.PublicURL, nobody, true)
	switch {
	case err != nil:
		v.warn(id, "run doctor again", "%v", rootOf(err))
	case claimed.Client == nobody && v.trustsOurselves():
		v.ok(id, "this machine is trusted itself, so what becomes of a visitor's address cannot be told from here")
	case claimed.Client == nobody:
		v.fail(id, "let the proxy add the visitor's address (proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; in nginx), and trust no more than the proxy with --trusted-proxies",
			"visitors may call themselves what they like: we said %s, and were believed", nobody)
	// A proxy on this machine has our own address: were it trusted, our claim would count.
	case a.Forwarded && (!a.Believed || isLoopback(a.Client)):
		v.warn(id, "--trusted-proxies "+a.Client, "what stands in front names the visitor, but is not believed: the limits for each address count all people as one, %s", a.Client)
	case !a.Forwarded && v.isBehind():
		v.warn(id, "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; in nginx, and --trusted-proxies "+a.Client,
			"what stands in front does not name the visitor: the limits for each address count all people as one, %s", a.Client)
	default:
		v.ok(id, "the server takes us for %s", a.Client)
	}
}

// isBehind reports whether the public address is another than the server's own.
func (v *visit) isBehind() bool {
	_, listen, err := net.SplitHostPort(v.Config.Listen)
	u, urlErr := url.Parse(v.Config.PublicURL)
	if err != nil || urlErr != nil {
		return false
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return port != listen || u.Scheme == "https" && !v.Config.TLS()
}

// trustsOurselves reports whether the address from which we ask is that of a
// trusted proxy.
func (v *visit) trustsOurselves() bool {
	own, err := net.InterfaceAddrs()
	if err != nil {
		return false
	}
	for _, a := range own {
		n, ok := a.(*net.IPNet)
		if !ok {
			continue
		}
		ip, ok := netip.AddrFromSlice(n.IP)
		for _, p := range v.Config.Proxies.Trusted {
			if ok && p.Contains(ip.Unmap()) {
				return true
			}
		}
	}
	return false
}

// checkRedirect is for those who type the name alone: browsers still try http.
func (v *visit) checkRedirect(ctx context.Context, u *url.URL) {
	const id = "outside.redirect"
	if u.Scheme != "https" {
		return
	}
	if u.Port() != "" {
		v.ok(id, "nobody finds port %s without typing https", u.Port())
		return
	}
	v.judgeRedirect(ctx, id, "http://"+u.Host+"/", u)
}

func (v *visit) judgeRedirect(ctx context.Context, id, from string, to *url.URL) {
	const mend = "server { listen 80; return 301 https://$host$request_uri; }"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, from, nil)
	if err != nil {
		return
	}
	res, err := v.client(true).Do(req)
	if err != nil {
		v.warn(id, mend, "nothing answers at %s: who types the name alone may wait in vain (%v)", from, rootOf(err))
		return
	}
	res.Body.Close()
	where := res.Header.Get("Location")
	target, err := url.Parse(where)
	switch {
	case res.StatusCode < 300 || res.StatusCode > 399:
		v.fail(id, mend, "%s answers %d without encryption instead of leading to https", from, res.StatusCode)
	case err != nil || target.Scheme != "https" || target.Hostname() != to.Hostname():
		v.fail(id, mend, "%s leads to %s", from, where)
	default:
		v.ok(id, "%s leads to %s", from, where)
	}
}

func (v *visit) checkHSTS(ctx context.Context, u *url.URL) {
	const id = "outside.hsts"
	if u.Scheme != "https" {
		return
	}
	if net.ParseIP(u.Hostname()) != nil {
		v.ok(id, "browsers keep no such rule for an address without a name")
		return
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String()+"/healthz", nil)
	if err != nil {
		return
	}
	res, err := v.client(true).Do(req)
	if err != nil {
		v.warn(id, "run doctor again", "%v", rootOf(err))
		return
	}
	res.Body.Close()
	const mend = "add_header Strict-Transport-Security \"max-age=63072000\" always;"
	age := -1
	for part := range strings.SplitSeq(res.Header.Get("Strict-Transport-Security"), ";") {
		if n, ok := strings.CutPrefix(strings.ToLower(strings.TrimSpace(part)), "max-age="); ok {
			age, _ = strconv.Atoi(strings.Trim(n, `"`)) // what is no number counts as none
		}
	}
	switch {
	case age < 0:
		v.warn(id, mend, "browsers are not told to stay with https (Strict-Transport-Security)")
	case age < leastHSTS:
		v.warn(id, mend, "browsers are told to stay with https only for %s", about(time.Duration(age)*time.Second))
	default:
		v.ok(id, "browsers stay with https")
	}
}
