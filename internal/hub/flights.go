package hub

import (
	"context"
	"sync"
	"time"

	"minichat/internal/protocol"
)

// readersAtOnce is how many pages are read from the log at a time.
const readersAtOnce = 8

// page is a page of the log with its events frame.
type page struct {
	*protocol.Page
	frame []byte
}

// pageKept is for how long a page is kept for others who want it.
const pageKept = time.Second

// flights lets those who want the same page at the same time, or a moment later,
// read it once, as many do who come back together.
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
	page *page // nil until done; flights.mu guards it
	at   time.Time
	err  error
}

func (f *flights) prepare() {
	f.m = map[flightKey]*flight{}
	f.gate = make(chan struct{}, readersAtOnce)
}

// page reads the page behind after.
func (h *Hub) page(ctx context.Context, r *room, after int64) (*page, error) {
	key := flightKey{r.id, after}
	h.flights.mu.Lock()
	f := h.flights.m[key]
	if f != nil && f.page != nil && !r.endsAt(f.page.Head) {
		f = nil // what is in it may have been changed, or deleted
	}
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
	if err == nil {
		h.count.pages.Add(1)
		r.mu.Lock()
		r.learn(p.Head)
		r.mu.Unlock()
	}
	h.flights.land(f, key, p, err)
}

// land keeps a page for those who come a moment later.
func (f *flights) land(x *flight, key flightKey, p *protocol.Page, err error) {
	if x.err = err; err == nil {
		frame := appendFrame(nil, protocol.AppendEvents(nil, nil, p))
		f.mu.Lock()
		defer f.mu.Unlock()
		x.page, x.at = &page{p, frame}, time.Now()
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.m[key] == x {
		delete(f.m, key)
	}
}

// forget drops the pages that were kept long enough.
func (f *flights) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for key, x := range f.m {
		if x.page != nil && time.Since(x.at) > pageKept {
			delete(f.m, key)
		}
	}
}

// endsAt reports whether nothing has happened in the room since it had that head.
func (r *room) endsAt(head int64) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.known && r.head == head && r.want <= head
}
