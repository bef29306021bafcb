package store

import (
	"context"
	"fmt"
)

const (
	// checkpointPages is how long the write-ahead log grows before it is moved
	// into the database: 16 MiB. The same pages are written again and again, so
	// the longer it is, the less is moved.
	checkpointPages = 4096
	// checkpointCalls is after how many calls its length is asked again.
	checkpointCalls = 16
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

// logLeft runs a query of the dialect and returns how many pages of the log are
// still to be moved.
func (w *writer) logLeft(query string) (int, error) {
	stmt, err := w.st.get(query)
	if err != nil {
		return 0, fmt.Errorf("prepare: %w", err)
	}
	var busy, pages, moved int
	if err := stmt.QueryRowContext(context.Background()).Scan(&busy, &pages, &moved); err != nil {
		return 0, fmt.Errorf("checkpoint: %w", err)
	}
	return pages - moved, nil
}
