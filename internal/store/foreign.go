package store

import (
	"context"
	"fmt"
	"time"
)

func (w *writer) setOnForeign(fn func()) {
	w.hooks.Lock()
	defer w.hooks.Unlock()
	w.onForeign = fn
}

// dataVersion is a number that changes when another connection, which can only
// be another process's, commits: the readers of this one never write.
func (w *writer) dataVersion() (int64, error) {
	stmt, err := w.st.get(w.d.dataVersion)
	if err != nil {
		return 0, fmt.Errorf("prepare data version: %w", err)
	}
	var v int64
	if err := stmt.QueryRowContext(context.Background()).Scan(&v); err != nil {
		return 0, fmt.Errorf("read data version: %w", err)
	}
	return v, nil
}

// pollForeign looks, between batches, whether another process wrote.
func (w *writer) pollForeign() {
	if time.Since(w.polled) < pollEvery/2 {
		return
	}
	w.look()
}

// look finds out whether another process wrote. If it cannot, it believes so.
func (w *writer) look() {
	w.polled = time.Now()
	v, err := w.dataVersion()
	if err != nil {
		w.o.Log.Warn("cannot look for changes by other processes", "err", err)
		w.memory.clear()
		return
	}
	if v == w.version {
		return
	}
	w.version = v
	w.memory.clear()
	select {
	case w.foreign <- struct{}{}:
	default: // one notice that nobody has taken yet stands for both
	}
}

func (w *writer) watchForeign() {
	for range w.foreign {
		w.partings.Add(1) // whoever it concerns
		w.hooks.Lock()
		fn := w.onForeign
		w.hooks.Unlock()
		if fn != nil {
			fn()
		}
	}
}
