package store

import (
	"bytes"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"minichat"
)

func TestSettingsLast(t *testing.T) {
	for _, b := range backends() {
		t.Run(b.name, func(t *testing.T) {
			url := b.url(t)
			s, err := Open(t.Context(), url, Options{})
			if err != nil {
				t.Fatal(err)
			}
			id, epoch := s.ID(), s.Epoch()
			secret, err := s.Secret(t.Context(), "links")
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			again := open(t, url)
			if again.ID() != id || id == "" || again.Epoch() != epoch || epoch == "" {
				t.Errorf("id %q epoch %q, after opening again %q %q", id, epoch, again.ID(), again.Epoch())
			}
			same, err := again.Secret(t.Context(), "links")
			if err != nil || !bytes.Equal(same, secret) || len(same) != 32 {
				t.Errorf("secret %x, then %x, error %v", secret, same, err)
			}
			other, err := again.Secret(t.Context(), "other")
			if err != nil || bytes.Equal(other, secret) {
				t.Errorf("two names share a secret (error %v)", err)
			}
			changed, err := again.NewEpoch(t.Context())
			if err != nil || changed == epoch || again.Epoch() != changed {
				t.Errorf("new epoch %q after %q, error %v", changed, epoch, err)
			}
		})
	}
}

func TestPing(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		if err := s.Ping(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if got, want := minichat.CodeOf(s.Ping(t.Context())), minichat.StoreUnavailable; got != want {
			t.Errorf("ping after close: got %q, want %q", got, want)
		}
	})
}

func TestOpenRefusesOtherURLs(t *testing.T) {
	for _, url := range []string{"", "sqlite:", "postgres://x", "/tmp/x.db"} {
		if _, err := Open(t.Context(), url, Options{}); err == nil || !strings.Contains(err.Error(), "sqlite:PATH") {
			t.Errorf("%q: got %v", url, err)
		}
	}
}

// A connection that is not durable must never be handed out: each pragma is
// wrong once, and no connection comes.
func TestSQLiteAssertsPragmas(t *testing.T) {
	path := filepath.Join(t.TempDir(), "minichat.db")
	s := open(t, "sqlite:"+path)
	for name, pragmas := range map[string][]pragma{"writer": writerPragmas(), "reader": readerPragmas()} {
		has := func(p pragma) bool { return slices.Contains(pragmas, p) }
		if !has(pragma{"journal_mode", "wal"}) || !has(pragma{"synchronous", "2"}) || !has(pragma{"foreign_keys", "1"}) {
			t.Errorf("%s: pragmas %v", name, pragmas)
		}
	}
	db := sql.OpenDB(connector{path: path, pragmas: []pragma{{"synchronous", "7"}}})
	defer db.Close()
	if err := db.PingContext(t.Context()); err == nil || !strings.Contains(err.Error(), "synchronous") {
		t.Errorf("a setting that does not take: got %v", err)
	}
	for range 2 * poolSize { // every connection of the pool has passed the same check
		conn, err := s.pool.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var sync, checkpoint int
		if err := conn.QueryRowContext(t.Context(), "PRAGMA synchronous").Scan(&sync); err != nil || sync != 2 {
			t.Errorf("synchronous %d, %v", sync, err)
		}
		if err := conn.QueryRowContext(t.Context(), "PRAGMA wal_autocheckpoint").Scan(&checkpoint); err != nil || checkpoint != 0 {
			t.Errorf("a reader checkpoints: %d, %v", checkpoint, err)
		}
		if _, err := conn.ExecContext(t.Context(), "DELETE FROM settings"); err == nil {
			t.Error("a reader writes")
		}
		conn.Close()
	}
}

func TestSQLiteFileModes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data of ?#%41", "minichat.db")
	s := open(t, "sqlite:"+path)
	if err := s.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]os.FileMode{path: 0o600, path + "-wal": 0o600, path + "-shm": 0o600, filepath.Dir(path): 0o700} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s: mode %o, want %o", filepath.Base(name), got, want)
		}
	}
}

func TestNewerSchemaIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "minichat.db")
	if err := open(t, "sqlite:"+path).Close(); err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(connector{path: path, pragmas: writerPragmas()})
	if _, err := db.ExecContext(t.Context(), "INSERT INTO goose_db_version (version_id, is_applied) VALUES (700, 1)"); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := Open(t.Context(), "sqlite:"+path, Options{})
	known, globErr := filepath.Glob("migrations/sqlite/*.sql")
	if globErr != nil {
		t.Fatal(globErr)
	}
	want := fmt.Sprintf("The database was written by a newer MiniChat (schema 700, this one knows %d). Start the newer version, or restore a backup.", len(known))
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestWhatIsNotOursIsRefused(t *testing.T) {
	dir := t.TempDir()
	other := filepath.Join(dir, "other.db")
	db := sql.OpenDB(connector{path: other, pragmas: writerPragmas()})
	if _, err := db.ExecContext(t.Context(), "CREATE TABLE songs (name TEXT)"); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	text := filepath.Join(dir, "text.db")
	if err := os.WriteFile(text, []byte(strings.Repeat("no database\n", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{other: "not one of MiniChat", text: "not a database"} {
		if _, err := Open(t.Context(), "sqlite:"+path, Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", filepath.Base(path), err, want)
		}
	}
}

// Several processes may start on an empty folder at the same time.
func TestOpenTogether(t *testing.T) {
	url := backends()[0].url(t)
	errs := make(chan error)
	for range 4 {
		go func() {
			s, err := Open(t.Context(), url, Options{})
			if err == nil {
				err = s.Close()
			}
			errs <- err
		}()
	}
	for range 4 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
}

// What was deleted or edited is nowhere in the database's file.
func TestDeletedTextIsGoneFromTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "minichat.db")
	s := open(t, "sqlite:"+path)
	addUser(t, s, "ana")
	addRoom(t, s, "r", "ana")
	const kept, edited, deleted = "text-that-stays", "text-before-the-edit", "text-that-was-deleted"
	post(t, s, "r", "ana", kept)
	a, b := post(t, s, "r", "ana", edited), post(t, s, "r", "ana", deleted)
	for i := range 50 {
		post(t, s, "r", "ana", strings.Repeat("x", 10*i))
	}
	say(t, s, "r", "ana", minichat.KindEdit, minichat.EditBody{Target: a, Text: "y", Rev: 2})
	say(t, s, "r", "ana", minichat.KindDelete, minichat.TargetBody{Target: b})
	if err := s.Close(); err != nil { // moves the log of writes into the file and removes it
		t.Fatal(err)
	}
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(file, []byte(kept)) {
		t.Error("the file does not hold what was kept: the test reads the wrong place")
	}
	for _, text := range []string{edited, deleted} {
		if bytes.Contains(file, []byte(text)) {
			t.Errorf("the file still holds %q", text)
		}
	}
}

// The write-ahead log does not grow without end, although no connection moves
// it by itself.
func TestSQLiteCheckpoints(t *testing.T) {
	path := filepath.Join(t.TempDir(), "minichat.db")
	s := open(t, "sqlite:"+path)
	addUser(t, s, "ana")
	addRoom(t, s, "r", "ana")
	const page = 4096
	for written := 0; written < 3*checkpointPages*page; written += 64 << 10 * 4 {
		write(t, s, func(tx *Tx) error {
			for range 4 {
				if err := appendTo(t, "r", "", strings.Repeat("x", 64<<10))(tx); err != nil {
					return err
				}
			}
			return nil
		})
	}
	info, err := os.Stat(path + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	if most := int64(2 * checkpointPages * page); info.Size() > most {
		t.Errorf("the log has %d bytes, want at most %d", info.Size(), most)
	}
	if info, err = os.Stat(path); err != nil || info.Size() < checkpointPages*page {
		t.Errorf("the database has %d bytes (%v): nothing was moved into it", info.Size(), err)
	}
}
