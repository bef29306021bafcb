package check

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The AWS CLI cannot be asked here, so a script stands in for it: it answers with
// what the real one prints for such a question. What is tried is how the answers
// are read; that the questions are right was tried by hand with the real CLI.
const standIn = `#!/bin/sh
echo "$*" >>"$ASKED"
while read -r words; do
  answer=${words#* = }
  case "$*" in *"${words%% = *}"*) printf '%b' "$answer"; exit 0 ;; esac
done <"$ANSWERS"
case "$*" in *"get-caller-identity"*) echo 123456789012 ;; *) exit 0 ;; esac
`

func teardown(t *testing.T, answers string, args ...string) (out string, code int, asked string) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"aws": standIn, "answers": answers, "asked": ""} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(filepath.Join(top, "deploy", "teardown"), args...)
	cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"), "ANSWERS="+filepath.Join(dir, "answers"), "ASKED="+filepath.Join(dir, "asked"), "AWS_REGION=", "AWS_DEFAULT_REGION=")
	b, err := cmd.CombinedOutput()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		code = exit.ExitCode()
	} else if err != nil {
		t.Fatal(err)
	}
	questions, err := os.ReadFile(filepath.Join(dir, "asked"))
	if err != nil {
		t.Fatal(err)
	}
	return string(b), code, string(questions)
}

func TestTeardownNothingLeft(t *testing.T) {
	out, code, asked := teardown(t, "", "--verify", "prod", "eu-west-1")
	if code != 0 || out != "Nothing of prod is left.\n" {
		t.Errorf("%d %s", code, out)
	}
	for _, what := range []string{"ec2 describe-instances", "ec2 describe-volumes", "ec2 describe-snapshots", "ec2 describe-addresses", "s3api list-buckets", "iam list-roles", "logs describe-log-groups",
		"ssm get-parameters-by-path", "dlm get-lifecycle-policies", "cloudwatch describe-alarms", "cloudfront list-distributions", "--region us-east-1 acm list-certificates", "budgets describe-budgets"} {
		if !strings.Contains(asked, what) {
			t.Errorf("it does not ask %s", what)
		}
	}
}

func TestTeardownNamesWhatIsLeft(t *testing.T) {
	const answers = `ec2 describe-instances = i-0123456789abcdef0\n
ec2 describe-volumes = vol-1\tvol-2\n
ec2 describe-snapshots = None\n
s3api list-buckets = minichat-prod-uploads-123456789012\n
s3api list-object-versions = 17\n
iam list-roles = minichat-prod-server\n
cloudfront list-distributions = E2EXAMPLE\n
acm list-certificates = arn:aws:acm:us-east-1:123456789012:certificate/ours\tarn:aws:acm:us-east-1:123456789012:certificate/theirs\n
certificate-arn arn:aws:acm:us-east-1:123456789012:certificate/ours = arn:aws:acm:us-east-1:123456789012:certificate/ours\n
`
	out, code, _ := teardown(t, answers, "--verify", "prod", "eu-west-1")
	if code != 1 || !strings.HasSuffix(out, "\n7 things of prod are left.\n") {
		t.Errorf("%d %s", code, out)
	}
	for _, line := range []string{"machine        i-0123456789abcdef0\n", "volume         vol-1\n", "volume         vol-2\n", "bucket         minichat-prod-uploads-123456789012\n", "at least 17 objects",
		"role           minichat-prod-server\n", "distribution   E2EXAMPLE\n", "certificate    arn:aws:acm:us-east-1:123456789012:certificate/ours\n", "--instance-ids i-0123456789abcdef0\n"} {
		if !strings.Contains(out, line) {
			t.Errorf("%q is not in\n%s", line, out)
		}
	}
	if strings.Contains(out, "None") || strings.Contains(out, "theirs") {
		t.Errorf("it lists what is not there, or not ours:\n%s", out)
	}
	if _, code, _ := teardown(t, answers, "prod", "eu-west-1"); code != 0 {
		t.Errorf("without --verify it ends with %d", code)
	}
}

// What cannot be looked at is not gone.
func TestTeardownWithoutAnswer(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "aws"), []byte("#!/bin/sh\ncase \"$*\" in *iam*) echo AccessDenied >&2; exit 254 ;; esac\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(filepath.Join(top, "deploy", "teardown"), "--verify", "prod", "eu-west-1")
	cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"))
	out, err := cmd.CombinedOutput()
	if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.ExitCode() != 2 || !strings.Contains(string(out), "iam list-roles did not answer") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestTeardownUsage(t *testing.T) {
	for _, args := range [][]string{{}, {"--verify"}, {"Prod", "eu-west-1"}, {"prod"}} {
		if out, code, asked := teardown(t, "", args...); code != 2 || asked != "" || out == "" {
			t.Errorf("%q: %d %s", args, code, out)
		}
	}
}

func TestScriptsAreClean(t *testing.T) {
	for _, script := range []string{"deploy/teardown", "deploy/publish", "tools/terraform/build"} {
		if out, err := exec.Command("shellcheck", filepath.Join(top, script)).CombinedOutput(); err != nil {
			t.Errorf("%s:\n%s", script, out)
		}
	}
}
