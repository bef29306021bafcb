package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// root is a throw-away system: this machine's, with every change in memory.
type root struct{ dir string }

func newRoot(t *testing.T) *root {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can make a system to install packages in; run the tests as root")
	}
	mem := t.TempDir()
	sh(t, "mount", "-t", "tmpfs", "-o", "size=1g", "tmpfs", mem)
	t.Cleanup(func() { exec.Command("umount", "-l", mem).Run() })
	r := &root{filepath.Join(mem, "root")}
	for _, d := range []string{"upper", "work", "root"} {
		if err := os.Mkdir(filepath.Join(mem, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	sh(t, "mount", "-t", "overlay", "-o", "lowerdir=/,upperdir="+mem+"/upper,workdir="+mem+"/work", "overlay", r.dir)
	t.Cleanup(func() { exec.Command("umount", "-l", r.dir).Run() })
	for _, d := range []string{"run", "tmp"} { // no system manager, and no folder of this test in itself
		sh(t, "mount", "-t", "tmpfs", "-o", "mode=1777", "tmpfs", filepath.Join(r.dir, d))
		t.Cleanup(func() { exec.Command("umount", "-l", filepath.Join(r.dir, d)).Run() })
	}
	r.must(t, "mkdir -p /run/lock; userdel minichat 2>/dev/null; rm -rf /var/lib/minichat /etc/minichat")
	return r
}

// try runs a script inside; what it mounts is gone with it, as after a restart.
func (r *root) try(t *testing.T, script string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "unshare", "-m", "--propagation", "private", "sh", "-c",
		`mount --rbind /dev "$0/dev" && mount --rbind /proc "$0/proc" && mount --rbind /sys "$0/sys" && exec chroot "$0" /bin/bash -c "$1"`, r.dir, script)
	cmd.Env = append(os.Environ(), "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C.UTF-8")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (r *root) must(t *testing.T, script string) string {
	t.Helper()
	out, err := r.try(t, script)
	if err != nil {
		t.Fatalf("%s: %v\n%s", script, err, out)
	}
	return strings.TrimSpace(out)
}

// fails runs what must be refused, with these words.
func (r *root) fails(t *testing.T, script, words string) {
	t.Helper()
	if out, err := r.try(t, script); err == nil || !strings.Contains(out, words) {
		t.Errorf("%s: got %v, want a failure that says %q\n%s", script, err, words, out)
	}
}

// bring copies a file inside.
func (r *root) bring(t *testing.T, from, to string) {
	t.Helper()
	sh(t, "cp", from, filepath.Join(r.dir, to))
}

// packageOf is the file of a release for this machine's tests.
func packageOf(rel *release, format string) string {
	if format == "deb" {
		return filepath.Join(rel.out, "minichat_"+rel.version+"_amd64.deb")
	}
	return filepath.Join(rel.out, "minichat-"+rel.version+"-1.x86_64.rpm")
}
