package check

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var stacks = []string{"data", "small", "medium"}

// Check 1.
func TestFormatted(t *testing.T) {
	out, err := tryTerraform(t, "..", "fmt", "-check", "-recursive", "-diff")
	if err != nil {
		t.Errorf("terraform fmt would change:\n%s", out)
	}
}

// Checks 21 and 22: misspelt and mistyped attributes are refused, and the tests
// of each stack pass.
func TestStacks(t *testing.T) {
	for _, stack := range stacks {
		t.Run(stack, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(copied(t), "stacks", stack)
			terraform(t, dir, "init")
			terraform(t, dir, "validate")
			out := terraform(t, dir, "test")
			if !strings.Contains(out, "0 failed") {
				t.Errorf("terraform test says:\n%s", out)
			}
		})
	}
}

// That validate can fail at all.
func TestMistakesAreSeen(t *testing.T) {
	dir := filepath.Join(copied(t), "stacks", "data")
	terraform(t, dir, "init")
	for _, wrong := range []string{`encripted = true`, `size = "five"`} {
		text := "resource \"aws_ebs_volume\" \"wrong\" {\n  availability_zone = \"eu-west-1a\"\n  " + wrong + "\n}\n"
		if err := os.WriteFile(filepath.Join(dir, "wrong.tf"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := tryTerraform(t, dir, "validate"); err == nil {
			t.Errorf("%s is taken for right:\n%s", wrong, out)
		}
	}
}

// app is what the small and medium stacks are applied with here.
var app = []string{"-var=minichat_version=1.0.0", "-var=alert_email=ops@example.org", "-var=monthly_budget_usd=20"}

// Check 23, on the state alone instead of an emulator: data, then the server's stack by what data
// puts out; a second plan is empty; all of it goes again.
func TestLife(t *testing.T) {
	for name, l := range lives {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := l.dir(t)
			if out, err := tryTerraform(t, dir, append([]string{"plan", "-detailed-exitcode"}, l.with...)...); err != nil {
				t.Errorf("a second plan is not empty: %v\n%s", err, out)
			}
			gone := t.TempDir()
			if err := os.CopyFS(gone, os.DirFS(filepath.Join(dir, "..", ".."))); err != nil {
				t.Fatal(err)
			}
			dir = filepath.Join(gone, "stacks", filepath.Base(dir))
			terraform(t, dir, append([]string{"destroy", "-auto-approve", "-refresh=false"}, l.with...)...)
			if left := terraform(t, dir, "state", "list"); left != "" {
				t.Errorf("destroy left:\n%s", left)
			}
		})
	}
}

// Check 24: the history is safe from "destroy" until somebody lifts it by a file.
func TestHistoryIsProtected(t *testing.T) {
	dir := filepath.Join(copied(t), "stacks", "data")
	terraform(t, dir, "init")
	terraform(t, dir, "apply", "-auto-approve", zone)
	before := terraform(t, dir, "state", "list")
	out, err := tryTerraform(t, dir, "destroy", "-auto-approve", zone)
	if err == nil || !strings.Contains(out, "aws_ebs_volume.history has lifecycle.prevent_destroy") {
		t.Fatalf("destroy without the override: %v\n%s", err, out)
	}
	if after := terraform(t, dir, "state", "list"); after != before {
		t.Errorf("the refused destroy left\n%s\nof\n%s", after, before)
	}
	lift, err := os.ReadFile(filepath.Join(dir, "cleanup_override.tf.example"))
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "cleanup_override.tf"), lift, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	terraform(t, dir, "destroy", "-auto-approve", zone)
	if left := terraform(t, dir, "state", "list"); left != "" {
		t.Errorf("destroy left:\n%s", left)
	}
}

const zone = "-var=availability_zone=eu-west-1a"
