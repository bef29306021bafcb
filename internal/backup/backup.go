// Package backup copies a running MiniChat away, checks such copies and brings
// them back.
//
//	backups/NAME/minichat.db     the database at one moment
//	backups/NAME/files.jsonl     the files that its rows name, with their hashes
//	backups/NAME/manifest.json   hashes of both; written last
//	backups/NAME/proven.json     when it was restored for a trial
//	files/ab/abcdef…             the bytes of a file, shared by all backups
package backup

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"minichat"
	"minichat/internal/files"
	"minichat/internal/store"
)

// Source is what is backed up.
type Source struct {
	Store   *store.Store
	Files   files.Store
	Scratch string // folder of this machine where the database waits on its way to a bucket
	Version string // of this program
	Log     *slog.Logger
}

// Result is what Run has done.
type Result struct {
	*Manifest
	Copied      int // files that were not there yet
	CopiedBytes int64
	Took        time.Duration // to make it
	Proof       *Proof        // nil: it was not proven
	Removed     []string      // names of older backups

	lost int // files that it has not, but the newest before it that knows of them
}

const (
	holdFor   = 10 * time.Minute // deleted files stay, from the last sign of life of a backup
	holdEvery = time.Minute
)

// Run makes a backup while people chat: the database at one moment, then the
// files that its rows name. Until that is done there is nothing that looks whole.
// With prove it is restored for a trial, and does not stay if it turns out to be
// damaged. Then the oldest but keep are removed (0: none). A result beside an
// error says that the backup is there, but not what the error says of it.
func Run(ctx context.Context, src Source, to Where, keep int, prove bool) (*Result, error) {
	return run(ctx, src, to, keep, prove, nil)
}

// run goes on with what an earlier run has made, if that is still there.
func run(ctx context.Context, src Source, to Where, keep int, prove bool, made *Result) (*Result, error) {
	p, closePlace, err := openPlace(ctx, to, true)
	if err != nil {
		return nil, err
	}
	defer closePlace()
	lock, err := p.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer lock.release()
	there, err := look(ctx, p)
	if err != nil {
		return nil, err
	}
	for name, why := range there.broken {
		src.Log.Warn("an earlier backup is damaged; files that only it names stay", "name", name, "why", why)
	}
	earlier := there.whole
	if n := len(earlier); n > 0 && earlier[n-1].Database != src.Store.ID() {
		return nil, fmt.Errorf("%s has backups of another database (%s). Use another folder or prefix", to.Text, earlier[n-1].Database)
	}
	r := &running{Source: src, place: p, lock: lock, earlier: earlier}
	isMade := func(l Listed) bool { return made != nil && l.Name == made.Name }
	result := made
	if slices.ContainsFunc(earlier, isMade) {
		r.earlier = slices.DeleteFunc(earlier, isMade)
	} else {
		result, err = r.make(ctx)
	}
	if err == nil && prove {
		result, err = r.prove(ctx, result)
	}
	if result == nil || ctx.Err() != nil {
		return result, err
	}
	return result, errors.Join(err, r.prune(ctx, result, keep))
}

// Plan is what Run would do.
type Plan struct {
	Copy      int   // files
	CopyBytes int64 // of these files
	Database  int64 // bytes
	Remove    []string
}

// DryRun says what Run would do, and changes nothing.
func DryRun(ctx context.Context, src Source, to Where, keep int, prove bool) (*Plan, error) {
	r := &running{Source: src}
	rows, err := readyFiles(ctx, src.Store)
	if err != nil {
		return nil, err
	}
	known := map[string]before{}
	p, closePlace, err := openPlace(ctx, to, false)
	if err == nil {
		defer closePlace()
		r.place = p
		var s *contents
		if s, err = look(ctx, p); err == nil {
			r.earlier = s.whole
			known, err = r.known(ctx, rows)
		}
	}
	if err != nil && !isAbsent(err) { // a folder that is not there will be made
		return nil, err
	}
	plan := &Plan{}
	plan.Copy, plan.CopyBytes = lacking(rows, known)
	if plan.Database, err = src.Store.Size(ctx); err != nil {
		return nil, err
	}
	made := Listed{}
	if prove {
		made.Proven = &Proof{}
	}
	plan.Remove = tooOld(append(r.earlier, made), keep)
	return plan, nil
}

