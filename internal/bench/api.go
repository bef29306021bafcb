package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"minichat"
)

// api is the server's HTTP side, and where its socket is.
type api struct {
	base   *url.URL
	token  string
	client *http.Client
}

func newAPI(server, token string) (*api, error) {
	base, err := url.Parse(strings.TrimRight(server, "/"))
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return nil, fmt.Errorf("%q is no address of a server. Write it like http://127.0.0.1:8000", server)
	}
	return &api{base: base, token: token, client: &http.Client{Timeout: 20 * time.Second}}, nil
}

// address is what to connect to.
func (a *api) address() string {
	if a.base.Port() != "" {
		return a.base.Host
	}
	return net.JoinHostPort(a.base.Hostname(), map[string]string{"http": "80", "https": "443"}[a.base.Scheme])
}

// call sends in as JSON and decodes the answer into out, if given.
func (a *api) call(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, a.base.String()+path, body)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+a.token)
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := a.client.Do(req)
	if err != nil {
		return fmt.Errorf("the server does not answer: %w", err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	if res.StatusCode >= 300 {
		var problem struct{ Detail string }
		if json.Unmarshal(text, &problem) != nil || problem.Detail == "" {
			problem.Detail = res.Status
		}
		return fmt.Errorf("the server refuses %s %s: %s", method, path, problem.Detail)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(text, out)
}

// makeRoom makes a room that nobody else is in.
func (a *api) makeRoom(ctx context.Context) (string, error) {
	var r struct{ Room string }
	err := a.call(ctx, "POST", "/api/v1/rooms", map[string]string{"kind": "private", "name": "bench " + minichat.NewID(6)}, &r)
	return r.Room, err
}

// dropRoom archives the room and leaves it: rooms are not deleted.
func (a *api) dropRoom(ctx context.Context, room string) error {
	if err := a.call(ctx, "PATCH", "/api/v1/rooms/"+room, map[string]bool{"archived": true}, nil); err != nil {
		return err
	}
	return a.call(ctx, "DELETE", "/api/v1/rooms/"+room+"/members/me", nil, nil)
}

// memory is the server's resident memory in bytes; false when it does not tell,
// which it does to its own machine and to admins.
func (a *api) memory(ctx context.Context) (float64, bool) {
	req, err := http.NewRequestWithContext(ctx, "GET", a.base.String()+"/metrics", nil)
	if err != nil {
		return 0, false
	}
	req.Header.Set("Authorization", "Bearer "+a.token)
	res, err := a.client.Do(req)
	if err != nil {
		return 0, false
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil || res.StatusCode != http.StatusOK {
		return 0, false
	}
	_, rest, found := strings.Cut(string(text), "\nprocess_resident_memory_bytes ")
	line, _, _ := strings.Cut(rest, "\n")
	v, err := strconv.ParseFloat(line, 64)
	return v, found && err == nil
}
