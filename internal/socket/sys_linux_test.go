package socket

import (
	"bytes"
	"errors"
	"io"
	"net"
	"syscall"
	"testing"
	"time"
)

// ownDescriptor is one end of a TCP connection, as the poller takes it over,
// and the other end.
func ownDescriptor(t testing.TB) (fd int32, peer *net.TCPConn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	nc, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	other, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	fd, ok := takeOver(other.(*net.TCPConn))
	if !ok {
		t.Fatal("the descriptor could not be taken over")
	}
	return fd, nc.(*net.TCPConn)
}

// TestSendInParts fills the kernel's buffers: what it takes is a part, then
// nothing, and after the peer has read it goes on where it stopped.
func TestSendInParts(t *testing.T) {
	fd, peer := ownDescriptor(t)
	defer release(fd)
	want := make([]byte, 32<<20)
	for i := range want {
		want[i] = byte(i ^ i>>8 ^ i>>16)
	}
	n, err := writeNow(fd, want)
	if err != nil || n <= 0 || n >= len(want) {
		t.Fatalf("got %d, %v; want a part of %d bytes", n, err, len(want))
	}
	full := false
	for end := time.Now().Add(time.Minute); !full && time.Now().Before(end); {
		m, err := writeNow(fd, want[n:])
		if err != nil {
			t.Fatal(err)
		}
		n += m
		full = m == 0
	}
	if !full {
		t.Fatal("the kernel takes everything from a peer that does not read")
	}
	got := make(chan []byte, 1)
	go func() {
		b, _ := io.ReadAll(peer)
		got <- b
	}()
	for end := time.Now().Add(time.Minute); n < len(want) && time.Now().Before(end); {
		m, err := writeNow(fd, want[n:])
		if err != nil {
			t.Fatal(err)
		}
		if n += m; m == 0 {
			time.Sleep(time.Millisecond)
		}
	}
	endWriting(fd)
	if b := <-got; !bytes.Equal(b, want) {
		t.Errorf("the peer has %d bytes, want the same %d that were sent", len(b), len(want))
	}
}

func TestReceive(t *testing.T) {
	fd, peer := ownDescriptor(t)
	defer release(fd)
	b := make([]byte, 16)
	if n, err := readNow(fd, b); n != -1 || err != nil {
		t.Errorf("nothing there: got %d, %v, want -1", n, err)
	}
	peer.Write([]byte("hello"))
	if n, err := readSoon(fd, b); n != 5 || err != nil || string(b[:n]) != "hello" {
		t.Errorf("got %q, %v, want hello", b[:max(n, 0)], err)
	}
	peer.CloseWrite()
	if n, err := readSoon(fd, b); n != 0 || err != nil {
		t.Errorf("the end: got %d, %v, want 0", n, err)
	}
}

// readSoon is readNow that waits until there is something.
func readSoon(fd int32, b []byte) (n int, err error) {
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if n, err = readNow(fd, b); n != -1 {
			return n, err
		}
	}
	return n, err
}

// TestSendToNobody ends the process if SIGPIPE is not kept off.
func TestSendToNobody(t *testing.T) {
	fd, peer := ownDescriptor(t)
	peer.SetLinger(0)
	peer.Close() // resets
	var err error
	for end := time.Now().Add(time.Minute); err == nil && time.Now().Before(end); time.Sleep(time.Millisecond) {
		_, err = writeNow(fd, []byte("x"))
	}
	if !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("got %v, want a reset", err)
	}
	if _, err = writeNow(fd, []byte("x")); !errors.Is(err, syscall.EPIPE) {
		t.Errorf("got %v, want EPIPE", err)
	}
	if n, err := readNow(fd, make([]byte, 1)); n != 0 || err != nil {
		t.Errorf("got %d, %v, want the end", n, err)
	}
	release(fd)
	if _, err := writeNow(-1, []byte("x")); !errors.Is(err, syscall.EBADF) {
		t.Errorf("no descriptor: got %v, want EBADF", err)
	}
	if _, err := readNow(-1, make([]byte, 1)); !errors.Is(err, syscall.EBADF) {
		t.Errorf("no descriptor: got %v, want EBADF", err)
	}
}
