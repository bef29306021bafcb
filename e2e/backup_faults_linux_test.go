package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"minichat/tools/testbucket"
)

// filled is a server that has something to back up.
func filled(t *testing.T, args ...string) (*server, person, string) {
	t.Helper()
	s := newServer3(t, filepath.Join(t.TempDir(), "data"), args...)
	owner := s.owner()
	room := s.room(owner, "channel", "attic")
	for i := range 8 {
		if _, _, err := s.attach(owner, room, fmt.Sprint("file", i), 1<<20); err != nil {
			t.Fatal(err)
		}
	}
	return s, owner, room
}

// fails runs a command that has to fail, and returns its words.
func fails(t *testing.T, says string, args ...string) {
	t.Helper()
	out, err := minichat(args...)
	if err == nil || !strings.Contains(err.Error(), says) {
		t.Errorf("minichat %s: got %q, %v; want it to fail and say %q", strings.Join(args, " "), out, err, says)
	}
}

// TestBackupToFullDisk: it fails in words, leaves nothing that looks whole, the
// chat goes on, and with room again the next one is whole.
func TestBackupToFullDisk(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("a small file system is mounted for it, which root alone may")
	}
	s, owner, room := filled(t)
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=6m"); err != nil {
		t.Fatalf("mount: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Errorf("unmount: %v", err)
		}
	})
	dest := filepath.Join(dir, "backups")
	fails(t, "not enough room", "backup", dest, "--data", s.data)
	fails(t, "there is no", "verify", dest)
	if _, err := say1(s, owner, room, "on", "the chat goes on"); err != nil {
		t.Error(err)
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_REMOUNT, "size=90m"); err != nil {
		t.Fatal(err)
	}
	must1(t, "backup", dest, "--data", s.data)
	must1(t, "verify", dest)
}

// TestKilledBackup kills backups at any moment: what was whole before is whole
// and the newest, and the next backup needs no help.
func TestKilledBackup(t *testing.T) {
	t.Parallel()
	for _, place := range []string{"folder", "bucket"} {
		t.Run(place, func(t *testing.T) {
			t.Parallel()
			s, owner, room := filled(t)
			dest := filepath.Join(t.TempDir(), "backups")
			if place == "bucket" {
				dest = testbucket.Start(t).Address("backups")
			}
			must1(t, "backup", dest, "--data", s.data)
			cut := 0
			for i := 0; cut < 3 && i < 60; i++ {
				if _, _, err := s.attach(owner, room, fmt.Sprint("more", i), 4<<20); err != nil {
					t.Fatal(err)
				}
				cmd := exec.Command(binary, "backup", dest, "--data", s.data)
				cmd.Env = s3Env()
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Duration(10+7*i) * time.Millisecond)
				cmd.Process.Kill() // it may be over already
				if cmd.Wait() != nil {
					cut++
				}
				must1(t, "verify", dest)
				if place == "bucket" {
					break // the one that was killed keeps others out for five minutes
				}
			}
			if cut == 0 && place == "folder" {
				t.Error("no backup was cut off: nothing was tested")
			}
			if place == "bucket" {
				return
			}
			name := must1(t, "backup", dest, "--data", s.data, "--keep", "1")
			if left, err := os.ReadDir(filepath.Join(dest, "backups")); err != nil || len(left) != 1 || left[0].Name() != name {
				t.Errorf("left over: %v, %v", left, err)
			}
			must1(t, "verify", dest)
		})
	}
}

// TestBackupWithoutItsBucket: a bucket that goes away makes backups fail; the
// server says so, the chat goes on, and what was whole stays so.
func TestBackupWithoutItsBucket(t *testing.T) {
	t.Parallel()
	s3 := testbucket.Start(t)
	dest := s3.Address("backups")
	s, owner, room := filled(t, "--backup", dest, "--backup-every", "1h", "--backup-keep", "3")
	until(t, "the server's own backup is proven", func() bool { return s.metric("minichat_backup_last_proven_timestamp_seconds") > 0 })
	if at := s.metric("minichat_backup_last_success_timestamp_seconds"); at < time.Now().Add(-time.Hour).Unix() {
		t.Errorf("the last backup was at %d", at)
	}
	for _, want := range []string{`"state":"ok"`, `"last":"`, `"last_proven":"`} {
		if says := s.readyz(); !strings.Contains(says, want) {
			t.Errorf("/readyz says %s, want %s", says, want)
		}
	}
	s.stop()
	s3.Stop()
	fails(t, "failed", "backup", dest, "--data", s.data)
	s.start()
	until(t, "the server says that backups fail", func() bool { return s.metric("minichat_backup_failing") == 1 })
	if says := s.readyz(); !strings.Contains(says, `"state":"failing"`) || !strings.Contains(says, `"ready":true`) {
		t.Errorf("/readyz says %s", says)
	}
	if n := strings.Count(s.said.String(), "backups fail"); n != 1 {
		t.Errorf("it was logged %d times", n)
	}
	if _, err := say1(s, owner, room, "on", "the chat goes on"); err != nil {
		t.Error(err)
	}
	s3.Start()
	must1(t, "verify", dest)
	must1(t, "backup", dest, "--data", s.data)
	must1(t, "verify", dest)
}

