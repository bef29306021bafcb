package files

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"minichat"
)

// line is a client that speaks HTTP by hand, so that it can lie and break off.
type line struct {
	net.Conn
	done chan error // what ServePart returned
}

func dial(t *testing.T, d *Disk) *line {
	t.Helper()
	l := &line{done: make(chan error, 1)}
	srv := httptest.NewServer(partHandler(d, func(err error) { l.done <- err }))
	t.Cleanup(srv.Close) // after the line is closed
	var err error
	if l.Conn, err = net.Dial("tcp", srv.Listener.Addr().String()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	l.SetDeadline(time.Now().Add(time.Minute))
	return l
}

// send writes a PUT with the given header lines and body, and no more.
func (l *line) send(t *testing.T, url, headers string, body []byte) {
	t.Helper()
	_, err := fmt.Fprintf(l, "PUT %s HTTP/1.1\r\nHost: x\r\n%s\r\n\r\n%s", url, headers, body)
	if err != nil {
		t.Fatal(err)
	}
}

func (l *line) status(t *testing.T) int {
	t.Helper()
	resp, err := http.ReadResponse(bufio.NewReader(l), nil)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode
}

// Row 48, fault 24, P18: a line that breaks at any byte leaves nothing of its part.
func TestLineCutAtAnyByte(t *testing.T) {
	dir := t.TempDir()
	d := newDisk(t, dir)
	data := noise(20, leastPart+3000)
	u := start(t, d, int64(len(data)))
	url := partURL(t, d, u, 2, time.Now().Add(time.Minute))
	for i := range 1000 {
		n := rand.IntN(3000)
		if i < 2 {
			n = i * 2999
		}
		l := dial(t, d)
		l.send(t, url, "Content-Length: 3000", data[leastPart:leastPart+n])
		l.Close()
		wantCode(t, fmt.Sprint("cut after byte ", n), <-l.done, minichat.BadField)
		wantParts(t, d, u)
		if got := tree(t, filepath.Join(dir, uploadDir(u.ID))); len(got) != 1 {
			t.Fatalf("cut after byte %d: got files %v, want only meta", n, got)
		}
	}
	base := serve(t, d).URL
	sendPart(t, d, base, u, 2, data[leastPart:], http.StatusOK)

	// A cut while a part is sent again leaves the one that is there.
	l := dial(t, d)
	l.send(t, url, "Content-Length: 3000", make([]byte, 1500))
	l.Close()
	<-l.done
	wantParts(t, d, u, 2)
	sendPart(t, d, base, u, 1, data[:leastPart], http.StatusOK)
	complete(t, d, u)
	wantFile(t, d, u.Key, data)
}

// Rows 47 and 48: a length that lies is refused, before the first byte where it can be.
func TestLengthLies(t *testing.T) {
	dir := t.TempDir()
	d := newDisk(t, dir)
	u := start(t, d, 1000)
	url := partURL(t, d, u, 1, time.Now().Add(time.Minute))
	chunked := func(n int) []byte { return fmt.Appendf(nil, "%x\r\n%s\r\n0\r\n\r\n", n, noise(21, int64(n))) }
	for _, c := range []struct {
		name, headers string
		body          []byte
		status        int
		code          minichat.Code
	}{
		{"announces more: refused before the first byte", "Content-Length: 1001", nil, 413, minichat.TooLarge},
		{"announces far more", "Content-Length: 9000000000000000000", nil, 413, minichat.TooLarge},
		{"announces less: refused before the first byte", "Content-Length: 999", nil, 400, minichat.BadField},
		{"announces nothing", "Content-Length: 0", nil, 400, minichat.BadField},
		{"chunked, one too many", "Transfer-Encoding: chunked", chunked(1001), 413, minichat.TooLarge},
		{"chunked without end", "Transfer-Encoding: chunked", chunked(1 << 18)[:1<<17], 413, minichat.TooLarge},
		{"chunked, one too few", "Transfer-Encoding: chunked", chunked(999), 400, minichat.BadField},
		{"chunked, none", "Transfer-Encoding: chunked", []byte("0\r\n\r\n"), 400, minichat.BadField},
	} {
		l := dial(t, d)
		l.send(t, url, c.headers, c.body)
		if got := l.status(t); got != c.status {
			t.Errorf("%s: got status %d, want %d", c.name, got, c.status)
		}
		wantCode(t, c.name, <-l.done, c.code)
		wantParts(t, d, u)
	}
	if got := tree(t, filepath.Join(dir, uploadDir(u.ID))); len(got) != 1 {
		t.Errorf("got files %v left, want only meta", got)
	}
	l := dial(t, d)
	l.send(t, url, "Transfer-Encoding: chunked", chunked(1000))
	if got := l.status(t); got != http.StatusOK {
		t.Errorf("chunked and exact: got status %d, want 200", got)
	}
	wantParts(t, d, u, 1)
}

// Row 48: a body that stalls.
func TestStalledBody(t *testing.T) {
	dir := t.TempDir()
	d := newDisk(t, dir)
	d.idle = 50 * time.Millisecond
	u := start(t, d, 1000)
	l := dial(t, d)
	l.send(t, partURL(t, d, u, 1, time.Now().Add(time.Minute)), "Content-Length: 1000", make([]byte, 400))
	if got := l.status(t); got != http.StatusRequestTimeout {
		t.Errorf("got status %d, want 408", got)
	}
	if err := <-l.done; !errors.Is(err, ErrStalled) {
		t.Errorf("got %v, want ErrStalled", err)
	}
	if got := tree(t, filepath.Join(dir, uploadDir(u.ID))); len(got) != 1 {
		t.Errorf("got files %v left, want only meta", got)
	}
}

func TestAnotherSecretVoidsPartURLs(t *testing.T) {
	dir := t.TempDir()
	d := newDisk(t, dir)
	u := start(t, d, 10)
	url := partURL(t, d, u, 1, time.Now().Add(time.Minute))
	other, err := OpenDisk(dir, []byte("another secret, 32 bytes long..."))
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if got := put(t, serve(t, other).URL+url, make([]byte, 10)); got != http.StatusBadRequest {
		t.Errorf("got status %d, want 400", got)
	}
	if _, err := OpenDisk(dir, []byte("short")); err == nil {
		t.Error("a secret of 5 bytes was taken")
	}
}

// A crash can leave an upload between any two steps of place and Complete.
func TestCrashBetweenSteps(t *testing.T) {
	dir := t.TempDir()
	d := newDisk(t, dir)
	base := serve(t, d).URL
	data := noise(22, 2*leastPart)
	in := func(u Upload, name string) string { return filepath.Join(dir, uploadFile(u.ID, name)) }
	filled := func() Upload {
		u := start(t, d, int64(len(data)))
		for n := 1; n <= 2; n++ {
			sendPart(t, d, base, u, n, partOf(u, data, n), http.StatusOK)
		}
		return u
	}
	check := func(name string, u Upload) {
		t.Helper()
		info := complete(t, d, u)
		if info.SHA256 != sumOf(u, data) {
			t.Errorf("%s: got sum %s, want %s", name, info.SHA256, sumOf(u, data))
		}
		wantFile(t, d, u.Key, data)
		if _, err := os.Stat(filepath.Join(dir, uploadDir(u.ID))); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: the upload's folder is still there", name)
		}
	}

	u := filled()
	must(t, os.MkdirAll(filepath.Join(dir, "data", u.Key[:2]), 0o700))
	must(t, os.Rename(in(u, "data"), filepath.Join(dir, keyPath(u.Key))))
	check("moved, the upload not yet removed", u)

	u = filled()
	must(t, os.MkdirAll(filepath.Join(dir, "data", u.Key[:2]), 0o700))
	must(t, os.Rename(in(u, "data"), filepath.Join(dir, keyPath(u.Key))))
	must(t, os.RemoveAll(filepath.Join(dir, uploadDir(u.ID))))
	check("moved and removed, the answer lost", u)

	u = filled()
	must(t, os.MkdirAll(filepath.Join(dir, "data", u.Key[:2]), 0o700))
	must(t, os.Rename(in(u, "data"), filepath.Join(dir, keyPath(u.Key))))
	must(t, os.Remove(in(u, "meta")))
	wantParts(t, d, u, 1, 2)
	check("moved and half removed", u)

	u = filled()
	must(t, os.WriteFile(in(u, "in-half"), make([]byte, 1000), 0o600))
	check("a part was just coming in", u)

	u = filled()
	must(t, os.Truncate(in(u, "data"), leastPart+10))
	wantParts(t, d, u, 1)
	_, err := d.Complete(t.Context(), u)
	wantCode(t, "a marker without its bytes", err, minichat.Conflict)
	sendPart(t, d, base, u, 2, partOf(u, data, 2), http.StatusOK)
	check("a marker without its bytes", u)

	u = filled()
	must(t, os.Remove(in(u, "data")))
	wantParts(t, d, u)
}

