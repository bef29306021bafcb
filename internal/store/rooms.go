package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/text/cases"

	"minichat"
)

const roomColumns = `r.id, r.kind, r.name, r.topic, r.archived, r.head, r.floor, r.members`

// roomFields are where roomColumns go.
func roomFields(r *minichat.Room) []any {
	return []any{&r.ID, &r.Kind, &r.Name, &r.Topic, &r.Archived, &r.Head, &r.Floor, &r.Members}
}

// fold makes names comparable without regard to case.
func fold(s string) string { return cases.Fold().String(s) }

// directKey is the same for the same people in any order.
func directKey(users []string) string {
	list := slices.Clone(users)
	slices.Sort(list)
	sum := sha256.Sum256([]byte(strings.Join(slices.Compact(list), ",")))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// GetRoom returns the room as nobody in particular sees it; nil: no such room.
func (r reads) GetRoom(ctx context.Context, id string) (*minichat.Room, error) {
	room := new(minichat.Room)
	found, err := r.row(ctx, `SELECT `+roomColumns+` FROM rooms r WHERE r.id = $1`, []any{id}, roomFields(room)...)
	if err != nil {
		return nil, fmt.Errorf("get room: %w", err)
	}
	if !found {
		return nil, nil
	}
	return room, nil
}

// GetPlace returns a room and somebody's place in it, each nil when there is none.
func (r reads) GetPlace(ctx context.Context, room, user string) (*minichat.Room, *minichat.Membership, error) {
	var p standing
	found, err := r.row(ctx, `SELECT `+roomColumns+`, m.role, m.read, m.joined_at
		FROM rooms r LEFT JOIN members m ON m.room = r.id AND m.user_id = $2 WHERE r.id = $1`,
		[]any{room, user}, p.fields()...)
	if err != nil {
		return nil, nil, fmt.Errorf("get room and membership: %w", err)
	}
	if !found {
		return nil, nil, nil
	}
	return &p.room, p.membership(user), nil
}

// GetUserPlace is GetUser and GetPlace in one read.
func (s *Store) GetUserPlace(ctx context.Context, user, room string) (*minichat.User, *minichat.Room, *minichat.Membership, error) {
	u := new(minichat.User)
	var p standing
	found, err := s.row(ctx, `SELECT `+userColumns+`, `+roomColumns+`, m.role, m.read, m.joined_at
		FROM users u JOIN rooms r ON r.id = $2 LEFT JOIN members m ON m.room = r.id AND m.user_id = u.id WHERE u.id = $1`,
		[]any{user, room}, append(userFields(u), p.fields()...)...)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("get user, room and membership: %w", err)
	}
	if !found { // there is no such room, or nobody
		u, err = s.GetUser(ctx, user)
		return u, nil, nil, err
	}
	return u, &p.room, p.membership(user), nil
}

// standing is a row of a room and somebody's membership in it, which may be missing.
type standing struct {
	room         minichat.Room
	role         sql.NullString
	read, joined sql.NullInt64
}

func (p *standing) fields() []any {
	return append(roomFields(&p.room), &p.role, &p.read, &p.joined)
}

// membership is nil for who is not in the room.
func (p *standing) membership(user string) *minichat.Membership {
	if !p.role.Valid {
		return nil
	}
	return &minichat.Membership{Room: p.room.ID, User: user, Role: minichat.Role(p.role.String), Read: p.read.Int64, JoinedAt: p.joined.Int64}
}

// FindDirect returns the id of the direct conversation of exactly these people.
func (r reads) FindDirect(ctx context.Context, users []string) (string, error) {
	var id string
	if _, err := r.row(ctx, `SELECT id FROM rooms WHERE direct_key = $1`, []any{directKey(users)}, &id); err != nil {
		return "", fmt.Errorf("find direct conversation: %w", err)
	}
	return id, nil
}

