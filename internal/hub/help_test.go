package hub

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"minichat"
	"minichat/internal/bus"
	"minichat/internal/protocol"
	"minichat/internal/socket"
)

// world is a log in memory, behind a real hub, bus and socket server.
type world struct {
	t   testing.TB
	hub *Hub
	bus bus.Bus
	srv *socket.Server
	ts  *httptest.Server
	who chan Client // the next connection's; test clients connect one at a time

	mu      sync.Mutex
	rooms   map[string]*testRoom
	epoch   string
	lose    func(seq int64) bool // what the bus does not bring
	feeding func()               // called before a page is read
	judging func()               // called before a watch is judged
	joined  func(*Session)       // called between Join and Start
	slow    bool                 // what is committed is not announced until announce
	unsaid  []bus.Message
	dials   sync.Mutex
	dialled []*client
}

type testRoom struct {
	minichat.Room
	events  []*minichat.Event
	members map[string]bool
	mu      sync.Mutex // one post after the other
}

func newWorld(t testing.TB, change ...func(*Options, *socket.Options)) *world {
	t.Helper()
	w := &world{t: t, bus: bus.Memory(), who: make(chan Client, 1), rooms: map[string]*testRoom{}, epoch: "e1"}
	o := Options{
		Bus: w.bus, Limits: minichat.DefaultLimits(), Gather: 40 * time.Millisecond, Spread: 10 * time.Millisecond,
		Log:   slog.New(slog.NewTextHandler(io.Discard, nil)),
		Epoch: func() string { return w.epoch }, EventID: w.eventID, Feed: w.feed, Room: w.roomFor, Judge: w.judge,
		Announced: func() { w.announce() },
	}
	so := socket.Options{Tick: 5 * time.Millisecond}
	for _, c := range change {
		c(&o, &so)
	}
	w.hub = New(o)
	w.srv = socket.New(so)
	w.ts = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if _, err := w.srv.Upgrade(rw, r, &socket.Accept{}, &testPeer{w: w}); err != nil {
			t.Errorf("upgrade: %v", err)
		}
	}))
	t.Cleanup(func() { w.srv.Close(); w.hub.Close(); w.ts.Close() })
	return w
}

func (w *world) addRoom(id string, members ...string) *testRoom {
	w.mu.Lock()
	defer w.mu.Unlock()
	r := &testRoom{Room: minichat.Room{ID: id, Kind: minichat.Private, Name: id}, members: map[string]bool{}}
	for _, m := range members {
		r.members[m] = true
	}
	w.rooms[id] = r
	return r
}

func eventID(seq int64) string { return fmt.Sprintf("id%d", seq) }

func (w *world) eventID(_ context.Context, room string, seq int64) (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if r := w.rooms[room]; r != nil && seq <= r.Head {
		return r.events[seq-1].ID, nil
	}
	return "", nil
}

func (w *world) feed(_ context.Context, room string, after int64, limit int) (*protocol.Page, error) {
	if w.feeding != nil {
		w.feeding()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	r := w.rooms[room]
	if r == nil {
		return nil, errors.New("no room")
	}
	p := &protocol.Page{Room: room, From: after + 1, To: after, Head: r.Head}
	for _, ev := range r.events[min(after, r.Head):] {
		if len(p.List) == limit {
			break
		}
		p.List = append(p.List, protocol.AppendPageEvent(nil, ev))
		p.To = ev.Seq
	}
	return p, nil
}

func (w *world) roomFor(_ context.Context, user, room string) (*minichat.Room, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	r := w.rooms[room]
	if r == nil || !r.members[user] {
		return nil, minichat.ErrNoRoom()
	}
	copied := r.Room
	return &copied, nil
}

func (w *world) judge(ctx context.Context, user, room string) (head, floor int64, err error) {
	if w.judging != nil {
		w.judging()
	}
	r, err := w.roomFor(ctx, user, room)
	if err != nil {
		return 0, 0, err
	}
	return r.Head, r.Floor, nil
}

// append commits an event and announces it, as the store's writer does.
func (w *world) append(room, by, key, kind string, body any) int64 {
	w.mu.Lock()
	r := w.rooms[room]
	w.mu.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	w.mu.Lock()
	r.Head++
	ev := &minichat.Event{Room: room, Seq: r.Head, ID: eventID(r.Head), Kind: kind, By: by, At: 1, Key: key, Body: body}
	r.events = append(r.events, ev)
	if m, ok := body.(minichat.MemberBody); ok {
		r.members[m.User.ID] = m.Change != minichat.Left && m.Change != minichat.Removed
	}
	m := bus.Message{Kind: bus.Event, Room: room, By: by, Event: ev, Data: protocol.AppendEvent(nil, ev)}
	lost := w.lose != nil && w.lose(ev.Seq)
	slow := w.slow
	if slow {
		w.unsaid = append(w.unsaid, m)
	}
	w.mu.Unlock()
	if !lost && !slow {
		w.bus.Publish(m)
	}
	return ev.Seq
}

// falter has announcements wait for announce.
func (w *world) falter() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.slow = true
}

