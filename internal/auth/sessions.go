package auth

import (
	"context"
	"fmt"
	"time"

	"minichat"
	"minichat/internal/bus"
	"minichat/internal/store"
)

// A session lives for 30 days after its last use; a use is written at most
// every ten minutes, since a write costs an fsync.
const (
	sessionTTL  = 30 * 24 * 3600 * 1000 // ms
	usedAtOnce  = 1000                  // are written without waiting for the minute
	usedEvery   = 10 * 60 * 1000        // ms
	deviceRunes = 64
)

// Session is one place where somebody is signed in.
type Session struct {
	ID        string `json:"id"`
	Device    string `json:"device,omitempty"`
	Addr      string `json:"addr,omitempty"`
	CreatedAt int64  `json:"created_at"`
	UsedAt    int64  `json:"used_at"`
	ExpiresAt int64  `json:"expires_at"`
	Current   bool   `json:"current,omitempty"`
}

func errUnauthenticated() error {
	return minichat.Errorf(minichat.Unauthenticated, "Sign in to do this.")
}

// ByCookie tells who holds the secret of a session.
func (a *Auth) ByCookie(ctx context.Context, value string) (Identity, error) {
	if !isSecret(value) {
		return Identity{}, errUnauthenticated()
	}
	return a.bySession(ctx, hashSecret(value))
}

// ByToken tells who holds a bearer token or the secret of a session.
func (a *Auth) ByToken(ctx context.Context, bearer string) (Identity, error) {
	if !isSecret(bearer) {
		return Identity{}, errUnauthenticated()
	}
	hash := hashSecret(bearer)
	t, u, err := a.st.GetTokenByHash(ctx, hash)
	if err != nil {
		return Identity{}, fmt.Errorf("look for a token: %w", err)
	}
	if t == nil {
		return a.bySession(ctx, hash)
	}
	if u.Disabled {
		return Identity{}, errUnauthenticated()
	}
	a.markUsed(KindToken, t.ID, t.SeenAt)
	return Identity{User: *u, Session: t.ID, Kind: KindToken}, nil
}

func (a *Auth) bySession(ctx context.Context, hash []byte) (Identity, error) {
	s, u, err := a.st.GetSessionByHash(ctx, hash)
	if err != nil {
		return Identity{}, fmt.Errorf("look for a session: %w", err)
	}
	if s == nil || s.ExpiresAt <= a.now() || u.Disabled {
		return Identity{}, errUnauthenticated()
	}
	a.markUsed(KindSession, s.ID, s.SeenAt)
	return Identity{User: *u, Session: s.ID, Kind: KindSession}, nil
}

// Valid returns those identities that are good no more: the session or token
// ended, or the person was disabled.
func (a *Auth) Valid(ctx context.Context, ids []Identity) (ended []Identity, err error) {
	var sessions, tokens []string
	for _, id := range ids {
		if id.Kind == KindToken {
			tokens = append(tokens, id.Session)
		} else {
			sessions = append(sessions, id.Session)
		}
	}
	live, err := a.st.ListLive(ctx, sessions, tokens, a.now())
	if err != nil {
		return nil, fmt.Errorf("look which sessions still stand: %w", err)
	}
	for _, id := range ids {
		if u, ok := live[id.Session]; !ok || u.ID != id.User.ID {
			ended = append(ended, id)
		}
	}
	return ended, nil
}

// newSession prepares a session and its secret; the caller inserts the row.
func (a *Auth) newSession(user string, f From) (s store.Session, secret string, hash []byte) {
	now := a.now()
	secret, hash = newSecret()
	s = store.Session{ID: minichat.NewID(22), User: user, Device: cut(f.Device), Addr: f.Addr,
		CreatedAt: now, SeenAt: now, ExpiresAt: now + sessionTTL}
	return s, secret, hash
}

func cut(device string) string {
	r := []rune(device)
	if len(r) > deviceRunes {
		r = r[:deviceRunes]
	}
	return string(r)
}

// Sessions lists where the asker is signed in, the latest use first.
func (a *Auth) Sessions(ctx context.Context, me Identity) ([]Session, error) {
	rows, err := a.st.ListSessions(ctx, me.User.ID)
	if err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	list := make([]Session, 0, len(rows))
	for _, s := range rows {
		if s.ExpiresAt <= a.now() {
			continue
		}
		list = append(list, Session{ID: s.ID, Device: s.Device, Addr: s.Addr, CreatedAt: s.CreatedAt,
			UsedAt: s.SeenAt, ExpiresAt: s.ExpiresAt, Current: me.Kind == KindSession && s.ID == me.Session})
	}
	return list, nil
}

