package e2e

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"minichat/tools/halt"
	"minichat/tools/testbucket"
)

// P18, fault 24: the server is killed, or its power is pulled, in the midst of
// uploads. What was acknowledged is there byte for byte; what was not is whole or
// not to be seen, goes on where it was, or leaves nothing behind.
func TestTornUploads(t *testing.T) {
	t.Run("disk", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		place := filepath.Join(dir, "files")
		tornUploads(t, &torn{server: newServer(t, dir), bytes: place, left: func() (int, int) { return leftOnDisk(t, place) }})
	})
	t.Run("bucket", func(t *testing.T) {
		testbucket.Keys(t) // in the environment, which the server gets
		bucket := testbucket.Start(t)
		args := []string{"--files", bucket.Address("chat")}
		tornUploads(t, &torn{server: newServer(t, t.TempDir(), args...), bytes: bucket.Dir, check: args, left: func() (int, int) { return leftInBucket(t, bucket) }})
	})
	t.Run("power", func(t *testing.T) {
		if os.Geteuid() != 0 {
			t.Skip("a file system is mounted for it, which root alone may")
		}
		t.Parallel()
		p := newPlug(t)
		data := filepath.Join(p.dir, "data")
		place := filepath.Join(data, "files")
		s := newServer(t, data)
		tornUploads(t, &torn{server: s, bytes: place, pull: func() { p.pull(s) }, back: p.back, left: func() (int, int) { return leftOnDisk(t, place) }})
	})
}

// torn is a server that ends in the midst of uploads, and comes back.
type torn struct {
	*server
	pull, back func() // what happens before the kill, and before the start; nil: nothing
	bytes      string // folder that holds the bytes of the files
	check      []string
	left       func() (files, uploads int) // what is in the place of the files

	owner person
	room  string
	rnd   *rand.Rand
	mu    sync.Mutex // of what follows
	count map[string]int
	tell  func(step string)
	known map[string]attachment // by file
	acked []attachment
	open  []string // files whose upload came to no end
}

var tornSteps = []string{"begin", "part", "complete", "post"}

func tornUploads(t *testing.T, w *torn) {
	w.rnd = rand.New(rand.NewPCG(seed(t), 0))
	w.known = map[string]attachment{}
	w.owner = w.server.owner()
	w.room = w.server.room(w.owner, "channel", "attic")
	for round := range 8 {
		w.round(round, tornSteps[round%len(tornSteps)])
	}
	t.Logf("%d files acknowledged, %d of %d uploads torn", len(w.acked), len(w.open), len(w.known))
	if len(w.acked) < 8 || len(w.open) < 8 {
		t.Error("that proves little")
	}
	for _, a := range w.acked {
		if wrong := w.sees(w.owner, a); wrong != "" {
			t.Errorf("%s of %d bytes was acknowledged: %s", a.id, a.size, wrong)
		}
	}
	shown := w.shown()
	kept := len(shown)
	var given []string
	for i, id := range w.open {
		switch {
		case shown[id]:
		case i%2 == 0:
			w.resume(id)
			kept++
		default:
			w.state(id)
			given = append(given, id)
		}
	}

	// Whose bytes were whole, and whose owner did not ask, has a row until that expires.
	for _, id := range given {
		w.must("DELETE", "/files/"+id, w.owner.token, nil, nil)
	}
	// Two days later.
	age(t, w.bytes)
	ageOpen(t, w.database(t))
	w.filesCheck("--fix")
	if said := w.filesCheck(); said != "" {
		t.Errorf("after files check --fix there is left:\n%s", said)
	}
	if _, uploads := w.left(); uploads != 0 {
		t.Errorf("%d unfinished uploads are left", uploads)
	}
	for began := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		files, uploads := w.left()
		if files == kept && uploads == 0 {
			break
		}
		if time.Since(began) > startWithin {
			t.Fatalf("there are %d files and %d uploads, want %d and none", files, uploads, kept)
		}
	}
	for id := range shown {
		if wrong := w.sees(w.owner, w.known[id]); wrong != "" {
			t.Errorf("%s after the clearing up: %s", id, wrong)
		}
	}
}

