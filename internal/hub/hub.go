// Package hub keeps the live sessions and brings them what happens in their
// rooms: events in seq order, each once, and the signals beside them. It holds
// no message for anybody: a session that cannot keep up is fed from the log.
//
// Locks are taken in this order: room, user, session, connection. Whoever fills a
// socket.Burst holds many connections, and waits for none of these until it is sent.
package hub

import (
	"context"
	"hash/maphash"
	"log/slog"
	"sync"
	"time"

	"minichat"
	"minichat/internal/bus"
	"minichat/internal/protocol"
	"minichat/internal/socket"
)

// Options of a Hub. The functions may read the database; the hub never calls
// them while something is being delivered.
type Options struct {
	Log    *slog.Logger
	Limits minichat.Limits
	Bus    bus.Bus

	// Epoch names the history of the database.
	Epoch func() string
	// EventID is the id of one event, "" or an error when there is none.
	EventID func(ctx context.Context, room string, seq int64) (string, error)
	// Feed reads the log behind after, in present form, without judging.
	Feed func(ctx context.Context, room string, after int64, limit int) (*protocol.Page, error)
	// Room is a room as user sees it; an error, or nil, unless user may read it.
	Room func(ctx context.Context, user, room string) (*minichat.Room, error)
	// Judge says whether user may watch a room, and where its log begins and
	// ends now; an error when he may not.
	Judge func(ctx context.Context, user, room string) (head, floor int64, err error)

	// Announced waits until the bus has brought all events that anybody could have
	// read from the log by now. The hub holds no lock meanwhile.
	Announced func()

	Pause  time.Duration // 1 ms: the least time between two writes to the same room's watchers; it grows with their number
	Gather time.Duration // 1 s: for how long presence and heads are gathered; typing: a quarter of it
	Hold   time.Duration // 500 ms: how long a welcome may wait for what its first cursor brings, to go in one write with it
	Spread time.Duration // 10 s: over how long at most Drain bids people goodbye, and has them come back
	Crowd  int           // 4096: from so many watchers on a flush is spread over the cores
}

func (o Options) withDefaults() Options {
	for _, d := range []struct {
		at *time.Duration
		to time.Duration
	}{{&o.Pause, time.Millisecond}, {&o.Gather, time.Second}, {&o.Hold, 500 * time.Millisecond}, {&o.Spread, 10 * time.Second}} {
		if *d.at == 0 {
			*d.at = d.to
		}
	}
	if o.Crowd == 0 {
		o.Crowd = 4096
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// Hub is the live side of one node.
type Hub struct {
	o      Options
	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	quit   func() // the bus's cancel

	life struct { // who may still start something
		sync.RWMutex
		closed   bool
		draining bool
		wg       sync.WaitGroup
	}

	seed    maphash.Seed
	rooms   [shards]roomShard
	users   [shards]userShard
	late    late
	dirty   dirtyRooms
	notes   notes
	flights flights
	batches sync.Pool // *batch, empty
	bursts  sync.Pool // *socket.Burst, sent
	count   counters
}

// New starts a hub that listens on o.Bus; Close ends it.
func New(o Options) *Hub {
	h := &Hub{o: o.withDefaults(), seed: maphash.MakeSeed()}
	h.ctx, h.cancel = context.WithCancel(context.Background())
	for i := range h.rooms {
		h.rooms[i].m = map[string]*room{}
		h.users[i].m = map[string]*user{}
	}
	h.flights.prepare()
	h.batches.New = func() any { return new(batch) }
	h.bursts.New = func() any { return new(socket.Burst) }
	h.run(h.tick)
	if h.o.Bus != nil {
		h.quit = h.o.Bus.Subscribe(h.receive)
	}
	return h
}

// run starts a goroutine that Close waits for; after Close it does nothing.
func (h *Hub) run(fn func()) bool {
	h.life.RLock()
	defer h.life.RUnlock()
	if h.life.closed {
		return false
	}
	h.life.wg.Go(fn)
	return true
}

// Close stops delivering and waits for what is under way. Sessions whose
// connections are still open receive nothing more.
func (h *Hub) Close() error {
	if h.quit != nil {
		h.quit()
	}
	h.life.Lock()
	h.life.closed = true
	h.life.Unlock()
	h.cancel()
	h.life.wg.Wait()
	return nil
}

// receive takes one message off the bus. It never waits for a peer or the database.
func (h *Hub) receive(m bus.Message) {
	if take := receivers[m.Kind]; take != nil {
		take(h, m)
	}
}

var receivers = map[string]func(*Hub, bus.Message){
	bus.Event:  (*Hub).deliver,
	bus.Typing: (*Hub).typing,
	bus.Read:   (*Hub).read,
	bus.User:   (*Hub).profile,
	bus.Room:   func(h *Hub, m bus.Message) { h.tellRoom(m.Room, m.User) },
	bus.End:    func(h *Hub, m bus.Message) { h.End(m.User, m.Session, m.Code, m.Reason) },
}

// sleep waits, and reports false when the hub closes first.
func (h *Hub) sleep(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-h.ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
