package e2e

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// volume is a place for a server's data that can be filled and freed.
type volume struct {
	name       string
	data       string
	fill, free func()
}

// volumes are those that this system lets us have: a disk whose process is told
// that it is full, always; for root a small file system that really is.
func volumes(t *testing.T) []volume {
	all := []volume{{name: "refused"}}
	dir := t.TempDir()
	if syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=12m") != nil {
		return all // not root, or not allowed to
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Errorf("unmount: %v", err)
		}
	})
	balloon := filepath.Join(dir, "balloon")
	return append(all, volume{
		name: "small", data: filepath.Join(dir, "data"),
		fill: func() {
			f, err := os.Create(balloon)
			for err == nil {
				_, err = f.Write(make([]byte, 64<<10))
			}
			if !errors.Is(err, syscall.ENOSPC) {
				t.Errorf("fill the disk: %v", err)
			}
			f.Close()
		},
		free: func() {
			if err := os.Remove(balloon); err != nil {
				t.Error(err)
			}
		},
	})
}
