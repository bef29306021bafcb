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
	known, err := r.known(ctx, rows)
	if err != nil {
		return err
	}
	_, need := lacking(rows, known)
	if dir := r.place.scratch(); dir != "" { // it is a folder
		if err := hasRoom(dir, need, "what is to be copied"); err != nil {
			return err
		}
	}
	kept, copied := make([]keptFile, len(rows)), make([]bool, len(rows))
	err = inParallel(ctx, len(rows), func(ctx context.Context, i int) error {
		was := known[rows[i].Key]
		good, err := r.isGood(ctx, was)
		if err != nil {
			return err
		}
		if good {
			kept[i] = was.keptFile
			return nil
		}
		kept[i], err = r.copyFile(ctx, rows[i], was.SHA256)
		copied[i] = kept[i].Key != ""
		return err
	})
	if err != nil {
		return err
	}
	for i, f := range kept {
		if f.Key == "" {
			result.Missing = append(result.Missing, rows[i].Key)
			if was, ok := known[rows[i].Key]; ok {
				result.Lost = append(result.Lost, was.keptFile)
				if !was.lost {
					result.lost++
				}
			}
			continue
		}
		result.Files++
		result.Bytes += f.Size
		if copied[i] {
			result.Copied++
			result.CopiedBytes += f.Size
		}
	}
	return writeList(listPath, kept)
}

// lacking is how many files, of how many bytes, are not there.
func lacking(rows []store.KeptFile, known map[string]before) (count int, bytes int64) {
	for _, row := range rows {
		if !known[row.Key].there {
			count, bytes = count+1, bytes+row.Size
		}
	}
	return count, bytes
}

// before is what an earlier backup says of a file.
type before struct {
	keptFile
	there bool // at the place, with its size
	lost  bool // to the newest backup that knows of it
}

// known is what earlier backups say of the files of rows, also of those that are
// not at the place any more: their bytes can be told from others all the same.
//
// As long as a database has one epoch, the newest backup knows each file that an
// older one knows and that has a row still. So one list is read, or two when that
// is damaged; only the first backup after a restore, which brings rows back, may
// need them all. One at a time is in memory, beside what it says of rows.
func (r *running) known(ctx context.Context, rows []store.KeptFile) (map[string]before, error) {
	at := map[string]int64{}
	err := r.place.list(ctx, filesDir, func(name string, size int64) error {
		at[name] = size
		return nil
	})
	if err != nil {
		return nil, err
	}
	sizes := make(map[string]int64, len(rows))
	for _, row := range rows {
		sizes[row.Key] = row.Size
	}
	known := make(map[string]before, len(rows))
	take := func(list []keptFile, lost bool) {
		for _, f := range list {
			size, wanted := sizes[f.Key]
			if _, newer := known[f.Key]; wanted && !newer && size == f.Size {
				has, ok := at[f.name()]
				known[f.Key] = before{f, ok && has == f.Size && !r.suspect[f.Key], lost}
			}
		}
	}
	for _, b := range slices.Backward(r.earlier) {
		take(b.Lost, true)
		list, err := readList(ctx, r.place, b.Manifest)
		if _, bad := errors.AsType[*damage](err); bad || isAbsent(err) || isOfOneFile(err) { // verify will tell
			r.Log.Warn("an earlier backup is damaged; files that only it names are copied again", "name", b.Name, "err", err)
			continue
		}
		if err != nil { // what it says may be wanted
			return nil, err
		}
		take(list, false)
		if b.Epoch == r.Store.Epoch() || len(known) == len(rows) {
			break
		}
	}
	return known, nil
}

// isGood reports whether a file need not be copied. One that is lost to the
// newest backup is read: the place may give its bytes again.
func (r *running) isGood(ctx context.Context, f before) (bool, error) {
	if !f.there || !f.lost {
		return f.there, nil
	}
	err := readKept(ctx, r.place, f.keptFile, readAll)
	if _, bad := errors.AsType[*damage](err); bad {
		return false, nil
	}
	return err == nil, err
}

// copyFile copies one file, which must have the hash that it had ("": any), for
// bytes never change under their key. A zero keptFile says that they are not there.
func (r *running) copyFile(ctx context.Context, row store.KeptFile, was string) (keptFile, error) {
	ctx, end := context.WithCancel(ctx)
	defer end()
	body, size, err := r.Files.Open(ctx, row.Key)
	if err == nil && size != row.Size {
		err = errors.Join(minichat.Errorf(minichat.NotFound, "its row says %d bytes, there are %d", row.Size, size), body.Close())
	}
	if minichat.CodeOf(err) == minichat.NotFound || isOfOneFile(err) {
		return keptFile{}, r.missing(ctx, row, err)
	}
	if err != nil {
		return keptFile{}, fmt.Errorf("read the file %s: %w", row.Key, err)
	}
	sum := newSummed(ctx, end, body, keptFile{Key: row.Key, Size: row.Size, SHA256: was})
	err = errors.Join(r.place.put(ctx, fileName(row.Key), sum), body.Close())
	if bad, ok := errors.AsType[*damage](err); ok { // they have rotted here
		return keptFile{}, r.missing(ctx, row, bad)
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
	r.Log.Warn("the bytes of a file are missing or damaged; the backup goes on without them", "key", row.Key, "err", cause)
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
// that does not answer, a disk that is away and a process that has too many files
// open say nothing of one. EIO may mean either; a file is not lost by it.
func isOfOneFile(err error) bool {
	_, ok := errors.AsType[*fs.PathError](err)
	return ok && !slices.ContainsFunc(ofAll, func(e syscall.Errno) bool { return errors.Is(err, e) })
}

var ofAll = []syscall.Errno{syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM, syscall.ESTALE, syscall.ENODEV, syscall.ENXIO, syscall.ENOTCONN,
	syscall.ETIMEDOUT, syscall.EHOSTDOWN, syscall.EHOSTUNREACH, syscall.ENETDOWN, syscall.ENETUNREACH, syscall.ECONNREFUSED, syscall.ECONNRESET, syscall.ECONNABORTED}

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
