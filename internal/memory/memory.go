// Package memory keeps the process within the memory that it may have: it knows
// the limit, says when no more should be let in, and gives back what a rush of
// work left behind.
package memory

import (
	"math"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"sync/atomic"
	"time"
)

const (
	lookEvery = 250 * time.Millisecond
	restEvery = 4 // looks over which it is judged whether a rush is over
	fullEvery = 5 // rests: how often a full process looks whether it still is
	started   = 2 // looks after which the start, which is a rush of its own, is over

	// A rush has allocated at least rushBytes, and is over when less than
	// quietBytes a rest were. What was garbage when it ended would otherwise stay
	// until the next collection, minutes later: after thousands of handshakes that
	// is as much as the connections themselves. A lower GOGC would hold less, but
	// at the price of collecting all the time under load; one collection after
	// each rush costs next to nothing.
	rushBytes  = 8 << 20
	quietBytes = 1 << 20

	fullShare = 0.75 // of the limit: above it there is no room for more connections
)

// Keeper watches the process's memory. Close ends it.
type Keeper struct {
	tidy    func() // gives back what Go does not see
	limit   int64  // math.MaxInt64: none
	full    atomic.Bool
	samples []metrics.Sample
	stop    chan struct{}
	done    sync.WaitGroup
}

// Keep begins to watch. Where neither GOMEMLIMIT nor anything else has set a
// limit, the memory that the process's cgroup may have becomes the limit, less
// a share for what is not Go's: the database's pages and the kernel's buffers.
// tidy is called after each rush, the start being the first, to give back memory
// that is not Go's; it may be nil.
func Keep(tidy func()) *Keeper {
	k := &Keeper{tidy: tidy, limit: debug.SetMemoryLimit(-1), stop: make(chan struct{})}
	if k.limit == math.MaxInt64 {
		if most, ok := CgroupLimit("self"); ok {
			k.limit = most / 100 * 85
			debug.SetMemoryLimit(k.limit)
		}
	}
	k.prepare()
	k.done.Go(k.watch)
	return k
}

func (k *Keeper) prepare() {
	for _, name := range names {
		k.samples = append(k.samples, metrics.Sample{Name: name})
	}
}

// Limit is how many bytes Go may use; ok is false when there is no limit.
func (k *Keeper) Limit() (bytes int64, ok bool) { return k.limit, k.limit != math.MaxInt64 }

// Full reports whether so much is in use that more connections would harm those
// that are there.
func (k *Keeper) Full() bool { return k.full.Load() }

// Close ends the watching.
func (k *Keeper) Close() error {
	close(k.stop)
	k.done.Wait()
	return nil
}

// What is read of the runtime, and where in Keeper.samples.
var names = [...]string{
	"/gc/heap/live:bytes", "/memory/classes/total:bytes", "/memory/classes/heap/objects:bytes",
	"/memory/classes/heap/unused:bytes", "/memory/classes/heap/free:bytes", "/memory/classes/heap/released:bytes",
	"/gc/heap/allocs:bytes",
}

const (
	live = iota
	total
	objects
	unused
	free
	released
	allocs
)

func (k *Keeper) watch() {
	t := time.NewTicker(lookEvery)
	defer t.Stop()
	var tidied, before int64
	for n := 1; ; n++ {
		select {
		case <-k.stop:
			return
		case <-t.C:
		}
		made := k.look()
		if n%restEvery != 0 && n != started {
			continue
		}
		over := n == started || made-tidied > rushBytes && made-before < quietBytes
		if over || k.full.Load() && n%(fullEvery*restEvery) == 0 { // nobody may be left to allocate, and so to find out that there is room again
			if k.tidy != nil {
				k.tidy()
			}
			runtime.GC() // what pools held goes with the second collection
			debug.FreeOSMemory()
			tidied = made
		}
		before = made
	}
}

// look finds out whether there is room, and returns how many bytes were ever
// allocated. What is garbage does not count: it goes when room is needed.
func (k *Keeper) look() (made int64) {
	metrics.Read(k.samples)
	of := func(i int) int64 { return int64(k.samples[i].Value.Uint64()) }
	used := of(total) - of(objects) - of(unused) - of(free) - of(released) + of(live)
	k.full.Store(k.limit != math.MaxInt64 && float64(used) > fullShare*float64(k.limit))
	return of(allocs)
}
