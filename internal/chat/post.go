package chat

import (
	"context"
	"fmt"

	"minichat"
	"minichat/internal/protocol"
	"minichat/internal/store"
)

// Post adds a message to a room. When it returns, the message is on disk. Codes:
// those of its text, not_found, forbidden, conflict, too_many, rate_limited.
func (c *Chat) Post(ctx context.Context, u minichat.User, p protocol.Post) (Result, error) {
	handles, err := c.checkPost(&p)
	if err != nil {
		return Result{}, err
	}
	body := p
	body.Key = ""
	sum, err := digest("post", body)
	if err != nil {
		return Result{}, err
	}
	res, err := c.do(ctx, u, keyed{room: p.Room, key: p.Key, digest: sum,
		run: func(ctx context.Context, tx *store.Tx, at place) (*minichat.Event, error) {
			return messageEvent(ctx, tx, at, p, handles)
		}})
	if err == nil && !res.Dup && u.ID != minichat.LabUser {
		c.reads.set(u.ID, p.Room, res.Seq, false)
	}
	return res, err
}

// checkPost judges all that can be judged without the database and brings the
// text into its form. It returns the handles that the text mentions.
func (c *Chat) checkPost(p *protocol.Post) (handles []string, err error) {
	if err := c.checkFileIDs(p.Files); err != nil {
		return nil, err
	}
	if err := c.checkAlts(p); err != nil {
		return nil, err
	}
	if p.InRoom && p.Thread == 0 {
		return nil, minichat.FieldError(minichat.BadField, "in_room", "in_room goes with thread only.")
	}
	p.Text, err = c.checkText(p.Text, len(p.Files) > 0)
	if err != nil {
		return nil, err
	}
	return c.mentioned(p.Text)
}

func (c *Chat) checkText(text string, mayBeEmpty bool) (string, error) {
	clean, err := minichat.CheckText("text", text, c.limits.TextBytes)
	if mayBeEmpty && isCode(err, minichat.Empty) {
		return "", nil
	}
	return clean, err
}

func (c *Chat) checkFileIDs(ids []string) error {
	if c.limits.FilesPerMessage > 0 && int64(len(ids)) > c.limits.FilesPerMessage {
		return minichat.FieldError(minichat.TooMany, "files", "A message holds at most %d files.", c.limits.FilesPerMessage)
	}
	seen := map[string]bool{}
	for _, id := range ids {
		if seen[id] {
			return minichat.FieldError(minichat.BadField, "files", "A file stands there twice.")
		}
		seen[id] = true
	}
	return nil
}

// checkAlts brings the words for the files into their form; "" says nothing of one.
func (c *Chat) checkAlts(p *protocol.Post) error {
	if len(p.Alts) > 0 && len(p.Alts) != len(p.Files) {
		return minichat.FieldError(minichat.BadField, "alts", "Give as many as there are files, \"\" for none.")
	}
	for i, alt := range p.Alts {
		clean, err := minichat.CheckText("alts", alt, c.limits.AltBytes)
		if err != nil && !isCode(err, minichat.Empty) {
			return err
		}
		p.Alts[i] = clean
	}
	return nil
}

// mentioned returns what the text mentions, too_many when that is over the limit.
func (c *Chat) mentioned(text string) ([]string, error) {
	handles := minichat.FindMentions(text)
	if c.limits.MentionsPerMessage > 0 && int64(len(handles)) > c.limits.MentionsPerMessage {
		return nil, minichat.FieldError(minichat.TooMany, "text", "A message mentions at most %d people.", c.limits.MentionsPerMessage)
	}
	return handles, nil
}

// messageEvent judges a post and makes its event.
func messageEvent(ctx context.Context, tx *store.Tx, at place, p protocol.Post, handles []string) (*minichat.Event, error) {
	if err := at.may(minichat.PostMessage); err != nil {
		return nil, err
	}
	if err := checkThread(ctx, tx, p); err != nil {
		return nil, err
	}
	attached, err := attachable(ctx, tx, at.user.ID, p.Files)
	if err != nil {
		return nil, err
	}
	for i, alt := range p.Alts {
		attached[i].Alt = alt
	}
	mentions, err := resolve(ctx, tx, p.Room, handles)
	if err != nil {
		return nil, err
	}
	return &minichat.Event{Kind: minichat.KindMessage, Body: minichat.MessageBody{
		Text: p.Text, Files: attached, Thread: p.Thread, InRoom: p.InRoom, ReplyTo: p.ReplyTo,
		Mentions: mentions, Rev: 1}}, nil
}

// checkThread holds thread and reply_to to messages of the same room. One that
// was deleted may still be answered: the words of a person who was offline
// meanwhile must not be refused for it.
func checkThread(ctx context.Context, tx *store.Tx, p protocol.Post) error {
	if p.Thread != 0 {
		root, err := tx.GetMessage(ctx, p.Room, p.Thread)
		if err != nil {
			return fmt.Errorf("read the thread's root: %w", err)
		}
		if root == nil || root.Thread != 0 {
			return minichat.FieldError(minichat.NotFound, "thread", "There is no such message to begin a thread at.")
		}
	}
	if p.ReplyTo != 0 {
		m, err := tx.GetMessage(ctx, p.Room, p.ReplyTo)
		if err != nil {
			return fmt.Errorf("read the message replied to: %w", err)
		}
		if m == nil {
			return minichat.FieldError(minichat.NotFound, "reply_to", "There is no such message to reply to.")
		}
	}
	return nil
}

// attachable returns the files if each is the author's, whole and not used.
func attachable(ctx context.Context, tx *store.Tx, user string, ids []string) ([]minichat.File, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	list := make([]minichat.File, 0, len(ids))
	for _, id := range ids {
		f, err := tx.GetFile(ctx, id)
		if err != nil {
			return nil, fmt.Errorf("read a file's row: %w", err)
		}
		if f == nil || f.Uploader != user || f.State == store.FileGone {
			return nil, minichat.FieldError(minichat.NotFound, "files", "There is no such file of yours.")
		}
		if f.State != store.FileReady {
			return nil, minichat.FieldError(minichat.Conflict, "files", "The upload of this file is not complete.")
		}
		if f.Seq != 0 || f.Avatar {
			return nil, minichat.FieldError(minichat.Conflict, "files", "This file is used already. Upload it again.")
		}
		list = append(list, f.File)
	}
	return list, nil
}

// resolve turns handles into the ids of members of the room, in their order;
// other handles are plain words.
func resolve(ctx context.Context, tx *store.Tx, room string, handles []string) ([]string, error) {
	if len(handles) == 0 {
		return nil, nil
	}
	ids, err := tx.FindMembers(ctx, room, handles)
	if err != nil {
		return nil, fmt.Errorf("look who is mentioned: %w", err)
	}
	var list []string
	for _, h := range handles {
		if h == "all" || h == "here" {
			list = append(list, h)
		} else if id := ids[h]; id != "" {
			list = append(list, id)
		}
	}
	return list, nil
}
