package hub

import (
	"minichat"
	"minichat/internal/protocol"
	"minichat/internal/socket"
)

// Encoding is another wire than v1 for some of a room's watchers. All sessions
// with the same wire share one Encoding.
type Encoding struct {
	// Event appends whole frames (socket.AppendText) for a live event, or nothing.
	Event func(dst []byte, ev *minichat.Event) []byte
	// Page does the same for a page of the log, of any length.
	Page func(dst []byte, p *protocol.Page) []byte
}

// piece is the most that is handed to a connection at once, and the most that
// is kept for one whose answer is awaited.
const piece = 64 << 10

// batch is what gathered in a room for one encoding since the last flush: the
// frames one behind the other, as they go to every watcher, and where they are.
type batch struct {
	buf     []byte
	marks   []mark
	after   int64 // the event before the first
	last    int64 // the last event, or after
	events  int64
	private bool // not everything is for everybody
}

// mark is one frame, or the frames of one event.
type mark struct {
	at       int    // where it begins in buf
	from, to int64  // its events; 0: a signal
	by       string // of a signal: who shall not see it
	key      string // of an event: its key
}

// end is where mark i ends.
func (b *batch) end(i int) int {
	if i+1 < len(b.marks) {
		return b.marks[i+1].at
	}
	return len(b.buf)
}

func (b *batch) reset() {
	clear(b.marks) // let go of the strings
	*b = batch{buf: b.buf[:0], marks: b.marks[:0]}
	if cap(b.buf) > 4*piece {
		b.buf = nil
	}
}

// add copies marks i and on of another batch. It is for the few who wait for an
// answer.
func (b *batch) add(from *batch, i int) {
	shift := len(b.buf) - from.marks[i].at
	b.buf = append(b.buf, from.buf[from.marks[i].at:]...)
	for _, m := range from.marks[i:] {
		m.at += shift
		b.marks = append(b.marks, m)
	}
	b.last = from.last
	b.events += int64(len(from.marks) - i)
	b.private = b.private || from.private
}

// appendFrame appends payload as a text frame.
func appendFrame(dst, payload []byte) []byte { return socket.AppendText(dst, payload) }

// open returns the batch that gathers for g. The room's mu is held.
func (g *group) open(h *Hub) *batch {
	if g.next == nil {
		g.next = h.batches.Get().(*batch)
		g.next.after = g.after
		g.next.last = g.last
	}
	return g.next
}
