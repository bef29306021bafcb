package socket

import (
	"encoding/binary"
	"unicode/utf8"
)

// violation is a breach of RFC 6455, or of our limits, and the close code for it.
type violation struct {
	code   int
	reason string
}

func (v *violation) Error() string { return v.reason }

var errTooBig = &violation{1009, "message too big"}

// item is one thing that a peer said. data is good until the next call.
type item struct {
	kind byte // opText, opPing, opPong or opClose; opContinue: nothing yet
	data []byte
	code int // of a close; 0: none was given
}

// reader turns the bytes of a connection, cut anywhere, into items. It holds
// state only between the first byte of a message and its last: an idle one is
// equal to a new one, so that an idle connection needs none.
type reader struct {
	hdr [maxHeader]byte
	hn  int // bytes of a header that is not whole

	in  bool   // inside the frame cur
	cur header // valid while in
	got int64  // bytes of cur's payload seen

	ctl   [maxControl]byte // payload of a control frame
	msg   []byte           // payload of a text message that did not come in one piece
	open  bool             // a message has begun and its last frame is still to come
	frags int
}

func (r *reader) idle() bool { return r.hn == 0 && !r.in && !r.open }

// next takes bytes off b, which it may change, until there is an item or b is
// used up. No more than limit bytes (0: any number) are gathered for a message.
func (r *reader) next(b []byte, limit int64) (it item, rest []byte, fail *violation) {
	for {
		if !r.in {
			if b, fail = r.begin(b, limit); fail != nil || !r.in {
				return item{}, nil, fail
			}
			if r.whole(b) {
				r.in = false
				p := b[:r.cur.size]
				unmask(p, r.cur.key, 0)
				it, fail = text(p)
				return it, b[len(p):], fail
			}
		}
		b = r.gather(b)
		if r.got < r.cur.size {
			return item{}, nil, nil
		}
		r.in = false
		if it, fail = r.end(); fail != nil || it.kind != opContinue {
			return it, b, fail
		}
		if len(b) == 0 {
			return item{}, nil, nil
		}
	}
}

// whole reports whether the frame cur is a message of its own that b holds.
func (r *reader) whole(b []byte) bool {
	return r.cur.op == opText && r.cur.fin && r.cur.size <= int64(len(b))
}

// begin reads a header; after it in is set, or b was used up.
func (r *reader) begin(b []byte, limit int64) (rest []byte, fail *violation) {
	from, had := b, r.hn
	if had > 0 {
		r.hn += copy(r.hdr[had:], b)
		from = r.hdr[:r.hn]
	}
	h, n, fail := parseHeader(from)
	if fail != nil {
		return nil, fail
	}
	if n == 0 {
		if had == 0 {
			r.hn = copy(r.hdr[:], b)
		}
		return nil, nil
	}
	r.hn = 0
	if fail = r.admit(h, limit); fail != nil {
		return nil, fail
	}
	r.in, r.cur, r.got = true, h, 0
	return b[n-had:], nil
}

// admit judges a frame by its header, before anything is kept for it.
func (r *reader) admit(h header, limit int64) *violation {
	if h.control() {
		return nil
	}
	if (h.op == opContinue) != r.open {
		return &violation{1002, "frame out of order"}
	}
	if limit > 0 && h.size > limit-int64(len(r.msg)) {
		return errTooBig
	}
	if r.frags++; r.frags > maxFrags {
		return &violation{1008, "too many fragments"}
	}
	if h.fin {
		r.frags = 0
	}
	r.open = h.op == opContinue || !h.fin
	return nil
}

func (r *reader) gather(b []byte) (rest []byte) {
	p := b[:min(int64(len(b)), r.cur.size-r.got)]
	unmask(p, r.cur.key, r.got)
	if r.cur.control() {
		copy(r.ctl[r.got:], p)
	} else {
		r.msg = append(r.msg, p...)
	}
	r.got += int64(len(p))
	return b[len(p):]
}

// end is called behind the last byte of cur.
func (r *reader) end() (item, *violation) {
	p := r.ctl[:min(r.cur.size, maxControl)]
	switch {
	case r.cur.op == opClose:
		return goodbye(p)
	case r.cur.control():
		return item{kind: r.cur.op, data: p}, nil
	case !r.cur.fin:
		return item{}, nil
	}
	r.open = false
	msg := r.msg
	r.msg = r.msg[:0]
	if cap(msg) > readSize {
		r.msg = nil
	}
	return text(msg)
}

func text(p []byte) (item, *violation) {
	if !utf8.Valid(p) {
		return item{}, &violation{1007, "text is not UTF-8"}
	}
	return item{kind: opText, data: p}, nil
}

func goodbye(p []byte) (item, *violation) {
	if len(p) == 0 {
		return item{kind: opClose}, nil
	}
	if len(p) == 1 {
		return item{}, &violation{1002, "close code cut"}
	}
	code := int(binary.BigEndian.Uint16(p))
	if !validCode(code) {
		return item{}, &violation{1002, "invalid close code"}
	}
	if !utf8.Valid(p[2:]) {
		return item{}, &violation{1007, "close reason is not UTF-8"}
	}
	return item{kind: opClose, data: p[2:], code: code}, nil
}
