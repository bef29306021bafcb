package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os/signal"
	"syscall"

	"github.com/prometheus/client_golang/prometheus"

	"minichat/internal/config"
	"minichat/internal/socket"
)

type serveCommand struct {
	config.Flags
}

// Run serves until the process is asked to stop.
func (c *serveCommand) Run(w *world) error {
	cfg, err := c.Flags.Check(w.getenv)
	if err != nil {
		return err
	}
	signal.Ignore(syscall.SIGPIPE) // a log that nobody reads any more ends nothing
	lines := newLogWriter(w.stderr)
	defer lines.end()
	log := newLog(cfg, lines)
	if err := makeFolder(cfg.Data); err != nil {
		return err
	}
	lock, err := lockFolder(w.ctx, cfg.Data)
	if err != nil {
		return err
	}
	defer lock.Close() // ends with the process anyway
	listener, err := listen(cfg)
	if err != nil {
		return err
	}
	base := cfg.Base()
	if cfg.PublicURL == "" {
		base = baseAt(base, listener.Addr())
	}
	if cfg.Debug != "" {
		debug, err := serveDebug(cfg, log)
		if err != nil {
			return errors.Join(err, listener.Close())
		}
		defer debug.Close() // nobody waits for a profile
	}
	s, err := assemble(w.ctx, cfg, base, log)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	s.metrics.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "minichat_log_dropped_total", Help: "Lines of the log that could not be written."},
		func() float64 { return float64(lines.dropped.Load()) }))
	if err := writeHolder(lock, base); err != nil {
		return errors.Join(fmt.Errorf("write the lock of %s: %w", cfg.Data, err), listener.Close(), s.close())
	}
	return s.run(w, listener)
}

// listen takes the port before anything else is begun.
func listen(cfg *config.Config) (net.Listener, error) {
	l, err := net.Listen("tcp", cfg.Listen)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("the port of %s is in use by another program. Stop that one, or use another port with --listen, such as --listen :8001", cfg.Listen)
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("the port of %s may not be used by this user. Use one above 1023 with --listen, such as --listen :8000", cfg.Listen)
	case err != nil:
		return nil, fmt.Errorf("cannot listen on %s (%w). Use an address of this machine with --listen, such as --listen :8000", cfg.Listen, err)
	case !cfg.TLS():
		return l, nil
	}
	pair, err := loadPair(cfg)
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return tls.NewListener(socket.Listen(l), &tls.Config{
		GetCertificate: pair.get, NextProtos: []string{"http/1.1"},
		DynamicRecordSizingDisabled: true, // what goes out together is one record, and one write
	}), nil
}
