//go:build linux && (386 || s390x)

package socket

import (
	"syscall"
	"unsafe"
)

// Here the calls for sockets are all one, socketcall, which takes its arguments
// in memory. The calls for any file do as well.

func send(fd int32, b []byte) (int, syscall.Errno) {
	n, _, errno := syscall.RawSyscall(syscall.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))
	return int(n), errno
}

func receive(fd int32, b []byte) (int, syscall.Errno) {
	n, _, errno := syscall.RawSyscall(syscall.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))
	return int(n), errno
}
