package files

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"minichat"
)

func uploadDir(id string) string           { return filepath.Join("uploads", id) }
func uploadFile(id, name string) string    { return filepath.Join("uploads", id, name) }
func marker(number int, sum string) string { return strconv.Itoa(number) + "-" + sum }
func (u Upload) offset(number int) int64   { return int64(number-1) * u.PartSize }
func errNoUpload() error                   { return minichat.Errorf(minichat.NotFound, "There is no such upload.") }

// Start opens an upload; see Store. A disk without room for it is storage_full.
func (d *Disk) Start(ctx context.Context, key string, size int64, typ string) (Upload, error) {
	u := Upload{Key: key, ID: randomName(), Size: size, PartSize: partSize(size), Type: typ}
	if err := checkKey(key); err != nil {
		return Upload{}, err
	}
	if size <= 0 {
		return Upload{}, minichat.FieldError(minichat.BadField, "size", "An empty file cannot be sent.")
	}
	if err := d.promise(u); err != nil {
		return Upload{}, err
	}
	if err := d.start(u); err != nil {
		d.promised.set(u.ID, 0)
		d.root.RemoveAll(uploadDir(u.ID)) // what stays is collected
		return Upload{}, failure("start an upload", err)
	}
	return u, nil
}

func (d *Disk) start(u Upload) error {
	if err := d.root.Mkdir(uploadDir(u.ID), 0o700); err != nil {
		return err
	}
	meta, err := json.Marshal(u)
	if err != nil {
		return err
	}
	f, err := d.create(uploadFile(u.ID, "meta"))
	if err != nil {
		return err
	}
	_, err = f.Write(meta)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return errors.Join(d.syncDir(uploadDir(u.ID)), d.syncDir("uploads"))
}

func (d *Disk) create(name string) (*os.File, error) {
	return d.root.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
}

// find reads what Start was told; an upload that is over is not_found.
func (d *Disk) find(id string) (Upload, error) {
	if !minichat.IsID(id) {
		return Upload{}, errNoUpload()
	}
	b, err := d.root.ReadFile(uploadFile(id, "meta"))
	if errors.Is(err, fs.ErrNotExist) {
		return Upload{}, errNoUpload()
	}
	var u Upload
	if err == nil {
		err = json.Unmarshal(b, &u)
	}
	return u, failure("read an upload", err)
}

// Parts lists the parts that are whole and on disk; see Store.
func (d *Disk) Parts(ctx context.Context, u Upload) ([]Part, error) {
	// The upload's folder may be there still, and be half empty.
	if f, size, err := d.open(u.Key); err == nil {
		f.Close()
		if size == u.Size {
			return u.all(), nil
		}
	}
	sums, err := d.sums(u)
	if err != nil {
		return nil, err
	}
	list := make([]Part, 0, len(sums))
	for number := range sums {
		list = append(list, Part{Number: number, Size: u.PartBytes(number)})
	}
	slices.SortFunc(list, func(a, b Part) int { return a.Number - b.Number })
	return list, nil
}

// sums is the SHA-256 of each part that is there: marked, and within data.
func (d *Disk) sums(u Upload) (map[int]string, error) {
	sums, err := d.markers(u.ID)
	if err != nil {
		return nil, err
	}
	var have int64
	if st, err := d.root.Stat(uploadFile(u.ID, "data")); err == nil {
		have = st.Size()
	}
	for number := range sums {
		if size := u.PartBytes(number); size == 0 || u.offset(number)+size > have {
			delete(sums, number)
		}
	}
	return sums, nil
}

func (d *Disk) markers(id string) (map[int]string, error) {
	if !minichat.IsID(id) {
		return nil, errNoUpload()
	}
	entries, err := fs.ReadDir(d.root.FS(), filepath.ToSlash(uploadDir(id)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errNoUpload()
	}
	if err != nil {
		return nil, failure("list an upload", err)
	}
	sums := map[int]string{}
	for _, e := range entries {
		number, sum, _ := strings.Cut(e.Name(), "-")
		if n, err := strconv.Atoi(number); err == nil && len(sum) == 2*sha256.Size {
			sums[n] = sum
		}
	}
	return sums, nil
}

// place puts a part that came in whole, the file in, at its offset in data.
// Whatever happens, the marker never stands for bytes that are not there.
func (d *Disk) place(u Upload, number int, in, sum string) error {
	defer d.lock(u.ID)()
	sums, err := d.sums(u)
	if err != nil || sums[number] == sum {
		return err
	}
	if err := d.unmark(u.ID, number); err != nil {
		return err
	}
	if err := d.fill(u, number, in); err != nil {
		return err
	}
	mark, err := d.create(uploadFile(u.ID, marker(number, sum)))
	if err != nil {
		return err
	}
	sums[number] = sum
	d.promised.set(u.ID, u.lacks(sums))
	return errors.Join(mark.Close(), d.syncDir(uploadDir(u.ID)))
}

func (d *Disk) unmark(id string, number int) error {
	old, err := d.markers(id)
	if err != nil || old[number] == "" {
		return err
	}
	err = d.root.Remove(uploadFile(id, marker(number, old[number])))
	return errors.Join(err, d.syncDir(uploadDir(id)))
}

// fill copies in to its place in data and syncs; the only part is data itself.
func (d *Disk) fill(u Upload, number int, in string) error {
	data := uploadFile(u.ID, "data")
	if u.Count() == 1 {
		f, err := d.root.OpenFile(in, os.O_RDWR, 0)
		if err != nil {
			return err
		}
		if err := errors.Join(f.Sync(), f.Close()); err != nil {
			return err
		}
		return d.root.Rename(in, data)
	}
	src, err := d.root.Open(in)
	if err != nil {
		return err
	}
	defer src.Close()
	dst, err := d.root.OpenFile(data, os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	_, err = dst.Seek(u.offset(number), io.SeekStart)
	if err == nil {
		_, err = dst.ReadFrom(src) // copy_file_range where there is one
	}
	return errors.Join(err, dst.Sync(), dst.Close())
}

// Abort drops an upload; a complete file stays.
func (d *Disk) Abort(ctx context.Context, u Upload) error {
	if !minichat.IsID(u.ID) {
		return nil
	}
	defer d.lock(u.ID)()
	d.promised.set(u.ID, 0)
	return failure("abort an upload", d.root.RemoveAll(uploadDir(u.ID)))
}
