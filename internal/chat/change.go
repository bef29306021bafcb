package chat

import (
	"context"
	"fmt"

	"minichat"
	"minichat/internal/protocol"
	"minichat/internal/store"
)

// target reads the message that a request is about. In that order: not_found for
// one that is not there, the judge's answer, gone for a deleted one.
func target(ctx context.Context, tx *store.Tx, at place, a minichat.Action, seq int64) (*store.Message, error) {
	if err := at.may(minichat.ReadRoom); err != nil {
		return nil, err
	}
	m, err := tx.GetMessage(ctx, at.room.ID, seq)
	if err != nil {
		return nil, fmt.Errorf("read the message: %w", err)
	}
	if m == nil {
		return nil, minichat.FieldError(minichat.NotFound, "target", "There is no such message in this room.")
	}
	if err := at.mayWith(a, m.Author); err != nil {
		return nil, err
	}
	if m.Deleted {
		return nil, minichat.FieldError(minichat.Gone, "target", "This message was deleted.")
	}
	return m, nil
}

// Edit replaces the text of one's own message. conflict: another edit came
// first; read it, then edit again.
func (c *Chat) Edit(ctx context.Context, u minichat.User, e protocol.Edit) (Result, error) {
	text, err := c.checkText(e.Text, true)
	if err != nil {
		return Result{}, err
	}
	e.Text = text
	handles, err := c.mentioned(text)
	if err != nil {
		return Result{}, err
	}
	body := e
	body.Key = ""
	sum, err := digest("edit", body)
	if err != nil {
		return Result{}, err
	}
	var before, now []string
	res, err := c.do(ctx, u, keyed{room: e.Room, key: e.Key, digest: sum,
		run: func(ctx context.Context, tx *store.Tx, at place) (*minichat.Event, error) {
			m, err := target(ctx, tx, at, minichat.EditMessage, e.Target)
			if err != nil {
				return nil, err
			}
			body, err := edited(ctx, tx, m, e, handles)
			if err != nil {
				return nil, err
			}
			before, now = m.Mentions, body.Mentions
			return &minichat.Event{Kind: minichat.KindEdit, Body: body}, nil
		}})
	if err == nil && !res.Dup {
		c.tellMentions(e.Room, before, now)
	}
	return res, err
}

// edited is what an edit makes of a message.
func edited(ctx context.Context, tx *store.Tx, m *store.Message, e protocol.Edit, handles []string) (body minichat.EditBody, err error) {
	if m.Rev != e.Rev {
		return body, minichat.FieldError(minichat.Conflict, "rev", "This message was edited elsewhere meanwhile. Look at it and try again.")
	}
	if e.Text == "" && len(m.Files) == 0 {
		return body, minichat.FieldError(minichat.Empty, "text", "Write something, or delete the message.")
	}
	mentions, err := resolve(ctx, tx, e.Room, handles)
	if err != nil {
		return body, err
	}
	return minichat.EditBody{Target: e.Target, Text: e.Text, Mentions: mentions, Rev: m.Rev + 1}, nil
}

// Delete wipes a message's text and files for everybody.
func (c *Chat) Delete(ctx context.Context, u minichat.User, d protocol.Delete) (Result, error) {
	body := d
	body.Key = ""
	sum, err := digest("delete", body)
	if err != nil {
		return Result{}, err
	}
	hasFiles := false
	var mentions []string
	res, err := c.do(ctx, u, keyed{room: d.Room, key: d.Key, digest: sum,
		run: func(ctx context.Context, tx *store.Tx, at place) (*minichat.Event, error) {
			m, err := target(ctx, tx, at, minichat.DeleteMessage, d.Target)
			if err != nil {
				return nil, err
			}
			hasFiles, mentions = len(m.Files) > 0, m.Mentions
			return &minichat.Event{Kind: minichat.KindDelete, Body: minichat.TargetBody{Target: d.Target}}, nil
		}})
	if err == nil && !res.Dup {
		c.tellMentions(d.Room, mentions, nil)
	}
	if err == nil && hasFiles {
		c.sweepSoon() // nobody can read the files any more; now their bytes go
	}
	return res, err
}

// React sets or takes away u's reaction; Seq is 0 when that changes nothing.
func (c *Chat) React(ctx context.Context, u minichat.User, r protocol.React) (Result, error) {
	if err := minichat.CheckEmoji(r.Emoji); err != nil {
		return Result{}, err
	}
	body := r
	body.Key = ""
	sum, err := digest("react", body)
	if err != nil {
		return Result{}, err
	}
	return c.do(ctx, u, keyed{room: r.Room, key: r.Key, digest: sum,
		run: func(ctx context.Context, tx *store.Tx, at place) (*minichat.Event, error) {
			return c.reactEvent(ctx, tx, at, r)
		}})
}

func (c *Chat) reactEvent(ctx context.Context, tx *store.Tx, at place, r protocol.React) (*minichat.Event, error) {
	m, err := target(ctx, tx, at, minichat.ReactMessage, r.Target)
	if err != nil {
		return nil, err
	}
	if m.HasReaction(at.user.ID, r.Emoji) == r.On {
		return nil, nil
	}
	known := false
	for _, old := range m.Reactions {
		known = known || old.Emoji == r.Emoji
	}
	most := c.limits.ReactionsPerMessage
	if r.On && !known && most > 0 && int64(len(m.Reactions)) >= most {
		return nil, minichat.FieldError(minichat.TooMany, "emoji", "A message holds at most %d different reactions.", most)
	}
	return &minichat.Event{Kind: minichat.KindReact, Body: minichat.ReactBody{
		Target: r.Target, Emoji: r.Emoji, On: r.On}}, nil
}

// Pin pins or unpins a message; Seq is 0 when that changes nothing.
func (c *Chat) Pin(ctx context.Context, u minichat.User, p protocol.Pin) (Result, error) {
	body := p
	body.Key = ""
	sum, err := digest("pin", body)
	if err != nil {
		return Result{}, err
	}
	return c.do(ctx, u, keyed{room: p.Room, key: p.Key, digest: sum,
		run: func(ctx context.Context, tx *store.Tx, at place) (*minichat.Event, error) {
			m, err := target(ctx, tx, at, minichat.PinMessage, p.Target)
			if err != nil || m.Pinned == p.On {
				return nil, err
			}
			return &minichat.Event{Kind: minichat.KindPin, Body: minichat.PinBody{Target: p.Target, On: p.On}}, nil
		}})
}
