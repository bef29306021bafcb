package e2e

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"minichat/tools/testbucket"
)

const (
	uploadsAtOnce = 10
	uploadBytes   = 300_000_000
	mayGrow       = 64 << 20
)

// Ten uploads of 300 MB at once, three parts of each under way, cost the server
// less than 64 MiB above what it had idle: through it to the disk as past it into
// a bucket. Every byte is sent.
func TestMemoryOfTenUploads(t *testing.T) {
	t.Run("disk", func(t *testing.T) {
		tenUploads(t, newServer(t, t.TempDir()))
	})
	t.Run("bucket", func(t *testing.T) {
		testbucket.Keys(t) // in the environment, which the server gets
		tenUploads(t, newServer(t, t.TempDir(), "--files", testbucket.Start(t).Address("chat")))
	})
}

func tenUploads(t *testing.T, s *server) {
	owner := s.owner()
	warm := upload(t, s, owner, 9<<20) // what is set up once
	idle := s.memory("VmRSS")
	files := make([]string, uploadsAtOnce)
	var sending sync.WaitGroup
	for i := range files {
		sending.Go(func() { files[i] = upload(t, s, owner, uploadBytes) })
	}
	sending.Wait()
	most := s.memory("VmHWM") // the kernel misses no moment
	t.Logf("idle %d MiB, at most %d MiB", idle>>20, most>>20)
	if grown := most - idle; grown > mayGrow {
		t.Errorf("it grew by %d MiB, from %d MiB", grown>>20, idle>>20)
	}
	for _, id := range append(files, warm) {
		if id == "" {
			t.Error("an upload failed")
		}
	}
}

// upload sends a file of so many bytes, three parts at a time, and returns its id.
func upload(t *testing.T, s *server, p person, size int64) string {
	var up struct {
		File     string
		PartSize int64 `json:"part_size"`
	}
	if _, err := call(s.addr, "POST", "/files", p.token, map[string]any{"name": "big.bin", "size": size}, &up); err != nil {
		t.Error(err)
		return ""
	}
	var sending sync.WaitGroup
	room := make(chan struct{}, 3)
	for number := 1; int64(number-1)*up.PartSize < size; number++ {
		room <- struct{}{}
		sending.Go(func() {
			defer func() { <-room }()
			n := min(up.PartSize, size-int64(number-1)*up.PartSize)
			if err := sendZeros(s, p, up.File, number, n); err != nil {
				t.Errorf("part %d: %v", number, err)
			}
		})
	}
	sending.Wait()
	if err := complete(s, p, up.File); err != nil {
		t.Error(err)
		return ""
	}
	return up.File
}

// complete asks again in a moment when it is told to: the disk under a bucket of
// this machine may stand still for longer than the server waits.
func complete(s *server, p person, file string) error {
	for tries := 1; ; tries++ {
		_, err := call(s.addr, "POST", "/files/"+file+"/complete", p.token, map[string]any{}, nil)
		if err == nil || !strings.HasPrefix(err.Error(), "503 files_unavailable") || tries == 20 {
			return err
		}
		time.Sleep(time.Second)
	}
}

func sendZeros(s *server, p person, file string, number int, n int64) error {
	var parts struct{ Parts []struct{ URL string } }
	if _, err := call(s.addr, "POST", "/files/"+file+"/parts", p.token, map[string]any{"numbers": []int{number}}, &parts); err != nil {
		return err
	}
	url := parts.Parts[0].URL
	if strings.HasPrefix(url, "/") {
		url = "http://" + s.addr + url
	}
	req, err := http.NewRequest("PUT", url, io.LimitReader(zeros{}, n))
	if err != nil {
		return err
	}
	req.ContentLength = n
	resp, err := lone.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		b, _ := io.ReadAll(resp.Body)
		return fmt.Errorf("%s %s", resp.Status, b)
	}
	return nil
}

