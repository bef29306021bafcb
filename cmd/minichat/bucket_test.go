package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"minichat"
	"minichat/tools/testbucket"
)

// bucketed is a server whose files are in a bucket, with an owner and a member.
type bucketed struct {
	*running
	s3       *testbucket.Server
	data     string
	ana, ben string // tokens
}

func startBucketed(t *testing.T, args ...string) *bucketed {
	t.Helper()
	testbucket.Keys(t)
	b := &bucketed{s3: testbucket.Start(t, "http://pages.example.org"), data: filepath.Join(t.TempDir(), "data")}
	b.running = start(t, b.data, append([]string{"--files", b.s3.Address("u")}, args...)...)
	add := func(name, role string) string {
		done(t, "", "user", "add", name, "--role", role, "--data", b.data)
		return done(t, "", "token", "new", name, "--data", b.data)
	}
	b.ana, b.ben = add("ana", "owner"), add("ben", "member")
	return b
}

type part struct{ URL string }

type begun struct {
	File     string
	PartSize int64 `json:"part_size"`
	Parts    []part
}

// ask sends a request without following anything.
func ask(t *testing.T, method, url, token string, body io.Reader, length int64) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	req.ContentLength = length
	if method == "POST" {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { res.Body.Close() })
	return res
}

// upload sends a file as a page does, and completes it.
func (b *bucketed) upload(t *testing.T, token, name string, size int64, bytesFrom func(offset, n int64) io.Reader) minichat.File {
	t.Helper()
	var up begun
	b.do(t, "POST", "/api/v1/files", token, fmt.Sprintf(`{"name":%q,"size":%d,"type":"text/html"}`, name, size), 201, &up)
	for i, p := range up.Parts {
		if !strings.HasPrefix(p.URL, b.s3.URL+"/") {
			t.Fatalf("part %d goes to %s, not to the bucket", i+1, p.URL)
		}
		from := int64(i) * up.PartSize
		n := min(up.PartSize, size-from)
		res := ask(t, "PUT", p.URL, "", bytesFrom(from, n), n)
		if res.StatusCode != 200 || res.Header.Get("ETag") == "" {
			t.Fatalf("part %d: got %d", i+1, res.StatusCode)
		}
	}
	var f minichat.File
	b.do(t, "POST", "/api/v1/files/"+up.File+"/complete", token, `{}`, 200, &f)
	return f
}

func text(content string) func(from, n int64) io.Reader {
	return func(from, n int64) io.Reader { return strings.NewReader(content[from : from+n]) }
}

