package chat

import (
	"context"
	"fmt"

	"minichat"
	"minichat/internal/store"
)

// directPeople bounds a direct conversation: more than that is a private room.
const directPeople = 50

// NewRoom is the body of the making of a room.
type NewRoom struct {
	Name    string        `json:"name"`
	Kind    minichat.Kind `json:"kind" need:"true"`
	Topic   string        `json:"topic"`
	Members []string      `json:"members"`
}

// CreateRoom makes a room with u and the members in it. A direct conversation of
// the same people is made once: the second time it is returned, created false.
func (c *Chat) CreateRoom(ctx context.Context, u minichat.User, n NewRoom) (room minichat.Room, created bool, err error) {
	if err := n.check(); err != nil {
		return minichat.Room{}, false, err
	}
	if n.Members, err = others(n.Members, u.ID); err != nil {
		return minichat.Room{}, false, err
	}
	if n.Kind == minichat.Direct && len(n.Members) == 0 {
		return minichat.Room{}, false, minichat.FieldError(minichat.BadField, "members", "A direct conversation needs somebody else.")
	}
	var id string
	err = c.st.Write(ctx, func(tx *store.Tx) error {
		var err error
		id, created, err = c.createRoom(ctx, tx, u.ID, n)
		return err
	})
	if err != nil {
		return minichat.Room{}, false, err
	}
	room, err = c.Room(ctx, u, id)
	return room, created, err
}

func (n *NewRoom) check() (err error) {
	switch n.Kind {
	case minichat.Direct:
		if n.Name != "" || n.Topic != "" {
			return minichat.FieldError(minichat.BadField, "name", "A direct conversation has no name and no topic.")
		}
		return nil
	case minichat.Channel, minichat.Private:
	default:
		return minichat.FieldError(minichat.BadField, "kind", "A room is a channel, private or direct.")
	}
	if n.Name, err = minichat.CheckRoomName(n.Name); err != nil {
		return err
	}
	n.Topic, err = minichat.CheckTopic(n.Topic)
	return err
}

// others returns the ids once each, without me.
func others(ids []string, me string) ([]string, error) {
	if len(ids) > 200 {
		return nil, minichat.FieldError(minichat.TooMany, "members", "Name at most 200 people at a time.")
	}
	seen := map[string]bool{me: true}
	var list []string
	for _, id := range ids {
		if !seen[id] {
			seen[id] = true
			list = append(list, id)
		}
	}
	return list, nil
}

func (c *Chat) createRoom(ctx context.Context, tx *store.Tx, by string, n NewRoom) (id string, created bool, err error) {
	at, err := placeOf(ctx, tx, by, "")
	if err != nil {
		return "", false, err
	}
	if err := minichat.Can(at.user, minichat.CreateRoom, minichat.Subject{Room: &minichat.Room{Kind: n.Kind}}); err != nil {
		return "", false, err
	}
	people, err := readPeople(ctx, tx, n.Members)
	if err != nil {
		return "", false, err
	}
	if n.Kind == minichat.Direct {
		if len(people) >= directPeople {
			return "", false, minichat.FieldError(minichat.TooMany, "members", "A direct conversation has at most %d people. Make a private room.", directPeople)
		}
		old, err := tx.FindDirect(ctx, append([]string{by}, n.Members...))
		if err != nil || old != "" {
			return old, false, err
		}
	}
	if n.Kind == minichat.Channel {
		if err := judgeRoomName(ctx, tx, n.Name, ""); err != nil {
			return "", false, err
		}
	}
	for _, p := range append([]minichat.User{at.user}, people...) {
		if err := c.judgeRoomsLeft(ctx, tx, p.ID); err != nil {
			return "", false, err
		}
	}
	id, err = insertRoom(ctx, tx, at.user, people, n)
	return id, err == nil, err
}

// readPeople reads those who are to be put into a room; people who are not
// there and people who are disabled look the same.
func readPeople(ctx context.Context, tx *store.Tx, ids []string) ([]minichat.User, error) {
	var list []minichat.User
	for _, id := range ids {
		u, err := tx.GetUser(ctx, id)
		if err != nil {
			return nil, fmt.Errorf("read a user: %w", err)
		}
		if u == nil || u.Disabled || u.ID == minichat.LabUser {
			return nil, minichat.FieldError(minichat.NotFound, "members", "There is no such person.")
		}
		list = append(list, *u)
	}
	return list, nil
}

// judgeRoomName keeps the names of channels apart; private rooms' names must
// not be told from it. room is the one that may have the name.
func judgeRoomName(ctx context.Context, tx *store.Tx, name, room string) error {
	old, err := tx.FindChannel(ctx, name)
	if err != nil {
		return fmt.Errorf("look for the room's name: %w", err)
	}
	if old != nil && old.ID != room {
		return minichat.FieldError(minichat.Conflict, "name", "There is a channel of this name. Choose another.")
	}
	return nil
}

