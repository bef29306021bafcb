package socket

import (
	"bytes"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A peer that reads nothing: Write refuses once the buffer is full, the peer is
// closed with 4008, and reads whole frames up to that when it wakes.
func TestStall(t *testing.T) { overAll(t, testStall) }

func testStall(t *testing.T, w way) {
	o := quick()
	o.PingEvery, o.Silence, o.Linger = time.Minute, time.Minute, time.Minute // a ping may come before the first write
	s, conns, peers := crowd(t, w, o, 1)
	c, p := conns[0], peers[0]
	b := AppendText(nil, bytes.Repeat([]byte("x"), 10_000))
	written := 0
	for c.Send(b) == nil {
		written++
		c.mu.Lock()
		if n := c.out.size(); n > o.withDefaults().Buffer {
			t.Fatalf("got %d bytes waiting, want at most %d", n, o.withDefaults().Buffer)
		}
		c.mu.Unlock()
	}
	<-c.Done()
	if err := c.Send(b); !errors.Is(err, ErrClosed) {
		t.Errorf("got %v, want ErrClosed", err)
	}
	if n := s.Stats().Slow; n != 1 {
		t.Errorf("got %d slow ones, want 1", n)
	}
	read := 0
	for {
		m := p.next()
		if w != onTCP && (m == "end" || m == "cut") {
			break // a write that TLS gave up cannot be followed by another
		}
		if m == "close 4008 too slow" {
			p.want("end")
			break
		}
		if !strings.HasPrefix(m, "text xxx") {
			t.Fatalf("got %.60q", m)
		}
		read++
	}
	if read >= written {
		t.Errorf("got %d frames of %d: nothing was cut", read, written)
	}
}

// What Write took arrives whole and in order, from whichever goroutine and
// however slow the peer is; Send waits instead of refusing.
func TestWriteFromMany(t *testing.T) { overAll(t, testWriteFromMany) }

func testWriteFromMany(t *testing.T, w way) {
	const writers, each = 8, 400
	_, conns, peers := crowd(t, w, Options{}, 1)
	c, p := conns[0], peers[0]
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				text := strings.Repeat(string(rune('a'+w)), 1+i*37%5000)
				if err := c.Send(AppendText(nil, []byte(text))); err != nil {
					t.Errorf("send: %v", err)
					return
				}
			}
		})
	}
	next := [writers]int{}
	for range writers * each {
		m := p.next()
		w := m[5] - 'a'
		if want := 1 + next[w]*37%5000; len(m) != 5+want || strings.Trim(m[5:], m[5:6]) != "" {
			t.Fatalf("writer %d, frame %d: got %d bytes, want %d", w, next[w], len(m)-5, want)
		}
		next[w]++
	}
	wg.Wait()
	<-c.Drained()
	c.Close(1000, "done")
	c.Close(1001, "again")
	p.want("close 1000 done")
	p.want("end")
	if c.Write(AppendText(nil, nil)) {
		t.Error("Write after Close was taken")
	}
}

// Connections come and go while others are written to: no byte goes astray.
func TestDescriptorsAreNotMixedUp(t *testing.T) { overAll(t, testDescriptorsAreNotMixedUp) }

func testDescriptorsAreNotMixedUp(t *testing.T, w way) {
	_, ts, e := serveEcho(t, w, Options{})
	var mu sync.Mutex
	conns := map[string]*Conn{}
	e.on(func(c *Conn, b []byte) {
		mu.Lock()
		conns[string(b)] = c
		mu.Unlock()
	})
	stop := make(chan struct{})
	var writing, dialing sync.WaitGroup
	for range 2 {
		writing.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				mu.Lock()
				for name, c := range conns {
					c.Write(AppendText(nil, []byte(name))) // also those that are long gone
				}
				mu.Unlock()
			}
		})
	}
	for g := range 4 {
		dialing.Go(func() {
			for i := range 60 {
				p := dial(t, ts)
				name := string(rune('a'+g)) + strings.Repeat("x", i)
				p.send(frame(0x81, name))
				for range 5 {
					p.want("text " + name)
				}
				p.nc.Close()
			}
		})
	}
	dialing.Wait()
	close(stop)
	writing.Wait()
}

func TestDrainedOfTheIdle(t *testing.T) { overAll(t, testDrainedOfTheIdle) }

func testDrainedOfTheIdle(t *testing.T, w way) {
	_, ts, e := serveEcho(t, w, Options{})
	got := make(chan *Conn, 1)
	e.on(func(c *Conn, _ []byte) { got <- c })
	p := dial(t, ts)
	p.send(frame(0x81, "go"))
	c := <-got
	<-c.Drained()
	p.nc.Close()
	<-c.Done()
	<-c.Drained()
	<-e.closed
}

// When there is no room those who come are told so, and those inside live on.
func TestFull(t *testing.T) { overAll(t, testFull) }

func testFull(t *testing.T, w way) {
	var full atomic.Bool
	s, ts, e := serveEcho(t, w, Options{Full: full.Load})
	inside := dial(t, ts)
	inside.send(frame(0x81, "before"))
	inside.want("text before")
	full.Store(true)
	for range 3 {
		p := dial(t, ts)
		p.nc.Write(frame(0x81, "unheard")) // it may be closed already
		p.want("close 1013 the server is full")
		p.want("end")
		p.nc.Close()
		<-e.closed
	}
	inside.send(frame(0x81, "after"))
	inside.want("text after")
	if st := s.Stats(); st.Refused != 3 || st.Connections != 1 {
		t.Errorf("got %d refused and %d connected, want 3 and 1", st.Refused, st.Connections)
	}
	full.Store(false)
	p := dial(t, ts)
	p.send(frame(0x81, "again"))
	p.want("text again")
}