// A file goes to the bucket past the server, and comes back by a link that says
// what a browser may make of it; who may not read it gets no link.
func TestFilesInABucket(t *testing.T) {
	b := startBucketed(t, "--lab-room", "lobby")
	png := "\x89PNG\r\n\x1a\n" + strings.Repeat("x", 1000)
	picture := b.upload(t, b.ana, "pict\u00fcre.png", int64(len(png)), text(png))
	page := b.upload(t, b.ana, "page.png", 40, text("<!doctype html><script>alert(1)</script>"))
	if picture.Type != "image/png" || !strings.HasPrefix(page.Type, "text/html") {
		t.Errorf("got the types %q and %q, want those that the bytes show", picture.Type, page.Type)
	}
	var me minichat.User
	b.do(t, "GET", "/api/v1/me", b.ben, "", 200, &me)
	var room struct{ Room string }
	b.do(t, "POST", "/api/v1/rooms", b.ana, `{"name":"secret","kind":"private","members":["`+me.ID+`"]}`, 201, &room)
	b.do(t, "POST", "/api/v1/rooms/"+room.Room+"/messages", b.ana, `{"text":"","files":["`+picture.ID+`","`+page.ID+`"]}`, 201, nil)

	for _, c := range []struct {
		f                   minichat.File
		body                string
		typ, shown, nothing string
	}{
		{picture, png, "image/png", "inline; filename=\"pict_re.png\"; filename*=UTF-8''pict%C3%BCre.png", ""},
		{page, "<!doctype html><script>alert(1)</script>", "application/octet-stream", "attachment; filename=\"page.png\"; filename*=UTF-8''page.png", ""},
	} {
		address := b.url + "/files/" + c.f.ID + "/x"
		res := ask(t, "GET", address, b.ben, nil, 0)
		to := res.Header.Get("Location")
		if res.StatusCode != 302 || res.Header.Get("Cache-Control") != "no-store, private" || !strings.HasPrefix(to, b.s3.URL+"/bucket/u/") || !strings.Contains(to, "X-Amz-Expires=60&") {
			t.Fatalf("%s: got %d to %s, Cache-Control %q", c.f.Name, res.StatusCode, to, res.Header.Get("Cache-Control"))
		}
		got := ask(t, "GET", to, "", nil, 0)
		body, err := io.ReadAll(got.Body)
		if err != nil || got.StatusCode != 200 || string(body) != c.body || got.Header.Get("Content-Type") != c.typ || got.Header.Get("Content-Disposition") != c.shown {
			t.Errorf("%s: got %d, %d bytes (%v), %v", c.f.Name, got.StatusCode, len(body), err, got.Header)
		}
		head := ask(t, "HEAD", address, b.ben, nil, 0)
		if head.StatusCode != 200 || head.ContentLength != c.f.Size || head.Header.Get("Content-Type") != c.typ {
			t.Errorf("%s: HEAD got %d, %v", c.f.Name, head.StatusCode, head.Header)
		}
		for name, changed := range map[string]string{
			"another type": strings.Replace(to, "response-content-type=", "response-content-type=text%2Fhtml%3B", 1),
			"longer":       strings.Replace(to, "X-Amz-Expires=60&", "X-Amz-Expires=6000&", 1),
			"no signature": to[:strings.Index(to, "?")],
		} {
			if got := ask(t, "GET", changed, "", nil, 0); got.StatusCode != 403 {
				t.Errorf("%s: a link with %s: got %d, want 403", c.f.Name, name, got.StatusCode)
			}
		}
	}
	var link struct{ URL string }
	b.do(t, "GET", "/api/v1/files/"+picture.ID+"/link", b.ben, "", 200, &link)
	res := ask(t, "GET", link.URL, "", nil, 0)
	if res.StatusCode != 302 || res.Header.Get("Cross-Origin-Resource-Policy") != "cross-origin" {
		t.Errorf("a link: got %d, %v", res.StatusCode, res.Header)
	}

	b.do(t, "DELETE", "/api/v1/rooms/"+room.Room+"/members/"+me.ID, b.ana, "", 204, nil)
	b.do(t, "GET", "/files/"+picture.ID+"/x", b.ben, "", 404, nil)
	b.do(t, "GET", "/files/"+picture.ID+"/x", "", "", 401, nil)
	b.do(t, "PUT", "/api/v1/parts/x/1", "", "x", 404, nil)
}

// The page may send to the bucket and show what is in it, and nothing else.
func TestPageNamesTheBucket(t *testing.T) {
	b := startBucketed(t)
	res := ask(t, "GET", b.url+"/", "", nil, 0)
	page, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	policy := res.Header.Get("Content-Security-Policy")
	for _, want := range []string{"connect-src 'self' " + b.s3.URL + ";", "img-src 'self' " + b.s3.URL + " blob:", "media-src 'self' " + b.s3.URL + " blob:", "default-src 'none';"} {
		if !strings.Contains(policy, want) || !strings.Contains(string(page), want) {
			t.Errorf("the header or the page lacks %q:\n%s", want, policy)
		}
	}
	if strings.Count(policy, b.s3.URL) != 3 {
		t.Errorf("the bucket stands elsewhere too: %s", policy)
	}
}

// The lab's links are good for ever: each time they lead to a new one.
func TestLabFilesInABucket(t *testing.T) {
	b := startBucketed(t, "--lab-room", "lobby")
	form := "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\nhello\r\n--x--\r\n"
	req, err := http.NewRequest("POST", b.url+"/upload", strings.NewReader(form))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "multipart/form-data; boundary=x")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != 200 {
		t.Fatalf("got %d: %s, %v", res.StatusCode, answer, err)
	}
	link := strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(string(answer)), `{"url":"`), `"}`)
	for range 2 {
		got, err := http.Get(link)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(got.Body)
		got.Body.Close()
		if err != nil || string(body) != "hello" || got.Header.Get("Content-Type") != "application/octet-stream" {
			t.Errorf("got %d %q, %v", got.StatusCode, body, err)
		}
	}
}

