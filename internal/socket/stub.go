// Package socket is a WebSocket server (RFC 6455).
package socket

import (
	"log/slog"
	"net"
	"net/http"
	"time"
)

type Options struct{ Log *slog.Logger }
type Server struct{}

func New(o Options) *Server    { return &Server{} }
func (s *Server) Close() error { return nil }
func (s *Server) Stats() Stats { return Stats{} }

type Stats struct{ Connections int64 }
type Handler interface {
	Text(c *Conn, b []byte)
	Closed(c *Conn)
}
type Accept struct {
	Handler     Handler
	Subprotocol string
	ReadLimit   int64
	ReadyWithin time.Duration
	Flood       []byte
}
type HandshakeError struct {
	Status  int
	Code    string
	Message string
	Header  http.Header
}

func (e *HandshakeError) Error() string { return e.Message }
func (s *Server) Upgrade(w http.ResponseWriter, r *http.Request, a Accept) (*Conn, error) {
	return nil, nil
}

type Conn struct{}

func (c *Conn) Ready(limit int64)             {}
func (c *Conn) Write(frames []byte) bool      { return false }
func (c *Conn) Send(frames []byte) error      { return nil }
func (c *Conn) Close(code int, reason string) {}
func (c *Conn) Drained() <-chan struct{}      { return nil }
func (c *Conn) Done() <-chan struct{}         { return nil }
func (c *Conn) RemoteAddr() net.Addr          { return nil }
func (c *Conn) IdleMS() int64                 { return 0 }
func (c *Conn) SetData(v any)                 {}
func (c *Conn) Data() any                     { return nil }
func AppendText(dst, payload []byte) []byte   { return nil }
