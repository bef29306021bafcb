package store

import (
	"context"
	"database/sql"
	"time"
)

// restWithin is for how long Rest waits for a reader that is at work.
const restWithin = 100 * time.Millisecond

// Rest gives back the memory that is held for speed: all readers but one, the
// pages of that one and of the writer, and what the writer remembers. It is meant
// for the time after much work; what is asked for next is read from the disk
// again. It returns soon; the writer follows when it has nothing to write.
func (s *Store) Rest() {
	select {
	case s.writer.rest <- struct{}{}:
	default: // it is about to
	}
	s.pool.SetMaxIdleConns(1) // closes the others at once, but for those at work
	s.pool.SetMaxIdleConns(poolSize)
	ctx, cancel := context.WithTimeout(context.Background(), restWithin)
	defer cancel()
	conn, err := s.pool.Conn(ctx)
	if err != nil {
		return // all are at work, and need their pages
	}
	s.writer.shrink(conn)
	conn.Close() // gives it back to the pool, and so has no error
}

// forget is the writer's part of Rest.
func (w *writer) forget() {
	w.memory.clear()
	w.shrink(w.conn)
}

func (w *writer) shrink(conn *sql.Conn) {
	if _, err := conn.ExecContext(context.Background(), w.d.shrink); err != nil {
		w.o.Log.Warn("cannot give back the database's memory", "err", err)
	}
}