func readyFiles(ctx context.Context, st *store.Store) (rows []store.KeptFile, err error) {
	for after := ""; ; {
		list, err := st.ListReadyFiles(ctx, after, 1000)
		if err != nil || len(list) == 0 {
			return rows, err
		}
		for _, f := range list {
			rows, after = append(rows, store.KeptFile{ID: f.ID, Key: f.Key, Size: f.Size}), f.ID
		}
	}
}

// hold keeps the bytes of files that can be read from now on, until release.
func hold(ctx context.Context, src Source) (release func(), err error) {
	holder, since := minichat.NewID(22), time.Now().UnixMilli()
	renew := func(ctx context.Context) error {
		return src.Store.HoldFiles(ctx, holder, since, time.Now().Add(holdFor).UnixMilli())
	}
	err = renew(ctx)
	if minichat.CodeOf(err) == minichat.StorageFull { // a backup is wanted all the same; a file that goes meanwhile makes it fail
		src.Log.Warn("cannot hold deleted files for the backup", "err", err)
		err = nil
	}
	if err != nil {
		return nil, fmt.Errorf("hold the files: %w", err)
	}
	renewing, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(holdEvery)
		defer tick.Stop()
		for {
			select {
			case <-renewing.Done():
				return
			case <-tick.C:
			}
			if err := renew(renewing); err != nil && renewing.Err() == nil {
				src.Log.Warn("cannot hold deleted files for the backup", "err", err)
			}
		}
	}()
	return func() {
		stop()
		<-done
		if err := src.Store.ReleaseFiles(context.WithoutCancel(ctx), holder); err != nil {
			src.Log.Warn("deleted files stay for some minutes more", "err", err) // the hold runs out
		}
	}, nil
}

// running is a backup that is being made.
type running struct {
	Source
	place   place
	lock    lease
	earlier []Listed
	suspect map[string]bool // keys of files that are damaged at the place
	name    string
}

// make makes one. What of it is there when that fails is taken away again.
func (r *running) make(ctx context.Context) (*Result, error) {
	release, err := hold(ctx, r.Source)
	if err != nil {
		return nil, err
	}
	defer release()
	result, err := r.copy(ctx)
	if err != nil {
		r.clear(context.WithoutCancel(ctx))
		return nil, err
	}
	result.Took = time.Since(result.TakenAt)
	return result, nil
}

func (r *running) copy(ctx context.Context) (*Result, error) {
	size, err := r.Store.Size(ctx)
	if err != nil {
		return nil, err
	}
	dir, done, err := scratchIn(cmp.Or(r.place.scratch(), r.Scratch))
	if err != nil {
		return nil, err
	}
	defer done()
	if err := hasRoom(dir, size, "the database"); err != nil {
		return nil, err
	}
	m := &Manifest{Format: format, TakenAt: time.Now().UTC().Truncate(time.Millisecond), Version: r.Version}
	m.Name = m.TakenAt.Format("20060102T150405.000Z") + "-" + minichat.NewID(6)
	r.name = m.Name
	local := filepath.Join(dir, databaseName)
	if err := r.Store.Snapshot(ctx, local); err != nil {
		return nil, err
	}
	seen, err := store.Inspect(ctx, local)
	if err != nil {
		return nil, err
	}
	if len(seen.Faults) > 0 {
		return nil, fmt.Errorf("the database is damaged, and a backup of it would be too: %s. Restore one from before", seen.Faults[0])
	}
	m.Database, m.Epoch, m.Schema, m.Heads = seen.ID, seen.Epoch, seen.Schema, seen.Heads
	if err := r.take(ctx, m, databaseName, local); err != nil {
		return nil, err
	}
	result := &Result{Manifest: m}
	if err := r.copyFiles(ctx, seen.Files, result, filepath.Join(dir, listName)); err != nil {
		return nil, err
	}
	if err := r.take(ctx, m, listName, filepath.Join(dir, listName)); err != nil {
		return nil, err
	}
	if err := r.lock.held(ctx); err != nil {
		return nil, err
	}
	return result, writeJSON(ctx, r.place, nameIn(m.Name, manifestName), m)
}

