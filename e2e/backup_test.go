package e2e

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"minichat/tools/testbucket"
)

// minichat runs a command of the program and returns its standard output.
func minichat(args ...string) (string, error) {
	cmd := exec.Command(binary, args...)
	cmd.Env = s3Env()
	var out, words bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &words
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("minichat %s: %w: %s", strings.Join(args, " "), err, words.String())
	}
	return strings.TrimSpace(out.String()), nil
}

// must1 is minichat for what has to succeed.
func must1(t testing.TB, args ...string) string {
	t.Helper()
	out, err := minichat(args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// throng posts, uploads and deletes until it is told to stop, and remembers what
// was acknowledged.
type throng struct {
	s    *server
	room string

	mu    sync.Mutex
	keys  []string
	files []attachment // that nobody deletes

	stop chan struct{}
	over sync.WaitGroup
}

func newThrong(t *testing.T, s *server, people []person, room string) *throng {
	c := &throng{s: s, room: room, stop: make(chan struct{})}
	for g, p := range people {
		c.over.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-c.stop:
					return
				default:
				}
				if err := c.act(p, fmt.Sprintf("%s-%d-%d", p.name, g, i), i); err != nil {
					t.Errorf("%s: %v", p.name, err)
					return
				}
			}
		})
	}
	return c
}

func (c *throng) act(p person, word string, i int) error {
	if i%5 != 0 {
		_, err := say1(c.s, p, c.room, word, strings.Repeat("word ", 200))
		if err == nil {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.keys = append(c.keys, key(word))
		}
		return err
	}
	a, seq, err := c.s.attach(p, c.room, word, 1000+i*997%200_000)
	if err != nil {
		return err
	}
	if i%10 == 0 { // another five posts live with it, then it is gone
		return c.s.unsay(p, c.room, seq)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.files = append(c.files, a)
	return nil
}

// unsay deletes a message, over a socket of its own.
func (s *server) unsay(p person, room string, seq int64) error {
	ctx, cancel := context.WithTimeout(context.Background(), startWithin)
	defer cancel()
	l, err := dialLine(ctx, s.addr, 0)
	if err != nil {
		return err
	}
	defer l.ws.CloseNow()
	if err := l.say(ctx, request{Type: "hello", N: 1, Token: p.token, Rooms: ptr(false)}); err != nil {
		return err
	}
	if err := l.say(ctx, request{Type: "delete", N: 2, Room: room, Key: key(fmt.Sprint("unsay-", seq)), Target: seq}); err != nil {
		return err
	}
	_, err = l.until(ctx, "ok")
	return err
}

// acked is what was acknowledged until now.
func (c *throng) acked() (keys []string, files []attachment) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string(nil), c.keys...), append([]attachment(nil), c.files...)
}

// await waits until n posts were acknowledged.
func (c *throng) await(t *testing.T, n int) {
	t.Helper()
	for until := time.Now().Add(startWithin); ; time.Sleep(10 * time.Millisecond) {
		if keys, files := c.acked(); len(keys) >= n && len(files) > 2 {
			return
		}
		if time.Now().After(until) || t.Failed() {
			t.Fatal("nothing is acknowledged any more")
		}
	}
}

func (c *throng) end() {
	close(c.stop)
	c.over.Wait()
}

// TestBackupUnderLoad (aws.md 12, check 19) backs a server up while people post, upload and delete,
// loses the server, and restores elsewhere: all that was acknowledged before the
// backup began is there, and who had seen more ends with what is there.
func TestBackupUnderLoad(t *testing.T) {
	t.Parallel()
	for _, place := range []string{"folder", "bucket"} {
		t.Run(place, func(t *testing.T) {
			t.Parallel()
			testBackup(t, place == "bucket")
		})
	}
}

func testBackup(t *testing.T, bucket bool) {
	dir := t.TempDir()
	dest, args, argsBack := filepath.Join(dir, "backups"), []string{"--limit", "posts_per_second=0"}, []string{}
	if bucket {
		s3 := testbucket.Start(t)
		dest = s3.Address("backups")
		args, argsBack = append(args, "--files", s3.Address("files")), []string{"--files", s3.Address("files-again")}
	}
	s := newServer3(t, filepath.Join(dir, "data"), args...)
	files := args[2:]
	owner := s.owner()
	people := s.people(owner, 4)
	room := s.room(owner, "channel", "hall", people...)
	c := newThrong(t, s, people, room)
	c.await(t, 100)
	must1(t, append([]string{"backup", dest, "--data", s.data}, files...)...)
	c.await(t, 200)
	keys, attached := c.acked()
	name := must1(t, append([]string{"backup", dest, "--data", s.data}, files...)...)
	reader := newClient(owner, s.addr, []string{room}, newRecorder(), 1)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var running sync.WaitGroup
	running.Go(func() { reader.run(ctx) })
	c.await(t, len(keys)+100)
	c.end()
	after := s.cursor(owner, room)
	until(t, "the reader has all", func() bool { return reader.heads[room].Load() == after.seq })
	s.kill()
	if err := os.RemoveAll(s.data); err != nil {
		t.Fatal(err)
	}

	if out := must1(t, "verify", dest, "--json"); !strings.Contains(out, `"faults": []`) || !strings.Contains(out, name) {
		t.Errorf("verify says %s", out)
	}
	back := &server{t: t, addr: s.addr, data: filepath.Join(dir, "elsewhere"), args: argsBack, setup: "used", wrap: withS3}
	must1(t, append([]string{"restore", dest, "--data", back.data}, argsBack...)...)
	if out, err := minichat(append([]string{"restore", dest, "--data", back.data}, argsBack...)...); err == nil {
		t.Errorf("restored over a database: %s", out)
	}
	back.start()
	t.Cleanup(back.bury)
	checkLog(t, back, owner, room, keys)
	for _, a := range attached {
		if wrong := back.sees(people[0], a); wrong != "" {
			t.Errorf("the file %s: %s", a.name, wrong)
		}
	}
	epoch, why := back.resume(owner, after)
	if why != "epoch" || epoch == after.epoch {
		t.Errorf("who had seen more is reset because of %q, want epoch (%s after %s)", why, epoch, after.epoch)
	}
	// It learns from each event that it lacks some, and pulls a page of them.
	word := 0
	until(t, "the reader has what was restored", func() bool {
		word++
		ok, err := say1(back, owner, room, fmt.Sprint("on", word), "and it goes on")
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(200 * time.Millisecond)
		return reader.heads[room].Load() == ok.Seq && reader.idle.Load()
	})
	log := back.log(t, owner, room)
	stop()
	running.Wait()
	for _, ev := range log {
		if ev.Kind != "message" {
			continue
		}
		f := final(t, room, &ev)
		if m := reader.folds[room].messages[ev.Seq]; m == nil || m.form() != f.Form {
			t.Errorf("message %d: the reader shows %v, the log has %s", ev.Seq, m, f.Form)
		}
	}
	if code := back.stop(); code != 0 {
		t.Errorf("it ends with %d", code)
	}
	checkDatabase(t, back.database(t))
}

