package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// built is everything, as it is handed out, and newer is the next version of the
// packages for this machine; both are made once for all tests.
var built, newer *release

const (
	firstVersion = "0.9.0"
	nextVersion  = "0.9.1-rc.1"
)

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "minichat-packages-test-")
	if err == nil {
		err = buildAll(context.Background(), dir)
	}
	code := 1
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	} else {
		code = m.Run()
	}
	os.RemoveAll(dir)
	os.Exit(code)
}

func buildAll(ctx context.Context, dir string) error {
	var err error
	if built, err = newRelease(ctx, firstVersion, filepath.Join(dir, "first")); err != nil {
		return err
	}
	if err := built.compile(ctx, filepath.Join(dir, "first-programs"), targets); err != nil {
		return err
	}
	if err := built.assemble(ctx); err != nil {
		return err
	}
	if newer, err = newRelease(ctx, nextVersion, filepath.Join(dir, "next")); err != nil {
		return err
	}
	if err := newer.compile(ctx, filepath.Join(dir, "next-programs"), targets[:1]); err != nil {
		return err
	}
	return newer.assemble(ctx)
}

// sh is a command that must work; it returns what it wrote.
func sh(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
	return string(out)
}
