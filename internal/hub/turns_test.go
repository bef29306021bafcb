package hub

import (
	"fmt"
	"sync"
	"testing"
	"time"
)

// Many small rooms at the same time, each with more to come while it is written,
// bring everything, in order, and leave nobody at work; so does a room that is
// too large for a turn among them.
func TestManyRooms(t *testing.T) {
	const rooms, posts, crowd = 40, 30, few + 10
	w := newWorld(t, func(o *Options, _ *sockOptions) { o.Limits.ConnectionsPerUser = 0 })
	var reading, posting sync.WaitGroup
	for i := range rooms {
		id := fmt.Sprint("r", i)
		w.addRoom(id, "ana")
		watchers := 2
		if i == 0 {
			watchers = crowd
		}
		for range watchers {
			c := w.dial("ana")
			c.watch(id, "")
			reading.Go(func() { c.collect(1, posts) })
		}
	}
	for i := range rooms {
		posting.Go(func() {
			for range posts {
				w.post(fmt.Sprint("r", i), "ana", "x")
			}
		})
	}
	posting.Wait()
	reading.Wait()
	turns := &w.hub.turns
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		turns.mu.Lock()
		left := turns.workers + len(turns.list) + turns.next
		turns.mu.Unlock()
		if left == 0 {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("got %d left at work, want none", left)
		}
	}
}
