package main

import (
	"bytes"
	"fmt"
	"os"
	"syscall"
	"time"
	"unsafe"
)

const (
	stClosed = iota
	stConnecting
	stUpgrading
	stJoining
	stUp
)

type conn struct {
	fd     int32
	state  uint8
	want   bool // EPOLLOUT armed
	m      Member
	skip   uint64   // bytes still to drop of a frame too big to look at
	pend   []byte   // start of a frame whose rest has not come
	out    []byte   // bytes the kernel would not take
	last   []uint32 // last sequence number seen, by sender of the room
	hash   uint64   // order of all (sender, seq) seen
	sendNo uint32   // sender: messages sent
	sender int32    // index among the room's senders, -1 if none
	sentAt []int64  // send times of what awaits its answer, by number
}

type engine struct {
	epfd     int
	conns    []conn
	d        Dialect
	addr     syscall.SockaddrInet4
	host     string
	buf      []byte
	evs      []syscall.EpollEvent
	scratch  []byte
	marker   []byte
	nsrc     int
	base     time.Time
	up       int
	failed   int
	retries  int   // how many failed attempts may be made again
	again    []int // connections that wait for that
	closed   int   // closed by the server while up
	inflight int   // handshakes under way

	counting  bool
	deliver   uint64 // deliveries counted
	dups      uint64
	gaps      uint64
	badRoom   uint64
	lat       hist
	lateness  hist
	reads     uint64
	frames    uint64
	bytesIn   uint64
	pongs     uint64
	sendBlock uint64
	joinErr   error // the first that went wrong
	refused   error // the server refused a message: the run is void
	acker     Acker
	onAck     func(c *conn, id int)
	resumer   Resumer // set while cursors are to be remembered
	onDeliver func(c *conn, sender int, seq uint32)
	bodyPad   []byte
	lastDel   int64
}

func (e *engine) now() int64 { return int64(time.Since(e.base)) }

func newEngine(d Dialect, addr syscall.SockaddrInet4, host string, n int, payload int) *engine {
	e := &engine{d: d, addr: addr, host: host, base: time.Now(), nsrc: 16}
	var err error
	e.epfd, err = syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		panic(err)
	}
	e.conns = make([]conn, n)
	for i := range e.conns {
		e.conns[i].fd = -1
		e.conns[i].sender = -1
	}
	e.buf = make([]byte, 64<<10)
	e.evs = make([]syscall.EpollEvent, 4096)
	// marker: "~" + 4 characters of run id; body: marker, 6 digits sender,
	// 10 digits sequence, 19 digits send time, padding.
	id := fmt.Sprintf("%04x", uint16(time.Now().UnixNano()>>10)^uint16(os.Getpid()))
	e.marker = []byte("~" + id)
	for len(e.bodyPad) < payload-40 {
		e.bodyPad = append(e.bodyPad, byte('a'+len(e.bodyPad)%26))
	}
	return e
}

// epoll_pwait2: a timeout in nanoseconds.
func (e *engine) wait(ns int64) int {
	ts := syscall.Timespec{Sec: ns / 1e9, Nsec: ns % 1e9}
	var tp unsafe.Pointer
	if ns >= 0 {
		tp = unsafe.Pointer(&ts)
	}
	n, _, errno := syscall.RawSyscall6(441, uintptr(e.epfd), uintptr(unsafe.Pointer(&e.evs[0])), uintptr(len(e.evs)), uintptr(tp), 0, 0)
	if errno != 0 {
		return 0
	}
	return int(n)
}

func rawRead(fd int32, b []byte) (int, syscall.Errno) {
	n, _, e := syscall.RawSyscall(syscall.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)))
	return int(n), e
}

func rawWrite(fd int32, b []byte) (int, syscall.Errno) {
	n, _, e := syscall.RawSyscall(syscall.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)))
	return int(n), e
}

func (e *engine) ctl(c *conn, op int, out bool) {
	ev := syscall.EpollEvent{Events: syscall.EPOLLIN | syscall.EPOLLRDHUP, Fd: int32(c.m.Idx)}
	if out {
		ev.Events |= syscall.EPOLLOUT
	}
	syscall.EpollCtl(e.epfd, op, int(c.fd), &ev)
	c.want = out
}

func (e *engine) dial(i int) error {
	c := &e.conns[i]
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	syscall.SetsockoptInt(fd, syscall.IPPROTO_IP, 24 /* IP_BIND_ADDRESS_NO_PORT */, 1)
	syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1)
	src := syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, byte(2 + i%e.nsrc)}}
	if err := syscall.Bind(fd, &src); err != nil {
		syscall.Close(fd)
		return err
	}
	c.fd = int32(fd)
	c.m.Idx = i
	c.m.Step = 0
	c.skip, c.pend, c.out = 0, c.pend[:0], c.out[:0]
	err = syscall.Connect(fd, &e.addr)
	if err != nil && err != syscall.EINPROGRESS {
		syscall.Close(fd)
		c.fd = -1
		return err
	}
	c.state = stConnecting
	e.inflight++
	e.ctl(c, syscall.EPOLL_CTL_ADD, true)
	return nil
}

func (e *engine) drop(c *conn, rst bool) {
	if c.fd < 0 {
		return
	}
	if rst {
		syscall.SetsockoptLinger(int(c.fd), syscall.SOL_SOCKET, syscall.SO_LINGER, &syscall.Linger{Onoff: 1})
	}
	syscall.Close(int(c.fd))
	switch c.state {
	case stUp:
		e.up--
	case stConnecting, stUpgrading, stJoining:
		e.inflight--
	}
	c.fd, c.state = -1, stClosed
}

