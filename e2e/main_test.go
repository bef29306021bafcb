// Package e2e runs the real server as a process of its own and holds it to what
// docs/protocol.md promises, as clients see it that were written from that page
// alone: among kills, freezes, cut lines, full disks and crowds.
//
// The consistency checker (checker_test.go) writes down all that simulated
// clients ask for and are told, and then holds that history against the
// invariants of invariants_test.go.
package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// binary is the server under test, built once for all tests.
var binary string

func TestMain(m *testing.M) {
	if os.Getenv(confinedVar) != "" {
		fmt.Fprintln(os.Stderr, runConfined(os.Args[1:])) // it returns only when it fails
		os.Exit(1)
	}
	os.Exit(withBinary(m.Run))
}

func withBinary(run func() int) int {
	dir, err := os.MkdirTemp("", "minichat-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "minichat")
	cmd := exec.Command("go", "build", "-o", binary, "minichat/cmd/minichat")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build the server: %v\n%s", err, out)
		return 1
	}
	return run()
}
