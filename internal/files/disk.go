package files

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"minichat"
)

// Disk is a Store in one folder, for one process:
//
//	data/ab/abcdef…           a complete file under its key
//	uploads/ID/meta           what Start was told
//	uploads/ID/data           the parts that have arrived, each at its place
//	uploads/ID/17-SHA256      part 17 is in data, whole and synced
//	uploads/ID/in-…           a part that is just coming in
//
// Completing is a rename, however large the file.
type Disk struct {
	root   *os.Root // nothing outside the folder can be reached
	dir    string
	secret []byte
	seed   maphash.Seed
	locks  [64]sync.Mutex // by upload: who changes data or moves it away
	dirs   sync.Mutex     // who makes a folder: nobody uses it before its name is durable

	promised promises // to uploads under way

	idle  time.Duration    // a part without bytes for so long is given up
	spare int64            // bytes that stay free on the disk, for the database
	now   func() time.Time // for the expiry of part URLs
}

var _ Store = (*Disk)(nil)

// OpenDisk opens, or makes, the folder. secret (at least 16 bytes) signs part
// URLs; with another secret those given out before are void. The caller closes.
func OpenDisk(dir string, secret []byte) (*Disk, error) {
	if len(secret) < 16 {
		return nil, errors.New("open files: the secret is shorter than 16 bytes")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder for files: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open the folder for files: %w", err)
	}
	d := &Disk{
		root: root, dir: dir, secret: append([]byte(nil), secret...), seed: maphash.MakeSeed(),
		idle: 30 * time.Second, spare: 64 << 20, now: time.Now,
	}
	for _, sub := range []string{"data", "uploads"} {
		if err := d.makeDir(sub); err != nil {
			root.Close()
			return nil, fmt.Errorf("make the folder for files: %w", err)
		}
	}
	if err := d.recall(); err != nil {
		root.Close()
		return nil, fmt.Errorf("look through the uploads: %w", err)
	}
	return d, nil
}

// Close lets go of the folder.
func (d *Disk) Close() error { return d.root.Close() }

// lock keeps others from changing the upload until the returned func is called.
func (d *Disk) lock(id string) (unlock func()) {
	m := &d.locks[maphash.String(d.seed, id)%uint64(len(d.locks))]
	m.Lock()
	return m.Unlock
}

func keyPath(key string) string { return filepath.Join("data", key[:2], key) }

// Open gives the bytes of a complete file and their number; the caller closes.
func (d *Disk) Open(ctx context.Context, key string) (io.ReadSeekCloser, int64, error) {
	f, size, err := d.open(key)
	if err != nil {
		return nil, 0, err
	}
	return f, size, nil
}

func (d *Disk) open(key string) (*os.File, int64, error) {
	if err := checkKey(key); err != nil {
		return nil, 0, err
	}
	f, err := d.root.Open(keyPath(key))
	if err != nil {
		return nil, 0, failure("open a file", err)
	}
	st, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, 0, failure("open a file", err)
	}
	return f, st.Size(), nil
}

// Link is always "": the server serves the bytes itself.
func (d *Disk) Link(context.Context, string, string, string, bool, time.Time) (string, error) {
	return "", nil
}

// Delete removes a complete file; one that is gone is no error.
func (d *Disk) Delete(ctx context.Context, key string) error {
	if checkKey(key) != nil {
		return nil
	}
	if err := d.root.Remove(keyPath(key)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return failure("delete a file", err)
	}
	return nil
}

// makeDir makes a folder if it is not there, and its name durable.
func (d *Disk) makeDir(name string) error {
	d.dirs.Lock()
	defer d.dirs.Unlock()
	err := d.root.Mkdir(name, 0o700)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return d.syncDir(filepath.Dir(name))
}

// syncDir makes what was created, renamed or removed in a folder durable.
func (d *Disk) syncDir(name string) error {
	if runtime.GOOS == "windows" {
		return nil // there a folder cannot be synced, and need not be
	}
	f, err := d.root.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

func randomName() string { return minichat.NewID(22) }