// round uploads with four hands until the server ends at a step, and starts it again.
func (w *torn) round(round int, step string) {
	at, after := 3+w.rnd.IntN(8), time.Duration(w.rnd.IntN(8000))*time.Microsecond
	reached := make(chan struct{})
	w.count = map[string]int{}
	w.tell = func(s string) {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.count[s]++; s == step && w.count[s] == at {
			close(reached)
		}
	}
	var hands sync.WaitGroup
	for hand := range 4 {
		rnd := rand.New(rand.NewPCG(w.rnd.Uint64(), 0))
		hands.Go(func() {
			for n := 0; w.upload(fmt.Sprintf("%d-%d-%d", round, hand, n), rnd); n++ {
			}
		})
	}
	<-reached
	time.Sleep(after)
	if w.pull != nil {
		w.pull()
	}
	w.kill()
	hands.Wait()
	if w.back != nil {
		w.back()
	}
	w.start()
}

// upload sends and posts a file; false: the server is gone.
func (w *torn) upload(name string, rnd *rand.Rand) bool {
	size := 1 + rnd.IntN(100_000)
	if rnd.IntN(4) == 0 {
		size += 8 << 20 // two parts
	}
	a := attachment{name: name, size: size}
	var up struct {
		File     string
		PartSize int `json:"part_size"`
		Parts    []struct{ URL string }
	}
	w.tell("begin")
	if _, err := call(w.addr, "POST", "/files", w.owner.token, map[string]any{"name": name, "size": size}, &up); err != nil {
		return false
	}
	a.id = up.File
	w.mu.Lock()
	w.known[a.id] = a
	w.mu.Unlock()
	err := func() error {
		content := a.content()
		for i, part := range up.Parts {
			w.tell("part")
			if err := w.putPart(part.URL, content[i*up.PartSize:min((i+1)*up.PartSize, size)]); err != nil {
				return err
			}
		}
		w.tell("complete")
		if _, err := call(w.addr, "POST", "/files/"+a.id+"/complete", w.owner.token, map[string]any{}, nil); err != nil {
			return err
		}
		w.tell("post")
		_, err := call(w.addr, "POST", "/rooms/"+w.room+"/messages", w.owner.token, map[string]any{"text": name, "files": []string{a.id}}, nil, "Idempotency-Key", key(name))
		return err
	}()
	w.mu.Lock()
	defer w.mu.Unlock()
	if err != nil {
		w.open = append(w.open, a.id)
		return false
	}
	w.acked = append(w.acked, a)
	return true
}

// shown is every file in a message, which is whole.
func (w *torn) shown() map[string]bool {
	list := map[string]bool{}
	for _, e := range w.log(w.t, w.owner, w.room) {
		var body struct{ Files []struct{ File string } }
		if err := json.Unmarshal(e.Body, &body); err != nil {
			w.t.Fatal(err)
		}
		for _, f := range body.Files {
			list[f.File] = true
			if wrong := w.sees(w.owner, w.known[f.File]); wrong != "" {
				w.t.Errorf("%s is in a message: %s", f.File, wrong)
			}
		}
	}
	for _, a := range w.acked {
		if !list[a.id] {
			w.t.Errorf("the message with %s was acknowledged and is not there", a.id)
		}
	}
	return list
}

// tornState is how far an upload is.
type tornState struct {
	State    string
	PartSize int `json:"part_size"`
	Have     []struct{ Number int }
}

// state holds an upload to be whole or not to be seen.
func (w *torn) state(id string) (s tornState) {
	w.t.Helper()
	w.must("GET", "/files/"+id, w.owner.token, nil, &s)
	wrong := w.sees(w.owner, w.known[id])
	if s.State == "ready" && wrong != "" {
		w.t.Errorf("%s is ready: %s", id, wrong)
	}
	if s.State == "open" && !strings.HasPrefix(wrong, "404") {
		w.t.Errorf("%s is not complete, and can be read: %q", id, wrong)
	}
	return s
}

// resume sends what an upload lacks, and completes it.
func (w *torn) resume(id string) {
	w.t.Helper()
	a, s := w.known[id], w.state(id)
	have := map[int]bool{}
	for _, part := range s.Have {
		have[part.Number] = true
	}
	content := a.content()
	for number := 1; s.State == "open" && (number-1)*s.PartSize < a.size; number++ {
		if have[number] {
			continue
		}
		var parts struct{ Parts []struct{ URL string } }
		w.must("POST", "/files/"+id+"/parts", w.owner.token, map[string]any{"numbers": []int{number}}, &parts)
		if err := w.putPart(parts.Parts[0].URL, content[(number-1)*s.PartSize:min(number*s.PartSize, a.size)]); err != nil {
			w.t.Errorf("%s, part %d of what it has not: %v", id, number, err)
		}
	}
	w.must("POST", "/files/"+id+"/complete", w.owner.token, map[string]any{}, nil)
	if wrong := w.sees(w.owner, a); wrong != "" {
		w.t.Errorf("%s, resumed: %s", id, wrong)
	}
}

