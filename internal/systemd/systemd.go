// Package systemd tells the service manager how the server is: the protocol of
// sd_notify(3), one datagram for each message. Elsewhere it is silent.
package systemd

import (
	"context"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

// Manager is the service manager that started the process; one without an
// address hears nothing.
type Manager struct {
	socket   string
	watchdog time.Duration // within this it wants to hear from us; 0: it does not
}

// FromEnv reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID.
func FromEnv(getenv func(string) string) *Manager {
	m := &Manager{socket: getenv("NOTIFY_SOCKET")}
	usec, err := strconv.ParseInt(getenv("WATCHDOG_USEC"), 10, 64)
	pid := getenv("WATCHDOG_PID") // of whom it wants to hear; our children inherit the variables
	if err == nil && usec > 0 && (pid == "" || pid == strconv.Itoa(os.Getpid())) {
		m.watchdog = time.Duration(usec) * time.Microsecond
	}
	return m
}

// Ready says that the service serves, and in words what it does.
func (m *Manager) Ready(status string) error { return m.send("READY=1", "STATUS="+line(status)) }

// Reloading says that settings are read again; Ready tells when that is done.
func (m *Manager) Reloading() error {
	lines := []string{"RELOADING=1"}
	if now := monotonic(); now > 0 {
		lines = append(lines, "MONOTONIC_USEC="+strconv.FormatInt(now.Microseconds(), 10)) // Type=notify-reload wants it
	}
	return m.send(lines...)
}

// Stopping says that the service is about to end.
func (m *Manager) Stopping(status string) error { return m.send("STOPPING=1", "STATUS="+line(status)) }

// Status changes the words that `systemctl status` shows.
func (m *Manager) Status(status string) error { return m.send("STATUS=" + line(status)) }

// Watch answers the watchdog in time for as long as alive returns nil, and
// returns when ctx ends. What alive says goes to changed, when it is other than
// before.
func (m *Manager) Watch(ctx context.Context, alive func(context.Context) error, changed func(error)) {
	if m.socket == "" || m.watchdog == 0 {
		return
	}
	t := time.NewTicker(m.watchdog / 3)
	defer t.Stop()
	said := ""
	for {
		asking, cancel := context.WithTimeout(ctx, m.watchdog/3)
		err := alive(asking)
		cancel()
		if err == nil {
			err = m.send("WATCHDOG=1")
		}
		if words := fmt.Sprint(err); ctx.Err() == nil && words != said && (err != nil || said != "") {
			changed(err)
			said = words
		}
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}

// send writes all lines in one datagram: they arrive together or not at all.
func (m *Manager) send(lines ...string) error {
	if m.socket == "" {
		return nil
	}
	c, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: m.socket, Net: "unixgram"})
	if err != nil {
		return fmt.Errorf("tell the service manager: %w", err)
	}
	defer c.Close()
	if _, err := c.Write([]byte(strings.Join(lines, "\n"))); err != nil {
		return fmt.Errorf("tell the service manager: %w", err)
	}
	return nil
}

// line keeps words from being read as a message of their own.
func line(s string) string { return strings.NewReplacer("\n", " ", "\r", " ").Replace(s) }
