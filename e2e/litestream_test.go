package e2e

import (
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

// shipper is the real litestream beside a server.
type shipper struct {
	t      *testing.T
	bin    string
	config string
	data   string
	env    []string
	cmd    *exec.Cmd
	said   *transcript
}

func newShipper(t *testing.T, data string, s3 *testbucket.Server) *shipper {
	t.Helper()
	l := &shipper{t: t, bin: testbucket.Tool(t, "litestream"), config: "../deploy/litestream/litestream.yml", data: data}
	l.env = append(s3Env(), "MINICHAT_DATA="+data, "LITESTREAM_BUCKET="+s3.Bucket, "AWS_REGION="+testbucket.Region,
		"LITESTREAM_ENDPOINT="+s3.URL, "LITESTREAM_PATH_STYLE=true")
	t.Cleanup(func() {
		l.kill()
		if t.Failed() && l.said != nil {
			t.Logf("litestream's last words:\n%s", tail(l.said.String(), 4000))
		}
	})
	return l
}

// command is litestream, as it has to be started here: it takes no bundle of
// certificates from the environment.
func (l *shipper) command(args ...string) *exec.Cmd {
	cmd := exec.Command(l.bin, args...)
	cmd.Env = l.env
	return cmd
}

func (l *shipper) start() {
	l.t.Helper()
	l.said = &transcript{}
	l.cmd = l.command("replicate", "-config", l.config)
	l.cmd.Stdout, l.cmd.Stderr = l.said, l.said
	if err := l.cmd.Start(); err != nil {
		l.t.Fatal(err)
	}
}

func (l *shipper) kill() {
	if l.cmd != nil {
		l.cmd.Process.Kill() // it may be over already
		l.cmd.Wait()         // it was killed, which is an error
		l.cmd = nil
	}
}

// sync waits until what is in the database now is in the bucket.
func (l *shipper) sync(database string) {
	l.t.Helper()
	until := time.Now().Add(startWithin)
	for {
		out, err := l.command("sync", "-wait", "-timeout", "60", "-socket", filepath.Join(l.data, "litestream.sock"), database).CombinedOutput()
		if err == nil {
			return
		}
		if time.Now().After(until) {
			l.t.Fatalf("litestream sync: %v: %s", err, out)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func (l *shipper) restore(database, to string, more ...string) {
	l.t.Helper()
	args := append([]string{"restore", "-config", l.config, "-integrity-check", "full", "-o", to}, more...)
	if out, err := l.command(append(args, database)...).CombinedOutput(); err != nil {
		l.t.Fatalf("litestream restore: %v: %s", err, out)
	}
}

// talk posts long messages to a room until n are acknowledged, and returns the
// keys of those.
func (s *server) talk(p person, room, name string, n int) (keys []string) {
	s.t.Helper()
	var mu sync.Mutex
	var group sync.WaitGroup
	for g := range 4 {
		group.Go(func() {
			for i := range n / 4 {
				key := fmt.Sprintf("%s-%d-%d-%s", name, g, i, strings.Repeat("k", 16))
				_, err := call(s.addr, "POST", "/rooms/"+room+"/messages", p.token, map[string]any{"text": strings.Repeat("long ", 2000)}, nil, "Idempotency-Key", key)
				if err != nil {
					s.t.Errorf("post: %v", err)
					return
				}
				mu.Lock()
				keys = append(keys, key)
				mu.Unlock()
			}
		})
	}
	group.Wait()
	return keys
}

// The real litestream ships the database of a server that takes posts, beside
// the server's own checkpoints. Both are killed; what was shipped comes back in
// another folder with all that was acknowledged before, and clients of the old
// server load their rooms anew.
func TestLitestream(t *testing.T) {
	t.Parallel()
	s3 := testbucket.Start(t)
	short, err := os.MkdirTemp("", "ship-") // the path of a socket may have no more than some hundred bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(short) })
	srv := newServer(t, short, "--limit", "posts_per_second=0")
	owner := srv.owner()
	room := srv.room(owner, "channel", "ship")
	database := srv.database(t)
	l := newShipper(t, srv.data, s3)
	l.start()
	l.sync(database)
	acked := srv.talk(owner, room, "first", 2000) // 20 MB: more than what the server lets its write-ahead log hold
	l.sync(database)
	first := len(acked)
	then := time.Now().UTC().Add(time.Second).Truncate(time.Second).Add(time.Second)
	time.Sleep(time.Until(then.Add(time.Second)))
	// One that is killed and comes back goes on where it was.
	l.kill()
	acked = append(acked, srv.talk(owner, room, "alone", 2000)...)
	l.start()
	acked = append(acked, srv.talk(owner, room, "second", 400)...)
	l.sync(database)
	srv.talk(owner, room, "late", 40) // may be lost
	old := srv.cursor(owner, room)
	srv.kill()
	l.kill()

	if info, err := os.Stat(database + "-wal"); err != nil || info.Size() > 64<<20 {
		t.Errorf("the write-ahead log: %v, %v", info, err)
	}
	back := filepath.Join(t.TempDir(), "back")
	if err := os.MkdirAll(back, 0o700); err != nil {
		t.Fatal(err)
	}
	l.restore(database, filepath.Join(back, "minichat.db"))
	before := t.TempDir()
	l.restore(database, filepath.Join(before, "minichat.db"), "-timestamp", then.Format(time.RFC3339))
	yesterday := newServerAt(t, before)
	checkLog(t, yesterday, owner, room, acked[:first])
	if n := int64(first + 100); yesterday.cursor(owner, room).seq > n {
		t.Errorf("at %v there are more than %d events", then, n)
	}
	again := newServerAt(t, back)
	checkLog(t, again, owner, room, acked)
	if _, why := again.resume(owner, old); why != "epoch" {
		t.Errorf("an old cursor is answered with %q, want a reset because of the epoch", why)
	}
	if code := again.stop(); code != 0 {
		t.Errorf("the server that was brought back ends with %d", code)
	}
	checkDatabase(t, filepath.Join(back, "minichat.db"))
}
