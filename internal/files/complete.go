package files

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"

	"minichat"
)

// Complete moves data to its key; see Store.
func (d *Disk) Complete(ctx context.Context, u Upload) (Info, error) {
	if checkKey(u.Key) != nil || !minichat.IsID(u.ID) {
		return Info{}, errNoUpload()
	}
	defer d.lock(u.ID)()
	info, err := d.finished(ctx, u)
	if minichat.CodeOf(err) == minichat.NotFound {
		info, err = d.finish(u)
	}
	if err != nil {
		return Info{}, failure("complete an upload", err)
	}
	d.promised.set(u.ID, 0)
	d.root.RemoveAll(uploadDir(u.ID)) // the file is safe; what stays is collected
	return info, nil
}

// finished is the answer when an earlier Complete had moved the file before it
// was cut off.
func (d *Disk) finished(ctx context.Context, u Upload) (Info, error) {
	f, size, err := d.open(u.Key)
	if err != nil {
		return Info{}, err
	}
	defer f.Close()
	if size != u.Size {
		return Info{}, fmt.Errorf("key %s holds %d bytes, not %d", u.Key, size, u.Size)
	}
	var sums []string
	for n := range u.Count() {
		if err := ctx.Err(); err != nil {
			return Info{}, err
		}
		h := sha256.New()
		if _, err := io.Copy(h, io.NewSectionReader(f, u.offset(n+1), u.PartBytes(n+1))); err != nil {
			return Info{}, err
		}
		sums = append(sums, hex.EncodeToString(h.Sum(nil)))
	}
	return describe(f, size, sums)
}

func (d *Disk) finish(u Upload) (Info, error) {
	known, err := d.find(u.ID)
	if err != nil {
		return Info{}, err
	}
	if known != u {
		return Info{}, errNoUpload()
	}
	sums, err := d.inOrder(u)
	if err != nil {
		return Info{}, err
	}
	return d.move(uploadFile(u.ID, "data"), u.Key, u.Size, sums)
}

// inOrder is the SHA-256 of every part, or conflict naming the first that are missing.
func (d *Disk) inOrder(u Upload) ([]string, error) {
	sums, err := d.sums(u)
	if err != nil {
		return nil, err
	}
	if err := u.whole(func(n int) bool { return sums[n] != "" }); err != nil {
		return nil, err
	}
	list := make([]string, u.Count())
	for i := range list {
		list[i] = sums[i+1]
	}
	return list, nil
}

// whole is nil if each part is there, else conflict naming the first that are missing.
func (u Upload) whole(have func(number int) bool) error {
	var gaps []string
	missing := 0
	for n := 1; n <= u.Count(); n++ {
		if have(n) {
			continue
		}
		if missing++; missing <= 8 {
			gaps = append(gaps, strconv.Itoa(n))
		}
	}
	if missing == 0 {
		return nil
	}
	return minichat.Errorf(minichat.Conflict, "%d parts of the file have not arrived, among them %s.", missing, strings.Join(gaps, ", "))
}

// move gives a synced file its key, for good.
func (d *Disk) move(from, key string, size int64, sums []string) (Info, error) {
	info, err := d.inspect(from, size, sums)
	if err != nil {
		return Info{}, err
	}
	to := keyPath(key)
	if err := d.makeDir(filepath.Dir(to)); err != nil {
		return Info{}, err
	}
	if err := d.root.Rename(from, to); err != nil {
		return Info{}, err
	}
	return info, d.syncDir(filepath.Dir(to))
}

func (d *Disk) inspect(name string, size int64, sums []string) (Info, error) {
	f, err := d.root.Open(name)
	if err != nil {
		return Info{}, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return Info{}, err
	}
	if st.Size() != size {
		return Info{}, minichat.Errorf(minichat.ChecksumMismatch, "The file arrived with %d bytes, not the %d announced. Send it again.", st.Size(), size)
	}
	return describe(f, size, sums)
}

// describe reads the head and sums up the sums of the parts.
func describe(f io.ReaderAt, size int64, sums []string) (Info, error) {
	head := make([]byte, min(size, 512))
	if _, err := f.ReadAt(head, 0); err != nil && err != io.EOF {
		return Info{}, err
	}
	info := Info{Size: size, Head: head, SHA256: sums[0]}
	if len(sums) > 1 {
		h := sha256.New()
		for _, s := range sums {
			b, err := hex.DecodeString(s)
			if err != nil {
				return Info{}, fmt.Errorf("read a part's marker: %w", err)
			}
			h.Write(b)
		}
		info.SHA256 = hex.EncodeToString(h.Sum(nil)) + "-" + strconv.Itoa(len(sums))
	}
	return info, nil
}
