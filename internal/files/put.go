package files

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"

	"minichat"
)

// Put stores what r gives under key; see Store. An upload of its own holds the
// bytes until they are whole, so that they are collected after a crash.
func (d *Disk) Put(ctx context.Context, key, typ string, r io.Reader, limit int64) (Info, error) {
	if err := checkKey(key); err != nil {
		return Info{}, err
	}
	if err := d.hasRoom(0); err != nil {
		return Info{}, err
	}
	id := randomName()
	if err := d.root.Mkdir(uploadDir(id), 0o700); err != nil {
		return Info{}, failure("store a file", err)
	}
	defer d.root.RemoveAll(uploadDir(id)) // what stays is collected
	size, sum, err := d.write(ctx, uploadFile(id, "data"), r, limit)
	if err != nil {
		return Info{}, failure("store a file", err)
	}
	info, err := d.move(uploadFile(id, "data"), key, size, []string{sum})
	return info, failure("store a file", err)
}

func (d *Disk) write(ctx context.Context, name string, r io.Reader, limit int64) (size int64, sum string, err error) {
	f, err := d.create(name)
	if err != nil {
		return 0, "", err
	}
	size, sum, err = take(ctx, &roomy{File: f, d: d, left: leastPart}, r, limit)
	return size, sum, errors.Join(err, f.Sync(), f.Close())
}

// roomy is a file that ends before the disk is full: how long it gets, nobody has said.
type roomy struct {
	*os.File
	d    *Disk
	left int64 // bytes until it looks again
}

func (r *roomy) Write(b []byte) (int, error) {
	if r.left -= int64(len(b)); r.left < 0 {
		if err := r.d.hasRoom(leastPart); err != nil {
			return 0, err
		}
		r.left = leastPart
	}
	return r.File.Write(b)
}

// take copies what r gives to f and sums it: 1 to limit bytes (0: any number).
func take(ctx context.Context, f io.Writer, r io.Reader, limit int64) (size int64, sum string, err error) {
	h := sha256.New()
	src := &source{ctx: ctx, r: r}
	var from io.Reader = src
	if limit > 0 {
		from = io.LimitReader(src, limit+1)
	}
	size, err = io.CopyBuffer(io.MultiWriter(f, h), from, make([]byte, 128<<10))
	switch {
	case src.err != nil || err != nil:
		return 0, "", errors.Join(src.err, err)
	case limit > 0 && size > limit:
		return 0, "", minichat.Errorf(minichat.TooLarge, "A file may have at most %d bytes.", limit)
	case size == 0:
		return 0, "", minichat.FieldError(minichat.Empty, "size", "An empty file cannot be sent.")
	}
	return size, hex.EncodeToString(h.Sum(nil)), nil
}

// source remembers what ended the reading, so that a line cut by the sender is
// not taken for a fault of the disk.
type source struct {
	ctx context.Context
	r   io.Reader
	err error
}

func (s *source) Read(b []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := s.r.Read(b)
	if _, ours := errors.AsType[*minichat.Error](err); ours {
		s.err = err
	} else if err != nil && err != io.EOF {
		e := minichat.FieldError(minichat.BadField, "body", "The connection broke before the whole file was here. Send it again.")
		e.Err = err
		s.err = e
	}
	return n, err
}
