package backup

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"minichat/internal/store"
)

// list is what there is, the oldest first.
func (w *world) list() (names []string, proven int) {
	w.t.Helper()
	all, err := List(w.t.Context(), w.to)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, l := range all {
		names = append(names, l.Name)
		if l.Proven != nil {
			proven++
		}
	}
	return names, proven
}

// A bit that rots where backups are kept costs none of them: the next one copies
// the file anew from here, which mends those that share it.
func TestRottenFileIsCopiedAnew(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.post(3)
		rotten, other := w.file(9000), w.file(100)
		s := &Schedule{Source: w.src, To: w.to, Every: time.Hour, Keep: 3}
		for range 3 {
			if err := s.once(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		before, _ := w.list()
		w.rot(fileName(rotten), func(b []byte) []byte { b[len(b)/2] ^= 1; return b })
		for range 3 { // as often as it is tried again
			if s.once(t.Context()) == nil {
				break
			}
		}
		after, proven := w.list()
		if len(after) != 3 || proven != 3 || !slices.Equal(after[:2], before[1:]) || s.Status().Failing {
			t.Errorf("there were %v, now there are %v, %d of them proven; status %+v", before, after, proven, s.Status())
		}
		for _, name := range after {
			if r := w.verify(name); !r.Whole() || r.Files != 2 {
				t.Errorf("%s: %q", name, r.Faults)
			}
		}
		r, err := w.restore("", nil)
		if err != nil || r.has(t, rotten, 9000) != "" || r.has(t, other, 100) != "" {
			t.Errorf("restored: %+v, %v", r, err)
		}
	})
}

// Where the bytes are rotten here too there is no good copy any more: that is
// told, nothing rotten is taken for good, also later, and what is left can be
// proven. Bytes that are good again are.
func TestRottenHereToo(t *testing.T) {
	flip := func(b []byte) []byte { b[17] ^= 1; return b }
	cut := func(b []byte) []byte { return b[:len(b)-1] }
	for says, change := range map[string]func([]byte) []byte{"rotten": flip, "cut": cut, "gone": func([]byte) []byte { return nil }} {
		t.Run(says, func(t *testing.T) {
			w := newWorld(t, inFolder(t))
			bad, good := w.file(9000), w.file(100)
			w.backup(0)
			w.rot(fileName(bad), change)
			rot(t, w.here(bad), func(b []byte) []byte { b[18] ^= 1; return b })
			for range 3 {
				r, err := Run(t.Context(), w.src, w.to, 1, true)
				if err != nil || r.Proof == nil || !slices.Equal(r.Missing, []string{bad}) || r.Files != 1 || r.Copied != 0 {
					t.Errorf("got %+v, %v", r, err)
				}
			}
			r, err := w.restore("", nil)
			if err != nil || !slices.Equal(r.Left, []string{bad}) || r.has(t, good, 100) != "" {
				t.Errorf("restored: %+v, %v", r, err)
			}
			rot(t, w.here(bad), func(b []byte) []byte { b[18] ^= 1; return b })
			if r, err := Run(t.Context(), w.src, w.to, 1, true); err != nil || r.Proof == nil || len(r.Missing)+len(r.Lost) != 0 || r.Copied != 1 {
				t.Errorf("good again: got %+v, %v", r, err)
			}
		})
	}
}

