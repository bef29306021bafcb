package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

var formats = []struct{ name, install, remove, purge string }{
	{"deb", "dpkg --force-confold -i /tmp/p.deb", "dpkg -r minichat", "dpkg -P minichat"},
	// The rpm database here knows nothing of what Debian has installed.
	{"rpm", "rpm -U --nodeps /tmp/p.rpm", "rpm -e minichat", "true"},
}

// aws.md 12, check 11: installed, upgraded and removed. The user is made once,
// settings stay, and data is never removed.
func TestInstallUpgradeRemove(t *testing.T) {
	for _, f := range formats {
		t.Run(f.name, func(t *testing.T) {
			r := newRoot(t)
			r.bring(t, packageOf(built, f.name), "/tmp/p."+f.name)
			if out := r.must(t, f.install); !strings.Contains(out, "not started") {
				t.Errorf("the first time it says: %s", out)
			}
			user := r.must(t, "getent passwd minichat")
			if !strings.Contains(user, ":/var/lib/minichat:") || !strings.HasSuffix(user, "/nologin") {
				t.Errorf("the user is %q", user)
			}
			if got := r.must(t, "stat -c '%a %U:%G' /etc/minichat /etc/minichat/minichat.env"); got != "750 root:minichat\n640 root:minichat" {
				t.Errorf("the settings are %q", got)
			}
			if got := r.must(t, "minichat version"); !strings.HasPrefix(got, "minichat "+firstVersion) {
				t.Errorf("got %q", got)
			}
			r.must(t, "man -w minichat; echo MINICHAT_LOG_FORMAT=json >>/etc/minichat/minichat.env; install -d -o minichat /var/lib/minichat; echo kept >/var/lib/minichat/letter")

			r.bring(t, packageOf(newer, f.name), "/tmp/p."+f.name)
			if out := r.must(t, f.install); strings.Contains(out, "not started") {
				t.Errorf("an upgrade says: %s", out)
			}
			if got := r.must(t, "minichat version"); !strings.HasPrefix(got, "minichat "+nextVersion) {
				t.Errorf("after the upgrade: %q", got)
			}
			if got := r.must(t, "getent passwd minichat"); got != user {
				t.Errorf("after the upgrade the user is %q", got)
			}
			r.must(t, "grep -q LOG_FORMAT /etc/minichat/minichat.env; cat /var/lib/minichat/letter; stat -c %a:%G /etc/minichat/minichat.env | grep -x 640:minichat")

			out := r.must(t, f.remove)
			out += r.must(t, f.purge)
			if !strings.Contains(out, "Kept: /var/lib/minichat") {
				t.Errorf("the removal says: %s", out)
			}
			r.must(t, "test ! -e /usr/bin/minichat; test ! -e /usr/lib/systemd/system/minichat.service; grep -x kept /var/lib/minichat/letter; getent passwd minichat")
		})
	}
}

// aws.md 12, check 6: the units are right as they are installed, and tight.
func TestUnits(t *testing.T) {
	r := newRoot(t)
	r.bring(t, packageOf(built, "deb"), "/tmp/p.deb")
	r.must(t, "dpkg -i /tmp/p.deb")
	// It ends with 0 on keys that it does not know: any word is one too many.
	if out := r.must(t, "systemd-analyze verify minichat.service minichat-data.service 2>&1"); out != "" {
		t.Errorf("systemd-analyze verify says:\n%s", out)
	}
	r.must(t, "systemd-analyze security --offline=yes --threshold=20 minichat.service")
	r.fails(t, "sed -i s/^LimitCORE=/LimitKORE=/ /usr/lib/systemd/system/minichat.service; ! systemd-analyze verify minichat.service 2>&1 | grep .", "LimitKORE")
}

// The scripts in the packages are those of the folder, and what the shell finds wrong with them fails.
func TestScripts(t *testing.T) {
	sh(t, "shellcheck", "scripts/postinstall", "scripts/preremove", "scripts/postremove", "build", "minichat-upgrade", "../volume/minichat-data")
	out := sh(t, "rpm", "-qp", "--scripts", packageOf(built, "rpm"))
	for _, name := range []string{"postinstall", "preremove", "postremove"} {
		body, err := os.ReadFile("scripts/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(out, strings.TrimSpace(string(body))) {
			t.Errorf("%s is not in the rpm", name)
		}
	}
	if got := sh(t, "rpm", "-qp", "--configfiles", packageOf(built, "rpm")); got != "/etc/minichat/minichat.env\n" {
		t.Errorf("settings of the rpm: %q", got)
	}
	if got := sh(t, "rpm", "-qp", "--qf", "%{BUILDHOST} %{ARCH}", packageOf(built, "rpm")); got != "minichat x86_64" {
		t.Errorf("got %q", got)
	}
	if got := sh(t, "dpkg-deb", "-I", packageOf(built, "deb"), "conffiles"); got != "/etc/minichat/minichat.env\n" {
		t.Errorf("settings of the deb: %q", got)
	}
	if out, err := exec.CommandContext(t.Context(), "groff", "-man", "-Tutf8", "-ww", "-z", manual(t)).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("the manual: %v\n%s", err, out)
	}
}

func manual(t *testing.T) string {
	name := t.TempDir() + "/minichat.1"
	for _, f := range built.extras {
		if strings.HasSuffix(f.path, "minichat.1") {
			if err := os.WriteFile(name, f.body, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	return name
}