// prove restores the backup for a trial. One that is damaged where it is kept is
// taken away and made once more, with the damaged files copied anew. nil: it does
// not stay.
func (r *running) prove(ctx context.Context, made *Result) (*Result, error) {
	proof, err := prove(ctx, r.place, made.Name, r.Scratch, r.Version)
	bad, damaged := errors.AsType[*unusable](err)
	if damaged && r.suspect == nil {
		r.Log.Warn("the backup is damaged where it is kept; it is made once more, with the damaged files copied anew", "name", made.Name, "files", len(bad.damaged), "why", bad.Faults[0])
		if err := removeBackup(ctx, r.place, made.Name); err != nil {
			return made, errors.Join(bad, err)
		}
		r.suspect = bad.damaged
		if made, err = r.make(ctx); err != nil {
			return nil, err
		}
		return r.prove(ctx, made)
	}
	switch {
	case err == nil:
		made.Proof = proof
		return made, nil
	case damaged:
		if removed := removeBackup(ctx, r.place, made.Name); removed == nil {
			return nil, err
		}
		return made, err
	}
	return made, fmt.Errorf("the backup %s is finished, but it could not be tried whether it can be restored: %w", made.Name, err)
}

// prune removes older backups. A proof may have taken long.
func (r *running) prune(ctx context.Context, result *Result, keep int) error {
	if result.lost > 0 { // one wrong answer of the place must not push out backups that have them
		r.Log.Warn("no older backup is removed now: they have files that are lost to the new one", "name", result.Name, "files", result.lost)
		return nil
	}
	err := r.lock.held(ctx)
	if err == nil {
		result.Removed, err = prune(ctx, r.place, result.Name, keep, r.Log)
	}
	if err != nil {
		return fmt.Errorf("the backup %s is finished, but older ones could not be removed: %w", result.Name, err)
	}
	return nil
}

// take stores a file of this machine as a part of the backup.
func (r *running) take(ctx context.Context, m *Manifest, name, local string) error {
	sum, size, err := hashFile(local)
	if err != nil {
		return err
	}
	m.Parts = append(m.Parts, Part{Name: name, Size: size, SHA256: sum})
	return r.place.take(ctx, nameIn(m.Name, name), local)
}

// clear removes what of a failed backup is there, if it can. Without a manifest
// it does not look whole, and the next backup removes it too.
func (r *running) clear(ctx context.Context) {
	if r.name == "" {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	if err := removeBackup(ctx, r.place, r.name); err != nil {
		r.Log.Debug("what was begun of a backup stays until the next", "name", r.name, "err", err)
	}
}

// scratchIn makes a folder in dir; done removes it with all that is in it.
func scratchIn(dir string) (name string, done func(), err error) {
	made := false
	if dir != "" {
		_, err := os.Stat(dir)
		made = errors.Is(err, fs.ErrNotExist)
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return "", nil, fmt.Errorf("make a folder to work in: %w", err)
		}
	}
	name, err = os.MkdirTemp(dir, unfinished+"*")
	if err != nil {
		return "", nil, fmt.Errorf("make a folder to work in: %w", err)
	}
	return name, func() {
		os.RemoveAll(name) // what stays is cleared at the next start
		if made {
			os.Remove(dir) // another user's command must find none of ours
		}
	}, nil
}

// spare is what is left free on a disk, which others may need more: the chat, if
// it is on the same one.
const spare = 32 << 20

// hasRoom refuses what would fill the disk that dir is on.
func hasRoom(dir string, size int64, what string) error {
	free, _, err := files.Room(dir)
	if err != nil {
		return fmt.Errorf("ask for the free space: %w", err)
	}
	if free-spare < size {
		return fmt.Errorf("there is not enough room on the disk of %s: %s needs %d bytes and %d to spare, and %d are free", dir, what, size, spare, free)
	}
	return nil
}

func hashFile(path string) (sum string, size int64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", 0, fmt.Errorf("read %s: %w", filepath.Base(path), err)
	}
	h := sha256.New()
	size, err = io.CopyBuffer(h, struct{ io.Reader }{f}, make([]byte, 256<<10))
	if err = errors.Join(err, f.Close()); err != nil {
		return "", 0, fmt.Errorf("read %s: %w", filepath.Base(path), err)
	}
	return hex.EncodeToString(h.Sum(nil)), size, nil
}
