package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"minichat/internal/store"
)

const (
	// historyName holds, outside of the database, how far its history has come.
	historyName = ".minichat-history"
	noteEvery   = 10 * time.Second
)

// history is a point that a database had reached: ever more events in one epoch.
type history struct {
	database, epoch string
	events          int64
}

func historyOf(ctx context.Context, st *store.Store) (history, error) {
	n, err := st.CountEvents(ctx)
	return history{st.ID(), st.Epoch(), n}, err
}

// readHistory returns what was noted last; false: nothing that can be read.
func readHistory(dir string) (h history, ok bool) {
	b, err := os.ReadFile(filepath.Join(dir, historyName))
	if err != nil {
		return h, false
	}
	_, err = fmt.Sscan(string(b), &h.database, &h.epoch, &h.events)
	return h, err == nil
}

// writeHistory need not outlive a power cut: what was noted before is then
// behind, which is as right.
func writeHistory(dir string, h history) error {
	name := filepath.Join(dir, historyName)
	half := name + ".part"
	if err := os.WriteFile(half, fmt.Appendf(nil, "%s %s %d\n", h.database, h.epoch, h.events), 0o600); err != nil {
		return errors.Join(err, ignoreAbsent(os.Remove(half)))
	}
	return os.Rename(half, name)
}

func ignoreAbsent(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// renewIfOlder begins another epoch when the database is an older copy than the
// one that was here: clients have seen what it does not know of.
func renewIfOlder(ctx context.Context, dir string, st *store.Store, log *slog.Logger) error {
	was, ok := readHistory(dir)
	if !ok || was.database != st.ID() {
		return nil
	}
	now, err := historyOf(ctx, st)
	if err != nil || now.epoch == was.epoch && now.events >= was.events {
		return err
	}
	log.Error("the database is an older copy of the one that was here; what came after it is lost, and clients load their rooms anew",
		"events", now.events, "before", was.events)
	return renewEpoch(ctx, dir, st)
}

// renewEpoch begins another epoch and notes it at once, or whoever opens the
// database next would begin one more.
func renewEpoch(ctx context.Context, dir string, st *store.Store) error {
	if _, err := st.NewEpoch(ctx); err != nil {
		return err
	}
	h, err := historyOf(ctx, st)
	if err != nil {
		return err
	}
	return writeHistory(dir, h)
}

// noteHistory notes how far the database has come, until ctx ends.
func noteHistory(ctx context.Context, dir string, st *store.Store, log *slog.Logger) {
	tick := time.NewTicker(noteEvery)
	defer tick.Stop()
	var noted history
	for failed, over := false, false; !over; {
		h, err := historyOf(context.WithoutCancel(ctx), st)
		if err == nil && h != noted {
			if err = writeHistory(dir, h); err == nil {
				noted = h
			}
		}
		if err != nil && !failed {
			log.Warn("cannot note how far the history has come", "err", err)
		}
		failed = err != nil
		select {
		case <-ctx.Done():
			over = true
		case <-tick.C:
		}
	}
	if h, err := historyOf(context.WithoutCancel(ctx), st); err == nil {
		_ = writeHistory(dir, h) // what was noted before is right, too
	}
}
