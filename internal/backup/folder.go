package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"minichat"

	"minichat/internal/osfile"
)

const (
	lockFile   = "backup.lock"
	unfinished = ".unfinished-" // before names of what is just being written
)

// folder is a place on a disk. What it keeps is for its owner alone.
type folder struct {
	root *os.Root
	dir  string
}

func openFolder(dir string, write bool) (*folder, error) {
	if write {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("the folder %s cannot be made (%w). Make it yourself, or use another one", dir, cause(err))
		}
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("the folder %s cannot be opened (%w)", dir, cause(err))
	}
	return &folder{root, dir}, nil
}

// cause is the reason of an error of the file system without its path.
func cause(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}

func (f *folder) scratch() string { return f.dir }

func (f *folder) put(ctx context.Context, name string, r io.Reader) (err error) {
	half := unfinished + minichat.NewID(12)
	out, err := f.root.OpenFile(half, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	_, err = io.CopyBuffer(struct{ io.Writer }{out}, r, make([]byte, 256<<10))
	if err = errors.Join(err, out.Sync(), out.Close()); err == nil {
		err = f.settle(half, name)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", name, err), ignoreAbsent(f.root.Remove(half)))
	}
	return nil
}

// settle gives a finished file its name, for good.
func (f *folder) settle(half, name string) error {
	dir := path.Dir(name)
	if err := f.root.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if err := f.root.Rename(half, name); err != nil {
		return err
	}
	for ; ; dir = path.Dir(dir) {
		if err := f.sync(dir); err != nil || dir == "." {
			return err
		}
	}
}

func (f *folder) sync(name string) error {
	d, err := f.root.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(osfile.SyncFolder(d), d.Close())
}

// take moves the file, which scratch has put on the same disk.
func (f *folder) take(ctx context.Context, name, from string) error {
	half, err := filepath.Rel(f.dir, from)
	if err == nil {
		err = f.settle(filepath.ToSlash(half), name)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

func (f *folder) open(ctx context.Context, name string) (io.ReadCloser, error) {
	return f.root.Open(name)
}

func (f *folder) list(ctx context.Context, prefix string, fn func(string, int64) error) error {
	err := fs.WalkDir(f.root.FS(), strings.TrimSuffix(prefix, "/"), func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return errors.Join(err, ctx.Err())
		}
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() {
			return ignoreAbsent(err)
		}
		return fn(name, info.Size())
	})
	return ignoreAbsent(err)
}

func ignoreAbsent(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// remove also takes away the folders that become empty by it.
func (f *folder) remove(ctx context.Context, name string) error {
	if err := ignoreAbsent(f.root.Remove(name)); err != nil {
		return err
	}
	for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
		if f.root.Remove(dir) != nil { // it is not empty
			return nil
		}
	}
	return nil
}

// flocked is a lock that ends with the process.
type flocked struct{ f *os.File }

func (l flocked) held(context.Context) error { return nil }
func (l flocked) release()                   { l.f.Close() }

func (f *folder) lock(ctx context.Context) (lease, error) {
	l, err := f.root.OpenFile(lockFile, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("the folder %s cannot be written to (%w). Make it yours with chown, or use another one", f.dir, cause(err))
	}
	err = osfile.Lock(l)
	if errors.Is(err, osfile.ErrHeld) {
		return nil, errors.Join(fmt.Errorf("another backup to %s is under way. Wait for it", f.dir), l.Close())
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", f.dir, err), l.Close())
	}
	return flocked{l}, f.clearUnfinished()
}

// clearUnfinished removes what a process that was killed has left.
func (f *folder) clearUnfinished() error {
	entries, err := fs.ReadDir(f.root.FS(), ".")
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), unfinished) {
			err = errors.Join(err, f.root.RemoveAll(e.Name()))
		}
	}
	// Of a backup that was killed before its first file there is only a folder.
	begun, listErr := fs.ReadDir(f.root.FS(), strings.TrimSuffix(backupsDir, "/"))
	for _, e := range begun {
		f.root.Remove(backupsDir + e.Name()) // unless it has something in it
	}
	return errors.Join(err, ignoreAbsent(listErr))
}
