package hub

import (
	"context"
	"sync"

	"minichat/internal/protocol"
)

// readersAtOnce is how many pages are read from the log at a time.
const readersAtOnce = 8

// page is a page of the log with its events frame.
type page struct {
	*protocol.Page
	frame []byte
	whole []byte // frame, and that this was all; made when first asked for, under the room's mu
	after int64  // what it was asked for
}

// last is the frame of a page behind which nothing is missing, with the word that
// says so: the same for all who come back together. The room's mu is held.
func (p *page) last(room string) []byte {
	if p.whole == nil {
		p.whole = appendFrame(p.frame[:len(p.frame):len(p.frame)], protocol.AppendSynced(nil, room, p.To))
	}
	return p.whole
}

// flights lets those who want the same page at the same time read it once, as
// many do who come back together.
type flights struct {
	mu   sync.Mutex
	m    map[flightKey]*flight
	gate chan struct{}
}

type flightKey struct {
	room  string
	after int64
}

type flight struct {
	done chan struct{}
	page *page
	err  error
}

func (f *flights) prepare() {
	f.m = map[flightKey]*flight{}
	f.gate = make(chan struct{}, readersAtOnce)
}

// page reads the page behind after, unless it was read a moment ago.
func (h *Hub) page(ctx context.Context, r *room, after int64) (*page, error) {
	if p := r.lately(after); p != nil {
		return p, nil
	}
	key := flightKey{r.id, after}
	h.flights.mu.Lock()
	f := h.flights.m[key]
	lead := f == nil
	if lead {
		f = &flight{done: make(chan struct{})}
		h.flights.m[key] = f
	}
	h.flights.mu.Unlock()
	if lead {
		h.fly(f, key, r)
		return f.page, f.err
	}
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-f.done:
		return f.page, f.err
	}
}

// fly reads for all who wait for the same. It runs to the hub's end, not to
// that of whoever came first.
func (h *Hub) fly(f *flight, key flightKey, r *room) {
	defer close(f.done)
	h.flights.gate <- struct{}{}
	p, err := h.o.Feed(h.ctx, key.room, key.after, pageLimit)
	<-h.flights.gate
	h.flights.mu.Lock()
	delete(h.flights.m, key)
	h.flights.mu.Unlock()
	if f.err = err; err != nil {
		return
	}
	h.count.pages.Add(1)
	f.page = &page{Page: p, frame: appendFrame(nil, protocol.AppendEvents(nil, nil, p)), after: key.after}
	r.lockKnown(p.Head)
	defer r.mu.Unlock()
	r.keep(f.page)
}

// keptTicks is for how long a page is kept, in ticks.
const keptTicks = 4

// keep holds a page for those who come a moment later, but no longer than until
// something happens in the room: a text that was edited or deleted is neither
// handed out nor kept. mu is held.
func (r *room) keep(p *page) {
	if r.head == p.Head && r.want <= r.head {
		r.kept, r.keptFor = p, 0
		r.soil()
	}
}

// outlive drops a page that was kept long enough. mu is held.
func (r *room) outlive() {
	if r.kept == nil {
		return
	}
	if r.keptFor++; r.keptFor >= keptTicks {
		r.kept = nil
		return
	}
	r.soil()
}

// lately is the page behind after if it was read a moment ago and is still true.
func (r *room) lately(after int64) *page {
	r.mu.Lock()
	defer r.mu.Unlock()
	if p := r.kept; p != nil && p.after == after && r.want <= r.head {
		return p
	}
	return nil
}
