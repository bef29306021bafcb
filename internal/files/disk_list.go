package files

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"

	"minichat"
)

// List tells of all uploads and files; see Store. What a Disk has not made is
// left out.
func (d *Disk) List(ctx context.Context, fn func(Found) error) error {
	err := d.each(ctx, "uploads", func(name string, st fs.FileInfo) error {
		found := Found{Upload: name, At: st.ModTime()}
		if u, err := d.find(name); err == nil {
			found.Key = u.Key
		}
		size, err := d.sizeOf(uploadDir(name))
		if err != nil {
			return err
		}
		found.Size = size
		return fn(found)
	})
	if err != nil {
		return failure("list the uploads", err)
	}
	shards, err := fs.ReadDir(d.root.FS(), "data")
	if err != nil {
		return failure("list the files", err)
	}
	for _, shard := range shards {
		if !shard.IsDir() {
			continue
		}
		err := d.each(ctx, filepath.Join("data", shard.Name()), func(key string, st fs.FileInfo) error {
			if checkKey(key) != nil || key[:2] != shard.Name() || !st.Mode().IsRegular() {
				return nil
			}
			return fn(Found{Key: key, Size: st.Size(), At: st.ModTime()})
		})
		if err != nil {
			return failure("list the files", err)
		}
	}
	return nil
}

// each calls fn for every name in a folder that has the form of an id. What
// vanishes meanwhile is skipped.
func (d *Disk) each(ctx context.Context, dir string, fn func(name string, st fs.FileInfo) error) error {
	entries, err := fs.ReadDir(d.root.FS(), filepath.ToSlash(dir))
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := ctx.Err(); err != nil {
			return err
		}
		st, err := e.Info()
		if err == nil && minichat.IsID(e.Name()) {
			err = fn(e.Name(), st)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// sizeOf sums up the files in a folder.
func (d *Disk) sizeOf(dir string) (int64, error) {
	entries, err := fs.ReadDir(d.root.FS(), filepath.ToSlash(dir))
	if err != nil {
		return 0, err
	}
	var sum int64
	for _, e := range entries {
		if st, err := e.Info(); err == nil { // what is gone has no size
			sum += st.Size()
		}
	}
	return sum, nil
}
