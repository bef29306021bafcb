package socket

import (
	"errors"
	"os"
	"time"
)

// chunk is how much is handed to a connection that has no descriptor of its own.
const chunk = 16 << 10

// Write hands frames to the peer and never waits: what the kernel does not take
// at once is kept and written as the peer makes room. It reports false, and has
// done nothing, when too much is waiting already or the connection is closing;
// where nothing waits frames may be of any length.
func (c *Conn) Write(frames []byte) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.write(frames)
}

// write is Write. mu is held.
func (c *Conn) write(frames []byte) bool {
	if c.state != live {
		return false
	}
	if n := c.queued(); n > 0 && n+len(frames) > c.srv.o.Buffer {
		return false
	}
	c.push(frames)
	return c.state == live
}

// Near reads what Write will, to have it in the processor's caches; true.
func (c *Conn) Near() bool { return c.srv != nil }

// Hold keeps frames, which are the connection's from now on, to go in one call
// with the next that anybody writes, before it, or with Flush.
func (c *Conn) Hold(frames []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.state != live:
	case c.out != nil || c.draining:
		c.push(frames)
	default:
		c.out, c.held = &outbox{b: frames}, true
	}
}

// Flush writes what is held.
func (c *Conn) Flush() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.held && c.state == live {
		c.push(nil)
	}
}

// Send is Write that waits for room. The error is ErrClosed.
func (c *Conn) Send(frames []byte) error {
	for !c.Write(frames) {
		select {
		case <-c.Done():
			return ErrClosed
		case <-c.Drained():
		}
	}
	return nil
}

// waiting reports whether anything has still to go. mu is held.
func (c *Conn) waiting() bool { return c.draining || c.queued() > 0 }

// queued is how many bytes wait for the peer. mu is held.
func (c *Conn) queued() int {
	if c.held {
		return 0 // they wait for us
	}
	if sec := c.secured(); sec != nil {
		return c.out.size() + len(sec.wire.rest)
	}
	return c.out.size()
}

// put writes what goes at once to a descriptor of ours. mu is held.
func (c *Conn) put(b []byte) (int, error) {
	if sec := c.secured(); sec != nil {
		return sec.put(b)
	}
	return writeNow(c.fd, b)
}

// push writes frames, or keeps them behind what waits. mu is held.
func (c *Conn) push(frames []byte) {
	if c.held {
		frames = append(c.out.b, frames...)
		c.out, c.held = nil, false
	}
	switch {
	case c.out != nil:
		c.out.put(frames)
		return
	case c.draining:
		c.out = waitingFor(frames, 0)
		return
	}
	n, err := 0, error(nil)
	if c.polled() {
		n, err = c.put(frames)
	}
	c.pushed(frames, n, err)
}

// pushed keeps what the kernel did not take of frames when nothing waited. mu is
// held.
func (c *Conn) pushed(frames []byte, n int, err error) {
	if err != nil {
		c.lost()
		return
	}
	if n < len(frames) {
		c.out = waitingFor(frames, n)
	} else if c.queued() == 0 {
		return
	}
	if c.polled() {
		c.deadline(&c.stallBy, c.srv.ticks(c.srv.o.Stall)) // the poller tells when there is room
		return
	}
	c.draining = true
	c.srv.wg.Go(c.drain)
}

// pushAnswer writes an answer of HTTP, or keeps it before all frames. mu is held.
func (c *Conn) pushAnswer(b []byte) {
	n, err := c.put(b)
	if err != nil {
		c.lost()
		return
	}
	if n < len(b) {
		c.out = answerLeft(b[n:])
		c.deadline(&c.stallBy, c.srv.ticks(c.srv.o.Stall))
	}
}

// pour writes what waits when the kernel has room again. mu is held.
func (c *Conn) pour() {
	n, err := c.put(c.out.rest())
	if err != nil {
		c.lost()
		return
	}
	if n > 0 {
		c.took(n)
	}
	moved := n > 0
	if sec := c.secured(); sec != nil {
		moved, sec.wire.moved = sec.wire.moved, false
	}
	if moved {
		c.stallBy.Store(0)
	}
	if c.queued() > 0 { // and there is no room again
		if moved {
			c.deadline(&c.stallBy, c.srv.ticks(c.srv.o.Stall))
		}
		return
	}
	c.wake()
	if c.state == closing {
		c.parted()
	}
}

// drain writes what waits to a connection without a descriptor, as the peer
// makes room for it, and ends with it.
func (c *Conn) drain() {
	for {
		b := c.nextOut()
		if b == nil {
			break
		}
		c.link.nc.SetWriteDeadline(time.Now().Add(c.srv.o.Stall)) // an error shows in the write
		n, err := c.link.nc.Write(b[:min(len(b), chunk)])
		c.mu.Lock()
		if c.state == over {
			c.mu.Unlock()
			continue
		}
		if n > 0 {
			c.took(n)
		}
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			c.stalled()
		case err != nil:
			c.lost()
		}
		c.mu.Unlock()
	}
	c.mu.Lock()
	parting := c.state == closing
	c.mu.Unlock()
	if parting {
		c.parted()
	}
}

// took notes that the peer has n bytes more. mu is held.
func (c *Conn) took(n int) {
	if c.out.took(n); c.out.size() == 0 {
		c.out = nil
	}
}

// nextOut returns what has still to go, or nil at the end.
func (c *Conn) nextOut() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state != over && c.out.size() > 0 {
		return c.out.rest()
	}
	c.draining = false
	c.wake()
	return nil
}

// stalled ends a connection whose peer takes nothing. What has not begun to go
// is dropped, so that the close frame is the next that the peer reads if he
// ever reads again. mu is held, state is not over.
func (c *Conn) stalled() {
	if c.state == closing {
		c.lost()
		return
	}
	c.srv.slow.Add(1)
	if c.out.cut(); c.out.size() == 0 {
		c.out = nil
	}
	c.part(4008, "too slow")
}
