package socket

import (
	"fmt"
	"runtime/debug"
	"time"
)

// readSize is how much is read at a time. A connection takes such a buffer only
// when there is something to read, where the system lets it know.
const readSize = 8 << 10

const (
	smallRead   = 512 // held by a connection that must wait with a buffer
	maxControls = 250 // pings and pongs a second
)

// read is the connection's goroutine. rest came with the handshake.
func (c *Conn) read(rest []byte) {
	defer c.srv.wg.Done()
	defer c.finish()
	if len(rest) > 0 && !c.input(rest) {
		return
	}
	if c.raw != nil {
		c.readRaw()
		return
	}
	small := make([]byte, smallRead)
	for c.readWaiting(small) {
	}
}

// readRaw reads without holding a buffer while there is nothing to read.
func (c *Conn) readRaw() {
	var (
		bp  *[]byte
		n   int
		err error
	)
	take := func(fd uintptr) (done bool) {
		bp = c.srv.buffers.Get().(*[]byte)
		if n, err = readNow(int(fd), *bp); n < 0 {
			c.srv.buffers.Put(bp)
			bp = nil
		}
		return bp != nil
	}
	for {
		if c.raw.Read(take) != nil {
			return
		}
		on := n > 0 && err == nil && c.input((*bp)[:n])
		c.srv.buffers.Put(bp)
		if !on {
			return
		}
	}
}

// readWaiting waits with a small buffer and takes a large one while more comes.
func (c *Conn) readWaiting(small []byte) bool {
	n, err := c.nc.Read(small)
	if n > 0 && !c.input(small[:n]) || err != nil {
		return false
	}
	if n < len(small) {
		return true
	}
	bp := c.srv.buffers.Get().(*[]byte)
	defer c.srv.buffers.Put(bp)
	n, err = c.nc.Read(*bp)
	return (n <= 0 || c.input((*bp)[:n])) && err == nil
}

// input takes what was read. false: the connection is over for the reader.
func (c *Conn) input(b []byte) bool {
	c.heard.Store(c.srv.now())
	r := c.in
	if r == nil {
		r = c.srv.readers.Get().(*reader)
	}
	whole := false
	for len(b) > 0 && !c.leaving() {
		it, rest, fail := r.next(b, c.limit.Load())
		if fail != nil {
			c.srv.broken.Add(1)
			c.Close(fail.code, fail.reason)
			break
		}
		b = rest
		if it.kind != opContinue {
			whole = whole || it.kind == opText // a pong does not finish a message
			c.take(it)
		}
	}
	if c.leaving() {
		c.in = nil
		c.frameBy.Store(0)
		return true // what still comes is read, so that our close frame arrives
	}
	c.keep(r, whole)
	return true
}

// keep holds on to r while a message is half there, for as long as it may take.
func (c *Conn) keep(r *reader, whole bool) {
	if r.idle() {
		if c.in != nil {
			c.in = nil
			c.frameBy.Store(0)
		}
		c.srv.readers.Put(r)
		return
	}
	if c.in == nil || whole {
		c.deadline(&c.frameBy, c.srv.ticks(c.srv.o.HalfFrame))
	}
	c.in = r
}

func (c *Conn) leaving() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state != live
}

func (c *Conn) take(it item) {
	switch it.kind {
	case opText:
		c.guard(func() { c.handler.Text(c, it.data) })
	case opClose:
		c.Close(it.code, string(it.data)) // the same back
	default:
		c.answerControl(it)
	}
}

func (c *Conn) answerControl(it item) {
	if second := uint32(time.Duration(c.srv.now()) * c.srv.o.Tick / time.Second); second != c.window {
		c.window, c.ctrls = second, 0
	}
	if c.ctrls++; c.ctrls > maxControls {
		c.srv.floods.Add(1)
		if c.flood != nil {
			c.Write(AppendText(nil, c.flood))
		}
		c.Close(4009, "too many pings")
		return
	}
	if it.kind == opPing {
		c.control(opPong, it.data)
	}
}

// guard runs the owner's code; if it panics this connection alone ends.
func (c *Conn) guard(fn func()) {
	defer func() {
		if p := recover(); p != nil {
			c.srv.o.Log.Error("panic on a connection", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			c.Close(1011, "internal error")
		}
	}()
	fn()
}
