package auth

import (
	"context"
	"fmt"

	"minichat"
	"minichat/internal/store"
)

// Settings in the database that say which rooms every new person joins.
const (
	SettingGeneral = "general_room"
	SettingLab     = "lab_room"
)

// Person is somebody to be made.
type Person struct {
	Handle, Name, Password string
}

// check judges all that can be judged without the database and fills in what
// was left out.
func (p *Person) check(passwordNeeded bool) error {
	if err := minichat.CheckHandle(p.Handle); err != nil {
		return err
	}
	if p.Name == "" {
		p.Name = p.Handle
	}
	name, err := minichat.CheckName(p.Name)
	if err != nil {
		return err
	}
	p.Name = name
	if p.Password == "" && !passwordNeeded {
		return nil
	}
	return checkPassword("password", p.Password)
}

// newPerson is a checked Person with its password hashed.
type newPerson struct {
	id, handle, name, phc string
	role                  minichat.Role
	at                    int64
}

func (a *Auth) newPerson(ctx context.Context, p Person, role minichat.Role) (newPerson, error) {
	n := newPerson{id: minichat.NewID(12), handle: p.Handle, name: p.Name, role: role, at: a.now()}
	if p.Password == "" {
		return n, nil
	}
	var err error
	n.phc, err = a.hasher.hash(ctx, p.Password)
	return n, err
}

// reads are the questions that can be asked inside a transaction and outside.
type reads interface {
	GetUserByHandle(ctx context.Context, handle string) (*minichat.User, error)
	FindSkeleton(ctx context.Context, skeleton string) (string, error)
}

// judgeFree refuses a handle that is taken and a name that looks like another's.
func judgeFree(ctx context.Context, r reads, handle, name string) error {
	u, err := r.GetUserByHandle(ctx, handle)
	if err != nil {
		return fmt.Errorf("look for the handle: %w", err)
	}
	if u != nil {
		return minichat.FieldError(minichat.Conflict, "handle", "Somebody here already has this handle. Choose another.")
	}
	other, err := r.FindSkeleton(ctx, minichat.Skeleton(name))
	if err != nil {
		return fmt.Errorf("look for the name: %w", err)
	}
	if other != "" {
		return minichat.FieldError(minichat.NameConfusable, "name", "Somebody here has a name that looks the same. Choose another.")
	}
	return nil
}

// insertPerson makes the person and puts him into the rooms that everybody is
// in, all in the transaction given. judgeFree has gone before in it.
func insertPerson(ctx context.Context, tx *store.Tx, n newPerson) (minichat.User, error) {
	u := minichat.User{ID: n.id, Handle: n.handle, Name: n.name, Color: minichat.ColorOf(n.id), Role: n.role, Bot: n.phc == "", CreatedAt: n.at}
	if err := tx.InsertUser(ctx, u, n.phc, minichat.Skeleton(n.name)); err != nil {
		return u, fmt.Errorf("insert user: %w", err)
	}
	if n.role == minichat.Owner {
		if err := tx.SetSetting(ctx, settingSetup, ""); err != nil {
			return u, fmt.Errorf("end the setup link: %w", err)
		}
	}
	if n.role == minichat.Guest {
		return u, nil // is only where somebody puts him
	}
	general, made, err := ensureGeneral(ctx, tx, u, n.at)
	if err != nil {
		return u, err
	}
	var role minichat.Role
	if made && n.role.Rank() >= minichat.Admin.Rank() { // a member whom the command line adds first did not found it
		role = minichat.Admin
	}
	if err := joinRoom(ctx, tx, general, u, role, n.at); err != nil {
		return u, err
	}
	lab, err := tx.GetSetting(ctx, SettingLab)
	if err != nil {
		return u, fmt.Errorf("read the lab room's id: %w", err)
	}
	return u, joinRoom(ctx, tx, lab, u, "", n.at)
}

// ensureGeneral returns the room that everybody joins; the first person makes it.
func ensureGeneral(ctx context.Context, tx *store.Tx, by minichat.User, at int64) (id string, made bool, err error) {
	id, err = tx.GetSetting(ctx, SettingGeneral)
	if err != nil {
		return "", false, fmt.Errorf("read the general room's id: %w", err)
	}
	if id != "" {
		return id, false, nil
	}
	const name = "general"
	old, err := tx.FindChannel(ctx, name)
	if err != nil {
		return "", false, fmt.Errorf("look for the general room: %w", err)
	}
	if old != nil {
		return old.ID, false, tx.SetSetting(ctx, SettingGeneral, old.ID)
	}
	kind, title := minichat.Channel, name
	room := minichat.Room{ID: minichat.NewID(12), Kind: kind, Name: name}
	if err := tx.InsertRoom(ctx, room, by.ID); err != nil {
		return "", false, fmt.Errorf("insert the general room: %w", err)
	}
	ev := &minichat.Event{Room: room.ID, Kind: minichat.KindRoom, By: by.ID, At: at,
		Body: minichat.RoomBody{Name: &title, Kind: &kind}}
	if err := tx.Append(ctx, ev, nil); err != nil {
		return "", false, fmt.Errorf("append the making of the general room: %w", err)
	}
	return room.ID, true, tx.SetSetting(ctx, SettingGeneral, room.ID)
}

// joinRoom makes u a member with the event that says so. A room that is gone or
// archived is passed over: nobody must be kept out of the server by it.
func joinRoom(ctx context.Context, tx *store.Tx, room string, u minichat.User, role minichat.Role, at int64) error {
	if room == "" {
		return nil
	}
	r, err := tx.GetRoom(ctx, room)
	if err != nil {
		return fmt.Errorf("read a room to join: %w", err)
	}
	m, err := tx.GetMembership(ctx, room, u.ID)
	if err != nil {
		return fmt.Errorf("read a membership: %w", err)
	}
	if r == nil || r.Archived || m != nil {
		return nil
	}
	if err := tx.InsertMember(ctx, room, u.ID, role, at); err != nil {
		return fmt.Errorf("insert member: %w", err)
	}
	joined := &minichat.Event{Room: room, Kind: minichat.KindMember, By: u.ID, At: at,
		Body: minichat.MemberBody{User: u, Change: minichat.Joined, Role: role}}
	if err := tx.Append(ctx, joined, nil); err != nil {
		return fmt.Errorf("append joined: %w", err)
	}
	return nil
}
