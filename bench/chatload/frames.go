package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// frame makes a masked client frame of what is in p.
func (e *engine) frame(dst []byte, op byte, p []byte) []byte {
	dst = append(dst, 0x80|op)
	switch {
	case len(p) < 126:
		dst = append(dst, 0x80|byte(len(p)))
	case len(p) < 65536:
		dst = append(dst, 0x80|126, byte(len(p)>>8), byte(len(p)))
	default:
		panic("payload")
	}
	mask := [4]byte{0x37, 0xfa, 0x21, 0x3d}
	dst = append(dst, mask[:]...)
	n := len(dst)
	dst = append(dst, p...)
	q := dst[n:]
	for i := range q {
		q[i] ^= mask[i&3]
	}
	return dst
}

func (e *engine) sendMsg(c *conn, p []byte) {
	e.scratch = e.frame(e.scratch[:0], 1, p)
	e.send(c, e.scratch)
}

var pubBuf, bodyBuf []byte

func digits(b []byte, v int64) {
	for i := len(b) - 1; i >= 0; i-- {
		b[i] = byte('0' + v%10)
		v /= 10
	}
}

func (e *engine) body(sender int, seq uint32) []byte {
	b := append(bodyBuf[:0], e.marker...)
	n := len(b)
	b = append(b, "00000000000000000000000000000000000"...)
	digits(b[n:n+6], int64(sender))
	digits(b[n+6:n+16], int64(seq))
	digits(b[n+16:n+35], e.now())
	b = append(b, e.bodyPad...)
	bodyBuf = b
	return b
}

func (e *engine) publish(c *conn) {
	c.sendNo++
	pubBuf = e.d.Publish(pubBuf[:0], &c.m, e.body(int(c.sender), c.sendNo))
	e.sendMsg(c, pubBuf)
}

func num(b []byte) (v int64) {
	for _, x := range b {
		v = v*10 + int64(x-'0')
	}
	return
}

func (e *engine) message(c *conn, op byte, p []byte) {
	switch op {
	case 9:
		e.scratch = e.frame(e.scratch[:0], 10, p)
		e.send(c, e.scratch)
		return
	case 10:
		e.pongs++
		return
	case 8:
		e.fail(c, fmt.Sprintf("close frame %.100q", p))
		return
	}
	e.frames++
	if c.state == stJoining {
		e.join(c, p)
		if c.fd >= 0 {
			e.deliveries(c, p) // what a resume brings
		}
		return
	}
	if e.onAck != nil {
		if id, ok := e.acker.Ack(p); ok {
			e.onAck(c, id)
			return
		}
	}
	if e.deliveries(c, p) {
		return
	}
	out, err := e.d.Control(&c.m, p)
	if err != nil && e.refused == nil {
		e.refused = err
	}
	if len(out) > 0 {
		e.pongs++
		e.sendMsg(c, out)
	}
}

func (e *engine) join(c *conn, in []byte) {
	out, ok, err := e.d.Join(&c.m, in)
	if err != nil {
		e.fail(c, err.Error())
		return
	}
	if ok {
		e.joined(c)
	}
	if len(out) > 0 {
		e.sendMsg(c, out)
	}
}

// deliveries counts and checks the bodies in p and reports whether there was one.
func (e *engine) deliveries(c *conn, p []byte) bool {
	whole, t := p, int64(-1)
	for {
		i := bytes.Index(p, e.marker)
		if i < 0 || len(p) < i+40 {
			break
		}
		b := p[i+5 : i+40]
		p = p[i+40:]
		if t < 0 {
			t = e.now()
		}
		sender, seq, ts := int(num(b[:6])), uint32(num(b[6:16])), num(b[16:35])
		if sender >= len(c.last) {
			e.badRoom++
			continue
		}
		if l := c.last[sender]; seq == l+1 {
			c.last[sender] = seq
		} else if seq <= l {
			e.dups++
			continue
		} else {
			e.gaps += uint64(seq - l - 1)
			c.last[sender] = seq
		}
		c.hash = c.hash*1099511628211 + uint64(sender)<<32 + uint64(seq)
		e.deliver++
		e.lastDel = t
		if e.counting {
			e.lat.add(t - ts)
		}
		if e.onDeliver != nil {
			e.onDeliver(c, sender, seq)
		}
	}
	if t >= 0 && e.resumer != nil {
		e.resumer.Remember(&c.m, whole)
	}
	return t >= 0
}

func (e *engine) joined(c *conn) {
	c.state = stUp
	e.inflight--
	e.up++
}

// parse takes frames off b and returns what is left of it (an incomplete frame).
func (e *engine) parse(c *conn, b []byte) []byte {
	for {
		if c.skip > 0 {
			if uint64(len(b)) <= c.skip {
				c.skip -= uint64(len(b))
				return nil
			}
			b = b[c.skip:]
			c.skip = 0
		}
		if len(b) < 2 {
			return b
		}
		op, l, h := b[0]&15, uint64(b[1]&127), 2
		if l == 126 {
			if len(b) < 4 {
				return b
			}
			l, h = uint64(binary.BigEndian.Uint16(b[2:])), 4
		} else if l == 127 {
			if len(b) < 10 {
				return b
			}
			l, h = binary.BigEndian.Uint64(b[2:]), 10
		}
		if l > 48<<10 { // history in one lump: not looked at
			c.skip = l
			b = b[h:]
			e.frames++
			continue
		}
		if uint64(len(b)-h) < l {
			return b
		}
		p := b[h : h+int(l)]
		b = b[h+int(l):]
		e.message(c, op, p)
		if c.fd < 0 {
			return nil
		}
	}
}
