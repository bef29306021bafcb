package main

import (
	"bytes"
	"io"
	"sync/atomic"
	"time"
)

// logWriter passes lines on to a stream that may stop taking them: then lines
// are dropped and counted, and the chat goes on.
type logWriter struct {
	lines   chan []byte
	done    chan struct{}
	dropped atomic.Int64
}

// newLogWriter starts the goroutine that writes; end ends it.
func newLogWriter(to io.Writer) *logWriter {
	l := &logWriter{lines: make(chan []byte, 1024), done: make(chan struct{})}
	go func() {
		defer close(l.done)
		for line := range l.lines {
			if line == nil {
				return
			}
			if _, err := to.Write(line); err != nil {
				l.dropped.Add(1)
			}
		}
	}()
	return l
}

// Write never waits and never fails.
func (l *logWriter) Write(line []byte) (int, error) {
	select {
	case l.lines <- bytes.Clone(line):
	default:
		l.dropped.Add(1)
	}
	return len(line), nil
}

// end writes what waits, for at most a second. What comes later is dropped.
func (l *logWriter) end() {
	late := time.After(time.Second)
	select {
	case l.lines <- nil:
	case <-late:
		return
	}
	select {
	case <-l.done:
	case <-late:
	}
}
