package check

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

const (
	top     = "../../.."
	version = "6.25.0" // of the provider whose types tools/awsschema has
)

// config names the file by which Terraform takes the stand-in and nothing else:
// there is no other way to a provider in it, so no test can touch the network.
var config string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "terraform-check-")
	if err == nil {
		err = mirror(dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// mirror builds the stand-in to where Terraform looks for it.
func mirror(dir string) error {
	bin := filepath.Join(dir, "registry.terraform.io", "hashicorp", "aws", version, runtime.GOOS+"_"+runtime.GOARCH, "terraform-provider-aws_v"+version)
	build := exec.Command("go", "build", "-o", bin, ".")
	build.Dir = filepath.Join(top, "tools", "awsschema")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build the stand-in for the AWS provider: %w\n%s", err, out)
	}
	config = filepath.Join(dir, "terraformrc")
	return os.WriteFile(config, fmt.Appendf(nil, "disable_checkpoint = true\nprovider_installation {\n  filesystem_mirror {\n    path = %q\n  }\n}\n", dir), 0o600)
}

// copied is a copy of deploy/terraform that a test may fill and change.
func copied(t *testing.T) string {
	t.Helper()
	to := t.TempDir()
	copyTo(t, to)
	return to
}

func copyTo(t *testing.T, to string) {
	t.Helper()
	for _, part := range []string{"modules", "stacks"} {
		if err := os.CopyFS(filepath.Join(to, part), os.DirFS(filepath.Join("..", part))); err != nil {
			t.Fatal(err)
		}
	}
	// What somebody's own runs left in the tree is not part of it.
	for _, left := range []string{".terraform", ".terraform.lock.hcl", "terraform.tfstate", "*.auto.tfvars", "*_override.tf", "backend.tf"} {
		found, _ := filepath.Glob(filepath.Join(to, "stacks", "*", left))
		for _, f := range found {
			os.RemoveAll(f)
		}
	}
}

// terraform runs a command that must succeed and gives what it printed.
func terraform(t *testing.T, dir string, args ...string) string {
	t.Helper()
	out, err := tryTerraform(t, dir, args...)
	if err != nil {
		t.Fatalf("terraform %s in %s: %v\n%s", strings.Join(args, " "), filepath.Base(dir), err, out)
	}
	return out
}

func tryTerraform(t *testing.T, dir string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "terraform", args...)
	cmd.Dir = dir
	for _, pair := range os.Environ() {
		if name, _, _ := strings.Cut(pair, "="); !strings.HasPrefix(name, "TF_") && !strings.HasPrefix(name, "AWS_") {
			cmd.Env = append(cmd.Env, pair)
		}
	}
	cmd.Env = append(cmd.Env, "TF_CLI_CONFIG_FILE="+config, "TF_IN_AUTOMATION=1", "TF_CLI_ARGS=-no-color", "HOME="+t.TempDir())
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if err != nil {
		return out.String() + errs.String(), err
	}
	return out.String(), nil
}

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(top, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
