package httpd

import (
	"context"
	"sync"

	"minichat"
	"minichat/internal/auth"
	"minichat/internal/hub"
	"minichat/internal/protocol"
	"minichat/internal/socket"
)

// welcomeRooms is how many rooms a welcome lists; the rest is read by HTTP.
const welcomeRooms = 200

// welcomeBytes is about what a welcome without rooms takes.
const welcomeBytes = 2 << 10

// welcomes are buffers for them; much larger ones are not kept.
var welcomes = sync.Pool{New: func() any { b := make([]byte, 0, welcomeBytes); return &b }}

// first takes what comes before the connection has said hello: a hello, or the
// connection ends. One that is wrong in a detail may be said again.
func (p *peer) first(c *socket.Conn, f protocol.Frame, err error) {
	if f.Type != "hello" {
		c.Close(4001, "say hello first")
		return
	}
	hello, ok := f.Body.(*protocol.Hello)
	if limit := p.s.o.Limits.WatchedRooms; err == nil && ok && limit > 0 && int64(len(hello.Cursors)) > limit {
		err = minichat.FieldError(minichat.TooMany, "cursors", "There may be at most %d of them.", limit)
	}
	if err != nil || !ok {
		c.Write(socket.AppendText(nil, protocol.AppendError(nil, answerTo(f), err)))
		return
	}
	p.hello(c, f.N, hello)
}

func (p *peer) hello(c *socket.Conn, n int64, hello *protocol.Hello) {
	partings := p.s.o.Store.Partings()
	who, err := p.identify(hello.Token)
	if err != nil {
		p.refuse(c, err)
		return
	}
	session, err := p.s.o.Hub.Join(c, hub.Client{User: who.User.ID, ID: who.Session, Token: who.Kind == auth.KindToken, Follow: hello.Rooms == nil || *hello.Rooms})
	if err != nil {
		c.Close(1012, "the server is about to restart")
		return
	}
	p.session = session
	p.s.settle(p.place)
	// Who was signed out between the question and the joining was not there to be ended.
	if p.s.o.Store.Partings() != partings {
		if who, err = p.identify(hello.Token); err != nil {
			p.refuse(c, err)
			return
		}
	}
	rooms, more, err := p.rooms(hello, who.User)
	if err != nil {
		p.refuse(c, err)
		return
	}
	p.cookie = nil // it has done its work
	c.Ready(p.s.o.Limits.FrameBytes)
	buf := welcomes.Get().(*[]byte)
	welcome := p.welcome((*buf)[:0], n, who.User, rooms)
	session.Start(welcome, more, hello.Epoch, hello.Cursors)
	if cap(welcome) <= 2*welcomeBytes {
		*buf = welcome
	}
	welcomes.Put(buf)
}

// identify finds out who is asking by the token of hello, else by the cookie.
func (p *peer) identify(token string) (auth.Identity, error) {
	switch {
	case token != "":
		return p.s.o.Auth.ByToken(context.Background(), token)
	case p.cookie != nil:
		return p.s.o.Auth.ByCookie(context.Background(), *p.cookie)
	}
	return auth.Identity{}, errUnauthenticated()
}

// refuse ends a connection that could not be let in.
func (p *peer) refuse(c *socket.Conn, err error) {
	if minichat.CodeOf(err) == minichat.Unauthenticated {
		c.Close(4002, "the token is not valid")
		return
	}
	p.fault("hello", err)
	c.Close(1013, "try again later")
}

// rooms reads all my rooms: the first ones for the welcome, all for the hub.
// Who does not follow them gets neither.
func (p *peer) rooms(hello *protocol.Hello, u minichat.User) (first, all []minichat.Room, err error) {
	if hello.Rooms != nil && !*hello.Rooms {
		return nil, nil, nil
	}
	all = []minichat.Room{}
	for after := ""; ; {
		page, err := p.s.o.Chat.Rooms(context.Background(), u, after, welcomeRooms)
		if err != nil {
			return nil, nil, err
		}
		all = append(all, page.List...)
		if after = page.Next; after == "" {
			break
		}
	}
	return all[:min(len(all), welcomeRooms)], all, nil
}

func (p *peer) welcome(dst []byte, n int64, u minichat.User, rooms []minichat.Room) []byte {
	return protocol.AppendWelcome(dst, n, protocol.Welcome{
		Conn: minichat.NewID(16), Epoch: p.s.o.Store.Epoch(), User: u, Rooms: rooms,
		Limits: p.s.limitsJSON, HeartbeatMS: p.s.o.PingEvery.Milliseconds(), Server: "minichat/" + p.s.o.Version,
	})
}
