package backup

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"minichat"
	"minichat/internal/files"
	"minichat/internal/store"
)

const long = 20<<20 + 7 // bytes: more than one part of a multipart upload

// What was backed up comes back: the database with another epoch, and every
// file byte for byte. What is at the place already is not copied again.
func TestThereAndBack(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.post(20)
		if plan, err := DryRun(t.Context(), w.src, w.to, 1, false); err != nil || plan.Copy != 0 || len(w.names()) > 0 {
			t.Errorf("dry run: %+v, %v, %v", plan, err, w.names())
		}
		sizes := map[string]int{w.file(5): 5, w.file(100_000): 100_000, w.file(long): long}
		first := w.backup(0)
		if first.Copied != 3 || first.CopiedBytes != 5+100_000+long || first.Heads["r"] != 20 || first.Database != w.st.ID() || first.Epoch != w.st.Epoch() {
			t.Errorf("the first: got %+v", first)
		}
		w.post(5)
		sizes[w.file(50)] = 50
		second := w.backup(0)
		if second.Copied != 1 || second.CopiedBytes != 50 || second.Files != 4 {
			t.Errorf("the second: got %+v", second)
		}
		for name, files := range map[string]int{first.Name: 3, second.Name: 4} {
			if r := w.verify(name); !r.Whole() || r.Files != files || len(r.Missing) != 0 {
				t.Errorf("%s: got %+v", name, r)
			}
		}
		r, err := w.restore(second.Name, nil)
		if err != nil {
			t.Fatal(err)
		}
		if r.Copied != 4 || r.Epoch == w.st.Epoch() || r.Epoch == "" {
			t.Errorf("restored: %+v", r.Restored)
		}
		for key, size := range sizes {
			if wrong := r.has(t, key, size); wrong != "" {
				t.Errorf("%s: %s", key, wrong)
			}
		}
		seen, err := store.Inspect(t.Context(), filepath.Join(r.dir, "minichat.db"))
		if err != nil || len(seen.Faults) > 0 || seen.Heads["r"] != 25 || seen.ID != w.st.ID() || seen.Epoch != r.Epoch {
			t.Errorf("the database that came back: %+v, %v", seen, err)
		}
		if left, err := os.ReadDir(w.src.Scratch); err == nil && len(left) > 0 {
			t.Errorf("left over where it worked: %v", left)
		}
	})
}

// Each kind of damage is found and said, and nothing damaged is restored.
func TestDamageIsFound(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.post(30)
		key := w.file(9000)
		name := w.backup(0).Name
		db, list, file := nameIn(name, databaseName), nameIn(name, listName), fileName(key)
		flip := func(b []byte) []byte { b[len(b)/2] ^= 1; return b }
		cut := func(b []byte) []byte { return b[:len(b)-1] }
		gone := func([]byte) []byte { return nil }
		for _, row := range []struct {
			name, object string
			change       func([]byte) []byte
			says         string
			partial      bool // can be restored without it
		}{
			{"a bit of the database", db, flip, "minichat.db is damaged", false},
			{"the end of the database", db, cut, "minichat.db is damaged", false},
			{"no database", db, gone, "minichat.db", false},
			{"a bit of the list", list, flip, "files.jsonl is damaged", false},
			{"no list", list, gone, "files.jsonl", false},
			{"a bit of a file", file, flip, key + " is damaged: its SHA-256", true},
			{"the end of a file", file, cut, "has 8999 bytes, not 9000", true},
			{"no file", file, gone, file + " is not there", true},
		} {
			t.Run(row.name, func(t *testing.T) {
				var before []byte
				w.rot(row.object, func(b []byte) []byte { before = slices.Clone(b); return row.change(b) })
				defer func() { w.put(row.object, before) }()
				r := w.verify("")
				if r.Whole() || !strings.Contains(strings.Join(r.Faults, "\n"), row.says) {
					t.Errorf("verify: got %q, want %q", r.Faults, row.says)
				}
				begun := false
				back, err := w.restore("", func(to *Target) { to.Begin = func(string) error { begun = true; return nil } })
				if err == nil || !strings.Contains(err.Error(), "nothing was restored") || begun {
					t.Errorf("restore: got %v, begun %v", err, begun)
				}
				if has := names(t, back.dir); len(has) > 0 {
					t.Errorf("a refused restore left %v", has)
				}
				if _, err := w.prove(""); err == nil || !strings.Contains(err.Error(), "cannot be restored") {
					t.Errorf("prove: got %v", err)
				}
				back, err = w.restore("", func(to *Target) { to.Partial = true })
				if row.partial != (err == nil) {
					t.Errorf("without the file: got %v", err)
				}
				if err == nil && !slices.Equal(back.Left, []string{key}) {
					t.Errorf("left out: %v", back.Left)
				}
			})
		}
		if r := w.verify(""); !r.Whole() {
			t.Errorf("afterwards: %q", r.Faults)
		}
	})
}

