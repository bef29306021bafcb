package store

import (
	"bytes"
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"runtime"
	"slices"
	"sync"
)

// maxAsked is how many reads share one transaction: it must not last, for the
// log of writes cannot begin anew below it.
const maxAsked = 64

// ask is a read of one row on its way through the readers.
type ask struct {
	ctx   context.Context
	query string
	args  []driver.NamedValue
	row   []driver.Value // as long as the row that is expected
	found bool
	err   error
	done  chan struct{} // holds one
}

// set takes over what the caller may use otherwise once he has given up.
func (a *ask) set(ctx context.Context, query string, args []any, columns int) error {
	a.ctx, a.query = ctx, query
	a.args, a.row = slices.Grow(a.args, len(args)), slices.Grow(a.row, columns)
	for i, arg := range args {
		value, err := driver.DefaultParameterConverter.ConvertValue(arg)
		if err != nil {
			return fmt.Errorf("argument %d of a read: %w", i+1, err)
		}
		if b, ok := value.([]byte); ok {
			value = bytes.Clone(b)
		}
		a.args = append(a.args, driver.NamedValue{Ordinal: i + 1, Value: value})
	}
	a.row = a.row[:columns]
	return nil
}

// readers answer reads of one row. What was asked while they were busy, or while
// others had something to do, shares one transaction of the database: beginning
// and ending it costs as much as such a read. And only their few goroutines need
// the large stacks that the database does.
type readers struct {
	pool    *sql.DB
	ctx     context.Context // ends the wait for a connection
	cancel  context.CancelFunc
	running sync.WaitGroup

	mu      sync.Mutex
	waiting []*ask
	free    []*ask        // few, to be used again
	called  bool          // a reader was called and has not come yet
	call    chan struct{} // holds one
	closed  bool
}

// readerCount is one more than can compute at once: it reads on while another
// waits for the disk.
func readerCount() int { return min(runtime.GOMAXPROCS(0)+1, poolSize) }

func newReaders(pool *sql.DB) *readers {
	r := &readers{pool: pool, call: make(chan struct{}, 1)}
	r.ctx, r.cancel = context.WithCancel(context.Background())
	for range readerCount() {
		r.running.Go(r.loop)
	}
	return r
}

// close answers what waits with an error, lets what is read now end, and refuses
// all else.
func (r *readers) close() {
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		return
	}
	r.closed = true
	left := r.waiting
	r.waiting = nil
	close(r.call)
	r.mu.Unlock()
	answer(left, errStopping())
	r.cancel()
	r.running.Wait()
}

// ask returns one that can be set.
func (r *readers) ask() *ask {
	r.mu.Lock()
	defer r.mu.Unlock()
	if last := len(r.free) - 1; last >= 0 {
		a := r.free[last]
		r.free = r.free[:last]
		return a
	}
	return &ask{done: make(chan struct{}, 1)}
}

// forget takes back one that no reader has, without what was asked and answered.
func (r *readers) forget(a *ask) {
	clear(a.args)
	clear(a.row)
	*a = ask{args: a.args[:0], row: a.row[:0], done: a.done}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.free) < maxAsked { // a rush had thousands
		r.free = append(r.free, a)
	}
}

// read answers a. It returns false when ctx ended before that: then a belongs to
// a reader.
func (r *readers) read(ctx context.Context, a *ask) bool {
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		a.err = errStopping()
		return true
	}
	r.waiting = append(r.waiting, a)
	if !r.called {
		r.called = true
		r.call <- struct{}{}
	}
	r.mu.Unlock()
	select {
	case <-a.done:
		return true
	case <-ctx.Done():
		return false
	}
}

// loop never waits for more: but it lets those go first that can, for they may
// be about to ask. After that it answers all before it lets anybody go first again:
// else, in a rush, those who come wait here by the thousand, each with its
// goroutine and buffers.
func (r *readers) loop() {
	batch := make([]*ask, 0, maxAsked)
	for range r.call {
		runtime.Gosched()
		for batch = r.take(batch[:0], true); len(batch) > 0; batch = r.take(batch[:0], false) {
			r.run(batch)
			clear(batch)
		}
	}
}

// take takes what waits, and calls another reader for what is too much. called: as
// the one who was called.
func (r *readers) take(batch []*ask, called bool) []*ask {
	r.mu.Lock()
	defer r.mu.Unlock()
	if called {
		r.called = false
	}
	n := min(len(r.waiting), maxAsked)
	batch = append(batch, r.waiting[:n]...)
	rest := copy(r.waiting, r.waiting[n:])
	clear(r.waiting[rest:])
	r.waiting = r.waiting[:rest]
	if rest == 0 && cap(r.waiting) > maxAsked {
		r.waiting = nil // after a rush
	}
	if rest > 0 && !r.called {
		r.called = true
		r.call <- struct{}{}
	}
	return batch
}

// run answers the batch, on a connection of the pool.
func (r *readers) run(batch []*ask) {
	c, err := r.pool.Conn(r.ctx)
	if err != nil {
		if r.ctx.Err() != nil {
			err = errStopping()
		}
		answer(batch, err)
		return
	}
	// Both errors can only say that the connection is of no more use.
	_ = c.Raw(func(raw any) error { return raw.(*conn).answer(batch) })
	_ = c.Close()
}

// answer gives all the same answer.
func answer(batch []*ask, err error) {
	for _, a := range batch {
		a.err = err
		a.done <- struct{}{}
	}
}