func (w *torn) filesCheck(more ...string) string {
	w.t.Helper()
	said, err := w.command(append(append([]string{"files", "check"}, w.check...), more...)...)
	if err != nil {
		w.t.Error(err)
	}
	return said
}

// age makes everything below dir two days older.
func age(t *testing.T, dir string) {
	t.Helper()
	at := time.Now().Add(-48 * time.Hour)
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err == nil {
			err = os.Chtimes(path, at, at)
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil // swept meanwhile
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// ageOpen makes the rows of unfinished uploads two days older: the time that a
// server gives to an upload is over then.
func ageOpen(t *testing.T, path string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(10000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), `UPDATE files SET expires_at = expires_at - 48 * 3600 * 1000 WHERE state = 'open'`); err != nil {
		t.Fatal(err)
	}
}

func leftOnDisk(t *testing.T, place string) (files, uploads int) {
	t.Helper()
	whole, err := filepath.Glob(filepath.Join(place, "data", "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	begun, err := os.ReadDir(filepath.Join(place, "uploads"))
	if err != nil {
		t.Fatal(err)
	}
	return len(whole), len(begun)
}

func leftInBucket(t *testing.T, b *testbucket.Server) (files, uploads int) {
	t.Helper()
	whole, err := b.Owner().ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: &b.Bucket})
	if err != nil {
		t.Fatal(err)
	}
	begun, err := b.Owner().ListMultipartUploads(t.Context(), &s3.ListMultipartUploadsInput{Bucket: &b.Bucket})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range whole.Contents {
		if filepath.Base(aws.ToString(o.Key)) != ".minichat-owner" {
			files++
		}
	}
	return files, len(begun.Uploads)
}

// plug is a file system whose power can be pulled: what was not synced is gone.
type plug struct {
	t          *testing.T
	image, dir string
	pulls      int
}

func newPlug(t *testing.T) *plug {
	t.Helper()
	dir := t.TempDir()
	p := &plug{t: t, image: filepath.Join(dir, "image"), dir: filepath.Join(dir, "disk")}
	err := errors.Join(os.Mkdir(p.dir, 0o700), os.WriteFile(p.image, nil, 0o600), os.Truncate(p.image, 1<<30))
	if err != nil {
		t.Fatal(err)
	}
	p.run("mkfs.ext4", "-q", p.image)
	p.run("mount", "-o", "loop", p.image, p.dir)
	t.Cleanup(func() {
		if err := syscall.Unmount(p.dir, syscall.MNT_DETACH); err != nil {
			t.Errorf("unmount: %v", err)
		}
	})
	return p
}

func (p *plug) run(name string, args ...string) {
	p.t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		p.t.Fatalf("%s: %v: %s", name, err, bytes.TrimSpace(out))
	}
}

func (p *plug) witness() string { return filepath.Join(p.dir, fmt.Sprint("not synced ", p.pulls)) }

// pull stops a process and the file system where they are, without the journal's
// last words.
func (p *plug) pull(s *server) {
	p.t.Helper()
	halt.Process(s.t, s.cmd.Process)
	const ext4Shutdown, noLogFlush = 0x8004587d, 2
	p.pulls++
	if err := os.WriteFile(p.witness(), []byte("x"), 0o600); err != nil {
		p.t.Fatal(err)
	}
	dir, err := os.Open(p.dir)
	if err != nil {
		p.t.Fatal(err)
	}
	defer dir.Close()
	how := uint32(noLogFlush)
	if _, _, err := syscall.Syscall(syscall.SYS_IOCTL, dir.Fd(), ext4Shutdown, uintptr(unsafe.Pointer(&how))); err != 0 {
		p.t.Fatalf("pull the power: %v", err)
	}
}

// back mounts what the disk has.
func (p *plug) back() {
	p.t.Helper()
	p.run("umount", p.dir)
	p.run("mount", "-o", "loop", p.image, p.dir)
	// Its name may have been synced along with others'.
	if b, err := os.ReadFile(p.witness()); err == nil && len(b) > 0 {
		p.t.Error("what was not synced is still there: the power was not pulled")
	}
}
