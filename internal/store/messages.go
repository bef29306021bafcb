package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"

	"minichat"
)

// Message is a message in its present form.
type Message struct {
	Room   string
	Seq    int64
	ID     string
	Author string
	At     int64
	minichat.MessageBody
}

// HasReaction reports whether user chose emoji.
func (m *Message) HasReaction(user, emoji string) bool {
	return slices.ContainsFunc(m.Reactions, func(r minichat.Reaction) bool {
		return r.Emoji == emoji && slices.Contains(r.Users, user)
	})
}

// GetMessage returns the message at seq; nil when there is none, or something else.
func (r reads) GetMessage(ctx context.Context, room string, seq int64) (*Message, error) {
	var row eventRow
	found, err := r.row(ctx, `SELECT `+eventColumns+` FROM events e WHERE e.room = $1 AND e.seq = $2`,
		[]any{room, seq}, row.fields()...)
	if err != nil {
		return nil, fmt.Errorf("get message: %w", err)
	}
	if !found || row.kind != minichat.KindMessage {
		return nil, nil
	}
	body, err := row.message()
	if err != nil {
		return nil, fmt.Errorf("get message: %w", err)
	}
	return &Message{Room: room, Seq: row.seq, ID: row.id, Author: row.author, At: row.at, MessageBody: body}, nil
}

// rest is what a message has beyond the columns of its row. Most have none.
type rest struct {
	Files     []minichat.File     `json:"files,omitempty"`
	InRoom    bool                `json:"in_room,omitempty"`
	ReplyTo   int64               `json:"reply_to,omitempty"`
	Mentions  []string            `json:"mentions,omitempty"`
	EditedAt  int64               `json:"edited_at,omitempty"`
	Deleted   bool                `json:"deleted,omitempty"`
	Reactions []minichat.Reaction `json:"reactions,omitempty"`
	Replies   *minichat.Replies   `json:"replies,omitempty"`
}

// encodeRest returns the JSON that is kept beside the columns, NULL for nothing.
func encodeRest(b *minichat.MessageBody) (sql.NullString, error) {
	if len(b.Files) == 0 && !b.InRoom && b.ReplyTo == 0 && len(b.Mentions) == 0 && b.EditedAt == 0 &&
		!b.Deleted && len(b.Reactions) == 0 && b.Replies == nil {
		return sql.NullString{}, nil
	}
	return encodeBody(rest{b.Files, b.InRoom, b.ReplyTo, b.Mentions, b.EditedAt, b.Deleted, b.Reactions, b.Replies})
}

func decodeRest(text string, b *minichat.MessageBody) error {
	var r rest
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		return fmt.Errorf("decode message: %w", err)
	}
	b.Files, b.InRoom, b.ReplyTo, b.Mentions = r.Files, r.InRoom, r.ReplyTo, r.Mentions
	b.EditedAt, b.Deleted, b.Reactions, b.Replies = r.EditedAt, r.Deleted, r.Reactions, r.Replies
	return nil
}

// updateMessage writes the present form of a message that change gives. The
// message must be there and not be deleted.
func (tx *Tx) updateMessage(ctx context.Context, room string, seq int64, change func(*Message) error) error {
	m, err := tx.GetMessage(ctx, room, seq)
	if err != nil {
		return err
	}
	if m == nil {
		return minichat.FieldError(minichat.NotFound, "target", "There is no such message.")
	}
	if m.Deleted {
		return minichat.FieldError(minichat.Gone, "target", "This message was deleted.")
	}
	if err := change(m); err != nil {
		return err
	}
	return tx.saveMessage(ctx, m)
}

func (tx *Tx) saveMessage(ctx context.Context, m *Message) error {
	body, err := encodeRest(&m.MessageBody)
	if err != nil {
		return err
	}
	_, err = tx.exec(ctx, `UPDATE events SET text = $3, rev = $4, pinned = $5, body = $6 WHERE room = $1 AND seq = $2`,
		m.Room, m.Seq, m.Text, m.Rev, truth(m.Pinned), body)
	if err != nil {
		return fmt.Errorf("update message: %w", err)
	}
	return nil
}

// setMentions makes the rows that unread mentions are counted from.
func (tx *Tx) setMentions(ctx context.Context, room string, seq int64, before, now []string) error {
	for _, user := range before {
		if slices.Contains(now, user) {
			continue
		}
		_, err := tx.exec(ctx, `DELETE FROM mentions WHERE room = $1 AND user_id = $2 AND seq = $3`, room, user, seq)
		if err != nil {
			return fmt.Errorf("delete mention: %w", err)
		}
	}
	for _, user := range now {
		if slices.Contains(before, user) {
			continue
		}
		_, err := tx.exec(ctx, `INSERT INTO mentions (room, user_id, seq) VALUES ($1, $2, $3)
			ON CONFLICT (room, user_id, seq) DO NOTHING`, room, user, seq)
		if err != nil {
			return fmt.Errorf("insert mention: %w", err)
		}
	}
	return nil
}

// react sets or takes away a reaction. An emoji keeps its place until nobody
// has it any more.
func react(list []minichat.Reaction, user, emoji string, on bool) []minichat.Reaction {
	i := slices.IndexFunc(list, func(r minichat.Reaction) bool { return r.Emoji == emoji })
	if i < 0 {
		if on {
			list = append(list, minichat.Reaction{Emoji: emoji, Users: []string{user}})
		}
		return list
	}
	users := slices.DeleteFunc(list[i].Users, func(u string) bool { return u == user && !on })
	if on && !slices.Contains(users, user) {
		users = append(users, user)
	}
	list[i].Users = users
	if len(users) == 0 {
		return slices.Delete(list, i, i+1)
	}
	return list
}

// replied adds one reply to the sum of a thread.
func replied(r *minichat.Replies, author string, at int64) *minichat.Replies {
	if r == nil {
		r = new(minichat.Replies)
	}
	by := slices.DeleteFunc(r.By, func(u string) bool { return u == author })
	by = slices.Insert(by, 0, author)
	const shown = 5
	return &minichat.Replies{Count: r.Count + 1, LastAt: at, By: by[:min(len(by), shown)]}
}
