package socket

import (
	"bytes"
	"crypto/sha1"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"
)

// kernelBuffer bounds what the kernel keeps for one connection each way, so
// that peers who do not read cannot take the machine's memory.
const kernelBuffer = 128 << 10

// Accept says how requests are to be upgraded; all connections of one door share
// one, which stays as it is.
type Accept struct {
	Subprotocol string        // that the client must offer; "": none
	ReadLimit   int64         // bytes of one message, until Ready; 0: any number
	ReadyWithin time.Duration // until Ready must be called, else 4001; 0: no such rule
	Flood       []byte        // payload of a text frame to send before a 4009; nil: none
}

// HandshakeError is a request that cannot be upgraded. Nothing was answered yet.
type HandshakeError struct {
	Status  int
	Code    string // bad_handshake, bad_subprotocol, method_not_allowed, shutting_down
	Message string
	Header  http.Header // to be set on the answer
}

func (e *HandshakeError) Error() string { return e.Message }

func refuse(status int, code, message string, header ...string) *HandshakeError {
	e := &HandshakeError{Status: status, Code: code, Message: message, Header: http.Header{}}
	for i := 0; i+1 < len(header); i += 2 {
		e.Header.Set(header[i], header[i+1])
	}
	return e
}

// Upgrade answers the handshake in r and takes the connection from net/http.
// The error is a *HandshakeError when nothing was answered yet, so that the
// caller must; with any other the connection is lost. Who may connect, and from
// which origin, is the caller's to judge before.
func (s *Server) Upgrade(w http.ResponseWriter, r *http.Request, a *Accept, h Handler) (*Conn, error) {
	key, bad := check(r, a.Subprotocol)
	if bad != nil {
		return nil, bad
	}
	if w := replyOf(w); w != nil {
		c, err := w.upgrade(a, h, answer(key, a.Subprotocol))
		if err == nil {
			s.welcome(c)
		}
		return c, err
	}
	nc, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return nil, fmt.Errorf("take over the connection: %w", err)
	}
	rest, _ := rw.Reader.Peek(rw.Reader.Buffered()) // cannot fail: it is there
	rest = bytes.Clone(rest)
	if b, ok := nc.(*begun); ok {
		nc, rest = b.TCPConn, append(rest, b.came...)
	}
	if err := nc.SetDeadline(time.Time{}); err != nil {
		nc.Close()
		return nil, fmt.Errorf("clear the deadline: %w", err)
	}
	bound(nc)
	c := &Conn{srv: s, as: a, handler: h}
	c.limit.Store(a.ReadLimit)
	c.heard.Store(s.now())
	return c, s.begin(c, nc, answer(key, a.Subprotocol), rest)
}

// settle finds a poller for the connection, if it has a descriptor.
func (s *Server) settle(c *Conn, nc net.Conn) {
	fd, ok := int32(0), false
	tcp, sec := plain(nc)
	if tcp != nil && len(s.pollers) > 0 {
		fd, ok = takeOver(tcp)
	}
	if !ok {
		c.link = &link{nc: nc}
		return
	}
	if c.fd = fd; sec != nil {
		c.link = &link{sec: sec}
		sec.wire.taken, sec.wire.fd = true, fd
	}
}

// poller is whose a descriptor of ours is.
func (c *Conn) poller() *poller { return c.srv.pollers[int(c.fd)%len(c.srv.pollers)] }

// begin sends the answer and starts reading.
func (s *Server) begin(c *Conn, nc net.Conn, answer, rest []byte) error {
	if _, err := nc.Write(answer); err != nil {
		nc.Close()
		return fmt.Errorf("answer the handshake: %w", err)
	}
	s.settle(c, nc)
	if !s.wheel.add(c) {
		c.hangUp()
		return ErrClosed
	}
	s.welcome(c)
	if c.polled() {
		c.join(rest)
	} else {
		go c.read(rest) // a goroutine that has not the grown stack of the handshake
	}
	return nil
}

// welcome begins a WebSocket's life, before its first byte is read: who is refused
// is not heard.
func (s *Server) welcome(c *Conn) {
	s.opened.Add(1)
	if s.o.Full() {
		s.refused.Add(1)
		c.Close(1013, "the server is full")
	}
	if c.as.ReadyWithin > 0 {
		c.deadline(&c.readyBy, s.ticks(c.as.ReadyWithin))
	}
}

// What a http.Header calls them; to ask it in the form of RFC 6455 would make a
// string each time.
const (
	versionKey  = "Sec-Websocket-Version"
	keyKey      = "Sec-Websocket-Key"
	protocolKey = "Sec-Websocket-Protocol"
)

func check(r *http.Request, subprotocol string) (key string, bad *HandshakeError) {
	h := r.Header
	switch {
	case r.Method != http.MethodGet:
		return "", refuse(405, "method_not_allowed", "A WebSocket is opened by GET.", "Allow", "GET")
	case r.ProtoMajor != 1 || !hasToken(h, "Upgrade", "websocket") || !hasToken(h, "Connection", "upgrade"):
		return "", refuse(400, "bad_handshake", "Open this address as a WebSocket.")
	case len(h[versionKey]) != 1 || h[versionKey][0] != "13":
		return "", refuse(426, "bad_handshake", "Use version 13 of the WebSocket protocol.",
			"Sec-WebSocket-Version", "13", "Upgrade", "websocket", "Connection", "Upgrade")
	}
	keys := h[keyKey]
	if len(keys) != 1 || !isKey(keys[0]) {
		return "", refuse(400, "bad_handshake", "Send one Sec-WebSocket-Key of 16 bytes in base64.")
	}
	if subprotocol != "" && !hasToken(h, protocolKey, subprotocol) {
		return "", refuse(400, "bad_subprotocol", "Offer the subprotocol "+subprotocol+".")
	}
	return keys[0], nil
}

func isKey(s string) bool {
	b, err := base64.StdEncoding.DecodeString(s)
	return err == nil && len(b) == 16
}

// hasToken reports whether a comma-separated header, of the form in which a
// http.Header has it, names token.
func hasToken(h http.Header, name, token string) bool {
	for _, line := range h[name] {
		for part := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(part), token) {
				return true
			}
		}
	}
	return false
}

// answerBytes is what an answer with a subprotocol's name takes.
const answerBytes = 192

func answer(key, subprotocol string) []byte {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	b := append(make([]byte, 0, answerBytes), "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "...)
	b = base64.StdEncoding.AppendEncode(b, sum[:])
	if subprotocol != "" {
		b = append(append(b, "\r\nSec-WebSocket-Protocol: "...), subprotocol...)
	}
	return append(b, "\r\n\r\n"...)
}

// base is the connection below TLS: to close it never waits for the peer.
func base(nc net.Conn) net.Conn {
	if t, ok := nc.(*tls.Conn); ok {
		return t.NetConn()
	}
	return nc
}

// bound sets the kernel's buffers. It is an economy: a failure changes nothing else.
func bound(nc net.Conn) {
	if t, ok := base(nc).(interface {
		SetWriteBuffer(int) error
		SetReadBuffer(int) error
	}); ok {
		t.SetWriteBuffer(kernelBuffer)
		t.SetReadBuffer(kernelBuffer)
	}
}