func TestFilesAreNobodyElses(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "files")
	d := newDisk(t, dir)
	base := serve(t, d).URL
	u, open := start(t, d, 10), start(t, d, 10)
	for _, u := range []Upload{u, open} {
		sendPart(t, d, base, u, 1, make([]byte, 10), http.StatusOK)
	}
	complete(t, d, u)
	err := filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		st, err := e.Info()
		if err == nil && st.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v: others may get at it", name, st.Mode())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A link planted in the folder leads nowhere.
func TestNothingOutsideIsReached(t *testing.T) {
	dir, secret := t.TempDir(), filepath.Join(t.TempDir(), "secret")
	must(t, os.WriteFile(secret, []byte("secret"), 0o600))
	d := newDisk(t, dir)
	key := minichat.NewID(22)
	must(t, os.MkdirAll(filepath.Join(dir, "data", key[:2]), 0o700))
	must(t, os.Symlink(secret, filepath.Join(dir, keyPath(key))))
	_, _, err := d.Open(t.Context(), key)
	wantCode(t, "open through a link", err, minichat.FilesUnavailable)
}

func TestSweepLeavesWhatIsNotOurs(t *testing.T) {
	dir := t.TempDir()
	d := newDisk(t, dir)
	must(t, os.MkdirAll(filepath.Join(dir, "data", "lost+found"), 0o700))
	for _, name := range []string{"data/note.txt", "data/lost+found/x", "uploads/notes.txt"} {
		must(t, os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o600))
	}
	sweep(t, d, time.Now().Add(time.Hour), func(string) bool { return false }, 0)
}

