package testbucket

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Tool is the path of a program of the modules below tools. The first time it is
// built, which takes minutes; after that it lies in the cache of the go command.
func Tool(t testing.TB, name string) string {
	t.Helper()
	folder, main := name, name
	switch name {
	case "metadata":
		main = "ec2-metadata-mock"
	case "pebble-challtestsrv":
		folder = "pebble"
	}
	module := filepath.Join(root(t), "tools", folder)
	lock, err := os.Open(module) // not its go.mod: that one the go command locks
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	// Tests of several packages begin at once; one builds, the others wait.
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatalf("lock %s: %v", module, err)
	}
	return goCommand(t, module, "tool", "-n", main)
}

func root(t testing.TB) string {
	t.Helper()
	return filepath.Dir(goCommand(t, ".", "env", "GOMOD"))
}

// goCommand gives the one line that the go command prints.
func goCommand(t testing.TB, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	// The tools are built as they are, whatever the test itself is built with.
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, &stderr)
	}
	return strings.TrimSpace(string(out))
}
