package main

import (
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// manager stands for systemd, which does not run in a throw-away system: it
// starts the real program as the unit says, and stops it with SIGTERM.
const manager = `#!/bin/bash
case "$*" in
  "show -p MainPID --value minichat.service") cat /run/minichat.pid ;;
  "restart --no-block minichat.service")
    if [ -s /run/minichat.pid ]; then
      kill $(cat /run/minichat.pid) 2>/dev/null
      for i in $(seq 600); do kill -0 $(cat /run/minichat.pid) 2>/dev/null || break; sleep 0.1; done
    fi
    set -a; . /etc/minichat/minichat.env
    setpriv --reuid minichat --regid minichat --clear-groups /usr/bin/minichat serve >>/tmp/log 2>&1 </dev/null &
    echo $! >/run/minichat.pid ;;
esac
`

// aws.md 12, check 18: an upgrade; then one to a program that ends at once, after
// which the old one serves again.
func TestUpgradeAndBack(t *testing.T) {
	r := newRoot(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close() // the server wants it
	broken := *built
	broken.version, broken.out, broken.programs = "0.9.2", t.TempDir(), maps.Clone(built.programs)
	program := filepath.Join(t.TempDir(), "minichat")
	if err := os.WriteFile(program, []byte("#!/bin/sh\nexit 1\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	broken.programs[targets[0]] = program
	if err := broken.pack(targets[0], "deb"); err != nil {
		t.Fatal(err)
	}
	if err := broken.sums(); err != nil {
		t.Fatal(err)
	}
	for name, rel := range map[string]*release{"old": built, "new": newer, "broken": &broken} {
		r.bring(t, packageOf(rel, "deb"), "/tmp/"+name+".deb")
		r.bring(t, packageOf(rel, "deb")+".sha256", "/tmp/"+name+".deb.sha256")
	}
	if err := os.WriteFile(filepath.Join(r.dir, "usr/local/bin/systemctl"), []byte(manager), 0o755); err != nil {
		t.Fatal(err)
	}
	r.must(t, fmt.Sprintf("dpkg -i /tmp/old.deb; sed -i s/^MINICHAT_LISTEN=.*/MINICHAT_LISTEN=%s/ /etc/minichat/minichat.env; install -d -m 700 -o minichat -g minichat /var/lib/minichat", address))

	r.fails(t, "minichat-upgrade /tmp/new.deb", "to go back to, is not at")
	r.fails(t, "minichat-upgrade /tmp/new.deb --old /tmp/broken.deb", "is installed. Give its package")
	r.fails(t, "echo 0000 >/tmp/x.deb.sha256; cp /tmp/new.deb /tmp/x.deb; minichat-upgrade /tmp/x.deb --old /tmp/old.deb", "is not what")
	r.fails(t, "printf '#!/bin/sh\\nexit 1\\n' >/etc/minichat/before-upgrade; chmod +x /etc/minichat/before-upgrade; minichat-upgrade /tmp/new.deb --old /tmp/old.deb", "nothing was changed")
	r.must(t, "rm /etc/minichat/before-upgrade; minichat version | grep -F '"+firstVersion+" '")

	out, err := r.try(t, `trap 'kill $(cat /run/minichat.pid); for i in $(seq 300); do kill -0 $(cat /run/minichat.pid) 2>/dev/null || break; sleep 0.1; done' EXIT
systemctl restart --no-block minichat.service
minichat-upgrade /tmp/new.deb --old /tmp/old.deb --wait 120 || { cat /tmp/log; exit 1; }
minichat version
before=$(cat /var/lib/minichat/.minichat-volume)
minichat-upgrade /tmp/broken.deb --wait 5 && echo it took it
curl -fs --noproxy '*' -o /dev/null http://`+address+`/readyz && echo serves
test "$before" = "$(cat /var/lib/minichat/.minichat-volume)" && echo same database
minichat version`)
	for _, want := range []string{nextVersion + "-1 serves", "0.9.2-1 did not become ready", "0.9.2-1 was not taken", "serves\nsame database\nminichat " + nextVersion} {
		if err != nil || !strings.Contains(strings.ReplaceAll(out, "0.9.1~rc.1", nextVersion), want) {
			t.Errorf("there is no %q: %v\n%s", want, err, out)
		}
	}
}
