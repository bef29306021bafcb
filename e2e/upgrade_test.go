package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// nextVersion builds the program of tomorrow: with one more migration.
func nextVersion(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	migration := filepath.Join(dir, "next.sql")
	if err := os.WriteFile(migration, []byte("-- +goose Up\nCREATE TABLE tomorrow (x TEXT) STRICT;\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	at, err := filepath.Abs("../internal/store/migrations/sqlite/00999_tomorrow.sql")
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(map[string]any{"Replace": map[string]string{at: migration}})
	overlay := filepath.Join(dir, "overlay.json")
	if err == nil {
		err = os.WriteFile(overlay, b, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	bin := filepath.Join(dir, "minichat-next")
	cmd := exec.Command("go", "build", "-overlay", overlay, "-o", bin, "minichat/cmd/minichat")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build the next version: %v\n%s", err, out)
	}
	return bin
}

// TestUpgradeAndBack starts the next version, which copies the database before
// it changes the schema; this one then refuses it in words, and serves the copy.
func TestUpgradeAndBack(t *testing.T) {
	t.Parallel()
	s := newServer(t, t.TempDir())
	owner := s.owner()
	room := s.room(owner, "channel", "hall")
	var acked []string
	for i := range 20 {
		word := fmt.Sprint("before", i)
		if _, err := say1(s, owner, room, word, "hello"); err != nil {
			t.Fatal(err)
		}
		acked = append(acked, key(word))
	}
	s.stop()
	database, next := s.database(t), nextVersion(t)

	cmd := exec.Command(next, "user", "list", "--data", s.data)
	cmd.Env = cleanEnv()
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("the next version: %v: %s", err, out)
	}
	copies, err := filepath.Glob(database + ".schema-*")
	if err != nil || len(copies) != 1 {
		t.Fatalf("copies: %v, %v", copies, err)
	}
	if info, err := os.Stat(copies[0]); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the copy's mode: %v, %v", info, err)
	}
	_, err = s.command("user", "list")
	if err == nil || !strings.Contains(err.Error(), "The database was written by a newer MiniChat (schema 999") {
		t.Errorf("this version on the next one's database: %v", err)
	}
	for _, side := range []string{"-wal", "-shm"} {
		os.Remove(database + side) // they may be gone
	}
	if err := os.Rename(copies[0], database); err != nil {
		t.Fatal(err)
	}
	s.start()
	checkLog(t, s, owner, room, acked)
}
