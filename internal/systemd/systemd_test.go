package systemd

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"
)

// manager is the other end: a socket as systemd makes it.
func manager(t *testing.T) (m *Manager, hears func() string) {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "n")
	c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	env := map[string]string{"NOTIFY_SOCKET": socket, "WATCHDOG_USEC": "30000", "WATCHDOG_PID": strconv.Itoa(os.Getpid())}
	return FromEnv(func(name string) string { return env[name] }), func() string {
		t.Helper()
		c.SetReadDeadline(time.Now().Add(time.Minute))
		b := make([]byte, 4096)
		n, err := c.Read(b)
		if err != nil {
			t.Fatal(err)
		}
		return string(b[:n])
	}
}

var digits = regexp.MustCompile(`USEC=\d{4,}`)

func TestMessages(t *testing.T) {
	m, hears := manager(t)
	for _, row := range []struct {
		err  error
		want string
	}{
		{m.Ready("serving\nREADY=0"), "READY=1\nSTATUS=serving READY=0"},
		{m.Status("well"), "STATUS=well"},
		{m.Reloading(), "RELOADING=1\nMONOTONIC_USEC=#"},
		{m.Stopping("saying goodbye"), "STOPPING=1\nSTATUS=saying goodbye"},
	} {
		if row.err != nil {
			t.Fatal(row.err)
		}
		if got := digits.ReplaceAllString(hears(), "USEC=#"); got != row.want {
			t.Errorf("got %q, want %q", got, row.want)
		}
	}
}

// The watchdog hears nothing for as long as something is wrong, and each change
// is told once.
func TestWatchdogHearsOfHealthAlone(t *testing.T) {
	m, hears := manager(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	answers := make(chan error)
	changes := make(chan error, 10)
	over := make(chan struct{})
	go func() {
		defer close(over)
		m.Watch(ctx, func(ctx context.Context) error {
			if _, ok := ctx.Deadline(); !ok {
				t.Error("alive may take for ever")
			}
			return <-answers
		}, func(err error) { changes <- err })
	}()
	broken := errors.New("no disk")
	answers <- nil
	if got := hears(); got != "WATCHDOG=1" {
		t.Fatalf("got %q", got)
	}
	for range 3 {
		answers <- broken
	}
	answers <- nil
	if got := hears(); got != "WATCHDOG=1" {
		t.Fatalf("got %q", got)
	}
	answers <- nil
	hears()
	if first, second := <-changes, <-changes; first != broken || second != nil || len(changes) > 0 {
		t.Errorf("told %v, %v and %d more; want the fault once and its end once", first, second, len(changes))
	}
	cancel()
	select {
	case answers <- nil: // it may be asking
	case <-over:
	}
	<-over
}

// Without a manager, or with a watchdog for another process, nothing happens.
func TestNobodyListens(t *testing.T) {
	m := FromEnv(func(string) string { return "" })
	if err := errors.Join(m.Ready(""), m.Stopping(""), m.Status("")); err != nil {
		t.Error(err)
	}
	other := map[string]string{"NOTIFY_SOCKET": "/nowhere", "WATCHDOG_USEC": "1000", "WATCHDOG_PID": "1"}
	m = FromEnv(func(name string) string { return other[name] })
	m.Watch(t.Context(), func(context.Context) error { t.Error("asked"); return nil }, nil)
	if m.Ready("") == nil {
		t.Error("a socket that is not there was heard")
	}
}
