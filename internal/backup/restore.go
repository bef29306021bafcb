package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"minichat"
	"minichat/internal/files"
	"minichat/internal/osfile"
	"minichat/internal/store"
)

// Target is where a backup is restored to.
type Target struct {
	Database string                      // path of the file that is to be made
	Files    files.Store                 // empty, or what is left of this very database's
	At       Where                       // of Files
	Marked   string                      // id of the database that the target belongs to already, "" for none
	Ours     bool                        // Files are in what is marked so, and nobody else has them
	Take     bool                        // Files may be those of another copy of the database, which is gone for good
	Partial  bool                        // leave out files that the backup does not give back
	Begin    func(database string) error // called with its id after all checks, to mark the target
	Log      *slog.Logger
}

// Restored is what Restore has done.
type Restored struct {
	Report
	Epoch  string   // the new one
	Copied int      // files
	There  int      // files that were at the target already, whole
	Left   []string // keys of files that were left out
}

// Restore checks the backup as Verify does and then puts it at the target: the
// files, then the database, under a new epoch so that clients load their rooms
// anew and the files of the copy that the backup was of are known as not its own.
// On an error there is no database at the target.
func Restore(ctx context.Context, from Where, name string, to Target) (*Restored, error) {
	v, done, err := lookThrough(ctx, from, name, filepath.Dir(to.Database))
	if err != nil {
		return nil, err
	}
	defer done()
	if err := v.run(ctx, false); err != nil {
		return nil, err
	}
	if err := acceptable(&v.report, to.Partial); err != nil {
		return nil, err
	}
	if to.Marked != "" && to.Marked != v.report.Database {
		return nil, fmt.Errorf("the folder of %s belongs to another database (%s) than this backup (%s). Use an empty folder with --data", to.Database, to.Marked, v.report.Database)
	}
	if to.At.Bucket == nil {
		if err := hasRoom(to.At.Dir, v.report.Bytes, "what is to be restored"); err != nil && !to.Ours { // then most may be there
			return nil, err
		}
	}
	if !to.Ours {
		if err := refuseStrangers(ctx, to, v.report.Database); err != nil {
			return nil, err
		}
	}
	r := &restoring{verifying: v, to: to, result: &Restored{Report: v.report}}
	if r.result.Epoch, err = renew(ctx, v.local, to.Log); err != nil {
		return nil, err
	}
	if err := files.Take(ctx, to.Files, files.Owner{Database: v.report.Database, Epoch: r.result.Epoch}); err != nil {
		return nil, err
	}
	if err := to.Begin(v.report.Database); err != nil {
		return nil, err
	}
	if err := r.files(ctx); err != nil {
		return nil, err
	}
	return r.result, settleDatabase(v.local, to.Database)
}

// acceptable refuses what is damaged, but for files that may be left out.
func acceptable(r *Report, partial bool) error {
	switch {
	case r.Whole():
		return nil
	case len(r.Faults) > len(r.damaged):
		return fmt.Errorf("the backup %s is damaged and nothing was restored: %s. Use another one", r.Name, r.Faults[0])
	case !partial:
		return fmt.Errorf("%d files of the backup %s are damaged and nothing was restored: %s. Use another backup, or restore without these files with --partial", len(r.damaged), r.Name, r.Faults[0])
	}
	return nil
}

// refuseStrangers lets nothing be restored among files that nobody has marked, or
// that another copy of the database has: what no row knows is removed later. What
// another database has marked, Take refuses.
func refuseStrangers(ctx context.Context, to Target, database string) error {
	owner, err := to.Files.Owner(ctx)
	if err != nil {
		return fmt.Errorf("see whose files there are: %w", err)
	}
	if owner.Database == database && !to.Take {
		return fmt.Errorf("the files at %s are those of the database that this backup is of. If its server still runs, restore to a place of its own with --files: a copy would remove what was uploaded after the backup. "+
			"If that server is gone for good, or this restore was cut off before, take them over with --take-files", to.At.Text)
	}
	if owner != (files.Owner{}) {
		return nil
	}
	errFound := errors.New("found")
	err = to.Files.List(ctx, func(files.Found) error { return errFound })
	if errors.Is(err, errFound) {
		return fmt.Errorf("the place for files, %s, has files already, and they are not marked as this database's. Use an empty one with --files", to.At.Text)
	}
	return err
}

type restoring struct {
	*verifying
	to     Target
	mu     sync.Mutex
	result *Restored
}

