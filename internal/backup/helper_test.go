package backup

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"minichat"
	"minichat/internal/files"
	"minichat/internal/store"
	"minichat/tools/testbucket"
)

// world is a database with files, and a place for backups.
type world struct {
	t     *testing.T
	dir   string
	st    *store.Store
	disk  *files.Disk
	src   Source
	to    Where
	rot   func(name string, change func([]byte) []byte) // changes an object at the place; nil bytes: removes it
	names func() []string                               // of the objects at the place
}

// onEach runs a test with backups in a folder and in a bucket.
func onEach(t *testing.T, fn func(t *testing.T, w *world)) {
	t.Run("folder", func(t *testing.T) { fn(t, newWorld(t, inFolder(t))) })
	t.Run("bucket", func(t *testing.T) { fn(t, newWorld(t, inBucket(t))) })
}

type kept struct {
	where Where
	dir   string             // where what is there lies on this machine's disk
	s3    *testbucket.Server // nil: a folder
}

func inFolder(t *testing.T) kept {
	dir := filepath.Join(t.TempDir(), "backups of ana")
	return kept{Where{Dir: dir, Text: dir}, dir, nil}
}

func inBucket(t *testing.T) kept {
	testbucket.Keys(t)
	s := testbucket.Start(t)
	o := &files.S3Options{Bucket: s.Bucket, Prefix: "some/where/", Region: testbucket.Region, Endpoint: s.URL, PathStyle: true}
	return kept{Where{Bucket: o, Text: "s3://bucket/some/where"}, filepath.Join(s.Dir, s.Bucket, "some", "where"), s}
}

func newWorld(t *testing.T, k kept) *world {
	t.Helper()
	w := &world{t: t, dir: t.TempDir(), to: k.where}
	st, err := store.Open(t.Context(), "sqlite:"+filepath.Join(w.dir, "minichat.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	if w.disk, err = files.OpenDisk(filepath.Join(w.dir, "files"), make([]byte, 32)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.disk.Close() })
	w.st = st
	w.src = Source{Store: st, Files: w.disk, Scratch: filepath.Join(w.dir, "scratch"), Version: "test", Log: slog.New(slog.NewTextHandler(t.Output(), nil))}
	w.write(func(tx *store.Tx) error {
		return tx.InsertRoom(t.Context(), minichat.Room{ID: "r", Kind: minichat.Channel, Name: "r"}, "")
	})
	w.rot = func(name string, change func([]byte) []byte) { rot(t, filepath.Join(k.dir, name), change) }
	w.names = func() []string { return names(t, k.dir) }
	return w
}

func rot(t *testing.T, path string, change func([]byte) []byte) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if b = change(b); b == nil {
		err = os.Remove(path)
	} else {
		err = os.WriteFile(path, b, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func names(t *testing.T, dir string) (list []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			name, relErr := filepath.Rel(dir, path)
			list, err = append(list, name), relErr
		}
		return err
	})
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return list
}

func (w *world) write(fn func(*store.Tx) error) {
	w.t.Helper()
	if err := w.st.Write(w.t.Context(), fn); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) post(n int) {
	w.t.Helper()
	for range n {
		w.write(func(tx *store.Tx) error {
			return tx.Append(w.t.Context(), &minichat.Event{Room: "r", Kind: minichat.KindMessage, By: "u", Body: minichat.MessageBody{Text: strings.Repeat("x", 500)}}, nil)
		})
	}
}

// file adds a file of size bytes and returns its key.
func (w *world) file(size int) string {
	w.t.Helper()
	key := minichat.NewID(22)
	info, err := w.disk.Put(w.t.Context(), key, "", bytes.NewReader(content(key, size)), 0)
	if err != nil {
		w.t.Fatal(err)
	}
	w.write(func(tx *store.Tx) error {
		f := store.File{Key: key, State: store.FileReady, Uploader: "u"}
		f.ID, f.Name, f.Size = minichat.NewID(16), "a.bin", info.Size
		return tx.InsertFile(w.t.Context(), f)
	})
	return key
}

// here is where its bytes lie on the server's disk.
func (w *world) here(key string) string { return filepath.Join(w.dir, "files", "data", key[:2], key) }

func (w *world) rowOf(key string) store.File {
	w.t.Helper()
	list, err := w.st.ListReadyFiles(w.t.Context(), "", 1000)
	i := slices.IndexFunc(list, func(f store.File) bool { return f.Key == key })
	if err != nil || i < 0 {
		w.t.Fatalf("there is no row of %s: %v", key, err)
	}
	return list[i]
}

// forget deletes the row of a file.
func (w *world) forget(key string) {
	w.t.Helper()
	w.write(func(tx *store.Tx) error { return tx.DeleteFile(w.t.Context(), w.rowOf(key).ID) })
}

// content is what the file under key has.
func content(key string, size int) []byte {
	return bytes.Repeat([]byte(key), size/len(key)+1)[:size]
}

func (w *world) backup(keep int) *Result {
	w.t.Helper()
	r, err := Run(w.t.Context(), w.src, w.to, keep, false)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

// prove restores the newest backup for a trial when name is empty.
func (w *world) prove(name string) (*Proof, error) {
	w.t.Helper()
	p, end, err := openPlace(w.t.Context(), w.to, true)
	if err != nil {
		w.t.Fatal(err)
	}
	defer end()
	found, err := find(w.t.Context(), p, name)
	if err != nil {
		w.t.Fatal(err)
	}
	return prove(w.t.Context(), p, found.Name, w.src.Scratch, "test")
}

func (w *world) verify(name string) *Report {
	w.t.Helper()
	r, err := Verify(w.t.Context(), w.to, name, w.src.Scratch, false)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

// restored is where a backup was brought back to.
type restored struct {
	*Restored
	dir  string
	disk *files.Disk
}

func (w *world) restore(name string, change func(*Target)) (*restored, error) {
	w.t.Helper()
	r := &restored{dir: w.t.TempDir()}
	var err error
	if r.disk, err = files.OpenDisk(filepath.Join(r.dir, "files"), make([]byte, 32)); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { r.disk.Close() })
	to := Target{Database: filepath.Join(r.dir, "minichat.db"), Files: r.disk, At: Where{Dir: filepath.Join(r.dir, "files"), Text: "the new place"},
		Begin: func(string) error { return nil }, Log: w.src.Log}
	if change != nil {
		change(&to)
	}
	r.Restored, err = Restore(w.t.Context(), w.to, name, to)
	return r, err
}

// has reports in words what is wrong with a restored file; "" for nothing.
func (r *restored) has(t *testing.T, key string, size int) string {
	t.Helper()
	f, n, err := r.disk.Open(t.Context(), key)
	if err != nil {
		return err.Error()
	}
	defer f.Close()
	b := new(bytes.Buffer)
	if _, err := b.ReadFrom(f); err != nil || n != int64(size) || !bytes.Equal(b.Bytes(), content(key, size)) {
		return fmt.Sprint("other bytes: ", n, " of ", size, " ", err)
	}
	return ""
}

// failing is a place for files where something happens when one key is asked for.
type failing struct {
	files.Store
	key  string
	fail func() error
}

func (f failing) Open(ctx context.Context, key string) (io.ReadSeekCloser, int64, error) {
	if key == f.key {
		if err := f.fail(); err != nil {
			return nil, 0, err
		}
	}
	return f.Store.Open(ctx, key)
}