// Where the place has the only copy of a file and reads it wrong, once or many
// times, the file stays there, and is in a backup again as soon as it reads right.
func TestOnlyCopyReadsWrong(t *testing.T) {
	for says, times := range map[string]int{"once": 1, "more often than backups stay": 5} {
		t.Run(says, func(t *testing.T) {
			onEach(t, func(t *testing.T, w *world) {
				only, other := w.file(9000), w.file(100)
				run := func(missing ...string) *Result {
					t.Helper()
					r, err := Run(t.Context(), w.src, w.to, 2, true)
					if err != nil || r.Proof == nil || !slices.Equal(r.Missing, missing) || r.Files != 2-len(missing) {
						t.Fatalf("got %+v, %v", r, err)
					}
					return r
				}
				run()
				if err := w.disk.Delete(t.Context(), only); err != nil {
					t.Fatal(err)
				}
				run()
				before, _ := w.list()
				flip := func(b []byte) []byte { b[17] ^= 1; return b }
				w.rot(fileName(only), flip)
				for i := range times {
					r := run(only)
					if all, _ := w.list(); i == 0 && (len(r.Removed) > 0 || !slices.Equal(all[:2], before)) {
						t.Errorf("those that have the file were pushed out: %v of %v, now there are %v", r.Removed, before, all)
					} else if i > 0 && len(all) != 2 {
						t.Errorf("there are %v; want no more than are to be kept", all)
					}
				}
				w.rot(fileName(only), flip)
				for range 4 {
					run()
				}
				r, err := w.restore("", nil)
				if err != nil || r.has(t, only, 9000) != "" || r.has(t, other, 100) != "" {
					t.Errorf("restored: %+v, %v", r, err)
				}
				w.forget(only)
				for range 3 {
					w.backup(1)
				}
				if all, proven := w.list(); proven != 1 || !slices.Contains(w.names(), fileName(only)) {
					t.Errorf("what a proven one names went: %v", all)
				}
				if r, err := Run(t.Context(), w.src, w.to, 1, true); err != nil || slices.Contains(w.names(), fileName(only)) {
					t.Errorf("of a file that was deleted the bytes stay: %+v, %v", r, err)
				}
			})
		})
	}
}

// A place that is away says nothing of a file.
func TestIsOfOneFile(t *testing.T) {
	for err, want := range map[error]bool{
		syscall.EIO: true, fs.ErrPermission: true, fs.ErrNotExist: true,
		syscall.ESTALE: false, syscall.ENOTCONN: false, syscall.ETIMEDOUT: false, syscall.EMFILE: false,
	} {
		if got := isOfOneFile(fmt.Errorf("read: %w", &fs.PathError{Op: "read", Path: "a", Err: err})); got != want {
			t.Errorf("%v: got %v", err, got)
		}
		if isOfOneFile(err) {
			t.Errorf("%v without a file", err)
		}
	}
}

// A restore may bring back a file that newer backups do not name any more, for it
// had been deleted; older ones say still what its bytes were.
func TestRottenSinceRestored(t *testing.T) {
	w := newWorld(t, inFolder(t))
	row := w.rowOf(w.file(9000))
	w.backup(0)
	w.forget(row.Key)
	w.backup(0)
	w.file(10)
	w.write(func(tx *store.Tx) error { return tx.InsertFile(t.Context(), row) }) // as a restore of the first would
	if _, err := w.st.NewEpoch(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{w.here(row.Key), filepath.Join(w.to.Dir, fileName(row.Key))} {
		rot(t, name, func(b []byte) []byte { b[17] ^= 1; return b })
	}
	for range 2 {
		r, err := Run(t.Context(), w.src, w.to, 0, true)
		if err != nil || r.Proof == nil || !slices.Equal(r.Missing, []string{row.Key}) {
			t.Errorf("got %+v, %v", r, err)
		}
	}
}

// A backup that is damaged as soon as it is made does not stay, however often it
// is tried, and pushes out none that was proven.
func TestDamagedBackupDoesNotStay(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.post(3)
		for range 2 {
			if _, err := Run(t.Context(), w.src, w.to, 2, true); err != nil {
				t.Fatal(err)
			}
		}
		before, _ := w.list()
		src := w.src
		src.Files = failing{w.disk, w.file(1000), func() error { // the database is there by then
			for _, name := range w.names() {
				if strings.HasSuffix(name, databaseName) && !slices.ContainsFunc(before, func(old string) bool { return strings.Contains(name, old) }) {
					w.rot(name, func(b []byte) []byte { b[len(b)/2] ^= 1; return b })
				}
			}
			return nil
		}}
		s := &Schedule{Source: src, To: w.to, Every: time.Hour, Keep: 2}
		for range 3 {
			if err := s.once(t.Context()); err == nil || !strings.Contains(err.Error(), "minichat.db is damaged") || !s.Status().Failing {
				t.Errorf("got %v, %+v", err, s.Status())
			}
		}
		if after, proven := w.list(); !slices.Equal(after, before) || proven != 2 {
			t.Errorf("there were %v, now there are %v, %d of them proven", before, after, proven)
		}
		s.Files = w.disk
		if err := s.once(t.Context()); err != nil || s.Status().Failing {
			t.Errorf("afterwards: %v, %+v", err, s.Status())
		}
	})
}

