package socket

import (
	"bytes"
	"io"
	"strings"
	"testing"
)

func cat(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// rules are the rows 6 to 13 of the bad-input table, and what must pass.
var rules = []struct {
	name string
	send []byte
	want []string // then the connection must be over, if the last is a close
}{
	{"text", frame(0x81, "hé"), []string{"text hé"}},
	{"empty text", frame(0x81, ""), []string{"text "}},
	{"126 bytes", frame(0x81, strings.Repeat("x", 126)), []string{"text " + strings.Repeat("x", 126)}},
	{"as long as may be", frame(0x81, strings.Repeat("x", 64<<10)), []string{"text " + strings.Repeat("x", 64<<10)}},
	{"two in one packet", cat(frame(0x81, "a"), frame(0x81, "b")), []string{"text a", "text b"}},
	{"in parts", cat(frame(0x01, "a"), frame(0x00, "b"), frame(0x80, "c")), []string{"text abc"}},
	{"in parts, empty ones too", cat(frame(0x01, ""), frame(0x00, ""), frame(0x80, "")), []string{"text "}},
	{"256 parts", cat(frame(0x01, "x"), bytes.Repeat(frame(0x00, "x"), 254), frame(0x80, "x")), []string{"text " + strings.Repeat("x", 256)}},
	{"256 parts twice", bytes.Repeat(cat(frame(0x01, "x"), bytes.Repeat(frame(0x00, ""), 254), frame(0x80, "x")), 2), []string{"text xx", "text xx"}},
	{"ping between parts", cat(frame(0x01, "a"), frame(0x89, "p"), frame(0x80, "b")), []string{"pong p", "text ab"}},
	{"ping of 125", frame(0x89, strings.Repeat("p", 125)), []string{"pong " + strings.Repeat("p", 125)}},
	{"pong unasked", cat(frame(0x8A, "x"), frame(0x81, "a")), []string{"text a"}},
	{"code point cut by a part's edge", cat(frame(0x01, "\xe2\x82"), frame(0x80, "\xac")), []string{"text €"}},
	{"close", frame(0x88, "\x03\xe8bye"), []string{"close 1000 bye"}},
	{"close without a code", frame(0x88, ""), []string{"close"}},
	{"close between parts", cat(frame(0x01, "a"), frame(0x88, "\x03\xe9")), []string{"close 1001"}},
	{"nothing after close", cat(frame(0x88, "\x03\xe8"), frame(0x81, "a")), []string{"close 1000"}},
	{"close 3000", frame(0x88, "\x0b\xb8"), []string{"close 3000"}},

	{"6 binary", frame(0x82, "x"), []string{"close 1003 text frames only"}},
	{"6 binary, announced only", []byte{0x82, 0xFF}, []string{"close 1003 text frames only"}},
	{"7 unmasked", []byte{0x81, 0x01, 'x'}, []string{"close 1002 frame without mask"}},
	{"7 RSV1 (12: deflate)", frame(0xC1, "x"), []string{"close 1002 reserved bit set"}},
	{"7 RSV2", frame(0xA1, "x"), []string{"close 1002 reserved bit set"}},
	{"7 RSV3", frame(0x91, "x"), []string{"close 1002 reserved bit set"}},
	{"7 opcode 3", frame(0x83, "x"), []string{"close 1002 unknown opcode"}},
	{"7 opcode 11", frame(0x8B, "x"), []string{"close 1002 unknown opcode"}},
	{"7 continuation first", frame(0x80, "x"), []string{"close 1002 frame out of order"}},
	{"7 continuation after the end", cat(frame(0x01, "a"), frame(0x80, "b"), frame(0x80, "c")), []string{"text ab", "close 1002 frame out of order"}},
	{"7 text inside a message", cat(frame(0x01, "a"), frame(0x81, "b")), []string{"close 1002 frame out of order"}},
	{"8 ping in parts", frame(0x09, "x"), []string{"close 1002 control frame too long or in parts"}},
	{"8 ping of 126", frame(0x89, strings.Repeat("x", 126)), []string{"close 1002 control frame too long or in parts"}},
	{"8 close 999", frame(0x88, "\x03\xe7"), []string{"close 1002 invalid close code"}},
	{"8 close 1005", frame(0x88, "\x03\xed"), []string{"close 1002 invalid close code"}},
	{"8 close 1004", frame(0x88, "\x03\xec"), []string{"close 1002 invalid close code"}},
	{"8 close 1006", frame(0x88, "\x03\xee"), []string{"close 1002 invalid close code"}},
	{"8 close 1015", frame(0x88, "\x03\xf7"), []string{"close 1002 invalid close code"}},
	{"8 close 2999", frame(0x88, "\x0b\xb7"), []string{"close 1002 invalid close code"}},
	{"8 close 5000", frame(0x88, "\x13\x88"), []string{"close 1002 invalid close code"}},
	{"8 close of one byte", frame(0x88, "\x03"), []string{"close 1002 close code cut"}},
	{"8 close reason not UTF-8", frame(0x88, "\x03\xe8\xff"), []string{"close 1007 close reason is not UTF-8"}},
	{"9 length 2^63", []byte{0x81, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4}, []string{"close 1009 message too big"}},
	{"9 length 2^62, announced only", []byte{0x81, 0xFF, 0x40, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4}, []string{"close 1009 message too big"}},
	{"9 64 KiB + 1, announced only", frame(0x81, strings.Repeat("x", 64<<10+1))[:14], []string{"close 1009 message too big"}},
	{"9 64 KiB + 1 in parts", cat(frame(0x01, strings.Repeat("x", 64<<10)), frame(0x80, "x")), []string{"close 1009 message too big"}},
	{"9 length not shortest", []byte{0x81, 0xFE, 0, 5, 0, 0, 0, 0, 1, 2, 3, 4, 5}, []string{"close 1002 length not in its shortest form"}},
	{"10 100,000 parts", cat(frame(0x01, "x"), bytes.Repeat(frame(0x00, "x"), 100_000)), []string{"close 1008 too many fragments"}},
	{"10 257 empty parts", cat(frame(0x01, ""), bytes.Repeat(frame(0x00, ""), 256)), []string{"close 1008 too many fragments"}},
	{"11 not UTF-8", frame(0x81, "a\xff"), []string{"close 1007 text is not UTF-8"}},
	{"11 overlong", frame(0x81, "\xc0\xaf"), []string{"close 1007 text is not UTF-8"}},
	{"11 surrogate", frame(0x81, "\xed\xa0\x80"), []string{"close 1007 text is not UTF-8"}},
	{"11 cut code point at the end", cat(frame(0x01, "\xe2"), frame(0x80, "\x82")), []string{"close 1007 text is not UTF-8"}},
}

func TestRules(t *testing.T) { overAll(t, testRules) }

func testRules(t *testing.T, w way) {
	_, ts, _ := serveEcho(t, w, Options{})
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) {
			p := dial(t, ts)
			p.nc.Write(r.send) // it may fail: the server can have closed before the end
			for _, want := range r.want {
				p.want(want)
			}
			if strings.HasPrefix(r.want[len(r.want)-1], "close") {
				p.want("end")
				return
			}
			p.send(frame(0x81, "still here"))
			p.want("text still here")
		})
	}
}

