package hub

import (
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// Sessions that stop reading are fed from the log when they wake, closed with
// 4008 when they do not, and nobody else notices.
func TestSlowReaders(t *testing.T) {
	const slow, posts = 50, 2000
	w := newWorld(t, func(o *Options, so *sockOptions) {
		o.Limits.ConnectionsPerUser = 0
		so.Stall = 2 * time.Second
	})
	w.addRoom("r", "ana")
	var stuck []*client
	for range slow {
		c := w.dial("ana")
		c.watch("r", "")
		stuck = append(stuck, c)
	}
	good := w.dial("ana")
	good.watch("r", "")
	text := strings.Repeat("x", 1000)
	var posting sync.WaitGroup
	posting.Go(func() {
		for range posts {
			w.post("r", "ana", text)
		}
	})
	good.collect(1, posts)
	posting.Wait()
	if n := w.hub.Stats().Behind; n == 0 {
		t.Error("nobody fell behind: the test tests nothing")
	}
	late := stuck[0] // wakes up, and is brought up to date from the log
	late.collect(1, posts)
	for deadline := time.Now().Add(20 * time.Second); w.srv.Stats().Slow < slow-1; {
		if time.Now().After(deadline) {
			t.Fatalf("got %d closed as too slow, want %d", w.srv.Stats().Slow, slow-1)
		}
		good.fence()
	}
	if code := stuck[10].closed(); code != 4008 {
		t.Errorf("got close %d, want 4008", code)
	}
	late.fence()
}

// Each of them costs at most 128 KiB, whatever passes by.
func TestSlowReadersMemory(t *testing.T) {
	const slow, posts, each = 500, 10_000, 128 << 10
	w := newWorld(t, func(o *Options, so *sockOptions) { o.Limits.ConnectionsPerUser = 0 })
	w.addRoom("r", "ana")
	for range slow {
		w.sleeper(t, "r")
	}
	used := func() int64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc + m.StackInuse)
	}
	before := used()
	good := w.dial("ana")
	good.watch("r", "")
	text := strings.Repeat("x", 500)
	var posting sync.WaitGroup
	posting.Go(func() {
		for range posts {
			w.post("r", "ana", text)
		}
	})
	good.collect(1, posts)
	posting.Wait()
	log := int64(posts * 300) // the test's own: texts are shared
	grown := used() - before - log
	t.Logf("grown by %d KiB for each of %d; %d fell behind", grown/slow>>10, slow, w.hub.Stats().Behind)
	if w.hub.Stats().Behind < slow {
		t.Error("not all fell behind: the test tests nothing")
	}
	if grown > slow*each {
		t.Errorf("got %d KiB more for each, want at most %d", grown/slow>>10, each>>10)
	}
}
