package socket

import (
	"net"
	"sync"
	"sync/atomic"
)

// Handler is told what happens on a connection.
type Handler interface {
	// Text is one whole message, valid UTF-8. Calls for one connection follow
	// each other; while one runs nothing more is read from that connection. b
	// is good until Text returns.
	Text(c *Conn, b []byte)
	// Closed is the last call, once for every connection.
	Closed(c *Conn)
}

// What a connection still does.
const (
	live    = iota
	closing // a close frame is on its way; nothing more is written or handled
	over
	opening // the first request is not answered yet
)

// Conn is one WebSocket connection. Its methods may be called by any goroutine.
//
// It has either a descriptor of its own, for which a poller waits, perhaps with
// TLS on it, or, where there is no poller, a net.Conn and a goroutine that reads
// it.
type Conn struct {
	// What each write reads stands together.
	srv      *Server
	link     *link      // nil: a plain descriptor of ours
	fd       int32      // valid while state is not over, under mu
	stamp    int32      // the poller's
	mu       sync.Mutex // state to done
	out      *outbox    // what waits for the peer; nil: nothing
	state    int8
	reading  bool          // a goroutine reads, or finishes, a descriptor of ours
	more     bool          // something came since it last looked
	ended    bool          // the peer will send no more: read up to the end
	draining bool          // a goroutine is writing out
	held     bool          // out waits for the next write
	drained  chan struct{} // made when asked for
	done     chan struct{} // made when asked for

	as      *Accept
	handler Handler // nil: the first request was not upgraded; whoever reads sets it
	limit   atomic.Int64
	in      *reader // of whoever reads; nil while idle
	place   place   // the wheel's
	window  uint32  // of whoever reads: the second in which controls were counted
	ctrls   int32

	heard                             atomic.Uint32 // ticks; when the last byte came
	readyBy, frameBy, stallBy, overBy atomic.Uint32 // ticks; 0: no such deadline
}

// link is what a connection has beside a descriptor of ours, or instead of one.
type link struct {
	nc       net.Conn  // instead
	sec      *secured  // beside: TLS on it
	greeting *greeting // beside, until the first request is upgraded
}

// polled reports whether the descriptor is ours.
func (c *Conn) polled() bool { return c.link == nil || c.link.nc == nil }

// secured is TLS on a descriptor of ours; nil: none.
func (c *Conn) secured() *secured {
	if c.link == nil {
		return nil
	}
	return c.link.sec
}

// Ready lifts the deadline of Accept.ReadyWithin and sets how many bytes a
// message may have from now on (0: any number).
func (c *Conn) Ready(limit int64) {
	c.limit.Store(limit)
	c.readyBy.Store(0)
}

// IdleMS is for how long nothing has come from the peer, to a tick.
func (c *Conn) IdleMS() int64 {
	return int64(c.srv.now()-c.heard.Load()) * c.srv.o.Tick.Milliseconds()
}

// Drained returns a channel that is closed once nothing waits for the peer, or
// the connection takes nothing any more.
func (c *Conn) Drained() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state != live || !c.waiting() {
		return c.srv.always
	}
	if c.drained == nil {
		c.drained = make(chan struct{})
	}
	return c.drained
}

// Done returns a channel that is closed once the connection takes nothing any more.
func (c *Conn) Done() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state != live {
		return c.srv.always
	}
	if c.done == nil {
		c.done = make(chan struct{})
	}
	return c.done
}

// wake tells those who wait for Drained. mu is held.
func (c *Conn) wake() {
	if c.drained != nil {
		close(c.drained)
		c.drained = nil
	}
}

// leave moves on to state closing or over and tells those who wait. mu is held.
func (c *Conn) leave(to int8) {
	was := c.state
	c.state = to
	c.wake()
	if was == live && c.done != nil {
		close(c.done)
		c.done = nil
	}
}

// pressed reports whether any deadline stands.
func (c *Conn) pressed() bool {
	return c.readyBy.Load() != 0 || c.frameBy.Load() != 0 || c.stallBy.Load() != 0 || c.overBy.Load() != 0
}

// meet keeps the deadlines that have come and reports whether others stand.
func (c *Conn) meet(now uint32) bool {
	come := func(by uint32) bool { return by != 0 && now >= by }
	if come(c.frameBy.Load()) || come(c.overBy.Load()) {
		c.drop()
		return false
	}
	if by := c.readyBy.Load(); come(by) && c.readyBy.CompareAndSwap(by, 0) {
		c.Close(4001, "no hello in time")
	}
	if by := c.stallBy.Load(); come(by) && c.stallBy.CompareAndSwap(by, 0) {
		c.mu.Lock()
		if c.state != over && c.queued() > 0 { // else it has gone meanwhile
			c.stalled()
		}
		c.mu.Unlock()
	}
	return c.pressed()
}

func (c *Conn) deadline(d *atomic.Uint32, in uint32) {
	d.Store(c.srv.now() + in + 1)
	c.srv.wheel.urge(c)
}

// Over reports whether the connection takes nothing any more.
func (c *Conn) Over() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state != live
}

func (c *Conn) silent() bool {
	return c.srv.now()-c.heard.Load() > c.srv.ticks(c.srv.o.Silence)
}
