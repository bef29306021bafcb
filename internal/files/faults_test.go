package files

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"minichat"
	"minichat/tools/testbucket"
)

// badLine stands before a real bucket and spoils what passes, as it is told.
type badLine struct {
	*httptest.Server
	bucket string
	fault  atomic.Pointer[string] // "": none
}

func (l *badLine) set(fault string) { l.fault.Store(&fault) }

// newBadBucket is a bucket behind a line without a fault.
func newBadBucket(t *testing.T) (*S3, *badLine) {
	testbucket.Keys(t)
	server := testbucket.Start(t)
	to, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	l := &badLine{bucket: server.Bucket}
	l.set("")
	pass := &httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(to)
			p.Out.Host = p.In.Host // it is signed
		},
		ModifyResponse: func(r *http.Response) error { return l.spoil(r) },
		ErrorHandler:   func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
		ErrorLog:       log.New(io.Discard, "", 0),
	}
	l.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l.serve(w, r, pass)
	}))
	t.Cleanup(func() {
		l.set("")
		l.Close()
	})
	l.Config.ErrorLog = pass.ErrorLog
	return l.open(t), l
}

// open begins to work with the bucket through the line.
func (l *badLine) open(t *testing.T) *S3 {
	t.Helper()
	s, err := OpenS3(t.Context(), S3Options{Bucket: l.bucket, Prefix: testPrefix, Region: testbucket.Region, Endpoint: l.URL, PathStyle: true, Spool: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func (l *badLine) serve(w http.ResponseWriter, r *http.Request, pass http.Handler) {
	switch *l.fault.Load() {
	case "503":
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	case "hang":
		// Of a request whose body nobody reads the server does not see the end.
		for *l.fault.Load() == "hang" && r.Context().Err() == nil {
			time.Sleep(10 * time.Millisecond)
		}
		return
	case "reset":
		reset(w)
		return
	case "bad bytes":
		r.Body = &flip{r.Body}
	}
	pass.ServeHTTP(w, r)
}

var errSpoiled = errors.New("spoiled")

// spoil changes an answer on its way back.
func (l *badLine) spoil(r *http.Response) error {
	switch *l.fault.Load() {
	case "answer lost":
		io.Copy(io.Discard, r.Body)
		r.Body.Close()
		return errSpoiled
	case "short body":
		r.Body = io.NopCloser(io.LimitReader(r.Body, 1000)) // fewer than Content-Length says
	}
	return nil
}

// reset ends a connection so that the other side gets an RST.
func reset(w http.ResponseWriter) {
	c, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := c.(*net.TCPConn); ok {
		tcp.SetLinger(0)
	}
	c.Close()
}

// flip changes one bit of each read.
type flip struct{ io.ReadCloser }

func (f *flip) Read(b []byte) (int, error) {
	n, err := f.ReadCloser.Read(b)
	if n > 0 {
		b[0] ^= 1
	}
	return n, err
}

// heals waits until uploads begin again, by themselves.
func heals(t *testing.T, s *S3) {
	t.Helper()
	var err error
	for range 600 {
		if _, err = s.Start(t.Context(), minichat.NewID(22), 10, ""); err == nil {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("it did not heal: %v", err)
}

// Fault 17: a bucket in trouble is files_unavailable, whatever the trouble is, and
// what was there before opens unchanged when it is over.
func TestBucketInTrouble(t *testing.T) {
	s, line := newBadBucket(t)
	data := noise(60, 5000)
	key := stored(t, s, string(data))
	for _, fault := range []string{"503", "reset"} {
		line.set(fault)
		line.CloseClientConnections()
		_, err := s.Start(t.Context(), minichat.NewID(22), 10, "")
		wantCode(t, fault+": start", err, minichat.FilesUnavailable)
		_, _, err = s.Open(t.Context(), key)
		wantCode(t, fault+": open", err, minichat.FilesUnavailable)
		_, err = s.Put(t.Context(), minichat.NewID(22), "", strings.NewReader("x"), 0)
		wantCode(t, fault+": put", err, minichat.FilesUnavailable)
		line.set("")
		heals(t, s)
		wantFile(t, s, key, data)
	}
}

// P11: whatever is asked of a bucket that has just begun to hang, and however large
// the file: it is refused within 6 s. Each asks for the first time, so that nobody
// is spared by what another has met.
func TestHangingBucketIsRefusedInTime(t *testing.T) {
	const promised = within + time.Second
	const slowMachine = 2 * time.Second
	s, line := newBadBucket(t)
	key := stored(t, s, "x")
	u := start(t, s, 1<<30)
	large := noise(64, 10<<20)
	asked := map[string]func(*S3) error{
		"start":    func(s *S3) error { _, err := s.Start(t.Context(), minichat.NewID(22), 10, ""); return err },
		"parts":    func(s *S3) error { _, err := s.Parts(t.Context(), u); return err },
		"complete": func(s *S3) error { _, err := s.Complete(t.Context(), u); return err },
		"abort":    func(s *S3) error { return s.Abort(t.Context(), u) },
		"open":     func(s *S3) error { _, _, err := s.Open(t.Context(), key); return err },
		"delete":   func(s *S3) error { return s.Delete(t.Context(), key) },
		"put": func(s *S3) error {
			_, err := s.Put(t.Context(), minichat.NewID(22), "", bytes.NewReader(large), 0)
			return err
		},
		"list": func(s *S3) error { return s.List(t.Context(), func(Found) error { return nil }) },
	}
	stores := map[string]*S3{}
	for name := range asked {
		stores[name] = line.open(t)
		if _, _, err := stores[name].Open(t.Context(), key); err != nil {
			t.Fatal(err)
		}
	}
	line.set("hang")
	var asking sync.WaitGroup
	for name, ask := range asked {
		asking.Go(func() {
			began := time.Now()
			wantCode(t, name, ask(stores[name]), minichat.FilesUnavailable)
			took := time.Since(began)
			t.Logf("%s: refused after %.1f s", name, took.Seconds())
			if took > promised+slowMachine {
				t.Errorf("%s: refused after %v, want at most %v", name, took, promised)
			}
		})
	}
	asking.Wait()
	line.set("")
	heals(t, s)
	wantFile(t, s, key, []byte("x"))
}

// Fault 17: a file that came short is an error, and never a shorter file.
func TestShortBodyIsNoFile(t *testing.T) {
	s, line := newBadBucket(t)
	key := stored(t, s, string(noise(61, 5000)))
	line.set("short body")
	f, size, err := s.Open(t.Context(), key)
	if err == nil {
		defer f.Close()
		var b []byte
		if b, err = io.ReadAll(f); err == nil {
			t.Errorf("got %d bytes of %d, and no error", len(b), size)
		}
	}
}

// Fault 17: bytes that changed on their way through the server are not kept.
func TestBadBytesAreNotKept(t *testing.T) {
	s, line := newBadBucket(t)
	stored(t, s, "before")
	line.set("bad bytes")
	key := minichat.NewID(22)
	if _, err := s.Put(t.Context(), key, "", bytes.NewReader(noise(62, 5000)), 0); err == nil {
		t.Error("bytes that changed were taken")
	}
	line.set("")
	heals(t, s)
	_, _, err := s.Open(t.Context(), key)
	wantCode(t, "open", err, minichat.NotFound)
}

// Fault 17: the bucket completed the file and its answer was lost. Who asks again
// gets it.
func TestAnswerToCompleteIsLost(t *testing.T) {
	s, line := newBadBucket(t)
	data := noise(63, 3000)
	u := start(t, s, int64(len(data)))
	sendPart(t, s, "", u, 1, data, http.StatusOK)
	line.set("answer lost")
	if _, err := s.Complete(t.Context(), u); err == nil {
		t.Error("complete succeeded without an answer")
	}
	line.set("")
	heals(t, s)
	complete(t, s, u)
	wantFile(t, s, u.Key, data)
}

// Fault 17: without its metadata service a machine has no keys; when it is back,
// files are too.
func TestMetadataServiceIsAway(t *testing.T) {
	server := testbucket.Start(t)
	role := server.StartRole(t)
	role.Stop()
	s := newS3(t, server)
	_, err := s.Start(t.Context(), minichat.NewID(22), 10, "")
	wantCode(t, "start", err, minichat.FilesUnavailable)
	role.Rotate()
	heals(t, s)
}

// P18, fault 24: lines break under parts. Each file is whole or not there, and
// nothing is left after the clearing up.
func TestBrokenPartsInABucket(t *testing.T) {
	s, _ := newBadBucket(t)
	const count = 200
	whole := map[string][]byte{}
	for i := range count {
		data := noise(uint64(i), int64(100+i*37))
		u := start(t, s, int64(len(data)))
		link := partURL(t, s, u, 1, time.Now().Add(time.Minute))
		cut := i%3 != 0
		if cut {
			cutPut(t, link, data, i*31%len(data))
		} else if got := put(t, link, data); got != 200 {
			t.Fatalf("a whole part: got %d", got)
		}
		if _, err := s.Complete(t.Context(), u); err == nil {
			whole[u.Key] = data
		} else if !cut {
			t.Fatalf("complete: %v", err)
		}
	}
	if want := (count + 2) / 3; len(whole) != want {
		t.Errorf("got %d files, want %d", len(whole), want)
	}
	for key, data := range whole {
		wantFile(t, s, key, data)
	}
	known := func(key string) bool { return whole[key] != nil }
	sweep(t, s, time.Now().Add(time.Hour), known, count-len(whole))
	left := 0
	if err := s.List(t.Context(), func(f Found) error { left++; return nil }); err != nil || left != len(whole) {
		t.Errorf("got %d things in the bucket, %v, want %d", left, err, len(whole))
	}
}

// cutPut sends the first n bytes of a part and ends the connection.
func cutPut(t *testing.T, link string, data []byte, n int) {
	t.Helper()
	u, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	c, err := net.Dial("tcp", u.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprintf(c, "PUT %s HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n\r\n", u.RequestURI(), u.Host, len(data))
	c.Write(data[:n])
}