// Backups that cannot be tried for a reason of this machine stay, but no more of
// them than are to be kept, and beside as many that were proven.
func TestBackupsThatCannotBeTried(t *testing.T) {
	w := newWorld(t, inFolder(t))
	for range 3 {
		if _, err := Run(t.Context(), w.src, w.to, 2, true); err != nil {
			t.Fatal(err)
		}
	}
	before, _ := w.list()
	if err := os.WriteFile(w.src.Scratch, nil, 0o600); err != nil { // no folder can be made there
		t.Fatal(err)
	}
	for range 5 {
		r, err := Run(t.Context(), w.src, w.to, 2, true)
		if r == nil || r.Proof != nil || err == nil || !strings.Contains(err.Error(), "finished, but it could not be tried") {
			t.Errorf("got %+v, %v", r, err)
		}
	}
	if after, proven := w.list(); len(after) != 4 || proven != 2 || !slices.Equal(after[:2], before) {
		t.Errorf("there were %v, now there are %v, %d of them proven", before, after, proven)
	}
}

// The server does not make more and more backups that it cannot try: it tries the
// one that is there, until another is due or that one is gone.
func TestTriedAgain(t *testing.T) {
	w := newWorld(t, inFolder(t))
	rotten := w.file(9000)
	if err := os.WriteFile(w.src.Scratch, nil, 0o600); err != nil { // no folder can be made there
		t.Fatal(err)
	}
	s := &Schedule{Source: w.src, To: w.to, Every: time.Hour}
	fail := func(want int) string {
		t.Helper()
		err := s.once(t.Context())
		all, proven := w.list()
		if err == nil || !s.Status().Failing || len(all) != want || proven != 0 {
			t.Fatalf("got %v, there are %v; want %d", err, all, want)
		}
		return all[want-1]
	}
	first := fail(1)
	fail(1)
	fail(1)
	s.Every = 0 // another is due
	second := fail(2)
	s.Every = time.Hour
	fail(2)
	if err := os.RemoveAll(filepath.Join(w.to.Dir, backupsDir, second)); err != nil {
		t.Fatal(err)
	}
	third := fail(2)
	if err := os.Remove(w.src.Scratch); err != nil {
		t.Fatal(err)
	}
	if err := s.once(t.Context()); err != nil || s.Status().Failing || s.Status().LastProven.IsZero() {
		t.Errorf("with room again: %v, %+v", err, s.Status())
	}
	if all, proven := w.list(); !slices.Equal(all, []string{first, third}) || proven != 1 {
		t.Errorf("there are %v, %d of them proven; want %s and %s", all, proven, first, third)
	}
	if err := os.WriteFile(w.src.Scratch, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.once(t.Context()); err == nil {
		t.Error("the next was proven without room")
	}
	if err := os.Remove(w.src.Scratch); err != nil {
		t.Fatal(err)
	}
	w.rot(fileName(rotten), func(b []byte) []byte { b[17] ^= 1; return b })
	if err := s.once(t.Context()); err != nil { // it is made once more
		t.Error(err)
	}
	if all, proven := w.list(); len(all) != 3 || proven != 2 || !w.verify("").Whole() {
		t.Errorf("damaged meanwhile: there are %v, %d of them proven", all, proven)
	}
}

// What a backup has newly lost keeps the older ones there also when it is tried later.
func TestLostAndTriedAgain(t *testing.T) {
	w := newWorld(t, inFolder(t))
	lost := w.file(9000)
	s := &Schedule{Source: w.src, To: w.to, Every: time.Hour, Keep: 1}
	if err := s.once(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := w.disk.Delete(t.Context(), lost); err != nil {
		t.Fatal(err)
	}
	w.rot(fileName(lost), func(b []byte) []byte { return b[:1] })
	if err := os.WriteFile(w.src.Scratch, nil, 0o600); err != nil { // no folder can be made there
		t.Fatal(err)
	}
	if err := s.once(t.Context()); err == nil {
		t.Fatal("it was proven without room")
	}
	if err := os.Remove(w.src.Scratch); err != nil {
		t.Fatal(err)
	}
	for want := 2; want > 0; want-- { // the next has lost nothing more
		if err := s.once(t.Context()); err != nil {
			t.Fatal(err)
		}
		if all, proven := w.list(); len(all) != want || proven != want {
			t.Errorf("there are %v, %d of them proven; want %d", all, proven, want)
		}
	}
}

// An older backup whose list is damaged makes no newer one fail, which would be
// tried again and again; the files that it may name stay.
func TestDamagedListOfAnother(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		old := w.file(100)
		w.backup(0)
		bad := w.backup(0).Name
		w.rot(nameIn(bad, listName), func(b []byte) []byte { b[5] ^= 1; return b })
		w.forget(old)
		r, err := Run(t.Context(), w.src, w.to, 2, true)
		if err != nil || r.Proof == nil || len(r.Removed) != 1 {
			t.Errorf("got %+v, %v", r, err)
		}
		if !slices.Contains(w.names(), fileName(old)) {
			t.Error("what perhaps the damaged one names was removed")
		}
	})
}

