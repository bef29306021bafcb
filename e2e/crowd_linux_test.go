package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// crowd builds the load generator of bench/chatload, once: it holds very many
// connections on one thread, and checks that nothing is lost, doubled or out of
// order.
var crowd = sync.OnceValues(func() (string, error) {
	path := filepath.Join(filepath.Dir(binary), "chatload")
	cmd := exec.Command("go", "build", "-o", path, ".")
	cmd.Dir = "../bench/chatload"
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := cmd.CombinedOutput()
	if err != nil {
		os.Stderr.Write(out)
	}
	return path, err
})

// outcome is what of the generator's result concerns a test.
type outcome struct {
	Verdict        string
	ClosedByServer int
	Pings          int
	Missed         int
	Gaps, Dups     int
}

// load puts a crowd on a server with one room, and returns how it went.
func load(t *testing.T, mode string, n int, args ...string) outcome {
	t.Helper()
	generator, err := crowd()
	if err != nil {
		t.Fatalf("build the load generator: %v", err)
	}
	s := newServer(t, t.TempDir(), "--limit", "connections_per_user=0", "--limit", "unready_connections_per_address=0", "--limit", "posts_per_second=0")
	owner := s.owner()
	people := append(s.people(owner, 20), owner)
	room := s.room(owner, "channel", "stadium", people[:20]...)
	dir := t.TempDir()
	write := func(name string, lines ...string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	var tokens []string
	for _, p := range people {
		tokens = append(tokens, p.token)
	}
	result := filepath.Join(dir, "result.json")
	cmd := exec.CommandContext(t.Context(), generator, append([]string{mode, "-n", strconv.Itoa(n), "-addr", s.addr, "-dialect", "minichat",
		"-tokens", write("tokens", tokens...), "-room-ids", write("rooms", room), "-json", result}, args...)...)
	said, err := cmd.CombinedOutput()
	t.Logf("%s", said)
	if err != nil {
		t.Fatalf("the load generator: %v", err)
	}
	var o outcome
	text, err := os.ReadFile(result)
	if err == nil {
		err = json.Unmarshal(text, &o)
	}
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// descriptors is how many files a process may have open.
func descriptors(t *testing.T) int {
	t.Helper()
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	return int(min(limit.Max, 100_000))
}

// TestCrowdOfIdle opens as many sockets as one process of this machine may have
// descriptors, less a few for the server's own: all are let in, nobody is cut
// off, and each ping is answered.
func TestCrowdOfIdle(t *testing.T) {
	t.Parallel()
	n := descriptors(t) - 600
	t.Logf("%d sockets in one process; more would take several", n)
	o := load(t, "idle", n, "-dur", "4s", "-ping", "8s")
	if o.ClosedByServer != 0 {
		t.Errorf("%d connections were closed: %s", o.ClosedByServer, o.Verdict)
	}
	if o.Pings < n/3 { // every second one was asked; some answers may still be on their way
		t.Errorf("%d pings were answered, of %d", o.Pings, n/2)
	}
}

// TestCrowdComesBack cuts ten thousand off at once, lets five messages pass and
// all return with their cursors: each has what it missed, once and in order, and
// what follows.
func TestCrowdComesBack(t *testing.T) {
	t.Parallel()
	n := min(10_000, descriptors(t)-600)
	o := load(t, "storm", n, "-senders", "1", "-par", "4000", "-missed", "5")
	if o.Verdict != "all served" || o.Missed != 5 || o.Gaps+o.Dups != 0 {
		t.Errorf("got %+v", o)
	}
}