// EndSession ends one session of the asker, "current" being the one he asks with.
func (a *Auth) EndSession(ctx context.Context, me Identity, id string) error {
	if id == "current" {
		if me.Kind == KindToken {
			return a.EndToken(ctx, me, me.Session)
		}
		id = me.Session
	}
	err := a.st.Write(ctx, func(tx *store.Tx) error {
		s, err := tx.GetSession(ctx, id)
		if err != nil {
			return fmt.Errorf("read the session: %w", err)
		}
		if s == nil || s.User != me.User.ID {
			return minichat.Errorf(minichat.NotFound, "There is no such session.")
		}
		_, err = tx.DeleteSession(ctx, id)
		return err
	})
	if err != nil {
		return fmt.Errorf("end a session: %w", err)
	}
	a.publishEnd(me.User.ID, id, codeSession, "This session was ended.")
	return nil
}

// markUsed notes a use for flushUsed unless one was written lately.
func (a *Auth) markUsed(kind, id string, written int64) {
	now := a.now()
	if now-written < usedEvery {
		return
	}
	a.mu.Lock()
	a.used[use{kind == KindToken, id}] = now
	many := len(a.used) >= usedAtOnce
	a.mu.Unlock()
	if many {
		select {
		case a.many <- struct{}{}:
		default: // it has been told
		}
	}
}

func (a *Auth) keepSessions(every time.Duration) {
	defer close(a.done)
	tick := time.NewTicker(every)
	defer tick.Stop()
	for many := a.many; ; {
		select {
		case <-a.stop:
			return
		case <-many:
		case <-tick.C:
		}
		many = a.many
		if err := a.flushUsed(context.Background()); err != nil {
			many = nil // not before the next tick
			a.log.Warn("sessions' last use not written, will be tried again", "error", err)
			continue
		}
		if err := a.endExpired(context.Background()); err != nil {
			a.log.Warn("sessions that have run out not ended, will be tried again", "error", err)
		}
	}
}

// endExpired ends the sessions that have run out, with the sockets that are still
// open by them. Nearly always there are none, which needs no turn of the writer.
func (a *Auth) endExpired(ctx context.Context) error {
	ended, err := a.st.ListExpiredSessions(ctx, a.now())
	if err != nil || len(ended) == 0 {
		return err
	}
	err = a.st.Write(ctx, func(tx *store.Tx) (err error) {
		ended, err = tx.DeleteExpiredSessions(ctx, a.now())
		return err
	})
	if err != nil {
		return fmt.Errorf("end the sessions that have run out: %w", err)
	}
	for _, s := range ended {
		a.publishEnd(s.User, s.ID, codeSession, "This session has run out.")
	}
	return nil
}

func (a *Auth) flushUsed(ctx context.Context) error {
	a.mu.Lock()
	used := a.used
	a.used = map[use]int64{}
	a.mu.Unlock()
	if len(used) == 0 {
		return nil
	}
	err := a.st.Write(ctx, func(tx *store.Tx) error { return writeUsed(ctx, tx, used) })
	if err == nil {
		return nil
	}
	a.mu.Lock()
	for k, at := range used {
		a.used[k] = max(at, a.used[k])
	}
	a.mu.Unlock()
	return fmt.Errorf("write when sessions were used: %w", err)
}

// use is of a session, or of a token.
type use struct {
	token bool
	id    string
}

func writeUsed(ctx context.Context, tx *store.Tx, used map[use]int64) error {
	for u, at := range used {
		var err error
		if u.token {
			err = tx.SetTokenSeen(ctx, u.id, at)
		} else {
			err = tx.SetSessionSeen(ctx, u.id, at, at+sessionTTL)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Close codes of docs/protocol.md that an end is told with.
const (
	codeToken    = 4002
	codeDisabled = 4003
	codeSession  = 4004
)

// publishEnd closes the open sockets of one session or token, or with session
// "" all of the person's.
func (a *Auth) publishEnd(user, session string, code int, reason string) {
	a.bus.Publish(bus.Message{Kind: bus.End, User: user, Session: session, Code: code, Reason: reason})
}
