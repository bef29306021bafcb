package chat

import (
	"context"
	"fmt"

	"minichat"
	"minichat/internal/bus"
	"minichat/internal/protocol"
	"minichat/internal/store"
)

// shown is u as viewer may see him.
func shown(u, viewer minichat.User) minichat.User {
	if viewer.Role.Rank() < minichat.Admin.Rank() {
		u.Disabled = false
	}
	return u
}

func shownAll(list []minichat.User, viewer minichat.User) []minichat.User {
	for i := range list {
		list[i] = shown(list[i], viewer)
	}
	return list
}

// User returns one person, "me" being u.
func (c *Chat) User(ctx context.Context, u minichat.User, id string) (minichat.User, error) {
	if id == "me" {
		id = u.ID
	}
	other, err := c.st.GetUser(ctx, id)
	if err != nil {
		return minichat.User{}, fmt.Errorf("read a user: %w", err)
	}
	if other == nil {
		return minichat.User{}, errNoPerson()
	}
	return shown(*other, u), nil
}

func errNoPerson() error {
	return minichat.FieldError(minichat.NotFound, "user", "There is no such person.")
}

// Users returns people by their ids; unknown ones are left out.
func (c *Chat) Users(ctx context.Context, u minichat.User, ids []string) (List[minichat.User], error) {
	if len(ids) > protocol.MaxPull {
		return List[minichat.User]{}, minichat.FieldError(minichat.TooMany, "ids", "Ask for at most %d people at a time.", protocol.MaxPull)
	}
	if len(ids) == 0 {
		return List[minichat.User]{List: []minichat.User{}}, nil
	}
	rows, err := c.st.ListUsers(ctx, store.UserQuery{IDs: ids, Limit: len(ids), Disabled: true})
	if err != nil {
		return List[minichat.User]{}, fmt.Errorf("read users: %w", err)
	}
	return pageOf(shownAll(rows, u), protocol.MaxPull, handleOf), nil
}

// SearchUsers is the directory: people whose handle, or a word of whose name,
// begins with q, by handle. It is closed to guests; admins also see the disabled.
func (c *Chat) SearchUsers(ctx context.Context, u minichat.User, q, after string, limit int) (List[minichat.User], error) {
	limit, err := pageLimit(limit)
	if err != nil {
		return List[minichat.User]{}, err
	}
	if len(q) > 256 {
		return List[minichat.User]{}, minichat.FieldError(minichat.TooLong, "q", "Search for a shorter name.")
	}
	if u.Role.Rank() < minichat.Member.Rank() {
		return List[minichat.User]{}, minichat.Errorf(minichat.Forbidden, "The directory is closed to guests.")
	}
	admin := u.Role.Rank() >= minichat.Admin.Rank()
	rows, err := c.st.ListUsers(ctx, store.UserQuery{Text: q, After: after, Limit: limit + 1, Disabled: admin})
	if err != nil {
		return List[minichat.User]{}, fmt.Errorf("search users: %w", err)
	}
	return pageOf(shownAll(rows, u), limit, handleOf), nil
}

func handleOf(u minichat.User) string { return u.Handle }

// UserChange is the body of an admin's change of somebody; nil fields stay.
type UserChange struct {
	Role     *minichat.Role `json:"role"`
	Disabled *bool          `json:"disabled"`
}

// Close code of docs/protocol.md for somebody who was disabled.
const codeDisabled = 4003

// UpdateUser changes somebody's role or lets him in no more. The last owner
// stays one.
func (c *Chat) UpdateUser(ctx context.Context, u minichat.User, id string, ch UserChange) (minichat.User, error) {
	if ch.Role != nil && ch.Role.Rank() == 0 {
		return minichat.User{}, minichat.FieldError(minichat.BadField, "role", "A role is owner, admin, member or guest.")
	}
	if id == "me" {
		id = u.ID
	}
	var now minichat.User
	err := c.st.Write(ctx, func(tx *store.Tx) error {
		at, err := placeOf(ctx, tx, u.ID, "")
		if err == nil {
			now, err = updateUser(ctx, tx, at.user, id, ch)
		}
		return err
	})
	if err != nil {
		return minichat.User{}, err
	}
	if now.Disabled {
		c.bus.Publish(bus.Message{Kind: bus.End, User: id, Code: codeDisabled, Reason: "This account was disabled."})
	}
	c.tellUser(ctx, now)
	return now, nil
}

func updateUser(ctx context.Context, tx *store.Tx, by minichat.User, id string, ch UserChange) (minichat.User, error) {
	if err := minichat.Can(by, minichat.ManagePeople, minichat.Subject{Target: &minichat.User{}}); err != nil {
		return minichat.User{}, err
	}
	target, err := tx.GetUser(ctx, id)
	if err != nil {
		return minichat.User{}, fmt.Errorf("read a user: %w", err)
	}
	if target == nil || id == minichat.LabUser {
		return minichat.User{}, errNoPerson()
	}
	s := minichat.Subject{Target: target}
	now := *target
	if ch.Role != nil {
		s.Role, now.Role = *ch.Role, *ch.Role
	}
	if ch.Disabled != nil {
		now.Disabled = *ch.Disabled
	}
	if err := minichat.Can(by, minichat.ManagePeople, s); err != nil {
		return minichat.User{}, err
	}
	if err := tx.KeepAnOwner(ctx, *target, now); err != nil {
		return minichat.User{}, err
	}
	if err := tx.UpdateUser(ctx, now, ""); err != nil {
		return minichat.User{}, fmt.Errorf("update user: %w", err)
	}
	if now.Disabled {
		if _, err := tx.DeleteSessions(ctx, id, ""); err != nil {
			return minichat.User{}, fmt.Errorf("end sessions: %w", err)
		}
	}
	return now, nil
}