// announce announces what waits for it.
func (w *world) announce() {
	w.mu.Lock()
	list := w.unsaid
	w.unsaid, w.slow = nil, false
	w.mu.Unlock()
	for _, m := range list {
		w.bus.Publish(m)
	}
}

func (w *world) post(room, by, text string) int64 {
	return w.append(room, by, "", minichat.KindMessage, minichat.MessageBody{Text: text, Rev: 1})
}

func (w *world) member(room, user, change string) int64 {
	return w.append(room, user, "", minichat.KindMember, minichat.MemberBody{User: minichat.User{ID: user}, Change: change})
}

// testPeer is what stands between socket and hub: a small httpd.
type testPeer struct {
	w       *world
	session *Session
}

func (p *testPeer) Text(c *socket.Conn, b []byte) {
	f, err := protocol.Decode(b, 16)
	if p.session == nil {
		hello, _ := f.Body.(*protocol.Hello)
		p.start(c, hello)
	}
	if err != nil {
		p.session.Send(protocol.AppendError(nil, &f.N, err))
		return
	}
	switch body := f.Body.(type) {
	case *protocol.Watch:
		p.session.Watch(context.Background(), f.N, *body)
	case *protocol.Unwatch:
		p.session.Unwatch(f.N, body.Room)
	case *protocol.Ping:
		p.session.Pong(f.N)
	case *protocol.Presence:
		p.session.Presence(f.N, body.State)
	case *protocol.Typing:
		by := p.session.User()
		p.w.bus.Publish(bus.Message{Kind: bus.Typing, Room: body.Room, By: by, Data: protocol.AppendSignalTyping(nil, body.Room, by, 0, 5000)})
	case *protocol.Post:
		p.session.Begin(body.Room, body.Key)
		go func() {
			seq := p.w.append(body.Room, p.session.User(), body.Key, minichat.KindMessage, minichat.MessageBody{Text: body.Text, Rev: 1})
			p.session.Answer(body.Room, body.Key, protocol.AppendOK(nil, f.N, protocol.OK{Seq: seq}))
		}()
	}
}

func (p *testPeer) start(c *socket.Conn, hello *protocol.Hello) {
	who := <-p.w.who
	s, err := p.w.hub.Join(c, who)
	if err != nil {
		p.w.t.Errorf("join: %v", err)
		return
	}
	p.session = s
	if p.w.joined != nil {
		p.w.joined(s)
	}
	var mine []minichat.Room
	if who.Follow {
		p.w.mu.Lock()
		for _, r := range p.w.rooms {
			if r.members[who.User] {
				mine = append(mine, r.Room)
			}
		}
		p.w.mu.Unlock()
	}
	var welcome []byte
	if who.Encoding == nil {
		welcome = []byte(`{"type":"welcome"}`)
	}
	s.Start(welcome, mine, hello.Epoch, hello.Cursors)
	if who.Encoding != nil {
		s.Replay("r", 0)
	}
}

func (p *testPeer) Closed(*socket.Conn) {
	if p.session != nil {
		p.session.Leave()
	}
}

// client is a stranger's client: another WebSocket implementation.
type client struct {
	t  testing.TB
	ws *websocket.Conn
	n  int64
}

// message is any frame of the server.
type message struct {
	Type, Kind, Room, Why, ID, By string
	Code                          any // a word, or the number of a bye
	N, Seq, From, To, Head, Count int64
	OnlineCount                   int64 `json:"online_count"`
	Online, On, Away, Off         []string
	List, Heads                   json.RawMessage
	Change                        string
	Raw                           string
}

