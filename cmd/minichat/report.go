package main

import (
	"context"
	"sync"

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
