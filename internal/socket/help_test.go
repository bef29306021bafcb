package socket

import (
	"bufio"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// echo answers every text with the same text, and counts.
type echo struct {
	closed chan *Conn
	text   atomic.Pointer[func(c *Conn, b []byte)] // instead of echoing
}

func newEcho() *echo { return &echo{closed: make(chan *Conn, 1000)} }

// on has text called instead of echoing.
func (e *echo) on(text func(c *Conn, b []byte)) { e.text.Store(&text) }

func (e *echo) Text(c *Conn, b []byte) {
	if text := e.text.Load(); text != nil {
		(*text)(c, b)
		return
	}
	c.Send(AppendText(nil, b))
}

func (e *echo) Closed(c *Conn) { e.closed <- c }

// way is how connections are made and waited for.
type way int

const (
	onTCP   way = iota // a poller has the descriptor
	onTLS              // the same, with TLS on it
	fronted            // the same as onTCP, without net/http
	apart              // TLS, and a goroutine each, as where there is no poller
)

// overAll runs a test in every way.
func overAll(t *testing.T, test func(t *testing.T, w way)) {
	t.Run("plain", func(t *testing.T) { test(t, onTCP) })
	t.Run("front", func(t *testing.T) { test(t, fronted) })
	t.Run("tls", func(t *testing.T) { test(t, onTLS) })
	t.Run("goroutine", func(t *testing.T) { test(t, apart) })
}

// serve runs a server whose only address upgrades as a says.
func serve(t testing.TB, w way, o Options, h Handler, a *Accept) (*Server, *httptest.Server) {
	s := New(o)
	ts := httptest.NewUnstartedServer(nil)
	ts.Config.Handler = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		_, err := s.Upgrade(rw, r, a, h)
		if bad, ok := errors.AsType[*HandshakeError](err); ok {
			for k := range bad.Header {
				rw.Header().Set(k, bad.Header.Get(k))
			}
			http.Error(rw, bad.Code, bad.Status)
		}
	})
	switch w {
	case onTCP:
		ts.Start()
	case fronted:
		ts.Listener = s.Front(ts.Listener, ts.Config.Handler, "/")
		ts.Start()
	default:
		if w == onTLS {
			ts.Listener = Listen(ts.Listener)
		}
		ts.StartTLS()
	}
	t.Cleanup(func() { s.Close(); ts.Close() })
	return s, ts
}

func serveEcho(t testing.TB, w way, o Options) (*Server, *httptest.Server, *echo) {
	e := newEcho()
	s, ts := serve(t, w, o, e, &Accept{ReadLimit: 64 << 10})
	return s, ts, e
}

// peer is a client that can send anything.
type peer struct {
	t  testing.TB
	nc net.Conn
	r  *bufio.Reader
}

const handshake = "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

func dial(t testing.TB, ts *httptest.Server) *peer {
	t.Helper()
	return shake(t, connect(t, ts), "")
}

func connect(t testing.TB, ts *httptest.Server) net.Conn {
	t.Helper()
	nc, err := net.Dial("tcp", ts.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if ts.TLS == nil {
		return nc
	}
	roots := ts.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	return tls.Client(nc, &tls.Config{RootCAs: roots, ServerName: "example.com"})
}

// shake does the handshake and sends more in the same packet.
func shake(t testing.TB, nc net.Conn, more string) *peer {
	t.Helper()
	t.Cleanup(func() { nc.Close() })
	nc.SetDeadline(time.Now().Add(2 * time.Minute))
	p := &peer{t, nc, bufio.NewReader(nc)}
	p.send([]byte(handshake + more))
	line, _ := p.r.ReadString('\n')
	if !strings.Contains(line, " 101 ") {
		t.Fatalf("got %q, want 101", line)
	}
	for line != "\r\n" && line != "" {
		line, _ = p.r.ReadString('\n')
	}
	return p
}

// crowd dials n peers; conns[i] is the other end of peers[i].
func crowd(t testing.TB, w way, o Options, n int) (s *Server, conns []*Conn, peers []*peer) {
	e := newEcho()
	s, ts := serve(t, w, o, e, &Accept{})
	got := make(chan *Conn, 1)
	e.on(func(c *Conn, _ []byte) { got <- c })
	for range n {
		p := dial(t, ts)
		p.send(frame(0x81, "go"))
		conns, peers = append(conns, <-got), append(peers, p)
	}
	return s, conns, peers
}

func (p *peer) send(b []byte) {
	p.t.Helper()
	if _, err := p.nc.Write(b); err != nil {
		p.t.Fatalf("send: %v", err)
	}
}

// frame makes a client's frame; first is the whole first byte.
func frame(first byte, payload string) []byte {
	b := []byte{first}
	switch n := len(payload); {
	case n <= 125:
		b = append(b, 0x80|byte(n))
	case n <= 0xFFFF:
		b = binary.BigEndian.AppendUint16(append(b, 0x80|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 0x80|127), uint64(n))
	}
	key := []byte{0x11, 0xA2, 0x33, 0xC4}
	b = append(b, key...)
	for i := range len(payload) {
		b = append(b, payload[i]^key[i&3])
	}
	return b
}

// next reads one server frame; a close frame is told as "close CODE reason",
// the end of the stream as "end".
func (p *peer) next() string {
	p.t.Helper()
	var h [2]byte
	if _, err := io.ReadFull(p.r, h[:]); err != nil {
		if ne, ok := errors.AsType[net.Error](err); ok && ne.Timeout() {
			p.t.Fatal("nothing came in two minutes")
		}
		return "end"
	}
	size := uint64(h[1])
	switch size {
	case 126:
		var b [2]byte
		io.ReadFull(p.r, b[:])
		size = uint64(binary.BigEndian.Uint16(b[:]))
	case 127:
		var b [8]byte
		io.ReadFull(p.r, b[:])
		size = binary.BigEndian.Uint64(b[:])
	}
	b := make([]byte, size)
	if _, err := io.ReadFull(p.r, b); err != nil {
		return "cut"
	}
	switch h[0] {
	case 0x81:
		return "text " + string(b)
	case 0x88:
		if len(b) < 2 {
			return "close"
		}
		return strings.TrimSpace(fmt.Sprintf("close %d %s", binary.BigEndian.Uint16(b), b[2:]))
	case 0x89:
		return "ping " + string(b)
	case 0x8A:
		return "pong " + string(b)
	}
	return fmt.Sprintf("frame %x", h[0])
}

func (p *peer) want(want string) {
	p.t.Helper()
	if got := p.next(); got != want {
		p.t.Fatalf("got %.200q, want %.200q", got, want)
	}
}

// wantBeside is want, past any number of frames that may come between.
func (p *peer) wantBeside(between, want string) {
	p.t.Helper()
	got := p.next()
	for got == between {
		got = p.next()
	}
	if got != want {
		p.t.Fatalf("got %.200q, want %.200q", got, want)
	}
}

// wantClose reads on to the close frame.
func (p *peer) wantClose(code int) {
	p.t.Helper()
	for {
		got := p.next()
		if strings.HasPrefix(got, fmt.Sprintf("close %d", code)) {
			return
		}
		if strings.HasPrefix(got, "close") || got == "end" || got == "cut" {
			p.t.Fatalf("got %q, want close %d", got, code)
		}
	}
}

// quiet is the log of an http.Server that is asked nonsense on purpose.
func quiet() *log.Logger { return log.New(io.Discard, "", 0) }
