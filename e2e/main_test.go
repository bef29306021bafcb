// Package e2e runs the real server as a process of its own and holds it to what
// docs/protocol.md promises, as clients see it that were written from that page
// alone: among kills, freezes, cut lines, full disks and crowds.
//
// The consistency checker (checker_test.go) writes down all that simulated
// clients ask for and are told, and then holds that history against the
// invariants of invariants_test.go. E2E_SEED=N repeats its choices, though not
// the timing of the machine; E2E_ROUNDS=N makes it N times as long.
package e2e

import (
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// binary is the server under test, built once for all tests.
var binary string

func TestMain(m *testing.M) {
	if os.Getenv(confinedVar) != "" {
		fmt.Fprintln(os.Stderr, runConfined(os.Args[1:])) // it returns only when it fails
		os.Exit(1)
	}
	flag.Parse()
	// Most of these tests wait: for a fault, for a peer that is slow.
	if err := flag.Set("test.parallel", "8"); err != nil {
		panic(err)
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

// sources is what the server is made of. Looking at each file once tells the go
// command that results of these tests are old when one of them has changed.
var sources = sync.OnceValue(func() error {
	for _, top := range []string{"../cmd", "../internal", "../web", "../bench/chatload", "../go.mod", "../go.sum"} {
		err := filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.Name() == "node_modules" {
				return fs.SkipDir
			}
			if err == nil && !d.IsDir() {
				_, err = os.Stat(path)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	own, err := filepath.Glob("../*.go")
	for _, path := range own {
		if _, statErr := os.Stat(path); err == nil {
			err = statErr
		}
	}
	return err
})