func (e *engine) fail(c *conn, why string) {
	switch {
	case c.state == stUp:
		e.closed++
	case e.retries > 0: // as clients do
		e.retries--
		e.again = append(e.again, c.m.Idx)
	default:
		e.failed++
	}
	if e.joinErr == nil {
		e.joinErr = fmt.Errorf("conn %d: %s", c.m.Idx, why)
	}
	e.drop(c, false)
}

func (e *engine) send(c *conn, b []byte) {
	if len(c.out) > 0 {
		c.out = append(c.out, b...)
		return
	}
	n, errno := rawWrite(c.fd, b)
	if errno != 0 {
		n = 0
		if errno != syscall.EAGAIN {
			e.fail(c, "write: "+errno.Error())
			return
		}
	}
	if n < len(b) {
		e.sendBlock++
		c.out = append(c.out, b[n:]...)
		e.ctl(c, syscall.EPOLL_CTL_MOD, true)
	}
}

func (e *engine) upgraded(c *conn) {
	c.state = stJoining
	e.join(c, nil)
}

func (e *engine) readable(c *conn) {
	k := copy(e.buf, c.pend)
	c.pend = c.pend[:0]
	n, errno := rawRead(c.fd, e.buf[k:])
	if errno == syscall.EAGAIN {
		c.pend = append(c.pend, e.buf[:k]...)
		return
	}
	if errno != 0 {
		e.fail(c, "read: "+errno.Error())
		return
	}
	if n == 0 {
		e.fail(c, fmt.Sprintf("closed by server in state %d", c.state))
		return
	}
	e.reads++
	e.bytesIn += uint64(n)
	b := e.buf[:k+n]
	if c.state == stUpgrading {
		i := bytes.Index(b, []byte("\r\n\r\n"))
		if i < 0 {
			c.pend = append(c.pend, b...)
			return
		}
		if !bytes.HasPrefix(b, []byte("HTTP/1.1 101")) {
			e.fail(c, fmt.Sprintf("handshake: %.60q", b))
			return
		}
		b = b[i+4:]
		e.upgraded(c)
		if c.fd < 0 {
			return
		}
	}
	if r := e.parse(c, b); len(r) > 0 {
		c.pend = append(c.pend, r...)
	}
}

func (e *engine) writable(c *conn) {
	if c.state == stConnecting {
		if v, err := syscall.GetsockoptInt(int(c.fd), syscall.SOL_SOCKET, syscall.SO_ERROR); err != nil || v != 0 {
			e.fail(c, fmt.Sprintf("connect: %v", syscall.Errno(v)))
			return
		}
		c.state = stUpgrading
		e.ctl(c, syscall.EPOLL_CTL_MOD, false)
		e.scratch = append(e.scratch[:0], "GET "+e.d.Target(&c.m)+" HTTP/1.1\r\nHost: "+e.host+
			"\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"+
			e.d.Headers(&c.m)+"\r\n"...)
		e.send(c, e.scratch)
		return
	}
	if len(c.out) > 0 {
		n, errno := rawWrite(c.fd, c.out)
		if errno == 0 {
			c.out = append(c.out[:0], c.out[n:]...)
		} else if errno != syscall.EAGAIN {
			e.fail(c, "write: "+errno.Error())
			return
		}
	}
	if len(c.out) == 0 && c.want {
		e.ctl(c, syscall.EPOLL_CTL_MOD, false)
	}
}

// poll handles what has come, waiting at most ns for it.
func (e *engine) poll(ns int64) int {
	n := e.wait(ns)
	for i := 0; i < n; i++ {
		ev := &e.evs[i]
		c := &e.conns[ev.Fd]
		if c.fd < 0 {
			continue
		}
		if ev.Events&(syscall.EPOLLOUT|syscall.EPOLLERR) != 0 && (c.state == stConnecting || len(c.out) > 0) {
			e.writable(c)
			if c.fd < 0 {
				continue
			}
		}
		if ev.Events&(syscall.EPOLLIN|syscall.EPOLLHUP|syscall.EPOLLERR|syscall.EPOLLRDHUP) != 0 && c.state > stConnecting {
			e.readable(c)
		}
	}
	return n
}

// connectAll opens all connections that are closed, at most par at a time.
func (e *engine) connectAll(par int, deadline time.Duration) error {
	end := time.Now().Add(deadline)
	next := 0
	for {
		for next < len(e.conns) && e.inflight < par {
			if e.conns[next].state == stClosed {
				if err := e.dial(next); err != nil {
					return fmt.Errorf("dial %d: %w", next, err)
				}
			}
			next++
		}
		for len(e.again) > 0 && next == len(e.conns) && e.inflight < par {
			i := e.again[0]
			e.again = e.again[1:]
			if err := e.dial(i); err != nil {
				return fmt.Errorf("dial %d again: %w", i, err)
			}
		}
		if next == len(e.conns) && e.inflight == 0 && len(e.again) == 0 {
			break
		}
		e.poll(50e6)
		if time.Now().After(end) {
			return fmt.Errorf("deadline: %d up, %d under way, %d failed (first: %v)", e.up, e.inflight, e.failed, e.joinErr)
		}
		if e.failed > 100 {
			break
		}
	}
	if e.up != len(e.conns) {
		return fmt.Errorf("%d of %d up, %d failed (first: %v)", e.up, len(e.conns), e.failed, e.joinErr)
	}
	return nil
}

// settle polls until nothing has come for quiet, at most for limit.
func (e *engine) settle(quiet, limit time.Duration) {
	end := time.Now().Add(limit)
	for time.Now().Before(end) {
		if e.poll(int64(quiet)) == 0 {
			return
		}
	}
}
