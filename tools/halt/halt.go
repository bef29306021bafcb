// Package halt stops a process that a test has started.
package halt

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Process stops p (SIGSTOP) and waits until none of its threads runs, for until
// then each may still answer; a minute at most. SIGCONT lets it go on. Where there
// is no /proc it does not wait.
func Process(t testing.TB, p *os.Process) {
	t.Helper()
	if err := p.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "linux" {
		return
	}
	for began := time.Now(); !halted(t, p.Pid); time.Sleep(100 * time.Microsecond) {
		if time.Since(began) > time.Minute {
			t.Fatal("the process does not halt")
		}
	}
}

// halted reports whether no thread runs; one in the midst of a write stops behind
// it. The state stands behind the name: proc_pid_stat(5).
func halted(t testing.TB, pid int) bool {
	t.Helper()
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range threads {
		b, err := os.ReadFile(name)
		_, state, _ := strings.Cut(string(b), ") ")
		if err == nil && !strings.HasPrefix(state, "T") && !strings.HasPrefix(state, "D") {
			return false
		}
	}
	return len(threads) > 0
}