// While the bucket is away, or hangs, the chat goes on and files are refused in
// time; once it is back they work again by themselves.
func TestChatWithoutItsBucket(t *testing.T) {
	b := startBucketed(t)
	before := b.upload(t, b.ana, "a.txt", 5, text("hello"))
	var rooms struct{ List []struct{ Room string } }
	b.do(t, "GET", "/api/v1/rooms", b.ana, "", 200, &rooms)
	for _, c := range []struct {
		name       string
		away, back func()
	}{{"stopped", b.s3.Stop, b.s3.Start}, {"frozen", b.s3.Freeze, b.s3.Thaw}} {
		c.away()
		began := time.Now()
		for range 2 { // the first may be the one that finds out
			res := ask(t, "POST", b.url+"/api/v1/files", b.ana, strings.NewReader(`{"name":"a","size":1}`), 21)
			body, err := io.ReadAll(res.Body)
			refused := err == nil && res.StatusCode == 503 && bytes.Contains(body, []byte(`"files_unavailable"`)) && res.Header.Get("Retry-After") != ""
			// Two seconds are for a machine under load.
			if took := time.Since(began); !refused || took > 6*time.Second+2*time.Second {
				t.Fatalf("%s: got %d %s after %v, want files_unavailable within 6 s", c.name, res.StatusCode, body, took)
			}
			b.do(t, "POST", "/api/v1/rooms/"+rooms.List[0].Room+"/messages", b.ana, `{"text":"the chat goes on"}`, 201, nil)
			began = time.Now()
		}
		b.await(t, `"files":"unavailable"`)
		b.do(t, "GET", "/files/"+before.ID+"/a.txt", b.ana, "", 503, nil)
		c.back()
		b.await(t, `"files":"ok"`)
		b.upload(t, b.ana, "b.txt", 5, text("again"))
		if res := ask(t, "GET", b.url+"/files/"+before.ID+"/a.txt", b.ana, nil, 0); res.StatusCode != 302 {
			t.Errorf("%s: afterwards a file got %d, want 302", c.name, res.StatusCode)
		}
	}
}

// await asks /readyz until it says so. It is 200 all the time.
func (b *bucketed) await(t *testing.T, says string) {
	t.Helper()
	for until := time.Now().Add(time.Minute); ; {
		res := ask(t, "GET", b.url+"/readyz", "", nil, 0)
		body, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != 200 || time.Now().After(until) {
			t.Fatalf("/readyz: got %d %s, %v, want %s", res.StatusCode, body, err, says)
		}
		if strings.Contains(string(body), says) {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// What the command finds in a bucket, removes, and never touches.
func TestFilesCheckOfABucket(t *testing.T) {
	b := startBucketed(t)
	b.upload(t, b.ana, "a.txt", 5, text("hello"))
	at := []string{"files", "check", "--data", b.data, "--files", b.s3.Address("u")}
	_, _, stderr := command(t, "", at...)
	if !strings.Contains(stderr, "1 files with 5 bytes are in order") {
		t.Errorf("got %s", stderr)
	}
	list, err := b.s3.Owner().ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: &b.s3.Bucket})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range list.Contents {
		if _, err := b.s3.Owner().DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &b.s3.Bucket, Key: o.Key}); err != nil {
			t.Fatal(err)
		}
	}
	code, stdout, stderr := command(t, "", at...)
	if code != 1 || !strings.HasPrefix(stdout, "missing  5  ") || !strings.Contains(stderr, "Restore them") {
		t.Errorf("a missing file: ended with %d, %q, %s", code, stdout, stderr)
	}
	b.s3.Stop()
	if code, _, stderr := command(t, "", at...); code != 1 || !strings.Contains(stderr, "does not answer") {
		t.Errorf("without the bucket: ended with %d, %s", code, stderr)
	}
}
