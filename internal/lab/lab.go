// Package lab speaks the wire of the classroom original on one channel: /chat,
// /upload and / (docs/protocol.md, "The lab protocol"). Nobody signs in; all
// share one author. It can be deleted with its one line in cmd.
package lab

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"

	"minichat"
	"minichat/internal/chat"
	"minichat/internal/hub"
	"minichat/internal/socket"
	"minichat/internal/store"
)

// Options are what New needs.
type Options struct {
	Room      string // name of the channel; "": no lab
	Store     *store.Store
	Chat      *chat.Chat
	Hub       *hub.Hub
	Socket    *socket.Server
	Limits    minichat.Limits
	PublicURL string                     // "": links name the host that the upload came to
	Addr      func(*http.Request) string // the client's address; nil: the connection's
	Log       *slog.Logger               // nil: none
}

// Lab is the door to one room.
type Lab struct {
	o        Options
	room     string
	author   minichat.User
	encoding *hub.Encoding
	gate     *gate
	base     atomic.Pointer[string] // scheme://host of the latest caller
}

// New finds or makes the room and tells the database that there is a lab, so
// that new people join it. With Room "" it tells that there is none and
// returns nil.
func New(ctx context.Context, o Options) (*Lab, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Addr == nil {
		o.Addr = peerAddr
	}
	if o.Room == "" {
		return nil, switchOff(ctx, o.Store)
	}
	name, err := minichat.CheckRoomName(o.Room)
	if err != nil {
		return nil, fmt.Errorf("lab room %q: %w", o.Room, err)
	}
	l := &Lab{o: o, gate: newGate(o.Limits)}
	l.encoding = &hub.Encoding{Event: l.appendEvent, Page: l.appendPage}
	err = o.Store.Write(ctx, func(tx *store.Tx) error {
		l.room, l.author, err = open(ctx, tx, name)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("open the lab room %q: %w", name, err)
	}
	return l, nil
}

func switchOff(ctx context.Context, st *store.Store) error {
	old, err := st.GetSetting(ctx, chat.SettingLab)
	if err != nil {
		return fmt.Errorf("read the lab room's id: %w", err)
	}
	if old == "" {
		return nil
	}
	err = st.Write(ctx, func(tx *store.Tx) error { return tx.SetSetting(ctx, chat.SettingLab, "") })
	if err != nil {
		return fmt.Errorf("switch the lab off: %w", err)
	}
	return nil
}

// open makes what is missing: the room, its author, and his place in it.
func open(ctx context.Context, tx *store.Tx, name string) (room string, author minichat.User, err error) {
	r, err := tx.FindChannel(ctx, name)
	if err != nil {
		return "", author, err
	}
	if r == nil {
		other, err := tx.FindRoomByName(ctx, name)
		if err != nil {
			return "", author, err
		}
		if other != nil {
			return "", author, minichat.Errorf(minichat.Conflict, "A private room has this name, and the lab is open to everybody. Give --lab-room another name.")
		}
	}
	if err := tx.EnsureLab(ctx); err != nil {
		return "", author, err
	}
	u, err := tx.GetUser(ctx, minichat.LabUser)
	if err != nil || u == nil {
		return "", author, fmt.Errorf("read the lab's author: %w", err)
	}
	if r != nil {
		room = r.ID
	} else if room, err = makeRoom(ctx, tx, name); err != nil {
		return "", author, err
	}
	if err := enter(ctx, tx, room); err != nil {
		return "", author, err
	}
	return room, *u, tx.SetSetting(ctx, chat.SettingLab, room)
}

func makeRoom(ctx context.Context, tx *store.Tx, name string) (string, error) {
	kind := minichat.Channel
	r := minichat.Room{ID: minichat.NewID(12), Kind: kind, Name: name}
	if err := tx.InsertRoom(ctx, r, minichat.LabUser); err != nil {
		return "", err
	}
	ev := &minichat.Event{Room: r.ID, Kind: minichat.KindRoom, By: minichat.LabUser,
		Body: minichat.RoomBody{Name: &name, Kind: &kind}}
	return r.ID, tx.Append(ctx, ev, nil)
}

// enter makes the author a member, in silence: he stands in no directory.
func enter(ctx context.Context, tx *store.Tx, room string) error {
	m, err := tx.GetMembership(ctx, room, minichat.LabUser)
	if err != nil || m != nil {
		return err
	}
	return tx.InsertMember(ctx, room, minichat.LabUser, "", tx.Now())
}

// Root answers a program that asks for / and leaves people to the page.
func (l *Lab) Root(page http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ask := r.Method == http.MethodGet || r.Method == http.MethodHead
		if !ask || r.URL.Path != "/" || strings.Contains(r.Header.Get("Accept"), "text/html") {
			page.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Access-Control-Allow-Origin", "*")
		w.Header().Set("Vary", "Accept")
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write([]byte("MiniChat backend running")) // the caller may have gone
	})
}

// baseOf is scheme://host as the caller sees this server.
func (l *Lab) baseOf(r *http.Request) string {
	if l.o.PublicURL != "" {
		return strings.TrimSuffix(l.o.PublicURL, "/")
	}
	base := "http://" + r.Host
	if r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https" { // which only a trusted proxy may say
		base = "https://" + r.Host
	}
	l.base.Store(&base)
	return base
}
