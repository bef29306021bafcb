package socket

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"time"
)

// Listen stands between a listener and tls.NewListener: with it the connections
// under TLS are waited for by the pollers, too, and an idle one costs no
// goroutine. Closing it closes l.
func Listen(l net.Listener) net.Listener { return wireListener{l} }

type wireListener struct{ net.Listener }

func (l wireListener) Accept() (net.Conn, error) {
	nc, err := l.Listener.Accept()
	if tcp, ok := nc.(*net.TCPConn); ok {
		return &wire{TCPConn: tcp}, nil
	}
	return nc, err
}

// maxRest bounds what a wire keeps. One chunk may be on its way, and what TLS
// itself has to say; more says only a peer who asks for it and does not read.
const maxRest = 4 * chunk

// wire is what TLS reads from and writes to. Until the handshake of the
// WebSocket it is the TCP connection; from then on it has a descriptor of ours,
// and never waits: a read finds what is there, and of what is written it keeps
// what the kernel has no room for. The Conn's mu guards it then.
type wire struct {
	*net.TCPConn // until taken
	taken        bool
	fd           int32
	rest         []byte // accepted, but not by the kernel yet
	moved        bool   // the kernel took something since it was last asked
}

// errAgain is the answer of a wire that has nothing to read. TLS goes on after an
// error that is temporary.
var errAgain net.Error = again{}

type again struct{}

func (again) Error() string   { return "nothing to read yet" }
func (again) Timeout() bool   { return true }
func (again) Temporary() bool { return true }

func (w *wire) Read(b []byte) (int, error) {
	if !w.taken {
		return w.TCPConn.Read(b)
	}
	n, err := readNow(w.fd, b)
	switch {
	case n < 0:
		return 0, errAgain
	case n == 0 && err == nil && len(b) > 0:
		return 0, io.EOF
	}
	return n, err
}

func (w *wire) Write(b []byte) (int, error) {
	if !w.taken {
		return w.TCPConn.Write(b)
	}
	if len(w.rest) == 0 {
		n, err := writeNow(w.fd, b)
		if err != nil {
			return 0, err
		}
		w.moved = w.moved || n > 0
		if n == len(b) {
			return n, nil
		}
		w.rest = append(w.rest, b[n:]...)
		return len(b), nil
	}
	if len(w.rest)+len(b) > maxRest {
		return 0, errors.New("the peer asks for more than it reads")
	}
	w.rest = append(w.rest, b...)
	return len(b), nil
}

// flush writes what is kept, and reports whether nothing is any more.
func (w *wire) flush() (empty bool, err error) {
	if len(w.rest) == 0 {
		return true, nil
	}
	n, err := writeNow(w.fd, w.rest)
	if err != nil {
		return false, err
	}
	w.moved = w.moved || n > 0
	if w.rest = w.rest[n:]; len(w.rest) == 0 {
		w.rest = nil
	}
	return w.rest == nil, nil
}

// Nothing waits on a wire that was taken, so there is nothing to be called off.

func (w *wire) SetDeadline(t time.Time) error {
	return errors.Join(w.SetReadDeadline(t), w.SetWriteDeadline(t))
}

func (w *wire) SetReadDeadline(t time.Time) error {
	if w.taken {
		return nil
	}
	return w.TCPConn.SetReadDeadline(t)
}

func (w *wire) SetWriteDeadline(t time.Time) error {
	if w.taken {
		return nil
	}
	return w.TCPConn.SetWriteDeadline(t)
}

// secured is TLS on a wire.
type secured struct {
	*tls.Conn
	wire *wire
}

// plain returns the TCP connection that nc is made of, and TLS on it if there is
// any; nil: neither can be waited for by a poller.
func plain(nc net.Conn) (*net.TCPConn, *secured) {
	switch x := nc.(type) {
	case *net.TCPConn:
		return x, nil
	case *tls.Conn:
		if w, ok := x.NetConn().(*wire); ok {
			return w.TCPConn, &secured{x, w}
		}
	}
	return nil, nil
}

// fetch reads what is there; -1: nothing yet; 0: the end.
func (s *secured) fetch(b []byte) (int, error) {
	n, err := s.Read(b)
	switch {
	case n > 0:
		return n, nil // an error shows again
	case errors.Is(err, errAgain):
		return -1, nil
	case err == io.EOF:
		return 0, nil
	}
	return 0, err
}

// put writes of b what the wire accepts without keeping much, and returns how
// much that was.
func (s *secured) put(b []byte) (n int, err error) {
	for {
		empty, err := s.wire.flush()
		if err != nil || !empty || n == len(b) {
			return n, err
		}
		k, err := s.Write(b[n:min(len(b), n+chunk)])
		if n += k; err != nil {
			return n, err
		}
	}
}
