package hub

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"sync"
	"testing"
	"time"

	"minichat/internal/socket"
)

func TestWatch(t *testing.T) {
	w := newWorld(t)
	w.addRoom("r", "ana", "bo")
	for i := range 450 {
		w.post("r", "ana", fmt.Sprint(i))
	}
	cases := []struct {
		name, extra string
		seqs        []int64
		head        int64
	}{
		{"from the present head", ``, nil, 450},
		{"from the beginning", `,"after":0`, dense(1, 450), 450},
		{"from a cursor", `,"after":440,"id":"id440"`, dense(441, 450), 450},
		{"from a cursor without id", `,"after":440`, dense(441, 450), 450},
		{"from a cursor at the head", `,"after":450,"id":"id450"`, nil, 450},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			c := w.dial("bo")
			c.t = t
			ok, seqs, synced := c.watch("r", test.extra)
			if ok.Head != test.head || synced.Head != test.head || !reflect.DeepEqual(seqs, test.seqs) {
				t.Errorf("got head %d, %v, synced %d; want %d, %v", ok.Head, seqs, synced.Head, test.head, test.seqs)
			}
		})
	}
	c := w.dial("bo")
	c.watch("r", `,"after":449`)
	c.watch("r", `,"after":448`) // again: unwatch and watch
	w.post("r", "ana", "live")
	c.collect(451, 451)
	c.say(`{"type":"unwatch","n":9,"room":"r"}`)
	c.next("ok")
	w.post("r", "ana", "unseen")
	for _, m := range c.fence() {
		if m.Room == "r" {
			t.Errorf("after unwatch: got %s", m.Raw)
		}
	}
}

func TestWatchRefused(t *testing.T) {
	w := newWorld(t, func(o *Options, _ *sockOptions) { o.Limits.WatchedRooms = 1 })
	w.addRoom("r", "ana")
	w.addRoom("r2", "ana", "bo")
	w.post("r", "ana", "secret")
	c := w.dial("bo")
	for _, room := range []string{"r", "nowhere"} {
		c.say(`{"type":"watch","n":1,"room":%q}`, room)
		if m := c.next("error"); m.Code != "not_found" {
			t.Errorf("watch %s: got %s, want not_found", room, m.Raw)
		}
	}
	c.watch("r2", "")
	c.say(`{"type":"watch","n":1,"room":"r"}`)
	if m := c.next("error"); m.Code != "too_many" {
		t.Errorf("got %s, want too_many", m.Raw)
	}
	w.post("r", "ana", "secret")
	for _, m := range c.fence() {
		if m.Room == "r" {
			t.Errorf("not a member: got %s", m.Raw)
		}
	}
	if n := w.hub.Stats().Watches; n != 1 {
		t.Errorf("got %d watches, want 1", n)
	}
}

// Each cursor that does not fit the log gets its reset, and then the room live.
func TestReset(t *testing.T) {
	cases := []struct {
		name, watch, cursor, epoch, why string
	}{
		{"above head", `,"after":11`, `["r",11,"id11"]`, "", "cursor"},
		{"another id", `,"after":9,"id":"other"`, `["r",9,"other"]`, "", "cursor"},
		{"another id at the head", `,"after":10,"id":"other"`, `["r",10,"other"]`, "", "cursor"},
		{"below floor", `,"after":1`, `["r",1,""]`, "", "floor"},
		{"another epoch", "", `["r",10,"id10"]`, `"epoch":"old",`, "epoch"},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			r := w.addRoom("r", "ana")
			for range 10 {
				w.post("r", "ana", "x")
			}
			r.Floor = 5
			check := func(c *client) {
				m := c.next("reset")
				if m.Why != test.why || m.Head != 10 {
					t.Errorf("got %s, want %s", m.Raw, test.why)
				}
				if m := c.next("synced"); m.Head != 10 {
					t.Errorf("got %s, want synced 10", m.Raw)
				}
				head := w.post("r", "ana", "live")
				c.collect(head, head)
				w.mu.Lock()
				r.Head, r.events = 10, r.events[:10]
				w.mu.Unlock()
			}
			if test.watch != "" {
				c := w.dial("ana")
				c.say(`{"type":"watch","n":1,"room":"r"%s}`, test.watch)
				c.next("ok")
				check(c)
				c.ws.CloseNow()
				w2 := newWorld(t) // the hub has seen the head of before
				w2.rooms, w = w.rooms, w2
			}
			check(w.dialSaying("ana", fmt.Sprintf(`{"type":"hello","n":1,%s"cursors":[%s]}`, test.epoch, test.cursor)))
		})
	}
}

