package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/coder/websocket"
)

// frame is any frame of the server; a field that has two meanings stays raw.
type frame struct {
	Type       string
	N          *int64
	Room       string
	Head       int64
	From, To   int64
	List       json.RawMessage // events: [event]; heads: [[room, head, unread, mentions]]
	Heads      [][2]any        // pong
	Epoch      string
	Conn       string
	Rooms      []struct{ Room string }
	User       json.RawMessage // welcome: USER
	Why        string
	Code       json.RawMessage // error: string; bye: number
	Message    string
	Definite   bool
	Dup        bool
	RetryMS    int64 `json:"retry_ms"`
	OnlineSeen int64 `json:"online_count"`
	event
}

// event is one entry of a log.
type event struct {
	Seq  int64           `json:"seq"`
	ID   string          `json:"id"`
	Kind string          `json:"kind"`
	By   string          `json:"by"`
	Key  string          `json:"key"`
	At   int64           `json:"at"`
	Rev  int64           `json:"rev"` // of an ok
	Body json.RawMessage `json:"body"`
}

// body is any event's body, live or in a page.
type body struct {
	Text      string                 `json:"text"`
	Thread    int64                  `json:"thread,omitempty"`
	InRoom    bool                   `json:"in_room,omitempty"`
	ReplyTo   int64                  `json:"reply_to,omitempty"`
	Mentions  []string               `json:"mentions,omitempty"`
	Rev       int64                  `json:"rev"`
	EditedAt  int64                  `json:"edited_at,omitempty"`
	Deleted   bool                   `json:"deleted,omitempty"`
	Reactions []reaction             `json:"reactions,omitempty"`
	Pinned    bool                   `json:"pinned,omitempty"`
	Replies   *replies               `json:"replies,omitempty"`
	Upto      int64                  `json:"upto,omitempty"`
	Target    int64                  `json:"target,omitempty"`
	Emoji     string                 `json:"emoji,omitempty"`
	On        *bool                  `json:"on,omitempty"` // is there in a live react or pin only
	Change    string                 `json:"change,omitempty"`
	User      *struct{ User string } `json:"user,omitempty"`
}

type replies struct {
	Count  int64    `json:"count"`
	LastAt int64    `json:"last_at"`
	By     []string `json:"by"`
}

// reaction is the pair [emoji, [user, …]].
type reaction struct {
	emoji string
	users []string
}

func (r reaction) MarshalJSON() ([]byte, error) { return json.Marshal([]any{r.emoji, r.users}) }

func (r *reaction) UnmarshalJSON(b []byte) error {
	return json.Unmarshal(b, &[]any{&r.emoji, &r.users})
}

// request is what a client asks for; empty fields are left out.
type request struct {
	Type    string  `json:"type"`
	N       int64   `json:"n"`
	Token   string  `json:"token,omitempty"`
	Device  string  `json:"device,omitempty"`
	Epoch   string  `json:"epoch,omitempty"`
	Cursors [][]any `json:"cursors,omitempty"`
	Rooms   *bool   `json:"rooms,omitempty"`
	Room    string  `json:"room,omitempty"`
	After   *int64  `json:"after,omitempty"`
	ID      string  `json:"id,omitempty"`
	Limit   int64   `json:"limit,omitempty"`
	Key     string  `json:"key,omitempty"`
	Text    *string `json:"text,omitempty"`
	Thread  int64   `json:"thread,omitempty"`
	InRoom  bool    `json:"in_room,omitempty"`
	ReplyTo int64   `json:"reply_to,omitempty"`
	Target  int64   `json:"target,omitempty"`
	Emoji   string  `json:"emoji,omitempty"`
	Rev     int64   `json:"rev,omitempty"`
	On      *bool   `json:"on,omitempty"`
}

// line is one WebSocket connection. Frames come from next, in order.
type line struct{ ws *websocket.Conn }

// dialLine connects to the socket at addr; rcvbuf is the size of the kernel's
// receiving buffer, 0: as it likes.
func dialLine(ctx context.Context, addr string, rcvbuf int) (*line, error) {
	dialer := net.Dialer{}
	transport := &http.Transport{TLSClientConfig: testPair().trusting(), DialContext: func(ctx context.Context, network, at string) (net.Conn, error) {
		c, err := dialer.DialContext(ctx, network, at)
		if err == nil && rcvbuf > 0 {
			err = c.(*net.TCPConn).SetReadBuffer(rcvbuf)
		}
		return c, err
	}}
	ws, _, err := websocket.Dial(ctx, origin(addr)+"/api/v1/socket", &websocket.DialOptions{
		HTTPClient: &http.Client{Transport: transport}, Subprotocols: []string{"minichat.v1"},
	})
	if err != nil {
		return nil, err
	}
	ws.SetReadLimit(1 << 20) // the server sends no frame above 1 MiB
	return &line{ws: ws}, nil
}

func (l *line) say(ctx context.Context, r request) error {
	b, err := json.Marshal(r)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	return l.ws.Write(ctx, websocket.MessageText, b)
}

func (l *line) next(ctx context.Context) (frame, []byte, error) {
	var f frame
	_, raw, err := l.ws.Read(ctx)
	if err == nil {
		err = json.Unmarshal(raw, &f)
	}
	return f, raw, err
}

// until reads up to the first frame of one of the types. An error frame that is
// not asked for is an error.
func (l *line) until(ctx context.Context, types ...string) (frame, error) {
	for {
		f, raw, err := l.next(ctx)
		if err != nil {
			return f, fmt.Errorf("waiting for %s: %w", strings.Join(types, ", "), err)
		}
		if slices.Contains(types, f.Type) {
			return f, nil
		}
		if f.Type == "error" {
			return f, fmt.Errorf("waiting for %s: %s", strings.Join(types, ", "), raw)
		}
	}
}

// events are those of an events frame.
func (f *frame) events() ([]event, error) {
	var list []event
	err := json.Unmarshal(f.List, &list)
	return list, err
}

// code is the code of an error frame.
func (f *frame) code() string { return strings.Trim(string(f.Code), `"`) }

func (e *event) body() (body, error) {
	var b body
	err := json.Unmarshal(e.Body, &b)
	return b, err
}

func ptr[T any](v T) *T { return &v }
