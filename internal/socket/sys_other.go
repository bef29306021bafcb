//go:build !unix

package socket

import (
	"errors"
	"net"
	"syscall"
)

// descriptor has none to give here: connections are used as they are.
func descriptor(net.Conn) (syscall.RawConn, int) { return nil, 0 }

func writeNow(int, []byte) (int, error) { return 0, errors.ErrUnsupported }

func readNow(int, []byte) (int, error) { return 0, errors.ErrUnsupported }