// newServer3 is newServer with the keys of the test's S3 server.
func newServer3(t testing.TB, data string, args ...string) *server {
	t.Helper()
	s := &server{t: t, data: data, addr: freeAddr(t), args: args, wrap: withS3}
	s.start()
	t.Cleanup(s.bury)
	return s
}

func withS3(cmd *exec.Cmd) func() {
	cmd.Env = s3Env()
	return func() {}
}

// until waits for something that comes in its own time.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(2 * startWithin); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it does not happen that %s", what)
		}
	}
}

// TestOldCopyByHand stops a server, puts yesterday's database in the place of
// today's, and starts again: the server notices, and every client ends with what
// is there.
func TestOldCopyByHand(t *testing.T) {
	t.Parallel()
	for _, ending := range []string{"stopped", "killed"} {
		t.Run(ending, func(t *testing.T) {
			t.Parallel()
			testOldCopy(t, ending == "killed")
		})
	}
}

func testOldCopy(t *testing.T, killed bool) {
	s := newServer(t, t.TempDir())
	owner := s.owner()
	room := s.room(owner, "channel", "hall")
	post := func(word string, n int) {
		t.Helper()
		for i := range n {
			if _, err := say1(s, owner, room, fmt.Sprint(word, i), "hello"); err != nil {
				t.Fatal(err)
			}
		}
	}
	post("yesterday", 3)
	yesterday := s.cursor(owner, room)
	s.stop()
	database := s.database(t)
	copied, err := os.ReadFile(database) // the server stopped: all is in this one file
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(t.TempDir(), "folder")
	if err := os.CopyFS(folder, os.DirFS(s.data)); err != nil {
		t.Fatal(err)
	}
	s.start()
	post("today", 5)
	today := s.cursor(owner, room)
	if !killed {
		s.stop()
	} else {
		// What was reached is noted every ten seconds while it runs.
		until(t, "it is noted how far the history has come", func() bool {
			b, err := os.ReadFile(filepath.Join(s.data, ".minichat-history"))
			return err == nil && strings.HasSuffix(strings.TrimSpace(string(b)), fmt.Sprint(" ", s.events(owner)))
		})
		s.kill()
	}
	for _, side := range []string{"-wal", "-shm"} {
		os.Remove(database + side) // they are of today
	}
	if err := os.WriteFile(database, copied, 0o600); err != nil {
		t.Fatal(err)
	}
	s.start()
	if !strings.Contains(s.said.String(), "older copy") {
		t.Errorf("it says nothing:\n%s", s.said.String())
	}
	for name, c := range map[string]cursor{"today": today, "yesterday": yesterday} {
		if epoch, why := s.resume(owner, c); why != "epoch" || epoch == c.epoch {
			t.Errorf("who comes back from %s is reset because of %q", name, why)
		}
	}
	post("again", 1)
	checkLog(t, s, owner, room, []string{key("yesterday0"), key("yesterday2"), key("again0")})
	first := s.cursor(owner, room)
	s.stop()
	s.start()
	if _, why := s.resume(owner, first); why != "" {
		t.Errorf("after another start somebody is reset because of %q", why)
	}
	// A copy of the whole folder shows nothing of that; those who have seen more
	// are told as they come.
	whole := newServerAt(t, folder)
	if _, err := say1(whole, owner, room, "other", "another history"); err != nil {
		t.Fatal(err)
	}
	for want, c := range map[string]cursor{"cursor": today, "": yesterday} {
		if _, why := whole.resume(owner, c); why != want {
			t.Errorf("with the whole folder of yesterday, at %d: reset because of %q, want %q", c.seq, why, want)
		}
	}
	// A copy in a new folder has no marker.
	s.stop()
	other := t.TempDir()
	if copied, err = os.ReadFile(database); err == nil {
		err = os.WriteFile(filepath.Join(other, "minichat.db"), copied, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := newServerAt(t, other)
	if _, why := elsewhere.resume(owner, first); why != "epoch" {
		t.Errorf("in a new folder who comes back is reset because of %q", why)
	}
}

// events is the number of events of all rooms that the owner is in.
func (s *server) events(owner person) (n int64) {
	s.t.Helper()
	var rooms struct{ List []struct{ Head int64 } }
	s.must("GET", "/rooms", owner.token, nil, &rooms)
	for _, r := range rooms.List {
		n += r.Head
	}
	return n
}
