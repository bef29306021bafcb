//go:build unix

package socket

import (
	"net"
	"syscall"
)

// descriptor gives the descriptor of a plain TCP connection, which stays valid
// until nc is closed. nil: there is none, nc is used as it is.
func descriptor(nc net.Conn) (syscall.RawConn, int) {
	tc, ok := nc.(*net.TCPConn)
	if !ok {
		return nil, 0
	}
	raw, err := tc.SyscallConn()
	if err != nil {
		return nil, 0
	}
	fd := 0
	if err := raw.Control(func(p uintptr) { fd = int(p) }); err != nil {
		return nil, 0
	}
	return raw, fd
}

// writeNow writes what the kernel takes at once; 0 and no error: nothing.
func writeNow(fd int, b []byte) (int, error) {
	for {
		n, err := syscall.Write(fd, b)
		switch err {
		case nil:
			return n, nil
		case syscall.EINTR:
		case syscall.EAGAIN:
			return 0, nil
		default:
			return 0, err
		}
	}
}

// readNow reads what is there; -1: nothing yet; 0: the end.
func readNow(fd int, b []byte) (int, error) {
	for {
		n, err := syscall.Read(fd, b)
		switch err {
		case nil:
			return n, nil
		case syscall.EINTR:
		case syscall.EAGAIN:
			return -1, nil
		default:
			return 0, err
		}
	}
}
