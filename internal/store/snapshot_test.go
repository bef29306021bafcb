package store

import (
	"database/sql"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"minichat"
)

// inspected is what a snapshot of s says.
func inspected(t *testing.T, s *Store) (*Inspection, string) {
	t.Helper()
	to := filepath.Join(t.TempDir(), "copy ?#%41.db")
	if err := s.Snapshot(t.Context(), to); err != nil {
		t.Fatal(err)
	}
	i, err := Inspect(t.Context(), to)
	if err != nil {
		t.Fatal(err)
	}
	return i, to
}

// A snapshot among writers is one moment: whole, dense, and with all that was
// acknowledged before it began.
func TestSnapshotWhileOthersWrite(t *testing.T) {
	s := open(t, "sqlite:"+filepath.Join(t.TempDir(), "minichat.db"))
	addUser(t, s, "ana")
	addRoom(t, s, "r", "ana")
	for range 300 {
		post(t, s, "r", "ana", strings.Repeat("x", 5000))
	}
	stop := make(chan struct{})
	var writers sync.WaitGroup
	for p := range 4 {
		writers.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				if err := s.Write(t.Context(), appendTo(t, "r", fmt.Sprint("k", p, "-", i), strings.Repeat("y", 3000))); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for range 5 {
		before, err := s.Heads(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		i, path := inspected(t, s)
		if len(i.Faults) > 0 || i.Heads["r"] < before["r"] || i.ID != s.ID() || i.Epoch != s.Epoch() || i.Schema < 1 {
			t.Errorf("before the snapshot the head was %d; got %+v", before["r"], i)
		}
		entries, err := os.ReadDir(filepath.Dir(path))
		if err != nil || len(entries) != 1 {
			t.Errorf("beside the snapshot: %v, %v", entries, err)
		}
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("the snapshot's mode: %v, %v", info.Mode(), err)
		}
	}
	close(stop)
	writers.Wait()
}

func TestSnapshotKeepsWhatIsThere(t *testing.T) {
	s := open(t, "sqlite:"+filepath.Join(t.TempDir(), "minichat.db"))
	to := filepath.Join(t.TempDir(), "there")
	if err := os.WriteFile(to, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Snapshot(t.Context(), to); err == nil {
		t.Error("a file was overwritten")
	}
	if b, err := os.ReadFile(to); err != nil || string(b) != "x" {
		t.Errorf("got %q, %v", b, err)
	}
}

// What is wrong with a database is said in words.
func TestInspectFindsFaults(t *testing.T) {
	for _, row := range []struct{ name, change, says string }{
		{"a hole", `DELETE FROM events WHERE room = 'r' AND seq = 2`, "the log of the room r has"},
		{"the end is missing", `DELETE FROM events WHERE room = 'r' AND seq = 3`, "its head says"},
		{"beyond the head", `UPDATE rooms SET head = 1 WHERE id = 'r'`, "its head says 1 from 1 to 1"},
		{"a stray event", `UPDATE events SET room = 'x' WHERE room = 'r' AND seq = 3`, "events are of rooms that are not there"},
		{"a lost person", `DELETE FROM users WHERE id = 'ana'`, "of the table members refer to what is not there"},
		{"no id", `DELETE FROM settings`, "does not say which one it is"},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := open(t, "sqlite:"+filepath.Join(t.TempDir(), "minichat.db"))
			addUser(t, s, "ana")
			addRoom(t, s, "r", "ana")
			for range 3 {
				post(t, s, "r", "ana", "x")
			}
			i, path := inspected(t, s)
			if len(i.Faults) > 0 {
				t.Fatalf("before: %q", i.Faults)
			}
			plain(t, path, "PRAGMA foreign_keys = 0; PRAGMA journal_mode = delete; "+row.change)
			i, err := Inspect(t.Context(), path)
			if err != nil || !strings.Contains(strings.Join(i.Faults, "\n"), row.says) {
				t.Errorf("got %v, %v, want %q", i, err, row.says)
			}
		})
	}
}

// plain changes a database by other means than a Store.
func plain(t *testing.T, path, change string) {
	t.Helper()
	db := sql.OpenDB(connector{path: path})
	defer db.Close()
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(t.Context(), change); err != nil {
		t.Fatal(err)
	}
}

