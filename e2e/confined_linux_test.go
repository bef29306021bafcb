package e2e

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"sync/atomic"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// confinedVar is set for a child of the tests that confines itself and then
// becomes the server.
const confinedVar = "MINICHAT_TEST_CONFINED"

// faultyDisk makes the disk of one process fail on command. The kernel asks here
// before each of the process's calls that write or sync (seccomp user
// notification), so the server under test is the real one, and no privilege is
// needed.
type faultyDisk struct {
	full     atomic.Bool // what would make a file longer: ENOSPC
	syncFail atomic.Bool // fsync: EIO
	refused  atomic.Int64
}

// watched are the calls that are asked about.
var watched = []uint32{unix.SYS_PWRITE64, unix.SYS_FTRUNCATE, unix.SYS_FALLOCATE, unix.SYS_FSYNC, unix.SYS_FDATASYNC}

// confine makes cmd start through a child that puts itself under the disk's
// control. The disk stays in control until the test ends.
func (d *faultyDisk) confine(t testing.TB) func(*exec.Cmd) func() {
	return func(cmd *exec.Cmd) func() {
		pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		theirs := os.NewFile(uintptr(pair[1]), "confined")
		cmd.Args = append([]string{os.Args[0]}, cmd.Args...)
		cmd.Path = os.Args[0]
		cmd.Env = append(cmd.Env, confinedVar+"=1")
		cmd.ExtraFiles = []*os.File{theirs}
		ours := os.NewFile(uintptr(pair[0]), "control")
		go func() {
			defer ours.Close()
			listener, err := receiveFile(ours)
			if err != nil {
				t.Errorf("the confined child: %v", err)
				return
			}
			defer unix.Close(listener)
			d.decide(listener)
		}()
		return func() { theirs.Close() } // the child has its own then
	}
}

func receiveFile(control *os.File) (int, error) {
	c, err := net.FileConn(control)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	oob := make([]byte, unix.CmsgSpace(4))
	_, n, _, _, err := c.(*net.UnixConn).ReadMsgUnix(make([]byte, 1), oob)
	if err != nil {
		return 0, err
	}
	messages, err := unix.ParseSocketControlMessage(oob[:n])
	if err != nil || len(messages) != 1 {
		return 0, fmt.Errorf("%d control messages, %v", len(messages), err)
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	if err != nil {
		return 0, err
	}
	return fds[0], nil
}

// notif and verdict are the kernel's struct seccomp_notif and seccomp_notif_resp.
type notif struct {
	id         uint64
	pid, flags uint32
	call       int32
	arch       uint32
	ip         uint64
	args       [6]uint64
}

type verdict struct {
	id    uint64
	val   int64
	errno int32
	flags uint32
}

// decide answers the kernel until the process is gone.
func (d *faultyDisk) decide(listener int) {
	for {
		n := notif{}
		if e := ioctl(listener, unix.SECCOMP_IOCTL_NOTIF_RECV, unsafe.Pointer(&n)); e == unix.ENOENT || e == unix.EINTR {
			continue // the call was interrupted meanwhile
		} else if e != 0 {
			return
		}
		v := verdict{id: n.id, flags: unix.SECCOMP_USER_NOTIF_FLAG_CONTINUE}
		if errno := d.judge(&n); errno != 0 {
			d.refused.Add(1)
			v = verdict{id: n.id, errno: -int32(errno)}
		}
		if e := ioctl(listener, unix.SECCOMP_IOCTL_NOTIF_SEND, unsafe.Pointer(&v)); e != 0 && e != unix.ENOENT {
			return
		}
	}
}

func ioctl(fd int, request uintptr, arg unsafe.Pointer) syscall.Errno {
	for {
		// There is nothing to receive for good once nobody holds the filter any more.
		p := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN | unix.POLLOUT}}
		if n, err := unix.Poll(p, -1); errors.Is(err, unix.EINTR) || n == 0 {
			continue
		}
		if p[0].Revents&unix.POLLHUP != 0 {
			return unix.EBADF
		}
		if request == unix.SECCOMP_IOCTL_NOTIF_RECV && p[0].Revents&unix.POLLIN == 0 {
			continue
		}
		_, _, e := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), request, uintptr(arg))
		return e
	}
}

// judge decides about one call: 0, or the error that it gets.
func (d *faultyDisk) judge(n *notif) syscall.Errno {
	switch n.call {
	case unix.SYS_FSYNC, unix.SYS_FDATASYNC:
		if d.syncFail.Load() {
			return unix.EIO
		}
		return 0
	}
	if !d.full.Load() {
		return 0
	}
	file, err := os.Stat(fmt.Sprintf("/proc/%d/fd/%d", n.pid, n.args[0]))
	if err != nil || !file.Mode().IsRegular() {
		return 0 // a socket, a pipe
	}
	end := int64(0)
	switch n.call {
	case unix.SYS_PWRITE64:
		end = int64(n.args[3] + n.args[2])
	case unix.SYS_FTRUNCATE:
		end = int64(n.args[1])
	case unix.SYS_FALLOCATE:
		end = int64(n.args[2] + n.args[3])
	}
	if end > file.Size() {
		return unix.ENOSPC
	}
	return 0
}

// runConfined puts this process under the control of whoever holds the other
// end of file 3, and becomes the program in args. It returns only an error.
func runConfined(args []string) error {
	runtime.LockOSThread()                                                             // the filter is this thread's, which becomes the program
	filter := []unix.SockFilter{{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0}} // the call's number
	for i, call := range watched {
		filter = append(filter, unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jt: uint8(len(watched) - i), K: call})
	}
	filter = append(filter,
		unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
		unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_USER_NOTIF})
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("give up privileges: %w", err)
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	fd, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_NEW_LISTENER, uintptr(unsafe.Pointer(&program)))
	if errno != 0 {
		return fmt.Errorf("seccomp: %w", errno)
	}
	if err := unix.Sendmsg(3, []byte{0}, unix.UnixRights(int(fd)), nil, 0); err != nil {
		return fmt.Errorf("hand over the listener: %w", err)
	}
	unix.CloseOnExec(3)
	return syscall.Exec(args[0], args, clean(os.Environ()))
}
