package backup

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"time"

	"minichat/internal/store"
)

// Report is what Verify has found.
type Report struct {
	Name     string    `json:"name"`
	TakenAt  time.Time `json:"taken_at"`
	Version  string    `json:"minichat"`
	Database string    `json:"database"`
	Rooms    int       `json:"rooms"`
	Events   int64     `json:"events"` // the sum of the rooms' heads
	Files    int       `json:"files"`
	Bytes    int64     `json:"bytes"`             // of the files
	Missing  []string  `json:"missing,omitempty"` // keys of files that were lost before the backup was taken
	Faults   []string  `json:"faults"`            // in words; none: it is whole
	Proven   *Proof    `json:"proven,omitempty"`

	damaged map[string]bool // keys of files that this backup does not give back
}

// Whole reports whether everything that the backup should have is there.
func (r *Report) Whole() bool { return len(r.Faults) == 0 }

func (r *Report) fault(format string, args ...any) {
	r.Faults = append(r.Faults, fmt.Sprintf(format, args...))
}

// Verify holds a backup, the newest when name is empty, against its manifest and
// the database in it against its own rules. Unless quick, it reads the bytes of
// every file. An error says that it could not be done; what is wrong with the
// backup stands in the report.
func Verify(ctx context.Context, from Where, name, scratch string, quick bool) (*Report, error) {
	v, done, err := lookThrough(ctx, from, name, scratch)
	if err != nil {
		return nil, err
	}
	defer done()
	return &v.report, v.run(ctx, quick)
}

// verifying is a backup that is being looked through.
type verifying struct {
	place  place
	found  *Listed
	local  string // where the database is put
	list   []keptFile
	report Report

	mu sync.Mutex // report, while files are read
}

// lookThrough opens a place to look through a backup there; done closes it.
func lookThrough(ctx context.Context, from Where, name, scratch string) (v *verifying, done func(), err error) {
	p, closePlace, err := openPlace(ctx, from, false)
	if err != nil {
		return nil, nil, err
	}
	v, remove, err := lookIn(ctx, p, name, scratch)
	if err != nil {
		closePlace()
		return nil, nil, err
	}
	return v, func() { remove(); closePlace() }, nil
}

// lookIn finds a backup, the newest when name is empty, and makes a folder in
// scratch for its database; done removes that.
func lookIn(ctx context.Context, p place, name, scratch string) (v *verifying, done func(), err error) {
	found, err := find(ctx, p, name)
	if err != nil {
		return nil, nil, err
	}
	dir, remove, err := scratchIn(scratch)
	if err != nil {
		return nil, nil, err
	}
	return &verifying{place: p, found: found, local: filepath.Join(dir, databaseName)}, remove, nil
}

func (v *verifying) run(ctx context.Context, quick bool) error {
	m := v.found.Manifest
	v.report = Report{Name: m.Name, TakenAt: m.TakenAt, Version: m.Version, Database: m.Database, Rooms: len(m.Heads),
		Missing: m.Missing, Faults: []string{}, Proven: v.found.Proven, damaged: map[string]bool{}}
	for _, head := range m.Heads {
		v.report.Events += head
	}
	rows, err := v.database(ctx)
	if err != nil {
		return err
	}
	if v.list, err = readList(ctx, v.place, m); err != nil {
		if ctx.Err() != nil {
			return err
		}
		v.report.fault("%v", err)
		return nil
	}
	v.listed(rows)
	if err := v.sizes(ctx); err != nil || quick {
		return err
	}
	return v.sums(ctx)
}

