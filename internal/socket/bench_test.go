package socket

import (
	"bytes"
	"io"
	"testing"
	"time"
)

// listened is a connection whose peer reads, or is about to, and throws away.
func listened(tb testing.TB) *Conn {
	_, conns, peers := crowd(tb, onTCP, Options{}, 1)
	go io.Copy(io.Discard, peers[0].nc)
	return conns[0]
}

var usual = AppendText(nil, bytes.Repeat([]byte("x"), 300))

// BenchmarkWrite is one delivery: a frame of the usual size to a peer who reads.
func BenchmarkWrite(b *testing.B) {
	c := listened(b)
	b.ReportAllocs()
	for b.Loop() {
		for !c.Write(usual) {
			<-c.Drained()
		}
	}
}

// A delivery that the kernel takes allocates nothing. What it does not take at
// once is copied, so the peer is given time.
func TestWriteAllocatesNothing(t *testing.T) {
	c := listened(t)
	least := 1.0
	for end := time.Now().Add(time.Minute); least > 0 && time.Now().Before(end); {
		least = min(least, testing.AllocsPerRun(20, func() { c.Write(usual) }))
		time.Sleep(time.Millisecond)
	}
	if least > 0 {
		t.Errorf("got %.1f allocations a write, want none", least)
	}
}

// BenchmarkBurst is the same to many: a delivery as the hub makes them.
func BenchmarkBurst(b *testing.B) {
	_, conns, peers := crowd(b, onTCP, Options{}, burst)
	for _, p := range peers {
		go io.Copy(io.Discard, p.r)
	}
	var out Burst
	out.Begin(usual)
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		out.Write(conns[n%burst])
	}
	out.Send()
}
