package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"minichat"
)

// Session is one signed-in device. Its token is kept as a hash alone.
type Session struct {
	ID        string
	User      string
	Device    string
	Addr      string
	CreatedAt int64
	SeenAt    int64
	ExpiresAt int64
}

const sessionColumns = `s.id, s.user_id, s.device, s.addr, s.created_at, s.seen_at, s.expires_at`

// endsAccess reports whether a statement may end a session, a token or a person.
func endsAccess(query string) bool {
	for _, start := range []string{"DELETE FROM sessions", "DELETE FROM tokens", "UPDATE users", "DELETE FROM users"} {
		if strings.HasPrefix(query, start) {
			return true
		}
	}
	return false
}

// Partings is a number that has changed when a session or a token ended, or a
// person was disabled, since it was last asked for: for whoever must know that
// what he read of them a moment ago still holds. It changes before the Write
// that did it returns, and before OnForeignChange is called.
func (s *Store) Partings() int64 { return s.writer.partings.Load() }

func sessionFields(s *Session) []any {
	return []any{&s.ID, &s.User, &s.Device, &s.Addr, &s.CreatedAt, &s.SeenAt, &s.ExpiresAt}
}

// GetSessionByHash returns the session whose token has that hash, and its user,
// whether or not it has expired or the user is disabled; nil, nil: none.
func (r reads) GetSessionByHash(ctx context.Context, hash []byte) (*Session, *minichat.User, error) {
	s, u := new(Session), new(minichat.User)
	found, err := r.row(ctx, `SELECT `+sessionColumns+`, `+userColumns+`
		FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.hash = $1`,
		[]any{hash}, append(sessionFields(s), userFields(u)...)...)
	if err != nil {
		return nil, nil, fmt.Errorf("get session by hash: %w", err)
	}
	if !found {
		return nil, nil, nil
	}
	return s, u, nil
}

// GetSession returns the session with that id; nil: none.
func (r reads) GetSession(ctx context.Context, id string) (*Session, error) {
	s := new(Session)
	found, err := r.row(ctx, `SELECT `+sessionColumns+` FROM sessions s WHERE s.id = $1`, []any{id}, sessionFields(s)...)
	if err != nil {
		return nil, fmt.Errorf("get session: %w", err)
	}
	if !found {
		return nil, nil
	}
	return s, nil
}

// ListSessions returns user's sessions, the newest first.
func (r reads) ListSessions(ctx context.Context, user string) ([]Session, error) {
	list, err := r.listSessions(ctx, `s.user_id = $1 ORDER BY s.created_at DESC, s.id`, user)
	if err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	return list, nil
}

// ListExpiredSessions returns those that expired before now.
func (r reads) ListExpiredSessions(ctx context.Context, now int64) ([]Session, error) {
	list, err := r.listSessions(ctx, `s.expires_at <= $1`, now)
	if err != nil {
		return nil, fmt.Errorf("list expired sessions: %w", err)
	}
	return list, nil
}

func (r reads) listSessions(ctx context.Context, where string, args ...any) ([]Session, error) {
	return listOf(ctx, r, `SELECT `+sessionColumns+` FROM sessions s WHERE `+where, args, sessionFields)
}

// InsertSession adds a session whose token has that hash.
func (tx *Tx) InsertSession(ctx context.Context, s Session, hash []byte) error {
	_, err := tx.exec(ctx, `INSERT INTO sessions (id, hash, user_id, device, addr, created_at, seen_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`, s.ID, hash, s.User, s.Device, s.Addr, s.CreatedAt, s.SeenAt, s.ExpiresAt)
	if err != nil {
		return fmt.Errorf("insert session: %w", err)
	}
	return nil
}

// SetSessionSeen notes a use of the session and how long it lives now.
func (tx *Tx) SetSessionSeen(ctx context.Context, id string, at, expires int64) error {
	_, err := tx.exec(ctx, `UPDATE sessions SET seen_at = $2, expires_at = $3 WHERE id = $1`, id, at, expires)
	if err != nil {
		return fmt.Errorf("set session seen: %w", err)
	}
	return nil
}

// DeleteSession ends a session; false: there was none.
func (tx *Tx) DeleteSession(ctx context.Context, id string) (bool, error) {
	n, err := tx.exec(ctx, `DELETE FROM sessions WHERE id = $1`, id)
	if err != nil {
		return false, fmt.Errorf("delete session: %w", err)
	}
	return n > 0, nil
}

// DeleteSessions ends all sessions of user but except and returns their ids.
func (tx *Tx) DeleteSessions(ctx context.Context, user, except string) ([]string, error) {
	ids, err := tx.column(ctx, `SELECT id FROM sessions WHERE user_id = $1 AND id <> $2`, user, except)
	if err == nil {
		_, err = tx.exec(ctx, `DELETE FROM sessions WHERE user_id = $1 AND id <> $2`, user, except)
	}
	if err != nil {
		return nil, fmt.Errorf("delete sessions: %w", err)
	}
	return ids, nil
}

// DeleteExpiredSessions ends the sessions that expired before now, and returns them.
func (tx *Tx) DeleteExpiredSessions(ctx context.Context, now int64) ([]Session, error) {
	list, err := tx.ListExpiredSessions(ctx, now)
	if err == nil && len(list) > 0 {
		_, err = tx.exec(ctx, `DELETE FROM sessions WHERE expires_at <= $1`, now)
	}
	if err != nil {
		return nil, fmt.Errorf("delete expired sessions: %w", err)
	}
	return list, nil
}

// ListLive returns, by id, the users of those sessions and tokens that still
// stand: not ended, not expired, the user not disabled.
func (r reads) ListLive(ctx context.Context, sessions, tokens []string, now int64) (map[string]minichat.User, error) {
	live := map[string]minichat.User{}
	err := r.listLive(ctx, live, sessions, `sessions s JOIN users u ON u.id = s.user_id AND s.expires_at > $1`, now)
	if err != nil {
		return nil, fmt.Errorf("list live sessions: %w", err)
	}
	if err := r.listLive(ctx, live, tokens, `tokens s JOIN users u ON u.id = s.user_id`); err != nil {
		return nil, fmt.Errorf("list live tokens: %w", err)
	}
	return live, nil
}

func (r reads) listLive(ctx context.Context, live map[string]minichat.User, ids []string, from string, args ...any) error {
	scan := func(rows *sql.Rows) error {
		var id string
		var u minichat.User
		if err := rows.Scan(append([]any{&id}, userFields(&u)...)...); err != nil {
			return err
		}
		live[id] = u
		return nil
	}
	for len(ids) > 0 {
		n := min(len(ids), maxList)
		in, all := oneOf("s.id", ids[:n], slices.Clone(args))
		ids = ids[n:]
		if err := r.rows(ctx, `SELECT s.id, `+userColumns+` FROM `+from+` WHERE u.disabled = 0 AND `+in, all, scan); err != nil {
			return err
		}
	}
	return nil
}