func (c *Chat) judgeRoomsLeft(ctx context.Context, tx *store.Tx, user string) error {
	if c.limits.RoomsPerUser == 0 {
		return nil
	}
	n, err := tx.CountRooms(ctx, user)
	if err != nil {
		return fmt.Errorf("count rooms: %w", err)
	}
	if n >= c.limits.RoomsPerUser {
		return minichat.Errorf(minichat.TooMany, "One person can be in %d rooms.", c.limits.RoomsPerUser)
	}
	return nil
}

// insertRoom writes what has been judged: the room, the event that says so, and
// everybody's membership, the maker first.
func insertRoom(ctx context.Context, tx *store.Tx, by minichat.User, people []minichat.User, n NewRoom) (string, error) {
	r := minichat.Room{ID: minichat.NewID(12), Kind: n.Kind, Name: n.Name, Topic: n.Topic, With: n.Members}
	if err := tx.InsertRoom(ctx, r, by.ID); err != nil {
		return "", fmt.Errorf("insert room: %w", err)
	}
	body := minichat.RoomBody{Kind: &n.Kind}
	if n.Name != "" {
		body.Name = &n.Name
	}
	if n.Topic != "" {
		body.Topic = &n.Topic
	}
	made := &minichat.Event{Room: r.ID, Kind: minichat.KindRoom, By: by.ID, Body: body}
	if err := tx.Append(ctx, made, nil); err != nil {
		return "", fmt.Errorf("append the making of a room: %w", err)
	}
	role := minichat.Admin
	if n.Kind == minichat.Direct {
		role = ""
	}
	if err := insertMember(ctx, tx, r.ID, by, role, by.ID); err != nil {
		return "", err
	}
	for _, p := range people {
		if err := insertMember(ctx, tx, r.ID, p, "", by.ID); err != nil {
			return "", err
		}
	}
	return r.ID, nil
}

// insertMember makes u a member with the event that says so.
func insertMember(ctx context.Context, tx *store.Tx, room string, u minichat.User, role minichat.Role, by string) error {
	if err := tx.InsertMember(ctx, room, u.ID, role, tx.Now()); err != nil {
		return fmt.Errorf("insert member: %w", err)
	}
	ev := &minichat.Event{Room: room, Kind: minichat.KindMember, By: by,
		Body: minichat.MemberBody{User: u, Change: minichat.Joined, Role: role}}
	if err := tx.Append(ctx, ev, nil); err != nil {
		return fmt.Errorf("append joined: %w", err)
	}
	return nil
}

// RoomChange is the body of a change of a room; nil fields stay.
type RoomChange struct {
	Name     *string `json:"name"`
	Topic    *string `json:"topic"`
	Archived *bool   `json:"archived"`
}

func (ch *RoomChange) check() error {
	if ch.Name != nil {
		name, err := minichat.CheckRoomName(*ch.Name)
		if err != nil {
			return err
		}
		ch.Name = &name
	}
	if ch.Topic != nil {
		topic, err := minichat.CheckTopic(*ch.Topic)
		if err != nil {
			return err
		}
		ch.Topic = &topic
	}
	return nil
}

// ChangeRoom renames a room, sets its topic, archives it or takes it out of the
// archive. What stays the same makes no event.
func (c *Chat) ChangeRoom(ctx context.Context, u minichat.User, room string, ch RoomChange) (minichat.Room, error) {
	if err := ch.check(); err != nil {
		return minichat.Room{}, err
	}
	err := c.st.Write(ctx, func(tx *store.Tx) error {
		return changeRoom(ctx, tx, u.ID, room, ch)
	})
	if err != nil {
		return minichat.Room{}, err
	}
	return c.Room(ctx, u, room)
}

func changeRoom(ctx context.Context, tx *store.Tx, by, room string, ch RoomChange) error {
	at, err := placeOf(ctx, tx, by, room)
	if err != nil {
		return err
	}
	if err := at.may(minichat.ChangeRoom); err != nil {
		return err
	}
	r := *at.room
	var body minichat.RoomBody
	if ch.Name != nil && *ch.Name != r.Name {
		if r.Kind == minichat.Channel {
			if err := judgeRoomName(ctx, tx, *ch.Name, r.ID); err != nil {
				return err
			}
		}
		r.Name, body.Name = *ch.Name, ch.Name
	}
	if ch.Topic != nil && *ch.Topic != r.Topic {
		r.Topic, body.Topic = *ch.Topic, ch.Topic
	}
	if ch.Archived != nil && *ch.Archived != r.Archived {
		r.Archived, body.Archived = *ch.Archived, ch.Archived
	}
	if body == (minichat.RoomBody{}) {
		return nil
	}
	if at.room.Archived && r.Archived {
		return minichat.Errorf(minichat.Forbidden, "This room is archived. Take it out of the archive to change it.")
	}
	if err := tx.UpdateRoom(ctx, r); err != nil {
		return fmt.Errorf("update room: %w", err)
	}
	ev := &minichat.Event{Room: room, Kind: minichat.KindRoom, By: by, Body: body}
	if err := tx.Append(ctx, ev, nil); err != nil {
		return fmt.Errorf("append a room's change: %w", err)
	}
	return nil
}