// A file that goes bad after the backup was looked through is left out, if it may be.
func TestDamageWhileRestoring(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		bad, good := w.file(9000), w.file(100)
		w.backup(0)
		rotten := func(to *Target) {
			to.Begin = func(string) error {
				w.rot(fileName(bad), func(b []byte) []byte { b[17] ^= 1; return b })
				return nil
			}
		}
		if _, err := w.restore("", rotten); err == nil || !strings.Contains(err.Error(), "the file "+bad+" is damaged") {
			t.Errorf("got %v", err)
		}
		w.put(fileName(bad), content(bad, 9000))
		r, err := w.restore("", func(to *Target) { rotten(to); to.Partial = true })
		if err != nil || !slices.Equal(r.Left, []string{bad}) || r.Copied != 1 || r.has(t, good, 100) != "" || r.has(t, bad, 9000) == "" {
			t.Errorf("the rest: got %+v, %v", r.Restored, err)
		}
	})
}

// put puts an object back.
func (w *world) put(name string, b []byte) {
	w.t.Helper()
	p, end, err := openPlace(w.t.Context(), w.to, true)
	if err != nil {
		w.t.Fatal(err)
	}
	defer end()
	if err := p.put(w.t.Context(), name, strings.NewReader(string(b))); err != nil {
		w.t.Fatal(err)
	}
}

// Of many backups the newest stay, and with them what they name; proven ones are
// not lost to newer ones that are not.
func TestRetention(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		old := w.file(100)
		first := w.backup(0).Name
		if proof, err := w.prove(""); err != nil || proof.ProvenAt.IsZero() {
			t.Fatalf("prove: %v, %v", proof, err)
		}
		w.forget(old)
		fresh := w.file(200)
		var list []string
		for range 3 {
			list = append(list, w.backup(0).Name)
		}
		plan, err := DryRun(t.Context(), w.src, w.to, 2, false)
		if err != nil || !slices.Equal(plan.Remove, list[:2]) || plan.Copy != 0 || plan.Database == 0 {
			t.Errorf("dry run: %+v, %v", plan, err)
		}
		last := w.backup(2)
		if !slices.Equal(last.Removed, list[:2]) {
			t.Errorf("removed %v, want %v", last.Removed, list[:2])
		}
		if r := w.verify(first); !r.Whole() || r.Proven == nil {
			t.Errorf("the proven one: %+v", r)
		}
		if _, err := w.prove(last.Name); err != nil {
			t.Fatal(err)
		}
		next := w.backup(2)
		if want := []string{list[2]}; !slices.Equal(next.Removed, want) {
			t.Errorf("removed %v, want %v", next.Removed, want)
		}
		if _, err := w.prove(next.Name); err != nil {
			t.Fatal(err)
		}
		newest := w.backup(2)
		if want := []string{first}; !slices.Equal(newest.Removed, want) {
			t.Errorf("removed %v, want %v", newest.Removed, want)
		}
		has := w.names()
		if slices.Contains(has, fileName(old)) || !slices.Contains(has, fileName(fresh)) {
			t.Errorf("afterwards there are %v", has)
		}
		all, err := List(t.Context(), w.to)
		if err != nil || len(all) != 3 || all[0].Name != last.Name || all[0].Proven == nil || all[1].Name != next.Name || all[2].Name != newest.Name {
			t.Errorf("listed: %v, %v", all, err)
		}
		for _, l := range all {
			if r := w.verify(l.Name); !r.Whole() {
				t.Errorf("%s: %q", l.Name, r.Faults)
			}
		}
	})
}

