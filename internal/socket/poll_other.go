//go:build !linux

package socket

import (
	"errors"
	"net"
	"net/http"
)

// poller is there on Linux only: elsewhere every connection has its goroutine.
type poller struct{}

func newPoller() (*poller, error) { return nil, errors.ErrUnsupported }

func (*poller) run() {}

func (*poller) add(*Conn) error { return errors.ErrUnsupported }

func (*poller) remove(*Conn) {}

func (*poller) close() {}

// Front returns l: without a poller net/http takes all connections.
func (*Server) Front(l net.Listener, _ http.Handler, _ ...string) net.Listener { return l }

func boundNow(int32) {}

func takeOver(*net.TCPConn) (fd int32, ok bool) { return 0, false }

func readNow(int32, []byte) (int, error) { return 0, errors.ErrUnsupported }

func writeNow(int32, []byte) (int, error) { return 0, errors.ErrUnsupported }

func endWriting(int32) {}

func release(int32) {}
