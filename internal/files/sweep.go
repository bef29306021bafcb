package files

import (
	"context"
	"time"
)

// Found is something that a Store holds: a complete file, or an upload.
type Found struct {
	Key    string    // "" if an upload has lost it
	Upload string    // its ID, "" of a complete file
	Size   int64     // bytes that are there
	At     time.Time // when something last happened to it
}

// IsLeft reports whether nobody will ask for it again: an upload in which nothing
// has happened since olderThan, or a file older than that whose key is not known.
func (f Found) IsLeft(olderThan time.Time, known func(key string) bool) bool {
	return f.At.Before(olderThan) && (f.Upload != "" || !known(f.Key))
}

// Remove takes away what List has found. What is gone is no error.
func Remove(ctx context.Context, s Store, f Found) error {
	if f.Upload != "" {
		return s.Abort(ctx, Upload{Key: f.Key, ID: f.Upload})
	}
	return s.Delete(ctx, f.Key)
}
