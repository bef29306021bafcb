// Command bench measures a whole MiniChat, built and run as people run it, over
// loopback on one machine: start, memory, durable posts, deliveries. It prints
// one line a figure; README.md in this folder says what each means and holds
// the figures of earlier runs.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"runtime"
	"slices"
	"time"
)

type run struct {
	bin, data string
	seconds   time.Duration
	watchers  int
	idle      int
}

func main() {
	var r run
	flag.DurationVar(&r.seconds, "for", 5*time.Second, "how long each load lasts")
	flag.IntVar(&r.watchers, "watchers", 1000, "connections that watch one room")
	flag.IntVar(&r.idle, "idle", 5000, "connections that do nothing")
	flag.Parse()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	if err := r.all(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func (r *run) all(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "minichat-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	var size int64
	if r.bin, size, err = build(dir); err != nil {
		return err
	}
	r.data = dir + "/data"
	fmt.Printf("machine: %d CPUs, %s/%s, %s; server pinned to CPU 0 with GOMAXPROCS=1\n", runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version())
	fmt.Printf("binary, static and stripped: %.1f MB\n", float64(size)/1e6)
	steps := []func(context.Context) error{r.starts, r.lone, r.posts, r.alone, r.saturated, r.idlers}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// with runs f against a fresh server on the bench's data folder.
func (r *run) with(ctx context.Context, f func(*server) error) error {
	defer os.RemoveAll(r.data)
	s, err := start(ctx, r.bin, r.data)
	if err != nil {
		return err
	}
	defer s.stop()
	if err := s.addUser(r.bin, r.data); err != nil {
		return err
	}
	return f(s)
}

func (r *run) starts(ctx context.Context) error {
	var took []time.Duration
	var rss []int64
	for i := range 5 {
		s, err := start(ctx, r.bin, fmt.Sprintf("%s-start-%d", r.data, i))
		if err != nil {
			return err
		}
		took, rss = append(took, s.ready), append(rss, s.rss())
		s.stop()
	}
	fmt.Printf("start to first answer, empty folder: %s; memory then: %.1f MB\n", spread(took), float64(median(rss))/1e6)
	return nil
}

func median[T int64 | time.Duration](v []T) T {
	s := slices.Clone(v)
	slices.Sort(s)
	return s[len(s)/2]
}

func quantile(v []time.Duration, q float64) time.Duration {
	s := slices.Clone(v)
	slices.Sort(s)
	return s[min(len(s)-1, int(float64(len(s))*q))]
}

func spread(v []time.Duration) string {
	return fmt.Sprintf("median %s (%s to %s)", round(median(v)), round(quantile(v, 0)), round(quantile(v, 1)))
}

func round(d time.Duration) time.Duration { return d.Round(10 * time.Microsecond) }