// Row 51: what would fill the disk is refused before its bytes come.
func TestStartLeavesRoomOnTheDisk(t *testing.T) {
	d := newDisk(t, t.TempDir())
	_, err := d.Start(t.Context(), minichat.NewID(22), 1<<60, "video/mp4")
	wantCode(t, "start of an exbibyte", err, minichat.StorageFull)
	d.spare = 1 << 60
	_, err = d.Start(t.Context(), minichat.NewID(22), 1, "video/mp4")
	wantCode(t, "start on a disk that is nearly full", err, minichat.StorageFull)
	_, err = d.Put(t.Context(), minichat.NewID(22), "video/mp4", strings.NewReader("x"), 0)
	wantCode(t, "put on a disk that is nearly full", err, minichat.StorageFull)
}

// Row 51: what fits alone and not together does not begin together. What others
// write meanwhile stops before the disk is full.
func TestUploadsShareTheRoom(t *testing.T) {
	dir := t.TempDir()
	d := newDisk(t, dir)
	free, err := freeBytes(dir)
	must(t, err)
	large := free * 6 / 10
	begin := func() (Upload, error) { return d.Start(t.Context(), minichat.NewID(22), large, "video/mp4") }
	first, err := begin()
	must(t, err)
	_, err = begin()
	wantCode(t, "the second", err, minichat.StorageFull)
	d = newDisk(t, dir)
	_, err = begin()
	wantCode(t, "the second, after a restart", err, minichat.StorageFull)
	must(t, d.Abort(t.Context(), first))
	second, err := begin()
	wantCode(t, "the second, when the first is called off", err, "")
	must(t, os.RemoveAll(filepath.Join(dir, uploadDir(second.ID))))
	_, err = begin()
	wantCode(t, "the third, when another process has removed the second", err, "")

	d = newDisk(t, t.TempDir())
	base := serve(t, d).URL
	u := start(t, d, leastPart+1000)
	promised := func(want int64) {
		t.Helper()
		if d.promised.sum != want {
			t.Errorf("got %d bytes promised, want %d", d.promised.sum, want)
		}
	}
	promised(leastPart + 1000)
	sendPart(t, d, base, u, 2, noise(23, 1000), http.StatusOK) // behind a hole that is none of its own
	promised(leastPart)
	spare := d.spare
	d.spare = 1 << 60
	sendPart(t, d, base, u, 1, noise(24, leastPart), http.StatusInsufficientStorage)
	d.spare = spare
	sendPart(t, d, base, u, 1, noise(24, leastPart), http.StatusOK)
	promised(0)
	complete(t, d, u)
	promised(0)

	full := io.MultiReader(bytes.NewReader(make([]byte, 2*leastPart)), fills{d}, bytes.NewReader(make([]byte, 2*leastPart)))
	_, err = d.Put(t.Context(), minichat.NewID(22), "video/mp4", full, 0)
	wantCode(t, "put while the disk fills up", err, minichat.StorageFull)
}