func (m message) seqs() (list []int64) {
	switch m.Type {
	case "event":
		return []int64{m.Seq}
	case "events":
	default:
		return nil
	}
	for seq := m.From; seq <= m.To; seq++ {
		list = append(list, seq)
	}
	return list
}

func (w *world) dial(user string, change ...func(*Client)) *client {
	return w.dialSaying(user, `{"type":"hello","n":0}`, change...)
}

func (w *world) dialSaying(user, hello string, change ...func(*Client)) *client {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	ws, _, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(w.ts.URL, "http"), nil)
	if err != nil {
		w.t.Fatal(err)
	}
	ws.SetReadLimit(-1)
	w.t.Cleanup(func() { ws.CloseNow() })
	who := Client{User: user, ID: "s-" + user}
	for _, c := range change {
		c(&who)
	}
	c := &client{t: w.t, ws: ws}
	w.dials.Lock()
	defer w.dials.Unlock()
	w.dialled = append(w.dialled, c)
	w.who <- who
	if err := ws.Write(ctx, websocket.MessageText, []byte(hello)); err != nil {
		w.t.Fatal(err)
	}
	if who.Encoding == nil {
		c.next("welcome")
	}
	return c
}

func (c *client) say(format string, args ...any) {
	c.t.Helper()
	if err := c.ws.Write(context.Background(), websocket.MessageText, fmt.Appendf(nil, format, args...)); err != nil {
		c.t.Fatal(err)
	}
}

// read returns the next frame, or the close code.
func (c *client) read() (message, websocket.StatusCode) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	_, b, err := c.ws.Read(ctx)
	if err != nil {
		if ctx.Err() != nil {
			c.t.Fatal("nothing came in 20 s")
		}
		return message{}, websocket.CloseStatus(err)
	}
	var m message
	if err := json.Unmarshal(b, &m); err != nil {
		m.Type = "raw"
	}
	m.Raw = string(b)
	return m, 0
}

// next returns the next frame of one of the types; presence signals and heads
// between are not looked at unless asked for.
func (c *client) next(types ...string) message {
	c.t.Helper()
	for {
		m, code := c.read()
		if code != 0 {
			c.t.Fatalf("closed with %d, want %v", code, types)
		}
		if slices.Contains(types, m.Type) || slices.Contains(types, m.Type+" "+m.Kind) {
			return m
		}
		if m.Type != "heads" && m.Type != "signal" {
			c.t.Fatalf("got %s, want %v", m.Raw, types)
		}
	}
}

func (c *client) closed() websocket.StatusCode {
	c.t.Helper()
	for {
		if _, code := c.read(); code != 0 {
			return code
		}
	}
}

// watch watches and returns what came up to synced.
func (c *client) watch(room, extra string) (ok message, seqs []int64, synced message) {
	c.t.Helper()
	c.n++
	c.say(`{"type":"watch","n":%d,"room":%q%s}`, c.n, room, extra)
	ok = c.next("ok")
	for {
		m := c.next("events", "synced", "reset")
		if m.Type == "synced" {
			return ok, seqs, m
		}
		seqs = append(seqs, m.seqs()...)
	}
}

// fence makes sure that everything sent so far has arrived, and lists it.
func (c *client) fence() (came []message) {
	c.t.Helper()
	c.n++
	c.say(`{"type":"ping","n":%d}`, c.n)
	for {
		m, code := c.read()
		if code != 0 {
			c.t.Fatalf("closed with %d", code)
		}
		if m.Type == "pong" && m.N == c.n {
			return came
		}
		came = append(came, m)
	}
}

// collect reads events until seq, and checks that each comes once and in order.
func (c *client) collect(from, to int64) {
	c.t.Helper()
	for at := from; at <= to; {
		m := c.next("event", "events")
		for _, seq := range m.seqs() {
			if seq != at {
				c.t.Fatalf("got seq %d, want %d: %.200s", seq, at, m.Raw)
			}
			at++
		}
	}
}

func dense(from, to int64) (list []int64) {
	for ; from <= to; from++ {
		list = append(list, from)
	}
	return list
}

func following(c *Client) { c.Follow = true }

type sockOptions = socket.Options

func (w *world) headOf(room string) int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.rooms[room].Head
}

func unmarshal(b []byte, into any) error { return json.Unmarshal(b, into) }
