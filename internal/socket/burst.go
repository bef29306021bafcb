package socket

import (
	"log/slog"
	"runtime"
	"sync"
	"syscall"
)

// How many sends go in one call, and about how many bytes: nobody has the
// processor meanwhile.
const (
	burst      = 64
	burstBytes = 256 << 10
)

// Burst writes the same frames to many connections, dozens of them in one call
// where the kernel has one (ring_linux.go): that spares the way into the kernel,
// and a reader who is still awake as the next send comes need not be woken again.
//
// Between Write and Send it holds locks of connections. So whoever must wait for
// any other lock under which somebody may wait for a connection calls Send first,
// and a Burst is not for several goroutines.
type Burst struct {
	frames []byte
	n      int
	to     [burst]*Conn // locked
	took   [burst]int32
}

// Begin says what to write, which must stay as it is until the next Send.
func (b *Burst) Begin(frames []byte) { b.frames = frames }

// Write is Conn.Write of the frames, at once or with the next Send.
func (b *Burst) Write(c *Conn) bool {
	if !c.mu.TryLock() {
		b.Send()
		c.mu.Lock()
	}
	if c.state != live || c.link != nil || c.out != nil {
		defer c.mu.Unlock()
		return c.write(b.frames)
	}
	b.to[b.n] = c
	if b.n++; b.n == burst || b.n*len(b.frames) >= burstBytes {
		b.Send()
	}
	return true
}

// Send writes what Write put off, and lets go of the connections.
func (b *Burst) Send() {
	list, took := b.to[:b.n], b.took[:b.n]
	b.n = 0
	for i := range took {
		took[i] = undone
	}
	if len(list) > 1 {
		list[0].srv.rings.send(list, b.frames, took)
	}
	for i, c := range list {
		n, err := max(0, int(took[i])), error(nil)
		if took[i] < 0 && took[i] != noRoom {
			n, err = writeNow(c.fd, b.frames) // which says whether it is the connection that failed, or the ring
		}
		c.pushed(b.frames, n, err)
		c.mu.Unlock()
		list[i] = nil
	}
}

// What stands for how many bytes went where none did; any other below zero is an error.
const (
	undone = -int32(syscall.EINTR)
	noRoom = -int32(syscall.EAGAIN)
)

// rings are those of a server, one for each processor at most. Where there is none
// to be had each send is a call.
type rings struct {
	log    *slog.Logger
	mu     sync.Mutex
	idle   []*ring
	made   int
	enough bool // no more are made; those that work are kept
	closed bool
}

// send is ring.send with one of them; it sets nothing where there is none.
func (r *rings) send(list []*Conn, frames []byte, took []int32) {
	one := r.get()
	if one == nil {
		return
	}
	r.put(one, one.send(list, frames, took))
}

func (r *rings) get() *ring {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := len(r.idle) - 1; n >= 0 {
		one := r.idle[n]
		r.idle = r.idle[:n]
		return one
	}
	if r.enough || r.made >= runtime.GOMAXPROCS(0) {
		return nil
	}
	one, err := newRing(0)
	if err != nil {
		r.log.Info("sends by dozens: no ring, or no more", "rings", r.made, "why", err)
		r.enough = true
		return nil
	}
	r.made++
	return one
}

// put takes a ring back; err is why it failed.
func (r *rings) put(one *ring, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		r.log.Warn("sends by dozens failed; they went one by one", "err", err)
		r.enough = true
	}
	if err != nil || r.closed {
		one.close()
		return
	}
	r.idle = append(r.idle, one)
}

// close has whoever still sends close what he has.
func (r *rings) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.enough, r.closed = true, true
	for _, one := range r.idle {
		one.close()
	}
	r.idle = nil
}
