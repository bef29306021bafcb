package e2e

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
)

const (
	pingEvery   = time.Second
	pongWithin  = 3 * time.Second
	resendAfter = 4 * time.Second
)

// client is one simulated person on one device, by the rules for a client of
// docs/protocol.md. One goroutine runs it; others read the atomic fields.
type client struct {
	person
	addr  string // of the bad line
	rooms []string
	rec   *recorder
	rnd   *rand.Rand
	pace  time.Duration // between two things that it does; 0: it only listens
	list  bool          // wants the list of rooms, and so to hear of rooms that it does not watch
	veil  string        // the private room, for those who are not always in it; "" for the others
	vow   string        // the private room, for those who may speak in it

	fleeting bool // will be disabled
	calm     bool // waits for as long as it takes: only a line that ends makes it ask again

	busy  atomic.Bool  // makes new changes
	idle  atomic.Bool  // nothing waits for an answer, nothing is stale
	again atomic.Int64 // changes that were sent a second time and wait for their answer
	ended atomic.Bool  // was told not to come back
	heads map[string]*atomic.Int64

	// Of the client's device: they outlive connections.
	epoch  string
	folds  map[string]*fold
	outbox map[string]*change // by room: what is not acknowledged, one at a time
	made   int
	conns  int

	s session
}

// canary is a word that is in the name, the topic and every message of the
// private room, and nowhere else.
const canary = "canary7f3a"

// session is what lives as long as one connection.
type session struct {
	l       *line
	conn    string
	n       int64
	streams map[string]bool // rooms that are watched: true once synced
	asked   map[int64]asked
	ping    int64 // the one that waits for its pong; 0: none
	pinged  time.Time
	behind  map[string]int64 // heads of the last pong that were above the cursor
}

// asked is a request that waits for its answer.
type asked struct {
	kind, room string
	after      int64
	change     *change
	at         int // in the history
}

// change is a keyed request, repeated until it is known what became of it.
type change struct {
	r     request
	kind  string
	sent  time.Time // zero: to be sent now
	times int
	not   time.Time // before then it is not sent
}

func newClient(p person, addr string, rooms []string, rec *recorder, seed uint64) *client {
	c := &client{
		person: p, addr: addr, rooms: rooms, rec: rec, rnd: rand.New(rand.NewPCG(seed, 7)),
		folds: map[string]*fold{}, outbox: map[string]*change{}, heads: map[string]*atomic.Int64{},
	}
	for _, r := range rooms {
		c.folds[r] = newFold()
		c.heads[r] = new(atomic.Int64)
	}
	return c
}

// run connects again and again until ctx ends or the server says not to.
func (c *client) run(ctx context.Context) {
	for ctx.Err() == nil && !c.ended.Load() {
		code := c.connection(ctx)
		c.rec.add(record{Op: opClose, User: c.user, Conn: c.s.conn, Seq: int64(code)})
		if code == 4002 || code == 4003 || code == 4004 {
			c.ended.Store(true)
		}
		for _, ch := range c.outbox {
			ch.sent = time.Time{}
		}
		sleep(ctx, time.Duration(c.rnd.IntN(300))*time.Millisecond)
	}
}

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// connection lives one connection and returns its close code, -1 for none.
func (c *client) connection(ctx context.Context) int {
	c.conns++
	c.s = session{conn: fmt.Sprintf("%s/%d", c.name, c.conns), streams: map[string]bool{}, asked: map[int64]asked{}, behind: map[string]int64{}}
	c.idle.Store(false)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	dialing, stop := context.WithTimeout(ctx, 5*time.Second)
	defer stop()
	l, err := dialLine(dialing, c.addr, 0)
	if err != nil {
		return -1
	}
	defer l.ws.CloseNow()
	c.s.l = l
	if err := c.hello(ctx); err != nil {
		return int(websocket.CloseStatus(err))
	}
	frames, failed := make(chan received), make(chan error, 1)
	go func() {
		for {
			f, raw, err := l.next(ctx)
			if err != nil {
				failed <- err
				return
			}
			select {
			case frames <- received{f, raw}:
			case <-ctx.Done():
				return
			}
		}
	}()
	return c.live(ctx, frames, failed)
}

type received struct {
	f   frame
	raw []byte
}

// live handles frames and makes changes until the connection ends.
func (c *client) live(ctx context.Context, frames <-chan received, failed <-chan error) int {
	tick := time.NewTicker(cmp.Or(c.pace, 100*time.Millisecond))
	defer tick.Stop()
	beat := time.NewTicker(pingEvery)
	defer beat.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return 1000
		case err = <-failed:
		case r := <-frames:
			err = c.take(ctx, &r.f, r.raw)
		case <-tick.C:
			err = c.act(ctx)
		case <-beat.C:
			err = c.beat(ctx)
		}
		if err != nil {
			if e, ok := errors.AsType[*protocolError](err); ok {
				c.rec.add(record{Op: opLate, User: c.user, Conn: c.s.conn, Text: e.Error()})
			}
			return int(websocket.CloseStatus(err))
		}
	}
}

// protocolError is an answer that the page docs/protocol.md does not know.
type protocolError struct{ text string }

func (e *protocolError) Error() string { return e.text }
