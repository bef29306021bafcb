package doctor

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"syscall"
)

// checkAuto looks at the certificate that the server fetches by itself. The ACME
// server is not asked: it allows few failures an hour.
func (v *visit) checkAuto(ctx context.Context) {
	a := v.Config.ACME
	v.checkPlain(ctx)
	leaf, err := fetched(filepath.Join(a.Dir, a.Host))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		v.fail("tls.auto", "stop the server, move "+a.Dir+" away, start it again: it fetches a new certificate", "the certificate in %s cannot be read: %v", a.Dir, rootOf(err))
		return
	}
	if err != nil {
		v.warn("tls.auto", "let "+a.Host+" lead here, with the ports 443 and 80 open, and start the server; its log has the answer of "+a.Directory, "no certificate was fetched yet")
		return
	}
	if err := leaf.VerifyHostname(a.Host); err != nil {
		v.fail("tls.auto", "stop the server, move "+a.Dir+" away, start it again: it fetches a new certificate", "%v", err)
		return
	}
	v.ok("tls.auto", "a certificate for %s was fetched from %s", a.Host, a.Directory)
	v.checkExpiry("tls.expiry", a.Host, leaf)
}

// fetched is the newest certificate in a file of the server's own, behind its key.
func fetched(name string) (*x509.Certificate, error) {
	rest, err := os.ReadFile(name)
	for block := (*pem.Block)(nil); err == nil; {
		if block, rest = pem.Decode(rest); block == nil {
			return nil, errors.New("there is no certificate in it")
		}
		if block.Type == "CERTIFICATE" {
			return x509.ParseCertificate(block.Bytes)
		}
	}
	return nil, err
}

// checkPlain tries the port for plain http, over which ACME servers ask too, or
// finds our server there.
func (v *visit) checkPlain(ctx context.Context) {
	const id = "address.http"
	at := v.Config.Redirect
	if at == "" {
		return
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", at)
	switch {
	case err == nil:
		l.Close()
		v.ok(id, "%s is free", at)
	case errors.Is(err, syscall.EADDRINUSE):
		v.judgePlain(ctx, id, at)
	case errors.Is(err, syscall.EACCES):
		v.fail(id, "AmbientCapabilities=CAP_NET_BIND_SERVICE in the unit, or --http-listen off", "the port of %s may not be used by this user", at)
	default:
		v.fail(id, "use an address of this machine with --http-listen, such as :80, or off", "cannot listen on %s: %v", at, rootOf(err))
	}
}

func (v *visit) judgePlain(ctx context.Context, id, at string) {
	to, err := url.Parse(v.Config.PublicURL)
	if err != nil {
		return // the settings were checked
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+reachable(at)+"/", nil)
	if err != nil {
		return
	}
	req.Host = to.Hostname()
	where := ""
	res, err := v.client(false).Do(req)
	if err == nil {
		where = res.Header.Get("Location")
		res.Body.Close()
	}
	target, urlErr := url.Parse(where)
	if err == nil && urlErr == nil && target.Scheme == "https" && target.Host == to.Host {
		v.ok(id, "%s sends people to https", at)
		return
	}
	v.fail(id, "find it with ss -ltnp and stop it, or use --http-listen off", "%s is in use by another program", at)
}
