package lab

import (
	"context"
	"errors"
	"net/http"

	"golang.org/x/time/rate"

	"minichat"
	"minichat/internal/hub"
	"minichat/internal/protocol"
	"minichat/internal/socket"
)

const (
	closeRestart = 1012
	postTries    = 3 // of a message whose fate is unknown; its key keeps it from appearing twice
)

// visitor is one connection of the classroom's page.
type visitor struct {
	lab     *Lab
	addr    string
	network *address
	posts   *rate.Limiter
	ctx     context.Context // ends with the connection
	end     context.CancelFunc

	joined  chan struct{} // closed when session is set, or never will be
	session *hub.Session
}

// Chat upgrades a request for /chat: first the room's history, then what comes.
// Cookies and the page's origin make no difference.
func (l *Lab) Chat(w http.ResponseWriter, r *http.Request) {
	addr := l.o.Addr(r)
	network, ok := l.gate.enter(addr, true)
	if !ok {
		http.Error(w, "There are too many connections from your address.", http.StatusTooManyRequests)
		return
	}
	l.baseOf(r)
	ctx, end := context.WithCancel(context.WithoutCancel(r.Context()))
	v := &visitor{lab: l, addr: addr, network: network, posts: bucket(l.o.Limits.LabPostsPerSecond),
		ctx: ctx, end: end, joined: make(chan struct{})}
	c, err := l.o.Socket.Upgrade(w, r, &socket.Accept{ReadLimit: l.o.Limits.FrameBytes}, v)
	if err != nil {
		end()
		l.gate.leave(addr, true)
		if refused, ok := errors.AsType[*socket.HandshakeError](err); ok {
			for name, values := range refused.Header {
				w.Header()[name] = values
			}
			http.Error(w, refused.Message, refused.Status)
		}
		return
	}
	v.join(c)
}

func (v *visitor) join(c *socket.Conn) {
	defer close(v.joined)
	l := v.lab
	after, err := l.historyAfter(v.ctx)
	if err == nil {
		v.session, err = l.o.Hub.Join(c, hub.Client{User: l.author.ID, ID: minichat.NewID(22), Encoding: l.encoding})
	}
	if err != nil {
		c.Close(closeRestart, "The server is about to stop.")
		return
	}
	v.session.Start(nil, nil, "", nil)
	v.session.Replay(l.room, after)
}

// historyAfter is where the history begins: behind it there are as many messages as
// there may be in it, if there are.
func (l *Lab) historyAfter(ctx context.Context) (int64, error) {
	if l.o.Limits.LabHistory == 0 {
		return 0, nil
	}
	seq, err := l.o.Store.GetMessageFromEnd(ctx, l.room, l.o.Limits.LabHistory)
	return max(0, seq-1), err
}

// Text takes one message. What is wrong with it, its sender alone is told.
func (v *visitor) Text(c *socket.Conn, b []byte) {
	<-v.joined
	if len(b) == 0 || v.session == nil {
		return
	}
	text := string(b)
	if wait(v.ctx, v.posts, v.network.posts) != nil {
		return // the connection is over
	}
	if err := v.lab.post(v.ctx, protocol.Post{Text: text}); err != nil {
		v.session.Send([]byte(v.lab.words(err)))
	}
}

// Closed is the last that is heard of the connection.
func (v *visitor) Closed(*socket.Conn) {
	v.end()
	<-v.joined
	if v.session != nil {
		v.session.Leave()
	}
	v.lab.gate.leave(v.addr, true)
}

// post adds a message of the lab's author to its room.
func (l *Lab) post(ctx context.Context, p protocol.Post) error {
	p.Room, p.Key = l.room, minichat.NewID(32)
	var err error
	for range postTries {
		_, err = l.o.Chat.Post(ctx, l.author, p)
		if e, ok := errors.AsType[*minichat.Error](err); !ok || !e.Unknown {
			return err
		}
	}
	return err
}

// words is what a person may read of err; the rest is for the log.
func (l *Lab) words(err error) string {
	if e, ok := errors.AsType[*minichat.Error](err); ok {
		return e.Message
	}
	l.o.Log.Error("lab", "error", err)
	return "Something went wrong on the server. It has been logged."
}
