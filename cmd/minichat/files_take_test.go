package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A restored copy does not get the bucket of a server that may still run without
// being told to. One that has it all the same, by its settings, serves and removes
// nothing; once it has taken the bucket over, the other removes nothing any more.
func TestCopyWithTheSameBucket(t *testing.T) {
	b := startBucketed(t)
	b.upload(t, b.ana, "a.txt", 5, text("hello"))
	dest, bucket := filepath.Join(t.TempDir(), "backups"), b.s3.Address("u")
	done(t, "", "backup", dest, "--data", b.data, "--files", bucket)
	b.upload(t, b.ana, "later.txt", 5, text("later"))
	fix := func(data string) string {
		_, _, stderr := command(t, "", "files", "check", "--fix", "--data", data, "--files", bucket)
		return stderr
	}
	in := func(name string) string { return filepath.Join(t.TempDir(), name) }

	refused := in("refused")
	if code, _, stderr := command(t, "", "restore", dest, "--data", refused, "--files", bucket); code != 1 || !strings.Contains(stderr, "--take-files") {
		t.Errorf("restore with the same bucket: ended with %d, %s", code, stderr)
	}
	if marked, err := readMarker(refused); err != nil || marked != "" {
		t.Errorf("the refused restore left the marker %q, %v", marked, err)
	}

	drill := in("drill")
	done(t, "", "restore", dest, "--data", drill)
	copied := start(t, drill, "--files", bucket)
	copied.errs.after(t, "the place of the files is not this database's", copied.over)
	for says, data := range map[string]string{"minichat files take": drill, "2 files with 10 bytes are in order": b.data} {
		if stderr := fix(data); !strings.Contains(stderr, says) {
			t.Errorf("clearing up from %s says %s, want %s", data, stderr, says)
		}
	}
	done(t, "", "files", "take", "--data", drill, "--files", bucket)
	for says, data := range map[string]string{"1 files with 5 bytes are in order": drill, "minichat files take": b.data} {
		if stderr := fix(data); !strings.Contains(stderr, says) {
			t.Errorf("taken over, clearing up from %s says %s, want %s", data, stderr, says)
		}
	}
	copied.end(t)
	b.end(t)

	again := in("again")
	if _, _, stderr := command(t, "", "restore", dest, "--data", again, "--files", bucket, "--take-files"); !strings.Contains(stderr, "0 files copied, 1 were there") {
		t.Errorf("restore that takes the bucket over says %s", stderr)
	}
	if stderr := fix(again); !strings.Contains(stderr, "1 files with 5 bytes are in order") {
		t.Errorf("afterwards, clearing up says %s", stderr)
	}
}

// A new epoch does not cost a server the files in its own folder: an older
// database put back by hand, a restore into the folder that lost its database.
func TestNewEpochInTheSameFolder(t *testing.T) {
	data, dest := filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "backups")
	clears := func(when string) {
		t.Helper()
		s := start(t, data)
		s.end(t)
		if code, _, stderr := command(t, "", "files", "check", "--fix", "--data", data); code != 0 {
			t.Errorf("%s: clearing up ended with %d, %s", when, code, stderr)
		}
	}
	clears("at first")
	done(t, "", "backup", dest, "--data", data)
	if err := os.Remove(filepath.Join(data, markerName)); err != nil {
		t.Fatal(err)
	}
	clears("without the marker, which makes a new epoch")
	if err := os.Remove(filepath.Join(data, "minichat.db")); err != nil {
		t.Fatal(err)
	}
	done(t, "", "restore", dest, "--data", data)
	clears("restored")
	if err := os.Rename(filepath.Join(data, "files"), filepath.Join(data, "..", "files")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(data, "..", "files"), filepath.Join(data, "files")); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(data, markerName)); err != nil {
		t.Fatal(err)
	}
	s := start(t, data)
	s.errs.after(t, "the place of the files is not this database's", s.over)
}

// An older database that was put back has one new epoch, whoever opens it first:
// what a command has taken for it stays its own.
func TestOlderCopyTakesItsFiles(t *testing.T) {
	data, elsewhere := filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "files")
	at := []string{"--data", data, "--files", "file:" + elsewhere}
	done(t, "", append([]string{"user", "add", "ana"}, at[:2]...)...)
	start(t, data, at[2:]...).end(t)
	older, err := os.ReadFile(filepath.Join(data, "minichat.db"))
	if err != nil {
		t.Fatal(err)
	}
	done(t, "", append([]string{"user", "add", "ben"}, at[:2]...)...)
	start(t, data, at[2:]...).end(t)
	for _, side := range []string{"-wal", "-shm"} {
		os.Remove(filepath.Join(data, "minichat.db"+side)) // it may not be there
	}
	if err := os.WriteFile(filepath.Join(data, "minichat.db"), older, 0o600); err != nil {
		t.Fatal(err)
	}
	fix := append([]string{"files", "check", "--fix"}, at...)
	if code, _, stderr := command(t, "", fix...); code != 1 || !strings.Contains(stderr, "minichat files take") {
		t.Errorf("before: ended with %d, %s", code, stderr)
	}
	done(t, "", append([]string{"files", "take"}, at...)...)
	s := start(t, data, at[2:]...)
	done(t, "", fix...)
	s.end(t)
	done(t, "", fix...)
}

// A folder of its own that could not be marked when the server started is marked
// when it is cleared up.
func TestOwnFolderIsMarkedLater(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	s := start(t, data)
	s.end(t)
	mark := filepath.Join(data, "files", ".minichat-owner")
	b, err := os.ReadFile(mark)
	if err != nil {
		t.Fatal(err)
	}
	id, _, _ := strings.Cut(string(b), " ")
	if err := os.WriteFile(mark, []byte(id+" another\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	done(t, "", "files", "check", "--fix", "--data", data)
	if again, err := os.ReadFile(mark); err != nil || string(again) != string(b) {
		t.Errorf("the mark is %q, %v, want %q", again, err, b)
	}
}
