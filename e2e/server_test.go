package e2e

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// startWithin is far above what a start takes: a machine that runs other tests
// beside may be slow, and no test asserts how long it takes.
const startWithin = 60 * time.Second

// server is one MiniChat process on a folder and port of its own. Its methods
// are for one goroutine, but call and command.
type server struct {
	t    testing.TB
	data string
	addr string
	args []string
	wrap func(*exec.Cmd) (started func()) // changes how the process is started; nil: not at all
	tls  bool                             // it speaks https, with whatever certificate

	cmd   *exec.Cmd
	ended chan struct{} // closed when the process is over
	said  *transcript
	setup string // the token of the setup link
}

// transcript is what a process wrote.
type transcript struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (w *transcript) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.buf.Write(b)
}

func (w *transcript) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.buf.String()
}

// newServer starts a server; it is killed when the test ends.
func newServer(t testing.TB, data string, args ...string) *server {
	t.Helper()
	s := &server{t: t, data: data, addr: freeAddr(t), args: args}
	s.start()
	t.Cleanup(s.bury)
	return s
}

// bury kills the server at the end of a test and tells what it said, if the
// test failed.
func (s *server) bury() {
	s.kill()
	if s.t.Failed() {
		s.t.Logf("the server's last words:\n%s", tail(s.said.String(), 4000))
	}
}

func tail(s string, n int) string { return s[max(0, len(s)-n):] }

func freeAddr(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

var setupLink = regexp.MustCompile(`#setup=(\S+)`)

// start starts the process and returns when it is ready, the second time on the
// same port and folder.
func (s *server) start() {
	s.t.Helper()
	began := time.Now()
	s.launch()
	for !s.ready() || !s.greeted() {
		select {
		case <-s.ended:
			s.t.Fatalf("the server ended at its start:\n%s", tail(s.said.String(), 4000))
		case <-time.After(10 * time.Millisecond):
		}
		if time.Since(began) > startWithin {
			s.t.Fatalf("the server is not ready after %v:\n%s", startWithin, tail(s.said.String(), 4000))
		}
	}
}

// greeted takes the setup link, which a new server prints after its address.
func (s *server) greeted() bool {
	if m := setupLink.FindStringSubmatch(s.said.String()); m != nil {
		s.setup = m[1]
	}
	return s.setup != ""
}

func (s *server) launch() {
	s.t.Helper()
	if err := sources(); err != nil {
		s.t.Fatal(err)
	}
	s.said = &transcript{}
	s.cmd = exec.Command(binary, append([]string{"serve", "--listen", s.addr, "--data", s.data}, s.args...)...)
	s.cmd.Env = cleanEnv()
	s.cmd.Stdout, s.cmd.Stderr = s.said, s.said
	if s.wrap != nil {
		defer s.wrap(s.cmd)()
	}
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	cmd, ended := s.cmd, make(chan struct{})
	s.ended = ended
	go func() {
		cmd.Wait() // how it ended is asked of ProcessState
		close(ended)
	}()
}

// cleanEnv keeps the settings of whoever runs the tests from the server.
func cleanEnv() []string { return clean(os.Environ()) }

func clean(all []string) []string {
	var env []string
	for _, v := range all {
		if !strings.HasPrefix(v, "MINICHAT_") {
			env = append(env, v)
		}
	}
	return env
}

// anyone is a client that looks at no certificate.
var anyone = &http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}

func (s *server) ready() bool {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	at := "http://"
	if s.tls {
		at = "https://"
	}
	req, err := http.NewRequestWithContext(ctx, "GET", at+s.addr+"/readyz", nil)
	if err != nil {
		return false
	}
	resp, err := anyone.Do(req)
	if err != nil {
		return false
	}
	resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// signal sends the process a signal.
func (s *server) signal(sig syscall.Signal) {
	s.t.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil {
		s.t.Errorf("signal %v: %v", sig, err)
	}
}

// kill ends the process with SIGKILL: no goodbye, nothing flushed.
func (s *server) kill() {
	s.cmd.Process.Kill() // it may be over already
	<-s.ended
}

// stop ends the process with SIGTERM and returns its exit code.
func (s *server) stop() int {
	s.t.Helper()
	s.signal(syscall.SIGTERM)
	select {
	case <-s.ended:
	case <-time.After(startWithin):
		s.t.Fatal("the server does not stop")
	}
	return s.cmd.ProcessState.ExitCode()
}

// command runs a command of the program beside the server and returns its
// standard output.
func (s *server) command(args ...string) (string, error) {
	cmd := exec.Command(binary, append(args, "--data", s.data)...)
	cmd.Env = cleanEnv()
	var out, words bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &words
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("minichat %s: %w: %s", strings.Join(args, " "), err, words.String())
	}
	return strings.TrimSpace(out.String()), nil
}

// database is the server's database file.
func (s *server) database(t testing.TB) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(s.data, "*.db"))
	if err != nil || len(found) != 1 {
		t.Fatalf("the database in %s: got %v, %v", s.data, found, err)
	}
	return found[0]
}
