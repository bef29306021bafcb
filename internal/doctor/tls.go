package doctor

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net/url"
	"strings"
	"time"
)

// endsSoon is when a certificate should have been renewed.
const endsSoon = 14 * 24 * time.Hour

// checkTLS looks at the certificate of the server's own https.
func checkTLS(ctx context.Context, v *visit) {
	c := v.Config
	switch {
	case c.ACME != nil:
		v.checkAuto(ctx)
		return
	case !c.TLS():
		return
	}
	v.checkPlain(ctx)
	pair, err := tls.LoadX509KeyPair(c.CertFile, c.KeyFile)
	if err != nil {
		v.fail("tls.files", "give two PEM files that belong together: --tls fullchain.pem,privkey.pem", "%s and %s do not work: %v", c.CertFile, c.KeyFile, err)
		return
	}
	leaf, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		v.fail("tls.files", "have the certificate made anew", "%s: %v", c.CertFile, err)
		return
	}
	v.ok("tls.files", "%s and its key belong together, %d in the chain", c.CertFile, len(pair.Certificate))
	v.checkExpiry("tls.expiry", c.CertFile, leaf)
	u, err := url.Parse(c.PublicURL)
	switch {
	case c.PublicURL == "" || err != nil:
		v.ok("tls.names", "it is for %s; without --public-url nothing can be compared", names(leaf))
	case leaf.VerifyHostname(u.Hostname()) != nil:
		v.fail("tls.names", "have a certificate made for "+u.Hostname()+", or set --public-url to a name that it has", "the certificate is for %s, people type %s", names(leaf), u.Hostname())
	default:
		v.ok("tls.names", "it is for %s", u.Hostname())
	}
}

func (v *visit) checkExpiry(id, whose string, leaf *x509.Certificate) {
	left := time.Until(leaf.NotAfter)
	switch {
	case time.Now().Before(leaf.NotBefore):
		v.fail(id, "set this machine's clock (timedatectl), or wait", "the certificate of %s is not valid before %s", whose, leaf.NotBefore.Format(time.RFC3339))
	case left < 0:
		v.fail(id, "renew it; new files are taken up without a restart", "the certificate of %s has ended on %s", whose, leaf.NotAfter.Format(time.RFC3339))
	case left < endsSoon:
		v.warn(id, "renew it; new files are taken up without a restart", "the certificate of %s ends in %s", whose, about(left))
	default:
		v.ok(id, "the certificate of %s ends in %s", whose, about(left))
	}
}

func names(c *x509.Certificate) string {
	all := append([]string(nil), c.DNSNames...)
	for _, ip := range c.IPAddresses {
		all = append(all, ip.String())
	}
	if len(all) == 0 {
		return "nobody"
	}
	return strings.Join(all, ", ")
}
