package socket

import "syscall"

// writeNow writes what the kernel takes at once; 0 and no error: nothing.
func writeNow(fd int32, b []byte) (int, error) {
	for {
		n, err := syscall.Write(int(fd), b)
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
func readNow(fd int32, b []byte) (int, error) {
	for {
		n, err := syscall.Read(int(fd), b)
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

// endWriting says that nothing more will come.
func endWriting(fd int32) {
	syscall.Shutdown(int(fd), syscall.SHUT_WR) // an error means that the peer is gone, which the reader sees
}

func release(fd int32) { syscall.Close(int(fd)) }