func TestResume(t *testing.T) {
	w := newWorld(t)
	w.addRoom("a", "ana")
	w.addRoom("b", "ana")
	w.addRoom("c", "bo")
	for range 300 {
		w.post("a", "ana", "x")
		w.post("b", "ana", "x")
	}
	w.post("c", "bo", "secret")
	c := w.dialSaying("ana", `{"type":"hello","n":1,"epoch":"e1","cursors":[["a",40,"id40"],["c",1,"id1"],["b",300,"id300"]]}`)
	got := map[string][]string{}
	for range 5 { // the rooms' order is not promised
		m := c.next("events", "synced", "reset")
		got[m.Room] = append(got[m.Room], fmt.Sprint(m.Type, m.Why, m.From, m.To, m.Head))
	}
	want := map[string][]string{
		"a": {"events41 240 300", "events241 300 300", "synced0 0 300"}, "b": {"synced0 0 300"}, "c": {"resetaccess0 0 0"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	w.post("c", "bo", "secret")
	w.post("a", "ana", "live")
	c.collect(301, 301)
}

// While posts go on, sessions watch and unwatch; each sees every event of its
// watch once and in order, and no event after it.
func TestWatchWhilePosting(t *testing.T) {
	const clients, rounds = 200, 4
	w := newWorld(t, func(o *Options, _ *sockOptions) { o.Limits.ConnectionsPerUser = 0 })
	w.addRoom("r", "ana")
	stop := make(chan struct{})
	var posting, watching sync.WaitGroup
	for range 3 {
		posting.Go(func() {
			pace := time.NewTicker(40 * time.Millisecond) // so that readers can keep up
			defer pace.Stop()
			for {
				for range rand.IntN(5) {
					w.post("r", "ana", "x")
				}
				select {
				case <-stop:
					return
				case <-pace.C:
				}
			}
		})
	}
	for i := range clients {
		r := &watcher{client: w.dial("ana"), w: w, rnd: rand.New(rand.NewPCG(1, uint64(i)))}
		watching.Go(func() {
			for range rounds {
				if !r.round() {
					return
				}
			}
		})
	}
	watching.Wait()
	close(stop)
	posting.Wait()
	if got := w.hub.Stats().Watches; got != 0 {
		t.Errorf("got %d watches at the end, want 0", got)
	}
}

type watcher struct {
	*client
	w   *world
	rnd *rand.Rand
	at  int64
}

// take checks one frame; false: it was not the next.
func (r *watcher) take(m message) bool {
	for _, seq := range m.seqs() {
		if seq != r.at+1 {
			r.t.Errorf("got %d after %d: %s want n %d", seq, r.at, m.Raw, r.n)
			return false
		}
		r.at = seq
	}
	return true
}

// round watches from a random place, reads some, and unwatches.
func (r *watcher) round() bool {
	r.n++
	r.at = max(0, r.w.headOf("r")-r.rnd.Int64N(400))
	id := ""
	if r.at > 0 {
		id = eventID(r.at)
	}
	r.say(`{"type":"watch","n":%d,"room":"r","after":%d,"id":%q}`, r.n, r.at, id)
	if m := r.next("ok"); m.N != r.n {
		r.t.Errorf("got %s, want ok %d", m.Raw, r.n)
	}
	synced := false
	for more := r.rnd.Int64N(60); more > 0 || !synced; more-- {
		m := r.next("event", "events", "synced")
		if m.Type == "synced" && (synced || m.Head != r.at) || m.Type == "event" && !synced {
			r.t.Errorf("got %s after %d, synced before: %v", m.Raw, r.at, synced)
			return false
		}
		synced = synced || m.Type == "synced"
		if !r.take(m) {
			return false
		}
	}
	r.n++
	r.say(`{"type":"unwatch","n":%d,"room":"r"}`, r.n)
	for {
		switch m := r.next("event", "events", "ok"); {
		case m.Type == "ok" && m.N == r.n:
			return true
		case !r.take(m):
			return false
		}
	}
}

// Many who come back with the same cursor cost few reads of the log, and what
// happens meanwhile makes it be read anew.
func TestPageIsShared(t *testing.T) {
	w := newWorld(t, func(o *Options, _ *socket.Options) {
		o.Limits.ConnectionsPerUser, o.Gather = 0, time.Hour // no tick ends what is kept
	})
	w.addRoom("r", "ana")
	for range 5 {
		w.post("r", "ana", "missed")
	}
	keeper := w.dial("ana")
	keeper.watch("r", "")
	start := w.hub.Stats().Pages
	for range 20 {
		if _, seqs, _ := w.dial("ana").watch("r", `,"after":2`); len(seqs) != 3 {
			t.Fatalf("got %v, want 3 events", seqs)
		}
	}
	if n := w.hub.Stats().Pages - start; n != 1 {
		t.Errorf("got %d reads of the log for 20 who came back, want 1", n)
	}
	w.post("r", "ana", "new")
	keeper.collect(6, 6)
	if w.hub.find("r").lately(2) != nil {
		t.Error("a page is kept though something happened since")
	}
	if _, seqs, _ := w.dial("ana").watch("r", `,"after":2`); len(seqs) != 4 {
		t.Errorf("got %v, want 4 events", seqs)
	}
}

// A page is not kept for longer than those who were cut off together need.
func TestPageIsForgotten(t *testing.T) {
	w := newWorld(t)
	w.addRoom("r", "ana")
	w.post("r", "ana", "missed")
	c := w.dial("ana")
	c.watch("r", `,"after":0`)
	r := w.hub.find("r")
	for end := time.Now().Add(10 * time.Second); r.lately(0) != nil; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("a page is kept for ever")
		}
	}
}
