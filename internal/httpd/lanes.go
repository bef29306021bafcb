package httpd

import "sync"

// lanes run the changes that one connection asks for, each on a goroutine of
// its own. Those of one room begin in the order in which they came: the next
// begins when the one before has its place in the database's queue, or is over,
// so that many of them share a transaction. The zero value is ready.
type lanes struct {
	mu      sync.Mutex
	waiting map[string][]turn // by room; a room in which one is beginning has an entry; nil: none has
	pending int32
	closed  bool
}

// turn does something and, as soon as the next of the room may begin, calls
// pass, on the same goroutine.
type turn func(pass func())

// hardLimit holds where the limit is lifted, so that memory stays bounded.
const hardLimit = 4096

// start runs do in its room's turn; false when limit of them are under way.
func (l *lanes) start(room string, limit int64, do turn) bool {
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
		l.waiting = map[string][]turn{}
	}
	queue, beginning := l.waiting[room]
	if beginning {
		l.waiting[room] = append(queue, do)
		return true
	}
	l.waiting[room] = nil
	go l.run(room, do)
	return true
}

func (l *lanes) run(room string, do turn) {
	passed := false
	pass := func() {
		if !passed {
			passed = true
			l.pass(room)
		}
	}
	do(pass)
	pass()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pending--
}

// pass has the next of the room begin.
func (l *lanes) pass(room string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	queue := l.waiting[room]
	if len(queue) == 0 || l.closed {
		if delete(l.waiting, room); len(l.waiting) == 0 {
			l.waiting = nil // an idle connection holds nothing
		}
		return
	}
	l.waiting[room] = queue[1:]
	go l.run(room, queue[0])
}

// close has what waits never begin: nobody is there for the answer. What has
// begun goes on.
func (l *lanes) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
}
