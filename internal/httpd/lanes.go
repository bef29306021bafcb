package httpd

import "sync"

// lanes run the changes that one connection asks for: those of one room one
// after another, those of different rooms beside each other. The zero value is
// ready.
type lanes struct {
	mu      sync.Mutex
	waiting map[string][]func() // by room; a room with a running lane has an entry; nil: none has
	pending int32
	closed  bool
}

// hardLimit holds where the limit is lifted, so that memory stays bounded.
const hardLimit = 4096

// start runs do in its room's turn; false when limit of them wait already.
func (l *lanes) start(room string, limit int64, do func()) bool {
	if limit <= 0 || limit > hardLimit {
		limit = hardLimit
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if int64(l.pending) >= limit {
		return false
	}
	l.pending++
	if l.waiting == nil {
		l.waiting = map[string][]func(){}
	}
	queue, running := l.waiting[room]
	if running {
		l.waiting[room] = append(queue, do)
		return true
	}
	l.waiting[room] = nil
	go l.run(room, do)
	return true
}

// run does what waits for the room and ends when there is no more.
func (l *lanes) run(room string, do func()) {
	for do != nil {
		do()
		do = l.next(room)
	}
}

func (l *lanes) next(room string) func() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pending--
	queue := l.waiting[room]
	if len(queue) == 0 || l.closed {
		if delete(l.waiting, room); len(l.waiting) == 0 {
			l.waiting = nil // an idle connection holds nothing
		}
		return nil
	}
	l.waiting[room] = queue[1:]
	return queue[0]
}

// close has what waits never begin: nobody is there for the answer. What has
// begun goes on.
func (l *lanes) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
}
