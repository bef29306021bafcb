package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A dry run changes nothing; mending removes what is old and nobody knows.
func TestFilesCheckOfAFolder(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	start(t, data)
	check := func(more ...string) (code int, stdout, stderr string) {
		return command(t, "", append([]string{"files", "check", "--data", data}, more...)...)
	}
	shard := filepath.Join(data, "files", "data", "or")
	if err := os.MkdirAll(shard, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, age := range map[string]time.Duration{"orphan-old-and-unknown": 48 * time.Hour, "orphan-young": time.Hour} {
		at := time.Now().Add(-age)
		if err := os.WriteFile(filepath.Join(shard, name), make([]byte, 1234), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(filepath.Join(shard, name), at, at); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		code, stdout, stderr := check()
		if code != 0 || strings.Count(stdout, "\n") != 1 || !strings.HasPrefix(stdout, "orphan  1234  ") || !strings.Contains(stderr, "--fix") {
			t.Errorf("a dry run: ended with %d, %q, %s", code, stdout, stderr)
		}
	}
	if code, _, stderr := check("--fix"); code != 0 || !strings.Contains(stderr, "Removed 1 that nobody will ask for again, 1234 bytes") {
		t.Errorf("--fix: ended with %d, %s", code, stderr)
	}
	if code, stdout, _ := check(); code != 0 || stdout != "" {
		t.Errorf("afterwards: ended with %d, %q", code, stdout)
	}
	if _, err := os.Stat(filepath.Join(shard, "orphan-young")); err != nil {
		t.Errorf("what may be on its way is gone: %v", err)
	}
}
