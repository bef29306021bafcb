package bench

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"minichat"
)

// client is a bare WebSocket client: what it costs must not hide what the server
// costs, so it looks at no more of a frame than it has to.
type client struct {
	c      net.Conn
	r      *bufio.Reader
	buf    []byte
	limits minichat.Limits
	said   [outstanding]atomic.Int64 // when talk said what is out; see gathering.say
}

const patience = 20 * time.Second

// dial connects and says hello.
func (a *api) dial(ctx context.Context) (_ *client, err error) {
	c, err := (&net.Dialer{Timeout: patience}).DialContext(ctx, "tcp", a.address())
	if err != nil {
		return nil, fmt.Errorf("the server does not answer: %w", err)
	}
	if a.base.Scheme == "https" {
		c = tls.Client(c, &tls.Config{ServerName: a.base.Hostname()})
	}
	cl := &client{c: c, r: bufio.NewReaderSize(c, 4096)}
	defer func() {
		if err != nil {
			c.Close()
		}
	}()
	c.SetDeadline(time.Now().Add(patience))
	defer c.SetDeadline(time.Time{})
	if err := cl.upgrade(a.base.Host); err != nil {
		return nil, err
	}
	if err := cl.send(fmt.Sprintf(`{"type":"hello","n":1,"token":%q,"device":"bench","rooms":false}`, a.token)); err != nil {
		return nil, err
	}
	welcome, err := cl.until("welcome")
	if err != nil {
		return nil, err
	}
	return cl, json.Unmarshal(welcome, &struct{ Limits *minichat.Limits }{&cl.limits})
}

func (c *client) upgrade(host string) error {
	fmt.Fprintf(c.c, "GET /api/v1/socket HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: minichat.v1\r\n\r\n", host)
	res, err := http.ReadResponse(c.r, nil)
	if err != nil {
		return fmt.Errorf("open a socket: %w", err)
	}
	if res.StatusCode != http.StatusSwitchingProtocols {
		return fmt.Errorf("open a socket: the server answers %s", res.Status)
	}
	return nil
}

func (c *client) close() { c.c.Close() }

// send writes one text frame. Its mask is all zeros: masks guard against
// browsers that scripts have been let into, which this is none of.
func (c *client) send(text string) error {
	b := make([]byte, 0, len(text)+14)
	if n := len(text); n < 126 {
		b = append(b, 0x81, 0x80|byte(n))
	} else {
		b = append(b, 0x81, 0x80|126, byte(n>>8), byte(n))
	}
	_, err := c.c.Write(append(append(b, 0, 0, 0, 0), text...))
	return err
}

// next returns the next text frame, which holds until the following call.
// Pings are answered on the way.
func (c *client) next() ([]byte, error) {
	for {
		var h [10]byte
		if _, err := io.ReadFull(c.r, h[:2]); err != nil {
			return nil, err
		}
		n := uint64(h[1] & 127)
		if n >= 126 {
			wide := 2 + 6*int(n-126)
			if _, err := io.ReadFull(c.r, h[2:2+wide]); err != nil {
				return nil, err
			}
			n = binary.BigEndian.Uint64(h[2:])
			if wide == 2 {
				n >>= 48
			}
		}
		if n > 1<<20 {
			return nil, fmt.Errorf("the server sends a frame of %d bytes", n)
		}
		if uint64(cap(c.buf)) < n {
			c.buf = make([]byte, n)
		}
		p := c.buf[:n]
		if _, err := io.ReadFull(c.r, p); err != nil {
			return nil, err
		}
		switch h[0] & 15 {
		case 1:
			return p, nil
		case 8:
			return nil, closed(p)
		case 9:
			if _, err := c.c.Write(append([]byte{0x8a, 0x80 | byte(len(p)), 0, 0, 0, 0}, p...)); err != nil {
				return nil, err
			}
		}
	}
}

func closed(p []byte) error {
	if len(p) < 2 {
		return fmt.Errorf("the server closed the connection")
	}
	return fmt.Errorf("the server closed the connection: %d %s", binary.BigEndian.Uint16(p), p[2:])
}

// until reads frames up to the first of that type.
func (c *client) until(typ string) ([]byte, error) {
	for {
		b, err := c.next()
		if err != nil {
			return nil, err
		}
		switch frameType(b) {
		case typ:
			return b, nil
		case "error":
			return nil, refusal(b)
		}
	}
}

// refusal is an error frame in its own words.
func refusal(b []byte) error {
	var e struct{ Code, Message string }
	if json.Unmarshal(b, &e) != nil {
		return fmt.Errorf("the server refuses: %s", b)
	}
	return fmt.Errorf("the server refuses: %s (%s)", e.Message, e.Code)
}

// frameType reads the type, which the server writes first.
func frameType(b []byte) string {
	rest, ok := strings.CutPrefix(string(b[:min(len(b), 40)]), `{"type":"`)
	if !ok {
		return ""
	}
	typ, _, _ := strings.Cut(rest, `"`)
	return typ
}
