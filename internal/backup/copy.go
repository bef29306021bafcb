package backup

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"

	"minichat"
	"minichat/internal/store"
)

// workers copy files at the same time: most of the time of a small one is waiting.
const workers = 4

// copyFiles copies the files that are not at the place yet and writes the list
// of all of them to listPath.
func (r *running) copyFiles(ctx context.Context, rows []store.KeptFile, result *Result, listPath string) error {
	there, err := r.known(ctx)
	if err != nil {
		return err
	}
	was := map[string]string{} // hashes of files that are not taken for what they were
	for key := range r.suspect {
		was[key] = there[key].SHA256
		delete(there, key)
	}
	_, need := lacking(rows, there)
	if dir := r.place.scratch(); dir != "" { // it is a folder
		if err := hasRoom(dir, need, "what is to be copied"); err != nil {
			return err
		}
	}
	kept := make([]keptFile, len(rows))
	err = inParallel(ctx, len(rows), func(ctx context.Context, i int) error {
		f, ok := there[rows[i].Key]
		if ok && f.Size == rows[i].Size {
			kept[i] = f
			return nil
		}
		var err error
		kept[i], err = r.copyFile(ctx, rows[i], was[rows[i].Key])
		return err
	})
	if err != nil {
		return err
	}
	for i, f := range kept {
		if f.Key == "" {
			result.Missing = append(result.Missing, rows[i].Key)
			continue
		}
		result.Files++
		result.Bytes += f.Size
		if old, ok := there[f.Key]; !ok || old != f {
			result.Copied++
			result.CopiedBytes += f.Size
		}
	}
	return writeList(listPath, kept)
}

// lacking is how many files, of how many bytes, are not there.
func lacking(rows []store.KeptFile, there map[string]keptFile) (count int, bytes int64) {
	for _, row := range rows {
		if f, ok := there[row.Key]; !ok || f.Size != row.Size {
			count, bytes = count+1, bytes+row.Size
		}
	}
	return count, bytes
}

// known is what the newest backup that can be read says of files that are at the
// place, with the size that it says: what it does not know is new since then.
func (r *running) known(ctx context.Context) (map[string]keptFile, error) {
	sizes := map[string]int64{}
	err := r.place.list(ctx, filesDir, func(name string, size int64) error {
		sizes[name] = size
		return nil
	})
	if err != nil {
		return nil, err
	}
	there := map[string]keptFile{}
	for _, b := range slices.Backward(r.earlier) {
		list, err := readList(ctx, r.place, b.Manifest)
		if err != nil { // verify will tell; here it means only that files are copied again
			r.Log.Warn("an earlier backup is damaged", "name", b.Name, "err", err)
			continue
		}
		for _, f := range list {
			if size, ok := sizes[f.name()]; ok && size == f.Size {
				there[f.Key] = f
			}
		}
		break
	}
	return there, nil
}

// copyFile copies one file, which must have the hash that it had ("": any). A zero
// keptFile says that its bytes are not there.
func (r *running) copyFile(ctx context.Context, row store.KeptFile, was string) (keptFile, error) {
	ctx, end := context.WithCancel(ctx)
	defer end()
	body, size, err := r.Files.Open(ctx, row.Key)
	if err == nil && size != row.Size {
		err = errors.Join(minichat.Errorf(minichat.NotFound, "its row says %d bytes, there are %d", row.Size, size), body.Close())
	}
	if minichat.CodeOf(err) == minichat.NotFound {
		return keptFile{}, r.missing(ctx, row, err)
	}
	if err != nil {
		return keptFile{}, fmt.Errorf("read the file %s: %w", row.Key, err)
	}
	sum := newSummed(ctx, end, body, keptFile{Key: row.Key, Size: row.Size, SHA256: was})
	err = errors.Join(r.place.put(ctx, fileName(row.Key), sum), body.Close())
	if _, bad := errors.AsType[*damage](err); bad && was != "" { // here too: there is no good copy any more
		return keptFile{}, r.missing(ctx, row, err)
	}
	if err != nil {
		return keptFile{}, fmt.Errorf("copy the file %s: %w", row.Key, err)
	}
	return keptFile{Key: row.Key, Size: row.Size, SHA256: sum.sum()}, nil
}

