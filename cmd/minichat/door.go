package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"minichat/internal/certs"
	"minichat/internal/config"
	"minichat/internal/httpd"
	"minichat/internal/socket"
)

// certificate is what https is spoken with.
type certificate interface {
	Config() *tls.Config
	Expires() time.Time
	Reload()
	Close() error
}

// door is where people come in: the port, with https or without, and beside
// https perhaps one for plain http, which only sends people on.
type door struct {
	log    *slog.Logger
	main   net.Listener
	plain  net.Listener // nil: none
	cert   certificate  // nil: no https
	auto   *certs.Auto  // cert, if it is fetched
	front  *http.Server
	beside *http.Server // on plain
}

// openDoor takes the ports before anything else is begun.
func openDoor(cfg *config.Config, log *slog.Logger) (*door, error) {
	d := &door{log: log}
	if err := d.open(cfg); err != nil {
		return nil, errors.Join(err, d.close())
	}
	return d, nil
}

func (d *door) open(cfg *config.Config) (err error) {
	if d.main, err = listen("listen", cfg.Listen, "such as --listen :8000"); err != nil {
		return err
	}
	if cfg.Redirect != "" {
		if d.plain, err = listen("http-listen", cfg.Redirect, "or --http-listen off: then people who type http:// are not sent on"); err != nil {
			return err
		}
	}
	if !cfg.TLS() {
		return nil
	}
	if cfg.ACME != nil {
		err = d.openAuto(cfg)
	} else {
		err = d.openFiles(cfg)
	}
	if err == nil {
		d.main = tls.NewListener(socket.Listen(d.main), d.cert.Config())
	}
	return err
}

func (d *door) openFiles(cfg *config.Config) error {
	host := ""
	if u, err := url.Parse(cfg.PublicURL); err == nil {
		host = u.Hostname()
	}
	f, err := certs.OpenFiles(cfg.CertFile, cfg.KeyFile, host, d.log)
	if err != nil {
		return fmt.Errorf("--tls (MINICHAT_TLS): the certificate %s and the key %s do not work (%w); give two PEM files that belong together", cfg.CertFile, cfg.KeyFile, err)
	}
	d.cert = f
	return nil
}

func (d *door) openAuto(cfg *config.Config) error {
	a, err := certs.OpenAuto(certs.AutoOptions{
		Host: cfg.ACME.Host, Dir: cfg.ACME.Dir, Directory: cfg.ACME.Directory, CA: cfg.ACME.CA, Log: d.log,
	})
	if err != nil {
		return fmt.Errorf("--public-url (MINICHAT_PUBLIC_URL): %w", err)
	}
	d.cert, d.auto = a, a
	if at, ok := d.main.Addr().(*net.TCPAddr); ok && at.Port != 443 {
		d.log.Warn("certificates are given to who answers at port 443 or, for plain http, 80 of the name; see to it that they lead here", "host", cfg.ACME.Host, "listen", at.Port, "http-listen", cfg.Redirect)
	}
	return nil
}

func listen(flag, at, instead string) (net.Listener, error) {
	// No keep-alive of TCP, whose four settings are a call each: sockets are pinged,
	// and all else has its deadlines.
	l, err := (&net.ListenConfig{KeepAlive: -1}).Listen(context.Background(), "tcp", at)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("the port of %s is in use by another program. Stop that one, or use another port with --%s, %s", at, flag, instead)
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("the port of %s may not be used by this user. Use one above 1023 with --%s, %s", at, flag, instead)
	case err != nil:
		return nil, fmt.Errorf("cannot listen on %s (%w). Use an address of this machine with --%s, %s", at, err, flag, instead)
	}
	return l, nil
}

// serve begins to answer; public is the address that people type, "" when not
// known. What it returns tells when that ends by itself.
func (d *door) serve(h http.Handler, sockets *socket.Server, public string) <-chan error {
	served := make(chan error, 2)
	d.front = d.newServer(h)
	if d.cert == nil {
		d.main = sockets.Front(d.main, h, httpd.SocketPaths...)
	}
	go func() { served <- d.front.Serve(d.main) }()
	if d.plain != nil {
		h := d.redirect(public)
		if d.auto != nil {
			h = d.auto.Handler(h)
		}
		d.beside = d.newServer(h)
		go func() { served <- d.beside.Serve(d.plain) }()
	}
	if d.auto != nil {
		d.auto.Begin()
	}
	return served
}

func (d *door) newServer(h http.Handler) *http.Server {
	s := &http.Server{
		Handler: h, ErrorLog: slog.NewLogLogger(d.log.Handler(), slog.LevelDebug),
		ReadHeaderTimeout: 5 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10,
	}
	s.Protocols = new(http.Protocols)
	s.Protocols.SetHTTP1(true)
	return s
}

// redirect sends pages on to https. What may carry a password is refused: it was
// readable on the way here, and must not seem to work.
func (d *door) redirect(public string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		base := public
		if base == "" {
			base = baseAt("https://"+r.Host, d.main.Addr())
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead || r.Header.Get("Authorization") != "" {
			http.Error(w, "Use "+base+" instead: over http everybody on the way can read this.", http.StatusForbidden)
			return
		}
		w.Header().Set("Connection", "close")
		http.Redirect(w, r, base+(&url.URL{Path: r.URL.Path, RawPath: r.URL.RawPath, RawQuery: r.URL.RawQuery}).RequestURI(), http.StatusMovedPermanently)
	})
}

// reload reads the certificate again, if it is in files.
func (d *door) reload() {
	if d.cert != nil {
		d.cert.Reload()
	}
}

func (d *door) register(metrics prometheus.Registerer) {
	if d.cert == nil {
		return
	}
	metrics.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "minichat_certificate_expiry_timestamp_seconds", Help: "When the certificate expires, in seconds since 1970; 0: there is none.",
	}, func() float64 {
		if t := d.cert.Expires(); !t.IsZero() {
			return float64(t.Unix())
		}
		return 0
	}))
}

// shut takes no more and waits until what is being answered is, or ctx ends.
func (d *door) shut(ctx context.Context) error {
	err := d.front.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = nil // close ends the rest
	}
	return errors.Join(err, d.close())
}

// close ends everything at once; it may be called again.
func (d *door) close() error {
	var errs []error
	for _, s := range []*http.Server{d.front, d.beside} {
		if s != nil {
			errs = append(errs, s.Close())
		}
	}
	for _, l := range []net.Listener{d.main, d.plain} {
		if l != nil && d.front == nil {
			errs = append(errs, l.Close()) // else its server has done that
		}
	}
	if d.cert != nil {
		errs = append(errs, d.cert.Close())
	}
	return errors.Join(errs...)
}
