package socket

// outbox is what waits for a peer that is not reading as fast as we write.
type outbox struct {
	b    []byte
	off  int // what is before off has gone
	edge int // at or behind off: the first frame that has not begun to go
}

// waitingFor makes one of what is left of frames, of which n bytes have gone.
func waitingFor(frames []byte, n int) *outbox {
	edge := 0
	for edge < n {
		edge += frameSize(frames[edge:])
	}
	return &outbox{b: append([]byte(nil), frames[n:]...), edge: edge - n}
}

// answerLeft makes one of what is left of an answer of HTTP, of which something has
// gone or all must: only what is put behind it is frames.
func answerLeft(b []byte) *outbox { return &outbox{b: append([]byte(nil), b...), edge: len(b)} }

// size is how many bytes wait; of nil, none.
func (o *outbox) size() int {
	if o == nil {
		return 0
	}
	return len(o.b) - o.off
}

// rest is what waits; of nil, nothing.
func (o *outbox) rest() []byte {
	if o == nil {
		return nil
	}
	return o.b[o.off:]
}

// put adds frames behind what waits. What rest returned stays untouched.
func (o *outbox) put(frames []byte) {
	if o.off == 0 || len(o.b)+len(frames) <= cap(o.b) {
		o.b = append(o.b, frames...)
		return
	}
	b := make([]byte, 0, o.size()+len(frames)+len(frames)/4)
	b = append(append(b, o.rest()...), frames...)
	*o = outbox{b: b, edge: o.edge - o.off}
}

// took notes that n more bytes have gone.
func (o *outbox) took(n int) {
	o.off += n
	for o.edge < o.off {
		o.edge += frameSize(o.b[o.edge:])
	}
}

// cut forgets every frame that has not begun to go; of nil, none.
func (o *outbox) cut() {
	if o != nil {
		o.b = o.b[:o.edge:o.edge]
	}
}
