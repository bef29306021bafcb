package socket

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"time"
)

// maxReply is how long an answer may be that is no upgrade.
const maxReply = 16 << 10

// maxOpening is how long the head of the first request may be here. Longer ones are
// net/http's.
const maxOpening = 8 << 10

// entrance is where connections come from, the same for all of a Front.
type entrance struct {
	handler http.Handler
	paths   []string                          // that are ours
	out     func(*Conn) (*net.TCPConn, error) // takes one off the poller; nil: it was over before
	others  chan net.Conn                     // for net/http
	ended   chan struct{}                     // closed when nothing more is accepted
}

// greeting is what a connection is before its first request was answered.
type greeting struct {
	*entrance
	from netip.AddrPort
	came []byte // of the head
	over bool   // the request was answered, or is net/http's
}

// greet takes what came before the first request was answered, and returns what
// stands behind the request, for the WebSocket that the connection is then.
func (c *Conn) greet(b []byte) []byte {
	g := c.link.greeting
	if g.over {
		return nil
	}
	if g.came != nil {
		g.came = append(g.came, b...)
		b = g.came
	}
	r, rest, verdict := readHead(b, g.paths)
	switch {
	case verdict == partial && len(b) < maxOpening:
		if g.came == nil {
			g.came = bytes.Clone(b)
		}
		return nil
	case verdict != plainUpgrade:
		g.over = true
		c.pass(g, b)
		return nil
	}
	g.over = true
	c.frameBy.Store(0) // all is here: what the handler takes is its own
	r.RemoteAddr = g.from.String()
	w := &reply{c: c, header: http.Header{}}
	done := false
	c.guard(func() {
		g.handler.ServeHTTP(w, r)
		done = true
	})
	if !w.upgraded {
		if !done {
			w.status, w.body = http.StatusInternalServerError, nil
		}
		c.decline(w)
		return nil
	}
	return rest
}

// pass gives the connection to net/http, with what came of it.
func (c *Conn) pass(g *greeting, came []byte) {
	nc, err := g.out(c)
	if err != nil {
		c.srv.o.Log.Warn("a connection is lost", "err", err)
	}
	if nc == nil {
		return
	}
	select {
	case g.others <- &begun{TCPConn: nc, came: bytes.Clone(came)}:
	case <-g.ended:
		nc.Close()
	}
}

// begun is a connection of which something was read before.
type begun struct {
	*net.TCPConn
	came []byte
}

func (b *begun) Read(p []byte) (int, error) {
	if len(b.came) == 0 {
		return b.TCPConn.Read(p)
	}
	n := copy(p, b.came)
	if b.came = b.came[n:]; len(b.came) == 0 {
		b.came = nil
	}
	return n, nil
}

// reply is where a handler answers the first request of a connection that has not
// been with net/http: it calls Upgrade, or gives a short answer.
type reply struct {
	c        *Conn
	upgraded bool
	header   http.Header
	status   int
	body     []byte
}

func (w *reply) Header() http.Header { return w.header }

func (w *reply) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
}

func (w *reply) Write(b []byte) (int, error) {
	if w.WriteHeader(http.StatusOK); len(w.body)+len(b) > maxReply {
		w.status, w.body = http.StatusInternalServerError, nil
		return 0, errors.New("too long an answer to the request for a WebSocket")
	}
	w.body = append(w.body, b...)
	return len(b), nil
}

// The head is read, and an answer never waits for the peer: no deadline is needed.

func (w *reply) SetReadDeadline(time.Time) error  { return nil }
func (w *reply) SetWriteDeadline(time.Time) error { return nil }

// replyOf finds the reply below what others have put round it; nil: the request
// came by net/http.
func replyOf(w http.ResponseWriter) *reply {
	for {
		switch x := w.(type) {
		case *reply:
			return x
		case interface{ Unwrap() http.ResponseWriter }:
			w = x.Unwrap()
		default:
			return nil
		}
	}
}

// upgrade makes a WebSocket of the connection whose first request is being answered.
func (w *reply) upgrade(a *Accept, h Handler, answer []byte) (*Conn, error) {
	c := w.c
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state != opening {
		return nil, fmt.Errorf("answer the handshake: %w", ErrClosed)
	}
	w.upgraded = true
	c.srv.openings.Add(-1)
	c.link, c.as, c.handler, c.state = nil, a, h, live
	c.limit.Store(a.ReadLimit)
	boundNow(c.fd)
	c.pushAnswer(answer) // who is gone meanwhile is told of by Closed
	return c, nil
}

// decline sends the answer to a request that was not upgraded, and parts.
func (c *Conn) decline(w *reply) {
	w.WriteHeader(http.StatusOK) // unless the handler has
	w.header.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	if w.header.Get("Content-Type") == "" && len(w.body) > 0 {
		w.header.Set("Content-Type", http.DetectContentType(w.body))
	}
	answer := &http.Response{StatusCode: w.status, ProtoMajor: 1, ProtoMinor: 1, Header: w.header, Close: true,
		ContentLength: int64(len(w.body)), Body: io.NopCloser(bytes.NewReader(w.body))}
	var b bytes.Buffer
	if err := answer.Write(&b); err != nil {
		c.srv.o.Log.Error("answer a handshake", "err", err) // into memory: a fault of the answer itself
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state == opening {
		c.farewell(func() { c.pushAnswer(b.Bytes()) })
	}
}
