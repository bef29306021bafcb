//go:build unix

package files

import (
	"bytes"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"testing"

	"minichat"
)

// TestNoRoomLeft runs itself in a child whose files may not grow above 4 MiB:
// what a full disk does to the one who writes, and it needs no rights.
func TestNoRoomLeft(t *testing.T) {
	const env = "MINICHAT_TEST_FULL_DIR"
	if dir := os.Getenv(env); dir != "" {
		noRoomLeft(t, dir)
		return
	}
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestNoRoomLeft$", "-test.v")
	cmd.Env = append(os.Environ(), env+"="+dir)
	out, err := cmd.CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("--- PASS: TestNoRoomLeft")) {
		t.Fatalf("the child: %v\n%s", err, out)
	}

	// There is room again, and the same upload goes on.
	d := newDisk(t, dir)
	base := serve(t, d).URL
	u := theOnlyUpload(t, d, dir)
	data := noise(30, u.Size)
	wantParts(t, d, u, 2)
	sendPart(t, d, base, u, 1, partOf(u, data, 1), http.StatusOK)
	complete(t, d, u)
	wantFile(t, d, u.Key, data)
}

func noRoomLeft(t *testing.T, dir string) {
	d := newDisk(t, dir)
	base := serve(t, d).URL
	u := start(t, d, leastPart+1000)
	data := noise(30, u.Size)
	// Part 2 lies behind part 1 and is refused by a limit, so it comes first.
	sendPart(t, d, base, u, 2, partOf(u, data, 2), http.StatusOK)

	signal.Ignore(syscall.SIGXFSZ)
	small := syscall.Rlimit{Cur: 4 << 20, Max: 4 << 20}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &small); err != nil {
		t.Fatal(err)
	}
	sendPart(t, d, base, u, 1, partOf(u, data, 1), http.StatusInsufficientStorage)
	wantParts(t, d, u, 2)
	if got := tree(t, dir+"/"+uploadDir(u.ID)); len(got) != 3 {
		t.Errorf("got files %v left, want meta, data and the marker of part 2", got)
	}
	key := minichat.NewID(22)
	_, err := d.Put(t.Context(), key, "video/mp4", bytes.NewReader(make([]byte, 5<<20)), 0)
	wantCode(t, "put", err, minichat.StorageFull)
	_, _, err = d.Open(t.Context(), key)
	wantCode(t, "open", err, minichat.NotFound)

	// What fits is still taken.
	if _, err := d.Put(t.Context(), key, "text/plain", bytes.NewReader([]byte("small")), 0); err != nil {
		t.Errorf("put of a small file: %v", err)
	}
	wantFile(t, d, key, []byte("small"))
}

func theOnlyUpload(t *testing.T, d *Disk, dir string) Upload {
	t.Helper()
	ids := tree(t, dir+"/uploads")
	if len(ids) != 1 {
		t.Fatalf("got uploads %v, want one", ids)
	}
	u, err := d.find(ids[0])
	if err != nil {
		t.Fatal(err)
	}
	return u
}
