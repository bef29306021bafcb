package socket

import (
	"fmt"
	"net"
	"os"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// pollBatch is how many events are taken from the kernel at a time.
const pollBatch = 128

// pollEvents are all that a connection is ever registered for, once: the edges
// of both directions. What arrives while a connection is being read is an edge
// of its own, so nothing is armed again and again, and a connection that nobody
// reads from does not spin.
const (
	pollEdges  = 1 << 31 // syscall.EPOLLET, whose sign differs between processors
	pollEnds   = syscall.EPOLLRDHUP | syscall.EPOLLHUP | syscall.EPOLLERR
	pollEvents = syscall.EPOLLIN | syscall.EPOLLOUT | syscall.EPOLLRDHUP | pollEdges
)

// poller waits for the TCP connections that left net/http and Go's own
// poller, so that an idle one costs no goroutine. The epoll descriptor is
// itself in Go's poller: no thread is blocked in epoll_wait, and the scheduler
// knows what is being waited for.
type poller struct {
	file *os.File
	raw  syscall.RawConn
	ep   int

	mu    sync.Mutex
	turn  int32   // stamped on the next connection, so that events of an earlier one with the same descriptor are known
	conns []*Conn // by descriptor
}

func newPoller() (*poller, error) {
	ep, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("make an epoll: %w", err)
	}
	syscall.SetNonblock(ep, true) // or NewFile would keep it out of Go's poller
	p := &poller{ep: ep, file: os.NewFile(uintptr(ep), "epoll")}
	if p.raw, err = p.file.SyscallConn(); err == nil {
		err = p.file.SetReadDeadline(time.Time{}) // fails where Go's poller has not taken it
	}
	if err != nil {
		p.file.Close()
		return nil, fmt.Errorf("wait for an epoll: %w", err)
	}
	return p, nil
}

// run hands on events until the poller is closed.
func (p *poller) run() {
	var (
		events [pollBatch]syscall.EpollEvent
		conns  [pollBatch]*Conn
		n      int
	)
	wait := func(fd uintptr) bool {
		n = pollNow(int(fd), events[:])
		return n > 0
	}
	for p.raw.Read(wait) == nil {
		p.find(events[:n], conns[:n])
		for i, c := range conns[:n] {
			if c != nil {
				e := events[i].Events
				c.event(e&(syscall.EPOLLIN|pollEnds) != 0, e&(syscall.EPOLLOUT|pollEnds) != 0, e&pollEnds != 0)
			}
		}
		clear(conns[:n])
		if n > pollBatch/4 {
			runtime.Gosched() // to finish with these is better than to begin with more
		}
	}
}

// find looks up whom the events are for.
func (p *poller) find(events []syscall.EpollEvent, conns []*Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, e := range events {
		if c := p.conns[e.Fd]; c != nil && c.stamp == e.Pad {
			conns[i] = c
		}
	}
}

// add begins to wait for c. c.mu is held.
func (p *poller) add(c *Conn) error {
	p.mu.Lock()
	if n := int(c.fd) + 1 - len(p.conns); n > 0 {
		p.conns = append(p.conns, make([]*Conn, n)...)
	}
	p.turn++
	c.stamp = p.turn
	p.conns[c.fd] = c
	p.mu.Unlock()
	err := syscall.EpollCtl(p.ep, syscall.EPOLL_CTL_ADD, int(c.fd), &syscall.EpollEvent{Events: pollEvents, Fd: c.fd, Pad: c.stamp})
	if err != nil {
		return fmt.Errorf("wait for a connection: %w", err)
	}
	return nil
}

// remove forgets c; closing its descriptor, which must follow, takes it off the
// epoll. c.mu is held.
func (p *poller) remove(c *Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if int(c.fd) < len(p.conns) && p.conns[c.fd] == c {
		p.conns[c.fd] = nil
	}
}

func (p *poller) close() { p.file.Close() }

// takeOver moves a TCP connection's descriptor out of nc, which it closes. ok is
// false, and nc as it was, when that could not be.
func takeOver(nc *net.TCPConn) (fd int32, ok bool) {
	raw, err := nc.SyscallConn()
	if err != nil {
		return 0, false
	}
	var dup uintptr
	var errno syscall.Errno
	err = raw.Control(func(old uintptr) {
		dup, _, errno = syscall.Syscall(syscall.SYS_FCNTL, old, syscall.F_DUPFD_CLOEXEC, 0) // it stays non-blocking: that belongs to what both refer to
	})
	if err != nil || errno != 0 {
		return 0, false
	}
	nc.Close() // takes the old one off Go's poller; the connection lives on in the other
	return int32(dup), true
}
