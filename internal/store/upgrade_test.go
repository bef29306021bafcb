package store

import (
	"database/sql"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
	"strconv"
	"testing"
	"testing/fstest"

	"minichat"
)

// upTo makes a database as a program of schema version n had it.
func upTo(t *testing.T, n int, fill string) *Store {
	t.Helper()
	path := filepath.Join(t.TempDir(), "minichat.db")
	own, err := migrationFiles()
	if err != nil {
		t.Fatal(err)
	}
	names, err := fs.Glob(own, "*.sql")
	if err != nil {
		t.Fatal(err)
	}
	older := fstest.MapFS{}
	for _, name := range names {
		if v, _ := strconv.Atoi(name[:5]); v > n {
			continue
		}
		text, err := fs.ReadFile(own, name)
		if err != nil {
			t.Fatal(err)
		}
		older[name] = &fstest.MapFile{Data: text}
	}
	db := sql.OpenDB(connector{path: path, pragmas: writerPragmas()})
	db.SetMaxOpenConns(1)
	err = migrateBy(t.Context(), db, older, path, slog.New(slog.DiscardHandler))
	if err == nil {
		_, err = db.ExecContext(t.Context(), fill)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return open(t, "sqlite:"+path)
}

// What newer schemas know of files and people holds for those of an older one too.
func TestUpgradeFromThree(t *testing.T) {
	user := func(id, role string) string {
		return fmt.Sprintf(`INSERT INTO users (id, handle, name, folded, color, avatar, role, bot, disabled, created_at)
			VALUES ('%[1]s', '%[1]s', '%[1]s', '%[1]s', '', '', '%[2]s', 0, 0, 0);`, id, role)
	}
	n := 0
	file := func(uploader, state, room string, size int) string {
		n++
		return fmt.Sprintf(`INSERT INTO files (id, name, size, type, width, height, alt, preview, key, uploader, state, upload, part_size, room, seq, avatar, base, created_at, expires_at)
			VALUES ('f%d', '', %d, '', 0, 0, '', '', 'k%d', '%s', '%s', '', 0, '%s', 0, 0, '', 0, 1);`, n, size, n, uploader, state, room)
	}
	s := upTo(t, 3, user("ana", "owner")+user("robo", "owner")+user("lab", "guest")+`INSERT INTO passwords VALUES ('ana', 'hash');`+
		file("ana", "ready", "r", 1)+file("ana", "gone", "r", 10)+file("ana", "gone", "", 100)+file("ana", "open", "", 1000)+
		file("ben", "gone", "r", 10_000)) // of whom there is no sum yet
	sums := func(who string, want FileSums) {
		t.Helper()
		if got, err := s.SumFiles(t.Context(), who); err != nil || got != want {
			t.Errorf("%s: got %+v, %v, want %+v", who, got, err, want)
		}
	}
	sums("ana", FileSums{Own: 1001, OwnDeleted: 10, All: 1001, AllDeleted: 10_010})
	sums("ben", FileSums{OwnDeleted: 10_000, All: 1001, AllDeleted: 10_010})
	write(t, s, func(tx *Tx) error { return tx.DeleteFile(t.Context(), "f5") })
	sums("ben", FileSums{All: 1001, AllDeleted: 10})
	if n, err := s.CountUnusedFiles(t.Context(), "ana"); err != nil || n != 2 {
		t.Errorf("unused files: got %d, %v, want 2", n, err)
	}
	for id, bot := range map[string]bool{"ana": false, "robo": true, minichat.LabUser: false} {
		if u, err := s.GetUser(t.Context(), id); err != nil || u.Bot != bot {
			t.Errorf("%s: got %+v, %v, want a bot: %v", id, u, err, bot)
		}
	}
}
