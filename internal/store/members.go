package store

import (
	"context"
	"database/sql"
	"fmt"

	"minichat"
)

// Member is a person in a room.
type Member struct {
	User     minichat.User
	Role     minichat.Role // Admin for who made the room, else ""
	JoinedAt int64
}

// GetMembership returns user's place in room; nil: not in it.
func (r reads) GetMembership(ctx context.Context, room, user string) (*minichat.Membership, error) {
	m := &minichat.Membership{Room: room, User: user}
	found, err := r.row(ctx, `SELECT role, read, joined_at FROM members WHERE room = $1 AND user_id = $2`,
		[]any{room, user}, &m.Role, &m.Read, &m.JoinedAt)
	if err != nil {
		return nil, fmt.Errorf("get membership: %w", err)
	}
	if !found {
		return nil, nil
	}
	return m, nil
}

// ListMembers returns the people of a room by their id, without the lab's author.
func (r reads) ListMembers(ctx context.Context, room, after string, limit int) ([]Member, error) {
	list, err := listOf(ctx, r, `SELECT `+userColumns+`, m.role, m.joined_at
		FROM members m JOIN users u ON u.id = m.user_id
		WHERE m.room = $1 AND m.user_id > $2 AND m.user_id <> '`+minichat.LabUser+`'
		ORDER BY m.user_id LIMIT $3`, []any{room, after, limit}, func(m *Member) []any {
		return append(userFields(&m.User), &m.Role, &m.JoinedAt)
	})
	if err != nil {
		return nil, fmt.Errorf("list members: %w", err)
	}
	return list, nil
}

// FindMembers returns the ids, by handle, of those people of the room that have
// one of the handles.
func (r reads) FindMembers(ctx context.Context, room string, handles []string) (map[string]string, error) {
	found := map[string]string{}
	for len(handles) > 0 {
		n := min(len(handles), maxList)
		in, args := oneOf("u.handle", handles[:n], []any{room})
		handles = handles[n:]
		err := r.rows(ctx, `SELECT u.handle, u.id FROM users u JOIN members m ON m.user_id = u.id AND m.room = $1 WHERE `+in,
			args, func(rows *sql.Rows) error {
				var handle, id string
				if err := rows.Scan(&handle, &id); err != nil {
					return err
				}
				found[handle] = id
				return nil
			})
		if err != nil {
			return nil, fmt.Errorf("find members: %w", err)
		}
	}
	return found, nil
}

// MemberIDs returns the ids of everybody in the room.
func (r reads) MemberIDs(ctx context.Context, room string) ([]string, error) {
	list, err := r.column(ctx, `SELECT user_id FROM members WHERE room = $1 ORDER BY user_id`, room)
	if err != nil {
		return nil, fmt.Errorf("list member ids: %w", err)
	}
	return list, nil
}

// RoomIDs returns the ids of the rooms that user is in.
func (r reads) RoomIDs(ctx context.Context, user string) ([]string, error) {
	list, err := r.column(ctx, `SELECT room FROM members WHERE user_id = $1 ORDER BY room`, user)
	if err != nil {
		return nil, fmt.Errorf("list room ids: %w", err)
	}
	return list, nil
}

// CountRooms says how many rooms user is in.
func (r reads) CountRooms(ctx context.Context, user string) (int64, error) {
	var n int64
	if _, err := r.row(ctx, `SELECT COUNT(*) FROM members WHERE user_id = $1`, []any{user}, &n); err != nil {
		return 0, fmt.Errorf("count rooms: %w", err)
	}
	return n, nil
}

// InsertMember puts user into room, with all of it read. Conflict when he is in it.
func (tx *Tx) InsertMember(ctx context.Context, room, user string, role minichat.Role, at int64) error {
	_, err := tx.exec(ctx, `INSERT INTO members (room, user_id, role, read, read_ordinal, joined_at)
		SELECT id, $2, $3, head, messages, $4 FROM rooms WHERE id = $1`, room, user, string(role), at)
	if err == nil {
		err = tx.countMember(ctx, room, user, 1)
	}
	if err != nil {
		return fmt.Errorf("insert member: %w", err)
	}
	return nil
}

// SetMemberRole makes user what role says in room.
func (tx *Tx) SetMemberRole(ctx context.Context, room, user string, role minichat.Role) error {
	_, err := tx.exec(ctx, `UPDATE members SET role = $3 WHERE room = $1 AND user_id = $2`, room, user, string(role))
	if err != nil {
		return fmt.Errorf("set member's role: %w", err)
	}
	return nil
}

// DeleteMember takes user out of room; nothing happens when he is not in it.
func (tx *Tx) DeleteMember(ctx context.Context, room, user string) error {
	n, err := tx.exec(ctx, `DELETE FROM members WHERE room = $1 AND user_id = $2`, room, user)
	if err == nil && n > 0 {
		err = tx.countMember(ctx, room, user, -1)
	}
	if err != nil {
		return fmt.Errorf("delete member: %w", err)
	}
	return nil
}

// countMember keeps rooms.members true, so that nobody counts rows to show a room.
func (tx *Tx) countMember(ctx context.Context, room, user string, by int) error {
	if user == minichat.LabUser {
		return nil
	}
	_, err := tx.exec(ctx, `UPDATE rooms SET members = members + $2 WHERE id = $1`, room, by)
	return err
}