func TestInspectFindsRot(t *testing.T) {
	s := open(t, "sqlite:"+filepath.Join(t.TempDir(), "minichat.db"))
	addUser(t, s, "ana")
	addRoom(t, s, "r", "ana")
	for range 200 {
		post(t, s, "r", "ana", strings.Repeat("x", 2000))
	}
	_, path := inspected(t, s)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	rotten := append([]byte(nil), b...)
	const page, leaf = 4096, 10 // of a tree: text that does not fit into it has no form that could be missed
	at := len(rotten) - page
	for rotten[at] != leaf {
		at -= page
	}
	clear(rotten[at : at+page])
	if err := os.WriteFile(path, rotten, 0o600); err != nil {
		t.Fatal(err)
	}
	if i, err := Inspect(t.Context(), path); err == nil && len(i.Faults) == 0 {
		t.Error("a page of zeros was not found")
	}
	if err := os.WriteFile(path, b[:len(b)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	if i, err := Inspect(t.Context(), path); err == nil && len(i.Faults) == 0 {
		t.Error("half of the database was not missed")
	}
}

// Before the schema changes, the database is kept as it was; of such copies one
// stays, and without room for it nothing is changed.
func TestCopyBeforeMigration(t *testing.T) {
	path := filepath.Join(t.TempDir(), "minichat.db")
	s := open(t, "sqlite:"+path)
	addUser(t, s, "ana")
	addRoom(t, s, "r", "ana")
	post(t, s, "r", "ana", "kept")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	known, err := knownSchema()
	if err != nil {
		t.Fatal(err)
	}
	later := fstest.MapFS{}
	own, err := migrationFiles()
	if err != nil {
		t.Fatal(err)
	}
	names, err := own.(interface {
		ReadDir(string) ([]os.DirEntry, error)
	}).ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range names {
		later[n.Name()] = &fstest.MapFile{Data: []byte("-- +goose Up\n")}
	}
	add := func(n int64) {
		later[fmt.Sprintf("%05d_later.sql", n)] = &fstest.MapFile{Data: fmt.Appendf(nil, "-- +goose Up\nCREATE TABLE later%d (x TEXT);\n", n)}
	}
	up := func() error {
		db := sql.OpenDB(connector{path: path, pragmas: writerPragmas()})
		defer db.Close()
		db.SetMaxOpenConns(1)
		return migrateBy(t.Context(), db, later, path, slog.New(slog.DiscardHandler))
	}
	tables := func(path string) (n int) {
		t.Helper()
		db := sql.OpenDB(connector{path: path, pragmas: readerPragmas()})
		defer db.Close()
		if err := db.QueryRowContext(t.Context(), `SELECT COUNT(*) FROM sqlite_schema WHERE name LIKE 'later%'`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	first, second := copyName(path, known), copyName(path, known+1)
	// A folder in its place stands for a disk that takes no copy.
	if err := os.MkdirAll(filepath.Join(first, "x"), 0o700); err != nil {
		t.Fatal(err)
	}
	add(known + 1)
	if err := up(); err == nil || !strings.Contains(err.Error(), "the schema is not changed") || tables(path) != 0 {
		t.Fatalf("without a copy: got %v and %d new tables", err, tables(path))
	}
	if err := os.RemoveAll(first); err != nil {
		t.Fatal(err)
	}
	if err := up(); err != nil || tables(path) != 1 {
		t.Fatalf("got %v and %d new tables", err, tables(path))
	}
	i, err := Inspect(t.Context(), first)
	if err != nil || i.Schema != known || len(i.Faults) > 0 || i.Heads["r"] != 1 {
		t.Errorf("the copy: got %+v, %v", i, err)
	}
	add(known + 2)
	if err := up(); err != nil || tables(path) != 2 || tables(second) != 1 {
		t.Errorf("again: got %v", err)
	}
	if _, err := os.Stat(first); !os.IsNotExist(err) {
		t.Errorf("the older copy stays: %v", err)
	}
	if _, err := os.Stat(second + ".part"); !os.IsNotExist(err) {
		t.Errorf("half a copy stays: %v", err)
	}
	if _, err := Open(t.Context(), "sqlite:"+path, Options{}); err == nil || !strings.Contains(err.Error(), "newer MiniChat") {
		t.Errorf("this program opens a newer database: %v", err)
	}
	if s, err := Open(t.Context(), "sqlite:"+second, Options{}); err == nil {
		s.Close()
		t.Error("this program opens a newer copy")
	}
	back := open(t, "sqlite:"+filepath.Join(t.TempDir(), "minichat.db"))
	if minichat.CodeOf(back.Ping(t.Context())) != "" {
		t.Error("no ping")
	}
}
