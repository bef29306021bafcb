package e2e

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"

	"minichat/tools/testbucket"
)

// s3Env is the environment of a program that speaks to the test's S3 server, and
// of all that this machine has for AWS nothing else.
func s3Env() []string {
	var env []string
	for _, v := range cleanEnv() {
		if !strings.HasPrefix(v, "AWS_") {
			env = append(env, v)
		}
	}
	return append(env, "AWS_ACCESS_KEY_ID="+testbucket.Access, "AWS_SECRET_ACCESS_KEY="+testbucket.Secret,
		"AWS_CONFIG_FILE="+os.DevNull, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull, "AWS_EC2_METADATA_DISABLED=true")
}

// newServerAt starts a server on a folder whose database has an owner already.
func newServerAt(t testing.TB, data string, args ...string) *server {
	t.Helper()
	s := &server{t: t, data: data, addr: freeAddr(t), args: args, setup: "used"}
	s.wrap = func(cmd *exec.Cmd) func() { cmd.Env = s3Env(); return func() {} }
	s.start()
	t.Cleanup(s.bury)
	return s
}

// cursor is where a client is in a room, and in which epoch.
type cursor struct {
	epoch, room, id string
	seq             int64
}

// cursor is where somebody is who has all of a room.
func (s *server) cursor(p person, room string) cursor {
	s.t.Helper()
	log := s.log(s.t, p, room)
	last := log[len(log)-1]
	c := cursor{room: room, id: last.ID, seq: last.Seq}
	c.epoch, _ = s.resume(p, cursor{room: room})
	return c
}

// resume comes back as a client that was at c, and returns the epoch of the
// server and why it was told to load the room anew, "" if it was not.
func (s *server) resume(p person, c cursor) (epoch, why string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), startWithin)
	defer cancel()
	l, err := dialLine(ctx, s.addr, 0)
	if err != nil {
		s.t.Fatal(err)
	}
	defer l.ws.CloseNow()
	if err := l.say(ctx, request{Type: "hello", N: 1, Token: p.token, Epoch: c.epoch, Rooms: ptr(false), Cursors: [][]any{{c.room, c.seq, c.id}}}); err != nil {
		s.t.Fatal(err)
	}
	welcome, err := l.until(ctx, "welcome")
	if err != nil {
		s.t.Fatal(err)
	}
	for {
		f, err := l.until(ctx, "reset", "synced")
		if err != nil {
			s.t.Fatal(err)
		}
		if f.Type == "synced" {
			return welcome.Epoch, why
		}
		why = f.Why
	}
}

// checkLog holds a room's log against what was acknowledged: dense, and all of it there once.
func checkLog(t testing.TB, s *server, p person, room string, acked []string) {
	t.Helper()
	times := map[string]int{}
	for i, ev := range s.log(t, p, room) {
		if ev.Seq != int64(i+1) {
			t.Fatalf("event %d of the room has seq %d", i+1, ev.Seq)
		}
		times[ev.Key]++
	}
	for _, key := range acked {
		if times[key] != 1 {
			t.Fatalf("%s was acknowledged and is there %d times", key, times[key])
		}
	}
}
