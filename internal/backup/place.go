package backup

import (
	"context"
	"io"

	"minichat/internal/files"
)

// Where says where backups are kept: in a folder, or in a bucket.
type Where struct {
	Dir    string
	Bucket *files.S3Options // nil: the folder
	Text   string           // as a person wrote it
}

// place keeps named objects. Names have slashes between their parts. An object
// is whole or not there.
type place interface {
	// put stores what r gives. When r fails, nothing is kept.
	put(ctx context.Context, name string, r io.Reader) error

	// take stores a file of this machine, which may be moved away.
	take(ctx context.Context, name, path string) error

	// open gives the bytes; fs.ErrNotExist is in the error's chain when there is none.
	open(ctx context.Context, name string) (io.ReadCloser, error)

	// list calls fn for each object whose name begins with prefix, which ends with a slash.
	list(ctx context.Context, prefix string, fn func(name string, size int64) error) error

	// remove takes away an object; one that is gone is no error.
	remove(ctx context.Context, name string) error

	// lock keeps other backups out, or says who is at work.
	lock(ctx context.Context) (lease, error)

	// scratch is a folder of this machine from which take is cheap, "" for none.
	scratch() string
}

// lease is a lock that is held.
type lease interface {
	// held fails when somebody else may have taken the lock meanwhile.
	held(ctx context.Context) error
	release()
}

// openPlace opens the place. A folder is made only if it is to be written to.
func openPlace(ctx context.Context, w Where, write bool) (place, func() error, error) {
	if w.Bucket != nil {
		b, err := openBucket(ctx, *w.Bucket)
		return b, func() error { return nil }, err
	}
	f, err := openFolder(w.Dir, write)
	if err != nil {
		return nil, nil, err
	}
	return f, f.root.Close, nil
}
