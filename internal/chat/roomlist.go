package chat

import (
	"context"
	"fmt"

	"minichat"
)

// Room returns a room as u sees it.
func (c *Chat) Room(ctx context.Context, u minichat.User, room string) (minichat.Room, error) {
	return c.roomFor(ctx, u.ID, room, minichat.ViewRoom)
}

// MayWatch is the hub's judge: the head and the floor of a room whose log the
// person may read, else the answer to give.
func (c *Chat) MayWatch(ctx context.Context, user, room string) (head, floor int64, err error) {
	p, err := c.judge(ctx, user, room, minichat.ReadRoom)
	if err != nil {
		return 0, 0, err
	}
	return p.room.Head, p.room.Floor, nil
}

// ReadableRoom is Room for one whose log the person may read, else the answer to
// give.
func (c *Chat) ReadableRoom(ctx context.Context, user, room string) (*minichat.Room, error) {
	r, err := c.roomFor(ctx, user, room, minichat.ReadRoom)
	if err != nil {
		return nil, err
	}
	return &r, nil
}

func (c *Chat) roomFor(ctx context.Context, user, room string, a minichat.Action) (minichat.Room, error) {
	return judged(ctx, c, user, room, a, func(place) (minichat.Room, error) {
		c.settleReads(ctx, user)
		r, err := c.st.GetRoomFor(ctx, user, room)
		if err != nil {
			return minichat.Room{}, fmt.Errorf("read a room: %w", err)
		}
		if r == nil {
			return minichat.Room{}, minichat.ErrNoRoom()
		}
		return *r, nil
	})
}

// Rooms lists the rooms that u is in.
func (c *Chat) Rooms(ctx context.Context, u minichat.User, after string, limit int) (List[minichat.Room], error) {
	limit, err := pageLimit(limit)
	if err != nil {
		return List[minichat.Room]{}, err
	}
	c.settleReads(ctx, u.ID)
	rows, err := c.st.ListRooms(ctx, u.ID, after, limit+1)
	if err != nil {
		return List[minichat.Room]{}, fmt.Errorf("list rooms: %w", err)
	}
	return pageOf(rows, limit, roomID), nil
}

// Joinable lists the channels that u may join. A guest may join none.
func (c *Chat) Joinable(ctx context.Context, u minichat.User, after string, limit int) (List[minichat.Room], error) {
	limit, err := pageLimit(limit)
	if err != nil {
		return List[minichat.Room]{}, err
	}
	channel := &minichat.Room{Kind: minichat.Channel}
	if minichat.Can(u, minichat.JoinRoom, minichat.Subject{Room: channel}) != nil {
		return List[minichat.Room]{List: []minichat.Room{}}, nil
	}
	rows, err := c.st.ListJoinable(ctx, u.ID, after, limit+1)
	if err != nil {
		return List[minichat.Room]{}, fmt.Errorf("list channels: %w", err)
	}
	return pageOf(rows, limit, roomID), nil
}

func roomID(r minichat.Room) string { return r.ID }
