package check

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The AWS CLI and what a stack puts out are stood in for; what is tried is what
// is sent, in which order, and what is refused before anything is.
func publish(t *testing.T, outputs string, args ...string) (out string, sent []string, err error) {
	t.Helper()
	bin, err := minichat()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, text := range map[string]string{
		"aws":       "#!/bin/sh\necho \"$*\" >>\"$SENT\"\ncase \"$*\" in *' - s3://'*) cat >>\"$SENT\" ;; esac\n",
		"terraform": "#!/bin/sh\nfor name; do :; done\nsed -n \"s/^$name = //p\" \"$OUTPUTS\" | tr -d '\\n'\n",
		"outputs":   outputs, "sent": "",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(filepath.Join(top, "deploy", "publish"), args...)
	cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"), "MINICHAT="+bin, "SENT="+filepath.Join(dir, "sent"), "OUTPUTS="+filepath.Join(dir, "outputs"))
	b, err := cmd.CombinedOutput()
	log, readErr := os.ReadFile(filepath.Join(dir, "sent"))
	if readErr != nil {
		t.Fatal(readErr)
	}
	return string(b), strings.Split(strings.TrimSpace(string(log)), "\n"), err
}

func TestPublishPage(t *testing.T) {
	out, sent, err := publish(t, "site_bucket = site\ndistribution_id = E2EXAMPLE\nfiles_origin = https://uploads.s3.eu-west-1.amazonaws.com\nurl = https://chat.example.org\n", "page", t.TempDir())
	if err != nil || !strings.Contains(out, "People open https://chat.example.org") || len(sent) != 3 {
		t.Fatalf("%v\n%s\n%q", err, out, sent)
	}
	for i, want := range []string{"s3://site --only-show-errors --delete --cache-control no-cache --exclude index.html", "s3://site/index.html --only-show-errors --cache-control no-cache --content-type text/html", "cloudfront create-invalidation --distribution-id E2EXAMPLE --paths /*"} {
		if !strings.Contains(sent[i], want) {
			t.Errorf("%d: %s, want %s", i, sent[i], want)
		}
	}
}

func TestPublishRelease(t *testing.T) {
	rpm := filepath.Join(t.TempDir(), "minichat-1.2.0-1.aarch64.rpm")
	if err := os.WriteFile(rpm, []byte("package"), 0o600); err != nil {
		t.Fatal(err)
	}
	really, err := exec.Command("sha256sum", rpm).Output()
	if err != nil {
		t.Fatal(err)
	}
	hash, _, _ := strings.Cut(string(really), " ")
	want := []string{
		"s3 cp " + rpm + " s3://artifacts/releases/minichat-1.2.0-1.aarch64.rpm --only-show-errors",
		"s3 cp - s3://artifacts/releases/minichat-1.2.0-1.aarch64.rpm.sha256 --only-show-errors",
		hash + "  minichat-1.2.0-1.aarch64.rpm",
	}
	out, sent, err := publish(t, "artifacts_bucket = artifacts\n", "release", t.TempDir(), rpm)
	if err != nil || !slices.Equal(sent, want) {
		t.Errorf("to the data stack: %v\n%s\n%q", err, out, sent)
	}
	want = append(want, "ssm put-parameter --region eu-west-1 --name /minichat/prod/version --value 1.2.0 --type String --overwrite --output text")
	out, sent, err = publish(t, "artifacts_bucket = artifacts\nversion_parameter = /minichat/prod/version\nregion = eu-west-1\nshell = aws ssm start-session\n", "release", t.TempDir(), rpm)
	if err != nil || !slices.Equal(sent, want) || !strings.Contains(out, "sudo minichat-install") {
		t.Errorf("to a server's stack: %v\n%s\n%q", err, out, sent)
	}
}

func TestPublishRefuses(t *testing.T) {
	here := t.TempDir()
	for _, args := range [][]string{{}, {"page"}, {"page", "/nowhere"}, {"page", here}, {"release", here, "nothing.rpm"}, {"release", here}, {"everything", here}} {
		if out, sent, err := publish(t, "", args...); err == nil || out == "" || sent[0] != "" {
			t.Errorf("%q: %v %s sent %q", args, err, out, sent)
		}
	}
}
