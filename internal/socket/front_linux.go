package socket

import (
	"errors"
	"net"
	"net/http"
	"net/netip"
	"os"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// Front stands between a listener on plain TCP and an http.Server with handler h.
// A connection that begins with a plain request for a WebSocket at one of paths
// never reaches net/http: the pollers wait for the request, h answers it on the
// goroutine that reads it, and the connection keeps its descriptor. All others
// come out of Accept, with what they have sent. Where there is no poller it
// returns l. Closing it closes l.
func (s *Server) Front(l net.Listener, h http.Handler, paths ...string) net.Listener {
	tcp, ok := l.(*net.TCPListener)
	if !ok || len(s.pollers) == 0 {
		return l
	}
	file, err := tcp.File() // a TCPListener lets nobody wait for it but by its own Accept
	if err != nil {
		return l
	}
	raw, err := file.SyscallConn()
	if err != nil {
		file.Close()
		return l
	}
	f := &front{TCPListener: tcp, file: file, raw: raw, srv: s, entrance: entrance{handler: h, paths: paths, others: make(chan net.Conn), ended: make(chan struct{})}}
	f.out = f.moveOut
	f.reserve()
	go f.run()
	return f
}

// front is the listener that Front returns.
type front struct {
	*net.TCPListener
	file *os.File // the same socket
	raw  syscall.RawConn
	srv  *Server
	entrance
	err error // why it has ended; set before ended is closed

	mu    sync.Mutex // held while a connection is accepted, or has two descriptors
	spare int        // a descriptor to give up for the second one; -1: none
}

// Accept returns the next connection that is not ours.
func (f *front) Accept() (net.Conn, error) {
	select {
	case nc := <-f.others:
		return nc, nil
	case <-f.ended:
		return nil, f.err
	}
}

// Close ends the accepting.
func (f *front) Close() error { return errors.Join(f.file.Close(), f.TCPListener.Close()) }

// run accepts until the listener is closed.
func (f *front) run() {
	defer f.end()
	for pause := time.Duration(0); ; {
		err := f.take()
		switch {
		case err == nil:
			pause = 0
			runtime.Gosched() // there is more to do for them
		case errors.Is(err, syscall.ECONNABORTED):
		case isShortage(err):
			// As net/http does: whoever waits is not lost, and descriptors come free.
			pause = min(max(2*pause, 5*time.Millisecond), time.Second)
			f.srv.o.Log.Warn("new connections must wait", "err", err, "for", pause)
			time.Sleep(pause)
		default:
			f.err = err
			return
		}
	}
}

func isShortage(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) || errors.Is(err, syscall.ENOBUFS) || errors.Is(err, syscall.ENOMEM)
}

// takeBatch is how many connections are taken before others may run.
const takeBatch = 32

// take waits for connections and opens those that are there.
func (f *front) take() error {
	var failed error
	err := f.raw.Read(func(l uintptr) bool {
		for n := 0; n < takeBatch; {
			f.mu.Lock()
			fd, sa, err := syscall.Accept4(int(l), syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC)
			f.mu.Unlock()
			switch err {
			case nil:
				f.open(int32(fd), addrOf(sa))
				n++
			case syscall.EINTR:
			case syscall.EAGAIN:
				return n > 0
			default:
				failed = os.NewSyscallError("accept4", err)
				return true
			}
		}
		return true
	})
	return errors.Join(err, failed)
}

func addrOf(sa syscall.Sockaddr) netip.AddrPort {
	switch a := sa.(type) {
	case *syscall.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(a.Addr), uint16(a.Port))
	case *syscall.SockaddrInet6:
		ip := netip.AddrFrom16(a.Addr).Unmap()
		if a.ZoneId != 0 {
			ip = ip.WithZone(strconv.FormatUint(uint64(a.ZoneId), 10))
		}
		return netip.AddrPortFrom(ip, uint16(a.Port))
	}
	return netip.AddrPort{}
}

// open has a poller wait for the first request of a connection.
func (f *front) open(fd int32, from netip.AddrPort) {
	s := f.srv
	// Not from the listener: who came before that had it would have it not.
	syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1) // a failure shows in the first write
	c := &Conn{srv: s, fd: fd, state: opening, link: &link{greeting: &greeting{entrance: &f.entrance, from: from}}}
	c.heard.Store(s.now())
	if !s.wheel.add(c) {
		release(fd) // the server is closed
		return
	}
	s.openings.Add(1)
	c.deadline(&c.frameBy, s.ticks(s.o.Opening))
	c.join(nil)
}

// moveOut makes a net.Conn of a connection's descriptor, and forgets it: whoever
// reads it finds that it is over. nil: it was over before.
func (f *front) moveOut(c *Conn) (*net.TCPConn, error) {
	c.mu.Lock()
	if c.state == over {
		c.mu.Unlock()
		return nil, nil
	}
	p, fd := c.poller(), c.fd
	p.remove(c)
	syscall.EpollCtl(p.ep, syscall.EPOLL_CTL_DEL, int(fd), nil) // while this descriptor still stands for the connection
	c.fd = -1
	c.leave(over)
	c.mu.Unlock()
	file := os.NewFile(uintptr(fd), "connection")
	defer file.Close()
	nc, err := net.FileConn(file) // has a descriptor of its own
	if err != nil {
		nc, err = f.secondOf(file)
	}
	if err != nil {
		return nil, err
	}
	return nc.(*net.TCPConn), nil
}

// secondOf is net.FileConn where descriptors have run out. It closes the first.
func (f *front) secondOf(file *os.File) (net.Conn, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.release()
	nc, err := net.FileConn(file)
	file.Close() // so that there is one to reserve
	f.reserve()
	return nc, err
}

// reserve takes a spare descriptor. mu is held, or f not yet known.
func (f *front) reserve() {
	fd, err := syscall.Open(os.DevNull, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if f.spare = fd; err != nil {
		f.spare = -1 // the next who needs it may find that there is one again
	}
}

// release gives the spare descriptor up. mu is held.
func (f *front) release() {
	if f.spare >= 0 {
		syscall.Close(f.spare)
		f.spare = -1
	}
}

// end is what follows the last connection.
func (f *front) end() {
	close(f.ended)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.release()
	f.file.Close()
}

// boundNow is bound for a descriptor.
func boundNow(fd int32) {
	syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_SNDBUF, kernelBuffer)
	syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, kernelBuffer)
}
