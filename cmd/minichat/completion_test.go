package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// script is what a command prints, in a file.
func script(t *testing.T, args ...string) string {
	t.Helper()
	code, stdout, stderr := command(t, "", args...)
	if code != 0 {
		t.Fatalf("%v: ended with %d: %s", args, code, stderr)
	}
	name := filepath.Join(t.TempDir(), "script")
	if err := os.WriteFile(name, []byte(stdout), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// A real bash completes words, flags and values by the script.
func TestBashCompletion(t *testing.T) {
	file := script(t, "completion", "bash")
	for _, row := range []struct {
		typed []string
		want  string
	}{
		{[]string{"us"}, "user"},
		{[]string{"user", ""}, "add list disable enable password"},
		{[]string{"user", "add", "--role", ""}, "owner admin member"},
		{[]string{"--data", "x", "user", "add", "--pass"}, "--password-stdin"},
		{[]string{"--trusted"}, "--trusted-proxies"},
		{[]string{"completion", "z"}, "zsh"},
		{[]string{"nothing-like-this"}, ""},
		{[]string{"ma"}, ""}, // hidden
	} {
		run := exec.CommandContext(t.Context(), "bash", append([]string{"-c",
			`source "$0"; COMP_WORDS=(minichat "$@"); COMP_CWORD=$#; _minichat; echo "${COMPREPLY[*]}"`, file}, row.typed...)...)
		out, err := run.CombinedOutput()
		if got := strings.TrimSpace(string(out)); err != nil || got != row.want {
			t.Errorf("%q: got %q, %v, want %q", row.typed, got, err, row.want)
		}
	}
	if code, _, stderr := command(t, "", "completion", "cmd.exe"); code != 2 || !strings.Contains(stderr, "bash") {
		t.Errorf("a shell that is none: ended with %d: %s", code, stderr)
	}
}

// Every command and flag that --help shows is in the page.
func TestManual(t *testing.T) {
	page, err := os.ReadFile(script(t, "man"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{".SS \"user add\"", ".B \\-\\-trusted\\-proxies CIDR,...", "MINICHAT_LISTEN", ".SS \"completion\"", ".SS \"serve\""} {
		if !strings.Contains(string(page), want) {
			t.Errorf("there is no %q", want)
		}
	}
	for i, line := range strings.Split(string(page), "\n") {
		if strings.HasPrefix(line, "'") || strings.ContainsFunc(line, func(r rune) bool { return r > 126 }) {
			t.Errorf("line %d is not plain: %q", i+1, line)
		}
	}
}