// FindRoomByName returns the oldest channel or private room of that name,
// without regard to case; nil: none.
func (r reads) FindRoomByName(ctx context.Context, name string) (*minichat.Room, error) {
	return r.findRoom(ctx, name, `r.kind <> 'direct'`)
}

// FindChannel is FindRoomByName among channels alone.
func (r reads) FindChannel(ctx context.Context, name string) (*minichat.Room, error) {
	return r.findRoom(ctx, name, `r.kind = 'channel'`)
}

func (r reads) findRoom(ctx context.Context, name, where string) (*minichat.Room, error) {
	room := new(minichat.Room)
	found, err := r.row(ctx, `SELECT `+roomColumns+` FROM rooms r WHERE r.folded = $1 AND `+where+`
		ORDER BY r.created_at, r.id LIMIT 1`, []any{fold(name)}, roomFields(room)...)
	if err != nil {
		return nil, fmt.Errorf("find room by name: %w", err)
	}
	if !found {
		return nil, nil
	}
	return room, nil
}

// ListJoinable returns channels, by id, that are open and that user is not in.
func (r reads) ListJoinable(ctx context.Context, user, after string, limit int) ([]minichat.Room, error) {
	list, err := listOf(ctx, r, `SELECT `+roomColumns+` FROM rooms r
		WHERE r.id > $2 AND r.kind = 'channel' AND r.archived = 0
			AND NOT EXISTS (SELECT 1 FROM members m WHERE m.room = r.id AND m.user_id = $1)
		ORDER BY r.id LIMIT $3`, []any{user, after, limit}, roomFields)
	if err != nil {
		return nil, fmt.Errorf("list joinable rooms: %w", err)
	}
	return list, nil
}

// CountEvents returns how many events there ever were in all rooms. It only grows.
func (r reads) CountEvents(ctx context.Context) (int64, error) {
	var n int64
	if _, err := r.row(ctx, `SELECT COALESCE(SUM(head), 0) FROM rooms`, nil, &n); err != nil {
		return 0, fmt.Errorf("count events: %w", err)
	}
	return n, nil
}

// Heads returns the head of every room.
func (r reads) Heads(ctx context.Context) (map[string]int64, error) {
	heads := map[string]int64{}
	err := r.rows(ctx, `SELECT id, head FROM rooms`, nil, func(rows *sql.Rows) error {
		var id string
		var head int64
		if err := rows.Scan(&id, &head); err != nil {
			return err
		}
		heads[id] = head
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list heads: %w", err)
	}
	return heads, nil
}

// InsertRoom makes a room, without members or events. The people of a direct
// conversation are r.With and by; Conflict when they have one.
func (tx *Tx) InsertRoom(ctx context.Context, r minichat.Room, by string) error {
	var key any
	if r.Kind == minichat.Direct {
		key = directKey(append(slices.Clone(r.With), by))
	}
	_, err := tx.exec(ctx, `INSERT INTO rooms
		(id, kind, name, folded, topic, archived, head, floor, messages, members, direct_key, created_by, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, 0, 0, 0, 0, $7, $8, $9)`,
		r.ID, string(r.Kind), r.Name, fold(r.Name), r.Topic, truth(r.Archived), key, by, tx.Now())
	if err != nil {
		return fmt.Errorf("insert room: %w", err)
	}
	return nil
}

// UpdateRoom sets kind, name, topic and archived.
func (tx *Tx) UpdateRoom(ctx context.Context, r minichat.Room) error {
	_, err := tx.exec(ctx, `UPDATE rooms SET kind = $2, name = $3, folded = $4, topic = $5, archived = $6 WHERE id = $1`,
		r.ID, string(r.Kind), r.Name, fold(r.Name), r.Topic, truth(r.Archived))
	if err != nil {
		return fmt.Errorf("update room: %w", err)
	}
	return nil
}

// truth is how a truth is kept: 0 or 1 in both databases.
func truth(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
