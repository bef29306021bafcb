package e2e

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestServiceManager is told when the server serves, that it lives, and when it
// goes, in the words of sd_notify(3).
func TestServiceManager(t *testing.T) {
	t.Parallel()
	socket := filepath.Join(t.TempDir(), "notify")
	c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	hears := func(want string) {
		t.Helper()
		b := make([]byte, 4096)
		for {
			c.SetReadDeadline(time.Now().Add(startWithin))
			n, err := c.Read(b)
			if err != nil {
				t.Fatalf("the manager waits for %s: %v", want, err)
			}
			if strings.Contains("\n"+string(b[:n]), "\n"+want) {
				return
			}
		}
	}
	s := &server{t: t, data: t.TempDir(), addr: freeAddr(t), wrap: func(cmd *exec.Cmd) func() {
		cmd.Env = append(cmd.Env, "NOTIFY_SOCKET="+socket, "WATCHDOG_USEC=3000000")
		return func() {}
	}}
	s.start()
	t.Cleanup(s.bury)
	hears("READY=1")
	hears("WATCHDOG=1")
	hears("WATCHDOG=1")
	marker := filepath.Join(s.data, ".minichat-volume")
	if err := os.Rename(marker, marker+".gone"); err != nil {
		t.Fatal(err)
	}
	hears("STATUS=not well: The volume")
	if err := os.Rename(marker+".gone", marker); err != nil {
		t.Fatal(err)
	}
	hears("WATCHDOG=1")
	hears("STATUS=serving at")
	s.kill() // a process that is killed says nothing
	s.start()
	hears("READY=1")
	s.signal(syscall.SIGHUP)
	hears("RELOADING=1")
	hears("READY=1")
	if code := s.stop(); code != 0 {
		t.Errorf("it ends with %d", code)
	}
	hears("STOPPING=1")
}
