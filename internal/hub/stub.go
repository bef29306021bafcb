// Package hub keeps the live sessions by room and delivers to them.
package hub

import (
	"context"
	"log/slog"

	"minichat"
	"minichat/internal/bus"
	"minichat/internal/protocol"
	"minichat/internal/socket"
)

type Hub struct{}
type Options struct {
	Log     *slog.Logger
	Limits  minichat.Limits
	Bus     bus.Bus
	Epoch   func() string
	EventID func(ctx context.Context, room string, seq int64) (string, error)
	Feed    func(ctx context.Context, room string, after int64, limit int) (*protocol.Page, error)
	Room    func(ctx context.Context, user, room string) (*minichat.Room, error)
}
type Encoding struct {
	Event func(dst []byte, ev *minichat.Event) []byte
	Page  func(dst []byte, p *protocol.Page) []byte
}
type Client struct {
	User     minichat.User
	ID       string
	Device   string
	Follow   bool
	Encoding *Encoding
}
type Session struct{}
type Stats struct{}

func New(o Options) *Hub                                                { return &Hub{} }
func (h *Hub) Join(c *socket.Conn, who Client) (*Session, error)        { return nil, nil }
func (h *Hub) End(user, session string, code int, reason string) int    { return 0 }
func (h *Hub) Clients() []Client                                        { return nil }
func (h *Hub) Sweep(ctx context.Context, heads map[string]int64)        {}
func (h *Hub) Drain(ctx context.Context, reason string)                 {}
func (h *Hub) Close() error                                             { return nil }
func (h *Hub) Stats() Stats                                             { return Stats{} }
func (s *Session) Start(welcome []byte, rooms []minichat.Room)          {}
func (s *Session) Resume(epoch string, cursors []protocol.Cursor)       {}
func (s *Session) Watch(ctx context.Context, n int64, w protocol.Watch) {}
func (s *Session) Unwatch(n int64, room string)                         {}
func (s *Session) Pong(n int64)                                         {}
func (s *Session) Presence(n int64, state string)                       {}
func (s *Session) Begin(room, key string)                               {}
func (s *Session) Answer(room, key string, payload []byte)              {}
func (s *Session) Send(payload []byte)                                  {}
func (s *Session) User() minichat.User                                  { return minichat.User{} }
func (s *Session) ID() string                                           { return "" }
func (s *Session) Device() string                                       { return "" }
func (s *Session) Flood(retryMS int64)                                  {}
func (s *Session) Leave()                                               {}
func (s *Session) Replay(room string, after int64)                      {}
