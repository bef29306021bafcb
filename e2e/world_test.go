package e2e

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// world is a server among clients and faults.
type world struct {
	t       *testing.T
	rnd     *rand.Rand // of the test's goroutine
	srv     *server
	line    *proxy
	front   *front // nil: none
	at      string // where clients connect: the line
	calm    bool   // a request that failed is not repeated before the server is ready
	rec     *recorder
	owner   person
	private string
	rooms   []string            // all, the private one last
	members map[string][]string // by room: the users who are in it at the end
	clients []*client
	flaps   []*client // are taken out of the private room and put back

	clientCtx   context.Context
	stopClients context.CancelFunc
	running     sync.WaitGroup
	healed      atomic.Bool // the courier makes no more
	again       atomic.Bool // the courier tries for the second time
	mu          sync.Mutex  // clients, while bots come
}

// seed is E2E_SEED, or another one each time.
func seed(t *testing.T) uint64 {
	n := rand.Uint64N(1_000_000)
	if s := os.Getenv("E2E_SEED"); s != "" {
		var err error
		if n, err = strconv.ParseUint(s, 10, 64); err != nil {
			t.Fatalf("E2E_SEED: %v", err)
		}
	}
	t.Logf("seed %d (repeat with E2E_SEED=%d)", n, n)
	return n
}

const (
	talkers   = 12
	listeners = 2
	flappers  = 2
	outsiders = 2
)

func newWorld(t *testing.T, seed uint64) *world {
	w := &world{t: t, rnd: rand.New(rand.NewPCG(seed, 1)), rec: newRecorder(), members: map[string][]string{}}
	w.srv = newServer(t, t.TempDir())
	w.line = newProxy(t, w.srv.addr, rand.New(rand.NewPCG(seed, 2)))
	w.at = w.line.addr()
	w.populate(seed)
	return w
}

// newCalmWorld has no bad line, but a proxy before the server, if named.
func newCalmWorld(t *testing.T, seed uint64, name string, swaps ...swap) *world {
	w := &world{t: t, rnd: rand.New(rand.NewPCG(seed, 1)), rec: newRecorder(), members: map[string][]string{}, calm: true}
	w.srv = newServer(t, t.TempDir(), "--trusted-proxies", "127.0.0.1")
	w.at = w.srv.addr
	if name != "" {
		w.front = newFront(t, name, w.srv.addr, swaps...)
		w.at = "https://" + w.front.addr
	}
	w.line = newProxy(t, w.srv.addr, w.rnd) // nobody uses it
	w.line.calm.Store(true)
	w.populate(seed)
	return w
}

// populate makes the people and the rooms, and lets the people begin.
func (w *world) populate(seed uint64) {
	w.owner = w.srv.owner()
	people := w.srv.people(w.owner, talkers+listeners+flappers+outsiders+1) // the last is the courier
	insiders := people[:talkers/2]
	flaps := people[talkers+listeners : talkers+listeners+flappers]
	w.makeRooms(people, append(append([]person{}, insiders...), flaps...))
	w.clientCtx, w.stopClients = context.WithCancel(w.t.Context())
	w.t.Cleanup(func() {
		w.stopClients()
		w.running.Wait()
	})
	for i, p := range people[:len(people)-1] {
		w.enter(i, p, seed)
	}
	w.running.Go(func() { w.courier(people[len(people)-1], rand.New(rand.NewPCG(seed, 3))) })
}

// makeRooms makes three channels beside the one that everybody is in, and the
// private room.
func (w *world) makeRooms(people, insiders []person) {
	var mine struct{ List []struct{ Room string } }
	w.srv.must("GET", "/rooms", w.owner.token, nil, &mine)
	w.rooms = []string{mine.List[0].Room}
	for _, name := range []string{"plans", "lunch", "noise"} {
		w.rooms = append(w.rooms, w.srv.room(w.owner, "channel", name, people...))
	}
	w.private = w.srv.room(w.owner, "private", canary, insiders...)
	w.rooms = append(w.rooms, w.private)
	for _, p := range people {
		for _, room := range w.rooms[:4] {
			w.members[room] = append(w.members[room], p.user)
		}
	}
	for _, p := range insiders {
		w.members[w.private] = append(w.members[w.private], p.user)
	}
}

