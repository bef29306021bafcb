package e2e

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// TestHerd kills a server with 500 connections and lets all come back at once
// with their cursors while somebody goes on posting: each gets what it missed
// and what follows, once and in order.
func TestHerd(t *testing.T) {
	t.Parallel()
	const (
		crowd        = 500
		missed, live = 60, 20
	)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Second)
	defer cancel()
	s := newServer(t, t.TempDir(), "--limit", "posts_per_second=0", "--limit", "connections_per_user=0")
	owner := s.owner()
	people := s.people(owner, 5)
	room := s.room(owner, "channel", "stable", people...)
	start := s.log(t, owner, room)
	last := start[len(start)-1]
	lines := make([]*line, crowd)
	each(crowd, func(i int) {
		l, err := resume(ctx, s, people[i%len(people)], room, last.Seq, last.ID)
		if err != nil {
			t.Errorf("%d: %v", i, err)
			return
		}
		lines[i] = l
	})
	s.kill()
	s.start()
	for i := range missed {
		if _, err := say1(s, owner, room, fmt.Sprintf("missed-%d", i), "while you were away"); err != nil {
			t.Fatal(err)
		}
	}
	end := last.Seq + missed + live
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range live {
			if _, err := say1(s, owner, room, fmt.Sprintf("live-%d", i), "while you come back"); err != nil {
				t.Error(err)
			}
		}
	}()
	each(crowd, func(i int) {
		if lines[i] != nil {
			lines[i].ws.CloseNow()
		}
		l, err := resume(ctx, s, people[i%len(people)], room, last.Seq, last.ID)
		if err != nil {
			t.Errorf("%d, back again: %v", i, err)
			return
		}
		defer l.ws.CloseNow()
		if err := l.follow(ctx, last.Seq, end); err != nil {
			t.Errorf("%d: %v", i, err)
		}
	})
	<-done
	for s.metric("minichat_sessions") > 0 { // the server lets go of them
		select {
		case <-ctx.Done():
			t.Fatalf("%d sessions stay", s.metric("minichat_sessions"))
		case <-time.After(50 * time.Millisecond):
		}
	}
	if n := s.metric("minichat_panics_total"); n > 0 {
		t.Errorf("%d panics", n)
	}
}

func each(n int, do func(i int)) {
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { do(i) })
	}
	wg.Wait()
}

// resume connects and shows a cursor.
func resume(ctx context.Context, s *server, p person, room string, seq int64, id string) (*line, error) {
	l, err := dialLine(ctx, s.addr, 0)
	if err != nil {
		return nil, err
	}
	err = l.say(ctx, request{Type: "hello", N: 1, Token: p.token, Cursors: [][]any{{room, seq, id}}})
	if err == nil {
		_, err = l.until(ctx, "welcome")
	}
	return l, err
}

// follow reads events until end and wants each seq once and in order.
func (l *line) follow(ctx context.Context, after, end int64) error {
	for at := after; at < end; {
		f, err := l.until(ctx, "event", "events", "reset")
		if err != nil {
			return err
		}
		list := []event{f.event}
		switch f.Type {
		case "reset":
			return fmt.Errorf("reset: %s", f.Why)
		case "events":
			if list, err = f.events(); err != nil {
				return err
			}
		}
		for _, ev := range list {
			if ev.Seq != at+1 {
				return fmt.Errorf("got %d after %d", ev.Seq, at)
			}
			at = ev.Seq
		}
	}
	return nil
}

// TestSlowReader: who takes nothing for 10 s is closed with 4008, resumes where
// he was, and delays nobody.
func TestSlowReader(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Second)
	defer cancel()
	s := newServer(t, t.TempDir(), "--limit", "posts_per_second=0")
	owner := s.owner()
	people := s.people(owner, 2)
	room := s.room(owner, "channel", "queue", people...)
	const posts = 500 // of 16 KB: more than the kernel's buffers hold
	for i := range posts {
		if _, err := say1(s, owner, room, fmt.Sprintf("big-%d", i), strings.Repeat("z", 16_000)); err != nil {
			t.Fatal(err)
		}
	}
	slow, err := dialLine(ctx, s.addr, 64<<10)
	if err != nil {
		t.Fatal(err)
	}
	defer slow.ws.CloseNow()
	if err := slow.say(ctx, request{Type: "hello", N: 1, Token: people[0].token, Cursors: [][]any{{room, 0, ""}}}); err != nil {
		t.Fatal(err)
	}
	quick := watching(ctx, t, s, people[1], room, posts)
	defer quick.ws.CloseNow()
	for closed := false; !closed; { // others are served meanwhile
		closed = s.metric("minichat_socket_slow_total") > 0
		ok, err := say1(s, owner, room, fmt.Sprintf("on-%d", time.Now().UnixNano()), "on and on")
		if err != nil {
			t.Fatal(err)
		}
		for seq := int64(0); seq < ok.Seq; {
			f, err := quick.until(ctx, "event")
			if err != nil {
				t.Fatal(err)
			}
			seq = f.Seq
		}
		select {
		case <-ctx.Done():
			t.Fatal("who reads nothing is not closed")
		case <-time.After(50 * time.Millisecond):
		}
	}
	at, err := slow.drain(ctx)
	if code := websocket.CloseStatus(err); code != 4008 && code != -1 {
		t.Errorf("got close code %d, want 4008, or a line that is cut", code)
	}
	if at >= posts {
		t.Errorf("he had everything up to %d: nothing was tested", at)
	}
	head := int64(len(s.log(t, owner, room)))
	again, err := resume(ctx, s, people[0], room, at, "")
	if err != nil {
		t.Fatal(err)
	}
	defer again.ws.CloseNow()
	if err := again.follow(ctx, at, head); err != nil {
		t.Error(err)
	}
}

// drain reads what had come before the connection ended, and returns the last
// seq of it.
func (l *line) drain(ctx context.Context) (at int64, err error) {
	for {
		f, _, err := l.next(ctx)
		if err != nil {
			return at, err
		}
		at = max(at, f.To)
	}
}
