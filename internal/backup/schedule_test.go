package backup

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// lines is a log that can be read while it is written.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *lines) count(word string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.b.String(), word)
}

func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(2 * time.Minute); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it does not happen that %s", what)
		}
	}
}

// Backups are made and proven one after the other; when they begin to fail that
// is said once, however often they do, and once when they work again. A new start
// knows of those before.
func TestSchedule(t *testing.T) {
	w := newWorld(t, inFolder(t))
	w.post(3)
	w.file(1000)
	said := &lines{}
	w.src.Log = slog.New(slog.NewTextHandler(said, nil))
	s := &Schedule{Source: w.src, To: w.to, Every: 20 * time.Millisecond, Keep: 2}
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { s.Run(ctx) })
	defer running.Wait()
	defer stop()
	until(t, "three backups are made and proven", func() bool {
		st := s.Status()
		return said.count("backup made") >= 3 && !st.LastProven.IsZero() && !st.Failing
	})
	aside := w.to.Dir + ".aside"
	if err := os.Rename(w.to.Dir, aside); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(w.to.Dir, nil, 0o600); err != nil { // no folder can be made there
		if err := os.RemoveAll(w.to.Dir); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(w.to.Dir, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	until(t, "three of them fail", func() bool { return s.Status().Failures >= 3 && s.Status().Failing })
	if n := said.count("backups fail"); n != 1 {
		t.Errorf("it was said %d times that they fail", n)
	}
	if err := os.Remove(w.to.Dir); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(aside, w.to.Dir); err != nil {
		if err := os.RemoveAll(aside); err != nil {
			t.Fatal(err)
		}
	}
	until(t, "they work again", func() bool { return !s.Status().Failing && said.count("backups work again") == 1 })
	stop()
	running.Wait()
	if said.count("backups fail") != 1 {
		t.Error("the stop was taken for a failure")
	}
	was := s.Status()
	next := &Schedule{Source: w.src, To: w.to, Every: time.Hour, Keep: 2}
	ctx, stop = context.WithCancel(t.Context())
	defer stop()
	running.Go(func() { next.Run(ctx) })
	until(t, "the next start knows of the backups", func() bool { return next.Status().LastSuccess.Equal(was.LastSuccess) && next.Status().Bytes > 0 })
	if next.Status().LastProven.IsZero() {
		t.Error("the next start knows of no proof")
	}
}
