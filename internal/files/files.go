// Package files keeps the bytes of attachments. A Store takes a file in parts
// that the client sends to signed URLs, and holds it under a random key; names,
// types and who may read are the caller's business.
//
// Every error that a person may meet is a *minichat.Error: bad_field,
// too_large, conflict, not_found, invalid_or_expired, checksum_mismatch,
// storage_full, or files_unavailable for anything that went wrong below.
package files

import (
	"context"
	"io"
	"time"

	"minichat"
)

// Store is a place for files: a folder (Disk) or a bucket. All methods may be
// called from several goroutines.
type Store interface {
	// Start opens an upload of size bytes that will be found under key, which the
	// caller has made with minichat.NewID. What it returns belongs into the file's
	// row: every later call wants it.
	Start(ctx context.Context, key string, size int64, typ string) (Upload, error)

	// PartURL signs the right to PUT part number (from 1) until expires, and
	// nothing else. Of a Disk it is relative to the server, "/api/v1/parts/…"; of
	// a bucket it is absolute.
	PartURL(ctx context.Context, u Upload, number int, expires time.Time) (string, error)

	// Parts lists what has arrived whole, ascending. A part that was cut off is not
	// there; all are when Complete was done and its caller ended before he knew.
	Parts(ctx context.Context, u Upload) ([]Part, error)

	// Complete makes the file readable under its key: whole, on disk, or not at
	// all. Missing parts: conflict. Calling it again gives the same answer.
	Complete(ctx context.Context, u Upload) (Info, error)

	// Abort drops an upload that is not complete. One that is gone is no error.
	Abort(ctx context.Context, u Upload) error

	// Put stores what r gives, for bytes that come through the server. More than
	// limit bytes (0: no limit) is too_large, and nothing is kept.
	Put(ctx context.Context, key, typ string, r io.Reader, limit int64) (Info, error)

	// Open gives the bytes and their number; the caller closes.
	Open(ctx context.Context, key string) (io.ReadSeekCloser, int64, error)

	// Link gives an address from which a client may fetch the bytes itself until
	// expires, or "" when the caller has to serve what Open gives.
	Link(ctx context.Context, key, name, typ string, inline bool, expires time.Time) (string, error)

	// Delete removes the file. One that is gone is no error.
	Delete(ctx context.Context, key string) error

	// List calls fn for everything that is there, in no order, until fn fails. fn
	// may remove what it is given.
	List(ctx context.Context, fn func(Found) error) error

	// Owner reads whose the place is, as it was marked; zero: it is not marked.
	// SetOwner marks it. See Own and Take, which judge.
	Owner(ctx context.Context) (Owner, error)
	SetOwner(ctx context.Context, o Owner) error

	Close() error
}

// Upload is a file on its way.
type Upload struct {
	Key      string // under which the file will be found
	ID       string // of the upload itself
	Size     int64  // bytes of the whole file
	PartSize int64  // bytes of every part but the last
	Type     string // media type as the client named it
}

// Count is the number of parts.
func (u Upload) Count() int { return int((u.Size + u.PartSize - 1) / u.PartSize) }

// PartBytes is the exact size of part number, 0 if there is no such part.
func (u Upload) PartBytes(number int) int64 {
	if number < 1 || number > u.Count() {
		return 0
	}
	return min(u.PartSize, u.Size-int64(number-1)*u.PartSize)
}

// Part is a part that has arrived.
type Part struct {
	Number int   `json:"number"`
	Size   int64 `json:"size"` // bytes
}

// all lists every part.
func (u Upload) all() []Part {
	list := make([]Part, u.Count())
	for i := range list {
		list[i] = Part{Number: i + 1, Size: u.PartBytes(i + 1)}
	}
	return list
}

// Info is what is known of a complete file.
type Info struct {
	Size   int64  // bytes
	SHA256 string // hex; of several parts: hex of the SHA-256 of their SHA-256s, "-" and their number, as S3 does it; "" if the bytes went past the server
	Head   []byte // the first 512 bytes, to sniff the type from
}

const (
	leastPart = 8 << 20 // also what is sent again at most after a cut
	mostParts = 10000   // S3's limit
)

// partSize is leastPart, or as many whole MiB as keep a file below mostParts.
func partSize(size int64) int64 {
	const mib = 1 << 20
	need := (size + mostParts - 1) / mostParts
	return max(leastPart, (need+mib-1)/mib*mib)
}

func checkKey(key string) error {
	if len(key) < 8 || !minichat.IsID(key) {
		return minichat.Errorf(minichat.NotFound, "There is no such file.")
	}
	return nil
}
