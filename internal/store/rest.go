package store

import (
	"context"
	"database/sql"
	"time"
)

// restWithin is for how long Rest waits for readers that are at work.
const restWithin = 100 * time.Millisecond

// Rest gives back the memory that is held for speed: the pages of every
// connection and what the writer remembers. It is meant for the time after much
// work; what is asked for next is read from the disk again. It returns soon; the
// writer follows when it has nothing to write.
func (s *Store) Rest() {
	select {
	case s.writer.rest <- struct{}{}:
	default: // it is about to
	}
	ctx, cancel := context.WithTimeout(context.Background(), restWithin)
	defer cancel()
	var readers []*sql.Conn // held until all are there, so that each is taken once
	for range s.pool.Stats().OpenConnections {
		conn, err := s.pool.Conn(ctx)
		if err != nil {
			break // who is at work needs his pages
		}
		readers = append(readers, conn)
	}
	for _, conn := range readers {
		s.writer.shrink(conn)
		conn.Close() // gives it back to the pool, and so has no error
	}
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
