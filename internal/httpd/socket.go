package httpd

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"minichat"
	"minichat/internal/hub"
	"minichat/internal/protocol"
	"minichat/internal/proxy"
	"minichat/internal/socket"
)

// helloWithin is how long a new connection may stay silent.
const helloWithin = 5 * time.Second

// SocketPaths are where WebSockets are opened, the lab's included.
var SocketPaths = []string{v1 + "/socket", "/chat"}

// peer is one connection of the protocol. There may be very many that do
// nothing, so it holds as little as can be.
//
// What a connection asks for runs to its end even when the connection does not:
// its context is nobody's to cancel, and whatever waits for the peer itself
// ends with the connection.
type peer struct {
	s       *Server
	place   *places
	session *hub.Session // nil before hello
	cookie  *string      // the session's cookie that came with the upgrade; nil: none, or after hello
	lanes   lanes

	// Only whoever reads the connection touches these.
	bad      int32  // malformed frames in the minute that began at badSince
	badSince uint32 // seconds since 1970
}

// serveSocket upgrades GET /api/v1/socket.
func (s *Server) serveSocket(w http.ResponseWriter, r *http.Request) {
	p, err := s.admit(r)
	if err == nil {
		p.place, err = s.enter(proxy.Network(ClientAddr(r)))
	}
	if err != nil {
		s.fault(r, err)
		writeProblem(w, err)
		return
	}
	within(w, 0) // from here on the socket keeps its own time
	if _, err = s.o.Socket.Upgrade(w, r, s.door, p); err == nil {
		return
	}
	s.leave(p.place, false)
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
	p := &peer{s: s}
	if cookie, err := r.Cookie(s.cookie); err == nil && s.kinshipOf(r) != listed {
		if r.Header.Get("Origin") == "" {
			return nil, minichat.Errorf(minichat.Forbidden, "A socket with a cookie needs an Origin.")
		}
		value := strings.Clone(cookie.Value) // not the whole header
		p.cookie = &value
	}
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
	if now := uint32(time.Now().Unix()); now-p.badSince > 60 {
		p.bad, p.badSince = 0, now
	}
	p.bad++
	if limit := p.s.o.Limits.BadFramesPerMinute; limit > 0 && int64(p.bad) >= limit {
		p.session.Flood(time.Minute.Milliseconds())
	}
}

// Closed is the last that is heard of a connection.
func (p *peer) Closed(*socket.Conn) {
	p.lanes.close()
	p.s.leave(p.place, p.session != nil)
	if p.session != nil {
		p.session.Leave()
	}
}