// missing is nil for a file that was lost before this backup began.
func (r *running) missing(ctx context.Context, row store.KeptFile, cause error) error {
	now, err := r.Store.GetFile(ctx, row.ID)
	switch {
	case err != nil:
		return fmt.Errorf("read a file's row: %w", err)
	case now == nil || now.State != store.FileReady:
		return fmt.Errorf("the file %s was removed while the backup was made, although it was held: %w", row.Key, cause)
	}
	r.Log.Warn("the bytes of a file are missing; the backup goes on without them", "key", row.Key, "err", cause)
	return nil
}

func writeList(path string, list []keptFile) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("write the list of files: %w", err)
	}
	w := bufio.NewWriter(f)
	enc := json.NewEncoder(w)
	for _, file := range list {
		if file.Key != "" {
			err = errors.Join(err, enc.Encode(file))
		}
	}
	if err := errors.Join(err, w.Flush(), f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("write the list of files: %w", err)
	}
	return nil
}

// summed reads and sums up. It lets nothing end that has another size or sum
// than expected: that is a *damage. It ends with its context, and ends it when no
// byte comes for too long.
type summed struct {
	ctx  context.Context
	end  context.CancelFunc
	r    io.Reader
	h    hash.Hash
	want keptFile // SHA256 "": any
	at   int64
}

func newSummed(ctx context.Context, end context.CancelFunc, r io.Reader, want keptFile) *summed {
	return &summed{ctx: ctx, end: end, r: r, h: sha256.New(), want: want}
}

func (s *summed) Read(b []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	slow := time.AfterFunc(stalled, s.end)
	n, err := s.r.Read(b)
	slow.Stop()
	s.h.Write(b[:n])
	s.at += int64(n)
	switch {
	case isOfOneFile(err):
		return n, errUnread(s.want.Key, err)
	case s.at > s.want.Size || err == io.EOF && s.at < s.want.Size:
		return n, &damage{fmt.Sprintf("the file %s has not the %d bytes that it should have; %d came", s.want.Key, s.want.Size, s.at)}
	case err == io.EOF && s.want.SHA256 != "" && s.want.SHA256 != s.sum():
		return n, &damage{fmt.Sprintf("the file %s is damaged: its SHA-256 is %s, not %s", s.want.Key, s.sum(), s.want.SHA256)}
	}
	return n, err
}

// damage says that something is not what it was when it was written.
type damage struct{ text string }

func (d *damage) Error() string { return d.text }

func errUnread(key string, err error) error {
	return &damage{fmt.Sprintf("the file %s cannot be read: %v", key, cause(err))}
}

// isOfOneFile reports whether err is what a file system says of a file. A bucket
// that does not answer, and a process that has too many files open, say nothing
// of one.
func isOfOneFile(err error) bool {
	_, ok := errors.AsType[*fs.PathError](err)
	return ok && !errors.Is(err, syscall.EMFILE) && !errors.Is(err, syscall.ENFILE)
}

func (s *summed) sum() string { return hex.EncodeToString(s.h.Sum(nil)) }

// inParallel calls fn for 0 to n-1 by several goroutines; the first error ends it.
func inParallel(ctx context.Context, n int, fn func(ctx context.Context, i int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	next := make(chan int)
	var running sync.WaitGroup
	for range min(workers, n) {
		running.Go(func() {
			for i := range next {
				if err := fn(ctx, i); err != nil {
					cancel(err)
					return
				}
			}
		})
	}
	for i := 0; i < n && ctx.Err() == nil; i++ {
		select {
		case next <- i:
		case <-ctx.Done():
		}
	}
	close(next)
	running.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}
