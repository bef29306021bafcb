package main

import (
	"database/sql"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"minichat/internal/config"
)

// opened opens the database of dir and closes it again.
func opened(t *testing.T, dir string) (id, log string, err error) {
	t.Helper()
	said := newOutput()
	c := &config.Config{Data: dir, Database: "sqlite:" + filepath.Join(dir, "minichat.db")}
	st, err := openStore(t.Context(), c, true, slog.New(slog.NewTextHandler(said, nil)), nil)
	if err != nil {
		return "", said.String(), err
	}
	id = st.ID()
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	return id, said.String(), nil
}

// The marker of the volume: written at first, kept, written again beside a good
// database, and a reason to refuse when the database is absent or another one.
func TestVolumeMarker(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	id, _, err := opened(t, dir)
	if err != nil {
		t.Fatal(err)
	}
	marker := filepath.Join(dir, markerName)
	if got, err := readMarker(dir); err != nil || got != id {
		t.Fatalf("got the marker %q, %v, want %q", got, err, id)
	}
	if again, log, err := opened(t, dir); err != nil || again != id || strings.Contains(log, "marker") {
		t.Errorf("again: got %q, %v, log %q", again, err, log)
	}
	if err := os.Remove(marker); err != nil {
		t.Fatal(err)
	}
	if _, log, err := opened(t, dir); err != nil || !strings.Contains(log, "level=WARN") {
		t.Errorf("without the marker: got %v, log %q, want a warning", err, log)
	}
	if got, err := readMarker(dir); err != nil || got != id {
		t.Errorf("it was not written again: %q, %v", got, err)
	}
	if _, _, err := opened(t, other); err != nil {
		t.Fatal(err)
	}
	if err := writeMarker(other, id); err != nil {
		t.Fatal(err)
	}
	if _, _, err := opened(t, other); err == nil || !strings.Contains(err.Error(), "another database") {
		t.Errorf("another volume's marker: got %v", err)
	}
	for _, name := range []string{"minichat.db", "minichat.db-wal", "minichat.db-shm"} {
		os.Remove(filepath.Join(dir, name)) // some are not there
	}
	if _, _, err := opened(t, dir); err == nil || !strings.Contains(err.Error(), "is not there") {
		t.Errorf("a marker without its database: got %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "minichat.db")); !os.IsNotExist(err) {
		t.Errorf("a new database was begun: %v", err)
	}
}

// A server that has a volume begins nothing on another disk.
func TestOtherVolume(t *testing.T) {
	c := &config.Config{Data: t.TempDir(), Volume: "vol-0123456789abcdef0"}
	c.Database = "sqlite:" + filepath.Join(c.Data, "minichat.db")
	begin := func() error {
		st, err := openStore(t.Context(), c, true, slog.New(slog.DiscardHandler), nil)
		if err == nil {
			err = st.Close()
		}
		return err
	}
	if err := begin(); err == nil || !strings.Contains(err.Error(), "is not on the volume vol-0123456789abcdef0") {
		t.Errorf("without a marker: got %v", err)
	}
	if _, err := os.Stat(c.DatabaseFile()); !os.IsNotExist(err) {
		t.Errorf("a new database was begun: %v", err)
	}
	if err := os.WriteFile(filepath.Join(c.Data, markerName), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := begin(); err != nil {
		t.Errorf("with the empty marker of a new volume: %v", err)
	}
	if id, err := readMarker(c.Data); err != nil || id == "" {
		t.Errorf("the marker is now %q, %v", id, err)
	}
}

// A file that is no database is refused by its name.
func TestNoDatabase(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "minichat.db")
	if err := os.WriteFile(file, []byte(strings.Repeat("no database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	_, _, err := opened(t, dir)
	if err == nil || !strings.Contains(err.Error(), file) || !strings.Contains(err.Error(), "restore a backup") {
		t.Errorf("got %v, want the file's name and what to do", err)
	}
	if _, err := os.Stat(filepath.Join(dir, markerName)); !os.IsNotExist(err) {
		t.Errorf("the folder was marked: %v", err)
	}
}

// A database of a newer program is refused in its own words.
func TestNewerDatabase(t *testing.T) {
	dir := t.TempDir()
	if _, _, err := opened(t, dir); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", filepath.Join(dir, "minichat.db"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.ExecContext(t.Context(), "INSERT INTO goose_db_version (version_id, is_applied, tstamp) VALUES (700, 1, 0)")
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	_, _, err = opened(t, dir)
	if err == nil || !strings.HasPrefix(err.Error(), "The database was written by a newer MiniChat") {
		t.Errorf("got %v", err)
	}
}

// A volume that the system knows of and that is not mounted is not begun anew below.
func TestUnmountedVolume(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	table := func(lines ...string) string {
		name := filepath.Join(t.TempDir(), "table")
		if err := os.WriteFile(name, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	root, volume := "/dev/a / ext4 rw 0 0", "UUID=1 "+dir+" ext4 defaults,nofail 0 2"
	file := filepath.Join(dir, "data", "minichat.db")
	for _, row := range []struct {
		name          string
		fstab, mounts string
		refuses       bool
	}{
		{"not mounted", table("# comment", root, volume), table(root), true},
		{"mounted", table(root, volume), table(root, "/dev/b "+dir+" ext4 rw 0 0"), false},
		{"not by itself", table("UUID=1 " + dir + " ext4 noauto 0 2"), table(root), false},
		{"another place", table("UUID=1 " + dir + "x ext4 defaults 0 2"), table(root), false},
		{"no tables", "/nowhere/a", "/nowhere/b", false},
	} {
		err := refuseUnmounted(file, row.fstab, row.mounts)
		if (err != nil) != row.refuses {
			t.Errorf("%s: got %v", row.name, err)
		}
	}
}

func TestWordsFirst(t *testing.T) {
	for _, row := range []struct{ args []string }{
		{[]string{"--role", "owner", "user", "add", "ana"}},
		{[]string{"user", "--data=x", "add", "ana", "--password-stdin"}},
	} {
		code, _, stderr := command(t, "correct horse\n", append(row.args, "--data", t.TempDir())...)
		if code != 0 {
			t.Errorf("%v: ended with %d: %s", row.args, code, stderr)
		}
	}
}
