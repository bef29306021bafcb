package files

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// guard keeps calls away from a bucket that does not answer. A failed call makes
// it look by itself; while its own look fails, calls are refused at once; when a
// look succeeds they pass again, whether anybody asked meanwhile or not.
type guard struct {
	look func(context.Context) error
	log  *slog.Logger

	mu   sync.Mutex
	down error     // why calls are refused; nil: they pass
	at   time.Time // of the last look

	wake chan struct{}
	stop context.CancelFunc
	done sync.WaitGroup
}

const (
	staleAfter = 4 * time.Second
	askEvery   = 200 * time.Millisecond
)

// newGuard begins with a look; the caller closes.
func newGuard(look func(context.Context) error, log *slog.Logger) *guard {
	ctx, stop := context.WithCancel(context.Background())
	g := &guard{look: look, log: log, wake: make(chan struct{}, 1), stop: stop}
	g.done.Go(func() { g.watch(ctx) })
	return g
}

func (g *guard) close() {
	g.stop()
	g.done.Wait()
}

// fault is why calls are refused now; nil: they pass.
func (g *guard) fault() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.down
}

// ask is fault for who only wants to know: it asks for a look when the last one
// was long ago, so that watchers see what nobody else has met.
func (g *guard) ask() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if time.Since(g.at) > staleAfter {
		g.suspect()
	}
	return g.down
}

// suspect asks for a look.
func (g *guard) suspect() {
	select {
	case g.wake <- struct{}{}:
	default: // one is coming
	}
}

// while gives a context that ends when the bucket is found not to answer, for
// calls that may last long: it is looked after meanwhile.
func (g *guard) while(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	g.suspect()
	go func() {
		defer cancel()
		tick := time.NewTicker(askEvery)
		defer tick.Stop()
		for g.ask() == nil {
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
		}
	}()
	return ctx, cancel
}

func (g *guard) watch(ctx context.Context) {
	for ctx.Err() == nil {
		err := g.look(ctx)
		if ctx.Err() != nil {
			return
		}
		g.set(err)
		if err == nil {
			select {
			case <-g.wake:
			case <-ctx.Done():
			}
			continue
		}
		select {
		case <-time.After(retryMS * time.Millisecond):
		case <-ctx.Done():
		}
	}
}

func (g *guard) set(err error) {
	g.mu.Lock()
	was := g.down
	g.down, g.at = err, time.Now()
	g.mu.Unlock()
	switch {
	case was == nil && err != nil:
		g.log.Error("the bucket of the files does not answer; the chat goes on without files", "err", err)
	case was != nil && err == nil:
		g.log.Info("the bucket of the files answers again")
	}
}
