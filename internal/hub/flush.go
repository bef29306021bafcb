package hub

import (
	"runtime"
	"sync"
	"time"
)

const (
	reach = 128  // watchers taken off a list at a time, so that nobody waits long for its lock
	crowd = 4096 // from so many on a flush is spread over the cores
)

// wake starts a flush unless one is under way: at once when the last one was
// long enough ago. mu is held.
func (r *room) wake() {
	if r.flushing || !r.gathered() {
		return
	}
	wait := r.hub.o.Pause - time.Since(r.flushed)
	r.flushing = r.hub.run(func() { r.flush(wait) })
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
func (r *room) flush(wait time.Duration) {
	for {
		if wait > 0 && !r.hub.sleep(wait) {
			return // the hub closes
		}
		r.mu.Lock()
		groups := r.groups
		r.mu.Unlock()
		for _, g := range groups {
			r.flushGroup(g)
		}
		if r.rest() {
			return
		}
		wait = r.hub.o.Pause
	}
}

// rest ends a flush if nothing has gathered since.
func (r *room) rest() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.flushed = time.Now()
	if r.gathered() {
		return false
	}
	r.flushing = false
	r.groups = slimmed(r.groups)
	return true
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
	if cores := runtime.GOMAXPROCS(0); n >= crowd && cores > 1 {
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
		for _, w := range some[:n] {
			w.give(b, &sent)
		}
	}
	r.hub.count.add(sent)
}
