package socket

import (
	"fmt"
	"runtime/debug"
	"time"
)

// How much is read at a time: at first, which is enough for nearly all, and when
// that was filled. A connection takes such a buffer only when there is something
// to read, where the system lets it know.
const (
	firstRead = 1 << 10
	readSize  = 8 << 10
)

const (
	smallRead   = 128 // held by a connection that must wait with a buffer
	maxControls = 250 // pings and pongs a second
)

// join has the poller wait for the connection. rest came with the handshake.
func (c *Conn) join(rest []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state == over {
		return // the server was closed meanwhile
	}
	if err := c.poller().add(c); err != nil {
		c.srv.o.Log.Error("a connection is lost", "err", err)
		c.lost()
		return
	}
	if len(rest) > 0 || c.secured() != nil { // TLS may hold more that was read with the handshake
		c.reading = true
		go c.serve(rest)
	}
}

// event is told by the poller that something has changed.
func (c *Conn) event(readable, writable, ended bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if writable && c.state != over && c.queued() > 0 {
		c.pour()
	}
	if !readable || c.state == over {
		return
	}
	c.more, c.ended = true, c.ended || ended
	if !c.reading {
		c.reading = true
		go c.serve(nil)
	}
}

// serve reads what came on a descriptor of ours, and ends when that is all: so
// an idle connection has no goroutine, and one whose owner takes his time
// keeps nobody else waiting.
func (c *Conn) serve(rest []byte) {
	if c.handler == nil || c.readyBy.Load() != 0 {
		grow()
	}
	if len(rest) > 0 {
		c.input(rest)
	}
	pool := &c.srv.firsts
	bp := pool.Get().(*[]byte)
	n, full := 0, true
	for on := true; on; {
		if n, on = c.readSome(*bp, full); n > 0 {
			c.input((*bp)[:n])
		}
		if full = n == len(*bp); full && pool == &c.srv.firsts {
			pool.Put(bp)
			pool = &c.srv.buffers
			bp = pool.Get().(*[]byte)
		}
	}
	pool.Put(bp)
	if n < 0 {
		c.finish()
	}
}

// readSome reads once, unless the last read was not full and nothing has come
// since; under TLS only a read tells whether there is more. on is false when there was nothing to read, and then n is negative
// when the connection is over.
func (c *Conn) readSome(b []byte, full bool) (n int, on bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state != over && !full && !c.more && !c.ended && c.secured() == nil {
		c.reading = false
		return 0, false
	}
	c.more = false
	if c.state == over {
		return -1, false
	}
	n, err := c.fetch(b)
	switch {
	case n < 0:
		c.reading = false
		return 0, false
	case n == 0 || err != nil:
		c.lost()
		return -1, false
	}
	return n, true
}

func (c *Conn) fetch(b []byte) (int, error) {
	if sec := c.secured(); sec != nil {
		return sec.fetch(b)
	}
	return readNow(c.fd, b)
}

// read is the goroutine of a connection without a descriptor. It waits with a
// small buffer. rest came with the handshake.
func (c *Conn) read(rest []byte) {
	defer c.finish()
	if len(rest) > 0 {
		c.aside(rest)
	}
	small := make([]byte, smallRead)
	for c.readWaiting(small) {
	}
}

// aside has another goroutine take the input, so that the stack of the one that
// waits stays as small as waiting needs.
func (c *Conn) aside(b []byte) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.input(b)
	}()
	<-done
}

// readWaiting waits with a small buffer and takes a large one while more comes.
func (c *Conn) readWaiting(small []byte) bool {
	n, err := c.link.nc.Read(small)
	if n > 0 {
		c.aside(small[:n])
	}
	if n < len(small) || err != nil {
		return err == nil
	}
	bp := c.srv.buffers.Get().(*[]byte)
	defer c.srv.buffers.Put(bp)
	if n, err = c.link.nc.Read(*bp); n > 0 {
		c.aside((*bp)[:n])
	}
	return err == nil
}

// input takes what was read.
func (c *Conn) input(b []byte) {
	c.heard.Store(c.srv.now())
	if c.handler == nil {
		if b = c.greet(b); len(b) == 0 {
			return
		}
	}
	r := c.in
	if r == nil {
		r = c.srv.readers.Get().(*reader)
	}
	whole := false
	for len(b) > 0 && !c.Over() {
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
	if c.Over() {
		c.in = nil
		c.frameBy.Store(0)
		return // what still comes is read, so that our close frame arrives
	}
	c.keep(r, whole)
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
		if c.as.Flood != nil {
			c.Write(AppendText(nil, c.as.Flood))
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
