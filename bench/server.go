package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// server is one MiniChat process that this run started and ends.
type server struct {
	cmd   *exec.Cmd
	addr  string
	token string // of the bench's one user
	ready time.Duration
}

func build(dir string) (string, int64, error) {
	bin := filepath.Join(dir, "minichat")
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", bin, "./cmd/minichat")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", 0, fmt.Errorf("build: %w\n%s", err, out)
	}
	st, err := os.Stat(bin)
	if err != nil {
		return "", 0, err
	}
	return bin, st.Size(), nil
}

// start runs the whole server as people run it, but for the limits on one
// person: all of the bench's connections are one user's.
func start(ctx context.Context, bin, data string) (*server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &server{addr: l.Addr().String()}
	l.Close()
	args := []string{bin, "serve", "--listen", s.addr, "--data", data,
		"--limit", "posts_per_second=0", "--limit", "connections_per_user=0", "--limit", "unanswered_requests=0"}
	if runtime.GOOS == "linux" {
		args = append([]string{"taskset", "-c", "0"}, args...)
	}
	s.cmd = exec.CommandContext(ctx, args[0], args[1:]...)
	s.cmd.Env = append(os.Environ(), "GOMAXPROCS=1")
	var words bytes.Buffer
	s.cmd.Stderr, s.cmd.Stdout = &words, io.Discard
	began := time.Now()
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	for time.Since(began) < 20*time.Second {
		resp, err := http.Get("http://" + s.addr + "/healthz")
		if err == nil {
			resp.Body.Close()
			s.ready = time.Since(began)
			return s, nil
		}
		time.Sleep(time.Millisecond)
	}
	s.stop()
	return nil, fmt.Errorf("no answer within 20 s: %s", words.String())
}

func (s *server) stop() {
	s.cmd.Process.Kill()
	s.cmd.Wait()
}

// addUser makes the bench's user and its token by the command line, beside the running server.
func (s *server) addUser(bin, data string) error {
	add := exec.Command(bin, "user", "add", "bench", "--password-stdin", "--data", data)
	add.Stdin = strings.NewReader("only for the bench\n")
	if out, err := add.CombinedOutput(); err != nil {
		return fmt.Errorf("user add: %w\n%s", err, out)
	}
	out, err := exec.Command(bin, "token", "new", "bench", "--data", data).Output()
	s.token = strings.TrimSpace(string(out))
	return err
}

// cpu is the user and system time spent so far, by /proc (Linux: 100 ticks a second).
func (s *server) cpu() time.Duration {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	f := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	ticks := 0
	for _, x := range f[11:13] {
		n, _ := strconv.Atoi(x)
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}

// rss is the resident memory in bytes, by /proc.
func (s *server) rss() int64 {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	_, rest, _ := strings.Cut(string(b), "VmRSS:")
	n, _ := strconv.ParseInt(strings.Fields(rest + " 0")[0], 10, 64)
	return n << 10
}
