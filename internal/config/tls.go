package config

import (
	"crypto/x509"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// ACME is from where a certificate is fetched, and for whom.
type ACME struct {
	Host      string // of the public URL
	Directory string // URL
	CA        *x509.CertPool
	Dir       string // where keys and certificates are kept
}

// LetsEncrypt is the ACME server when no other is named.
const LetsEncrypt = "https://acme-v02.api.letsencrypt.org/directory"

func (f *Flags) checkTLS(c *Config) error {
	var err error
	switch f.TLS {
	case "", "off":
	case "auto":
		err = f.checkAuto(c)
	default:
		err = f.checkPair(c)
	}
	if err != nil {
		return err
	}
	if c.ACME == nil {
		for flag, value := range map[string]string{"acme-directory": f.ACMEDirectory, "acme-ca": f.ACMECA} {
			if value != "" {
				return wrong(flag, "it belongs to --tls auto; set that, or leave this out")
			}
		}
	}
	return f.checkRedirect(c)
}

func (f *Flags) checkPair(c *Config) error {
	cert, key, ok := strings.Cut(f.TLS, ",")
	cert, key = strings.TrimSpace(cert), strings.TrimSpace(key)
	if !ok || cert == "" || key == "" {
		return wrong("tls", "%q is neither off nor auto nor two PEM files; use CERT,KEY, such as chat.pem,chat.key", f.TLS)
	}
	for _, name := range []string{cert, key} {
		if _, err := os.Stat(name); err != nil {
			return wrong("tls", "the file %s cannot be read (%v); give two PEM files as CERT,KEY", name, reason(err))
		}
	}
	c.CertFile, c.KeyFile = cert, key
	return nil
}

func (f *Flags) checkAuto(c *Config) error {
	u, err := url.Parse(c.PublicURL)
	if c.PublicURL == "" || err != nil {
		return wrong("tls", "auto needs to know for which name; set --public-url to the address that people open, such as https://chat.example.org")
	}
	host := u.Hostname()
	_, ipErr := netip.ParseAddr(host)
	switch {
	case u.Scheme != "https":
		return wrong("tls", "auto speaks https, and --public-url is %s; set it to https://%s", c.PublicURL, u.Host)
	case ipErr == nil:
		return wrong("tls", "auto fetches certificates for names, and %s is an address; set --public-url to a name that leads to it, or give your own certificate as CERT,KEY", host)
	case isLocalName(host):
		return wrong("tls", "nobody issues a certificate for %s, a name that only this machine or network knows; set --public-url to a public name, or give your own certificate as CERT,KEY", host)
	}
	c.ACME = &ACME{Host: host, Directory: LetsEncrypt, Dir: filepath.Join(c.Data, "acme")}
	if f.ACMEDirectory != "" {
		d, err := url.Parse(f.ACMEDirectory)
		if err != nil || d.Scheme != "https" || d.Host == "" {
			return wrong("acme-directory", "%q is no https address; leave it out for Let's Encrypt, or use your ACME server's, such as https://ca.example.org/acme/directory", f.ACMEDirectory)
		}
		c.ACME.Directory = f.ACMEDirectory
	}
	if f.ACMECA == "" {
		return nil
	}
	pem, err := os.ReadFile(f.ACMECA)
	if err != nil {
		return wrong("acme-ca", "the file %s cannot be read (%v); give a PEM file with the CA of the ACME server, or leave it out", f.ACMECA, reason(err))
	}
	c.ACME.CA = x509.NewCertPool()
	if !c.ACME.CA.AppendCertsFromPEM(pem) {
		return wrong("acme-ca", "there is no certificate in %s; give a PEM file with the CA of the ACME server, or leave it out", f.ACMECA)
	}
	return nil
}

// isLocalName reports whether no public authority can vouch for a name.
func isLocalName(host string) bool {
	labels := strings.Split(strings.ToLower(strings.TrimSuffix(host, ".")), ".")
	return len(labels) < 2 || slices.Contains([]string{"localhost", "local", "internal", "lan", "home"}, labels[len(labels)-1])
}

func (f *Flags) checkRedirect(c *Config) error {
	at := f.HTTPListen
	switch {
	case at == "" && c.ACME != nil:
		at = ":80"
	case at == "" || at == "off":
		return nil
	case !c.TLS():
		return wrong("http-listen", "it stands beside https; without --tls use --listen alone")
	}
	host, port, err := net.SplitHostPort(at)
	if err != nil || !isPort(port) {
		return wrong("http-listen", "%q is no address; use :PORT or HOST:PORT, such as :80, or off", at)
	}
	c.Redirect = net.JoinHostPort(host, port)
	return nil
}

func isPort(s string) bool {
	_, err := strconv.ParseUint(s, 10, 16)
	return err == nil
}
