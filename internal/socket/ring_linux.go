package socket

import (
	"errors"
	"os"
	"runtime"
	"sync/atomic"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// ring is an io_uring (io_uring(7)) that sends: one call hands the kernel many
// sends to as many sockets. None of them waits (MSG_DONTWAIT), so all are done
// when the call returns; whoever calls holds what sys_linux.go asks for. It is
// not for several goroutines at a time.
type ring struct {
	fd           int
	queue, slots []byte // shared with the kernel
	sends        []sqe  // slots
	results      []cqe  // in queue

	// In queue: of the sends, then of the results.
	sendTail, sendMask                 *uint32
	resultHead, resultTail, resultMask *uint32
}

// sqe is struct io_uring_sqe of a send.
type sqe struct {
	opcode, flags uint8
	ioprio        uint16
	fd            int32
	off, addr     uint64
	len, msgFlags uint32
	userData      uint64
	_             [3]uint64
}

// cqe is struct io_uring_cqe.
type cqe struct {
	userData uint64
	res      int32 // bytes, or an errno below zero
	flags    uint32
}

// ringParams is struct io_uring_params.
type ringParams struct {
	entries, results, flags, cpu, idle, features, workers uint32
	_                                                     [3]uint32
	sq                                                    struct {
		head, tail, mask, entries, flags, dropped, array, _ uint32
		_                                                   uint64
	}
	cq struct {
		head, tail, mask, entries, overflow, cqes, flags, _ uint32
		_                                                   uint64
	}
}

const (
	ringSend    = 26      // IORING_OP_SEND
	ringAwait   = 1       // IORING_ENTER_GETEVENTS
	ringSkips   = 1 << 11 // IORING_FEAT_CQE_SKIP: Linux 5.17; what is used here is older, but was new
	ringAtQueue = 0       // IORING_OFF_SQ_RING
	ringAtSlots = 1 << 28 // IORING_OFF_SQES
)

// newRing makes a ring for burst sends a call. The error says why there is none:
// an old kernel, or one that forbids it to this process, as containers often do.
func newRing(flags uint32) (*ring, error) {
	p := ringParams{flags: flags}
	fd, _, errno := syscall.Syscall(unix.SYS_IO_URING_SETUP, burst, uintptr(unsafe.Pointer(&p)), 0)
	if errno != 0 {
		return nil, os.NewSyscallError("io_uring_setup", errno)
	}
	r := &ring{fd: int(fd)}
	if p.features&ringSkips == 0 {
		r.close()
		return nil, errors.New("io_uring of a kernel before Linux 5.17 is not used")
	}
	var err error
	protect, share := syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED|syscall.MAP_POPULATE
	size := max(int(p.sq.array+4*p.entries), int(p.cq.cqes)+int(p.results)*int(unsafe.Sizeof(cqe{})))
	if r.queue, err = syscall.Mmap(r.fd, ringAtQueue, size, protect, share); err == nil {
		r.slots, err = syscall.Mmap(r.fd, ringAtSlots, int(p.entries)*int(unsafe.Sizeof(sqe{})), protect, share)
	}
	if err != nil {
		r.close()
		return nil, os.NewSyscallError("mmap of an io_uring", err)
	}
	at := func(off uint32) *uint32 { return (*uint32)(unsafe.Pointer(&r.queue[off])) }
	r.sendTail, r.sendMask = at(p.sq.tail), at(p.sq.mask)
	r.resultHead, r.resultTail, r.resultMask = at(p.cq.head), at(p.cq.tail), at(p.cq.mask)
	r.sends = unsafe.Slice((*sqe)(unsafe.Pointer(&r.slots[0])), p.entries)
	r.results = unsafe.Slice((*cqe)(unsafe.Pointer(&r.queue[p.cq.cqes])), p.results)
	order := unsafe.Slice(at(p.sq.array), p.entries)
	for i := range order {
		order[i] = uint32(i)
	}
	return r, nil
}

// send writes frames to each of list and sets how many bytes of it the kernel
// took, or an errno below zero. Where it set nothing, nothing went out, and the
// error says why: the ring is of no use any more then.
func (r *ring) send(list []*Conn, frames []byte, took []int32) error {
	tail := *r.sendTail
	addr := uint64(uintptr(unsafe.Pointer(unsafe.SliceData(frames))))
	for i, c := range list {
		r.sends[(tail+uint32(i))&*r.sendMask] = sqe{
			opcode: ringSend, fd: c.fd, addr: addr, len: uint32(len(frames)),
			msgFlags: syscall.MSG_DONTWAIT | syscall.MSG_NOSIGNAL, userData: uint64(i),
		}
	}
	atomic.StoreUint32(r.sendTail, tail+uint32(len(list)))
	given, done := 0, 0
	var err error
	for given < len(list) && err == nil {
		n, _, errno := syscall.RawSyscall6(unix.SYS_IO_URING_ENTER, uintptr(r.fd), uintptr(len(list)-given), 0, 0, 0, 0)
		if errno != 0 || n == 0 {
			err = os.NewSyscallError("io_uring_enter", errno)
		} else {
			given += int(n)
		}
		done += r.take(took)
	}
	for done < given { // not seen yet; the kernel still has frames then
		syscall.Syscall6(unix.SYS_IO_URING_ENTER, uintptr(r.fd), 0, uintptr(given-done), ringAwait, 0, 0)
		done += r.take(took)
	}
	runtime.KeepAlive(frames)
	return err
}

// take sets took from the results that are there, and returns how many they are.
func (r *ring) take(took []int32) int {
	head, tail := *r.resultHead, atomic.LoadUint32(r.resultTail)
	for at := head; at != tail; at++ {
		q := &r.results[at&*r.resultMask]
		took[q.userData] = q.res
	}
	atomic.StoreUint32(r.resultHead, tail)
	return int(tail - head)
}

func (r *ring) close() {
	if r.queue != nil {
		syscall.Munmap(r.queue)
	}
	if r.slots != nil {
		syscall.Munmap(r.slots)
	}
	syscall.Close(r.fd)
}
