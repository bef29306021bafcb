package e2e

import (
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// proxy is a bad line between clients and the server: it cuts connections after
// a random number of bytes of either direction, so in the middle of a frame or
// between a request and its answer, or lets them hang. While calm it only passes
// on.
type proxy struct {
	to   string
	l    net.Listener
	calm atomic.Bool
	cuts atomic.Int64

	mu   sync.Mutex
	rnd  *rand.Rand
	open map[net.Conn]bool
}

func newProxy(t testing.TB, to string, rnd *rand.Rand) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{to: to, l: l, rnd: rnd, open: map[net.Conn]bool{}}
	go p.serve()
	t.Cleanup(func() {
		l.Close()
		p.cutAll()
	})
	return p
}

func (p *proxy) addr() string { return p.l.Addr().String() }

func (p *proxy) serve() {
	for {
		c, err := p.l.Accept()
		if err != nil {
			return // the test is over
		}
		go p.pass(c.(*net.TCPConn))
	}
}

// fate is how a connection ends.
type fate struct {
	up, down int           // cut after so many bytes to the server, to the client; 0: never
	after    time.Duration // cut after that time; 0: never
	hang     bool          // stop passing on instead of closing
	reset    bool          // close with RST
}

func (p *proxy) draw() fate {
	p.mu.Lock()
	defer p.mu.Unlock()
	f := fate{reset: p.rnd.IntN(2) == 0, hang: p.rnd.IntN(12) == 0}
	switch p.rnd.IntN(10) {
	case 0, 1, 2:
		f.up = 300 + p.rnd.IntN(6000)
	case 3, 4, 5:
		f.down = 300 + p.rnd.IntN(100_000)
	case 6, 7:
		f.after = time.Duration(50+p.rnd.IntN(4000)) * time.Millisecond
	}
	return f
}

func (p *proxy) keep(c net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open[c] = true
}

func (p *proxy) drop(c net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.open, c)
}

// cutAll ends every connection now.
func (p *proxy) cutAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.open {
		c.Close()
	}
}

func (p *proxy) pass(client *net.TCPConn) {
	defer client.Close()
	up, err := net.Dial("tcp", p.to)
	if err != nil {
		return
	}
	server := up.(*net.TCPConn)
	defer server.Close()
	p.keep(client)
	defer p.drop(client)
	f := p.draw()
	cut := make(chan struct{}, 3)
	go p.pump(server, client, f.up, cut)
	go p.pump(client, server, f.down, cut)
	if f.after > 0 {
		t := time.AfterFunc(f.after, func() {
			if !p.calm.Load() {
				cut <- struct{}{}
			}
		})
		defer t.Stop()
	}
	<-cut
	p.cuts.Add(1)
	if f.hang && !p.calm.Load() {
		time.Sleep(4 * time.Second) // longer than clients wait for a pong
	}
	if f.reset {
		client.SetLinger(0)
	}
	client.Close()
	// What was passed on shall arrive: an RST could overtake it.
	server.CloseWrite()
	server.SetReadDeadline(time.Now().Add(time.Second))
	io.Copy(io.Discard, server)
}

// pump copies until the end, or until limit bytes have passed: the last piece is
// passed on only in part.
func (p *proxy) pump(to, from *net.TCPConn, limit int, cut chan<- struct{}) {
	buf := make([]byte, 32<<10)
	total := 0
	for {
		n, err := from.Read(buf)
		stop := limit > 0 && total+n >= limit && !p.calm.Load()
		if stop {
			n = limit - total
		}
		total += n
		if limit > 0 && total > limit {
			limit = 0 // it was calm when its time came
		}
		if n > 0 {
			if _, err := to.Write(buf[:n]); err != nil {
				stop = true
			}
		}
		if err != nil || stop {
			cut <- struct{}{}
			return
		}
	}
}
