package e2e

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestFullDisk fills the disk under a talking server: what was acknowledged is
// kept, what is refused is refused in words and for good, reading goes on, and
// with room again all goes on without a new start.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	for _, v := range volumes(t) {
		t.Run(v.name, func(t *testing.T) {
			s := &server{t: t, addr: freeAddr(t), data: v.data, args: []string{"--limit", "posts_per_second=0"}}
			if v.data == "" {
				d := &faultyDisk{}
				s.data, s.wrap = t.TempDir(), d.confine(t)
				v.fill, v.free = func() { d.full.Store(true) }, func() { d.full.Store(false) }
				defer func() {
					if d.refused.Load() == 0 {
						t.Error("no call was refused: nothing was tested")
					}
				}()
			}
			s.start()
			t.Cleanup(s.bury)
			testFullDisk(t, s, v)
		})
	}
}

func testFullDisk(t *testing.T, s *server, v volume) {
	owner := s.owner()
	people := s.people(owner, 4)
	room := s.room(owner, "channel", "attic", people...)
	before := len(s.log(t, owner, room))
	acked, refused := postUntilFull(t, s, people, room, v.fill)
	log := s.log(t, people[0], room) // reading goes on
	if got, want := len(log), before+acked; got != want {
		t.Errorf("full: the log has %d events, want %d", got, want)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	l := watching(ctx, t, s, people[1], room, int64(len(log)))
	defer l.ws.CloseNow()
	acked += refusedLive(ctx, t, l, room)
	if n := s.metric(`minichat_refused_total{code="storage_full"}`); n < 1 {
		t.Errorf("full: the metrics tell of %d refusals", n)
	}
	if n := s.metric("minichat_data_disk_free_bytes"); v.data != "" && n > 1<<20 {
		t.Errorf("full: the metrics tell of %d free bytes", n)
	}
	v.free()
	if n := s.metric("minichat_data_disk_free_bytes"); n < 1<<20 {
		t.Errorf("with room again the metrics tell of %d free bytes", n)
	}
	pid := s.cmd.Process.Pid
	for i, p := range people { // what was refused, with its key
		ok, err := say1(s, p, room, refused[i], "small")
		if err != nil || ok.Dup {
			t.Errorf("with room again: got %+v, %v", ok, err)
			continue
		}
		for f := (frame{}); f.Seq < ok.Seq; {
			if f, err = l.until(ctx, "event"); err != nil {
				t.Fatalf("with room again, live: %v", err)
			}
		}
	}
	again := s.log(t, owner, room)
	if got, want := len(again), before+acked+len(people); got != want {
		t.Errorf("with room again the log has %d events, want %d", got, want)
	}
	if s.cmd.Process.Pid != pid || s.cmd.ProcessState != nil {
		t.Error("the server was started anew")
	}
	s.kill()
	s.start()
	if got := len(s.log(t, owner, room)); got != len(again) {
		t.Errorf("after a kill the log has %d events, want %d", got, len(again))
	}
	if code := s.stop(); code != 0 {
		t.Errorf("SIGTERM: it ends with %d", code)
	}
	checkDatabase(t, s.database(t))
}

// postUntilFull lets all people post, fills the disk under them, and returns how
// many posts were taken, and for each person the key of a small post that was
// refused again and again. SQLite writes over what it has: on a full disk
// some posts may still be taken, and count.
func postUntilFull(t *testing.T, s *server, people []person, room string, fill func()) (acked int, refused []string) {
	var taken atomic.Int64
	var wg sync.WaitGroup
	filling := make(chan struct{})
	refused = make([]string, len(people))
	for i, p := range people {
		wg.Go(func() {
			for n, times := 0, 0; times < 3; {
				word, text := fmt.Sprintf("%s-%d", p.name, n), strings.Repeat("x", 12_000)
				if times > 0 {
					word, text = word+"-small", "small"
				}
				_, err := say1(s, p, room, word, text)
				if err == nil {
					n, times = n+1, 0
					if taken.Add(1) == 40 {
						close(filling)
					}
					continue
				}
				if !wantFull(t, err) {
					return
				}
				times, refused[i] = times+1, word
			}
		})
	}
	<-filling
	fill()
	wg.Wait()
	return int(taken.Load()), refused
}

func wantFull(t *testing.T, err error) bool {
	t.Helper()
	e, ok := errors.AsType[*callError](err)
	ok = ok && e.Status == 507 && e.Code == "storage_full" && e.Definite
	if !ok {
		t.Errorf("got %v, want a definite storage_full", err)
	}
	return ok
}

// refusedLive posts over the socket until that is refused, and returns how many
// were taken before. Reading over the same connection goes on.
func refusedLive(ctx context.Context, t *testing.T, l *line, room string) (taken int) {
	t.Helper()
	for ; ; taken++ {
		n := int64(taken + 10)
		if err := l.say(ctx, request{Type: "post", N: n, Room: room, Key: key(fmt.Sprintf("socket-%d", n)), Text: ptr(strings.Repeat("y", 15_000))}); err != nil {
			t.Fatal(err)
		}
		f, _, err := l.next(ctx)
		for err == nil && f.Type != "ok" && f.Type != "error" {
			f, _, err = l.next(ctx)
		}
		if err == nil && f.Type == "ok" {
			continue
		}
		if err != nil || f.code() != "storage_full" || !f.Definite || f.Message == "" {
			t.Errorf("post: got %s %s %q, %v; want a definite storage_full", f.Type, f.Code, f.Message, err)
		}
		break
	}
	if err := l.say(ctx, request{Type: "pull", N: 4, Room: room}); err != nil {
		t.Fatal(err)
	}
	if _, err := l.until(ctx, "events"); err != nil {
		t.Errorf("pull: %v", err)
	}
	return taken
}

// TestFailedSync lets fsync fail: nothing is acknowledged any more, the process
// ends with a reason, and after a new start nothing that was acknowledged is
// missing and nothing is there twice.
func TestFailedSync(t *testing.T) {
	t.Parallel()
	d := &faultyDisk{}
	s := &server{t: t, addr: freeAddr(t), data: t.TempDir(), wrap: d.confine(t)}
	s.start()
	t.Cleanup(s.bury)
	owner := s.owner()
	room := s.room(owner, "channel", "cellar")
	acked, err := say1(s, owner, room, "before", "kept")
	if err != nil {
		t.Fatal(err)
	}
	d.syncFail.Store(true)
	_, err = say1(s, owner, room, "lost", "perhaps")
	if e, ok := errors.AsType[*callError](err); err == nil || ok && e.Definite {
		t.Errorf("with a failing fsync: got %v, want an error that is not definite", err)
	}
	select {
	case <-s.ended:
	case <-time.After(startWithin):
		t.Fatal("the server goes on with a disk that cannot be trusted")
	}
	if code := s.cmd.ProcessState.ExitCode(); code == 0 || !strings.Contains(s.said.String(), "disk failed") {
		t.Errorf("it ended with %d and said\n%s", code, tail(s.said.String(), 1000))
	}
	d.syncFail.Store(false)
	s.start()
	if again, err := say1(s, owner, room, "before", "kept"); err != nil || !again.Dup || again.Seq != acked.Seq {
		t.Errorf("what was acknowledged: got %+v, %v; want dup of %d", again, err, acked.Seq)
	}
	first, err := say1(s, owner, room, "lost", "perhaps")
	if err != nil {
		t.Errorf("the same again: %v", err)
	}
	if again, err := say1(s, owner, room, "lost", "perhaps"); err != nil || again.Seq != first.Seq || !again.Dup {
		t.Errorf("once more: got %+v, %v; want dup of %d", again, err, first.Seq)
	}
}