// database fetches the database and looks through it.
func (v *verifying) database(ctx context.Context) ([]store.KeptFile, error) {
	m := v.found.Manifest
	if err := hasRoom(filepath.Dir(v.local), m.part(databaseName).Size, "the database"); err != nil {
		return nil, err
	}
	if err := fetch(ctx, v.place, nameIn(m.Name, databaseName), *m.part(databaseName), v.local); err != nil {
		if _, bad := errors.AsType[*damage](err); !bad && !isAbsent(err) {
			return nil, err
		}
		v.report.fault("%v", err)
		return nil, nil
	}
	seen, err := store.Inspect(ctx, v.local)
	if newer, ok := errors.AsType[*store.NewerSchemaError](err); ok || ctx.Err() != nil {
		return nil, errors.Join(newer, ctx.Err())
	}
	if err != nil {
		v.report.fault("the database: %v", err)
		return nil, nil
	}
	v.report.Faults = append(v.report.Faults, seen.Faults...)
	if seen.ID != m.Database || seen.Epoch != m.Epoch || seen.Schema != m.Schema || !maps.Equal(seen.Heads, m.Heads) {
		v.report.fault("the database is not the one that the manifest speaks of")
	}
	return seen.Files, nil
}

// fetch writes an object into a new file, and checks it.
func fetch(ctx context.Context, p place, name string, want Part, to string) error {
	r, err := p.open(ctx, name)
	if err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	defer r.Close() // it was only read
	f, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("fetch %s: %w", name, err)
	}
	h := sha256.New()
	size, err := io.CopyBuffer(io.MultiWriter(f, h), struct{ io.Reader }{r}, make([]byte, 256<<10))
	if err := errors.Join(err, ctx.Err(), f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("fetch %s: %w", name, err)
	}
	if sum := hex.EncodeToString(h.Sum(nil)); size != want.Size || sum != want.SHA256 {
		return &damage{fmt.Sprintf("%s is damaged: %d bytes with the SHA-256 %s, not %d with %s", name, size, sum, want.Size, want.SHA256)}
	}
	return nil
}

// listed holds the rows of the database against the list of files.
func (v *verifying) listed(rows []store.KeptFile) {
	has := map[string]int64{}
	for _, f := range v.list {
		has[f.Key] = f.Size
		v.report.Files++
		v.report.Bytes += f.Size
	}
	for _, key := range v.found.Missing {
		has[key] = -1
	}
	for _, row := range rows {
		if size, ok := has[row.Key]; !ok || size >= 0 && size != row.Size {
			v.lost(row.Key, "the file %s, which the database names, is not in the list of files with its %d bytes", row.Key, row.Size)
		}
	}
}

func (v *verifying) lost(key, format string, args ...any) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.report.damaged[key] = true
	v.report.fault(format, args...)
}

// sizes looks whether every file of the list is there with its length.
func (v *verifying) sizes(ctx context.Context) error {
	has := map[string]int64{}
	err := v.place.list(ctx, filesDir, func(name string, size int64) error {
		has[name] = size
		return nil
	})
	if err != nil {
		return err
	}
	for _, f := range v.list {
		if size, ok := has[f.name()]; !ok {
			v.lost(f.Key, "%s is not there", f.name())
		} else if size != f.Size {
			v.lost(f.Key, "%s has %d bytes, not %d", f.name(), size, f.Size)
		}
	}
	return nil
}

// sums reads the bytes of every file.
func (v *verifying) sums(ctx context.Context) error {
	return inParallel(ctx, len(v.list), func(ctx context.Context, i int) error {
		f := v.list[i]
		v.mu.Lock()
		known := v.report.damaged[f.Key]
		v.mu.Unlock()
		if known {
			return nil
		}
		err := readKept(ctx, v.place, f, readAll)
		if bad, ok := errors.AsType[*damage](err); ok {
			v.lost(f.Key, "%s", bad.text)
			return nil
		}
		return err
	})
}

// readKept gives use the bytes of a file, which end well only if they are right;
// *damage: they are not, or the disk does not give them.
func readKept(ctx context.Context, p place, f keptFile, use func(io.Reader) error) error {
	ctx, end := context.WithCancel(ctx)
	defer end()
	r, err := p.open(ctx, f.name())
	if isOfOneFile(err) {
		return errUnread(f.Key, err)
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", f.name(), err)
	}
	defer r.Close() // it was only read
	err = use(newSummed(ctx, end, r, f))
	if bad, ok := errors.AsType[*damage](err); ok {
		return bad // without what use made of it
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", f.name(), err)
	}
	return nil
}

func readAll(r io.Reader) error {
	_, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{r}, make([]byte, 256<<10))
	return err
}
