package socket

import (
	"syscall"
	"unsafe"
)

// The calls in this file, and a ring's, never block, so Go's scheduler is not told
// of them: it would have its monitor look every 20 µs whether a processor is to be
// taken away from a call that lasts eight. What must hold for that:
//   - the descriptor does not block, and MSG_DONTWAIT says so once more; an epoll
//     is asked not to wait;
//   - whoever calls holds the connection's mu, under which alone the descriptor
//     is closed, so that no other file can have its number meanwhile (an epoll is
//     held by the RawConn that calls);
//   - a batch is bounded (the hub hands over 64 KiB at once, a Burst 256 KiB and
//     one batch), so that nobody waits long for a processor.

// writeNow writes what the kernel takes at once; 0 and no error: nothing.
func writeNow(fd int32, b []byte) (int, error) {
	for {
		switch n, errno := send(fd, b); errno {
		case 0:
			return n, nil
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
		switch n, errno := receive(fd, b); errno {
		case 0:
			return n, nil
		case syscall.EINTR:
		case syscall.EAGAIN:
			return -1, nil
		default:
			return 0, errno
		}
	}
}

// pollNow takes the events that are there, without waiting for any.
func pollNow(ep int, events []syscall.EpollEvent) int {
	n, _, errno := syscall.RawSyscall6(syscall.SYS_EPOLL_PWAIT, uintptr(ep), uintptr(unsafe.Pointer(unsafe.SliceData(events))),
		uintptr(len(events)), 0, 0, 0)
	if errno != 0 {
		return 0 // EINTR, which epoll_pwait does not give without waiting
	}
	return int(n)
}

// endWriting says that nothing more will come.
func endWriting(fd int32) {
	syscall.Shutdown(int(fd), syscall.SHUT_WR) // an error means that the peer is gone, which the reader sees
}

func release(fd int32) { syscall.Close(int(fd)) }
