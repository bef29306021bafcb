package chat

import (
	"context"
	"errors"
	"fmt"
	"io"

	"minichat"
	"minichat/internal/bus"
	"minichat/internal/protocol"
	"minichat/internal/store"
)

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
	if ch.Avatar != nil && *ch.Avatar != "" {
		if err := c.judgeFace(ctx, u, *ch.Avatar); err != nil {
			return minichat.User{}, err
		}
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
	c.tellUser(ctx, now)
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

// judgeFace refuses a picture that would hurt whoever sees it: a face is shown by
// itself to everybody.
func (c *Chat) judgeFace(ctx context.Context, u minichat.User, id string) error {
	f, err := c.st.GetFile(ctx, id)
	if err != nil {
		return fmt.Errorf("read a file's row: %w", err)
	}
	if f == nil || f.Uploader != u.ID || f.State != store.FileReady {
		return nil // refused by avatarFile
	}
	body, _, err := c.fs.Open(ctx, f.Key)
	if err != nil {
		return fmt.Errorf("look at a face: %w", err)
	}
	head, err := io.ReadAll(io.LimitReader(body, 4096))
	if err := errors.Join(err, body.Close()); err != nil {
		return fmt.Errorf("look at a face: %w", err)
	}
	if minichat.IsHugePicture(head, f.Width, f.Height) {
		return minichat.FieldError(minichat.TooLarge, "avatar", "This picture has too many points. Make it smaller.")
	}
	return nil
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

// tellUser tells everybody how u looks now, but no guest who shares no room with him.
func (c *Chat) tellUser(ctx context.Context, u minichat.User) {
	strangers, err := c.st.ListStrangers(ctx, u.ID)
	if err != nil {
		return // a signal may be lost
	}
	c.bus.Publish(bus.Message{Kind: bus.User, Except: strangers, Data: protocol.AppendSignalUser(nil, u)})
}
