package doctor

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/coder/websocket"

	"minichat/internal/protocol"
)

// withoutHello is how long a server lets a socket be that says nothing, and some.
const withoutHello = 4 * time.Second

// checkSocket opens a socket as the page does, leaves it silent, then pings.
func (v *visit) checkSocket(ctx context.Context) {
	token := ""
	if v.Idle > withoutHello {
		secret, end, err := v.borrowToken(ctx)
		if err != nil {
			v.warn("socket.silence", "make an owner first: open the setup link that the server prints", "a silence of %s needs somebody who is signed in, and there is no owner yet (%v)", about(v.Idle), err)
			return
		}
		defer func() {
			if err := end(); err != nil {
				v.warn("socket.token", "end the token \"minichat doctor\" in your settings", "the token that was borrowed could not be ended: %v", err)
			}
		}()
		token = secret
	}
	c, ok := v.openSocket(ctx)
	if !ok {
		return
	}
	defer c.CloseNow()
	v.leaveSilent(ctx, c, token)
}

func (v *visit) borrowToken(ctx context.Context) (string, func() error, error) {
	if v.Token == nil {
		return "", nil, fmt.Errorf("nobody gives a token")
	}
	return v.Token(ctx)
}

func (v *visit) openSocket(ctx context.Context) (*websocket.Conn, bool) {
	const id = "socket.upgrade"
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	c, res, err := websocket.Dial(ctx, v.Config.PublicURL+"/api/v1/socket", &websocket.DialOptions{
		HTTPClient: v.client(true), Subprotocols: []string{protocol.Subprotocol}, HTTPHeader: http.Header{"Origin": {v.Config.PublicURL}},
	})
	const nginx = `location / { proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade; proxy_set_header Host $host; } with map $http_upgrade $connection_upgrade { default upgrade; "" ""; }`
	switch {
	case err == nil && c.Subprotocol() == protocol.Subprotocol:
		v.ok(id, "a WebSocket passes, with its Origin")
		return c, true
	case err == nil:
		c.CloseNow()
		v.fail(id, "let Sec-WebSocket-Protocol pass", "a WebSocket passes without its subprotocol")
	case res == nil:
		v.fail(id, nginx, "no WebSocket passes: %v", rootOf(err))
	case res.StatusCode == http.StatusForbidden:
		v.fail(id, "set --public-url to what people type, and let Host and Origin pass", "the server refuses a page of %s (403)", v.Config.PublicURL)
	case res.StatusCode == http.StatusTooManyRequests || res.StatusCode == http.StatusServiceUnavailable:
		v.warn(id, "run doctor again later", "the server takes no more sockets now (%d)", res.StatusCode)
	default:
		v.fail(id, nginx, "no WebSocket passes what stands in front (%d instead of 101)", res.StatusCode)
	}
	return nil, false
}

// leaveSilent sends nothing for a while, and then wants a pong.
func (v *visit) leaveSilent(ctx context.Context, c *websocket.Conn, token string) {
	const id = "socket.silence"
	const mend = "proxy_read_timeout 75s; proxy_send_timeout 75s; in nginx, timeout tunnel 75s in HAProxy, an idle timeout above 60 s in a load balancer"
	if token != "" {
		hello, err := json.Marshal(map[string]any{"type": "hello", "n": 1, "token": token})
		if err == nil {
			err = c.Write(ctx, websocket.MessageText, hello)
		}
		if err != nil {
			v.fail(id, mend, "hello: %v", rootOf(err))
			return
		}
	}
	began := time.Now()
	over := make(chan error, 1)
	go func() {
		for {
			if _, _, err := c.Read(ctx); err != nil {
				over <- err
				return
			}
		}
	}()
	select {
	case err := <-over:
		v.fail(id, mend, "a silent socket is closed after %s: %v", about(time.Since(began)), rootOf(err))
		return
	case <-time.After(v.Idle):
	case <-ctx.Done():
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if err := c.Ping(ctx); err != nil {
		v.fail(id, mend, "after %s of silence a ping is not answered: %v", about(v.Idle), rootOf(err))
		return
	}
	more := ""
	if v.Idle < time.Minute {
		more = "; --idle 65s tries what proxies do after a minute"
	}
	v.ok(id, "a socket that was silent for %s lives%s", about(v.Idle), more)
}