// Older backups that cannot be removed do not make a proven one fail.
func TestProvenThoughNotPruned(t *testing.T) {
	w := newWorld(t, inFolder(t))
	old := w.backup(0).Name
	w.backup(0)
	if err := os.Remove(w.to.Dir + "/" + nameIn(old, databaseName)); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(w.to.Dir+"/"+nameIn(old, databaseName)+"/full", 0o700); err != nil { // what is not empty cannot be removed
		t.Fatal(err)
	}
	s := &Schedule{Source: w.src, To: w.to, Every: time.Hour, Keep: 1}
	if err := s.once(t.Context()); err != nil || s.Status().LastProven.IsZero() || !s.Status().Failing {
		t.Errorf("got %v, %+v; want no other try, and that it is told", err, s.Status())
	}
}

// The backup just made stays, also beside one that a clock that was wrong has
// dated in the future.
func TestFromTheFuture(t *testing.T) {
	w := newWorld(t, inFolder(t))
	now, later := w.backup(0).Name, "29991231T235959.000Z-future"
	if _, err := w.prove(""); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(w.to.Dir, backupsDir, now), filepath.Join(w.to.Dir, backupsDir, later)); err != nil {
		t.Fatal(err)
	}
	w.rot(nameIn(later, manifestName), func(b []byte) []byte {
		taken := regexp.MustCompile(`"taken_at": "[^"]*"`).ReplaceAllString(string(b), `"taken_at": "2999-12-31T23:59:59Z"`)
		return []byte(strings.ReplaceAll(taken, now, later))
	})
	plan, err := DryRun(t.Context(), w.src, w.to, 1, true)
	if err != nil || !slices.Equal(plan.Remove, []string{later}) {
		t.Errorf("dry run: %+v, %v", plan, err)
	}
	r := w.backup(1)
	if all, _ := w.list(); len(r.Removed) > 0 || !slices.Equal(all, []string{r.Name, later}) {
		t.Errorf("not proven: removed %v, there are %v", r.Removed, all)
	}
	if r, err = Run(t.Context(), w.src, w.to, 1, true); err != nil {
		t.Fatal(err)
	}
	if all, _ := w.list(); !slices.Equal(all, []string{r.Name}) {
		t.Errorf("there are %v, want %s", all, r.Name)
	}
}
