package doctor

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

const (
	partBytes   = 9 << 20 // a little more than a part of a file
	answerSoon  = 4 * time.Second
	bodyAllowed = 2 * time.Minute
)

// checkBody announces as much as a part of a file has, to an address that takes
// no such thing: our server refuses at once, before the bytes. Who answers, and
// when, shows what stands in front does with bodies.
func (v *visit) checkBody(ctx context.Context, u *url.URL) {
	size := partBytes
	if v.Config.Bucket != nil {
		size = 64 << 10 // parts go to the bucket
	}
	ctx, cancel := context.WithTimeout(ctx, bodyAllowed)
	defer cancel()
	res, early, err := v.sendBody(ctx, u, size)
	switch {
	case err != nil:
		v.fail("outside.body", "client_max_body_size 0; in nginx, no rule for large bodies elsewhere", "%s of a body end with: %v", bytesOf(size), rootOf(err))
		return
	case strings.HasPrefix(res.Header.Get("Content-Type"), "application/problem+json"):
		v.ok("outside.body", "a body of %s reaches the server", bytesOf(size))
	case res.StatusCode == http.StatusRequestEntityTooLarge:
		v.fail("outside.body", "client_max_body_size 0; for /api/v1/parts/ in nginx (the server has limits of its own)", "what stands in front refuses bodies of %s (413, Server: %s)", bytesOf(size), firstOf(res.Header.Get("Server"), "not named"))
		return
	default:
		v.fail("outside.body", "let what stands in front pass every method of /api/v1/ to "+v.server(), "a body of %s is answered by something else (%d, Server: %s)", bytesOf(size), res.StatusCode, firstOf(res.Header.Get("Server"), "not named"))
		return
	}
	if v.Config.Bucket != nil {
		return
	}
	if early {
		v.ok("outside.buffering", "bodies are passed on as they come")
	} else {
		v.warn("outside.buffering", "proxy_request_buffering off; for /api/v1/parts/ in nginx", "what stands in front keeps a whole body before it passes it on: uploads take disk there, and their progress is wrong")
	}
}

// sendBody sends the head of a request, waits for a moment, and only then sends
// the body. early says that the answer came before it.
func (v *visit) sendBody(ctx context.Context, u *url.URL, size int) (res *http.Response, early bool, err error) {
	conn, err := v.dial(ctx, u)
	if err != nil {
		return nil, false, err
	}
	defer conn.Close()
	end, _ := ctx.Deadline()
	_, err = fmt.Fprintf(conn, "POST /api/v1/parts/doctor/1 HTTP/1.1\r\nHost: %s\r\nUser-Agent: minichat-doctor\r\nContent-Type: application/octet-stream\r\nContent-Length: %d\r\n\r\n", u.Host, size)
	if err != nil {
		return nil, false, err
	}
	in := bufio.NewReader(conn)
	conn.SetReadDeadline(time.Now().Add(answerSoon)) // fails only on a closed connection
	_, err = in.Peek(1)
	if early = err == nil; !early {
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return nil, false, err
		}
		conn.SetDeadline(end)
		// Who has refused meanwhile may close: what was said is still there to read.
		_, _ = io.CopyN(conn, blank{}, int64(size))
	}
	conn.SetDeadline(end)
	req := &http.Request{Method: http.MethodPost}
	if res, err = http.ReadResponse(in, req); err != nil {
		return nil, false, err
	}
	return res, early, nil
}

func (v *visit) dial(ctx context.Context, u *url.URL) (net.Conn, error) {
	if u.Scheme == "https" {
		d := tls.Dialer{Config: v.tls(true)}
		return d.DialContext(ctx, "tcp", net.JoinHostPort(u.Hostname(), firstOf(u.Port(), "443")))
	}
	return new(net.Dialer).DialContext(ctx, "tcp", net.JoinHostPort(u.Hostname(), firstOf(u.Port(), "80")))
}

func bytesOf(n int) string {
	if n >= 1<<20 {
		return fmt.Sprintf("%d MiB", n>>20)
	}
	return fmt.Sprintf("%d KiB", n>>10)
}

// blank gives zeros.
type blank struct{}

func (blank) Read(b []byte) (int, error) { clear(b); return len(b), nil }
