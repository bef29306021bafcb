//go:build linux

package socket

import (
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"
)

// bytewise sends one byte at a time, so that every record arrives in pieces.
type bytewise struct{ net.Conn }

func (c bytewise) Write(b []byte) (int, error) {
	for i := range b {
		if _, err := c.Conn.Write(b[i : i+1]); err != nil {
			return i, err
		}
	}
	return len(b), nil
}

func secureDial(t *testing.T, ts *httptest.Server, o *tls.Config, under func(net.Conn) net.Conn) *peer {
	t.Helper()
	nc, err := net.Dial("tcp", ts.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	nc.(*net.TCPConn).SetReadBuffer(64 << 10)
	o.RootCAs, o.ServerName = ts.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs, "example.com"
	return shake(t, tls.Client(under(nc), o), "")
}

// Records arrive in pieces, and the peer reads slower than we write: TLS on a
// descriptor loses nothing of what came in part, or could go only in part.
func TestSecureInPieces(t *testing.T) {
	for name, version := range map[string]uint16{"1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13} {
		t.Run(name, func(t *testing.T) {
			long := strings.Repeat("abcdefghij", 200_000)
			_, ts, e := serveEcho(t, onTLS, Options{Buffer: 4 << 20})
			e.on(func(c *Conn, b []byte) {
				if string(b) == "long" {
					b = []byte(long)
				}
				c.Send(AppendText(nil, b))
			})
			p := secureDial(t, ts, &tls.Config{MaxVersion: version}, func(nc net.Conn) net.Conn { return bytewise{nc} })
			p.send(frame(0x81, "short"))
			p.want("text short")
			p.send(frame(0x81, "long"))
			text := strings.Repeat("x", 3000)
			p.send(frame(0x81, text)) // while the long one is on its way
			p.want("text " + long)
			p.want("text " + text)
			p.send(frame(0x88, "\x03\xe8"))
			p.want("close 1000")
			p.want("end")
		})
	}
}

// What the kernel has no room for may be with TLS alone, whole frames of it: a
// peer who takes nothing more then is closed like any other.
func TestSecureStallWithNothingQueued(t *testing.T) {
	o := quick()
	o.PingEvery, o.Silence, o.Linger = time.Minute, time.Minute, time.Minute
	s, ts, e := serveEcho(t, onTLS, o)
	halted := make(chan bool, 1)
	text := AppendText(nil, []byte(strings.Repeat("x", 8<<10)))
	e.on(func(c *Conn, _ []byte) {
		kept := func() (withTLS, queued int) {
			c.mu.Lock()
			defer c.mu.Unlock()
			return len(c.secured().wire.rest), c.out.size()
		}
		for c.Write(text) {
			if n, _ := kept(); n == 0 {
				continue
			}
			time.Sleep(50 * time.Millisecond) // the kernels may still find room
			if n, queued := kept(); n > 0 {
				halted <- queued == 0
				return
			}
		}
		halted <- false
	})
	p := secureDial(t, ts, &tls.Config{}, func(nc net.Conn) net.Conn { return nc })
	p.send(frame(0x81, "go"))
	if !<-halted {
		t.Fatal("the rest is not with TLS alone")
	}
	for end := time.Now().Add(20 * time.Second); s.Stats().Slow == 0; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the peer who takes nothing is still there")
		}
	}
}

// An idle connection under TLS takes no goroutine, as without it.
func TestSecureIdleTakesNoGoroutine(t *testing.T) {
	_, ts, _ := serveEcho(t, onTLS, Options{})
	count := func() int { runtime.Gosched(); return runtime.NumGoroutine() }
	dial(t, ts).echoed("hello")
	before := count()
	for range 20 {
		dial(t, ts).echoed("hello")
	}
	for end := time.Now().Add(20 * time.Second); count() > before+5; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d goroutines before 20 more connections, %d with them", before, count())
		}
	}
}

// echoed sends a text and wants it back.
func (p *peer) echoed(text string) {
	p.t.Helper()
	p.send(frame(0x81, text))
	p.want("text " + text)
}
