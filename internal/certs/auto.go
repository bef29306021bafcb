package certs

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
	"golang.org/x/net/idna"
)

// AutoOptions say for whom a certificate is fetched, and from where.
type AutoOptions struct {
	Host      string         // the only name that is served
	Dir       string         // where keys and certificates are kept
	Directory string         // URL of the ACME server's directory
	CA        *x509.CertPool // who vouches for the ACME server; nil: this machine's own list
	Log       *slog.Logger
}

// Auto is a certificate that the server fetches and renews by itself. It answers
// the ACME server's challenges in the TLS handshake, and over http where Handler
// is served.
type Auto struct {
	o       AutoOptions
	manager *autocert.Manager
	tell    *teller
	until   atomic.Int64  // when the present certificate expires, seconds since 1970; 0: there is none
	tried   chan struct{} // closed when the first attempt is over

	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	wg     sync.WaitGroup
}

// The waits between attempts to get a first certificate: ACME servers allow few
// failures an hour, and the library itself remembers one for a minute.
const (
	leastRetry = 65 * time.Second
	mostRetry  = time.Hour
)

// OpenAuto prepares everything; nothing is fetched before Begin.
func OpenAuto(o AutoOptions) (*Auto, error) {
	host, err := idna.Lookup.ToASCII(o.Host)
	if err != nil {
		return nil, fmt.Errorf("%q is no name that a certificate can be for: %w", o.Host, err)
	}
	o.Host = host
	a := &Auto{o: o, tried: make(chan struct{})}
	a.ctx, a.cancel = context.WithCancel(context.Background())
	transport := &http.Transport{
		Proxy: http.ProxyFromEnvironment, TLSClientConfig: &tls.Config{RootCAs: o.CA, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout: 10 * time.Second, IdleConnTimeout: time.Minute, ForceAttemptHTTP2: true,
	}
	a.tell = &teller{ctx: a.ctx, base: transport, failed: a.failed}
	a.manager = &autocert.Manager{
		Prompt: autocert.AcceptTOS, HostPolicy: autocert.HostWhitelist(host), Cache: autocert.DirCache(o.Dir),
		Client: &acme.Client{DirectoryURL: o.Directory, HTTPClient: &http.Client{Transport: a.tell, Timeout: time.Minute}, UserAgent: "minichat"},
	}
	return a, nil
}

// Handler answers the ACME server's questions over http and leaves the rest to next.
func (a *Auto) Handler(next http.Handler) http.Handler {
	h := a.manager.HTTPHandler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if host, _, err := net.SplitHostPort(r.Host); err == nil {
			r.Host = host // the library compares it with the name alone
		}
		h.ServeHTTP(w, r)
	})
}

// Begin fetches the certificate, if there is none yet, and goes on trying. The
// ports at which challenges are answered must be open by now.
func (a *Auto) Begin() {
	a.wg.Go(func() {
		for wait := leastRetry; !a.fetch(); wait = min(2*wait, mostRetry) {
			if !a.sleep(wait) {
				return
			}
		}
		a.watch()
	})
}

// fetch asks for the certificate: it is in the folder, or ordered now.
func (a *Auto) fetch() bool {
	cert, err := a.manager.GetCertificate(modern(a.o.Host))
	if err == nil {
		a.until.Store(cert.Leaf.NotAfter.Unix())
		a.o.Log.Info("the certificate is there", "host", a.o.Host, "until", date(cert.Leaf.NotAfter))
	} else if a.ctx.Err() == nil {
		a.o.Log.Error("there is no certificate yet; it is tried again, at first in a minute, later every hour", "host", a.o.Host, "from", a.o.Directory, "err", err, "why", a.tell.reason())
	}
	select {
	case <-a.tried:
	default:
		close(a.tried)
	}
	return err == nil
}

// watch notices what the library has renewed.
func (a *Auto) watch() {
	for a.sleep(min(max(time.Until(a.Expires())/20, time.Second), time.Minute)) {
		cert, err := a.manager.GetCertificate(modern(a.o.Host))
		if err != nil || cert.Leaf.NotAfter.Unix() == a.until.Load() {
			continue // a renewal that failed has been told by failed
		}
		a.until.Store(cert.Leaf.NotAfter.Unix())
		a.o.Log.Info("the certificate was renewed", "host", a.o.Host, "until", date(cert.Leaf.NotAfter))
	}
}

// failed is told of each request to the ACME server that came to nothing.
func (a *Auto) failed(err error) {
	if until := a.Expires(); !until.IsZero() {
		a.o.Log.Warn("the certificate is not renewed yet; the present one goes on", "until", date(until), "from", a.o.Directory, "err", err)
	}
}

// sleep waits, unless Close comes before.
func (a *Auto) sleep(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-a.ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// Config answers handshakes for the one host, and the ACME server's.
func (a *Auto) Config() *tls.Config { return config(a.get, acme.ALPNProto) }

func (a *Auto) get(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	if slices.Equal(hello.SupportedProtos, []string{acme.ALPNProto}) {
		return a.manager.GetCertificate(hello)
	}
	if a.until.Load() == 0 {
		select {
		case <-a.tried:
		case <-time.After(5 * time.Second): // a handshake is given no more
		}
	}
	if a.until.Load() == 0 {
		return nil, errors.New("there is no certificate yet")
	}
	name := hello.ServerName
	if name == "" {
		name = a.o.Host // who comes by the address alone is shown what there is
	}
	return a.manager.GetCertificate(modern(name))
}

// modern asks for the one kind of certificate that there is: else old clients
// would have a second one ordered.
func modern(host string) *tls.ClientHelloInfo {
	return &tls.ClientHelloInfo{
		ServerName: host, SignatureSchemes: []tls.SignatureScheme{tls.ECDSAWithP256AndSHA256},
		SupportedCurves: []tls.CurveID{tls.CurveP256}, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256},
	}
}

// Expires is when the present certificate does; zero: there is none.
func (a *Auto) Expires() time.Time {
	if until := a.until.Load(); until != 0 {
		return time.Unix(until, 0)
	}
	return time.Time{}
}

// Reload has nothing to read again.
func (a *Auto) Reload() {}

// Close ends what is under way. The library's own timers stay until the process
// ends, but reach nobody any more.
func (a *Auto) Close() error {
	a.cancel()
	a.wg.Wait()
	return nil
}