// A backup that fails, or is told to stop, leaves nothing that looks whole, and
// the next one clears up after it.
func TestFailedBackupDoesNotLookWhole(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.post(3)
		w.file(1000)
		bad := w.file(2000)
		ctx, stop := context.WithCancel(t.Context())
		src := w.src
		src.Files = failing{w.disk, bad, func() error { stop(); return ctx.Err() }}
		if _, err := Run(ctx, src, w.to, 0, false); !errors.Is(err, context.Canceled) {
			t.Fatalf("got %v", err)
		}
		src.Files = failing{w.disk, bad, func() error { return errors.New("the disk is gone") }}
		if _, err := Run(t.Context(), src, w.to, 0, false); err == nil || !strings.Contains(err.Error(), "the disk is gone") {
			t.Fatalf("got %v", err)
		}
		if _, err := Verify(t.Context(), w.to, "", w.src.Scratch, false); err == nil || !strings.Contains(err.Error(), "there is no") {
			t.Errorf("verify: got %v", err)
		}
		// As after a kill: parts without a manifest.
		w.put(nameIn("20200101T000000Z-killed", databaseName), []byte("half"))
		if _, err := Verify(t.Context(), w.to, "20200101T000000Z-killed", w.src.Scratch, false); err == nil || !strings.Contains(err.Error(), "never finished") {
			t.Errorf("verify: got %v", err)
		}
		empty := filepath.Join(w.to.Dir, backupsDir, "20200102T000000Z-killed") // before its first file
		if w.to.Dir != "" {
			if err := os.Mkdir(empty, 0o700); err != nil {
				t.Fatal(err)
			}
		}
		good := w.backup(0)
		if _, err := os.Stat(empty); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("the folder of one that was killed: %v", err)
		}
		for _, name := range w.names() {
			if strings.HasPrefix(name, backupsDir) && !strings.HasPrefix(name, backupsDir+good.Name) || strings.HasPrefix(name, locks) {
				t.Errorf("left over: %s", name)
			}
		}
		if r := w.verify(""); !r.Whole() || r.Files != 2 {
			t.Errorf("got %+v", r)
		}
	})
}

// A bucket that goes away in the middle makes the backup fail, and what was
// whole before stays so.
func TestBucketGoesAway(t *testing.T) {
	k := inBucket(t)
	w := newWorld(t, k)
	w.post(3)
	w.file(1000)
	first := w.backup(0).Name
	last := w.file(2000)
	src := w.src
	src.Files = failing{w.disk, last, func() error { k.s3.Stop(); return nil }}
	if _, err := Run(t.Context(), src, w.to, 1, false); err == nil || !strings.Contains(err.Error(), "copy the file "+last) {
		t.Errorf("got %v", err)
	}
	k.s3.Start()
	if r := w.verify(""); !r.Whole() || r.Name != first {
		t.Errorf("afterwards: %+v", r)
	}
}

// Everything in a folder is for its owner alone.
func TestModes(t *testing.T) {
	w := newWorld(t, inFolder(t))
	w.post(1)
	w.file(10)
	w.backup(0)
	if _, err := w.prove(""); err != nil {
		t.Fatal(err)
	}
	seen := 0
	err := filepath.WalkDir(w.to.Dir, func(path string, e os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		want := os.FileMode(0o600)
		if e.IsDir() {
			want = 0o700
		}
		if err == nil && info.Mode().Perm() != want {
			t.Errorf("%s: mode %o, want %o", path, info.Mode().Perm(), want)
		}
		seen++
		return err
	})
	if err != nil || seen < 8 {
		t.Errorf("looked at %d, %v", seen, err)
	}
}

// A manifest that is damaged is said, and keeps nobody from the other backups.
func TestDamagedManifest(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.post(1)
		old := w.file(100)
		bad := w.backup(0).Name
		w.forget(old)
		w.rot(nameIn(bad, manifestName), func(b []byte) []byte { return b[:len(b)/2] })
		if _, err := Verify(t.Context(), w.to, "", w.src.Scratch, false); err == nil || !strings.Contains(err.Error(), "manifest.json is damaged") {
			t.Errorf("verify: got %v", err)
		}
		for range 3 {
			w.backup(1)
		}
		if r := w.verify(""); !r.Whole() || r.Files != 0 {
			t.Errorf("the next: %+v", r)
		}
		if _, err := Verify(t.Context(), w.to, bad, w.src.Scratch, false); err == nil || !strings.Contains(err.Error(), "is damaged") {
			t.Errorf("verify it: got %v", err)
		}
		if !slices.Contains(w.names(), fileName(old)) {
			t.Error("what only the damaged one names was removed")
		}
		w.rot(nameIn(bad, manifestName), func([]byte) []byte { return []byte(`{"format": 99}`) })
		if _, err := Verify(t.Context(), w.to, bad, w.src.Scratch, false); err == nil || !strings.Contains(err.Error(), "newer MiniChat") {
			t.Errorf("another format: got %v", err)
		}
	})
}

