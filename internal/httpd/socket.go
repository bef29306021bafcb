package httpd

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"minichat"
	"minichat/internal/auth"
	"minichat/internal/hub"
	"minichat/internal/protocol"
	"minichat/internal/socket"
)

// helloWithin is how long a new connection may stay silent.
const helloWithin = 5 * time.Second

// peer is one connection of the protocol: who it is once it has said hello, and
// what it asked for.
type peer struct {
	s      *Server
	addr   string
	cookie string // the session's cookie that came with the upgrade, "" when none
	ctx    context.Context
	cancel context.CancelFunc

	// Only the reading goroutine touches these; who is read by others once session is set.
	bad      int64 // malformed frames in the minute that began at badSince
	badSince time.Time

	mu      sync.Mutex
	session *hub.Session // nil before hello
	who     auth.Identity
	lanes   lanes
}

// serveSocket upgrades GET /api/v1/socket.
func (s *Server) serveSocket(w http.ResponseWriter, r *http.Request) {
	p, err := s.admit(r)
	if err != nil {
		writeProblem(w, err)
		return
	}
	if err := s.enter(p.addr); err != nil {
		writeProblem(w, err)
		return
	}
	within(w, 0) // from here on the socket keeps its own time
	_, err = s.o.Socket.Upgrade(w, r, socket.Accept{
		Handler: p, Subprotocol: protocol.Subprotocol, ReadLimit: s.o.Limits.HelloBytes, ReadyWithin: helloWithin,
		Flood: protocol.AppendBye(nil, 4009, "Too many frames in too short a time.", 60_000),
	})
	if err == nil {
		return
	}
	p.cancel()
	s.leave(p.addr, false)
	if refused, ok := errors.AsType[*socket.HandshakeError](err); ok {
		for name, values := range refused.Header {
			w.Header()[name] = values
		}
		writeStatus(w, refused.Status, minichat.Errorf(minichat.Code(refused.Code), "%s", refused.Message))
	}
}

// admit judges what comes before the upgrade. Foreign origins were refused
// before; a cookie needs an origin that is ours.
func (s *Server) admit(r *http.Request) (*peer, error) {
	for name := range r.URL.Query() {
		if strings.Contains(strings.ToLower(name), "token") || strings.EqualFold(name, "authorization") {
			return nil, minichat.Errorf(tokenInURL, "Never put a token into an address, where it is written down by others. Send it in hello.")
		}
		return nil, minichat.FieldError(minichat.UnknownField, cut(name, 64), "There is no such parameter here.")
	}
	p := &peer{s: s, addr: ClientAddr(r)}
	kin, _ := r.Context().Value(kinKey{}).(kinship)
	if cookie, err := r.Cookie(s.cookie); err == nil && kin != listed {
		if r.Header.Get("Origin") == "" {
			return nil, minichat.Errorf(minichat.Forbidden, "A socket with a cookie needs an Origin.")
		}
		p.cookie = cookie.Value
	}
	// The connection outlives the request that began it.
	p.ctx, p.cancel = context.WithCancel(context.Background())
	return p, nil
}

// Text takes one frame of the client, one at a time.
func (p *peer) Text(c *socket.Conn, b []byte) {
	f, err := protocol.Decode(b, p.s.o.Limits.JSONDepth)
	if p.session == nil {
		p.first(c, f, err)
		return
	}
	if err != nil {
		p.session.Send(protocol.AppendError(nil, answerTo(f), err))
		p.malformed()
		return
	}
	p.s.metrics.frames.WithLabelValues(f.Type).Inc()
	p.dispatch(f)
}

func answerTo(f protocol.Frame) *int64 {
	if !f.HasN {
		return nil
	}
	return &f.N
}

// malformed counts a frame that could not be understood, and ends the
// connection when a minute has seen too many.
func (p *peer) malformed() {
	now := time.Now()
	if now.Sub(p.badSince) > time.Minute {
		p.bad, p.badSince = 0, now
	}
	p.bad++
	if limit := p.s.o.Limits.BadFramesPerMinute; limit > 0 && p.bad >= limit {
		p.session.Flood(time.Minute.Milliseconds())
	}
}

// Closed is the last that is heard of a connection.
func (p *peer) Closed(*socket.Conn) {
	p.cancel()
	p.s.leave(p.addr, p.session != nil)
	if p.session != nil {
		p.s.forget(p)
		p.session.Leave()
	}
}
