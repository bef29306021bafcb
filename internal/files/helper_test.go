package files

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"minichat"
)

var testSecret = []byte("0123456789abcdef0123456789abcdef")

func diskPlace(t *testing.T) (open func() (Store, string)) {
	dir := t.TempDir()
	return func() (Store, string) {
		d := newDisk(t, dir)
		return d, serve(t, d).URL
	}
}

// wrongOnDisk changes what a URL of a Disk says.
func wrongOnDisk(t *testing.T, good string, u, other Upload) map[string]string {
	return map[string]string{
		"no signature":   good[:strings.Index(good, "?")],
		"other number":   strings.Replace(good, "/2?", "/1?", 1),
		"other upload":   strings.Replace(good, u.ID, other.ID, 1),
		"later":          replaceQuery(t, good, "expires", fmt.Sprint(time.Now().Add(time.Hour).UnixMilli())),
		"cut signature":  replaceQuery(t, good, "signature", "AAAA"),
		"made-up number": strings.Replace(good, "/2?", "/0002?", 1),
	}
}

func newDisk(t *testing.T, dir string) *Disk {
	t.Helper()
	d, err := OpenDisk(dir, testSecret)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// serve answers part URLs as the server does.
func serve(t *testing.T, d *Disk) *httptest.Server {
	srv := httptest.NewServer(partHandler(d, func(error) {}))
	t.Cleanup(srv.Close)
	return srv
}

func partHandler(d *Disk, done func(error)) http.Handler {
	status := map[minichat.Code]int{
		minichat.BadField: 400, minichat.InvalidOrExpired: 400, minichat.NotFound: 404,
		minichat.TooLarge: 413, minichat.StorageFull: 507, minichat.FilesUnavailable: 503,
	}
	mux := http.NewServeMux()
	mux.HandleFunc("PUT "+PartsPath, func(w http.ResponseWriter, r *http.Request) {
		err := d.ServePart(w, r)
		switch {
		case errors.Is(err, ErrStalled):
			w.WriteHeader(http.StatusRequestTimeout)
		case err != nil:
			w.WriteHeader(status[minichat.CodeOf(err)])
			io.WriteString(w, err.Error())
		}
		done(err)
	})
	return mux
}

func start(t *testing.T, s Store, size int64) Upload {
	t.Helper()
	u, err := s.Start(t.Context(), minichat.NewID(22), size, "application/octet-stream")
	if err != nil {
		t.Fatalf("start: %v", err)
	}
	return u
}

func partURL(t *testing.T, s Store, u Upload, number int, expires time.Time) string {
	t.Helper()
	got, err := s.PartURL(t.Context(), u, number, expires)
	if err != nil {
		t.Fatalf("part URL: %v", err)
	}
	return got
}

func put(t *testing.T, url string, body []byte) (status int) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "PUT", url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Expect", "100-continue") // a refused part is then not sent at all
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Error(err)
		return 0
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusOK && resp.Header.Get("ETag") == "" {
		t.Error("a part was taken without an ETag")
	}
	return resp.StatusCode
}

// sendPart may be called from several goroutines.
func sendPart(t *testing.T, s Store, base string, u Upload, number int, body []byte, want int) {
	t.Helper()
	link, err := s.PartURL(t.Context(), u, number, time.Now().Add(time.Minute))
	if err != nil {
		t.Error(err)
		return
	}
	if got := put(t, base+link, body); got != want {
		t.Errorf("send part %d: got status %d, want %d", number, got, want)
	}
}

func replaceQuery(t *testing.T, link, name, value string) string {
	t.Helper()
	u, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set(name, value)
	u.RawQuery = q.Encode()
	return u.String()
}

func complete(t *testing.T, s Store, u Upload) Info {
	t.Helper()
	info, err := s.Complete(t.Context(), u)
	if err != nil {
		t.Fatalf("complete: %v", err)
	}
	return info
}

// sweep removes what nobody will ask for again.
func sweep(t *testing.T, s Store, olderThan time.Time, known func(string) bool, want int) {
	t.Helper()
	got := 0
	err := s.List(t.Context(), func(f Found) error {
		if !f.IsLeft(olderThan, known) {
			return nil
		}
		got++
		return Remove(t.Context(), s, f)
	})
	if err != nil || got != want {
		t.Fatalf("sweep: got %d, %v, want %d removed", got, err, want)
	}
}

func wantFile(t *testing.T, s Store, key string, want []byte) {
	t.Helper()
	f, size, err := s.Open(t.Context(), key)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	defer f.Close()
	got, err := io.ReadAll(f)
	if err != nil || size != int64(len(want)) || !bytes.Equal(got, want) {
		t.Fatalf("got %d bytes (said %d, %v), want %d: the same: %v", len(got), size, err, len(want), bytes.Equal(got, want))
	}
}

func wantParts(t *testing.T, s Store, u Upload, want ...int) {
	t.Helper()
	got, err := s.Parts(t.Context(), u)
	if err != nil || len(got) != len(want) {
		t.Fatalf("parts: got %v, %v, want %v", got, err, want)
	}
	for i, p := range got {
		if p.Number != want[i] || p.Size != u.PartBytes(want[i]) {
			t.Errorf("part %d: got %v, want number %d of %d bytes", i, p, want[i], u.PartBytes(want[i]))
		}
	}
}

func wantCode(t *testing.T, what string, err error, want minichat.Code) {
	t.Helper()
	if got := minichat.CodeOf(err); got != want {
		t.Errorf("%s: got %q (%v), want %q", what, got, err, want)
	}
}

// tree lists the names below dir.
func tree(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}
