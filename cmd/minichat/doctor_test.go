package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"minichat/tools/testbucket"
)

// examine runs the doctor and returns what it found, by id.
func examine(t *testing.T, wantCode int, args ...string) map[string]string {
	t.Helper()
	code, stdout, stderr := command(t, "", append([]string{"doctor", "--json", "--idle", "10ms"}, args...)...)
	var r report
	if err := json.Unmarshal([]byte(stdout), &r); err != nil {
		t.Fatalf("that is no JSON (%v): %s", err, stdout)
	}
	found := map[string]string{}
	for _, f := range r.Findings {
		found[f.ID] = string(f.Status) + ": " + f.Seen
		if f.Status != "ok" && f.Mend == "" {
			t.Errorf("%s does not say how to mend it: %s", f.ID, f.Seen)
		}
	}
	if code != wantCode || (code == 1) != (r.Failing > 0) {
		t.Errorf("ended with %d and %d failing, want %d: %s\n%v", code, r.Failing, wantCode, stderr, found)
	}
	return found
}

func holds(t *testing.T, found map[string]string, id, want string) {
	t.Helper()
	if !strings.HasPrefix(found[id], want) {
		t.Errorf("%s: got %q, want %q, of %v", id, found[id], want, found)
	}
}

// tree is all that is in a folder, by name and content.
func tree(t *testing.T, dir string) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(name)
		fmt.Fprintf(&all, "%s %x\n", name, sha256.Sum256(b))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}

// Beside a running server, then without it, where nothing may have changed.
func TestDoctor(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	s := start(t, data)
	done(t, "", "user", "add", "ana", "--role", "owner", "--data", data)
	found := examine(t, 0, "--data", data)
	holds(t, found, "disk.lock", "ok: held by process "+fmt.Sprint(os.Getpid())+", the server at "+s.url)
	for _, id := range []string{"settings", "disk.folder", "disk.write", "disk.marker", "database.id", "database.sync", "database.whole"} {
		holds(t, found, id, "ok")
	}
	s.end(t)
	before := tree(t, data)
	found = examine(t, 0, "--data", data)
	holds(t, found, "disk.lock", "ok: free")
	if after := tree(t, data); after != before {
		t.Errorf("it changed something:\n%s\nto\n%s", before, after)
	}

	_, text, _ := command(t, "", "doctor", "--data", data, "--idle", "10ms")
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if len(lines) != len(found)+1 || !strings.HasPrefix(lines[0], "ok       settings ") || !strings.HasSuffix(lines[len(lines)-1], "0 failing") {
		t.Errorf("got %d lines for %d findings:\n%s", len(lines), len(found), text)
	}
}

func TestDoctorFindsFaultsOfTheFolder(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	holds(t, examine(t, 0, "--data", data), "disk.folder", "warning: "+data+" is not there")
	start(t, data).end(t)
	done(t, "", "user", "add", "anastasia", "--data", data)
	marker, database := filepath.Join(data, markerName), filepath.Join(data, "minichat.db")
	whole, err := os.ReadFile(database)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name string, b []byte) {
		t.Helper()
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	right, err := os.ReadFile(marker)
	if err != nil {
		t.Fatal(err)
	}

	write(marker, []byte("another\n"))
	holds(t, examine(t, 1, "--data", data), "database.id", "failing: the volume is marked for the database another")
	write(marker, nil)
	holds(t, examine(t, 0, "--data", data), "disk.marker", "warning: there is a database, but no marker")
	write(marker, right)

	broken := append([]byte(nil), whole...)
	page := bytes.Index(broken, []byte("anastasia")) / 4096 * 4096 // of the people
	copy(broken[page+8:], bytes.Repeat([]byte{0xff}, 8))           // where its rows are
	write(database, broken)
	found := examine(t, 1, "--data", data)
	holds(t, found, "database.whole", "failing: ")
	write(database, []byte("this is no database, whatever its name says"))
	holds(t, examine(t, 1, "--data", data), "database.open", "failing: ")
	if err := os.Remove(database); err != nil {
		t.Fatal(err)
	}
	holds(t, examine(t, 1, "--data", data), "disk.marker", "failing: the folder belongs to the database")
	if _, err := os.Stat(database); err == nil {
		t.Error("the doctor made a database")
	}

	found = examine(t, 1, "--data", data, "--public-url", "chat.example.org")
	holds(t, found, "settings", "failing: --public-url (MINICHAT_PUBLIC_URL): ")
}

func TestDoctorLooksAtBackups(t *testing.T) {
	dir := t.TempDir()
	data, to := filepath.Join(dir, "data"), filepath.Join(dir, "backups")
	start(t, data).end(t)
	holds(t, examine(t, 0, "--data", data), "backup.place", "warning: this server makes no backups")
	found := examine(t, 0, "--data", data, "--backup", to)
	holds(t, found, "backup.place", "ok: "+to+" is not there yet")
	holds(t, found, "backup.age", "warning: there is no backup yet")
	done(t, "", "backup", to, "--data", data)
	found = examine(t, 0, "--data", data, "--backup", to)
	holds(t, found, "backup.place", "warning: "+to+" is on the disk of the data")
	holds(t, found, "backup.age", "ok: the newest backup is ")
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	holds(t, examine(t, 1, "--data", data, "--backup", filepath.Join(dir, "file")), "backup.place", "failing: ")
}

func TestDoctorLooksAtTheBucket(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	s3 := testbucket.Start(t, "http://pages.example.org")
	testbucket.Keys(t)
	at := []string{"--data", data, "--files", s3.Address("u"), "--public-url", "http://pages.example.org"}
	start(t, data, at[2:]...).end(t)
	// The doors of this address are not here; the bucket is what counts.
	found := examine(t, 0, "--data", data, "--files", s3.Address("u"), "--origins", "http://pages.example.org")
	for _, id := range []string{"bucket.keys", "bucket.reach", "bucket.put", "bucket.get", "bucket.cors-upload", "bucket.public", "bucket.clean", "clock"} {
		holds(t, found, id, "ok")
	}
	holds(t, found, "bucket.lifecycle", "warning")
	s3.Stop()
	holds(t, examine(t, 1, "--data", data, "--files", s3.Address("u")), "bucket.reach", "failing")
}