// One part may come many times at once: what is still to come of each has its room.
func TestPartsUnderWayShareTheRoom(t *testing.T) {
	d := newDisk(t, t.TempDir())
	base := serve(t, d).URL
	u := start(t, d, 1000)
	coming := func() int64 {
		d.promised.mu.Lock()
		defer d.promised.mu.Unlock()
		return d.promised.coming
	}
	url, err := d.PartURL(t.Context(), u, 1, time.Now().Add(time.Minute))
	must(t, err)
	body, send := io.Pipe()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPut, base+url, body)
	must(t, err)
	request.ContentLength = 1000
	answered := make(chan error)
	go func() {
		answer, err := http.DefaultClient.Do(request)
		if err == nil {
			err = answer.Body.Close()
		}
		answered <- err
	}()
	content := noise(7, 1000)
	_, err = send.Write(content[:400])
	must(t, err)
	for coming() != 600 {
		time.Sleep(time.Millisecond) // until the server has written them
	}
	d.promised.mu.Lock()
	d.promised.coming += 1 << 60
	d.promised.mu.Unlock()
	sendPart(t, d, base, u, 1, content, http.StatusInsufficientStorage)
	d.promised.mu.Lock()
	d.promised.coming -= 1 << 60
	d.promised.mu.Unlock()
	sendPart(t, d, base, u, 1, content, http.StatusOK)
	if got := coming(); got != 600 {
		t.Errorf("beside one under way: got %d bytes coming, want its 600", got)
	}
	must(t, send.CloseWithError(errors.New("gone")))
	if err := <-answered; err == nil {
		t.Error("a part that was cut was taken")
	}
	for coming() != 0 {
		time.Sleep(time.Millisecond)
	}
}

// fills gives nothing; after it there is no room any more.
type fills struct{ d *Disk }

func (f fills) Read([]byte) (int, error) {
	f.d.spare = 1 << 60
	return 0, io.EOF
}

func TestFailureNamesItsKind(t *testing.T) {
	for err, want := range map[error]minichat.Code{
		syscall.ENOSPC: minichat.StorageFull, syscall.EDQUOT: minichat.StorageFull, syscall.EFBIG: minichat.StorageFull,
		syscall.EIO: minichat.FilesUnavailable, syscall.ENOENT: minichat.NotFound,
		minichat.Errorf(minichat.Gone, "x"): minichat.Gone,
	} {
		got := failure("write", &fs.PathError{Op: "write", Path: "p", Err: err})
		wantCode(t, err.Error(), got, want)
		if !errors.Is(got, err) {
			t.Errorf("%v is not in the chain of %v", err, got)
		}
	}
	if got := failure("write", nil); got != nil {
		t.Errorf("got %v for no error", got)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
