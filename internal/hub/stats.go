package hub

import "sync/atomic"

// Stats are counts since the start; the first four are now.
type Stats struct {
	Sessions int64
	Users    int64
	Rooms    int64
	Watches  int64

	Deliveries int64 // one event to one session
	Writes     int64 // handed to connections by flushes
	Bytes      int64
	Behind     int64 // times that a session fell behind and was fed from the log
	Pages      int64 // read from the log
	Holes      int64 // times that the bus had lost something
	Dropped    int64 // signals
	Ended      int64 // sessions closed by End and by connections_per_user
}

type counters struct {
	sessions, watches                   atomic.Int64
	deliveries, writes, bytes           atomic.Int64
	behind, pages, holes, dropped, ends atomic.Int64
}

// tallied is what one flush counts for itself, so that cores do not fight over
// the counters.
type tallied struct{ deliveries, writes, bytes int64 }

func (c *counters) add(t tallied) {
	c.deliveries.Add(t.deliveries)
	c.writes.Add(t.writes)
	c.bytes.Add(t.bytes)
}

// Stats returns the present counts.
func (h *Hub) Stats() Stats {
	c := &h.count
	s := Stats{
		Sessions: c.sessions.Load(), Watches: c.watches.Load(),
		Deliveries: c.deliveries.Load(), Writes: c.writes.Load(), Bytes: c.bytes.Load(),
		Behind: c.behind.Load(), Pages: c.pages.Load(), Holes: c.holes.Load(),
		Dropped: c.dropped.Load(), Ended: c.ends.Load(),
	}
	for i := range h.rooms {
		h.rooms[i].mu.RLock()
		s.Rooms += int64(len(h.rooms[i].m))
		h.rooms[i].mu.RUnlock()
		h.users[i].mu.RLock()
		s.Users += int64(len(h.users[i].m))
		h.users[i].mu.RUnlock()
	}
	return s
}