// enter lets one of the people begin.
func (w *world) enter(i int, p person, seed uint64) {
	c := newClient(p, w.at, w.rooms[:4], w.rec, seed+uint64(i))
	c.list = i%2 == 0
	c.pace = time.Duration(80+c.rnd.IntN(80)) * time.Millisecond
	switch {
	case i < talkers/2:
		c = w.into(c)
		c.vow = w.private
	case i < talkers:
	case i < talkers+listeners:
		c.pace = 0
	case i < talkers+listeners+flappers:
		c = w.into(c)
		c.veil, c.vow, c.list = w.private, w.private, true
		w.flaps = append(w.flaps, c)
	default: // knows the private room's id and tries all that it can
		c = w.into(c)
		c.veil, c.list = w.private, true
		w.rec.add(record{Op: opOutsider, User: c.user, Room: w.private})
		w.running.Go(func() { w.prowl(c) })
	}
	c.busy.Store(true)
	c.calm = w.calm
	w.begin(c)
}

// into is c with the private room among its own.
func (w *world) into(c *client) *client {
	d := newClient(c.person, c.addr, w.rooms, c.rec, c.rnd.Uint64())
	d.list, d.pace = c.list, c.pace
	return d
}

func (w *world) begin(c *client) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.clients = append(w.clients, c)
	w.running.Go(func() { c.run(w.clientCtx) })
}

// courier posts by HTTP over the bad line, again until it is taken.
func (w *world) courier(p person, rnd *rand.Rand) {
	for i := 0; w.clientCtx.Err() == nil && !w.healed.Load(); i++ {
		room, key := w.rooms[rnd.IntN(4)], fmt.Sprintf("%016x%016x", rnd.Uint64(), rnd.Uint64())
		text := fmt.Sprintf("the courier brings %d", i)
		for w.clientCtx.Err() == nil {
			w.rec.add(record{Op: opAsk, User: p.user, Conn: "http", Room: room, Kind: "post", Key: key, Text: text})
			var ok frame
			_, err := call(w.at, "POST", "/rooms/"+room+"/messages", p.token, map[string]any{"text": text}, &ok, "Idempotency-Key", key)
			if err == nil {
				w.rec.add(record{Op: opOK, User: p.user, Conn: "http", Room: room, Key: key, Seq: ok.Seq, ID: ok.ID, Dup: ok.Dup})
				w.again.Store(false)
				break
			}
			if e, ok := errors.AsType[*callError](err); ok {
				w.rec.add(record{Op: opFail, User: p.user, Conn: "http", Room: room, Key: key, Code: e.Code, Definite: e.Definite})
			}
			w.again.Store(true)
			for w.calm && w.clientCtx.Err() == nil && !w.srv.ready() {
				sleep(w.clientCtx, 20*time.Millisecond)
			}
			sleep(w.clientCtx, 100*time.Millisecond)
		}
		sleep(w.clientCtx, time.Duration(rnd.IntN(300))*time.Millisecond)
	}
}

// prowl asks by HTTP for everything around a room that is not the client's.
func (w *world) prowl(c *client) {
	room := "/rooms/" + w.private
	asks := []struct {
		method, path string
		body         any
	}{
		{"GET", room, nil}, {"GET", room + "/events", nil}, {"GET", room + "/events?after=0&limit=200", nil}, {"GET", room + "/members", nil},
		{"GET", room + "/messages/5/thread", nil}, {"POST", room + "/messages", map[string]any{"text": "let me in"}},
		{"PUT", room + "/members/me", nil}, {"PUT", room + "/members/" + c.user, nil}, {"DELETE", room + "/members/" + w.owner.user, nil},
		{"PATCH", room, map[string]any{"topic": "mine"}}, {"GET", "/rooms", nil}, {"GET", "/rooms?all=1", nil}, {"GET", "/users?q=", nil},
	}
	for i := 0; w.clientCtx.Err() == nil; i++ {
		ask := asks[i%len(asks)]
		raw, err := call(w.srv.addr, ask.method, ask.path, c.token, ask.body, nil)
		if strings.Contains(string(raw), canary) {
			w.rec.add(record{Op: opCanary, User: c.user, Conn: "http", Room: w.private, Kind: ask.method + " " + ask.path})
		}
		if e, ok := errors.AsType[*callError](err); strings.HasPrefix(ask.path, room) && (err == nil || ok && e.Status != 404 && e.Status < 500 && e.Status != 429) {
			w.rec.add(record{Op: opLate, User: c.user, Text: fmt.Sprintf("%s %s of a room that must not exist: %v", ask.method, ask.path, err)})
		}
		sleep(w.clientCtx, 150*time.Millisecond)
	}
}
