package store

import (
	"context"
	"database/sql"
	"fmt"

	"minichat"
)

// Unread is where one person stands in one room.
type Unread struct {
	Room     string
	Head     int64
	Read     int64
	Unread   int64
	Mentions int64
}

// ReadMark says up to which seq a person has read a room.
type ReadMark struct {
	User string
	Room string
	Seq  int64
	Back bool // may also go back
}

// Each event keeps how many messages the room had with it, so what is unread is
// one subtraction. m is the membership, r its room.
const personalColumns = `m.role, m.read, r.messages - m.read_ordinal, ` + mentionCount
const mentionCount = `(SELECT COUNT(DISTINCT n.seq) FROM mentions n
	WHERE n.room = m.room AND n.user_id IN (m.user_id, 'all', 'here') AND n.seq > m.read)`

// scanPersonal scans roomColumns and personalColumns.
func scanPersonal(scan func(...any) error) (room minichat.Room, err error) {
	err = scan(append(roomFields(&room), &room.Role, &room.Read, &room.Unread, &room.Mentions)...)
	if room.Kind == minichat.Direct {
		room.Mentions = room.Unread
	}
	return room, err
}

// GetRoomFor returns the room as user sees it; nil: no such room. For whoever is
// not in it, the personal fields are empty.
func (r reads) GetRoomFor(ctx context.Context, user, room string) (*minichat.Room, error) {
	list, err := r.listRooms(ctx, `m.user_id = $1 AND m.room = $2`, user, room)
	if err != nil {
		return nil, fmt.Errorf("get room for somebody: %w", err)
	}
	if len(list) == 0 {
		return r.GetRoom(ctx, room)
	}
	return &list[0], nil
}

// ListRooms returns the rooms that user is in, by id, as he sees them.
func (r reads) ListRooms(ctx context.Context, user, after string, limit int) ([]minichat.Room, error) {
	list, err := r.listRooms(ctx, `m.user_id = $1 AND m.room > $2 ORDER BY m.room LIMIT $3`, user, after, limit)
	if err != nil {
		return nil, fmt.Errorf("list rooms: %w", err)
	}
	return list, nil
}

// listRooms fills the personal form of the memberships that where names.
func (r reads) listRooms(ctx context.Context, where string, args ...any) ([]minichat.Room, error) {
	var list []minichat.Room
	direct := map[string]int{}
	err := r.rows(ctx, `SELECT `+roomColumns+`, `+personalColumns+`
		FROM members m JOIN rooms r ON r.id = m.room WHERE `+where, args, func(rows *sql.Rows) error {
		room, err := scanPersonal(rows.Scan)
		if room.Kind == minichat.Direct {
			direct[room.ID] = len(list)
		}
		list = append(list, room)
		return err
	})
	if err != nil || len(direct) == 0 {
		return list, err
	}
	return list, r.fillWith(ctx, list, direct, args[0])
}

// fillWith names the other people of the direct conversations between the first
// and the last room of list. Who is in a direct conversation never changes.
func (r reads) fillWith(ctx context.Context, list []minichat.Room, direct map[string]int, user any) error {
	return r.rows(ctx, `SELECT o.room, o.user_id FROM members m
		JOIN rooms r ON r.id = m.room AND r.kind = 'direct'
		JOIN members o ON o.room = m.room AND o.user_id <> m.user_id
		WHERE m.user_id = $1 AND m.room >= $2 AND m.room <= $3 ORDER BY o.room, o.user_id`,
		[]any{user, list[0].ID, list[len(list)-1].ID}, func(rows *sql.Rows) error {
			var room, other string
			if err := rows.Scan(&room, &other); err != nil {
				return err
			}
			if i, ok := direct[room]; ok {
				list[i].With = append(list[i].With, other)
			}
			return nil
		})
}

// ListUnread says where user stands in these of his rooms; nil: in all of them.
func (r reads) ListUnread(ctx context.Context, user string, rooms []string) ([]Unread, error) {
	var list []Unread
	const query = `SELECT m.room, r.kind, r.head, m.read, r.messages - m.read_ordinal, ` + mentionCount + `
		FROM members m JOIN rooms r ON r.id = m.room WHERE m.user_id = $1`
	scan := func(rows *sql.Rows) error {
		var u Unread
		var kind minichat.Kind
		if err := rows.Scan(&u.Room, &kind, &u.Head, &u.Read, &u.Unread, &u.Mentions); err != nil {
			return err
		}
		if kind == minichat.Direct {
			u.Mentions = u.Unread
		}
		list = append(list, u)
		return nil
	}
	if rooms == nil {
		if err := r.rows(ctx, query, []any{user}, scan); err != nil {
			return nil, fmt.Errorf("list unread: %w", err)
		}
		return list, nil
	}
	for len(rooms) > 0 {
		n := min(len(rooms), maxList)
		in, args := oneOf("m.room", rooms[:n], []any{user})
		rooms = rooms[n:]
		if err := r.rows(ctx, query+` AND `+in, args, scan); err != nil {
			return nil, fmt.Errorf("list unread: %w", err)
		}
	}
	return list, nil
}

// SetRead moves read positions, forward only unless Back says otherwise, and
// never beyond the head. A mark of somebody who is not in the room is passed over.
func (tx *Tx) SetRead(ctx context.Context, marks []ReadMark) error {
	for _, mark := range marks {
		if err := tx.setRead(ctx, mark); err != nil {
			return fmt.Errorf("set read position: %w", err)
		}
	}
	return nil
}

func (tx *Tx) setRead(ctx context.Context, mark ReadMark) error {
	_, m, err := tx.GetPlace(ctx, mark.Room, mark.User)
	if err != nil || m == nil {
		return err
	}
	end, err := tx.end(ctx, mark.Room)
	if err != nil {
		return err
	}
	seq := min(mark.Seq, end.head)
	if seq == m.Read || seq < m.Read && !mark.Back {
		return nil
	}
	ordinal := end.messages
	if seq < end.head {
		if ordinal, err = tx.ordinal(ctx, mark.Room, seq); err != nil {
			return err
		}
	}
	_, err = tx.execKept(ctx, `UPDATE members SET read = $3, read_ordinal = $4 WHERE room = $1 AND user_id = $2`,
		mark.Room, mark.User, seq, ordinal)
	tx.memory.places[placeKey{mark.Room, mark.User}].member.Read = seq
	return err
}
