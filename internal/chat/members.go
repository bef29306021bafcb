package chat

import (
	"context"
	"fmt"

	"minichat"
	"minichat/internal/store"
)

// RoomMember is a person with his place in a room.
type RoomMember struct {
	minichat.User
	RoomRole minichat.Role `json:"room_role,omitempty"` // "admin" for who made the room
	JoinedAt int64         `json:"joined_at"`
}

// Members lists the people of a room that u may read.
func (c *Chat) Members(ctx context.Context, u minichat.User, room, after string, limit int) (List[RoomMember], error) {
	limit, err := pageLimit(limit)
	if err != nil {
		return List[RoomMember]{}, err
	}
	return judged(ctx, c, u.ID, room, minichat.ReadRoom, func(at place) (List[RoomMember], error) {
		rows, err := c.st.ListMembers(ctx, room, after, limit+1)
		if err != nil {
			return List[RoomMember]{}, fmt.Errorf("list members: %w", err)
		}
		list := make([]RoomMember, 0, len(rows))
		for _, m := range rows {
			list = append(list, RoomMember{User: shown(m.User, at.user), RoomRole: m.Role, JoinedAt: m.JoinedAt})
		}
		return pageOf(list, limit, func(m RoomMember) string { return m.ID }), nil
	})
}

// AddMember puts somebody into a room; u himself ("me") joins. Who is in it
// already stays.
func (c *Chat) AddMember(ctx context.Context, u minichat.User, room, user string) error {
	if user == "me" {
		user = u.ID
	}
	return c.st.Write(ctx, func(tx *store.Tx) error {
		return c.addMember(ctx, tx, u.ID, room, user)
	})
}

func (c *Chat) addMember(ctx context.Context, tx *store.Tx, by, room, user string) error {
	at, err := placeOf(ctx, tx, by, room)
	if err != nil {
		return err
	}
	person, member := at.user, at.member
	if user == by {
		err = at.may(minichat.JoinRoom)
	} else if err = at.may(minichat.AddMember); err == nil {
		person, member, err = newMember(ctx, tx, room, user)
	}
	if err != nil || member != nil {
		return err
	}
	if err := c.judgeRoomsLeft(ctx, tx, user); err != nil {
		return err
	}
	return insertMember(ctx, tx, room, person, "", by)
}

func newMember(ctx context.Context, tx *store.Tx, room, user string) (minichat.User, *minichat.Membership, error) {
	u, err := tx.GetUser(ctx, user)
	if err != nil {
		return minichat.User{}, nil, fmt.Errorf("read a user: %w", err)
	}
	if u == nil || u.Disabled || u.ID == minichat.LabUser {
		return minichat.User{}, nil, minichat.FieldError(minichat.NotFound, "user", "There is no such person.")
	}
	m, err := tx.GetMembership(ctx, room, user)
	if err != nil {
		return minichat.User{}, nil, fmt.Errorf("read a membership: %w", err)
	}
	return *u, m, nil
}

// RemoveMember takes somebody out of a room; u himself ("me") leaves. The event
// that says so is the last of the room that he receives.
func (c *Chat) RemoveMember(ctx context.Context, u minichat.User, room, user string) error {
	if user == "me" {
		user = u.ID
	}
	return c.st.Write(ctx, func(tx *store.Tx) error {
		return removeMember(ctx, tx, u.ID, room, user)
	})
}

func removeMember(ctx context.Context, tx *store.Tx, by, room, user string) error {
	at, err := placeOf(ctx, tx, by, room)
	if err != nil {
		return err
	}
	person, change := at.user, minichat.Left
	if user == by {
		err = at.may(minichat.LeaveRoom)
	} else {
		change = minichat.Removed
		person, err = removable(ctx, tx, at, user)
	}
	if err != nil {
		return err
	}
	if err := tx.DeleteMember(ctx, room, user); err != nil {
		return fmt.Errorf("delete member: %w", err)
	}
	ev := &minichat.Event{Room: room, Kind: minichat.KindMember, By: by,
		Body: minichat.MemberBody{User: person, Change: change}}
	if err := tx.Append(ctx, ev, nil); err != nil {
		return fmt.Errorf("append %s: %w", change, err)
	}
	return nil
}

func removable(ctx context.Context, tx *store.Tx, at place, user string) (minichat.User, error) {
	if err := at.may(minichat.RemoveMember); err != nil {
		return minichat.User{}, err
	}
	m, err := tx.GetMembership(ctx, at.room.ID, user)
	if err != nil {
		return minichat.User{}, fmt.Errorf("read a membership: %w", err)
	}
	if m == nil || user == minichat.LabUser {
		return minichat.User{}, minichat.FieldError(minichat.NotFound, "user", "There is no such person in this room.")
	}
	u, err := tx.GetUser(ctx, user)
	if err != nil {
		return minichat.User{}, fmt.Errorf("read a user: %w", err)
	}
	return *u, nil
}
