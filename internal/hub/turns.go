package hub

import (
	"runtime"
	"sync"
)

// few is up to how many watchers a room is flushed in its turn, beside which a
// goroutine of its own would cost as much as a write.
const few = 64

// turns are the flushes of rooms with few watchers. A commit wakes many of them,
// which are written one after the other, by no more goroutines than there are
// cores, each there only meanwhile. A flush writes and never waits, so none is
// held up for longer than all of them take.
type turns struct {
	mu      sync.Mutex
	list    []turn
	next    int // in list; those before have begun
	workers int
}

// turn is one flush.
type turn struct {
	r    *room
	busy bool
}

// put has a room flushed; false: the hub is closed.
func (t *turns) put(h *Hub, r *room, busy bool) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.workers < runtime.GOMAXPROCS(0) {
		if !h.run(h.takeTurns) {
			return false
		}
		t.workers++
	}
	t.list = append(t.list, turn{r, busy})
	return true
}

// take returns the next; nil: the goroutine is over.
func (t *turns) take() (x turn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.next == len(t.list) {
		t.workers--
		return turn{}
	}
	x, t.list[t.next] = t.list[t.next], turn{}
	if t.next++; t.next == len(t.list) {
		t.list, t.next = t.list[:0], 0
	}
	return x
}

func (h *Hub) takeTurns() {
	for x := h.turns.take(); x.r != nil; x = h.turns.take() {
		if wait := x.r.flushOnce(x.busy); wait > 0 {
			h.run(func() { x.r.flush(wait, true) })
		}
	}
}
