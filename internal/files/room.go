package files

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"sync"
)

// promises is room on the disk that is given to nobody else: what uploads under
// way have not sent yet.
type promises struct {
	mu     sync.Mutex
	left   map[string]int64 // bytes, by upload
	sum    int64
	coming int64 // bytes that requests under way may still write; one part may come several times at once
}

func (p *promises) set(upload string, left int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.put(upload, left)
}

func (p *promises) put(upload string, left int64) {
	p.sum += left - p.left[upload]
	if left == 0 {
		delete(p.left, upload)
		return
	}
	if p.left == nil {
		p.left = map[string]int64{}
	}
	p.left[upload] = left
}

// hasRoom refuses bytes that would fill the disk.
func (d *Disk) hasRoom(size int64) error {
	d.promised.mu.Lock()
	defer d.promised.mu.Unlock()
	return d.fits(size)
}

// fits refuses bytes that do not fit beside those that are coming; promised.mu is held.
func (d *Disk) fits(size int64) error {
	free, err := freeBytes(d.dir)
	if err != nil {
		return failure("ask for the free space", err)
	}
	if free-d.spare-d.promised.coming < size {
		return errFull()
	}
	return nil
}

// arrival is a file that is written with room that nobody else is given.
type arrival struct {
	*os.File
	d    *Disk
	left int64 // bytes that may still come
}

// expect gives room to size bytes, until end; the caller sets the file.
func (d *Disk) expect(size int64) (*arrival, error) {
	d.promised.mu.Lock()
	defer d.promised.mu.Unlock()
	if err := d.fits(size); err != nil {
		return nil, err
	}
	d.promised.coming += size
	return &arrival{d: d, left: size}, nil
}

func (a *arrival) Write(b []byte) (int, error) {
	n, err := a.File.Write(b)
	a.take(int64(n))
	return n, err
}

func (a *arrival) end() { a.take(a.left) }

func (a *arrival) take(n int64) {
	a.d.promised.mu.Lock()
	defer a.d.promised.mu.Unlock()
	n = min(n, a.left)
	a.left -= n
	a.d.promised.coming -= n
}

// promise gives an upload the room that it needs, or refuses it.
func (d *Disk) promise(u Upload) error {
	d.promised.mu.Lock()
	defer d.promised.mu.Unlock()
	free, err := freeBytes(d.dir)
	if err != nil {
		return failure("ask for the free space", err)
	}
	fits := func() bool { return free-d.spare-d.promised.sum >= u.Size }
	if !fits() {
		d.forget()
	}
	if !fits() {
		return errFull()
	}
	d.promised.put(u.ID, u.Size)
	return nil
}

// forget takes back what was promised to uploads that another process, such as
// "minichat files check --fix", has taken away.
func (d *Disk) forget() {
	for id := range d.promised.left {
		if _, err := d.root.Stat(uploadDir(id)); errors.Is(err, fs.ErrNotExist) {
			d.promised.put(id, 0)
		}
	}
}

// recall promises again what was promised before a restart.
func (d *Disk) recall() error {
	return d.each(context.Background(), "uploads", func(id string, _ fs.FileInfo) error {
		u, err := d.find(id)
		if err != nil {
			return nil // without its meta it gets no more
		}
		if sums, err := d.sums(u); err == nil { // else it is over meanwhile
			d.promised.set(id, u.lacks(sums))
		}
		return nil
	})
}

// lacks is how many bytes are missing when these parts are there.
func (u Upload) lacks(sums map[int]string) int64 {
	left := u.Size
	for number := range sums {
		left -= u.PartBytes(number)
	}
	return left
}
