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

// MeChange is the body of a change of oneself; nil fields stay, an avatar of ""
// is taken away.
type MeChange struct {
	Name   *string `json:"name"`
	Color  *string `json:"color"`
	Avatar *string `json:"avatar"`
}

// UpdateMe changes u's name, colour or avatar and tells everybody.
func (c *Chat) UpdateMe(ctx context.Context, u minichat.User, ch MeChange) (minichat.User, error) {
	if ch.Name != nil {
		name, err := minichat.CheckName(*ch.Name)
		if err != nil {
			return minichat.User{}, err
		}
		ch.Name = &name
	}
	if ch.Color != nil && !minichat.IsColor(*ch.Color) {
		return minichat.User{}, minichat.FieldError(minichat.BadField, "color", "There is no such colour.")
	}
	var now minichat.User
	err := c.st.Write(ctx, func(tx *store.Tx) error {
		at, err := placeOf(ctx, tx, u.ID, "")
		if err == nil {
			now, err = updateMe(ctx, tx, at.user, ch)
		}
		return err
	})
	if err != nil {
		return minichat.User{}, err
	}
	if ch.Avatar != nil {
		c.sweepSoon()
	}
	c.tellUser(now)
	return now, nil
}

func updateMe(ctx context.Context, tx *store.Tx, u minichat.User, ch MeChange) (minichat.User, error) {
	skeleton := ""
	if ch.Name != nil && *ch.Name != u.Name {
		skeleton = minichat.Skeleton(*ch.Name)
		other, err := tx.FindSkeleton(ctx, skeleton)
		if err != nil {
			return u, fmt.Errorf("look for the name: %w", err)
		}
		if other != "" && other != u.ID {
			return u, minichat.FieldError(minichat.NameConfusable, "name", "Somebody here has a name that looks the same. Choose another.")
		}
		u.Name = *ch.Name
	}
	if ch.Color != nil {
		u.Color = *ch.Color
	}
	old := u.Avatar
	var face *store.File
	if ch.Avatar != nil && *ch.Avatar != old {
		var err error
		if face, err = avatarFile(ctx, tx, u.ID, *ch.Avatar); err != nil {
			return u, err
		}
		u.Avatar = *ch.Avatar
	}
	if err := tx.UpdateUser(ctx, u, skeleton); err != nil {
		return u, fmt.Errorf("update user: %w", err)
	}
	return u, changeFace(ctx, tx, old, u.Avatar, face)
}

// avatarFile judges a file that is to be a face; nil for "".
func avatarFile(ctx context.Context, tx *store.Tx, user, id string) (*store.File, error) {
	if id == "" {
		return nil, nil
	}
	f, err := tx.GetFile(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("read a file's row: %w", err)
	}
	if f == nil || f.Uploader != user || f.State != store.FileReady {
		return nil, minichat.FieldError(minichat.NotFound, "avatar", "There is no such file of yours.")
	}
	if f.Seq != 0 || f.Avatar {
		return nil, minichat.FieldError(minichat.Conflict, "avatar", "This file is used already. Upload it again.")
	}
	if minichat.FileKind(f.Type) != "image" {
		return nil, minichat.FieldError(minichat.BadField, "avatar", "Choose a picture: PNG, JPEG, GIF or WebP.")
	}
	return f, nil
}

// changeFace marks the new avatar and lets go of the old one.
func changeFace(ctx context.Context, tx *store.Tx, old, now string, face *store.File) error {
	if face != nil {
		face.Avatar, face.ExpiresAt = true, 0
		if err := tx.UpdateFile(ctx, *face); err != nil {
			return fmt.Errorf("mark the avatar: %w", err)
		}
	}
	if old == "" || old == now {
		return nil
	}
	f, err := tx.GetFile(ctx, old)
	if err != nil || f == nil {
		return err
	}
	return letGo(ctx, tx, *f)
}

// tellUser tells everybody how u looks now.
func (c *Chat) tellUser(u minichat.User) {
	c.bus.Publish(bus.Message{Kind: bus.User, Person: &u, Data: protocol.AppendSignalUser(nil, u)})
}

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
	c.tellUser(now)
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
	if err := keepAnOwner(ctx, tx, *target, now); err != nil {
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

func keepAnOwner(ctx context.Context, tx *store.Tx, was, is minichat.User) error {
	if was.Role != minichat.Owner || was.Disabled || is.Role == minichat.Owner && !is.Disabled {
		return nil
	}
	owners, err := tx.CountUsers(ctx, minichat.Owner)
	if err != nil {
		return fmt.Errorf("count owners: %w", err)
	}
	if owners > 1 {
		return nil
	}
	return minichat.Errorf(minichat.Conflict, "This is the last owner. Make another owner first.")
}
