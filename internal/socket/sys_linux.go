//go:build !386

package socket

import (
	"syscall"
	"unsafe"
)

// The descriptors never block, so the scheduler is not told of reads and writes,
// and takes no processor away meanwhile.

// writeNow writes what the kernel takes at once; 0 and no error: nothing.
func writeNow(fd int32, b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	for {
		n, _, errno := syscall.RawSyscall6(syscall.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)),
			syscall.MSG_DONTWAIT|syscall.MSG_NOSIGNAL, 0, 0)
		switch errno {
		case 0:
			return int(n), nil
		case syscall.EINTR:
		case syscall.EAGAIN:
			return 0, nil
		default:
			return 0, errno
		}
	}
}

// readNow reads what is there; -1: nothing yet; 0: the end.
func readNow(fd int32, b []byte) (int, error) {
	for {
		n, _, errno := syscall.RawSyscall6(syscall.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)),
			syscall.MSG_DONTWAIT, 0, 0)
		switch errno {
		case 0:
			return int(n), nil
		case syscall.EINTR:
		case syscall.EAGAIN:
			return -1, nil
		default:
			return 0, errno
		}
	}
}

// endWriting says that nothing more will come.
func endWriting(fd int32) {
	syscall.Shutdown(int(fd), syscall.SHUT_WR) // an error means that the peer is gone, which the reader sees
}

func release(fd int32) { syscall.Close(int(fd)) }
