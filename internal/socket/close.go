package socket

// Close sends a close frame behind what waits and lets the peer go. It does not
// wait; calls after the first do nothing.
func (c *Conn) Close(code int, reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state == live {
		c.part(code, reason)
		if !c.waiting() {
			c.parted()
		}
	}
}

// part begins the closing handshake. mu is held, state is live.
func (c *Conn) part(code int, reason string) {
	c.leave(closing)
	c.deadline(&c.overBy, c.srv.ticks(c.srv.o.Stall+c.srv.o.Linger))
	c.push(appendClose(nil, code, reason))
}

// hangUp ends writing once the close frame has gone.
func (c *Conn) hangUp() {
	c.mu.Lock()
	parting := c.state == closing
	c.mu.Unlock()
	if parting {
		c.parted() // without mu: below TLS it may wait for the peer
	}
}

// parted says that nothing more will come, and gives the peer a moment to read
// it and leave: to close with bytes unread would reset the connection, and the
// close frame might never be read.
func (c *Conn) parted() {
	c.deadline(&c.overBy, c.srv.ticks(c.srv.o.Linger))
	if half, ok := c.nc.(interface{ CloseWrite() error }); ok {
		half.CloseWrite() // an error means that the peer is gone, which the reader sees
	}
}

// drop ends the connection at once. The reading goroutine does the rest.
func (c *Conn) drop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state != over {
		c.lost()
	}
}

// finish is the last act of the reading goroutine.
func (c *Conn) finish() {
	c.drop()
	c.srv.wheel.remove(c)
	c.guard(func() { c.handler.Closed(c) })
}

// ping asks a peer that has been silent for a while whether it is still there.
func (c *Conn) ping() {
	o := &c.srv.o
	if c.srv.now()-c.heard.Load() < c.srv.ticks(o.PingEvery)/2 {
		return
	}
	c.control(opPing, nil)
}

// control sends a ping or pong, unless the peer has enough to read as it is.
func (c *Conn) control(op byte, payload []byte) {
	var frame [2 + maxControl]byte
	b := append(appendHeader(frame[:0], op, len(payload)), payload...)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state == live && !(op == opPing && c.waiting()) && c.out.size() < c.srv.o.Buffer {
		c.push(b)
	}
}
