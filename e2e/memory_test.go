package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// TestMemoryIsFull gives a server little memory and lets people come who each
// begin a long message and do not end it: from some point on those who come are
// sent away with 1013, those inside talk on, and when the many are gone there is
// room again.
func TestMemoryIsFull(t *testing.T) {
	t.Parallel()
	t.Run("GOMEMLIMIT", func(t *testing.T) {
		memoryIsFull(t, func(cmd *exec.Cmd) func() {
			cmd.Env = append(cmd.Env, "GOMEMLIMIT=72MiB")
			return func() {}
		})
	})
	group, why := cgroupOf(t, 128<<20)
	if why != nil {
		t.Logf("no cgroup can be made here (%v): only GOMEMLIMIT was tried", why)
		return
	}
	t.Run("cgroup", func(t *testing.T) {
		memoryIsFull(t, func(cmd *exec.Cmd) func() {
			cmd.Args = append([]string{"sh", "-c", `echo $$ >"$0/cgroup.procs" && exec "$@"`, group, cmd.Path}, cmd.Args[1:]...)
			cmd.Path = "/bin/sh"
			return func() {}
		})
	})
}

// cgroupOf makes a cgroup whose processes may have that much memory, in version
// 1 or 2; it goes when the test ends. It needs root.
func cgroupOf(t *testing.T, bytes int64) (dir string, err error) {
	for _, v := range []struct{ top, file string }{
		{"/sys/fs/cgroup/memory", "memory.limit_in_bytes"},
		{"/sys/fs/cgroup", "memory.max"},
	} {
		if dir, err = os.MkdirTemp(v.top, "minichat-e2e-"); err != nil {
			continue
		}
		if err = os.WriteFile(filepath.Join(dir, v.file), fmt.Append(nil, bytes), 0o644); err != nil {
			os.Remove(dir)
			continue
		}
		t.Cleanup(func() {
			if err := os.Remove(dir); err != nil {
				t.Error(err)
			}
		})
		return dir, nil
	}
	return "", err
}

func memoryIsFull(t *testing.T, confine func(*exec.Cmd) func()) {
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Second)
	defer cancel()
	s := &server{t: t, addr: freeAddr(t), data: t.TempDir(), args: []string{"--limit", "connections_per_user=0", "--limit", "frame_bytes=262144"}}
	s.wrap = confine
	s.start()
	t.Cleanup(s.bury)
	owner := s.owner()
	room := s.room(owner, "channel", "small")
	inside := watching(ctx, t, s, owner, room, 0)
	heard := make(chan error, 1) // he listens all the time: who answers no ping is taken for dead
	go func() {
		_, err := inside.until(ctx, "event")
		heard <- err
	}()
	half := strings.Repeat(" ", 240_000) // kept for ten seconds: enough of them must come in that time, also on a slow machine
	var many []*line
	refused := false
	for len(many) < 3000 && !refused {
		l, err := dialLine(ctx, s.addr, 0)
		if err != nil {
			t.Fatalf("connection %d: %v", len(many), err)
		}
		defer l.ws.CloseNow()
		many = append(many, l)
		err = l.say(ctx, request{Type: "hello", N: 1, Token: owner.token})
		if err == nil {
			_, err = l.until(ctx, "welcome")
		}
		if err != nil {
			if code := websocket.CloseStatus(err); code != 1013 {
				t.Fatalf("connection %d: got %v, want a close with 1013", len(many), err)
			}
			refused = true
			break
		}
		w, err := l.ws.Writer(ctx, websocket.MessageText)
		if err != nil {
			t.Fatal(err)
		}
		w.Write([]byte(half)) // never closed; it may fail, as half a message is not kept for long
	}
	if !refused {
		t.Fatalf("none of %d connections was refused", len(many))
	}
	t.Logf("connection %d was refused", len(many))
	if _, err := say1(s, owner, room, "while-full", "those inside live on"); err != nil {
		t.Error(err)
	}
	if err := <-heard; err != nil {
		t.Errorf("inside: %v", err)
	}
	for _, l := range many {
		l.ws.CloseNow()
	}
	for {
		l, err := dialLine(ctx, s.addr, 0)
		if err == nil {
			err = l.say(ctx, request{Type: "hello", N: 1, Token: owner.token})
		}
		if err == nil {
			_, err = l.until(ctx, "welcome")
		}
		if err == nil {
			l.ws.CloseNow()
			return
		}
		if code := websocket.CloseStatus(err); code != 1013 {
			t.Fatalf("got %v, want to be let in or a close with 1013", err)
		}
		select {
		case <-ctx.Done():
			t.Fatal("there is no room again")
		case <-time.After(50 * time.Millisecond):
		}
	}
}
