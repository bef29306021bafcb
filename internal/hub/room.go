package hub

import (
	"slices"
	"sync"
	"time"
)

// room is a room that somebody here watches or follows.
type room struct {
	hub  *Hub
	id   string
	refs int // who holds it; the shard's lock guards it

	mu      sync.Mutex // all below
	known   bool       // head is right
	head    int64      // seq of the last event that was handed to the groups
	headID  string     // its id; "": not known here
	want    int64      // the highest seq heard of; above head: there is a hole
	healing bool
	floor   int64
	direct  bool
	cursor  struct { // the cursor that was compared last
		seq int64
		id  string
	}
	kept    *page // read from the log last, while nothing has happened since
	keptFor int   // ticks

	groups   []*group
	flushing bool
	flushed  time.Time     // when the last flush ended
	took     time.Duration // by it
	pause    time.Duration // that must follow it; see nextPause

	members map[string]*member // who is online here, by user
	tally   tally
	changed map[string]struct{} // whose presence changed since the last signal
	moved   bool                // since the last heads
	typed   map[string]time.Time
	pending []typist
	dirty   bool // in hub.dirty
}

// group is the watchers of a room who read one encoding.
type group struct {
	enc   *Encoding // nil: v1
	list  []*watch  // with holes, so that a flush under way misses nobody
	free  []int32   // the holes
	after int64     // the event before those in next
	last  int64     // the last event in next, or after
	next  *batch    // what gathers; nil: nothing
}

// group returns the group of an encoding, made if need be. mu is held.
func (r *room) group(enc *Encoding) *group {
	for _, g := range r.groups {
		if g.enc == enc {
			return g
		}
	}
	g := &group{enc: enc, after: r.head, last: r.head}
	r.groups = append(r.groups, g)
	return g
}

func (g *group) empty() bool { return len(g.free) == len(g.list) }

func (g *group) add(w *watch) {
	if n := len(g.free) - 1; n >= 0 {
		w.slot = g.free[n]
		g.free = g.free[:n]
		g.list[w.slot] = w
		return
	}
	w.slot = int32(len(g.list))
	g.list = append(g.list, w)
}

func (g *group) remove(w *watch) {
	g.list[w.slot] = nil
	g.free = append(g.free, w.slot)
	if g.empty() {
		g.list, g.free = nil, nil
	}
}

// lockKnown locks mu when all up to head, which was read from the log, has been
// announced here; if nothing is known of the room yet, head is from then on. Else an
// event that ends a membership could be passed over, or come behind what was read
// together with it.
func (r *room) lockKnown(head int64) {
	r.mu.Lock()
	if r.known && r.head >= head {
		return
	}
	r.mu.Unlock()
	r.hub.o.Announced()
	r.mu.Lock()
	if !r.known {
		r.begin(head)
	}
}

// begin sets the first head; what was committed before is not delivered, but
// read from the log by whoever needs it. mu is held.
func (r *room) begin(head int64) {
	r.known, r.head = true, head
	for _, g := range r.groups {
		g.after, g.last = head, head
		if g.next != nil { // signals
			g.next.after, g.next.last = head, head
		}
	}
}

// online lists who is here, unless they are more than limit. mu is held.
func (r *room) online(limit int) (ids []string, count int64) {
	if len(r.members) <= limit {
		for id := range r.members {
			ids = append(ids, id)
		}
		slices.Sort(ids)
	}
	return ids, int64(len(r.members))
}
