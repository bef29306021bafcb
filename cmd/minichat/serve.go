package main

import (
	"errors"
	"fmt"
	"os/signal"
	"runtime"
	"syscall"

	"github.com/prometheus/client_golang/prometheus"

	"minichat/internal/config"
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
	if cfg.Debug == "" {
		runtime.MemProfileRate = 0 // nobody can look at the samples, whose table takes more than a megabyte
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
	d, err := openDoor(cfg, log)
	if err != nil {
		return err
	}
	base := cfg.Base()
	if cfg.PublicURL == "" {
		base = baseAt(base, d.main.Addr())
	}
	if cfg.Debug != "" {
		debug, err := serveDebug(cfg, log)
		if err != nil {
			return errors.Join(err, d.close())
		}
		defer debug.Close() // nobody waits for a profile
	}
	s, err := assemble(w.ctx, cfg, base, log)
	if err != nil {
		return errors.Join(err, d.close())
	}
	d.register(s.metrics)
	s.metrics.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "minichat_log_dropped_total", Help: "Lines of the log that could not be written."},
		func() float64 { return float64(lines.dropped.Load()) }))
	if err := writeHolder(lock, base); err != nil {
		return errors.Join(fmt.Errorf("write the lock of %s: %w", cfg.Data, err), d.close(), s.close())
	}
	return s.run(w, d)
}
