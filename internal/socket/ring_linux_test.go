package socket

import (
	"os"
	"runtime"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A ring that fails is given up, and nobody misses anything.
func TestRingFails(t *testing.T) {
	s, conns, peers := crowd(t, onTCP, Options{}, 10)
	var b Burst
	toAll(&b, conns, "before")
	if len(s.rings.idle) > 0 { // else this kernel has none, and each send is a call from the beginning
		null, err := os.Open(os.DevNull)
		if err != nil {
			t.Fatal(err)
		}
		defer null.Close()
		if err := unix.Dup3(int(null.Fd()), s.rings.idle[0].fd, unix.O_CLOEXEC); err != nil {
			t.Fatal(err)
		}
	}
	toAll(&b, conns, "meanwhile")
	toAll(&b, conns, "after")
	for _, p := range peers {
		for _, want := range []string{"text before", "text meanwhile", "text after"} {
			p.want(want)
		}
	}
	if !s.rings.enough || len(s.rings.idle) != 0 {
		t.Errorf("got %d rings kept, want none, now and later", len(s.rings.idle))
	}
}

// Where there can be no more rings, for want of descriptors or of memory that may be
// locked, those that work are kept.
func TestRingsRunOut(t *testing.T) {
	s, conns, peers := crowd(t, onTCP, Options{}, 10)
	var b Burst
	toAll(&b, conns, "before")
	kept := len(s.rings.idle) // one, or none where this kernel has none: then each send is a call all along
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	var was syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &was); err != nil {
		t.Fatal(err)
	}
	defer syscall.Setrlimit(syscall.RLIMIT_NOFILE, &was)
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Max: was.Max}); err != nil {
		t.Fatal(err)
	}
	first := s.rings.get()
	if second := s.rings.get(); second != nil {
		t.Fatal("got a ring without a descriptor")
	}
	if first != nil {
		s.rings.put(first, nil)
	}
	toAll(&b, conns, "after")
	if len(s.rings.idle) != kept {
		t.Errorf("got %d rings kept, want %d", len(s.rings.idle), kept)
	}
	for _, p := range peers {
		p.want("text before")
		p.want("text after")
	}
}

// What a ring must not send goes out without it, and nobody is dropped.
func TestRingForbidden(t *testing.T) {
	const disabled, restrictions, enable = 1 << 6, 11, 12 // IORING_SETUP_R_DISABLED, IORING_REGISTER_RESTRICTIONS, _ENABLE_RINGS
	s, conns, peers := crowd(t, onTCP, Options{}, 10)
	nothing := [16]byte{0: 1}                      // struct io_uring_restriction: IORING_RESTRICTION_SQE_OP, IORING_OP_NOP and no other
	if one, err := newRing(disabled); err == nil { // else this kernel forbids all of it
		for _, call := range [][3]uintptr{{restrictions, uintptr(unsafe.Pointer(&nothing)), 1}, {enable}} {
			if _, _, errno := syscall.Syscall6(unix.SYS_IO_URING_REGISTER, uintptr(one.fd), call[0], call[1], call[2], 0, 0); errno != 0 {
				t.Fatal(errno)
			}
		}
		s.rings.idle, s.rings.made = []*ring{one}, 1
	}
	var b Burst
	for _, text := range []string{"one", "two"} {
		toAll(&b, conns, text)
	}
	for _, p := range peers {
		p.want("text one")
		p.want("text two")
	}
}