// Two backups to one place take turns, and backups of two databases do not mix.
func TestOneBackupAtATime(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		p, end, err := openPlace(t.Context(), w.to, true)
		if err != nil {
			t.Fatal(err)
		}
		defer end()
		lock, err := p.lock(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Run(t.Context(), w.src, w.to, 0, false); err == nil || !strings.Contains(err.Error(), "another backup") {
			t.Errorf("got %v", err)
		}
		if err := lock.held(t.Context()); err != nil {
			t.Errorf("the lock was lost: %v", err)
		}
		lock.release()
		w.backup(0)
		other := newWorld(t, inFolder(t))
		if _, err := Run(t.Context(), other.src, w.to, 0, false); err == nil || !strings.Contains(err.Error(), "another database") {
			t.Errorf("got %v", err)
		}
	})
}

// Bytes that were lost before are told, and the rest is backed up all the same.
func TestLostBytesAreTold(t *testing.T) {
	w := newWorld(t, inFolder(t))
	lost, there := w.file(10), w.file(20)
	if err := w.disk.Delete(t.Context(), lost); err != nil {
		t.Fatal(err)
	}
	if r := w.backup(0); !slices.Equal(r.Missing, []string{lost}) || r.Files != 1 {
		t.Errorf("got %+v", r)
	}
	if r := w.verify(""); !r.Whole() || !slices.Equal(r.Missing, []string{lost}) {
		t.Errorf("verify: got %+v", r)
	}
	r, err := w.restore("", nil)
	if err != nil || !slices.Equal(r.Left, []string{lost}) || r.has(t, there, 20) != "" {
		t.Errorf("restore: got %+v, %v", r, err)
	}
}

// Files that outlived their database are taken over where that is asked for, or
// where nobody else can have them; those of others are not.
func TestRestoreBesideFiles(t *testing.T) {
	w := newWorld(t, inFolder(t))
	a, b := w.file(1000), w.file(2000)
	w.backup(0)
	_, err := w.restore("", func(to *Target) {
		if _, err := to.Files.Put(t.Context(), a, "", strings.NewReader(string(content(a, 1000))), 0); err != nil {
			t.Fatal(err)
		}
	})
	if err == nil || !strings.Contains(err.Error(), "not marked as this database's") {
		t.Fatalf("an unmarked place: got %v", err)
	}
	keep := func(to *Target, owner files.Owner) {
		if err := to.Files.SetOwner(t.Context(), owner); err != nil {
			t.Fatal(err)
		}
		for key, bytes := range map[string][]byte{a: content(a, 1000), b: content(a, 2000)} {
			if _, err := to.Files.Put(t.Context(), key, "", strings.NewReader(string(bytes)), 0); err != nil {
				t.Fatal(err)
			}
		}
	}
	running := files.Owner{Database: w.st.ID(), Epoch: w.st.Epoch()}
	for _, owner := range []files.Owner{running, {Database: running.Database}} { // the latter is of an earlier version
		begun := false
		r, err := w.restore("", func(to *Target) {
			keep(to, owner)
			to.Begin = func(string) error { begun = true; return nil }
		})
		if now, ownerErr := r.disk.Owner(t.Context()); err == nil || !strings.Contains(err.Error(), "--take-files") || begun || ownerErr != nil || now != owner {
			t.Errorf("another copy's (%v): got %v, begun %v, then %v's, %v", owner, err, begun, now, ownerErr)
		}
		for _, may := range []func(*Target){func(to *Target) { to.Take = true }, func(to *Target) { to.Ours = true }} {
			r, err := w.restore("", func(to *Target) { keep(to, owner); may(to) })
			if err != nil || r.There != 1 || r.Copied != 1 || r.has(t, a, 1000) != "" || r.has(t, b, 2000) != "" {
				t.Fatalf("taken over: got %+v, %v", r, err)
			}
			if now, err := r.disk.Owner(t.Context()); err != nil || now != (files.Owner{Database: running.Database, Epoch: r.Epoch}) {
				t.Errorf("taken over, they are %v's, %v", now, err)
			}
			if err := files.Own(t.Context(), r.disk, running); minichat.CodeOf(err) != minichat.Conflict {
				t.Errorf("who had them before: got %v, want a conflict", err)
			}
		}
	}
	_, err = w.restore("", func(to *Target) {
		to.Take = true
		keep(to, files.Owner{Database: minichat.NewID(16), Epoch: running.Epoch})
	})
	if err == nil || !strings.Contains(err.Error(), "belong to the database") {
		t.Errorf("another's: got %v", err)
	}
}
