package store

import "context"

// Rest gives back the memory that is held for speed: the readers, which are
// opened again when they are asked for something, the writer's pages, and what it
// remembers. It is meant for the time after much work. Who is at work stays; the
// writer follows when it has nothing to write.
func (s *Store) Rest() {
	select {
	case s.writer.rest <- struct{}{}:
	default: // it is about to
	}
	s.pool.SetMaxIdleConns(0) // closes them
	s.pool.SetMaxIdleConns(poolSize)
}

// forget is the writer's part of Rest.
func (w *writer) forget() {
	w.memory.clear()
	if _, err := w.conn.ExecContext(context.Background(), w.d.shrink); err != nil {
		w.o.Log.Warn("cannot give back the database's memory", "err", err)
	}
}
