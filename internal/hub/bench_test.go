package hub

import (
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"minichat/internal/socket"
)

// swallow adds clients that cost as little as can be: they read and count bytes.
func swallow(b testing.TB, w *world, room string, n int) *atomic.Int64 {
	var got atomic.Int64
	for range n {
		nc, buf := w.sleeper(b, room), make([]byte, 4096)
		go func() {
			for {
				k, err := nc.Read(buf)
				if err != nil {
					return
				}
				got.Add(int64(k))
			}
		}()
	}
	return &got
}

// sleeper is a bare connection that watches a room and then reads nothing.
func (w *world) sleeper(t testing.TB, room string) net.Conn {
	t.Helper()
	nc, err := net.Dial("tcp", w.ts.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	w.who <- Client{User: "ana"}
	fmt.Fprint(nc, "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
	say := func(s string) { nc.Write(append([]byte{0x81, 0x80 | byte(len(s)), 0, 0, 0, 0}, s...)) }
	say(`{"type":"hello","n":0}`)
	say(`{"type":"watch","n":1,"room":"` + room + `"}`)
	buf := make([]byte, 4096)
	for all := ""; !strings.Contains(all, "synced"); {
		k, err := nc.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		all += string(buf[:k])
	}
	return nc
}

func benchWorld(b *testing.B) *world {
	return newWorld(b, func(o *Options, so *sockOptions) {
		o.Limits.ConnectionsPerUser, o.Gather, so.Tick = 0, time.Second, 250*time.Millisecond
	})
}

// BenchmarkGive is the delivery alone: a batch of one event to watchers whose
// peers do read. Allocations are per delivery.
func BenchmarkGive(b *testing.B) {
	const watchers = 100
	w := benchWorld(b)
	w.addRoom("r", "ana")
	swallow(b, w, "r", watchers)
	r := w.hub.find("r")
	frame := appendFrame(nil, []byte(strings.Repeat("x", 200)))
	b.ReportAllocs()
	b.ResetTimer()
	var sent tallied
	list := r.groups[0].list
	one := batch{buf: frame, events: 1}
	var out socket.Burst
	out.Begin(one.buf)
	for i := range b.N {
		one.last = int64(i/watchers + 1)
		one.after = one.last - 1
		list[i%watchers].give(&one, &out, &sent)
		if i%watchers == watchers-1 {
			out.Send()
		}
	}
}

// A delivery to a peer who reads allocates nothing. Whatever else runs in the
// process may, so the least counts.
func TestDeliveryAllocatesNothing(t *testing.T) {
	w := newWorld(t)
	w.addRoom("r", "ana")
	swallow(t, w, "r", 1)
	to := w.hub.find("r").groups[0].list[0]
	one := batch{buf: appendFrame(nil, []byte(strings.Repeat("x", 200))), events: 1}
	var sent tallied
	var out socket.Burst
	out.Begin(one.buf)
	least := 1.0
	for end := time.Now().Add(time.Minute); least > 0 && time.Now().Before(end); {
		least = min(least, testing.AllocsPerRun(20, func() {
			one.after = one.last
			one.last++
			to.give(&one, &out, &sent)
			out.Send()
		}))
		time.Sleep(time.Millisecond)
	}
	if least > 0 || sent.writes < 20 {
		t.Errorf("got %.1f allocations a delivery and %d writes, want none, and all", least, sent.writes)
	}
}

// BenchmarkFanOut is a post to a room of 1000, from the bus to the sockets, one
// at a time; ns/delivery is the machine's, senders and readers together.
func BenchmarkFanOut(b *testing.B) {
	const watchers = 1000
	w := benchWorld(b)
	w.addRoom("r", "ana")
	swallow(b, w, "r", watchers)
	start := w.hub.Stats()
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		w.post("r", "ana", "x")
		for w.hub.Stats().Deliveries-start.Deliveries < int64(i+1)*watchers {
			time.Sleep(50 * time.Microsecond)
		}
	}
	end := w.hub.Stats()
	n := float64(end.Deliveries - start.Deliveries)
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/n, "ns/delivery")
	b.ReportMetric(n/float64(end.Writes-start.Writes), "deliveries/write")
}

// BenchmarkBusyRoom is the same room with posts as fast as they can be made.
func BenchmarkBusyRoom(b *testing.B) {
	const watchers = 1000
	w := benchWorld(b)
	w.addRoom("r", "ana")
	swallow(b, w, "r", watchers)
	start := w.hub.Stats()
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		w.post("r", "ana", "x")
		for int64(i+1)*watchers-(w.hub.Stats().Deliveries-start.Deliveries) > 200*watchers {
			time.Sleep(50 * time.Microsecond)
		}
	}
	for w.hub.Stats().Deliveries-start.Deliveries < int64(b.N)*watchers {
		time.Sleep(50 * time.Microsecond)
	}
	end := w.hub.Stats()
	n := float64(end.Deliveries - start.Deliveries)
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/n, "ns/delivery")
	b.ReportMetric(n/float64(end.Writes-start.Writes), "deliveries/write")
}
