package files

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"minichat"
	"minichat/tools/testbucket"
)

func get(t *testing.T, url string, headers ...string) (*http.Response, []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		req.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, body
}

// stored puts a file into the bucket.
func stored(t *testing.T, s *S3, data string) (key string) {
	t.Helper()
	key = minichat.NewID(22)
	if _, err := s.Put(t.Context(), key, "text/plain", strings.NewReader(data), 0); err != nil {
		t.Fatal(err)
	}
	return key
}

// aws.md 12, check 16 (a part's length is signed, as a POST's limit would be): a link gives ranges, is dead after its time, and gives that one file as it was
// signed or nothing.
func TestLinksOfABucket(t *testing.T) {
	testbucket.Keys(t)
	s := newS3(t, testbucket.Start(t))
	key := stored(t, s, "0123456789")
	link := func(expires time.Time) string {
		got, err := s.Link(t.Context(), key, "a b.png", "image/png", true, expires)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	minute := link(time.Now().Add(time.Minute))
	resp, body := get(t, minute, "Range: bytes=2-4")
	if resp.StatusCode != 206 || string(body) != "234" || resp.Header.Get("Content-Type") != "image/png" || !strings.HasPrefix(resp.Header.Get("Content-Disposition"), "inline; ") {
		t.Errorf("a range: got %d %q %v", resp.StatusCode, body, resp.Header)
	}
	if !strings.HasPrefix(minute, s.Origin()+"/") {
		t.Errorf("the link %s is not at %s", minute, s.Origin())
	}

	// A minute later, without waiting: signed by a clock that is 61 s behind.
	s.now = func() time.Time { return time.Now().Add(-61 * time.Second) }
	for name, url := range map[string]string{
		"a minute later": link(time.Now().Add(-time.Second)),
		"stretched":      replaceQuery(t, link(time.Now().Add(-time.Second)), "X-Amz-Expires", "3600"),
		"expired":        link(time.Now().Add(-time.Hour)),
		"other file":     strings.Replace(minute, key, minichat.NewID(22), 1),
		"other type":     replaceQuery(t, minute, "response-content-type", "text/html"),
		"shown":          replaceQuery(t, minute, "response-content-disposition", "inline"),
	} {
		if resp, body := get(t, url); resp.StatusCode != 403 {
			t.Errorf("%s: got %d %s, want 403", name, resp.StatusCode, body)
		}
	}
	req, err := http.NewRequestWithContext(t.Context(), "PUT", minute, strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	if resp, err := http.DefaultClient.Do(req); err != nil || resp.StatusCode != 403 {
		t.Errorf("a link used to write: got %v, %v, want 403", resp, err)
	} else {
		resp.Body.Close()
	}
}

// The bucket takes exactly as many bytes as were announced when the upload began.
func TestLyingPartsInABucket(t *testing.T) {
	testbucket.Keys(t)
	s := newS3(t, testbucket.Start(t))
	u := start(t, s, 1000)
	url := partURL(t, s, u, 1, time.Now().Add(time.Minute))
	for name, size := range map[string]int64{"longer": 1001, "shorter": 999, "far longer": 100_000, "empty": 0} {
		if got := put(t, url, make([]byte, size)); got < 400 || got >= 500 {
			t.Errorf("%s: got %d, want it refused", name, got)
		}
		wantParts(t, s, u)
		_, err := s.Complete(t.Context(), u)
		wantCode(t, name+": complete", err, minichat.Conflict)
	}
	if got := put(t, url, noise(40, 1000)); got != 200 {
		t.Errorf("the right length: got %d", got)
	}
	// Who completes with another size in mind than the bucket has, is refused.
	_, err := s.Complete(t.Context(), Upload{Key: u.Key, ID: u.ID, Size: 2000, PartSize: u.PartSize})
	wantCode(t, "complete as 2000 bytes", err, minichat.Conflict)
	complete(t, s, u)
	_, err = s.Complete(t.Context(), Upload{Key: u.Key, ID: u.ID, Size: 2000, PartSize: u.PartSize})
	wantCode(t, "complete once more as 2000 bytes", err, minichat.ChecksumMismatch)
}

func TestOpenSeeks(t *testing.T) {
	testbucket.Keys(t)
	s := newS3(t, testbucket.Start(t))
	f, size, err := s.Open(t.Context(), stored(t, s, "0123456789"))
	if err != nil || size != 10 {
		t.Fatalf("open: %d, %v", size, err)
	}
	defer f.Close()
	for _, c := range []struct {
		offset int64
		whence int
		want   string
	}{{7, io.SeekStart, "789"}, {-2, io.SeekEnd, "89"}, {0, io.SeekStart, "0123456789"}, {-4, io.SeekCurrent, "6789"}, {100, io.SeekStart, ""}} {
		if _, err := f.Seek(c.offset, c.whence); err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(f); err != nil || string(got) != c.want {
			t.Errorf("from %d (%d): got %q, %v, want %q", c.offset, c.whence, got, err, c.want)
		}
	}
	if _, err := f.Seek(-1, io.SeekStart); err == nil {
		t.Error("a place before the beginning was found")
	}
}

// What comes through the server waits in a file without a name.
func TestPutLeavesNothingBehind(t *testing.T) {
	testbucket.Keys(t)
	s := newS3(t, testbucket.Start(t))
	stored(t, s, "x")
	if _, err := s.Put(t.Context(), minichat.NewID(22), "", io.MultiReader(strings.NewReader("abc"), cut{}), 0); err == nil {
		t.Error("a body that was cut off was taken")
	}
	if got := tree(t, s.o.Spool); len(got) != 0 {
		t.Errorf("got %v left", got)
	}
}

// aws.md 12, check 15: keys of a role come from the metadata service, which wants a token first. When
// they change under an upload, it goes on with new part URLs.
func TestRoleKeysChangeUnderAnUpload(t *testing.T) {
	server := testbucket.Start(t)
	role := server.StartRole(t)
	if resp, _ := get(t, role.URL+"/latest/meta-data/iam/security-credentials/minichat"); resp.StatusCode != 401 {
		t.Errorf("without a token: got %d, want 401", resp.StatusCode)
	}
	s := newS3(t, server)
	data := noise(41, leastPart+1000)
	u := start(t, s, int64(len(data)))
	sendPart(t, s, "", u, 1, partOf(u, data, 1), http.StatusOK)
	old := partURL(t, s, u, 2, time.Now().Add(time.Minute))
	role.Rotate()
	if got := put(t, old, partOf(u, data, 2)); got != http.StatusForbidden {
		t.Errorf("a URL signed with keys that are void: got %d, want 403", got)
	}
	sendPart(t, s, "", u, 2, partOf(u, data, 2), http.StatusOK)
	role.Rotate()
	complete(t, s, u)
	wantFile(t, s, u.Key, data)
}

// Keys that the bucket does not take make files unavailable, not missing.
func TestWrongKeys(t *testing.T) {
	testbucket.Keys(t)
	server := testbucket.Start(t)
	t.Setenv("AWS_SECRET_ACCESS_KEY", "another")
	s := newS3(t, server)
	_, err := s.Start(t.Context(), minichat.NewID(22), 10, "")
	wantCode(t, "start", err, minichat.FilesUnavailable)
	_, _, err = s.Open(t.Context(), minichat.NewID(22))
	wantCode(t, "open", err, minichat.FilesUnavailable)
	if !s.Available() {
		t.Error("a bucket that answers was taken for one that does not")
	}
}

// What stands beside ours in the bucket is nobody's business.
func TestListLeavesWhatIsNotOurs(t *testing.T) {
	testbucket.Keys(t)
	server := testbucket.Start(t)
	s := newS3(t, server)
	for _, name := range []string{"note-of-somebody", "some/note-of-somebody", "some/where/note.txt", "some/where/a/note-of-somebody", "some/whereabouts-unknown"} {
		_, err := server.Owner().PutObject(t.Context(), &s3.PutObjectInput{Bucket: &server.Bucket, Key: &name, Body: strings.NewReader("x")})
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(name, testPrefix) {
			continue
		}
		_, err = server.Owner().CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{Bucket: &server.Bucket, Key: &name})
		if err != nil {
			t.Fatal(err)
		}
	}
	sweep(t, s, time.Now().Add(time.Hour), func(string) bool { return false }, 0)
}

// More than fits on one page of a list.
func TestListOfManyObjects(t *testing.T) {
	testbucket.Keys(t)
	server := testbucket.Start(t)
	s := newS3(t, server)
	dir := server.Dir + "/" + server.Bucket + "/" + testPrefix
	must(t, os.MkdirAll(dir, 0o700))
	const count = 1005
	for range count {
		must(t, os.WriteFile(dir+minichat.NewID(22), []byte("x"), 0o600))
	}
	got := map[string]bool{}
	err := s.List(t.Context(), func(f Found) error {
		got[f.Key] = true
		return nil
	})
	if err != nil || len(got) != count {
		t.Errorf("got %d, %v, want %d", len(got), err, count)
	}
}

func TestOriginOfABucket(t *testing.T) {
	testbucket.Bare(t)
	for _, c := range []struct {
		o    S3Options
		want string
	}{
		{S3Options{Bucket: "b-1", Region: "eu-north-1"}, "https://b-1.s3.eu-north-1.amazonaws.com"},
		{S3Options{Bucket: "b-1", Region: "eu-north-1", PathStyle: true}, "https://s3.eu-north-1.amazonaws.com"},
		{S3Options{Bucket: "b-1", Endpoint: "http://127.0.0.1:9"}, "http://127.0.0.1:9"},
		{S3Options{Bucket: "b-1", Endpoint: "https://s3.example.org"}, "https://b-1.s3.example.org"},
		{S3Options{Bucket: "b-1", Endpoint: "https://s3.example.org", PathStyle: true}, "https://s3.example.org"},
	} {
		s, err := OpenS3(t.Context(), c.o)
		if err != nil {
			t.Errorf("%+v: %v", c.o, err)
			continue
		}
		if got := s.Origin(); got != c.want {
			t.Errorf("%+v: got %s, want %s", c.o, got, c.want)
		}
		s.Close()
	}
	if _, err := OpenS3(t.Context(), S3Options{Bucket: "b-1"}); err == nil || !strings.Contains(err.Error(), "region") {
		t.Errorf("without a region: got %v", err)
	}
}

// A bucket that answers nonsense, or faults, is unavailable and nothing else.
func TestBucketOutOfOrder(t *testing.T) {
	testbucket.Keys(t)
	var answer atomic.Int32
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		status := int(answer.Load())
		if status == 0 {
			panic(http.ErrAbortHandler) // the connection breaks
		}
		w.WriteHeader(status)
		io.WriteString(w, "<html>no bucket</html>")
	}))
	defer srv.Close()
	for _, status := range []int{500, 503, 301, 400, 403, 404, 200, 0} {
		answer.Store(int32(status))
		s, err := OpenS3(t.Context(), S3Options{Bucket: "bucket", Endpoint: srv.URL, PathStyle: true, Spool: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		key := minichat.NewID(22)
		if status != 404 && status != 200 { // who has nothing but these has no files either
			_, _, err = s.Open(t.Context(), key)
			wantCode(t, fmt.Sprint("open, status ", status), err, minichat.FilesUnavailable)
		}
		if status != 200 {
			_, err = s.Start(t.Context(), key, 10, "")
			wantCode(t, fmt.Sprint("start, status ", status), err, minichat.FilesUnavailable)
			wantCode(t, fmt.Sprint("list, status ", status), s.List(t.Context(), func(Found) error { return nil }), minichat.FilesUnavailable)
		}
		u := Upload{Key: key, ID: "x", Size: 10, PartSize: 10}
		if info, err := s.Complete(t.Context(), u); err == nil {
			t.Errorf("status %d: complete gave %+v", status, info)
		}
		s.Close()
	}
}

// The guard looks when it is told to, refuses while its looks fail, and lets
// pass by itself once one succeeds.
func TestGuard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var away atomic.Bool
		var count atomic.Int64
		looks := func() int64 { synctest.Wait(); return count.Load() }
		said := new(bytes.Buffer)
		look := func(context.Context) error {
			count.Add(1)
			if away.Load() {
				return errors.New("away")
			}
			return nil
		}
		g := newGuard(look, slog.New(slog.NewTextHandler(said, nil)))
		defer g.close()
		if n := looks(); n != 1 || g.fault() != nil {
			t.Fatalf("at first: %d looks, %v", n, g.fault())
		}
		time.Sleep(time.Hour)
		if n := looks(); n != 1 {
			t.Errorf("it looks without a reason: %d times", n)
		}
		g.suspect() // a single fault of a bucket that answers is none of all
		if n := looks(); n != 2 || g.fault() != nil {
			t.Errorf("after one fault: %d looks, %v", n, g.fault())
		}
		away.Store(true)
		g.suspect()
		synctest.Wait()
		if g.fault() == nil {
			t.Error("calls pass although nobody answers")
		}
		time.Sleep(time.Minute)
		if n := looks(); n < 20 {
			t.Errorf("in a minute it looked %d times", n)
		}
		away.Store(false)
		time.Sleep(retryMS * time.Millisecond)
		if synctest.Wait(); g.fault() != nil {
			t.Errorf("calls are refused although it answers: %v", g.fault())
		}
		if got := strings.Count(said.String(), "\n"); got != 2 {
			t.Errorf("got %d lines in the log, want one for each change:\n%s", got, said)
		}
	})
}
