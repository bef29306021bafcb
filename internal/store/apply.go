package store

import (
	"context"
	"fmt"

	"minichat"
)

// apply does what an event says to what the log shows.
func (tx *Tx) apply(ctx context.Context, ev *minichat.Event) error {
	switch b := ev.Body.(type) {
	case minichat.MessageBody:
		return tx.applyMessage(ctx, ev, b)
	case minichat.EditBody:
		return tx.applyEdit(ctx, ev, b)
	case minichat.TargetBody:
		return tx.applyDelete(ctx, ev, b)
	case minichat.ReactBody:
		return tx.updateMessage(ctx, ev.Room, b.Target, func(m *Message) error {
			m.Reactions = react(m.Reactions, ev.By, b.Emoji, b.On)
			return nil
		})
	case minichat.PinBody:
		return tx.updateMessage(ctx, ev.Room, b.Target, func(m *Message) error {
			m.Pinned = b.On
			return nil
		})
	}
	return nil // of members and rooms: the log shows them as they were
}

func (tx *Tx) applyMessage(ctx context.Context, ev *minichat.Event, b minichat.MessageBody) error {
	if err := tx.attachFiles(ctx, ev.Room, ev.Seq, b.Files); err != nil {
		return err
	}
	if err := tx.setMentions(ctx, ev.Room, ev.Seq, nil, b.Mentions); err != nil {
		return err
	}
	if b.Thread == 0 {
		return nil
	}
	root, err := tx.GetMessage(ctx, ev.Room, b.Thread)
	if err != nil {
		return err
	}
	if root == nil || root.Thread != 0 {
		return minichat.FieldError(minichat.NotFound, "thread", "There is no message that this thread could hang on.")
	}
	root.Replies = replied(root.Replies, ev.By, ev.At)
	return tx.saveMessage(ctx, root)
}

func (tx *Tx) applyEdit(ctx context.Context, ev *minichat.Event, b minichat.EditBody) error {
	return tx.updateMessage(ctx, ev.Room, b.Target, func(m *Message) error {
		if err := tx.setMentions(ctx, ev.Room, m.Seq, m.Mentions, b.Mentions); err != nil {
			return err
		}
		m.Text, m.Mentions, m.Rev, m.EditedAt = b.Text, b.Mentions, b.Rev, ev.At
		return nil
	})
}

// applyDelete leaves of a message who wrote it, when, where it stands and what
// hangs on it.
func (tx *Tx) applyDelete(ctx context.Context, ev *minichat.Event, b minichat.TargetBody) error {
	return tx.updateMessage(ctx, ev.Room, b.Target, func(m *Message) error {
		if err := tx.setMentions(ctx, ev.Room, m.Seq, m.Mentions, nil); err != nil {
			return err
		}
		if err := tx.detachFiles(ctx, m.Files, ev.At); err != nil {
			return fmt.Errorf("files of the message: %w", err)
		}
		tx.wiped = true
		m.MessageBody = minichat.MessageBody{Thread: m.Thread, InRoom: m.InRoom, ReplyTo: m.ReplyTo,
			Rev: m.Rev, EditedAt: m.EditedAt, Deleted: true, Replies: m.Replies}
		return nil
	})
}
