package check

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// Check 5: what the machine does at its first boot.
func TestUserData(t *testing.T) {
	for name, l := range lives {
		t.Run(name, func(t *testing.T) {
			text := l.outputs(t)["user_data"]
			if len(text) >= 2048 {
				t.Errorf("it has %d bytes; what is long belongs into the package", len(text))
			}
			dir := t.TempDir()
			whole := filepath.Join(dir, "user-data")
			if err := os.WriteFile(whole, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if out, err := exec.Command("cloud-init", "schema", "--config-file", whole).CombinedOutput(); err != nil || !strings.Contains(string(out), "Valid") {
				t.Errorf("cloud-init schema: %v\n%s", err, out)
			}
			noSecrets(t, text, l)
			var data struct {
				Files []struct{ Path, Content, Permissions string } `yaml:"write_files"`
				Run   []string                                      `yaml:"runcmd"`
			}
			if err := yaml.Unmarshal([]byte(text), &data); err != nil {
				t.Fatal(err)
			}
			scripts := 0
			for _, f := range data.Files {
				if !strings.HasPrefix(f.Content, "#!/bin/sh\nset -eu\n") {
					continue
				}
				scripts++
				if f.Permissions != "0755" {
					t.Errorf("%s has permissions %s", f.Path, f.Permissions)
				}
				script := filepath.Join(dir, filepath.Base(f.Path))
				if err := os.WriteFile(script, []byte(f.Content), 0o600); err != nil {
					t.Fatal(err)
				}
				if out, err := exec.Command("shellcheck", "--enable=all", "--exclude=SC2250,SC2249", script).CombinedOutput(); err != nil {
					t.Errorf("shellcheck %s:\n%s", f.Path, out)
				}
			}
			if scripts != 2 || len(data.Run) != 2 || data.Run[1] != "/usr/local/sbin/minichat-install" {
				t.Errorf("%d scripts, run is %q", scripts, data.Run)
			}
		})
	}
}

// noSecrets looks for what Terraform knows as secret, and for what looks like it.
func noSecrets(t *testing.T, text string, l *life) {
	t.Helper()
	for _, data := range l.things(t, "terraform_data") {
		if secret := fmt.Sprint(data.Values["output"]); len(secret) < 32 || strings.Contains(text, secret) {
			t.Errorf("a secret of %d characters is in it", len(secret))
		}
	}
	for _, looks := range []string{`\b(AKIA|ASIA)[A-Z0-9]{16}\b`, `-----BEGIN`, `(?i)(password|secret|token|key)[a-z_]*\s*[:=]\s*['"]?[A-Za-z0-9/+=_-]{8,}`, `\b[0-9a-f]{32,}\b`} {
		if found := regexp.MustCompile(looks).FindString(text); found != "" {
			t.Errorf("%q looks like a secret", found)
		}
	}
}

// The settings are ones that the server knows.
func TestSettings(t *testing.T) {
	known := read(t, "docs/configuration.md")
	for name, l := range lives {
		for _, m := range regexp.MustCompile(`(?m)^ +(MINICHAT_[A-Z_]+)=`).FindAllStringSubmatch(l.outputs(t)["user_data"], -1) {
			if m[1] != "MINICHAT_VOLUME" && !strings.Contains(known, "`"+m[1]+"`") { // minichat-data reads that one
				t.Errorf("%s: docs/configuration.md has no %s", name, m[1])
			}
		}
	}
}
