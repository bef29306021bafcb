package store

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	// checkpointPages is how long the write-ahead log grows before it is moved
	// into the database: 16 MiB. The same pages are written again and again, so
	// the longer it is, the less is moved.
	checkpointPages = 4096
	// checkpointCalls is after how many calls its length is asked again.
	checkpointCalls = 16

	// wipeAfter is when the log is emptied after something was deleted, so that
	// many deletes share it; wipeLast how much later at most after others were in
	// the way, as a backup is.
	wipeAfter = 2 * time.Second
	wipeLast  = time.Minute
)

// checkpoint moves a long write-ahead log into the database. It runs between
// batches, when everybody has been answered: nobody's write waits for the
// fsyncs of it. What readers still need stays, until a later time.
func (w *writer) checkpoint(calls int) {
	w.sinceLook += calls
	if w.d.checkpoint == "" || w.sinceLook < checkpointCalls {
		return
	}
	w.sinceLook = 0
	left, err := w.logLeft(w.d.logLength)
	if err == nil && left >= w.checkpointAt {
		left, err = w.logLeft(w.d.checkpoint)
		w.checkpointAt = left + checkpointPages
	}
	if err != nil { // nothing is lost: the log keeps all of it
		w.o.Log.Warn("cannot move the write-ahead log into the database", "err", err)
	}
}

// wipe says that the log holds what was deleted. Nobody may wait for long until it
// is gone from there, too: on a quiet server the log would not turn for weeks.
func (w *writer) wipe() {
	w.wipeWait = wipeAfter
	if at := time.Now().Add(wipeAfter); w.wipeAt.IsZero() || at.Before(w.wipeAt) {
		w.wipeAt = at
	}
}

// empty empties the log when that is due. Whoever reads at that moment is in the
// way, and is not waited for.
func (w *writer) empty() {
	if w.d.empty == "" || w.wipeAt.IsZero() || time.Now().Before(w.wipeAt) {
		return
	}
	busy, err := w.emptyNow()
	if err != nil {
		w.o.Log.Warn("cannot empty the write-ahead log", "err", err)
	}
	if err == nil && !busy {
		w.wipeAt, w.checkpointAt = time.Time{}, checkpointPages
		return
	}
	w.wipeWait = min(2*w.wipeWait, wipeLast)
	w.wipeAt = time.Now().Add(w.wipeWait)
}

func (w *writer) emptyNow() (busy bool, err error) {
	if err := w.do(w.d.hurry); err != nil {
		return false, err
	}
	busy, _, _, err = w.logState(w.d.empty)
	return busy, errors.Join(err, w.do(w.d.wait))
}

// logLeft runs a query of the dialect and returns how many pages of the log are
// still to be moved.
func (w *writer) logLeft(query string) (int, error) {
	_, pages, moved, err := w.logState(query)
	return pages - moved, err
}

func (w *writer) logState(query string) (busy bool, pages, moved int, err error) {
	stmt, err := w.st.get(query)
	if err != nil {
		return false, 0, 0, fmt.Errorf("prepare: %w", err)
	}
	if err := stmt.QueryRowContext(context.Background()).Scan(&busy, &pages, &moved); err != nil {
		return false, 0, 0, fmt.Errorf("checkpoint: %w", err)
	}
	return busy, pages, moved, nil
}
