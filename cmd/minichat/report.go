package main

import (
	"context"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"minichat"
	"minichat/internal/systemd"
)

// report tells the service manager that the server serves and, until ctx ends
// or the returned function is called, that it lives.
func (s *server) report(ctx context.Context, m *systemd.Manager) (end func()) {
	serving := "serving at " + s.base
	s.tell(m.Ready(serving))
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() {
		m.Watch(ctx, s.alive, func(err error) {
			status := serving
			if err != nil {
				status = "not well: " + sentence(err)
				s.log.Error("the watchdog is not answered", "err", err)
			}
			s.tell(m.Status(status))
		})
	})
	return func() {
		cancel()
		wg.Wait()
	}
}

// obey reads again on SIGHUP what can be, until the returned function is called.
// A server at a terminal ends when that hangs up, as all programs do.
func (s *server) obey(w *world, m *systemd.Manager, reload func()) (end func()) {
	if isTerminal(w.stdin) {
		return func() {}
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGHUP)
	var wg sync.WaitGroup
	wg.Go(func() {
		for range signals {
			s.tell(m.Reloading())
			s.log.Info("reading the certificate again; other settings are read at a start")
			reload()
			s.tell(m.Ready("serving at " + s.base))
		}
	})
	return func() {
		signal.Stop(signals)
		close(signals)
		wg.Wait()
	}
}

// alive asks the database for a write and a read. A full disk is no reason to
// be started again: that frees nothing, and reading goes on.
func (s *server) alive(ctx context.Context) error {
	if err := s.store.Ping(ctx); err != nil && minichat.CodeOf(err) != minichat.StorageFull {
		return err
	}
	return s.checkVolume(ctx)
}

func (s *server) tell(err error) {
	if err != nil {
		s.log.Warn("the service manager does not hear", "err", err)
	}
}
