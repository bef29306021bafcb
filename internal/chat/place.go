package chat

import (
	"context"
	"fmt"

	"minichat"
	"minichat/internal/store"
)

// place is who acts and where, as the database says now.
type place struct {
	user   minichat.User
	room   *minichat.Room
	member *minichat.Membership
}

// placeOf reads the person anew: his role may have changed, or he may have been
// disabled, since he proved who he is.
func placeOf(ctx context.Context, tx *store.Tx, user, room string) (place, error) {
	u, err := tx.GetUser(ctx, user)
	if err != nil {
		return place{}, fmt.Errorf("read the user: %w", err)
	}
	if u == nil || u.Disabled {
		return place{}, errNobody()
	}
	p := place{user: *u}
	if room == "" {
		return p, nil
	}
	if p.room, p.member, err = tx.GetPlace(ctx, room, user); err != nil {
		return place{}, fmt.Errorf("read the room: %w", err)
	}
	return p, nil
}

func errNobody() error { return minichat.Errorf(minichat.Unauthenticated, "Sign in to do this.") }

// may asks the one judge.
func (p place) may(a minichat.Action) error {
	return minichat.Can(p.user, a, minichat.Subject{Room: p.room, Member: p.member})
}

func (p place) mayWith(a minichat.Action, author string) error {
	return minichat.Can(p.user, a, minichat.Subject{Room: p.room, Member: p.member, Author: author})
}

// judge is placeOf and may in one, outside a transaction: for what only reads.
func (c *Chat) judge(ctx context.Context, user, room string, a minichat.Action) (place, error) {
	u, at, member, err := c.st.GetUserPlace(ctx, user, room)
	if err != nil {
		return place{}, fmt.Errorf("read the person and the room: %w", err)
	}
	if u == nil {
		return place{}, errNobody()
	}
	p := place{user: *u, room: at, member: member}
	return p, p.may(a)
}

// judged reads something of a room that user may see, and judges before and after:
// what is read may be younger than the first answer, but is not younger than the
// second, so who was removed in between gets nothing of what followed.
func judged[T any](ctx context.Context, c *Chat, user, room string, a minichat.Action, read func(place) (T, error)) (T, error) {
	var none T
	p, err := c.judge(ctx, user, room, a)
	if err != nil {
		return none, err
	}
	got, err := read(p)
	if err != nil {
		return none, err
	}
	if _, err := c.judge(ctx, user, room, a); err != nil {
		return none, err
	}
	return got, nil
}
