package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// starts starts MiniChat twice on an empty folder, whose second start is what
// people see every day, and once on the seed.
func starts(b *bench) measurement {
	m := measurement{}
	if st, err := os.Stat(filepath.Join(b.dir, "minichat")); err == nil {
		m["binary MB"] = float64(st.Size()) / 1e6
	}
	dir, err := os.MkdirTemp(b.dir, "start-")
	if err == nil {
		defer os.RemoveAll(dir)
		err = os.CopyFS(filepath.Join(dir, "seed"), os.DirFS(b.seed.data))
	}
	for _, s := range []struct{ name, folder string }{{"first", "empty"}, {"again", "empty"}, {"seeded", "seed"}} {
		if err == nil {
			var ready time.Duration
			var rss float64
			ready, rss, err = b.startOnce(filepath.Join(dir, s.folder))
			m[s.name+" ms"], m[s.name+" MB"] = float64(ready)/1e6, rss
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench: start:", err)
	}
	return m
}

// startOnce tells how long it is from the start to the first answer, and the
// resident memory a second later.
func (b *bench) startOnce(data string) (ready time.Duration, rssMB float64, err error) {
	c, err := contenderCalled("minichat")
	if err != nil {
		return 0, 0, err
	}
	p, err := b.start(context.Background(), c, data)
	if err != nil {
		return 0, 0, err
	}
	defer p.stop()
	for ; time.Since(p.began) < 20*time.Second; time.Sleep(time.Millisecond) {
		res, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/healthz", p.port))
		if err == nil {
			res.Body.Close()
			ready = time.Since(p.began)
			break
		}
	}
	time.Sleep(time.Second)
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0, 0, err
	}
	_, rest, _ := strings.Cut(string(text), "VmRSS:")
	kb, _ := strconv.ParseFloat(strings.Fields(rest + " 0")[0], 64)
	return ready, kb * 1024 / 1e6, nil
}
