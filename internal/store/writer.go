package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"minichat"
)

const (
	maxBatch  = 512 // calls that share one transaction
	maxQueue  = 1024
	pollEvery = 200 * time.Millisecond // for changes by other processes
)

// call is one Write on its way through the writer.
type call struct {
	fn    func(*Tx) error
	state atomic.Int32 // queued, then taken by the writer or given up by its caller
	err   error
	done  chan error // holds one
}

const (
	queued int32 = iota
	taken
	givenUp
)

// writer owns the one connection that writes, and its goroutine.
type writer struct {
	o       Options
	d       dialect
	db      *sql.DB
	conn    *sql.Conn
	st      *statements
	memory  memory
	version int64 // data_version last seen: other processes move it, we do not
	polled  time.Time
	dead    error // set for good when the disk can no longer be trusted

	sinceLook, checkpointAt int           // see checkpoint
	wipeAt                  time.Time     // when to empty the log; zero: there is no need
	wipeWait                time.Duration // from trying to trying

	calls   chan *call
	ended   chan struct{} // closed when the goroutine is over
	foreign chan struct{}
	rest    chan struct{} // see Store.Rest
	closing sync.RWMutex  // held for reading while a call is put into calls
	closed  bool

	hooks     sync.Mutex
	onCommit  func([]*minichat.Event)
	onForeign func()
	timed     func(time.Duration)
	watching  sync.WaitGroup

	announcing sync.RWMutex // held from before a commit until it is announced

	commits, writes, events, reruns atomic.Int64

	partings atomic.Int64 // see Store.Partings
}

func newWriter(ctx context.Context, h handles, o Options) (*writer, error) {
	conn, err := h.single.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("take the writer's connection: %w", err)
	}
	w := &writer{
		o: o, d: h.dialect, db: h.single, conn: conn, st: newStatements(conn.PrepareContext), memory: newMemory(),
		checkpointAt: checkpointPages,
		calls:        make(chan *call, maxQueue), ended: make(chan struct{}), foreign: make(chan struct{}, 1), rest: make(chan struct{}, 1),
	}
	if w.version, err = w.dataVersion(); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	w.wipe() // who knows what was in it when the last process ended
	go w.loop()
	w.watching.Go(w.watchForeign)
	return w, nil
}

// Write runs fn in the writer's next transaction, together with what others
// brought, and returns when all of it is on disk. fn must judge first and write
// after: an error returned before fn wrote concerns this call alone, one after
// a write rolls the batch back and the others run again. So fn may run more
// than once and must not call Write. A caller whose ctx ends before fn began
// gets ctx's error and fn never runs; after that he waits for the outcome.
func (s *Store) Write(ctx context.Context, fn func(*Tx) error) error {
	c := &call{fn: fn, done: make(chan error, 1)}
	if err := s.writer.put(ctx, c); err != nil {
		return err
	}
	select {
	case err := <-c.done:
		return err
	case <-ctx.Done():
	}
	if c.state.CompareAndSwap(queued, givenUp) {
		return fmt.Errorf("write, not begun: %w", ctx.Err())
	}
	return <-c.done
}

// queuedKey carries what WithQueued was given.
type queuedKey struct{}

// WithQueued returns a context with which Write calls fn as soon as its call
// stands in the queue: whatever is written from then on runs after it. So one
// client's changes keep their order and still share a transaction.
func WithQueued(ctx context.Context, fn func()) context.Context {
	return context.WithValue(ctx, queuedKey{}, fn)
}

func (w *writer) put(ctx context.Context, c *call) error {
	w.closing.RLock()
	defer w.closing.RUnlock()
	if w.closed {
		return errStopping()
	}
	select {
	case w.calls <- c:
		if fn, ok := ctx.Value(queuedKey{}).(func()); ok {
			fn()
		}
		return nil
	case <-ctx.Done():
		return fmt.Errorf("write, not begun: %w", ctx.Err())
	}
}

func errStopping() error {
	return minichat.Errorf(minichat.StoreUnavailable, "The server is stopping. Try again in a moment.")
}

// loop gathers and runs batches until close. It never waits for more calls: a
// lone one starts at once, and the others gather while a commit is under way.
// But it lets those go first that the last commit has released and that are
// about to bring the next: else two halves of them would take turns.
func (w *writer) loop() {
	defer close(w.ended)
	poll := time.NewTicker(pollEvery)
	defer poll.Stop()
	batch := make([]*call, 0, maxBatch)
	for {
		select {
		case c, ok := <-w.calls:
			if !ok {
				return
			}
			runtime.Gosched()
			batch = w.gather(batch[:0], c)
			w.run(batch)
			w.checkpoint(len(batch))
			clear(batch)
		case <-w.rest:
			w.forget()
		case <-poll.C:
			w.empty()
		}
		w.pollForeign()
	}
}

// gather takes c and all that wait with it.
func (w *writer) gather(batch []*call, c *call) []*call {
	for {
		if c.state.CompareAndSwap(queued, taken) {
			batch = append(batch, c)
		}
		if len(batch) == maxBatch {
			return batch
		}
		select {
		case next, ok := <-w.calls:
			if !ok {
				return batch
			}
			c = next
		default:
			return batch
		}
	}
}

// close lets what is queued run, then closes the connection.
func (w *writer) close() error {
	w.closing.Lock()
	if w.closed {
		w.closing.Unlock()
		return nil
	}
	w.closed = true
	close(w.calls)
	w.closing.Unlock()
	<-w.ended
	close(w.foreign)
	w.watching.Wait()
	return errors.Join(w.st.close(), w.conn.Close(), w.db.Close())
}

func (w *writer) stats() Stats {
	return Stats{Commits: w.commits.Load(), Writes: w.writes.Load(), Events: w.events.Load(), Reruns: w.reruns.Load(), Queued: int64(len(w.calls))}
}

func (w *writer) setOnCommit(fn func([]*minichat.Event)) {
	w.hooks.Lock()
	defer w.hooks.Unlock()
	w.onCommit = fn
}

func (w *writer) setTimed(fn func(time.Duration)) {
	w.hooks.Lock()
	defer w.hooks.Unlock()
	w.timed = fn
}