// The same bytes, one at a time: what came before a cut must not matter.
func TestRulesCutAtEveryByte(t *testing.T) {
	for _, r := range rules {
		if len(r.send) > 5000 {
			continue
		}
		t.Run(r.name, func(t *testing.T) {
			whole := feed(r.send, len(r.send))
			for _, n := range []int{1, 2, 3, 7} {
				if got := feed(r.send, n); got != whole {
					t.Errorf("in pieces of %d: got %q, want %q", n, got, whole)
				}
			}
		})
	}
}

// feed reads b in pieces of n bytes and tells what came of it.
func feed(b []byte, n int) string {
	var r reader
	var said strings.Builder
	for b = bytes.Clone(b); len(b) > 0; {
		piece := b[:min(n, len(b))]
		b = b[len(piece):]
		for len(piece) > 0 {
			it, rest, fail := r.next(piece, 64<<10)
			if fail != nil {
				return said.String() + "!" + fail.reason
			}
			if it.kind == opContinue {
				break
			}
			said.WriteString(string('0'+rune(it.kind)) + string(it.data) + ";")
			piece = rest
			if it.kind == opClose {
				return said.String()
			}
		}
	}
	if !r.idle() {
		said.WriteString("...")
	}
	return said.String()
}

func FuzzReader(f *testing.F) {
	for _, r := range rules {
		if len(r.send) < 5000 {
			f.Add(r.send, uint8(3))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte, n uint8) {
		whole := feed(b, len(b)+1)
		if got := feed(b, int(n)+1); got != whole {
			t.Errorf("in pieces of %d: got %q, want %q", int(n)+1, got, whole)
		}
	})
}

// What is held goes before whatever is written next, by whomever, in one piece.
func TestHold(t *testing.T) {
	overAll(t, func(t *testing.T, w way) {
		e := newEcho()
		held := make(chan *Conn)
		e.on(func(c *Conn, b []byte) {
			c.Hold(AppendText(nil, []byte("held")))
			held <- c
		})
		_, ts := serve(t, w, Options{}, e, &Accept{})
		for name, next := range map[string]func(*peer, *Conn) []byte{
			"write": func(_ *peer, c *Conn) []byte {
				c.Write(AppendText(nil, []byte("x")))
				return AppendText(nil, []byte("x"))
			},
			"flush": func(_ *peer, c *Conn) []byte { c.Flush(); return nil },
			"close": func(_ *peer, c *Conn) []byte { c.Close(1000, "x"); return appendClose(nil, 1000, "x") },
			"pong":  func(p *peer, _ *Conn) []byte { p.send(frame(0x89, "x")); return []byte("\x8a\x01x") },
			"hold": func(_ *peer, c *Conn) []byte {
				c.Hold(AppendText(nil, []byte("x")))
				c.Flush()
				return AppendText(nil, []byte("x"))
			},
		} {
			p := dial(t, ts)
			p.send(frame(0x81, "hello"))
			c := <-held
			select {
			case <-c.Drained(): // nothing waits for the peer
			default:
				t.Errorf("%s: what is held waits for the peer", name)
			}
			want := append(AppendText(nil, []byte("held")), next(p, c)...)
			got := make([]byte, len(want))
			n, err := io.ReadAtLeast(p.nc, got, 1)
			if err != nil || string(got[:n]) != string(want) {
				t.Errorf("%s: got %q, %v in one piece, want %q", name, got[:n], err, want)
			}
			c.Flush() // again: nothing is left
			if name != "close" {
				c.Write(AppendText(nil, []byte("end")))
				p.want("text end")
			}
		}
	})
}
