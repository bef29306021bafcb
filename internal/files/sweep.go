package files

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"time"

	"minichat"
)

// Sweep collects what nobody will ask for again; see Store. What it finds that
// a Disk has not made it leaves alone.
func (d *Disk) Sweep(ctx context.Context, olderThan time.Time, known func(key string) bool) (removed int, err error) {
	uploads, err := d.sweepUploads(ctx, olderThan)
	if err != nil {
		return uploads, failure("sweep the uploads", err)
	}
	data, err := d.sweepData(ctx, olderThan, known)
	return uploads + data, failure("sweep the files", err)
}

func (d *Disk) sweepUploads(ctx context.Context, olderThan time.Time) (removed int, err error) {
	err = d.each(ctx, "uploads", olderThan, func(name string) error {
		id := filepath.Base(name)
		defer d.lock(id)()
		removed++
		return d.root.RemoveAll(uploadDir(id))
	})
	return removed, err
}

func (d *Disk) sweepData(ctx context.Context, olderThan time.Time, known func(string) bool) (removed int, err error) {
	shards, err := fs.ReadDir(d.root.FS(), "data")
	if err != nil {
		return 0, err
	}
	for _, shard := range shards {
		if !shard.IsDir() {
			continue
		}
		err := d.each(ctx, "data/"+shard.Name(), olderThan, func(name string) error {
			key := filepath.Base(name)
			if checkKey(key) != nil || key[:2] != shard.Name() || known(key) {
				return nil
			}
			removed++
			return d.root.Remove(name)
		})
		if err != nil {
			return removed, err
		}
	}
	return removed, nil
}

// each calls fn for every id in a folder that has not changed since olderThan.
// What vanishes meanwhile is skipped.
func (d *Disk) each(ctx context.Context, dir string, olderThan time.Time, fn func(name string) error) error {
	entries, err := fs.ReadDir(d.root.FS(), dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := ctx.Err(); err != nil {
			return err
		}
		st, err := e.Info()
		if err == nil && minichat.IsID(e.Name()) && st.ModTime().Before(olderThan) {
			err = fn(filepath.Join(dir, e.Name()))
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
