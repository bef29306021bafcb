package backup

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// The disk of the backups fills up while one is made: it fails, nothing looks
// whole, and with room again the next one is.
func TestDiskFillsUp(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("a small file system is mounted for it, which root alone may")
	}
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=48m"); err != nil {
		t.Fatalf("mount: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Errorf("unmount: %v", err)
		}
	})
	dest := filepath.Join(dir, "backups")
	w := newWorld(t, kept{Where{Dir: dest, Text: dest}, dest, nil})
	w.post(5)
	w.file(1 << 20)
	last := w.file(2 << 20)
	balloon := filepath.Join(dir, "balloon")
	src := w.src
	src.Files = failing{w.disk, last, func() error { return fill(balloon) }}
	if _, err := Run(t.Context(), src, w.to, 0, false); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("got %v, want no space left on device", err)
	}
	if _, err := Verify(t.Context(), w.to, "", w.src.Scratch, false); err == nil || !strings.Contains(err.Error(), "there is no") {
		t.Errorf("verify: got %v", err)
	}
	if _, err := Run(t.Context(), w.src, w.to, 0, false); err == nil || !strings.Contains(err.Error(), "not enough room") {
		t.Errorf("again: got %v", err)
	}
	if err := os.Remove(balloon); err != nil {
		t.Fatal(err)
	}
	w.backup(0)
	if r := w.verify(""); !r.Whole() || r.Files != 2 {
		t.Errorf("with room again: %+v", r)
	}
	for _, name := range w.names() {
		if strings.HasPrefix(name, unfinished) {
			t.Errorf("left over: %s", name)
		}
	}
}

// fill writes a file until the disk is full.
func fill(path string) error {
	f, err := os.Create(path)
	for err == nil {
		_, err = f.Write(make([]byte, 64<<10))
	}
	f.Close() // what was written stays
	if errors.Is(err, syscall.ENOSPC) {
		return nil
	}
	return err
}

// A file that the disk of the backups does not give back is one of those that a
// backup has not: it is named, and --partial restores the rest.
func TestFileThatCannotBeRead(t *testing.T) {
	onUnreadable(t, func(t *testing.T, w *world, says string, ruin func(path string)) {
		bad, good := w.file(ruinedSize), w.file(100)
		name := w.backup(0).Name
		ruin(filepath.Join(w.to.Dir, fileName(bad)))
		want := "the file " + bad + " cannot be read"
		if r := w.verify(name); len(r.Faults) != 1 || !strings.Contains(r.Faults[0], want) || !strings.Contains(r.Faults[0], says) {
			t.Errorf("verify: got %q", r.Faults)
		}
		if r, err := w.restore(name, nil); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "--partial") || len(names(t, r.dir)) > 0 {
			t.Errorf("restore: got %v, and there is %v", err, names(t, r.dir))
		}
		r, err := w.restore(name, func(to *Target) { to.Partial = true })
		if err != nil || !slices.Equal(r.Left, []string{bad}) || r.has(t, good, 100) != "" {
			t.Errorf("restore the rest: got %+v, %v", r.Restored, err)
		}
	})
}

// A file that the server's own disk does not give is lost like one that is not
// there, and ends no backup; the next one tries it again.
func TestFileThatCannotBeReadHere(t *testing.T) {
	onUnreadable(t, func(t *testing.T, w *world, says string, ruin func(path string)) {
		said := &lines{}
		w.src.Log = slog.New(slog.NewTextHandler(said, nil))
		bad, good := w.file(ruinedSize), w.file(100)
		ruin(w.here(bad))
		for range 2 {
			r, err := Run(t.Context(), w.src, w.to, 1, true)
			if err != nil || r.Proof == nil || !slices.Equal(r.Missing, []string{bad}) || r.Files != 1 {
				t.Fatalf("got %+v, %v", r, err)
			}
		}
		if said.count(bad) == 0 || said.count(says) == 0 {
			t.Error("it was not said")
		}
		if r, err := w.restore("", nil); err != nil || !slices.Equal(r.Left, []string{bad}) || r.has(t, good, 100) != "" {
			t.Errorf("restore: got %+v, %v", r, err)
		}
		if err := syscall.Unmount(w.here(bad), 0); err != nil {
			t.Fatal(err)
		}
		if r := w.backup(1); len(r.Missing) > 0 || r.Copied != 1 {
			t.Errorf("when it can be read again: got %+v", r)
		}
	})
}

const ruinedSize = 4096 // bytes that the files have that ruin mounts

// onUnreadable runs a test with each way in which ruin makes a file unreadable.
func onUnreadable(t *testing.T, fn func(t *testing.T, w *world, says string, ruin func(path string))) {
	if os.Geteuid() != 0 {
		t.Skip("a file is mounted over another for it, which root alone may")
	}
	for says, from := range map[string]string{
		"permission denied": "/sys/bus/platform/drivers_probe", // it cannot be opened, not even by root
		"invalid argument":  "/sys/class/net/lo/duplex",        // it can, and then not be read
	} {
		t.Run(says, func(t *testing.T) {
			w := newWorld(t, inFolder(t))
			w.post(3)
			fn(t, w, says, func(path string) {
				if err := syscall.Mount(from, path, "", syscall.MS_BIND, ""); err != nil {
					t.Fatalf("mount: %v", err)
				}
				t.Cleanup(func() {
					if err := syscall.Unmount(path, syscall.MNT_DETACH); err != nil && !errors.Is(err, syscall.EINVAL) { // the test did it
						t.Errorf("unmount: %v", err)
					}
				})
			})
		})
	}
}
