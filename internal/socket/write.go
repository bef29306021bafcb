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
	if c.state != live {
		return false
	}
	if n := c.out.size(); n > 0 && n+len(frames) > c.srv.o.Buffer {
		return false
	}
	c.push(frames)
	return c.state == live
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
func (c *Conn) waiting() bool { return c.draining || c.out.size() > 0 }

// push writes frames, or keeps them behind what waits. mu is held.
func (c *Conn) push(frames []byte) {
	if c.waiting() {
		c.out.put(frames)
		return
	}
	n := 0
	if c.raw != nil {
		var err error
		if n, err = writeNow(c.fd, frames); err != nil {
			c.lost()
			return
		}
	}
	if n < len(frames) {
		c.out.start(frames, n)
		c.draining = true
		c.srv.wg.Go(c.drain)
	}
}

// lost is what follows from a failed write. The reading goroutine finds the
// connection ended and tidies up. mu is held.
func (c *Conn) lost() {
	c.out = outbox{}
	c.leave(over)
	base(c.nc).Close()
}

// drain writes what waits, as the peer makes room for it, and ends with it.
func (c *Conn) drain() {
	for {
		b := c.nextOut()
		if b == nil {
			c.hangUp()
			return
		}
		c.nc.SetWriteDeadline(time.Now().Add(c.srv.o.Stall)) // an error shows in the write
		n, err := c.writeSome(b)
		c.mu.Lock()
		if c.state == over {
			c.mu.Unlock()
			continue
		}
		if n > 0 {
			c.out.took(n)
		}
		if err != nil {
			c.stalled(err)
		}
		c.mu.Unlock()
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
// ever reads again. mu is held.
func (c *Conn) stalled(err error) {
	if c.state == closing || !errors.Is(err, os.ErrDeadlineExceeded) {
		c.lost()
		return
	}
	c.srv.slow.Add(1)
	c.out.cut()
	c.part(4008, "too slow")
}

// writeSome waits until the peer takes something, at most until the deadline.
func (c *Conn) writeSome(b []byte) (n int, err error) {
	if c.raw == nil {
		return c.nc.Write(b[:min(len(b), chunk)])
	}
	werr := c.raw.Write(func(fd uintptr) bool {
		n, err = writeNow(int(fd), b)
		return err != nil || n > 0
	})
	if err == nil {
		err = werr
	}
	return n, err
}