// P11: the bucket hangs, is gone, or lets us do nothing. The chat goes on at its
// pace, uploads are refused in words and in time while it lasts, and begin again
// by themselves.
func TestChatGoesOnWithoutItsBucket(t *testing.T) {
	bucket, users := testbucket.StartWithUsers(t)
	const all, nothing = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":["arn:aws:s3:::bucket","arn:aws:s3:::bucket/*"]}]}`,
		`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:*","Resource":["arn:aws:s3:::bucket","arn:aws:s3:::bucket/*"]}]}`
	access, secret := users.Add("chat", all)
	testbucket.As(t, access, secret) // in the environment, which the server gets
	s := newServer(t, t.TempDir(), "--files", bucket.Address("chat"), "--limit", "posts_per_second=0")
	owner := s.owner()
	room := s.room(owner, "channel", "tea")
	before, _, err := s.attach(owner, room, "before", 5000)
	if err != nil {
		t.Fatal(err)
	}
	quiet := s.pace(owner, room, "quiet")
	t.Logf("posts without trouble: %v", quiet)
	for _, trouble := range []struct {
		name       string
		begin, end func()
	}{
		{"hung", bucket.Freeze, bucket.Thaw},
		{"ended", bucket.Stop, bucket.Start},
		{"denied", func() { users.Let("chat", nothing) }, func() { users.Let("chat", all) }},
	} {
		trouble.begin()
		var uploading sync.WaitGroup
		for i := range uploadsAtOnce { // the first of them find out
			uploading.Go(func() {
				began := time.Now()
				_, _, err := s.attach(owner, room, fmt.Sprintf("never-%s-%d", trouble.name, i), 10)
				if err == nil || !strings.Contains(err.Error(), "files_unavailable") {
					t.Errorf("an upload when the bucket %s: got %v, want files_unavailable", trouble.name, err)
				}
				if took := time.Since(began); took > refusedWithin+slowMachine {
					t.Errorf("an upload when the bucket %s was refused after %v, want at most %v", trouble.name, took, refusedWithin)
				}
			})
		}
		during := s.pace(owner, room, trouble.name)
		t.Logf("posts when the bucket %s: %v; p99 is %.1f times that without", trouble.name, during, during.p99.Seconds()/quiet.p99.Seconds())
		// Who waits for the bucket waits for its 5 s.
		if during.most >= 4*time.Second {
			t.Errorf("a post when the bucket %s took %v", trouble.name, during.most)
		}
		uploading.Wait()
		if _, _, err := s.attach(owner, room, "once-more-"+trouble.name, 10); err == nil || !strings.Contains(err.Error(), "files_unavailable") {
			t.Errorf("one more upload when the bucket %s: got %v, want files_unavailable", trouble.name, err)
		}
		trouble.end()
		for tries := 0; ; tries++ {
			_, _, err := s.attach(owner, room, fmt.Sprintf("after-%s-%d", trouble.name, tries), 10)
			if err == nil {
				break
			}
			if tries == 300 {
				t.Fatalf("uploads did not begin again: %v", err)
			}
			time.Sleep(100 * time.Millisecond)
		}
		if wrong := s.sees(owner, before); wrong != "" {
			t.Errorf("a file from before: %s", wrong)
		}
	}
}

const (
	refusedWithin = 6 * time.Second // as P11 promises
	slowMachine   = 2 * time.Second
)

// pace is how long posts take, one after the other.
type pace struct{ p50, p99, most time.Duration }

func (p pace) String() string {
	return fmt.Sprintf("half within %.1f ms, p99 %.1f ms, at most %.1f ms", p.p50.Seconds()*1000, p.p99.Seconds()*1000, p.most.Seconds()*1000)
}

func (s *server) pace(p person, room, name string) pace {
	s.t.Helper()
	took := make([]time.Duration, 1000)
	for i := range took {
		began := time.Now()
		if _, err := say1(s, p, room, fmt.Sprint(name, "-", i), "the chat goes on"); err != nil {
			s.t.Errorf("a post: %v", err)
		}
		took[i] = time.Since(began)
	}
	slices.Sort(took)
	return pace{took[len(took)/2], took[len(took)*99/100], took[len(took)-1]}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

// memory is a figure of /proc: VmRSS is how much the process has now, VmHWM the
// most that it ever had.
func (s *server) memory(figure string) int64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	_, rest, found := strings.Cut(string(b), figure+":")
	if err != nil || !found {
		s.t.Errorf("how much memory it has: %v", err)
		return 0
	}
	kb, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
	if err != nil {
		s.t.Error(err)
	}
	return kb << 10
}
