package e2e

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// parting is how one connection ended.
type parting struct {
	bye   bool
	retry int64
	code  websocket.StatusCode
	acked map[string]int64 // by key
	asked int
}

// TestGracefulStop sends SIGTERM to a server that people talk on: it takes leave
// of each with a bye and 1012, ends with 0, and keeps all that it acknowledged.
func TestGracefulStop(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	s := newServer(t, t.TempDir(), "--limit", "posts_per_second=0")
	owner := s.owner()
	people := s.people(owner, 8)
	room := s.room(owner, "channel", "exit", people...)
	results := make([]parting, len(people))
	enough := make(chan struct{}, len(people))
	var wg sync.WaitGroup
	for i, p := range people {
		l := watching(ctx, t, s, p, room, 0)
		wg.Go(func() { results[i] = talkUntilClosed(ctx, l, p, room, enough) })
	}
	for range people {
		<-enough
	}
	if code := s.stop(); code != 0 {
		t.Errorf("it ends with %d", code)
	}
	wg.Wait()
	s.start()
	at := map[string]int64{}
	for _, ev := range s.log(t, owner, room) {
		at[ev.Key] = ev.Seq
	}
	spread := map[int64]bool{}
	for i, r := range results {
		if !r.bye || r.code != 1012 {
			t.Errorf("%s: got bye %v and close code %d, want a bye and 1012", people[i].name, r.bye, r.code)
		}
		if unanswered := r.asked - len(r.acked); unanswered > 1 {
			t.Errorf("%s: %d posts were not answered", people[i].name, unanswered)
		}
		for key, seq := range r.acked {
			if at[key] != seq {
				t.Errorf("%s: %s was acknowledged as %d and is at %d", people[i].name, key, seq, at[key])
			}
		}
		spread[r.retry] = true
	}
	if len(spread) < 2 {
		t.Errorf("all are told to come back after the same %v ms", spread)
	}
}

// talkUntilClosed posts, one at a time, until the server closes.
func talkUntilClosed(ctx context.Context, l *line, p person, room string, enough chan<- struct{}) parting {
	defer l.ws.CloseNow()
	r := parting{acked: map[string]int64{}}
	keys := map[int64]string{}
	post := func() error {
		r.asked++
		n := int64(r.asked + 10)
		keys[n] = key(fmt.Sprintf("%s-%d", p.name, r.asked))
		return l.say(ctx, request{Type: "post", N: n, Room: room, Key: keys[n], Text: ptr(fmt.Sprintf("%s %d", p.name, n))})
	}
	if post() != nil {
		return r
	}
	for {
		f, _, err := l.next(ctx)
		if err != nil {
			var closed websocket.CloseError
			if errors.As(err, &closed) {
				r.code = closed.Code
			}
			return r
		}
		switch f.Type {
		case "ok":
			r.acked[keys[*f.N]] = f.Seq
			if len(r.acked) == 10 {
				enough <- struct{}{}
			}
			if !r.bye && post() != nil {
				r.asked-- // it did not leave
			}
		case "bye":
			r.bye, r.retry = true, f.RetryMS
		}
	}
}

// TestSecondSignal ends a server at once that waits for an upload to go on.
func TestSecondSignal(t *testing.T) {
	t.Parallel()
	s := newServer(t, t.TempDir())
	owner := s.owner()
	var up struct {
		Parts []struct{ URL string }
	}
	s.must("POST", "/files", owner.token, map[string]any{"name": "slow.bin", "size": 1 << 20, "type": "text/plain"}, &up)
	c, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprintf(c, "PUT %s HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n\r\nsome of it", up.Parts[0].URL, s.addr, 1<<20)
	for onDisk(s.data) == 0 {
		time.Sleep(10 * time.Millisecond)
	}
	s.signal(syscall.SIGTERM)
	for !strings.Contains(s.said.String(), "a second signal stops at once") {
		time.Sleep(time.Millisecond)
	}
	s.signal(syscall.SIGTERM)
	<-s.ended
	if code := s.cmd.ProcessState.ExitCode(); code != 128+int(syscall.SIGTERM) {
		t.Errorf("it ended with %d, want at once, with %d", code, 128+int(syscall.SIGTERM))
	}
	s.start()
	if _, err := say1(s, owner, s.room(owner, "channel", "after"), "still", "here"); err != nil {
		t.Error(err)
	}
}

// TestTwoServersOneFolder: the second ends, says who has the folder, and leaves
// the first in peace.
func TestTwoServersOneFolder(t *testing.T) {
	t.Parallel()
	s := newServer(t, t.TempDir())
	owner := s.owner()
	second := &server{t: t, data: s.data, addr: freeAddr(t)}
	second.launch()
	t.Cleanup(second.bury)
	select {
	case <-second.ended:
	case <-time.After(startWithin):
		t.Fatal("the second server goes on")
	}
	said := second.said.String()
	if code := second.cmd.ProcessState.ExitCode(); code != 1 || !strings.Contains(said, fmt.Sprintf("process %d", s.cmd.Process.Pid)) {
		t.Errorf("it ended with %d and said %q; want 1 and the process %d", code, said, s.cmd.Process.Pid)
	}
	room := s.room(owner, "channel", "mine")
	if _, err := say1(s, owner, room, "still", "here"); err != nil {
		t.Errorf("the first: %v", err)
	}
}