func (r *restoring) files(ctx context.Context) error {
	var direct *bucket
	if r.to.At.Bucket != nil {
		var err error
		if direct, err = openBucket(ctx, *r.to.At.Bucket); err != nil {
			return err
		}
	}
	r.result.Left = append(r.result.Left, r.report.Missing...)
	return inParallel(ctx, len(r.list), func(ctx context.Context, i int) error {
		f := r.list[i]
		there, err := r.isThere(ctx, f)
		if err != nil {
			return err
		}
		if there {
			r.count(&r.result.There)
			return nil
		}
		if r.report.damaged[f.Key] {
			r.leave(f.Key)
			return nil
		}
		err = readKept(ctx, r.place, f, func(body io.Reader) error {
			if direct != nil { // also what is too long for one request
				return direct.put(ctx, f.Key, body)
			}
			_, err := r.to.Files.Put(ctx, f.Key, "", body, 0)
			return err
		})
		if _, bad := errors.AsType[*damage](err); bad && r.to.Partial { // since it was looked through
			r.leave(f.Key)
			return nil
		}
		if err == nil {
			r.count(&r.result.Copied)
		}
		return err
	})
}

func (r *restoring) leave(key string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.result.Left = append(r.result.Left, key)
}

func (r *restoring) count(n *int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	*n++
}

// isThere reports whether the target has the file, whole: what is left of a
// restore that was cut off, or a place that outlived the database.
func (r *restoring) isThere(ctx context.Context, f keptFile) (bool, error) {
	body, size, err := r.to.Files.Open(ctx, f.Key)
	if minichat.CodeOf(err) == minichat.NotFound {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look for the file %s: %w", f.Key, err)
	}
	defer body.Close() // it was only read
	if size != f.Size {
		return false, nil
	}
	ctx, end := context.WithCancel(ctx)
	defer end()
	err = readAll(newSummed(ctx, end, body, f))
	if _, bad := errors.AsType[*damage](err); bad {
		return false, nil
	}
	return err == nil, err
}

// renew opens the database, which brings its schema up to date, and gives it
// another epoch.
func renew(ctx context.Context, path string, log *slog.Logger) (epoch string, err error) {
	st, err := store.Open(ctx, "sqlite:"+path, store.Options{Log: log})
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	if epoch, err = st.NewEpoch(ctx); err != nil {
		return "", err
	}
	return epoch, st.Ping(ctx)
}

// settleDatabase gives the database its name, for good.
func settleDatabase(from, to string) error {
	if _, err := os.Lstat(to); err == nil {
		return fmt.Errorf("%s is there already", to)
	}
	if err := os.Rename(from, to); err != nil {
		return fmt.Errorf("put the database in its place: %w", err)
	}
	d, err := os.Open(filepath.Dir(to))
	if err != nil {
		return fmt.Errorf("put the database in its place: %w", err)
	}
	return errors.Join(osfile.SyncFolder(d), d.Close())
}

// unusable says that a backup cannot be restored as it is at its place.
type unusable struct{ *Report }

func (u *unusable) Error() string {
	return fmt.Sprintf("the backup %s cannot be restored: %s", u.Name, u.Faults[0])
}

// prove restores a backup for a trial: the database into a scratch folder, where
// it is opened, written to and read; the bytes of each file are fetched and held
// against their hash, without being kept. Then it notes that at the backup.
func prove(ctx context.Context, p place, name, scratch, version string) (*Proof, error) {
	v, done, err := lookIn(ctx, p, name, scratch)
	if err != nil {
		return nil, err
	}
	defer done()
	if err := v.run(ctx, false); err != nil {
		return nil, err
	}
	if !v.report.Whole() {
		return nil, &unusable{&v.report}
	}
	quiet := slog.New(slog.DiscardHandler) // what a trial says is not of this database
	if _, err := renew(ctx, v.local, quiet); err != nil {
		return nil, err
	}
	proof := &Proof{ProvenAt: time.Now().UTC().Truncate(time.Millisecond), Version: version}
	return proof, writeJSON(ctx, v.place, nameIn(name, provenName), proof)
}

// List names the finished backups, the oldest first.
func List(ctx context.Context, from Where) ([]Listed, error) {
	p, closePlace, err := openPlace(ctx, from, false)
	if err != nil {
		return nil, err
	}
	defer closePlace()
	there, err := look(ctx, p)
	if err != nil {
		return nil, err
	}
	return there.whole, nil
}
