package socket

import (
	"sync"
	"time"
)

// checks is how often a connection's silence is looked at between two pings.
const checks = 5

// wheel holds every connection in one of as many buckets as there are ticks
// between two pings; each tick pings one bucket. So pings are spread evenly and
// no connection needs a timer.
type wheel struct {
	mu      sync.Mutex
	shutOff bool
	count   int64
	fill    int // the bucket for the next connection
	buckets [][]*Conn
	urgent  map[*Conn]struct{} // with a deadline nearer than a turn of the wheel
}

// place is where a connection sits in the wheel; the wheel's lock guards it.
type place struct {
	bucket, pos int32
	urgent      bool
	gone        bool // no longer in the wheel
}

func (w *wheel) prepare(o Options) {
	w.buckets = make([][]*Conn, max(1, int(o.PingEvery/o.Tick)))
	w.urgent = map[*Conn]struct{}{}
}

// add takes c and counts its goroutine, unless the server is closed.
func (w *wheel) add(c *Conn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.shutOff {
		return false
	}
	c.srv.wg.Add(1) // under the lock: Close waits only after shut
	b := w.fill
	w.fill = (w.fill + 1) % len(w.buckets)
	c.place = place{bucket: int32(b), pos: int32(len(w.buckets[b]))}
	w.buckets[b] = append(w.buckets[b], c)
	w.count++
	return true
}

func (w *wheel) remove(c *Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	b := w.buckets[c.place.bucket]
	last := len(b) - 1
	b[c.place.pos] = b[last]
	b[c.place.pos].place.pos = c.place.pos
	b[last] = nil
	w.buckets[c.place.bucket] = b[:last]
	w.count--
	c.place.gone = true
	delete(w.urgent, c)
}

// urge has c looked at with every tick until none of its deadlines stands.
func (w *wheel) urge(c *Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !c.place.urgent && !c.place.gone {
		c.place.urgent = true
		w.urgent[c] = struct{}{}
	}
}

// calm takes c off the urgent ones unless a deadline was set meanwhile.
func (w *wheel) calm(c *Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !c.pressed() {
		c.place.urgent = false
		delete(w.urgent, c)
	}
}

func (w *wheel) bucket(into []*Conn, i int) []*Conn {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append(into, w.buckets[i%len(w.buckets)]...)
}

func (w *wheel) hurried(into []*Conn) []*Conn {
	w.mu.Lock()
	defer w.mu.Unlock()
	for c := range w.urgent {
		into = append(into, c)
	}
	return into
}

func (w *wheel) size() int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.count
}

// shut refuses connections from now on and returns those that there are.
func (w *wheel) shut() (conns []*Conn, first bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	first, w.shutOff = !w.shutOff, true
	for _, b := range w.buckets {
		conns = append(conns, b...)
	}
	return conns, first
}

// turn is the goroutine behind the wheel.
func (s *Server) turn() {
	t := time.NewTicker(s.o.Tick)
	defer t.Stop()
	var conns []*Conn
	for at := s.now(); ; {
		select {
		case <-s.stop:
			return
		case <-t.C:
		}
		now := uint32(time.Since(s.start)/s.o.Tick) + 1
		s.tick.Store(now)
		if lag := uint32(len(s.wheel.buckets)); now-at > lag {
			at = now - lag // the process stood still: one whole turn is enough
		}
		for ; at < now; at++ {
			conns = s.step(conns, int(at))
		}
		conns = s.wheel.hurried(conns[:0])
		for _, c := range conns {
			if !c.meet(now) {
				s.wheel.calm(c)
			}
		}
		clear(conns)
	}
}

// step pings the bucket whose turn it is, and drops the silent ones of it and
// of the buckets that stand between.
func (s *Server) step(conns []*Conn, at int) []*Conn {
	stride := max(1, len(s.wheel.buckets)/checks)
	for k := 0; k < len(s.wheel.buckets); k += stride {
		conns = s.wheel.bucket(conns[:0], at+k)
		for _, c := range conns {
			if c.silent() {
				c.drop()
			} else if k == 0 {
				c.ping()
			}
		}
	}
	return conns
}
