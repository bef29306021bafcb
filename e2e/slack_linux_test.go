package e2e

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// Every thread of the server lets its timers be late, Go's monitor before all:
// docs/decisions/timer-slack.md.
func TestTimersMayBeLate(t *testing.T) {
	s := newServer(t, t.TempDir())
	pid := s.cmd.Process.Pid
	threads, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, thread := range threads {
		// A thread's file is reached as if it were a process.
		slack, err := os.ReadFile(fmt.Sprintf("/proc/%s/timerslack_ns", thread.Name()))
		if err != nil || strings.TrimSpace(string(slack)) != "500000" {
			t.Errorf("thread %s has a slack of %q (error %v)", thread.Name(), slack, err)
		}
	}
	environ, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	if err != nil || !strings.Contains(string(environ), "MINICHAT_SLACK_TRIED=1") {
		t.Errorf("it did not become itself once more: %q (error %v)", environ, err)
	}
	if code := s.stop(); code != 0 {
		t.Errorf("stopped with %d", code)
	}
}
