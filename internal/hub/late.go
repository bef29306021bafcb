package hub

import "sync"

// lateRooms is how many rooms are remembered for sessions that are about to start.
const lateRooms = 4096

// late remembers what moved in rooms that nobody here had to do with, while
// sessions are between reading their rooms and following them.
type late struct {
	mu    sync.Mutex
	users int
	heads map[string]int64
}

func (l *late) open() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.users++
}

func (l *late) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.users--; l.users == 0 {
		l.heads = nil
	}
}

func (l *late) note(room string, seq int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.users == 0 || len(l.heads) >= lateRooms {
		return // whoever needs it finds out by the next event, or by a sweep
	}
	if l.heads == nil {
		l.heads = map[string]int64{}
	}
	l.heads[room] = max(l.heads[room], seq)
}

func (l *late) heard(room string) int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.heads[room]
}