// TestBackupIsRefused where it would be lost with what it is of, or cannot be written.
func TestBackupIsRefused(t *testing.T) {
	t.Parallel()
	data, file := t.TempDir(), filepath.Join(t.TempDir(), "file")
	fails(t, "there is no database", "backup", t.TempDir(), "--data", data)
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	must1(t, "user", "add", "ana", "--data", data)
	fails(t, "is inside", "backup", filepath.Join(data, "backups"), "--data", data)
	fails(t, "not a directory", "backup", filepath.Join(file, "backups"), "--data", data)
	fails(t, "it is empty", "backup", "", "--data", data)
	fails(t, "is less than none", "backup", t.TempDir(), "--keep=-1", "--data", data)
	fails(t, "inside the other", "backup", "s3://bucket/x", "--files", "s3://bucket/x", "--data", data)
	fails(t, "no place for backups", "verify", "ftp://x")
	if left, err := filepath.Glob(filepath.Join(data, "*")); err != nil || len(left) > 4 {
		t.Errorf("left over: %v, %v", left, err)
	}
}

// TestRestoreIsRefused where something is that it would hide or mix up.
func TestRestoreIsRefused(t *testing.T) {
	t.Parallel()
	s, _, _ := filled(t)
	dir := t.TempDir()
	dest := filepath.Join(dir, "backups")
	must1(t, "backup", dest, "--data", s.data)
	other, _, _ := filled(t)
	other.stop()
	fails(t, "there is a database already", "restore", dest, "--data", s.data)
	strange := filepath.Join(dir, "strange")
	if err := os.MkdirAll(filepath.Join(strange, "photos"), 0o700); err != nil {
		t.Fatal(err)
	}
	fails(t, "is not empty: it has photos", "restore", dest, "--data", strange)
	for _, name := range []string{"minichat.db", "minichat.db-wal", "minichat.db-shm"} {
		os.Remove(filepath.Join(other.data, name)) // some are not there
	}
	fails(t, "belongs to another database", "restore", dest, "--data", other.data)
	fails(t, "there is no backup", "restore", filepath.Join(dir, "strange"), "--data", filepath.Join(dir, "new"))
	fails(t, "cannot be opened", "restore", filepath.Join(dir, "nowhere"), "--data", filepath.Join(dir, "new"))
	fails(t, "there is no backup yesterday there", "restore", dest, "--at", "yesterday", "--data", filepath.Join(dir, "new"))
	rotten := filepath.Join(dir, "rotten")
	if err := os.CopyFS(rotten, os.DirFS(dest)); err != nil {
		t.Fatal(err)
	}
	list, err := filepath.Glob(filepath.Join(rotten, "files", "*", "*"))
	if err != nil || len(list) != 8 {
		t.Fatalf("the files of the backup: %v, %v", list, err)
	}
	if err := os.WriteFile(list[0], make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := minichat("verify", rotten, "--json")
	var report struct{ Faults []string }
	if err == nil || json.Unmarshal([]byte(out), &report) != nil || len(report.Faults) != 1 || !strings.Contains(report.Faults[0], filepath.Base(list[0])) {
		t.Errorf("verify of a rotten file: %s, %v", out, err)
	}
	must1(t, "verify", rotten, "--quick") // its length is right
	fails(t, "--partial", "restore", rotten, "--data", filepath.Join(dir, "new"))
	must1(t, "restore", rotten, "--data", filepath.Join(dir, "new"), "--partial")
	// The disk was lost, the folder of files was not.
	s.stop()
	for _, name := range []string{"minichat.db", "minichat.db-wal", "minichat.db-shm"} {
		os.Remove(filepath.Join(s.data, name)) // some are not there
	}
	must1(t, "restore", dest, "--data", s.data)
	s.setup = "used"
	s.start()
	if strings.Contains(s.said.String(), "older copy") {
		t.Errorf("what was restored is taken for a copy by hand:\n%s", s.said.String())
	}
}

// readyz is what the server tells of itself.
func (s *server) readyz() string {
	s.t.Helper()
	resp, err := lone.Get("http://" + s.addr + "/readyz")
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	b := make([]byte, 4096)
	n, _ := resp.Body.Read(b) // a short answer comes at once
	if resp.StatusCode != 200 {
		s.t.Errorf("/readyz: %s", resp.Status)
	}
	return string(b[:n])
}
