package hub

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"
)

// sizeOf is how large a test is: MINICHAT_TEST_<name>, or small.
func sizeOf(t *testing.T, name string, small int) int {
	t.Helper()
	n, err := strconv.Atoi(os.Getenv("MINICHAT_TEST_" + name))
	if err != nil || n < small {
		return small
	}
	return n
}

// nextSeqs reads one frame off a bare connection: the events in it.
func nextSeqs(r *bufio.Reader) ([]int64, error) {
	var h [2]byte
	if _, err := io.ReadFull(r, h[:]); err != nil {
		return nil, err
	}
	size := int(h[1])
	if size >= 126 {
		var long [8]byte
		b := long[:2+6*(size-126)]
		if _, err := io.ReadFull(r, b); err != nil {
			return nil, err
		}
		size = 0
		for _, c := range b {
			size = size<<8 | int(c)
		}
	}
	b := make([]byte, size)
	if _, err := io.ReadFull(r, b); err != nil || h[0] != 0x81 {
		return nil, err
	}
	var m message
	if err := json.Unmarshal(b, &m); err != nil {
		return nil, err
	}
	return m.seqs(), nil
}

// A room so large that a flush is spread over the cores: everybody gets every
// event once and in order, also those who come meanwhile.
// MINICHAT_TEST_CROWD=9000 is what 20,000 descriptors allow.
func TestCrowd(t *testing.T) {
	n := sizeOf(t, "CROWD", 150)
	const posts, early = 300, 100
	was := runtime.GOMAXPROCS(max(2, runtime.GOMAXPROCS(0)))
	t.Cleanup(func() { runtime.GOMAXPROCS(was) })
	w := newWorld(t, func(o *Options, so *sockOptions) {
		o.Limits.ConnectionsPerUser, so.Tick = 0, 250*time.Millisecond
		o.Crowd = min(4096, n/3)
	})
	w.addRoom("r", "ana")
	var readers sync.WaitGroup
	read := func(nc net.Conn) {
		r, at := bufio.NewReaderSize(nc, 2048), int64(0)
		for at < posts {
			nc.SetReadDeadline(time.Now().Add(60 * time.Second))
			seqs, err := nextSeqs(r)
			if err != nil {
				t.Errorf("behind event %d: %v", at, err)
				return
			}
			for _, seq := range seqs {
				if at > 0 && seq != at+1 {
					t.Errorf("got event %d behind %d", seq, at)
					return
				}
				at = seq
			}
		}
	}
	join := func(count int) {
		for range count {
			nc := w.sleeper(t, "r")
			readers.Go(func() { read(nc) })
		}
	}
	join(n / 2)
	for i := range posts {
		w.post("r", "ana", fmt.Sprint("post ", i))
		if i == early {
			join(n - n/2 - 1)
		}
		if i == posts-2 {
			join(1) // who has at least the last one to come
		}
	}
	readers.Wait()
	if s := w.hub.Stats(); s.Behind > 0 {
		t.Logf("%d of %d fell behind and were fed from the log", s.Behind, n)
	}
}
