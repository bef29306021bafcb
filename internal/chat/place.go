package chat

import (
	"context"
	"fmt"

	"minichat"
)

// reader is what can be asked inside a transaction and outside.
type reader interface {
	GetUser(ctx context.Context, id string) (*minichat.User, error)
	GetPlace(ctx context.Context, room, user string) (*minichat.Room, *minichat.Membership, error)
}

// place is who acts and where, as the database says now.
type place struct {
	user   minichat.User
	room   *minichat.Room
	member *minichat.Membership
}

// placeOf reads the person anew: his role may have changed, or he may have been
// disabled, since he proved who he is.
func placeOf(ctx context.Context, r reader, user, room string) (place, error) {
	u, err := r.GetUser(ctx, user)
	if err != nil {
		return place{}, fmt.Errorf("read the user: %w", err)
	}
	if u == nil {
		return place{}, minichat.Errorf(minichat.Unauthenticated, "Sign in to do this.")
	}
	p := place{user: *u}
	if room == "" {
		return p, nil
	}
	if p.room, p.member, err = r.GetPlace(ctx, room, user); err != nil {
		return place{}, fmt.Errorf("read the room: %w", err)
	}
	return p, nil
}

// may asks the one judge.
func (p place) may(a minichat.Action) error {
	return minichat.Can(p.user, a, minichat.Subject{Room: p.room, Member: p.member})
}

func (p place) mayWith(a minichat.Action, author string) error {
	return minichat.Can(p.user, a, minichat.Subject{Room: p.room, Member: p.member, Author: author})
}

// judge is placeOf and may in one, outside a transaction: for what only reads.
func (c *Chat) judge(ctx context.Context, user, room string, a minichat.Action) (place, error) {
	p, err := placeOf(ctx, c.st, user, room)
	if err != nil {
		return p, err
	}
	return p, p.may(a)
}
