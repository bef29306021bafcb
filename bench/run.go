package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// result is what chatload reports, as far as tables show it; the bench adds Own.
type result struct {
	SrvUsPerDeliv, DelivPerSec, DelivPerRead, BytesPerDeliv float64
	SrvCores, GenCores, P50ms, P99ms                        float64
	Lost, Dups, Gaps                                        uint64
	SameOrder, Verdict                                      string
	RSSKBBase, RSSPerConn, SlabPerConn, ConnCPUus           float64
	IdleCores                                               float64
	AllUpMs, ServedMs, UsPerReconnect, Retries              float64
	AcksPerSec, SrvUsPerAck, AppendP50ms, AppendP99ms       float64

	Own measurement
}

// measurement is named figures that the bench itself took.
type measurement map[string]float64

// process is one server that this run started, and ends.
type process struct {
	cmd   *exec.Cmd
	port  int
	began time.Time
	words bytes.Buffer
	prof  string // address of its profiles
}

// once starts a server, puts one scenario on it and ends it.
func (b *bench) once(ctx context.Context, sc scenario, name string) (*result, error) {
	if sc.own != nil {
		m := sc.own(b)
		fmt.Fprintf(os.Stderr, "[%s] %v\n", sc.name, m)
		return &result{Own: m}, nil
	}
	c, err := contenderCalled(name)
	if err != nil {
		return nil, err
	}
	data, err := os.MkdirTemp(b.dir, "data-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(data)
	if c.builds == "minichat" {
		if err := os.CopyFS(filepath.Join(data, "d"), os.DirFS(b.seed.data)); err != nil {
			return nil, err
		}
		data = filepath.Join(data, "d")
	}
	p, err := b.start(ctx, c, data)
	if err != nil {
		return nil, err
	}
	defer p.stop()
	return b.load(ctx, sc, c, p, data)
}

// start runs c pinned to the first CPU and waits until its port answers.
func (b *bench) start(ctx context.Context, c *contender, data string) (*process, error) {
	p := &process{port: labPort}
	if c.name != "lab" {
		p.port = freePort()
	} else if l, err := net.Listen("tcp", fmt.Sprintf(":%d", labPort)); err != nil {
		return nil, fmt.Errorf("the classroom original needs port %d: %w", labPort, err)
	} else {
		l.Close()
	}
	args := append([]string{"-c", "0"}, c.args(b, p.port, data)...)
	p.cmd = exec.CommandContext(ctx, "taskset", args...)
	p.cmd.Dir = here()
	p.cmd.Env = append(os.Environ(), "GOMAXPROCS=1")
	if b.profile != "" {
		p.prof = fmt.Sprintf("127.0.0.1:%d", freePort())
		p.cmd.Env = append(p.cmd.Env, "MINICHAT_DEBUG_LISTEN="+p.prof)
	}
	p.cmd.Stdout, p.cmd.Stderr = &p.words, &p.words
	p.began = time.Now()
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	for time.Since(p.began) < 20*time.Second {
		if conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", p.port)); err == nil {
			conn.Close()
			return p, nil
		}
		time.Sleep(time.Millisecond)
	}
	p.stop()
	return nil, fmt.Errorf("%s does not answer: %s", c.name, p.words.String())
}

func freePort() int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// stop ends the server: peace for two seconds, then not.
func (p *process) stop() {
	p.cmd.Process.Signal(syscall.SIGTERM)
	t := time.AfterFunc(2*time.Second, func() { p.cmd.Process.Kill() })
	p.cmd.Wait()
	t.Stop()
}

// load runs chatload, pinned to the second CPU, against p.
func (b *bench) load(ctx context.Context, sc scenario, c *contender, p *process, data string) (*result, error) {
	size := 100
	if c.ourSize {
		size = b.seed.frame
	}
	out := filepath.Join(b.dir, "result.json")
	os.Remove(out)
	args := append([]string{"-c", "1", filepath.Join(b.dir, "chatload")}, strings.Fields(sc.load)...)
	args = append(args, "-addr", fmt.Sprintf("127.0.0.1:%d", p.port), "-pid", strconv.Itoa(p.cmd.Process.Pid),
		"-dialect", c.dialect, "-size", strconv.Itoa(size), "-label", c.name, "-json", out)
	if c.tokens != "" {
		args = append(args, "-tokens", filepath.Join(b.dir, c.tokens))
	}
	if c.dialect == "minichat" {
		args = append(args, "-room-ids", b.seed.rooms[sc.rooms])
	}
	if sc.name == "lone" {
		args = append(args, "-append", filepath.Join(data, "append"))
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "taskset", args...)
	if b.profile != "" && c.builds == "minichat" {
		go b.takeProfile(sc, p)
	}
	said, err := cmd.CombinedOutput()
	fmt.Fprintf(os.Stderr, "[%s] %s", sc.name, said)
	if err != nil {
		return nil, fmt.Errorf("chatload: %w; the server's last words: %.500s", err, p.words.String())
	}
	text, err := os.ReadFile(out)
	if err != nil {
		return nil, err
	}
	var r result
	if err := json.Unmarshal(text, &r); err != nil {
		return nil, err
	}
	if sc.name == "posts" {
		r.Own, err = b.inside(ctx, "posts", "-batch", fmt.Sprintf("%.0f", max(1, p.batch())))
	}
	return &r, err
}

// batch is how many changes a transaction of this server held on the average.
func (p *process) batch() float64 {
	res, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/metrics", p.port))
	if err != nil {
		return 0
	}
	defer res.Body.Close()
	text, _ := io.ReadAll(res.Body)
	figure := func(name string) (v float64) {
		_, rest, _ := strings.Cut(string(text), "\n"+name+" ")
		line, _, _ := strings.Cut(rest, "\n")
		v, _ = strconv.ParseFloat(line, 64)
		return v
	}
	return figure("minichat_store_events_total") / max(1, figure("minichat_store_commits_total"))
}

// takeProfile keeps a CPU profile of the measurement's seconds, and what lives
// in memory after them.
func (b *bench) takeProfile(sc scenario, p *process) {
	wait, seconds := 2500*time.Millisecond, 3
	switch {
	case strings.HasPrefix(sc.load, "storm"):
		wait, seconds = 2*time.Second, 1 // the return; it ends by itself
	case strings.Contains(sc.load, "-n 10000"):
		wait, seconds = 3500*time.Millisecond, 2 // until all are in
	}
	time.Sleep(wait)
	err := b.keep(p, fmt.Sprintf("profile?seconds=%d", seconds), sc.name+".pprof")
	if strings.HasPrefix(sc.load, "idle") {
		time.Sleep(3 * time.Second) // all are there by now
	}
	err = errors.Join(err, b.keep(p, "goroutine?debug=1", sc.name+"-goroutines.txt"), b.keep(p, "heap?gc=1", sc.name+"-heap.pprof"))
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench: profile:", err)
	}
}

func (b *bench) keep(p *process, what, name string) error {
	res, err := http.Get("http://" + p.prof + "/debug/pprof/" + what)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	return errors.Join(err, os.WriteFile(filepath.Join(b.profile, name), text, 0o644))
}
