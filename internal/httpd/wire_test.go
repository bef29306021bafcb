package httpd

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"minichat"
	"minichat/internal/protocol"
)

// client is a stranger's WebSocket client on the wire.
type client struct {
	t    *testing.T
	conn *websocket.Conn
	n    int64

	early map[int64]frame // answers that nobody has waited for yet
}

type frame map[string]any

func (f frame) str(name string) string {
	s, _ := f[name].(string)
	return s
}

func (f frame) num(name string) int64 {
	n, _ := f[name].(float64)
	return int64(n)
}

// dial opens a socket; hello comes after it.
func (p *place) dial(headers ...string) *client {
	p.t.Helper()
	c, res, err := p.tryDial("/api/v1/socket", headers...)
	if err != nil {
		p.t.Fatalf("dial: %v %v", err, res)
	}
	return c
}

func (p *place) tryDial(path string, headers ...string) (*client, *http.Response, error) {
	p.t.Helper()
	h := http.Header{}
	for _, s := range headers {
		name, value, _ := strings.Cut(s, ": ")
		h.Add(name, value)
	}
	ctx, cancel := context.WithCancel(context.Background())
	p.t.Cleanup(cancel)
	conn, res, err := websocket.Dial(ctx, p.url+path, &websocket.DialOptions{HTTPHeader: h, Subprotocols: []string{protocol.Subprotocol}})
	if err != nil {
		return nil, res, err
	}
	conn.SetReadLimit(2 << 20)
	p.t.Cleanup(func() { conn.CloseNow() })
	return &client{t: p.t, conn: conn, early: map[int64]frame{}}, res, nil
}

// raw sends a text frame as it stands.
func (c *client) raw(text string) {
	c.t.Helper()
	if err := c.conn.Write(c.t.Context(), websocket.MessageText, []byte(text)); err != nil {
		c.t.Fatalf("send %.80s: %v", text, err)
	}
}

// ask sends a request with the next n and returns that n.
func (c *client) ask(typ string, fields frame) int64 {
	c.t.Helper()
	c.n++
	f := frame{"type": typ, "n": c.n}
	for name, value := range fields {
		f[name] = value
	}
	b, err := json.Marshal(f)
	if err != nil {
		c.t.Fatal(err)
	}
	c.raw(string(b))
	return c.n
}

func (c *client) read() frame {
	c.t.Helper()
	_, b, err := c.conn.Read(c.t.Context())
	if err != nil {
		c.t.Fatalf("read: %v", err)
	}
	var f frame
	if err := json.Unmarshal(b, &f); err != nil {
		c.t.Fatalf("read %q: %v", b, err)
	}
	return f
}

// until reads up to the first frame that is right.
func (c *client) until(what string, right func(frame) bool) frame {
	c.t.Helper()
	for range 1000 {
		if f := c.read(); right(f) {
			return f
		}
	}
	c.t.Fatalf("no %s came", what)
	return nil
}

// answer reads up to the answer to n; those that overtook it are kept.
func (c *client) answer(n int64) frame {
	c.t.Helper()
	if f := c.early[n]; f != nil {
		delete(c.early, n)
		return f
	}
	return c.until(fmt.Sprintf("answer to %d", n), func(f frame) bool {
		if f["n"] != nil && f.num("n") != n {
			c.early[f.num("n")] = f
		}
		return f["n"] != nil && f.num("n") == n
	})
}

// typed reads up to a frame of the type.
func (c *client) typed(typ string) frame {
	c.t.Helper()
	return c.until(typ, func(f frame) bool { return f.str("type") == typ })
}

// code reads up to the close and returns its code.
func (c *client) code() int {
	c.t.Helper()
	for {
		if _, _, err := c.conn.Read(c.t.Context()); err != nil {
			if got := websocket.CloseStatus(err); got != -1 {
				return int(got)
			}
			c.t.Fatalf("closed without a code: %v", err)
		}
	}
}

// hello says hello with somebody's token and returns the welcome.
func (c *client) hello(who person, fields frame) frame {
	c.t.Helper()
	all := frame{"token": who.token}
	for name, value := range fields {
		all[name] = value
	}
	f := c.answer(c.ask("hello", all))
	if f.str("type") != "welcome" {
		c.t.Fatalf("got %v, want a welcome", f)
	}
	return f
}

// enter is dial and hello.
func (p *place) enter(who person) *client {
	p.t.Helper()
	c := p.dial()
	c.hello(who, nil)
	return c
}

func key() string { return minichat.NewID(32) }
