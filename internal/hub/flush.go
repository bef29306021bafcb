package hub

import (
	"runtime"
	"sync"
	"time"

	"minichat/internal/socket"
)

// reach is how many watchers are taken off a list at a time, so that nobody
// waits long for its lock.
const reach = 128

// longest is the longest pause between two flushes of a room.
const longest = 20 * time.Millisecond

// wake starts a flush unless one is under way: at once when the last one was
// long enough ago. mu is held.
func (r *room) wake() {
	if r.flushing || !r.gathered() {
		return
	}
	gap := time.Since(r.flushed)
	wait, busy := r.pause-gap, gap < 2*r.took
	r.flushing = r.hub.run(func() { r.flush(wait, busy) })
}

// nextPause is for how long a room's next events gather after a flush that took
// so long. A write costs microseconds whatever is in it, so what holds is that
// events share writes: a room that is quiet gives each event at once, one that
// is not gathers for 1 ms, then 2, then 4, …, until it spends twice as long
// gathering as writing, but at most 20 ms. So a busy room takes a third of a
// core, however large it is, and the others run beside it.
func nextPause(least, last, took time.Duration, busy bool) time.Duration {
	if !busy {
		return least
	}
	return max(least, min(2*last, 2*took, longest))
}

// gathered reports whether there is anything to flush. mu is held.
func (r *room) gathered() bool {
	for _, g := range r.groups {
		if g.next != nil {
			return true
		}
	}
	return false
}

// flush writes what gathered until nothing has gathered meanwhile.
func (r *room) flush(wait time.Duration, busy bool) {
	for {
		if wait > 0 && !r.hub.sleep(wait) {
			return // the hub closes
		}
		began := time.Now()
		r.mu.Lock()
		groups := r.groups
		r.mu.Unlock()
		for _, g := range groups {
			r.flushGroup(g)
		}
		if wait = r.rest(began, busy); wait == 0 {
			return
		}
		busy = true
	}
}

// rest ends a flush if nothing has gathered since it began, and returns 0; else
// how long to wait for more.
func (r *room) rest(began time.Time, busy bool) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.flushed = time.Now()
	r.took = r.flushed.Sub(began)
	r.pause = nextPause(r.hub.o.Pause, r.pause, r.took, busy)
	if r.gathered() {
		return r.pause
	}
	r.flushing = false
	r.groups = slimmed(r.groups)
	return 0
}

// slimmed leaves out the groups that nobody is in.
func slimmed(groups []*group) []*group {
	for _, g := range groups {
		if g.empty() {
			var kept []*group
			for _, g := range groups {
				if !g.empty() {
					kept = append(kept, g)
				}
			}
			return kept
		}
	}
	return groups
}

func (r *room) flushGroup(g *group) {
	r.mu.Lock()
	b, n := g.next, len(g.list)
	g.next, g.after = nil, g.last
	r.mu.Unlock()
	if b == nil {
		return
	}
	if cores := runtime.GOMAXPROCS(0); n >= r.hub.o.Crowd && cores > 1 {
		r.share(g, b, n, cores)
	} else {
		r.spread(g, b, 0, n)
	}
	b.reset()
	r.hub.batches.Put(b)
}

// share spreads a batch to a crowd with all cores.
func (r *room) share(g *group, b *batch, n, cores int) {
	var wg sync.WaitGroup
	for i := range cores {
		wg.Go(func() { r.spread(g, b, n*i/cores, n*(i+1)/cores) })
	}
	wg.Wait()
}

// spread gives b to the watchers in list[from:to]. Whoever comes later has a
// place behind or a hole, and reads b's events from the log.
func (r *room) spread(g *group, b *batch, from, to int) {
	var (
		some [reach]*watch
		sent tallied
	)
	out := r.hub.bursts.Get().(*socket.Burst)
	defer r.hub.bursts.Put(out)
	out.Begin(b.buf)
	for from < to {
		r.mu.Lock()
		to = min(to, len(g.list))
		n := 0
		for from < to && n < reach {
			if w := g.list[from]; w != nil {
				some[n] = w
				n++
			}
			from++
		}
		r.mu.Unlock()
		if !near(some[:n]) {
			continue
		}
		for _, w := range some[:n] {
			w.give(b, out, &sent)
		}
		out.Send()
	}
	r.hub.count.add(sent)
}

// near reads what the next deliveries will, so that they need not wait for
// memory one after the other: each call into the kernel fills the nearer caches
// with what is its own, and from watch to connection it is three steps. It is
// always true, which the compiler does not know.
func near(list []*watch) bool {
	all := true
	for _, w := range list {
		all = w.s.conn.Near() && all
	}
	return all
}
