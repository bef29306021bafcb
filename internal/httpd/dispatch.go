package httpd

import (
	"context"
	"fmt"
	"runtime/debug"

	"minichat"
	"minichat/internal/chat"
	"minichat/internal/protocol"
	"minichat/internal/store"
)

// plain are the requests that are answered on the reading goroutine, in order.
var plain = map[string]func(*peer, protocol.Frame){
	"hello": func(p *peer, f protocol.Frame) {
		p.fail(f, minichat.Errorf(minichat.BadFrame, "You have said hello already."))
	},
	"watch":    func(p *peer, f protocol.Frame) { p.session.Watch(context.Background(), f.N, *f.Body.(*protocol.Watch)) },
	"unwatch":  func(p *peer, f protocol.Frame) { p.session.Unwatch(f.N, f.Body.(*protocol.Unwatch).Room) },
	"ping":     func(p *peer, f protocol.Frame) { p.session.Pong(f.N) },
	"presence": func(p *peer, f protocol.Frame) { p.session.Presence(f.N, f.Body.(*protocol.Presence).State) },
	"pull":     (*peer).pull,
	"read":     (*peer).read,
	"typing":   (*peer).typing,
}

// keyed are the requests that change a room's log. Those of one room are done in
// the order in which they came, beside those of other rooms.
var keyed = map[string]func(*chat.Chat, any) keyedRequest{
	"post": func(c *chat.Chat, body any) keyedRequest {
		p := body.(*protocol.Post)
		return keyedRequest{p.Room, p.Key, func(ctx context.Context, u minichat.User) (chat.Result, error) { return c.Post(ctx, u, *p) }}
	},
	"edit": func(c *chat.Chat, body any) keyedRequest {
		p := body.(*protocol.Edit)
		return keyedRequest{p.Room, p.Key, func(ctx context.Context, u minichat.User) (chat.Result, error) { return c.Edit(ctx, u, *p) }}
	},
	"delete": func(c *chat.Chat, body any) keyedRequest {
		p := body.(*protocol.Delete)
		return keyedRequest{p.Room, p.Key, func(ctx context.Context, u minichat.User) (chat.Result, error) { return c.Delete(ctx, u, *p) }}
	},
	"pin": func(c *chat.Chat, body any) keyedRequest {
		p := body.(*protocol.Pin)
		return keyedRequest{p.Room, p.Key, func(ctx context.Context, u minichat.User) (chat.Result, error) { return c.Pin(ctx, u, *p) }}
	},
	"react": func(c *chat.Chat, body any) keyedRequest {
		p := body.(*protocol.React)
		return keyedRequest{p.Room, p.Key, func(ctx context.Context, u minichat.User) (chat.Result, error) { return c.React(ctx, u, *p) }}
	},
}

// keyedRequest is one change of a room's log, not yet done.
type keyedRequest struct {
	room, key string
	do        func(context.Context, minichat.User) (chat.Result, error)
}

// dispatch starts a request of somebody who has said hello.
func (p *peer) dispatch(f protocol.Frame) {
	if answer := plain[f.Type]; answer != nil {
		answer(p, f)
		return
	}
	make := keyed[f.Type]
	if make == nil {
		p.fail(f, minichat.FieldError(minichat.UnknownType, "type", "There is no request of type %q.", f.Type))
		return
	}
	k := make(p.s.o.Chat, f.Body)
	if !p.lanes.start(k.room, p.s.o.Limits.UnansweredRequests, func(pass func()) { p.change(f, k, pass) }) {
		e := minichat.Errorf(minichat.RateLimited, "Too many requests wait for an answer.")
		e.RetryMS = 1000
		p.fail(f, e)
	}
}

// change does one keyed request and answers it; the event that it makes waits
// on this connection for the answer.
func (p *peer) change(f protocol.Frame, k keyedRequest, queued func()) {
	var payload []byte
	p.session.Begin(k.room, k.key)
	defer func() {
		if v := recover(); v != nil {
			p.s.metrics.panics.Inc()
			p.fault(f.Type, fmt.Errorf("panic: %v\n%s", v, debug.Stack()))
			payload = protocol.AppendError(nil, &f.N, minichat.Errorf(minichat.Internal, "Something went wrong on the server. It has been logged."))
		}
		p.session.Answer(k.room, k.key, payload)
	}()
	r, err := k.do(store.WithQueued(context.Background(), queued), p.user())
	if err != nil {
		p.fault(f.Type, err)
		payload = protocol.AppendError(nil, &f.N, err)
		return
	}
	payload = protocol.AppendOK(nil, f.N, protocol.OK{Seq: r.Seq, ID: r.ID, At: r.At, Dup: r.Dup, Rev: r.Rev})
}

// user is who asks; what he is and may is judged by what is read then.
func (p *peer) user() minichat.User { return minichat.User{ID: p.session.User()} }

func (p *peer) pull(f protocol.Frame) {
	q := f.Body.(*protocol.Pull)
	limit := 0
	if q.Limit != nil {
		limit = int(*q.Limit)
	}
	page, err := p.s.o.Chat.Events(context.Background(), p.user(), q.Room, q.After, q.Before, limit)
	if err != nil {
		p.fail(f, err)
		return
	}
	p.session.Send(protocol.AppendEvents(nil, &f.N, page))
}

func (p *peer) read(f protocol.Frame) {
	if err := p.s.o.Chat.MarkRead(context.Background(), p.user(), *f.Body.(*protocol.Read)); err != nil {
		p.fail(f, err)
		return
	}
	p.session.Send(protocol.AppendOK(nil, f.N, protocol.OK{}))
}

// typing has no answer, not even when it was refused.
func (p *peer) typing(f protocol.Frame) {
	if err := p.s.o.Chat.Typing(context.Background(), p.user(), *f.Body.(*protocol.Typing)); err != nil {
		p.fault(f.Type, err)
	}
}

// fail answers a request with its error.
func (p *peer) fail(f protocol.Frame, err error) {
	p.fault(f.Type, err)
	p.session.Send(protocol.AppendError(nil, answerTo(f), err))
}

// fault logs what the operator has to know of.
func (p *peer) fault(what string, err error) {
	e := public(err)
	p.s.metrics.refused.WithLabelValues(string(e.Code)).Inc()
	if statusOf(e.Code) >= 500 {
		p.s.o.Log.Error("request failed", "socket", what, "code", string(e.Code), "err", err)
	}
}
