package main

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
)

// client is a bare WebSocket client: what it costs must not hide what the
// server costs, so it parses no more than it has to. Not for concurrent reads.
type client struct {
	c net.Conn
	r *bufio.Reader
}

// dial connects and says hello; rooms:false keeps the room list away.
func dial(addr, token string) (*client, error) {
	c, err := net.DialTimeout("tcp", addr, 10*time.Second)
	if err != nil {
		return nil, err
	}
	cl := &client{c: c, r: bufio.NewReaderSize(c, 1024)}
	fmt.Fprintf(c, "GET /api/v1/socket HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: minichat.v1\r\n\r\n", addr)
	status, err := cl.r.ReadString('\n')
	if err != nil || !strings.Contains(status, " 101 ") {
		return nil, fmt.Errorf("upgrade: %q %v", status, err)
	}
	for {
		line, err := cl.r.ReadString('\n')
		if err != nil {
			return nil, err
		}
		if line == "\r\n" {
			break
		}
	}
	return cl, errors.Join(
		cl.send(fmt.Sprintf(`{"type":"hello","n":1,"token":%q,"rooms":false}`, token)),
		cl.until("welcome", nil))
}

// send writes one masked text frame; a mask of zeros leaves the bytes as they are.
func (cl *client) send(text string) error {
	b := make([]byte, 0, len(text)+14)
	switch n := len(text); {
	case n < 126:
		b = append(b, 0x81, 0x80|byte(n))
	default:
		b = append(b, 0x81, 0x80|126, byte(n>>8), byte(n))
	}
	b = append(b, 0, 0, 0, 0)
	_, err := cl.c.Write(append(b, text...))
	return err
}

// next returns the next text frame; pings are answered on the way.
func (cl *client) next(buf []byte) ([]byte, error) {
	for {
		var h [2]byte
		if _, err := io.ReadFull(cl.r, h[:]); err != nil {
			return nil, err
		}
		n := int(h[1] & 127)
		if n >= 126 {
			ext := make([]byte, map[int]int{126: 2, 127: 8}[n])
			if _, err := io.ReadFull(cl.r, ext); err != nil {
				return nil, err
			}
			n = 0
			for _, c := range ext {
				n = n<<8 | int(c)
			}
		}
		if cap(buf) < n {
			buf = make([]byte, n)
		}
		buf = buf[:n]
		if _, err := io.ReadFull(cl.r, buf); err != nil {
			return nil, err
		}
		switch h[0] & 15 {
		case 1:
			return buf, nil
		case 8:
			code := 0
			if n >= 2 {
				code = int(binary.BigEndian.Uint16(buf))
			}
			return nil, fmt.Errorf("closed by the server: %d %s", code, buf[min(2, n):])
		case 9:
			if _, err := cl.c.Write([]byte{0x8a, 0x80, 0, 0, 0, 0}); err != nil {
				return nil, err
			}
		}
	}
}

// until reads frames up to the first of that type and decodes it into v, if given.
func (cl *client) until(typ string, v any) error {
	cl.c.SetReadDeadline(time.Now().Add(20 * time.Second))
	defer cl.c.SetReadDeadline(time.Time{})
	for {
		b, err := cl.next(nil)
		if err != nil {
			return fmt.Errorf("waiting for %s: %w", typ, err)
		}
		got := frameType(b)
		if got == "error" {
			return fmt.Errorf("waiting for %s: %s", typ, b)
		}
		if got == typ {
			if v == nil {
				return nil
			}
			return json.Unmarshal(b, v)
		}
	}
}

// frameType reads the type, which our server writes first.
func frameType(b []byte) string {
	rest, ok := strings.CutPrefix(string(b[:min(len(b), 40)]), `{"type":"`)
	if !ok {
		return ""
	}
	typ, _, _ := strings.Cut(rest, `"`)
	return typ
}
