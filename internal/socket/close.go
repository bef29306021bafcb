package socket

// Close sends a close frame behind what waits and lets the peer go. It does not
// wait; calls after the first do nothing.
func (c *Conn) Close(code int, reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state == live {
		c.part(code, reason)
	}
}

// part begins the closing handshake. mu is held, state is live.
func (c *Conn) part(code int, reason string) {
	c.farewell(func() { c.push(appendClose(nil, code, reason)) })
}

// farewell has say write the last that goes out. mu is held, state is live or opening.
func (c *Conn) farewell(say func()) {
	c.leave(closing)
	c.deadline(&c.overBy, c.srv.ticks(c.srv.o.Stall+c.srv.o.Linger))
	say()
	if c.state == closing && !c.waiting() {
		c.parted()
	}
}

// parted says that nothing more will come, and gives the peer a moment to read
// it and leave: to close with bytes unread would reset the connection, and the
// close frame might never be read. mu is held where the descriptor is ours;
// where not, it may wait for the peer, and mu is not held.
func (c *Conn) parted() {
	c.deadline(&c.overBy, c.srv.ticks(c.srv.o.Linger))
	if c.polled() {
		if sec := c.secured(); sec != nil {
			sec.CloseWrite() // an error means that the peer is gone, which the reader sees
		}
		endWriting(c.fd)
	} else if half, ok := c.link.nc.(interface{ CloseWrite() error }); ok {
		half.CloseWrite() // an error means that the peer is gone, which the reader sees
	}
}

// drop ends the connection at once. Whoever reads it does the rest.
func (c *Conn) drop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state != over {
		c.lost()
	}
}

// lost ends the connection, after a failure or for good, and has its owner told.
// mu is held.
func (c *Conn) lost() {
	c.out = nil
	c.leave(over)
	c.hangUp()
	if c.polled() && !c.reading {
		c.reading = true
		go c.finish()
	}
}

// hangUp closes what the connection is made of. mu is held, or c not yet known.
func (c *Conn) hangUp() {
	if !c.polled() {
		base(c.link.nc).Close() // whoever reads it finds out
		return
	}
	c.poller().remove(c)
	release(c.fd)
	c.fd = -1
}

// finish is the last that is done for a connection, by whoever was reading it.
func (c *Conn) finish() {
	defer c.srv.wg.Done()
	c.drop()
	c.srv.wheel.remove(c)
	if c.handler == nil {
		c.srv.openings.Add(-1) // its first request was never upgraded
		return
	}
	c.guard(func() { c.handler.Closed(c) })
}

// ping asks a peer that has been silent for a while whether it is still there.
// Every other time all are asked: proxies between may count only what we send.
func (c *Conn) ping() {
	now, turn := c.srv.now(), c.srv.ticks(c.srv.o.PingEvery)
	if now-c.heard.Load() < turn/2 && now/turn%2 == 0 {
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
	if c.state == live && !(op == opPing && c.waiting()) && c.queued() < c.srv.o.Buffer {
		c.push(b)
	}
}
